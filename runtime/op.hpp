#pragma once
// What an Op holds.

#include "runtime/program_loader.hpp"
#include "runtime/session.hpp"

namespace chela {

struct Op::State {
    Problem problem;
    Choice choice;
    Program program;
    LoadedProgram loaded;
    Device* device = nullptr;
    std::vector<std::string> prepared_extents{}; ///< that matter to what is prepared
};

} // namespace chela
