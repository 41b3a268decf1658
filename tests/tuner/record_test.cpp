#include "tuner/record.hpp"

#include "codegen/error.hpp"
#include "tests/tuner/toy.hpp"

#include <doctest/doctest.h>

using namespace chela;

TEST_CASE("status and effort: text and back") {
    for (const Status status : {Status::ok, Status::wrong, Status::compile_error, Status::launch_error,
                                Status::hung, Status::unstable, Status::crashed}) {
        CHECK(status_from(to_string(status)) == status);
    }
    for (const Effort effort : {Effort::quick, Effort::thorough})
        CHECK(effort_from(to_string(effort)) == effort);
    CHECK_THROWS_WITH_AS(
        status_from("fine"),
        "status 'fine' is not one of ok, wrong, compile_error, launch_error, hung, unstable, crashed",
        UserError);
    CHECK_THROWS_AS(effort_from(""), UserError);
}

TEST_CASE("configurations: text and back, for every one of the space") {
    for (const Config& config : toy::space()) CHECK(config_from(toy::family(), config.to_string()) == config);
}

TEST_CASE("configurations: a tunable that was added later takes its fallback") {
    CHECK(toy::config("tiles tile=32").to_string() == "tiles tile=32 warps=4 stages=2");
    CHECK(toy::config("tiles").to_string() == "tiles tile=64 warps=4 stages=2");
}

TEST_CASE("configurations: what is not one is refused") {
    for (const char* text : {"", "unknown tile=16", "tiles tile=16 wraps=2", "tiles tile=7", "tiles tile=16x",
                             "tiles tile=16 tile=32", "tiles tile", "tiles =16"}) {
        CHECK_THROWS_AS_MESSAGE(config_from(toy::family(), text), UserError, text);
    }
    const auto admit = [](const char* text, Problem problem) {
        return admitted_config(toy::family(), toy::info().target, problem.traits, text);
    };
    CHECK_NOTHROW(admit(toy::best, toy::problem()));
    CHECK_THROWS_WITH_AS(
        admit("tiles tile=128 warps=4 stages=3", toy::problem()),
        "configuration 'tiles tile=128 warps=4 stages=3' is not admitted: tile * stages is above 256",
        UserError);
    Problem large = toy::problem();
    large.traits.set("size", 200);
    CHECK_THROWS_AS(admit(toy::best, large), UserError);
}

TEST_CASE("utc_now: ISO 8601, to the second") {
    const std::string now = utc_now();
    REQUIRE(now.size() == 20);
    CHECK(now[10] == 'T');
    CHECK(now.back() == 'Z');
    CHECK(now > "2024-01-01T00:00:00Z");
}
