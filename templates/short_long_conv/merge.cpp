#include "templates/short_long_conv/merge.hpp"

#include "codegen/error.hpp"

#include <fmt/format.h>

namespace chela {

std::vector<float> merge_kernels(std::span<const float> kernel, std::span<const float> weight,
                                 std::size_t channels, std::size_t kernel_length, std::size_t width) {
    const auto check = [](const char* name, std::size_t size, std::size_t wanted) {
        if (size != wanted)
            throw UserError(fmt::format("{} has {} entries; it must have {}", name, size, wanted));
    };
    if (kernel_length < width)
        throw UserError(
            fmt::format("kernel_length is {}; it must be at least width, {}", kernel_length, width));
    check("kernel", kernel.size(), channels * kernel_length);
    check("weight", weight.size(), channels * width);
    std::vector<float> merged(kernel.begin(), kernel.end());
    for (std::size_t channel = 0; channel < channels; ++channel)
        for (std::size_t lag = 0; lag < width; ++lag)
            merged[channel * kernel_length + lag] += weight[channel * width + width - 1 - lag];
    return merged;
}

} // namespace chela
