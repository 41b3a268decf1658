#pragma once
// What a block does: units one after the other, its own or its part of a cluster's.

#include "linear_attention/units.cuh"
//@if joined
#include "linear_attention/cluster_units.cuh"
//@end

namespace chela {

//@if !joined
template <class Config, class Arguments>
CHELA_DEVICE long long unit_count(const Arguments& arguments) {
    return static_cast<long long>(arguments.batch) * arguments.heads * (Config::value_tiles * Config::pieces);
}

/// The units of a persistent block, one after the other.
template <class Config>
struct Work {
    long long index = block_index();

    template <class Arguments>
    CHELA_DEVICE bool left(const Arguments& arguments) const {
        return index < unit_count<Config>(arguments);
    }
    template <class Arguments>
    CHELA_DEVICE Unit unit(const Arguments& arguments) const {
        return unit_of<Config>(arguments, index);
    }
    CHELA_DEVICE void advance() { index += grid_blocks(); }
};
//@end

template <class Config>
CHELA_DEVICE int unit_chunks(const Unit& unit) {
    return unit.end > unit.begin ? (unit.end - unit.begin + Config::chunk - 1) / Config::chunk : 0;
}

} // namespace chela
