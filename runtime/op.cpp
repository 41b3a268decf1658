#include "runtime/op.hpp"

#include "codegen/error.hpp"

#include <fmt/format.h>

namespace chela {

const Problem& Op::problem() const { return state_->problem; }
const Config& Op::config() const { return state_->choice.config; }
const Choice& Op::choice() const { return state_->choice; }
const Program& Op::program() const { return state_->program; }

std::size_t Op::workspace_bytes(const Arguments& arguments) const {
    return static_cast<std::size_t>(state_->program.workspace_bytes.evaluate(arguments.problem().extents));
}

void Op::launch(Stream stream, Arguments& arguments) const {
    arguments.check();
    if (arguments.problem().traits != state_->problem.traits)
        throw UserError(fmt::format("the arguments are of {}; the operation is of {}",
                                    arguments.problem().traits.to_string(),
                                    state_->problem.traits.to_string()));
    if (const std::size_t wanted = workspace_bytes(arguments); arguments.workspace_bytes() < wanted)
        throw UserError(
            fmt::format("workspace has {} bytes; it must have {}", arguments.workspace_bytes(), wanted));
    chela::launch(*state_->device, state_->program, state_->loaded, arguments, stream);
}

} // namespace chela
