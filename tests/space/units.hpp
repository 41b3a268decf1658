#pragma once
// What there is to compile: every distinct kernel of the search spaces, once.

#include "codegen/family.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace chela::space {

/// A kernel of one configuration for one architecture. The source is not kept: it is generated again when it
/// is compiled.
struct Unit {
    std::string key; ///< digest of the architecture and of what the compiler makes of the source
    Target target;
    Problem problem;
    Config config;
    std::size_t kernel = 0;  ///< index in the program
    bool is_default = false; ///< some problem's default configuration has it

    Kernel generate() const;
    std::string to_string() const; ///< "sm_90a head_dim=… | mma chunk=…: linear_attention_scan"
};

struct Units {
    std::vector<Unit> units;        ///< in an order that does not depend on `threads`
    std::size_t configurations = 0; ///< that they come from, over all targets and problems
};

/// The defaults, and `sample` configurations of each space that is compiled whole, spread over it (0: all of
/// them, and of the other spaces what there is to compile).
Units enumerate(const std::vector<Target>&, std::size_t sample, unsigned threads);

/// The source without what decides neither whether it compiles nor whether it spills: comments, line numbers,
/// constants of Config that nothing reads, and counts that are known at run time as well, but for whether
/// they are 1.
std::string essence(const std::string& source);

} // namespace chela::space
