#include "codegen/error.hpp"
#include "codegen/render.hpp"

#include <doctest/doctest.h>
#include <stdexcept>

using namespace chela;

namespace {

std::string render_text(std::string_view body, std::string_view extra = "// extra\n") {
    const TemplateFiles files = {{"body.cuh", body}, {"prelude/extra.cuh", extra}};
    return render(files, {"body.cuh"}, [](std::string_view name) -> std::string {
        if (name == "causal") return "true";
        if (name == "dtype") return "bf16";
        if (name == "chunk") return "64";
        throw UserError("unknown " + std::string(name));
    });
}

} // namespace

TEST_CASE("branches that do not hold are pruned and #line keeps the template's numbers") {
    CHECK(render_text("one\n//@if causal\ntwo\n//@else\nthree\n//@end\nfour\n") ==
          "#line 1 \"body.cuh\"\none\n#line 3 \"body.cuh\"\ntwo\n#line 7 \"body.cuh\"\nfour\n");
}

TEST_CASE("conditions") {
    const auto holds = [](const std::string& condition) {
        return render_text("//@if " + condition + "\nyes\n//@end\n").find("yes") != std::string::npos;
    };
    CHECK(holds("causal"));
    CHECK_FALSE(holds("!causal"));
    CHECK(holds("dtype == bf16"));
    CHECK_FALSE(holds("dtype == fp32"));
    CHECK(holds("dtype != fp32"));
    CHECK(holds("chunk == 64"));
}

TEST_CASE("elif takes the first branch that holds, nesting follows the outer branch") {
    const auto text = render_text(
        "//@if dtype == fp32\na\n//@elif dtype == bf16\nb\n//@elif causal\nc\n//@else\nd\n//@end\n");
    CHECK(text == "#line 4 \"body.cuh\"\nb\n");
    CHECK(render_text("//@if !causal\n//@if causal\na\n//@else\nb\n//@end\n//@end\nc\n") ==
          "#line 8 \"body.cuh\"\nc\n");
}

TEST_CASE("includes are inlined once, pragma once is dropped") {
    const auto text =
        render_text("#pragma once\n#include \"prelude/extra.cuh\"\n#include \"prelude/extra.cuh\"\nbody\n",
                    "#pragma once\nextra\n");
    CHECK(text == "#line 2 \"prelude/extra.cuh\"\nextra\n#line 4 \"body.cuh\"\nbody\n");
}

TEST_CASE("malformed templates are refused with file and line") {
    const auto why = [](std::string_view body) {
        try {
            render_text(body);
        } catch (const std::logic_error& error) {
            return std::string(error.what());
        }
        return std::string();
    };
    CHECK(why("a\n//@if causal\nb\n").starts_with("body.cuh:3: "));
    CHECK(why("//@end\n").starts_with("body.cuh:1: "));
    CHECK(why("//@frobnicate\n").starts_with("body.cuh:1: "));
    CHECK(why("//@if dtype\n//@end\n").starts_with("body.cuh:1: "));
    CHECK(why("#include <cuda.h>\n").starts_with("body.cuh:1: "));
    CHECK(why("#include \"missing.cuh\"\n").find("missing.cuh") != std::string::npos);
    CHECK_THROWS_AS(render_text("//@if unknown\n//@end\n"), UserError);
}
