#include "runtime/jit.hpp"

#include "codegen/error.hpp"
#include "runtime/clang_compiler.hpp"
#include "tests/runtime/support.hpp"

#include <cmath>

using namespace chela;

namespace {

int calls = 0;
extern "C" void count_call(int times) { calls += times; }

} // namespace

TEST_CASE("jit: an object calls back the functions that it is given") {
    const JitModule module(
        compile_host_object("extern \"C\" void report(int); extern \"C\" void f() { report(3); }", "f.cpp")
            .bytes,
        {{"report", reinterpret_cast<void*>(&count_call)}});
    reinterpret_cast<void (*)()>(module.symbol("f"))();
    CHECK(calls == 3);
}

TEST_CASE("jit: a freestanding object finds memcpy, memset and mathematics") {
    const JitModule module(compile_host_object(R"(
        extern "C" float expf(float);
        extern "C" double pow(double, double);
        struct Block { char bytes[4096]; };
        extern "C" void copy(Block* to, const Block* from) { *to = *from; }
        extern "C" void clear(Block* to) { *to = Block{}; }
        extern "C" double f(float x) { return expf(x) + pow(x, 3.0); })",
                                               "f.cpp")
                               .bytes);
    CHECK(reinterpret_cast<double (*)(float)>(module.symbol("f"))(2.0f) ==
          doctest::Approx(std::exp(2.0) + 8));
    std::string from(4096, 'x'), to(4096, 'y');
    reinterpret_cast<void (*)(char*, const char*)>(module.symbol("copy"))(to.data(), from.data());
    CHECK(to == from);
    reinterpret_cast<void (*)(char*)>(module.symbol("clear"))(to.data());
    CHECK(to == std::string(4096, '\0'));
}

TEST_CASE("jit: what is missing is named") {
    const JitModule module(
        compile_host_object("extern \"C\" void nobody(); extern \"C\" void f() { nobody(); }", "f.cpp")
            .bytes);
    CHECK(test::message_of<DeviceError>([&] { module.symbol("f"); }).find("nobody") != std::string::npos);
    const JitModule other(compile_host_object("extern \"C\" void f() {}", "f.cpp").bytes);
    CHECK(test::message_of<DeviceError>([&] { other.symbol("g"); }).find("g") != std::string::npos);
    CHECK(other.symbol("f") != nullptr);
}

TEST_CASE("jit: what is not an object is a DeviceError") {
    const std::vector<std::byte> noise(100, std::byte{7});
    CHECK_THROWS_AS(JitModule(noise).symbol("f"), DeviceError);
    CHECK_THROWS_AS(JitModule(std::span<const std::byte>{}).symbol("f"), DeviceError);
}

TEST_CASE("jit: modules do not see each other, and many can come and go") {
    for (int i = 0; i < 20; ++i) {
        const JitModule first(compile_host_object("extern \"C\" int f() { return 1; }", "f.cpp").bytes);
        const JitModule second(compile_host_object("extern \"C\" int f() { return 2; }", "f.cpp").bytes);
        CHECK(reinterpret_cast<int (*)()>(first.symbol("f"))() == 1);
        CHECK(reinterpret_cast<int (*)()>(second.symbol("f"))() == 2);
    }
}
