#pragma once
// What the results of a Google Benchmark program must name, in their "context".

#include "runtime/provenance.hpp"

#include <benchmark/benchmark.h>

namespace chela {

inline void add_provenance() {
    const Json all = provenance();
    for (const auto& [name, value] : all.items()) benchmark::AddCustomContext(name, value.get<std::string>());
}

} // namespace chela
