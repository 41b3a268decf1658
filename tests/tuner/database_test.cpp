#include "tuner/database.hpp"

#include "codegen/error.hpp"
#include "tests/tuner/toy.hpp"
#include "tuner/database_file.hpp"

#include <cmath>
#include <doctest/doctest.h>
#include <fstream>
#include <limits>

using namespace chela;

namespace {

FinishedSearch finished(const Problem& problem, const std::string& winner) {
    return {.point = tuning_point(problem, toy::info()),
            .exhausted = true,
            .budget_seconds = 60,
            .trials = 5,
            .candidates = 4,
            .seed = std::numeric_limits<std::uint64_t>::max(),
            .winner = winner,
            .when = "2026-11-22T10:11:12Z"};
}

} // namespace

TEST_CASE("database: a record is read as it was written") {
    const toy::Folder folder;
    Record record = toy::record(toy::problem(), toy::info(), toy::best, 0.123456789012345);
    record.measurement.status = Status::wrong;
    record.measurement.relative_error = std::numeric_limits<double>::quiet_NaN();
    record.measurement.spread_ms = std::numeric_limits<double>::infinity();
    record.measurement.detail = "it's \"o\"; ünïcode\nsecond line";
    record.effort = Effort::quick;
    Database(folder / "new folder/tuning.sqlite").put(record);

    Database database(folder / "new folder/tuning.sqlite");
    const Record read = database.find(record.point, record.config).value();
    CHECK(read.point == record.point);
    CHECK(read.config == record.config);
    CHECK(read.measurement.status == Status::wrong);
    CHECK(read.measurement.median_ms == record.measurement.median_ms);
    CHECK(read.measurement.spread_ms == record.measurement.spread_ms);
    CHECK(read.measurement.samples == 20);
    CHECK(std::isnan(read.measurement.relative_error));
    CHECK(read.measurement.compile_ms == 100);
    CHECK(read.measurement.detail == record.measurement.detail);
    CHECK(read.effort == Effort::quick);
    CHECK(read.when == record.when);
    CHECK(database.take_warnings().empty());
}

TEST_CASE("database: a candidate has one record at each point") {
    Database database(":memory:");
    const Record first = toy::record(toy::problem(), toy::info(), toy::best, 2);
    database.put(first);
    database.put(toy::record(toy::problem(), toy::info(), toy::best, 1));
    CHECK(database.records(first.point).size() == 1);
    CHECK(database.find(first.point, toy::best)->measurement.median_ms == 1);

    TuningPoint other = first.point;
    for (std::string* field : {&other.family, &other.traits, &other.extents, &other.device, &other.target,
                               &other.toolchain, &other.chela_version}) {
        other = first.point;
        *field += "x";
        CHECK_FALSE(database.find(other, toy::best));
        CHECK_FALSE(database.best(other));
        Record record = first;
        record.point = other;
        database.put(record);
        CHECK(database.find(other, toy::best));
    }
    CHECK(database.records(first.point).size() == 1);
    CHECK(database.list().size() == 8);
}

TEST_CASE("database: the best is the search's winner, else the fastest that is ok") {
    Database database(":memory:");
    const TuningPoint point = tuning_point(toy::problem(), toy::info());
    CHECK_FALSE(database.best(point));
    Record wrong = toy::record(toy::problem(), toy::info(), toy::fast_but_wrong, 0.1);
    wrong.measurement.status = Status::wrong;
    database.put(wrong);
    CHECK_FALSE(database.best(point));
    database.put(toy::record(toy::problem(), toy::info(), "plain unroll=2", 1));
    database.put(toy::record(toy::problem(), toy::info(), "plain unroll=1", 1));
    database.put(toy::record(toy::problem(), toy::info(), "plain unroll=4", 1.5));
    CHECK(database.best(point)->config == "plain unroll=1");
    database.put(finished(toy::problem(), "plain unroll=4"));
    CHECK(database.best(point)->config == "plain unroll=4");
    database.put(finished(toy::problem(), toy::fast_but_wrong)); // has turned out wrong since
    CHECK(database.best(point)->config == "plain unroll=1");
    CHECK(database.records(point).back().config == toy::fast_but_wrong);
}

