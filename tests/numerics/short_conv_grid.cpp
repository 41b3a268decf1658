#include "tests/numerics/short_conv_grid.hpp"

#include <fmt/format.h>

namespace chela::tests {

namespace {

constexpr DType dtypes[] = {DType::bf16, DType::fp16, DType::fp32};
constexpr DType weight_dtypes[] = {DType::fp32, DType::bf16, DType::fp16};
constexpr ConvLayout layouts[] = {ConvLayout::channels_last, ConvLayout::channels_first};
constexpr ConvState states[] = {ConvState::none, ConvState::carried, ConvState::in_place};
constexpr Residual residuals[] = {Residual::none, Residual::input, Residual::tensor};
constexpr Activation activations[] = {Activation::none, Activation::silu};
constexpr int widths[] = {2, 3, 4, 5, 8, 32};
constexpr int lengths[] = {0, 1, 2, 3, 4, 15, 64, 128, 200, 256, 300, 500, 1024};

class Grid {
  public:
    explicit Grid(GridSize size) : full_(size == GridSize::full) {}

    void add(const ShortConv& problem, const VerifyOptions& options = {}) {
        cases_.push_back({problem, options});
        cases_.back().options.seed = 1000 + cases_.size();
    }
    std::vector<Case> take() { return std::move(cases_); }

    /// Every combination of the traits that bring tensors or branches, the others in turn.
    void traits() {
        std::size_t next = 0;
        for (const ConvLayout layout : layouts)
            for (const ConvState state : states)
                for (const bool packed : {false, true})
                    for (const Residual residual : residuals)
                        for (const Activation activation : activations)
                            for (const bool bias : {false, true}) {
                                ++next;
                                if (!full_ && next % 5 != 0) continue;
                                add({.width = widths[next % 6],
                                     .activation = activation,
                                     .bias = bias,
                                     .residual = residual,
                                     .state = state,
                                     .indexed = state == ConvState::in_place && next % 2 == 0,
                                     .packed = packed,
                                     .layout = layout,
                                     .dtype = dtypes[next % 3],
                                     .weight_dtype = weight_dtypes[next / 3 % 3],
                                     .batch = 3,
                                     .length = full_ ? 96 : 24,
                                     .channels = next % 2 ? 40 : 33,
                                     .pool = 2 + static_cast<int>(next % 4)});
                            }
    }

    /// Widths by lengths, most of them shorter or longer than the taps reach, and centred ones.
    void lengths_and_widths() {
        std::size_t next = 0;
        for (const ConvLayout layout : layouts)
            for (const int width : widths) {
                ++next; // of the same traits at all lengths: one source
                ShortConv causal{.width = width,
                                 .activation = activations[next % 2],
                                 .bias = next % 3 == 0,
                                 .state = states[next / 3 % 2],
                                 .layout = layout,
                                 .dtype = dtypes[next % 3],
                                 .batch = 2,
                                 .channels = full_ ? 64 : 16};
                ShortConv centred = causal;
                centred.state = ConvState::none;
                centred.causal = false;
                centred.residual = residuals[next % 2];
                ShortConv packed = centred;
                packed.packed = true;
                for (const int length : lengths) {
                    if (!full_ && (length > 64 || length == 2 || length == 4)) continue;
                    for (ShortConv* problem : {&causal, &centred, &packed}) {
                        if (!full_ && problem != &causal && length != 15) continue;
                        problem->length = length;
                        add(*problem);
                    }
                }
            }
    }

    void channels() {
        for (const ConvLayout layout : layouts)
            for (const int channels : {0, 1, 7, 32, 100, 200, 1023, 2048, 8192}) {
                if (!full_ && channels > 200) continue;
                for (const ConvState state : states)
                    add({.width = 4,
                         .activation = Activation::silu,
                         .bias = true,
                         .state = state,
                         .layout = layout,
                         .batch = channels > 2000 ? 1 : 2,
                         .length = state == ConvState::in_place ? 2 : 33,
                         .channels = channels});
                add({.width = 3, .layout = layout, .dtype = DType::fp32, .length = 50, .channels = channels});
            }
        for (const ConvLayout layout : layouts)
            for (const auto& [batch, channels] :
                 {std::pair{full_ ? 66000 : 700, 1}, {1, full_ ? 66000 : 700}, {300, 230}, {0, 8}}) {
                if (!full_ && batch == 300) continue;
                for (const ConvState state : states)
                    add({.state = state,
                         .layout = layout,
                         .batch = batch,
                         .length = 5,
                         .channels = channels});
            }
    }

