#include "tests/numerics/grid.hpp"

#include "runtime/parallel.hpp"

#include <doctest/doctest.h>
#include <filesystem>
#include <fmt/format.h>
#include <optional>

namespace chela::tests {

namespace {

/// The algorithm's default configuration; with the case's segments where it can cut the sequence so, in every
/// way that it joins them.
std::vector<Config> configs_of(const Algorithm& algorithm, const Target& target, const Case& entry) {
    const Config uncut{&algorithm, algorithm.default_config(target, entry.problem)};
    std::vector<Config> configs;
    for (const bool joined : {false, true}) {
        if (entry.segments == 0 || (joined && !uncut.values.has("joined"))) continue;
        Config cut = uncut;
        cut.values.set("segments", entry.segments);
        if (cut.values.has("joined")) cut.values.set("joined", joined);
        if (!joined && cut.values.has("tma") && cut.values["tma"] != 0)
            cut.values.set("tma", 1); // outputs by threads, which by default TMA stores
        if (algorithm.rejects(target, entry.problem.traits, cut.values).empty()) configs.push_back(cut);
    }
    return configs.empty() ? std::vector{uncut} : configs;
}

std::vector<Config> configs_of(const Target& target, const Case& entry) {
    std::vector<Config> configs;
    for (const Algorithm* algorithm : entry.problem.family->algorithms())
        if (algorithm->rejects(target, entry.problem.traits).empty() &&
            (target.backend != Backend::emulator || // which is slow: what is served
             algorithm == default_config(target, entry.problem).algorithm))
            for (Config& config : configs_of(*algorithm, target, entry)) configs.push_back(std::move(config));
    return configs;
}

Options options_of(const char* target, const char* cache) {
    Options options = Options::from_env();
    options.target = target;
    options.cache_folder = std::filesystem::temp_directory_path() / cache;
    return options;
}

} // namespace

std::string run_case(Session& session, const Case& entry, const Config& config) {
    const VerifyResult result = session.verify(session.get(entry.problem, config), entry.options);
    if (result.passed) return {};
    return fmt::format("{}, {}\n    config {}\n    {}\n", entry.problem.to_string(),
                       entry.options.to_string(), config.to_string(), result.detail);
}

std::string run_case(Session& session, const Case& entry) {
    std::string wrong;
    for (const Config& config : configs_of(session.device().target(), entry))
        wrong += run_case(session, entry, config);
    return wrong;
}

std::vector<std::string> run_all(Session& session, const std::vector<Run>& runs) {
    parallel_each(runs.size(), [&](std::size_t i) { session.get(runs[i].entry.problem, runs[i].config); });
    std::vector<std::string> wrong;
    for (const Run& run : runs) wrong.push_back(run_case(session, run.entry, run.config));
    return wrong;
}

std::vector<std::string> run_space(Session& session, const Problem& problem, std::size_t step) {
    const auto space = search_space(*problem.family, session.device().target(), problem.traits);
    std::vector<Run> runs;
    for (std::size_t i = 0; i < space.size(); i += step) runs.push_back({{problem, {}}, space[i]});
    MESSAGE(runs.size() << " of " << space.size() << " configurations run on " << session.device().name());
    return run_all(session, runs);
}

void run_grid(Session& session, const std::vector<Case>& grid, std::size_t at_least) {
    const Target target = session.device().target();
    parallel_each(grid.size(), [&](std::size_t i) { // compiles on all cores
        for (const Config& config : configs_of(target, grid[i])) session.get(grid[i].problem, config);
    });
    std::size_t skipped = 0;
    for (const Case& entry : grid) {
        if (configs_of(target, entry).empty()) ++skipped;
        const std::string wrong = run_case(session, entry);
        CHECK_MESSAGE(wrong.empty(), wrong);
    }
    const std::size_t run = grid.size() - skipped;
    MESSAGE(run << " cases ran on " << session.device().name() << ", " << skipped
                << " skipped: no algorithm of this device computes them");
    CHECK(run > at_least);
    if (target.backend != Backend::cpu) CHECK(skipped == 0);
}

Session& cpu_session() {
    static Session session(options_of("cpu", "chela_tests_numerics"));
    return session;
}

Session* gpu_session() {
    static std::optional<Session> session = []() -> std::optional<Session> {
        try {
            return Session(options_of("cuda", "chela_tests_gpu"));
        } catch (const DeviceError& error) {
            MESSAGE("SKIP: " << error.what());
            return std::nullopt;
        }
    }();
    return session ? &*session : nullptr;
}

Session emulated(const char* target, std::uint64_t seed, bool check_race) {
    Options options = options_of(target, "chela_tests_emulated");
    options.emulator_seed = seed;
    options.emulator_check_race = check_race;
    return Session(options);
}

} // namespace chela::tests
