#include "runtime/host_image.hpp"

#include "runtime/parallel.hpp"

#include <algorithm>

namespace chela {

HostImage::HostImage(std::size_t bytes, std::byte value)
    : bytes_(std::make_unique_for_overwrite<std::byte[]>(bytes)), size_(bytes) {
    constexpr std::size_t block = std::size_t{1} << 20;
    parallel_each((bytes + block - 1) / block, [&](std::size_t index) {
        std::fill_n(bytes_.get() + index * block, std::min(block, bytes - index * block), value);
    });
}

} // namespace chela