    void packed() {
        std::vector<double> many;
        for (int i = 0; i <= 128; ++i) many.push_back(32 * i);
        many.push_back(32 * 128 + 8192);
        const std::vector<std::vector<double>> offsets = {
            {0, 0, 16},    {0, 15},      {0, 1, 100, 300, 1200, 2048}, {0, 0, 0},   {0, 0},
            {0, 3, 3, 64}, {0, 5, 6, 7}, {0, 1, 2, 3, 4, 5, 6, 7, 8},  {0, 64, 64}, {0, 0, 0, 9, 9, 9, 20}};
        const auto packed = [this](const std::vector<double>& list, ShortConv problem) {
            problem.packed = true;
            problem.batch = static_cast<int>(list.size()) - 1;
            problem.length = static_cast<int>(list.back());
            add(problem, {.values = {{"cu_seqlens", list}}});
        };
        for (const ConvLayout layout : layouts) {
            for (const auto& list : offsets)
                for (const ConvState state : states)
                    for (const int width : {4, 8}) {
                        if (!full_ && (list.back() > 100 || (width == 8 && list.back() > 16))) continue;
                        packed(list, {.width = width,
                                      .activation = Activation::silu,
                                      .state = state,
                                      .layout = layout,
                                      .channels = 24});
                    }
            if (full_) packed(many, {.activation = Activation::silu, .layout = layout, .channels = 100});
            packed({0, 0, 5, 30, 31}, {.width = 5, .causal = false, .layout = layout, .channels = 9});
        }
    }

    void values() {
        for (const ConvLayout layout : layouts)
            for (const DType dtype : dtypes)
                for (const ConvState state : states) {
                    const ShortConv problem{.activation = Activation::silu,
                                            .bias = true,
                                            .residual = Residual::tensor,
                                            .state = state,
                                            .layout = layout,
                                            .dtype = dtype,
                                            .batch = 2,
                                            .length = 40,
                                            .channels = 48};
                    add(problem, {.value_scale = 1e-3});
                    add(problem, {.value_scale = 1e3});
                    add(problem, {.optional_inputs = false});
                    add(problem, {.optional_outputs = false});
                    add(problem, {.layout = Layout::heads_first});
                    for (const int alignment : {4, 8, 16}) {
                        if (!full_ && alignment == 8) continue;
                        ShortConv narrow = problem;
                        narrow.alignment = alignment;
                        add(narrow, {.layout = Layout::padded_rows});
                    }
                }
        ShortConv pooled{
            .state = ConvState::in_place, .indexed = true, .batch = 5, .length = 3, .channels = 20};
        pooled.pool = 7;
        add(pooled, {.values = {{"state_index", {6, -1, 0, 3, 2}}}});
        add(pooled, {.values = {{"state_index", {-1, 7, -2147483648.0, 2147483647, -5}}}});
        pooled.pool = 1;
        add(pooled, {.values = {{"state_index", {-1, -1, -1, 0, -1}}}});
    }

  private:
    bool full_;
    std::vector<Case> cases_;
};

} // namespace

std::vector<Case> short_conv_grid(GridSize size) {
    Grid grid(size);
    grid.traits();
    grid.lengths_and_widths();
    grid.channels();
    grid.packed();
    grid.values();
    return grid.take();
}

std::vector<ShortConv> short_conv_spaces() {
    std::vector<ShortConv> list;
    for (const ConvLayout layout : layouts)
        for (const ConvState state : {ConvState::carried, ConvState::in_place})
            list.push_back({.width = 4,
                            .activation = Activation::silu,
                            .bias = true,
                            .residual = Residual::tensor,
                            .state = state,
                            .packed = true,
                            .layout = layout,
                            .alignment = 16,
                            .batch = 3,
                            .length = 80,
                            .channels = 80});
    return list;
}

} // namespace chela::tests
