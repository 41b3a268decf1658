#include "runtime/digest.hpp"

#include <doctest/doctest.h>

using chela::Digest;

TEST_CASE("digest: the same parts give the same 32 hexadecimal digits") {
    const std::string digest = Digest().add("source").add("sm_80").hex();
    CHECK(digest == Digest().add("source").add("sm_80").hex());
    CHECK(digest.size() == 32);
    CHECK(digest.find_first_not_of("0123456789abcdef") == std::string::npos);
}

TEST_CASE("digest: it does not change from one version of chela to the next") {
    CHECK(Digest().hex() ==
          "99aa06d3014798d86001c324468d497f"); // XXH3-128 of nothing, as the library documents it
    // XXH3-128 of the length in eight bytes, little endian, and the text
    CHECK(Digest().add("").hex() == "2c0a8a99dc147d5445c3b49d035665b2");
    CHECK(Digest().add("chela").hex() == "88c21eb4b83cd168f7fd4d16cdcf4fba");
}

TEST_CASE("digest: where one part ends matters, and so does an empty part") {
    const std::string digest = Digest().add("ab").add("c").hex();
    CHECK(digest != Digest().add("a").add("bc").hex());
    CHECK(digest != Digest().add("abc").hex());
    CHECK(digest != Digest().add("ab").add("c").add("").hex());
    CHECK(digest != Digest().add("c").add("ab").hex());
}

TEST_CASE("digest: every byte of a part counts, zero bytes too") {
    const std::string text = std::string("a\0b", 3) + std::string(1000, 'x');
    const std::string digest = Digest().add(text).hex();
    for (std::size_t i = 0; i < text.size(); ++i) {
        std::string changed = text;
        changed[i] = static_cast<char>(changed[i] ^ 1);
        CHECK(digest != Digest().add(changed).hex());
    }
}

TEST_CASE("digest: hex() may be asked for in between") {
    Digest digest;
    digest.add("one");
    const std::string first = digest.hex();
    CHECK(first == digest.hex());
    CHECK(digest.add("two").hex() == Digest().add("one").add("two").hex());
}
