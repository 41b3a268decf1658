#include "codegen/error.hpp"
#include "codegen/target.hpp"

#include <doctest/doctest.h>

using namespace chela;

TEST_CASE("every target reads back what it prints") {
    for (const auto& target : cuda_targets()) {
        CHECK(Target::parse(target.to_string()) == target);
        Target emulated = target;
        emulated.backend = Backend::emulator;
        CHECK(Target::parse(emulated.to_string()) == emulated);
        CHECK(block_limits(emulated).shared_bytes == block_limits(target).shared_bytes);
    }
    CHECK(Target::parse("cpu") == Target{});
    Target smaller = Target::parse("sm_90a");
    smaller.multiprocessors = 78;
    CHECK(smaller == Target::parse("sm_90a"));
    CHECK(Target::parse("sm_90") == Target::parse("sm_90a"));
}

TEST_CASE("what is not a target is refused with the targets there are") {
    for (const char* text :
         {"", "gpu", "sm_", "sm_9", "sm_80a", "sm_90b", "emulator:", "emulator:cpu", "sm_-80", "SM_80"}) {
        CAPTURE(text);
        CHECK_THROWS_AS(Target::parse(text), UserError);
    }
    try {
        Target::parse("sm_70");
    } catch (const UserError& error) {
        CHECK(std::string(error.what()).find("'sm_70'") != std::string::npos);
        CHECK(std::string(error.what()).find("sm_90a") != std::string::npos);
    }
}
