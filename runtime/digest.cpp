#include "runtime/digest.hpp"

#include <array>
#include <cstdint>
#include <fmt/format.h>
#include <new>
#include <xxhash.h>

namespace chela {

void Digest::Free::operator()(XXH3_state_s* state) const { XXH3_freeState(state); }

Digest::Digest() : state_(XXH3_createState()) {
    if (!state_) throw std::bad_alloc();
    XXH3_128bits_reset(state_.get());
}

Digest& Digest::add(std::string_view part) {
    std::array<unsigned char, 8> length; // little endian on every machine
    for (std::size_t i = 0; i < length.size(); ++i) {
        length[i] = static_cast<unsigned char>(std::uint64_t{part.size()} >> (8 * i));
    }
    XXH3_128bits_update(state_.get(), length.data(), length.size());
    XXH3_128bits_update(state_.get(), part.data(), part.size());
    return *this;
}

std::string Digest::hex() const {
    const XXH128_hash_t hash = XXH3_128bits_digest(state_.get());
    return fmt::format("{:016x}{:016x}", hash.high64, hash.low64);
}

} // namespace chela
