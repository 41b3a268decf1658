#include "tests/space/problems.hpp"

#include "templates/linear_attention/problem.hpp"
#include "templates/linear_attention_decode/problem.hpp"
#include "templates/long_conv/problem.hpp"
#include "templates/short_conv/problem.hpp"
#include "templates/short_long_conv/problem.hpp"

#include <utility>

namespace chela::space {
namespace {

/// How much of a space; no number of candidates of a tunable is a multiple of 7, so that all of them are met.
enum class Part : std::size_t { whole = 1, thin = 7 };
using enum Part;

Space space(std::vector<Problem> extents, Part part) {
    return {std::move(extents), static_cast<std::size_t>(part)};
}

Space one_piece_and_several(LinearAttention description, Part part) {
    LinearAttention many = description, few = description;
    many.length = 512, many.heads = 64;
    few.length = 65536, few.heads = 1;
    return space({many, few}, part);
}

void add_linear_attentions(std::vector<Space>& all) {
    const auto add = [&all](const LinearAttention& description, Part part) {
        all.push_back(one_piece_and_several(description, part));
    };
    const auto add_with_all_traits = [&](LinearAttention description, Part part) {
        if (description.causal) description.decay = Decay::scalar;
        description.feature_map = FeatureMap::silu;
        description.normalize = description.packed = true;
        add(description, part);
    };
    for (const bool causal : {true, false}) {
        // Without the causal mask there are less products and no more registers: one dimension is enough.
        const Part others = causal ? whole : thin;
        for (const int dim : {64, 128, 256})
            add({.head_dim = dim, .causal = causal}, dim == 128 ? whole : others);
        add({.head_dim = 60, .value_dim = 100, .causal = causal}, others); // rows of 8 bytes
        add({.head_dim = 9, .value_dim = 33, .causal = causal}, others);   // of one element
        for (const int dim : {64, 128}) {
            add({.head_dim = dim, .causal = causal, .dtype = DType::fp16}, thin); // as bf16
            add({.head_dim = dim, .causal = causal, .dtype = DType::fp32}, others);
        }
        for (const int dim : {128, 256}) // of 256 on CUDA cores
            add({.head_dim = dim, .causal = causal, .dtype = DType::fp32, .math = Math::tf32}, others);
    }
    for (const int dim : {128, 256}) add_with_all_traits({.head_dim = dim}, whole);
    add_with_all_traits({.head_dim = 64}, thin);
    add_with_all_traits({.head_dim = 128, .causal = false}, whole);
    add_with_all_traits({.head_dim = 60, .value_dim = 100, .dtype = DType::fp32}, whole);
    add_with_all_traits({.head_dim = 128, .dtype = DType::fp32, .math = Math::tf32}, whole);
}

Space many_heads_and_few(LinearAttentionDecode description) {
    LinearAttentionDecode many = description, few = description;
    many.batch = 256, many.heads = 16;
    few.batch = 1, few.heads = 16;
    return space({many, few}, whole);
}

/// Plain ones and with everything, of few configurations: all of them.
void add_decode_steps(std::vector<Space>& all) {
    for (const DType state_dtype : {DType::fp32, DType::bf16}) {
        for (const int dim : {64, 128, 256})
            all.push_back(many_heads_and_few({.head_dim = dim, .state_dtype = state_dtype}));
        for (const auto& [head_dim, value_dim] : {std::pair{128, 128}, {60, 100}, {9, 33}, {256, 256}})
            all.push_back(many_heads_and_few({.head_dim = head_dim,
                                              .value_dim = value_dim,
                                              .state_dtype = state_dtype,
                                              .decay = Decay::scalar,
                                              .feature_map = FeatureMap::silu,
                                              .normalize = true,
                                              .indexed = true}));
    }
}

Space long_and_few_tokens(ShortConv description, Part part) {
    ShortConv many = description, few = description;
    many.batch = 8, many.length = 4096, many.channels = 2048;
    few.batch = 1, few.length = 16, few.channels = 64;
    return space({many, few}, part);
}

void add_short_convs(std::vector<Space>& all) {
    using enum ConvState;
    const auto add = [&all](const ShortConv& description, Part part) {
        all.push_back(long_and_few_tokens(description, part));
    };
    for (const ConvLayout layout : {ConvLayout::channels_last, ConvLayout::channels_first}) {
        // The usual width in bf16 and the most taps in fp32 whole; others between them, or as bf16, thinly.
        for (const DType dtype : {DType::bf16, DType::fp16, DType::fp32})
            for (const int width : {3, 4, 8, 32}) {
                const bool usual = width == 4 && dtype == DType::bf16,
                           most = width == 32 && dtype == DType::fp32;
                add({.width = width, .activation = Activation::silu, .layout = layout, .dtype = dtype},
                    usual || most ? whole : thin);
            }
        // With every trait: what needs the most registers, of each number of taps.
        for (const int width : {2, 4, 5, 16, 32})
            for (const DType dtype : {DType::bf16, DType::fp32})
                add({.width = width,
                     .activation = Activation::silu,
                     .bias = true,
                     .residual = Residual::tensor,
                     .state = carried,
                     .packed = true,
                     .layout = layout,
                     .dtype = dtype,
                     .weight_dtype = DType::bf16},
                    dtype == DType::bf16 && (width == 4 || width >= 16) ? whole : thin);
        for (const int width : {4, 31}) add({.width = width, .causal = false, .layout = layout}, thin);
        // Rows that no vector is aligned to.
        add({.layout = layout, .alignment = 2}, whole);
        add({.width = 32, .layout = layout, .alignment = 2}, thin);
    }
    for (const int width : {4, 32}) // a step
        add({.width = width,
             .activation = Activation::silu,
             .residual = Residual::tensor,
             .state = in_place,
             .indexed = true},
            whole);
}

Space long_and_short_sequences(LongConv description, Part part) {
    LongConv many = description, few = description;
    many.batch = 8, many.length = many.kernel_length = 4096;
    few.batch = 1, few.length = few.kernel_length = 1024;
    return space({many, few}, part);
}

void add_long_convs(std::vector<Space>& all) {
    for (const ConvLayout layout : {ConvLayout::channels_last, ConvLayout::channels_first})
        for (const DType dtype : {DType::bf16, DType::fp16, DType::fp32}) {
            // Whole: in bf16 with vectors, in fp32 with both sides' taps and element by element.
            all.push_back(long_and_short_sequences({.layout = layout, .dtype = dtype},
                                                   dtype == DType::bf16 ? whole : thin));
            all.push_back(long_and_short_sequences({.bidirectional = true,
                                                    .skip = true,
                                                    .layout = layout,
                                                    .dtype = dtype,
                                                    .alignment = static_cast<int>(size_of(dtype))},
                                                   dtype == DType::fp32 ? whole : thin));
        }
    // Transforms on tensor cores of the other 16-bit type.
    all.push_back(space({LongConv{.bidirectional = true,
                                  .skip = true,
                                  .dtype = DType::fp16,
                                  .alignment = 2,
                                  .batch = 8,
                                  .length = 4096,
                                  .kernel_length = 2000}},
                        thin));
    // Every length of a transform; whole, in turn, for inputs of one width or the other.
    Part of_bf16 = whole, of_fp32 = thin;
    for (const int length : {64, 500, 2048, 8192, 16384, 1 << 17, 1 << 20, 1 << 22}) {
        const auto add = [&](DType dtype, bool bidirectional, Part part) {
            all.push_back(space({LongConv{.bidirectional = bidirectional,
                                          .layout = ConvLayout::channels_first,
                                          .dtype = dtype,
                                          .length = length,
                                          .kernel_length = length}},
                                part));
        };
        add(DType::bf16, false, of_bf16);
        add(DType::fp32, true, of_fp32);
        std::swap(of_bf16, of_fp32);
    }
}

void add_short_long_convs(std::vector<Space>& all) {
    for (const ConvLayout layout : {ConvLayout::channels_last, ConvLayout::channels_first})
        for (const DType dtype : {DType::bf16, DType::fp32}) {
            const bool last = layout == ConvLayout::channels_last;
            const bool narrow = dtype == DType::bf16;
            // Merged kernels: launches of the long convolution with another view.
            all.push_back(
                space({ShortLongConv{.arrangement = Arrangement::parallel, .layout = layout, .dtype = dtype}},
                      thin));
            all.push_back(
                space({ShortLongConv{
                          .layout = layout, .dtype = dtype, .length = 1 << 16, .kernel_length = 1 << 16}},
                      thin));
            for (const int width : {4, 32})
                all.push_back(
                    space({ShortLongConv{.width = width,
                                         .bias = true,
                                         .skip = true,
                                         .layout = layout,
                                         .dtype = dtype,
                                         .batch = 8,
                                         .length = 4096,
                                         .kernel_length = 4096}},
                          (narrow ? width == (last ? 32 : 4) : !last && width == 32) ? whole : thin));
        }
}

} // namespace

std::vector<Space> problems() {
    std::vector<Space> all;
    add_linear_attentions(all);
    add_decode_steps(all);
    add_short_convs(all);
    add_long_convs(all);
    add_short_long_convs(all);
    return all;
}

} // namespace chela::space
