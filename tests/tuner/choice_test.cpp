#include "tuner/choice.hpp"

#include "codegen/error.hpp"
#include "tests/tuner/toy.hpp"

#include <doctest/doctest.h>

using namespace chela;
using Kind = Choice::Kind;

namespace {

struct Chosen {
    Kind kind;
    std::string config;
    friend bool operator==(const Chosen&, const Chosen&) = default;
};
doctest::String toString(const Chosen& chosen) {
    return (std::string(to_string(chosen.kind)) + ": " + chosen.config).c_str();
}

Chosen chosen(Database& database, const Problem& problem, const RunnerInfo& here = toy::info(),
              const Exchange* shipped = nullptr) {
    const Choice choice = choose(problem, here, &database, shipped);
    CHECK_FALSE(choice.why.empty());
    return {choice.kind, choice.config.to_string()};
}

std::string tiles(int tile) { return "tiles tile=" + std::to_string(tile) + " warps=1 stages=1"; }

} // namespace

TEST_CASE("choice: nothing is known") {
    Database database(":memory:");
    CHECK(chosen(database, toy::problem()) == Chosen{Kind::fallback, toy::default_text});
    const Choice alone = choose(toy::problem(), toy::info());
    CHECK(alone.kind == Kind::fallback);
    CHECK(alone.why == "not tuned: the default rule of toy");
}

TEST_CASE("choice: graded match") {
    Database database(":memory:");
    const Problem here = toy::problem(8, 16, 4096);
    const RunnerInfo other = toy::info("toy two");
    RunnerInfo older_architecture = toy::info();
    older_architecture.target = Target::parse("sm_80");

    database.put(toy::record(here, older_architecture, tiles(16), 0.1)); // another target never serves
    CHECK(chosen(database, here) == Chosen{Kind::fallback, toy::default_text});

    database.put(toy::record(toy::problem(8, 16, 512), other, tiles(16), 0.1));
    CHECK(chosen(database, here) == Chosen{Kind::other_device, tiles(16)});
    database.put(toy::record(here, other, tiles(32), 9));
    CHECK(chosen(database, here) == Chosen{Kind::other_device, tiles(32)}); // nearer extents

    database.put(toy::record(toy::problem(8, 16, 64), toy::info(), tiles(64), 9));
    CHECK(chosen(database, here) == Chosen{Kind::nearest, tiles(64)});
    database.put(toy::record(toy::problem(8, 16, 1024), toy::info(), tiles(128), 9));
    CHECK(chosen(database, here) == Chosen{Kind::nearest, tiles(128)});
    CHECK(chosen(database, toy::problem(8, 16, 65)) == Chosen{Kind::bucketed, tiles(64)});

    database.put(toy::record(toy::problem(8, 16, 4000), toy::info(), tiles(32), 9));
    CHECK(chosen(database, here) == Chosen{Kind::bucketed, tiles(32)});
    database.put(toy::record(here, toy::info(), tiles(16), 9));
    CHECK(chosen(database, here) == Chosen{Kind::exact, tiles(16)});

    Problem causal = here; // other traits: nothing of the above
    causal.traits.set("causal", 0);
    CHECK(chosen(database, causal) == Chosen{Kind::fallback, toy::default_text});
}

TEST_CASE("choice: the nearest is the least distance, whatever the order of the names") {
    Database database(":memory:");
    database.put(toy::record(toy::problem(8, 16, 1024), toy::info(), tiles(16), 1));
    database.put(toy::record(toy::problem(8, 16, 64), toy::info(), tiles(64), 1));
    CHECK(chosen(database, toy::problem(8, 16, 8)) == Chosen{Kind::nearest, tiles(64)});
    CHECK(chosen(database, toy::problem(8, 16, 16384)) == Chosen{Kind::nearest, tiles(16)});
    const RunnerInfo elsewhere = toy::info("toy two");
    CHECK(chosen(database, toy::problem(8, 16, 8), elsewhere) == Chosen{Kind::other_device, tiles(64)});
}

TEST_CASE("choice: why names what was tuned and how far away it is") {
    Database database(":memory:");
    database.put(toy::record(toy::problem(8, 16, 1023), toy::info(), tiles(64), 0.25));
    CHECK(choose(toy::problem(8, 16, 4095), toy::info(), &database).why ==
          "tuned for batch=8 heads=16 length=1023, the nearest, 2.0 doublings away (0.25 ms on toy one, "
          "measured "
          "2026-11-22T10:11:12Z)");
}

TEST_CASE("choice: the fastest candidate, equal ones by text, the search's winner before both") {
    Database database(":memory:");
    const Problem problem = toy::problem();
    database.put(toy::record(problem, toy::info(), tiles(64), 1));
    database.put(toy::record(problem, toy::info(), tiles(32), 1));
    database.put(toy::record(problem, toy::info(), tiles(128), 2));
    Record wrong = toy::record(problem, toy::info(), tiles(16), 0.1);
    wrong.measurement.status = Status::wrong;
    database.put(wrong);
    CHECK(chosen(database, problem).config == tiles(32));
    database.put(
        FinishedSearch{.point = tuning_point(problem, toy::info()), .winner = tiles(128), .when = utc_now()});
    CHECK(chosen(database, problem).config == tiles(128));
}

