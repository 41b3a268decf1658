// Compiles search spaces with NVRTC for every generation of GPUs, no device needed.
//     chela_check_space --sample 4                       every default, and 4 configurations of each space
//     chela_check_space --journal FILE                   the whole space, but for what FILE has of it
//     chela_check_space --journal FILE --part 3/8        the third of eight parts, for several machines
//     chela_check_space --journal FILE --seconds 540     for nine minutes
//     chela_check_space --summary FILE…                  what these journals come to
// Exit: 0 all compiled and no default spills, 1 not so, 2 bad usage, 4 time ended before everything was
// compiled.

#include "codegen/error.hpp"
#include "runtime/cubin.hpp"
#include "runtime/nvrtc.hpp"
#include "runtime/options.hpp"
#include "tests/space/journal.hpp"
#include "tests/space/units.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <atomic>
#include <chrono>
#include <fmt/format.h>
#include <thread>
#include <unistd.h>

using namespace chela;
using namespace chela::space;

namespace {

using Clock = std::chrono::steady_clock;

struct Request {
    std::vector<std::string> targets = {"sm_80", "sm_86", "sm_89", "sm_90a", "sm_100a", "sm_120a"};
    std::size_t sample = 0;
    unsigned threads = std::max(1u, std::thread::hardware_concurrency());
    std::string journal;
    std::vector<std::string> summary;
    std::string family;
    std::string part = "1/1";
    double seconds = 0;

    /// Whether the unit belongs to the family and the part. Parts are made by the digest, so that each has
    /// its share of all targets and problems.
    bool mine(const Unit& unit) const {
        if (!family.empty() && unit.problem.family->name() != family) return false;
        std::size_t number = 0, of = 0;
        char rest = 0;
        if (std::sscanf(part.c_str(), "%zu/%zu%c", &number, &of, &rest) != 2 || number < 1 || number > of)
            throw UserError(fmt::format("--part is '{}'; it must be K/N with 1 <= K <= N", part));
        return std::stoull(unit.key.substr(0, 12), nullptr, 16) % of == number - 1;
    }
};

Outcome compile(const Nvrtc& nvrtc, const Unit& unit) {
    const Kernel kernel = unit.generate();
    const auto start = Clock::now();
    Outcome outcome;
    try {
        const Binary binary = nvrtc.compile(kernel.source, kernel.entry, unit.target);
        for (const auto& resources : cubin_resources(binary.bytes, binary.log))
            outcome.local_bytes = std::max<std::int64_t>(outcome.local_bytes, resources.local_bytes);
        outcome.compiled = true;
    } catch (const CompileError& error) {
        outcome.error = (std::string(error.what()) + "\n" + error.log).substr(0, 2000);
    }
    outcome.compile_ms = std::chrono::duration<double, std::milli>(Clock::now() - start).count();
    return outcome;
}

/// Compiles what the journal does not know yet. False where time ended before.
bool compile_all(const Nvrtc& nvrtc, const std::vector<const Unit*>& units, const Request& request,
                 Journal& journal) {
    const auto start = Clock::now();
    const auto elapsed = [&] { return std::chrono::duration<double>(Clock::now() - start).count(); };
    std::vector<const Unit*> left;
    std::ranges::copy_if(units, std::back_inserter(left),
                         [&](const Unit* unit) { return !journal.find(unit->key); });
    std::ranges::stable_partition(left, &Unit::is_default);
    std::atomic<std::size_t> next = 0, done = 0;
    std::jthread progress([&](const std::stop_token& stop) {
        const bool terminal = isatty(STDERR_FILENO);
        for (int second = 1; !stop.stop_requested(); ++second) {
            std::this_thread::sleep_for(std::chrono::seconds(1));
            if (done == 0 || (!terminal && second % 30 != 0)) continue;
            const double rate = static_cast<double>(done) / elapsed();
            fmt::print(stderr, "{}{} of {} kernels, {:.1f} a second, {:.0f} min left{}", terminal ? "\r" : "",
                       done.load(), left.size(), rate, static_cast<double>(left.size() - done) / rate / 60,
                       terminal ? "\033[K" : "\n");
        }
        if (terminal) fmt::print(stderr, "\r\033[K");
    });
    std::vector<std::jthread> pool;
    for (unsigned thread = 0; thread < request.threads; ++thread)
        pool.emplace_back([&] {
            while (request.seconds == 0 || elapsed() < request.seconds) {
                const std::size_t i = next++;
                if (i >= left.size()) return;
                journal.put(left[i]->key, compile(nvrtc, *left[i]));
                ++done;
            }
        });
    pool.clear();
    return done == left.size();
}

/// Prints what is known of the units; whether it is good.
bool report(const std::vector<const Unit*>& units, const Journal& journal) {
    struct Counts {
        std::size_t units = 0, compiled = 0, failed = 0, local = 0, defaults = 0, spilling = 0;
        double ms = 0;
    };
    std::map<std::string, Counts> by_target, by_family;
    Counts all;
    for (const Unit* unit : units) {
        const Outcome* outcome = journal.find(unit->key);
        const bool spills = outcome && outcome->local_bytes > 0;
        for (Counts* counts : {&by_target[unit->target.to_string()],
                               &by_family[std::string(unit->problem.family->name())], &all}) {
            ++counts->units;
            counts->defaults += unit->is_default;
            if (!outcome) continue;
            counts->compiled += outcome->compiled;
            counts->failed += !outcome->compiled;
            counts->local += spills;
            counts->spilling += spills && unit->is_default;
            counts->ms += outcome->compile_ms;
        }
        if (outcome && !outcome->compiled) fmt::print("{}: {}\n", unit->to_string(), outcome->error);
        if (spills && unit->is_default)
            fmt::print("{}: the default uses {} bytes of local memory\n", unit->to_string(),
                       outcome->local_bytes);
    }
    fmt::print("{:<24}{:>10}{:>10}{:>8}{:>14}{:>10}{:>20}{:>12}\n", "", "kernels", "compiled", "failed",
               "local memory", "defaults", "defaults that spill", "CPU hours");
    const auto print = [](const std::string& name, const Counts& counts) {
        fmt::print("{:<24}{:>10}{:>10}{:>8}{:>14}{:>10}{:>20}{:>12.2f}\n", name, counts.units,
                   counts.compiled, counts.failed, counts.local, counts.defaults, counts.spilling,
                   counts.ms / 3.6e6);
    };
    for (const auto& [target, counts] : by_target) print(target, counts);
    for (const auto& [family, counts] : by_family) print(family, counts);
    print("all", all);
    if (const std::size_t left = all.units - all.compiled - all.failed)
        fmt::print("{} kernels are not compiled yet\n", left);
    return all.failed == 0 && all.spilling == 0;
}

} // namespace

