// The part of the grid for decay, feature maps, the normaliser and packed sequences.

#include "tests/numerics/linear_attention_grid.hpp"

#include <algorithm>

namespace chela::tests {

namespace {

struct Element {
    DType dtype;
    Math math;
};
constexpr Element elements[] = {{DType::bf16, Math::ieee},
                                {DType::fp32, Math::ieee},
                                {DType::fp16, Math::ieee},
                                {DType::fp32, Math::tf32}};
constexpr Decay decays[] = {Decay::none, Decay::per_head, Decay::scalar};
constexpr FeatureMap maps[] = {FeatureMap::identity, FeatureMap::relu, FeatureMap::elu_plus_one,
                               FeatureMap::silu,     FeatureMap::exp,  FeatureMap::squared_relu};
constexpr std::pair<int, int> full_dims[] = {{64, 64}, {16, 16},  {60, 100}, {128, 64},
                                             {9, 33},  {100, 32}, {256, 64}};
constexpr std::pair<int, int> reduced_dims[] = {{16, 16}, {64, 16}, {60, 100}, {32, 64}};
const std::vector<double> packed_layouts[] = {{0, 15}, {0, 0, 16}, {0, 1, 100, 300, 1200, 2048}, {0, 0}};

class Grid {
  public:
    explicit Grid(GridSize size) : full_(size == GridSize::full) {}

    void add(LinearAttention problem, std::int64_t segments, VerifyOptions options = {}) {
        options.seed = 5000 + cases.size();
        cases.push_back({problem, std::move(options), segments});
    }
    void add(LinearAttention problem, const Element& element, std::int64_t segments,
             VerifyOptions options = {}) {
        problem.dtype = element.dtype;
        problem.math = element.math;
        add(problem, segments, std::move(options));
    }

    /// Every combination of the traits once, with sizes, dtypes, layouts and pieces that go round.
    void combinations() {
        constexpr int lengths[] = {200, 1, 65, 129, 15, 500}, batches[] = {2, 3, 1}, pieces[] = {1, 4, 2};
        constexpr Layout layouts[] = {Layout::contiguous, Layout::padded_rows, Layout::heads_first};
        std::size_t number = 0;
        for (const bool packed : {false, true})
            for (const bool normalize : {false, true})
                for (const Decay decay : decays)
                    for (const FeatureMap map : maps)
                        for (const bool causal : {true, false}) {
                            if (!causal && decay != Decay::none) continue;
                            if (!full_ && number % 3 != 0) {
                                ++number;
                                continue;
                            }
                            const auto [head_dim, value_dim] =
                                full_ ? full_dims[number % std::size(full_dims)]
                                      : reduced_dims[number / 3 % std::size(reduced_dims)];
                            const int length = lengths[number % 6];
                            add({.head_dim = head_dim,
                                 .value_dim = value_dim,
                                 .causal = causal,
                                 .decay = decay,
                                 .feature_map = map,
                                 .normalize = normalize,
                                 .packed = packed,
                                 .batch = batches[number % 3],
                                 .length = full_ ? length : std::min(length, 130),
                                 .heads = 2 + static_cast<int>(number % 2)},
                                elements[(number + number / 4) % 4], pieces[(number + number / 3) % 3],
                                {.layout = layouts[(number + number / 3) % 3],
                                 .optional_inputs = number % 5 != 0});
                            ++number;
                        }
    }

    /// Nothing forgotten, and everything.
    void extreme_decays(const Element& element) {
        for (const bool normalize : {false, true})
            for (const double log : {0.0, -50.0}) {
                const int length = full_ ? 300 : 70;
                add({.head_dim = 64, .decay = Decay::scalar, .normalize = normalize, .length = length},
                    element, normalize ? 2 : 1, {.values = {{"gate", {log}}}});
                add({.head_dim = 64, .decay = Decay::per_head, .normalize = normalize, .length = length},
                    element, normalize ? 1 : 2, {.values = {{"decay", {-log}}}});
            }
        add({.head_dim = 64, .decay = Decay::scalar, .length = 150, .heads = 2}, element, 2,
            {.values = {{"gate", {0, -50, -0.25, -1e-3, -3}}}});
    }

    void packed_sequences(const Element& element) {
        for (const auto& layout : packed_layouts) {
            if (!full_ && layout.back() > 1000) continue;
            LinearAttention problem{.head_dim = 32,
                                    .value_dim = 48,
                                    .packed = true,
                                    .batch = static_cast<int>(layout.size()) - 1,
                                    .length = static_cast<int>(layout.back()),
                                    .heads = 2};
            for (const std::int64_t segments : {1, 4}) {
                add(problem, element, segments, {.values = {{"cu_seqlens", layout}}});
                LinearAttention all = problem;
                all.decay = Decay::scalar;
                all.normalize = true;
                add(all, element, segments, {.values = {{"cu_seqlens", layout}}});
                LinearAttention whole = problem;
                whole.causal = false;
                if (segments > 1) add(whole, element, segments, {.values = {{"cu_seqlens", layout}}});
            }
        }
        add({.head_dim = 16, .packed = true, .batch = full_ ? 66000 : 700, .length = 2000, .heads = 1},
            element, 1);
    }

    /// Scaled where the feature map does not overflow. In fp16 nearly every output of values around 1e3
    /// overflows, and the few that do not are what cancelled; and scores leave its range, at both ends, long
    /// before normalised outputs do.
    void scales(const Element& element) {
        const int length = full_ ? 300 : 100;
        for (const double scale : {1e-3, 1e3}) {
            if (element.dtype == DType::fp16 && scale > 1) continue;
            add({.head_dim = 64, .decay = Decay::scalar, .length = length}, element, 1,
                {.value_scale = scale});
            add({.head_dim = 64,
                 .feature_map = FeatureMap::silu,
                 .packed = true,
                 .batch = 3,
                 .length = length},
                element, 2, {.value_scale = scale});
            if (element.dtype == DType::fp16) continue;
            add({.head_dim = 64, .feature_map = FeatureMap::relu, .normalize = true, .length = length},
                element, 2, {.value_scale = scale});
        }
        add({.head_dim = 64, .normalize = true, .length = length}, element, 1,
            {.scalars = {{"epsilon", 0.5}, {"scale", 2.0}}});
    }

    std::vector<Case> cases;

  private:
    bool full_;
};

} // namespace

std::vector<Case> linear_attention_traits_grid(GridSize size) {
    Grid grid(size);
    grid.combinations();
    for (const Element& element : elements) {
        grid.extreme_decays(element);
        grid.packed_sequences(element);
        grid.scales(element);
    }
    return std::move(grid.cases);
}

} // namespace chela::tests