TEST_CASE("choice: an interrupted search does not outdo a finished one of the same bucket") {
    Database database(":memory:");
    const Problem finished = toy::problem(8, 16, 4000), interrupted = toy::problem(8, 16, 4096);
    database.put(toy::record(finished, toy::info(), tiles(64), 1));
    database.put(
        FinishedSearch{.point = tuning_point(finished, toy::info()), .winner = tiles(64), .when = utc_now()});
    database.put(toy::record(interrupted, toy::info(), tiles(16), 2));
    CHECK(chosen(database, interrupted) == Chosen{Kind::bucketed, tiles(64)});
}

TEST_CASE("choice: records that this build cannot run are passed over") {
    Database database(":memory:");
    const Problem problem = toy::problem();
    for (const char* config :
         {"gone tile=16", "tiles tile=16 turbo=3", "tiles tile=7", "tiles tile=128 stages=4", "??"}) {
        database.put(toy::record(problem, toy::info(), config, 0.1));
    }
    CHECK(chosen(database, problem) == Chosen{Kind::fallback, toy::default_text});
    CHECK(choose(problem, toy::info(), &database).why ==
          "not tuned: the default rule of toy (5 records name configurations that are no longer admitted)");
    database.put(toy::record(problem, toy::info(), tiles(64), 5));
    CHECK(chosen(database, problem) == Chosen{Kind::exact, tiles(64)});

    Record unreadable = toy::record(problem, toy::info(), tiles(32), 0.1);
    unreadable.point.extents = "rows=7";
    database.put(unreadable);
    CHECK(chosen(database, problem) == Chosen{Kind::exact, tiles(64)});
}

TEST_CASE("choice: a shipped table counts like records, after the database's own") {
    Database elsewhere(":memory:");
    elsewhere.put(toy::record(toy::problem(), toy::info(), tiles(64), 1));
    elsewhere.put(toy::record(toy::problem(8, 16, 64), toy::info(), tiles(128), 1));
    const Exchange shipped = exchange_from_json(elsewhere.export_json());

    Database database(":memory:");
    CHECK(chosen(database, toy::problem(), toy::info(), &shipped) == Chosen{Kind::exact, tiles(64)});
    CHECK(choose(toy::problem(), toy::info(), nullptr, &shipped).kind == Kind::exact);
    database.put(toy::record(toy::problem(8, 16, 128), toy::info(), tiles(32), 9));
    CHECK(chosen(database, toy::problem(), toy::info(), &shipped) == Chosen{Kind::exact, tiles(64)});
    database.put(toy::record(toy::problem(), toy::info(), tiles(16), 9));
    CHECK(chosen(database, toy::problem(), toy::info(), &shipped) == Chosen{Kind::exact, tiles(16)});
}

TEST_CASE("choice: a shipped table says so, and serves its bucket on its device only") {
    Database elsewhere(":memory:");
    elsewhere.put(toy::record(toy::problem(8, 16, 4096), toy::info(), tiles(64), 1));
    const Exchange shipped = exchange_from_json(elsewhere.export_json());
    const auto serves = [&](std::int64_t length) {
        return choose(toy::problem(8, 16, length), toy::info(), nullptr, &shipped);
    };
    CHECK(serves(4096).shipped);
    CHECK(serves(4096).why.find("shipped") != std::string::npos);
    CHECK(serves(5000).kind == Kind::bucketed);
    CHECK(serves(5000).shipped);
    CHECK(serves(8192).kind == Kind::fallback); // another bucket
    CHECK_FALSE(serves(8192).shipped);
    Database database(":memory:");
    database.put(toy::record(toy::problem(8, 16, 4096), toy::info(), tiles(32), 1));
    CHECK_FALSE(choose(toy::problem(8, 16, 4096), toy::info(), &database, &shipped).shipped);
    CHECK(choose(toy::problem(8, 16, 4096), toy::info("toy two"), nullptr, &shipped).kind == Kind::fallback);
}

TEST_CASE("choice: the toolchain at hand is preferred, then the later record") {
    Database database(":memory:");
    RunnerInfo old_compiler = toy::info();
    old_compiler.toolchain = "toy compiler 0";
    Record late = toy::record(toy::problem(), old_compiler, tiles(16), 1);
    late.when = "2027-01-01T00:00:00Z";
    database.put(late);
    database.put(toy::record(toy::problem(), toy::info(), tiles(64), 1));
    CHECK(chosen(database, toy::problem()) == Chosen{Kind::exact, tiles(64)});
    RunnerInfo new_compiler = toy::info();
    new_compiler.toolchain = "toy compiler 2";
    CHECK(chosen(database, toy::problem(), new_compiler) == Chosen{Kind::exact, tiles(16)});
}

TEST_CASE("choice: the order in which records came does not matter") {
    std::vector<Record> records;
    for (const int tile : {16, 32, 64}) {
        for (const int length : {512, 2048, 8192, 32768}) {
            records.push_back(toy::record(toy::problem(8, 16, length), toy::info(), tiles(tile), 1));
        }
    }
    Database forwards(":memory:"), backwards(":memory:");
    for (auto record = records.begin(); record != records.end(); ++record) forwards.put(*record);
    for (auto record = records.rbegin(); record != records.rend(); ++record) backwards.put(*record);
    for (const int length : {1, 1024, 4096, 16384, 1 << 20}) {
        CHECK(chosen(forwards, toy::problem(8, 16, length)) ==
              chosen(backwards, toy::problem(8, 16, length)));
    }
}
