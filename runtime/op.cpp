#include "runtime/op.hpp"

#include "codegen/error.hpp"

#include <fmt/format.h>

namespace chela {

const Problem& Op::problem() const { return state_->problem; }
const Config& Op::config() const { return state_->choice.config; }
const Choice& Op::choice() const { return state_->choice; }
const Program& Op::program() const { return state_->program; }

namespace {

/// What is prepared lies behind the workspace where a launch prepares it for itself.
std::size_t prepared_place(std::size_t workspace_bytes) {
    constexpr std::size_t step = Arguments::workspace_alignment;
    return (workspace_bytes + step - 1) / step * step;
}

std::size_t evaluate(const Count& bytes, const Values& extents) {
    return static_cast<std::size_t>(bytes.evaluate(extents));
}

} // namespace

std::size_t Op::workspace_bytes(const Arguments& arguments) const {
    const Values& extents = arguments.problem().extents;
    const std::size_t workspace = evaluate(state_->program.workspace_bytes, extents),
                      prepared = evaluate(state_->program.prepared_bytes, extents);
    return prepared > 0 ? prepared_place(workspace) + prepared : workspace;
}

std::size_t Op::workspace_bytes(const Arguments& arguments, const Prepared&) const {
    return evaluate(state_->program.workspace_bytes, arguments.problem().extents);
}

void Op::check_problem(const Arguments& arguments) const {
    if (arguments.problem().traits != state_->problem.traits)
        throw UserError(fmt::format("the arguments are of {}; the operation is of {}",
                                    arguments.problem().traits.to_string(),
                                    state_->problem.traits.to_string()));
}

void Op::check_workspace(const Arguments& arguments, std::size_t wanted) const {
    if (arguments.workspace_bytes() < wanted)
        throw UserError(
            fmt::format("workspace has {} bytes; it must have {}", arguments.workspace_bytes(), wanted));
}

void Op::launch(Stream stream, Arguments& arguments) const {
    arguments.check();
    check_problem(arguments);
    check_workspace(arguments, workspace_bytes(arguments));
    if (state_->program.prepares())
        arguments.prepared(
            static_cast<std::byte*>(arguments.workspace()) +
            prepared_place(evaluate(state_->program.workspace_bytes, arguments.problem().extents)));
    chela::launch(*state_->device, state_->program, state_->loaded, arguments, Phase::both, stream);
}

Prepared::Prepared(std::shared_ptr<const Op::State> op, const Values& extents)
    : op_(std::move(op)), extents_(extents), bytes_(evaluate(op_->program.prepared_bytes, extents)),
      memory_(bytes_ > 0 ? op_->device->allocate(bytes_) : nullptr, Free{op_->device}) {}

Prepared Op::prepare(Stream stream, Arguments& arguments) const {
    check_problem(arguments);
    arguments.check(state_->program.prepared_from);
    Prepared prepared(state_, arguments.problem().extents);
    arguments.prepared(prepared.memory_.get());
    chela::launch(*state_->device, state_->program, state_->loaded, arguments, Phase::prepare, stream);
    return prepared;
}

void Op::launch(Stream stream, Arguments& arguments, const Prepared& prepared) const {
    arguments.check();
    check_problem(arguments);
    if (prepared.op_ != state_)
        throw UserError(fmt::format("prepared is of another operation ({}, {}); this one is {}, {}: "
                                    "prepare() with the operation that is launched",
                                    prepared.op_->problem.to_string(),
                                    prepared.op_->choice.config.to_string(), state_->problem.to_string(),
                                    state_->choice.config.to_string()));
    for (const std::string& extent : state_->prepared_extents)
        if (prepared.extents_[extent] != arguments.problem().extents[extent])
            throw UserError(fmt::format("prepared is for {} = {}; the arguments have {}: prepare() again",
                                        extent, prepared.extents_[extent],
                                        arguments.problem().extents[extent]));
    check_workspace(arguments, workspace_bytes(arguments, prepared));
    arguments.prepared(prepared.memory_.get());
    chela::launch(*state_->device, state_->program, state_->loaded, arguments, Phase::run, stream);
}

} // namespace chela
