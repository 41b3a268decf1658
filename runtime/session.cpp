#include "runtime/session.hpp"

#include "codegen/error.hpp"
#include "runtime/binary_cache.hpp"
#include "runtime/device_runner.hpp"
#include "runtime/device_search.hpp"
#include "runtime/op.hpp"
#include "runtime/shipped.hpp"
#include "runtime/verify.hpp"
#include "runtime/worker.hpp"

#include <fmt/format.h>
#include <mutex>
#include <optional>
#include <unordered_map>

namespace chela {

namespace {

struct ProblemHash {
    std::size_t operator()(const Problem& problem) const {
        return problem.traits.hash() * 31 + problem.extents.hash();
    }
};

} // namespace

struct Session::State {
    Options options;
    std::vector<std::string> notices;
    std::unique_ptr<Device> device;
    BinaryCache cache;
    ProgramLoader loader;
    Verifier verifier;
    std::optional<Database> database;
    std::mutex mutex;
    std::unordered_map<Problem, Op, ProblemHash> ops;
    int searches = 0; ///< ended so far: what was chosen before one of them is not kept

    State(Options given, OpenedDevice opened)
        : options(std::move(given)), device(std::move(opened.device)),
          cache(options.cache_folder.empty() ? std::filesystem::path() : options.cache_folder / "binaries"),
          loader(*device, cache), verifier(*device) {
        if (!opened.notice.empty()) notices.push_back(std::move(opened.notice));
        if (!options.cache_folder.empty()) database.emplace(options.cache_folder / "tuning.sqlite");
    }
};

Session::Session(OpenedDevice opened, Options options)
    : state_(std::make_unique<State>(std::move(options), std::move(opened))) {}
Session::~Session() = default;
Session::Session(Session&&) noexcept = default;

// The journey of one request.
Op Session::get(const Problem& problem) {
    int searches = 0;
    {
        const std::lock_guard lock(state_->mutex);
        if (const auto known = state_->ops.find(problem); known != state_->ops.end()) return known->second;
        searches = state_->searches;
    }
    const Choice choice = choose(problem); // tuning database, shipped table, default rule
    const Op op = load(problem, choice);   // generate, binary cache, compile, load
    const std::lock_guard lock(state_->mutex);
    return searches == state_->searches ? state_->ops.try_emplace(problem, op).first->second : op;
}

Op Session::get(const Problem& problem, const Config& config) {
    const Target target = device().target();
    for (const auto& reason : {config.algorithm->rejects(target, problem.traits),
                               config.algorithm->rejects(target, problem.traits, config.values)})
        if (!reason.empty())
            throw UserError(fmt::format("config '{}' is outside the search space on {}: {}",
                                        config.to_string(), target.to_string(), reason));
    return load(problem, {config, Choice::Kind::exact, "the caller's own"});
}

Op Session::load(const Problem& problem, const Choice& choice) {
    auto op = std::make_shared<Op::State>();
    op->problem = problem;
    op->choice = choice;
    op->device = state_->device.get();
    op->program = choice.config.algorithm->generate(device().target(), problem.traits, choice.config.values);
    op->prepared_extents = op->program.prepared_bytes.extents();
    if (!state_->options.may_compile)
        for (const auto& kernel : op->program.kernels)
            if (!state_->cache.find(binary_key(device(), kernel)))
                throw UserError(fmt::format("{} is not in the binary cache {}, and may_compile is false",
                                            kernel.entry, state_->cache.folder().string()));
    op->loaded = state_->loader.load(op->program);
    Op handle;
    handle.state_ = std::move(op);
    return handle;
}

Choice Session::choose(const Problem& problem) {
    return chela::choose(problem, info(), state_->database ? &*state_->database : nullptr, &shipped_table());
}

RunnerInfo Session::info() { return runner_info(device()); }

std::unique_ptr<Runner> Session::runner() { return std::make_unique<DeviceRunner>(device(), state_->cache); }

TuneReport Session::tune(const Problem& problem, const TuneOptions& options, const ProgressCallback& progress,
                         std::stop_token stop) {
    {
        const std::lock_guard lock(state_->mutex);
        state_->verifier.clear(); // its tensors would take memory from the candidates'
    }
    std::unique_ptr<Runner> here = runner(), isolated;
    if (!state_->options.worker_program.empty()) {
        std::vector<std::string> arguments{
            "worker", "--target",
            state_->options.target.empty()
                ? std::string(device().target().backend == Backend::cuda ? "cuda" : "cpu")
                : state_->options.target};
        if (!state_->options.cache_folder.empty())
            arguments.insert(arguments.end(), {"--cache", state_->options.cache_folder.string()});
        isolated = std::make_unique<WorkerRunner>(*here, state_->options.worker_program, arguments);
    }
    TuneOptions limits = options;
    if (!limits.untuned) limits.untuned = chela::choose(problem, info(), nullptr, &shipped_table()).config;
    TuneReport report =
        chela::tune(isolated ? *isolated : *here, database(), problem, limits, progress, std::move(stop));
    const std::lock_guard lock(state_->mutex);
    ++state_->searches;
    state_->ops.clear(); // what was chosen before may be slower now
    return report;
}

VerifyResult Session::verify(const Op& op, const VerifyOptions& options) {
    const Op::State& state = *op.state_;
    const Problem small = odd_problem(state.problem);
    VerifyOptions odd = options;
    odd.values.clear(); // they are of the caller's extents
    if (!may_be_contiguous(small)) odd.layout = Layout::padded_rows;
    VerifyResult result = state_->verifier.verify(small, odd, state.program, state.loaded);
    return result.passed ? state_->verifier.verify(state.problem, options, state.program, state.loaded)
                         : result;
}

Device& Session::device() { return *state_->device; }
Verifier& Session::verifier() { return state_->verifier; }
BinaryCache& Session::binaries() { return state_->cache; }
int Session::compiled() const { return static_cast<int>(state_->loader.counters().compiled); }

Database& Session::database() {
    if (!state_->database)
        throw UserError("cache_folder is empty; tuning needs a folder to remember what it found");
    return *state_->database;
}

std::vector<std::string> Session::take_notices() {
    const std::lock_guard lock(state_->mutex);
    std::vector<std::string> notices = std::exchange(state_->notices, {});
    if (state_->database)
        for (auto& warning : state_->database->take_warnings()) notices.push_back(std::move(warning));
    return notices;
}

} // namespace chela
