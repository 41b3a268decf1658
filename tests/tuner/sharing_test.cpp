// One database, several threads and processes.

#include "codegen/error.hpp"
#include "tests/tuner/toy.hpp"
#include "tuner/choice.hpp"
#include "tuner/tune.hpp"

#include <cstdio>
#include <doctest/doctest.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

using namespace chela;

namespace {

/// Runs `work` in a process of its own, which tells an exception and exits.
template <class Work>
pid_t in_process(const Work& work) {
    const pid_t child = fork();
    if (child != 0) return child;
    try {
        _exit(work() ? 0 : 2);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "%s\n", error.what());
        _exit(1);
    }
}

int exit_status(pid_t child) {
    int status = -1;
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

} // namespace

TEST_CASE("sharing: processes that create and write one database at once lose nothing") {
    const toy::Folder folder;
    const auto path = folder / "tuning.sqlite";
    constexpr int processes = 8, each = 50;
    std::vector<pid_t> children;
    for (int child = 0; child < processes; ++child) {
        children.push_back(in_process([&] {
            Database database(path);
            for (int i = 0; i < each; ++i) {
                const Problem problem = toy::problem(1, child + 1, i + 1);
                database.put(toy::record(problem, toy::info(), toy::best, 1));
            }
            return database.take_warnings().empty();
        }));
    }
    for (const pid_t child : children) CHECK(exit_status(child) == 0);
    Database database(path);
    CHECK(database.list().size() == processes * each);
    CHECK(database.check().empty());
    CHECK(folder.files("damaged").empty());
}

TEST_CASE("sharing: two processes tune the same problem at once and agree") {
    const toy::Folder folder;
    const auto path = folder / "tuning.sqlite";
    const auto tune_it = [&](std::uint64_t seed) {
        return in_process([&path, seed] {
            toy::Runner runner;
            runner.measure_seconds = 0.002;
            Database database(path);
            const TuneReport report = tune(runner, database, toy::problem(), {.seed = seed});
            return report.winner && report.winner->config == toy::best && report.exhausted &&
                   report.reused > 0;
        });
    };
    const pid_t one = tune_it(1), two = tune_it(2);
    CHECK(exit_status(one) == 0);
    CHECK(exit_status(two) == 0);
    Database database(path);
    CHECK(database.records(tuning_point(toy::problem(), toy::info())).size() == toy::space().size());
    CHECK(choose(toy::problem(), toy::info(), &database).config == toy::config(toy::best));
    toy::Runner idle;
    CHECK(tune(idle, database, toy::problem()).hit);
}

TEST_CASE("sharing: threads tune through one Database") {
    const toy::Folder folder;
    Database database(folder / "tuning.sqlite");
    std::vector<std::string> winners(4);
    {
        std::vector<std::jthread> threads;
        for (std::size_t i = 0; i < winners.size(); ++i) {
            threads.emplace_back([&, i] {
                toy::Runner runner;
                const Problem problem = toy::problem(8, 16, i < 2 ? 4096 : 512); // two each of two problems
                winners[i] = tune(runner, database, problem, {.seed = i}).winner->config;
                choose(problem, toy::info(), &database);
            });
        }
    }
    CHECK(winners == std::vector<std::string>(4, toy::best));
    CHECK(database.list().size() == 2);
}

TEST_CASE("sharing: a writer waits for another's transaction, and readers do not") {
    const toy::Folder folder;
    const auto path = folder / "tuning.sqlite";
    Database database(path);
    Exchange many;
    for (int i = 0; i < 3000; ++i) {
        many.records.push_back(toy::record(toy::problem(1, 1, i + 1), toy::info(), toy::best, 1));
    }
    const std::string text = to_json(many);
    const pid_t importer = in_process([&] { return Database(path).import_json(text).added == 3000; });
    for (int i = 0; i < 100; ++i) {
        database.put(toy::record(toy::problem(2, 1, i + 1), toy::info(), toy::best, 1));
        CHECK(database.best(tuning_point(toy::problem(2, 1, i + 1), toy::info())));
    }
    CHECK(exit_status(importer) == 0);
    CHECK(database.list().size() == 3100);
}
