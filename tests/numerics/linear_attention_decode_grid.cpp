#include "tests/numerics/linear_attention_decode_grid.hpp"

#include <array>
#include <cmath>
#include <fmt/format.h>

namespace chela::tests {

namespace {

constexpr std::pair<int, int> reduced_dims[] = {{16, 16}, {60, 100}, {64, 32}, {9, 33}};
constexpr std::pair<int, int> full_dims[] = {{16, 16},   {32, 64},   {60, 60},   {64, 64},
                                             {64, 16},   {100, 32},  {60, 100},  {128, 128},
                                             {128, 256}, {256, 128}, {256, 256}, {9, 33}};
constexpr DType dtypes[] = {DType::bf16, DType::fp16, DType::fp32};
constexpr DType state_dtypes[] = {DType::fp32, DType::bf16};
constexpr Decay decays[] = {Decay::none, Decay::per_head, Decay::scalar};
constexpr FeatureMap feature_maps[] = {FeatureMap::identity, FeatureMap::relu, FeatureMap::elu_plus_one,
                                       FeatureMap::silu,     FeatureMap::exp,  FeatureMap::squared_relu};
constexpr int token_counts[] = {1, 2, 5, 16};

class Grid {
  public:
    explicit Grid(GridSize size) : full_(size == GridSize::full) {}

    /// Every number of tokens where the grid is full, one after the other where it is not: extents are free.
    void add(LinearAttentionDecode problem, const VerifyOptions& options = {}) {
        for (const int tokens : token_counts) {
            if (!full_ && tokens != token_counts[seed_ % 4]) continue;
            problem.tokens = tokens;
            cases_.push_back({problem, options});
            cases_.back().options.seed = 1000 + cases_.size();
        }
        ++seed_;
    }
    std::vector<Case> take() { return std::move(cases_); }

    /// Every pair of values of two traits, and most triples.
    void traits() {
        std::size_t next = 0;
        for (const DType dtype : dtypes)
            for (const DType state_dtype : state_dtypes)
                for (const Decay decay : decays)
                    for (const bool normalize : {false, true})
                        for (const bool indexed : {false, true}) {
                            const auto [head_dim, value_dim] = dims()[next % dims().size()];
                            add({.head_dim = head_dim,
                                 .value_dim = value_dim,
                                 .dtype = dtype,
                                 .state_dtype = state_dtype,
                                 .decay = decay,
                                 .feature_map = feature_maps[(next + next / 6) % 6],
                                 .normalize = normalize,
                                 .indexed = indexed,
                                 .batch = 3,
                                 .heads = 2,
                                 .pool = 2 + static_cast<int>(next % 4)});
                            ++next;
                        }
        for (const DType dtype : dtypes)
            for (const FeatureMap feature_map : feature_maps)
                add({.head_dim = 24,
                     .dtype = dtype,
                     .decay = decays[static_cast<std::size_t>(feature_map) % 3],
                     .feature_map = feature_map,
                     .normalize = true,
                     .batch = 2,
                     .heads = 3});
    }

    void sizes() {
        for (const auto& [head_dim, value_dim] : dims())
            for (const DType state_dtype : state_dtypes) {
                add({.head_dim = head_dim,
                     .value_dim = value_dim,
                     .dtype = DType::fp32,
                     .state_dtype = state_dtype,
                     .batch = 2,
                     .heads = 3});
                add({.head_dim = head_dim,
                     .value_dim = value_dim,
                     .state_dtype = state_dtype,
                     .decay = Decay::scalar,
                     .feature_map = FeatureMap::elu_plus_one,
                     .normalize = true,
                     .indexed = true,
                     .batch = 4,
                     .heads = 2,
                     .pool = 5});
            }
        const int many = full_ ? 66000 : 700;
        for (const auto& [batch, heads] : {std::pair{many, 1}, {1, many}, {many / 3, 3}, {0, 2}, {2, 0}})
            add({.head_dim = 16, .batch = batch, .heads = heads});
    }

    void values() {
        const LinearAttentionDecode base{.head_dim = 64, .value_dim = 48, .batch = 2, .heads = 3};
        for (const DType dtype : dtypes) {
            LinearAttentionDecode problem = base;
            problem.dtype = dtype;
            add(problem, {.value_scale = 1e-3});
            add(problem, {.value_scale = 1e3, .scalars = {{"scale", 1e-7}}}); // o stays inside fp16
            for (const Layout layout : {Layout::heads_first, Layout::padded_rows}) {
                LinearAttentionDecode padded = problem;
                padded.normalize = true;
                padded.indexed = true;
                padded.pool = 4;
                add(padded, {.layout = layout});
            }
            add(problem, {.scalars = {{"scale", -3.0}}});
            for (const int alignment : {4, 8}) {
                LinearAttentionDecode narrow = problem;
                narrow.alignment = alignment;
                add(narrow, {.layout = Layout::padded_rows});
            }
            for (const double gone : {0.0, 50.0}) { // nothing is forgotten, everything is
                problem.decay = Decay::per_head;
                add(problem, {.values = {{"decay", {gone}}}});
                problem.decay = Decay::scalar;
                problem.normalize = true;
                add(problem, {.values = {{"gate", {-gone}}}});
                add(problem, {.values = {{"gate", {-gone, 0, -1e-3, -50, -700}}}});
                problem.normalize = false;
            }
            LinearAttentionDecode pooled = problem;
            pooled.indexed = true;
            pooled.batch = 5, pooled.pool = 7;
            add(pooled, {.values = {{"state_index", {6, -1, 0, 3, 2}}}});
            add(pooled, {.values = {{"state_index", {-1, 7, -2147483648.0, 2147483647, -5}}}});
            pooled.pool = 1;
            add(pooled, {.values = {{"state_index", {-1, -1, -1, 0, -1}}}});
        }
    }

  private:
    std::span<const std::pair<int, int>> dims() const {
        return full_ ? std::span<const std::pair<int, int>>(full_dims) : reduced_dims;
    }
    bool full_;
    std::size_t seed_ = 0;
    std::vector<Case> cases_;
};

} // namespace

std::vector<Case> linear_attention_decode_grid(GridSize size) {
    Grid grid(size);
    grid.traits();
    grid.sizes();
    grid.values();
    return grid.take();
}

} // namespace chela::tests
