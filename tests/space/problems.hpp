#pragma once
// The problems whose search spaces are compiled: every family, with each of its traits.

#include "codegen/problem.hpp"

#include <cstddef>
#include <vector>

namespace chela::space {

/// Problems of the same traits at extents whose default configurations differ, and how much of their search
/// space there is to compile.
struct Space {
    std::vector<Problem> extents;
    std::size_t every = 1; ///< the whole space, or of every so many configurations one
};

/// What is compiled whole has between them every algorithm, layout, width of element and feature, with much
/// in registers and with little. What is compiled thinly differs from one of these in a type of the same
/// width, or by a trait that adds a few instructions.
std::vector<Space> problems();

} // namespace chela::space
