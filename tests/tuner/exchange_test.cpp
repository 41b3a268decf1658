#include "tuner/exchange.hpp"

#include "codegen/error.hpp"
#include "tests/tuner/toy.hpp"
#include "tuner/database.hpp"

#include <cmath>
#include <doctest/doctest.h>
#include <functional>
#include <nlohmann/json.hpp>

using namespace chela;
using Json = nlohmann::json;

namespace {

Exchange sample() {
    Exchange exchange;
    exchange.records.push_back(toy::record(toy::problem(), toy::info(), toy::best, 0.1 + 0.2));
    Record wrong = toy::record(toy::problem(1, 2, 3), toy::info("toy \"two\""), toy::fast_but_wrong, 0.1);
    wrong.measurement.status = Status::wrong;
    wrong.measurement.relative_error = std::nan("");
    wrong.measurement.detail = "line\n\"quoted\" ü \xff"; // compilers print what they like
    exchange.records.push_back(wrong);
    exchange.searches.push_back({.point = exchange.records[0].point,
                                 .exhausted = true,
                                 .budget_seconds = 1.5,
                                 .trials = 7,
                                 .candidates = 6,
                                 .seed = ~std::uint64_t{0},
                                 .winner = toy::best,
                                 .when = "2026-11-22T10:11:12Z"});
    return exchange;
}

/// The one complaint about the sample's document after `change`.
std::string complaint(const std::function<void(Json&)>& change) {
    Json document = Json::parse(to_json(sample()));
    change(document);
    const Exchange read = exchange_from_json(document.dump());
    CHECK(read.records.size() + read.searches.size() == 2); // the good ones
    REQUIRE(read.rejected.size() == 1);
    return read.rejected[0];
}

} // namespace

TEST_CASE("exchange: what is written is read") {
    const Exchange before = sample();
    const Exchange after = exchange_from_json(to_json(before));
    CHECK(after.rejected.empty());
    REQUIRE(after.records.size() == 2);
    CHECK(after.records[0].point == before.records[0].point);
    CHECK(after.records[0].measurement.median_ms == before.records[0].measurement.median_ms);
    CHECK(after.records[0].effort == Effort::thorough);
    CHECK(after.records[1].point.device == "toy \"two\"");
    CHECK(after.records[1].measurement.status == Status::wrong);
    CHECK(std::isnan(after.records[1].measurement.relative_error));
    CHECK(after.records[1].measurement.detail == "line\n\"quoted\" ü \xef\xbf\xbd");
    REQUIRE(after.searches.size() == 1);
    CHECK(after.searches[0].point == before.searches[0].point);
    CHECK(after.searches[0].seed == before.searches[0].seed);
    CHECK(after.searches[0].budget_seconds == 1.5);
    CHECK(after.searches[0].winner == toy::best);
    CHECK(to_json(exchange_from_json(to_json(after))).size() == to_json(after).size());
}

TEST_CASE("exchange: a bad row is left out and named, the others are read") {
    CHECK(complaint([](Json& j) { j["records"][0].erase("config"); }) == "records[0].config: is missing");
    CHECK(complaint([](Json& j) { j["records"][1] = 5; }) == "records[1]: is 5, not an object");
    CHECK(complaint([](Json& j) { j["records"][0]["median_ms"] = -1; }) ==
          "records[0].median_ms: is -1, must be a number above 0");
    CHECK(complaint([](Json& j) { j["records"][0]["median_ms"] = nullptr; }) ==
          "records[0].median_ms: is null, must be a number above 0");
    CHECK(complaint([](Json& j) { j["records"][0]["median_ms"] = 0; }) ==
          "records[0].median_ms: is 0, must be a number above 0");
    CHECK(complaint([](Json& j) { j["records"][1]["spread_ms"] = "x"; }) ==
          "records[1].spread_ms: is \"x\", must be a number, 0 or more");
    CHECK(complaint([](Json& j) { j["records"][0]["samples"] = 1.5; }) ==
          "records[0].samples: is 1.5, must be a whole number, 0 or more");
    CHECK(complaint([](Json& j) {
              j["records"][0]["samples"] = 1LL << 40;
          }).starts_with("records[0].samples: "));
    CHECK(complaint([](Json& j) {
              j["records"][0]["status"] = "fine";
          }).starts_with("records[0].status: status 'fine' is not one of ok, wrong"));
    CHECK(complaint([](Json& j) { j["records"][0]["effort"] = "some"; }).starts_with("records[0].effort: "));
    CHECK(complaint([](Json& j) {
              j["records"][0]["target"] = "sm_banana";
          }).starts_with("records[0].target: "));
    CHECK(complaint([](Json& j) { j["records"][0]["when"] = "yesterday"; }) ==
          "records[0].when: is \"yesterday\", must be a time like 2026-11-22T10:11:12Z");
    CHECK(complaint([](Json& j) { j["records"][0]["device"] = ""; }) ==
          "records[0].device: is \"\", must be a text that is not empty");
    CHECK(complaint([](Json& j) { j["records"][0]["problem"] = "toy"; }) ==
          "records[0].problem: is \"toy\", not an object");
    CHECK(
        complaint([](Json& j) { j["records"][0]["problem"]["key"] = "toy | length~4"; })
            .starts_with(
                "records[0].problem.key: is \"toy | length~4\", must be a text that begins with 'toy size="));
    CHECK(complaint([](Json& j) { j["searches"][0]["exhausted"] = 1; }) ==
          "searches[0].exhausted: is 1, must be true or false");
    CHECK(complaint([](Json& j) {
              j["searches"][0]["seed"] = -4;
          }).starts_with("searches[0].seed: is -4, must be a whole number"));
}

