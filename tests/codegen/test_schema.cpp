#include "codegen/schema.hpp"
#include "tests/codegen/complaint.hpp"

#include <doctest/doctest.h>

using namespace chela;
using chela::tests::complaint;

namespace {

const Schema& schema() {
    static const Schema fields = {Field::integer("rows", 8, 256, 64, "rows"),
                                  Field::boolean("causal", true, "mask"),
                                  Field::choice("dtype", {"bf16", "fp16", "fp32"}, 0, "elements")};
    return fields;
}

} // namespace

TEST_CASE("values start at their fallbacks and print in schema order") {
    CHECK(Values(schema()).to_string() == "rows=64 causal=true dtype=bf16");
}

TEST_CASE("text is parsed by the field's kind") {
    Values values(schema());
    values.parse("rows", "128").parse("causal", "false").parse("dtype", "fp32");
    CHECK(values["rows"] == 128);
    CHECK(values["causal"] == 0);
    CHECK(values.text("dtype") == "fp32");
}

TEST_CASE("bad input names the field, its value and what would be right") {
    Values values(schema());
    CHECK(complaint([&] { values.parse("rows", "7"); }) == "rows is 7; it must be 8 to 256");
    CHECK(complaint([&] { values.parse("rows", "64x"); }) == "rows is '64x'; it must be 8 to 256");
    CHECK(complaint([&] { values.parse("rows", ""); }) == "rows is ''; it must be 8 to 256");
    CHECK(complaint([&] { values.parse("rows", "99999999999999999999"); }) ==
          "rows is '99999999999999999999'; it must be 8 to 256");
    CHECK(complaint([&] { values.parse("dtype", "int8"); }) ==
          "dtype is 'int8'; it must be bf16, fp16 or fp32");
    CHECK(complaint([&] { values.parse("causal", "maybe"); }) ==
          "causal is 'maybe'; it must be true or false");
    CHECK(complaint([&] { values.set("columns", 1); }) ==
          "there is no 'columns'; known are: rows, causal, dtype");
    CHECK(values == Values(schema()));
}

TEST_CASE("every value counts in equality and in the hash") {
    for (const auto& field : schema()) {
        Values changed(schema());
        changed.set(field.name, field.fallback == field.maximum ? field.minimum : field.fallback + 1);
        CHECK_FALSE(changed == Values(schema()));
        CHECK(changed.hash() != Values(schema()).hash());
        CHECK(changed.to_string() != Values(schema()).to_string());
    }
}