int main(int argc, char** argv) try {
    Request request;
    CLI::App app{"Compiles the search space with NVRTC for every generation of GPUs"};
    app.add_option("--sample", request.sample, "configurations of each space (default: all)");
    app.add_option("--threads", request.threads, "compilers at once")->check(CLI::PositiveNumber);
    app.add_option("--target", request.targets, "architectures");
    app.add_option("--journal", request.journal,
                   "file that keeps what came of each kernel: what is there is not compiled again");
    app.add_option("--family", request.family, "only this family (default: all)");
    app.add_option("--part", request.part, "K/N: only the K-th of N parts")->type_name("K/N");
    app.add_option("--seconds", request.seconds, "start no compilation after this time");
    app.add_option("--summary", request.summary, "compile nothing: what these journals come to");
    CLI11_PARSE(app, argc, argv);

    Journal journal;
    std::unique_ptr<Nvrtc> nvrtc;
    if (request.summary.empty()) {
        try {
            nvrtc = std::make_unique<Nvrtc>(Options::from_env().tools);
        } catch (const std::exception& error) {
            fmt::print("SKIP: {}\n", error.what());
            return 0;
        }
    }
    std::vector<Target> targets;
    for (const auto& name : request.targets) targets.push_back(Target::parse(name));
    for (const auto& path : request.summary) journal.read(path);
    if (!request.journal.empty()) {
        journal.read(request.journal);
        journal.append_to(request.journal);
    }
    const Units all = enumerate(targets, request.sample, request.threads);
    std::vector<const Unit*> units;
    for (const Unit& unit : all.units)
        if (request.mine(unit)) units.push_back(&unit);
    fmt::print("{} configurations for {} targets are {} distinct kernels; {} in part {}{}\n",
               all.configurations, targets.size(), all.units.size(), units.size(), request.part,
               nvrtc ? ", by " + nvrtc->version() : "");
    std::fflush(stdout);
    const bool complete = !nvrtc || compile_all(*nvrtc, units, request, journal);
    const bool good = report(units, journal);
    return !good ? 1 : complete ? 0 : 4;
} catch (const std::exception& error) {
    fmt::print(stderr, "chela_check_space: {}\n", error.what());
    return 2;
}