TEST_CASE("exchange: what is no export is refused") {
    const auto refused = [](const std::string& text, const std::string& part) {
        try {
            exchange_from_json(text);
            FAIL("it was read: " << text);
        } catch (const UserError& error) {
            CHECK_MESSAGE(std::string(error.what()).find(part) != std::string::npos, error.what());
        }
    };
    refused("", "not JSON");
    refused("{\"format\": ", "not JSON");
    refused("[]", "\"format\": \"chela-tuning-records\"");
    refused("{}", "\"format\"");
    refused(R"({"format": "other", "version": 1})", "\"format\"");
    refused(R"({"format": "chela-tuning-records"})", "\"version\" is null");
    refused(R"({"format": "chela-tuning-records", "version": 2, "records": [], "searches": []})",
            "\"version\" is 2; this chela reads up to 1");
    refused(R"({"format": "chela-tuning-records", "version": 1, "searches": []})", "'records' is missing");
    refused(R"({"format": "chela-tuning-records", "version": 1, "records": 3, "searches": []})", "'records'");
}

TEST_CASE("import: another database holds the same afterwards, and again is no change") {
    Database from(":memory:"), to(":memory:");
    for (const Record& record : sample().records) from.put(record);
    for (const FinishedSearch& search : sample().searches) from.put(search);
    const ImportReport first = to.import_json(from.export_json());
    CHECK(first.added == 3);
    CHECK(first.rejected.empty());
    CHECK(to.list().size() == 2);
    CHECK(to.best(sample().records[0].point)->config == toy::best);
    const ImportReport second = to.import_json(from.export_json());
    CHECK(second.added == 0);
    CHECK(second.replaced == 0);
    CHECK(second.kept == 3);
}

TEST_CASE("import: the more thorough row stays, and of equally thorough ones the later") {
    Database database(":memory:");
    Record present = toy::record(toy::problem(), toy::info(), toy::best, 1);
    present.when = "2026-06-01T00:00:00Z";
    const auto import = [&](Effort effort, const char* when) {
        present.effort = Effort::thorough;
        database.put(present);
        Record incoming = present;
        incoming.measurement.median_ms = 2;
        incoming.effort = effort;
        incoming.when = when;
        const auto report =
            database.import_json(to_json({.records = {incoming}, .searches = {}, .rejected = {}}));
        CHECK(report.kept + report.replaced == 1);
        return database.find(present.point, toy::best)->measurement.median_ms == 2;
    };
    CHECK(import(Effort::thorough, "2026-07-01T00:00:00Z"));
    CHECK_FALSE(import(Effort::thorough, "2026-06-01T00:00:00Z"));
    CHECK_FALSE(import(Effort::thorough, "2026-05-01T00:00:00Z"));
    CHECK_FALSE(import(Effort::quick, "2026-07-01T00:00:00Z"));
}

TEST_CASE("import: bad rows do not keep good ones out") {
    Json document = Json::parse(to_json(sample()));
    document["records"][1].erase("status");
    Database database(":memory:");
    const ImportReport report = database.import_json(document.dump());
    CHECK(report.added == 2);
    CHECK(report.rejected == std::vector<std::string>{"records[1].status: is missing"});
}
