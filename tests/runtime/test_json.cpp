#include "runtime/json.hpp"

#include "codegen/error.hpp"
#include "tests/runtime/scale_add.hpp"

#include <cmath>
#include <doctest/doctest.h>
#include <limits>

using namespace chela;
using namespace chela::test;

TEST_CASE("problem and configuration survive the journey through JSON text") {
    const Problem problem = scale_add(DType::fp32, 2, 333, 5, 7, 4);
    const Config config = scale_add_config(Fault::odd_length);
    const Json text = Json::parse(to_json(problem).dump());
    CHECK(text["traits"]["dtype"] == "fp32");
    CHECK(text["extents"]["length"] == 333);
    CHECK(problem_from_json(text, find_test_family) == problem);
    CHECK(to_json(config)["tunables"]["fault"] == "odd_length");
    CHECK(config_from_json(Json::parse(to_json(config).dump()), scale_add_family()) == config);
}

TEST_CASE("booleans are booleans, and members left out take their fallback") {
    const Schema schema{Field::boolean("causal", true, ""), Field::integer("chunk", 16, 256, 64, "")};
    CHECK(to_json(Values(schema)).dump() == R"({"causal":true,"chunk":64})");
    CHECK(values_from_json(Json{{"causal", false}}, schema).to_string() == "causal=false chunk=64");
}

TEST_CASE("bad JSON is the user's error, and the message names what is wrong") {
    const Schema schema{Field::integer("chunk", 16, 256, 64, "")};
    const auto message = [&](const Json& object) -> std::string {
        try {
            values_from_json(object, schema);
        } catch (const UserError& error) {
            return error.what();
        }
        return "accepted";
    };
    CHECK(message({{"chunk", 8}}).find("chunk is 8") != std::string::npos);
    CHECK(message({{"chunks", 32}}).find("chunks") != std::string::npos);
    CHECK(message({{"chunk", 32.5}}).find("32.5") != std::string::npos);
    CHECK(message({{"chunk", true}}).find("chunk is 'true'") != std::string::npos);
    CHECK(message(Json::array()).find("[]") != std::string::npos);
    CHECK_THROWS_AS(problem_from_json({{"traits", {}}}, find_test_family), UserError);
    CHECK_THROWS_AS(problem_from_json(Json(), find_test_family), UserError);
    CHECK_THROWS_AS(config_from_json({{"algorithm", 3}}, scale_add_family()), UserError);
    CHECK_THROWS_AS(measurement_from_json({{"status", "ok"}}), UserError);
}

TEST_CASE("a measurement survives; numbers that are not finite come back as NaN") {
    Measurement measurement;
    measurement.status = Status::wrong;
    measurement.median_ms = 0.1;
    measurement.spread_ms = 1e-5;
    measurement.samples = 50;
    measurement.relative_error = std::numeric_limits<double>::infinity();
    measurement.compile_ms = 170.25;
    measurement.detail = "y[0, 1] is \"NaN\"\n";
    const Measurement back = measurement_from_json(Json::parse(to_json(measurement).dump()));
    CHECK(back.status == measurement.status);
    CHECK(back.median_ms == measurement.median_ms);
    CHECK(back.spread_ms == measurement.spread_ms);
    CHECK(back.samples == measurement.samples);
    CHECK(std::isnan(back.relative_error));
    CHECK(back.compile_ms == measurement.compile_ms);
    CHECK(back.detail == measurement.detail);
}