TEST_CASE("database: finished searches of a bucket, the very extents first") {
    Database database(":memory:");
    FinishedSearch near = finished(toy::problem(8, 16, 4000), "plain unroll=1");
    near.when = "2027-01-01T00:00:00Z";
    database.put(near);
    database.put(finished(toy::problem(8, 16, 1024), "plain unroll=2"));
    const TuningPoint point = tuning_point(toy::problem(), toy::info());
    REQUIRE(database.finished_searches(point).size() == 1);
    database.put(finished(toy::problem(), "plain unroll=4"));
    const auto searches = database.finished_searches(point);
    REQUIRE(searches.size() == 2);
    CHECK(searches[0].winner == "plain unroll=4");
    CHECK(searches[0].seed == std::numeric_limits<std::uint64_t>::max());
    CHECK(searches[0].budget_seconds == 60);
    CHECK(searches[0].trials == 5);
    CHECK(searches[0].candidates == 4);
    CHECK(searches[0].exhausted);
    CHECK(database.finished_searches(tuning_point(toy::problem(), toy::info("toy two"))).empty());
}

TEST_CASE("database: list, clear, check") {
    const toy::Folder folder;
    Database database(folder / "tuning.sqlite");
    database.put(toy::record(toy::problem(), toy::info(), toy::best, 1));
    Record wrong = toy::record(toy::problem(), toy::info(), toy::fast_but_wrong, 0.1);
    wrong.measurement.status = Status::wrong;
    database.put(wrong);
    database.put(finished(toy::problem(), toy::best));
    database.put(toy::record(toy::problem(1, 1, 1), toy::info(), toy::best, 1));
    const auto list = database.list();
    REQUIRE(list.size() == 2);
    CHECK(list[0].point.extents == "batch=1 heads=1 length=1");
    CHECK_FALSE(list[0].finished);
    CHECK(list[1].records == 2);
    CHECK(list[1].ok == 1);
    CHECK(list[1].finished);
    CHECK(list[1].best->config == toy::best);
    CHECK(database.check().empty());
    CHECK(database.clear() == 3);
    CHECK(database.list().empty());
    CHECK(database.finished_searches(tuning_point(toy::problem(), toy::info())).empty());
    CHECK(database.clear() == 0);
}

TEST_CASE("database: a file of a newer chela is refused and left alone") {
    const toy::Folder folder;
    const auto path = folder / "tuning.sqlite";
    Database(path).put(toy::record(toy::problem(), toy::info(), toy::best, 1));
    sqlite::Connection(path.string(), 1000).execute("PRAGMA user_version = 7");
    try {
        Database database(path);
        FAIL("it was opened");
    } catch (const UserError& error) {
        const std::string message = error.what();
        CAPTURE(message);
        CHECK(message.find(path.string()) != std::string::npos);
        CHECK(message.find("schema 7, written by a newer chela; this one knows schema 1") !=
              std::string::npos);
    }
    CHECK(folder.files("damaged").empty());
    sqlite::Connection(path.string(), 1000).execute("PRAGMA user_version = 1");
    CHECK(Database(path).list().size() == 1);
}

TEST_CASE("database: a database of another program is refused and left alone") {
    const toy::Folder folder;
    const auto path = folder / "browser.sqlite";
    sqlite::Connection(path.string(), 1000)
        .execute("CREATE TABLE bookmark (url TEXT); PRAGMA user_version = 1");
    CHECK_THROWS_AS(Database database(path), UserError);
    sqlite::Connection connection(path.string(), 1000);
    CHECK(connection.integer("SELECT count(*) FROM sqlite_schema") == 1);
    CHECK(connection.query("PRAGMA journal_mode").step());
    CHECK(folder.files("").size() == 1);
}

TEST_CASE("database: an empty file is a new database") {
    const toy::Folder folder;
    std::ofstream(folder / "tuning.sqlite").close();
    Database database(folder / "tuning.sqlite");
    database.put(toy::record(toy::problem(), toy::info(), toy::best, 1));
    CHECK(database.list().size() == 1);
    CHECK(database.take_warnings().empty());
}

TEST_CASE("database: a path that cannot be one is named") {
    const toy::Folder folder;
    std::ofstream(folder / "file").close();
    for (const auto& path : {folder / "file/tuning.sqlite", folder / ""}) {
        try {
            Database database(path);
            FAIL("it was opened");
        } catch (const UserError& error) {
            CHECK(std::string(error.what()).find(path.string()) != std::string::npos);
        }
    }
}

TEST_CASE("database: a write that is not allowed to end leaves nothing half-done") {
    const toy::Folder folder;
    const auto path = folder / "tuning.sqlite";
    Database database(path);
    sqlite::Connection connection(path.string(), 1000);
    {
        sqlite::Transaction transaction(connection);
        connection.execute(
            "INSERT INTO search (problem_key, family, traits, extents, device, target, toolchain,"
            " chela_version, exhausted, budget_seconds, trials, candidates, seed, winner, finished_at)"
            " VALUES ('','','','','','','','',0,0,0,0,0,'','')");
    }
    CHECK(connection.integer("SELECT count(*) FROM search") == 0);
}
