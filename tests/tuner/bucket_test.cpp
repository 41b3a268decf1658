#include "tuner/bucket.hpp"

#include "tests/tuner/toy.hpp"

#include <doctest/doctest.h>
#include <set>

using namespace chela;

TEST_CASE("bucket: the nearest power of two on a logarithmic scale") {
    CHECK(bucket(0) == 0);
    CHECK(bucket(1) == 1);
    CHECK(bucket(2) == 2);
    CHECK(bucket(3) == 4);
    CHECK(bucket(5) == 4);
    CHECK(bucket(6) == 8);
    CHECK(bucket(2896) == 2048); // 2048 * sqrt(2) = 2896.3
    CHECK(bucket(2897) == 4096);
    CHECK(bucket(4096) == 4096);
    CHECK(bucket(5792) == 4096);
    CHECK(bucket(5793) == 8192);
    CHECK(bucket(std::int64_t{1} << 40) == std::int64_t{1} << 40);
}

TEST_CASE("problem key: canonical text") {
    CHECK(problem_key(toy::problem(8, 16, 4000)) ==
          "toy size=64 causal=true dtype=bf16 | independent~128 length~4096");
    CHECK(problem_key(toy::problem(0, 16, 0)) ==
          "toy size=64 causal=true dtype=bf16 | independent~0 length~0");
}

TEST_CASE("problem key: what is computed independently counts by its product") {
    CHECK(problem_key(toy::problem(8, 16, 4096)) == problem_key(toy::problem(16, 8, 4096)));
    CHECK(problem_key(toy::problem(8, 16, 4096)) == problem_key(toy::problem(1, 128, 4096)));
}

TEST_CASE("problem key: every field of the problem changes it") {
    const Problem base = toy::problem();
    std::set<std::string> keys{problem_key(base)};
    for (const Field& field : toy::family().traits()) {
        Problem other = base;
        other.traits.set(field.name,
                         base.traits[field.name] == field.minimum ? field.maximum : field.minimum);
        CHECK_MESSAGE(keys.insert(problem_key(other)).second, field.name);
    }
    for (const Field& field : toy::family().extents()) {
        Problem other = base;
        const auto factor = field.name == "batch"   ? 4
                            : field.name == "heads" ? 16
                                                    : 2; // products that differ
        other.extents.set(field.name, factor * base.extents[field.name]);
        CHECK_MESSAGE(keys.insert(problem_key(other)).second, field.name);
    }
    CHECK(keys.size() == 1 + toy::family().traits().size() + toy::family().extents().size());
}

TEST_CASE("distance: doublings between two problems") {
    const auto between = [](const Problem& a, const Problem& b) {
        return distance(toy::family(), a.extents, b.extents);
    };
    CHECK(between(toy::problem(8, 16, 4096), toy::problem(16, 8, 4096)) == 0);
    CHECK(between(toy::problem(8, 16, 4095), toy::problem(8, 16, 1023)) == doctest::Approx(2));
    CHECK(between(toy::problem(8, 16, 1023), toy::problem(8, 16, 4095)) == doctest::Approx(2));
    CHECK(between(toy::problem(3, 1, 1023), toy::problem(1, 1, 511)) == doctest::Approx(2));
    CHECK(between(toy::problem(1, 1, 0), toy::problem(1, 1, 1)) == doctest::Approx(1));
}
