#pragma once
// The digest behind every key of chela. Each part is preceded by its length, so that moving a character from
// one part to the next changes the digest.

#include <memory>
#include <string>
#include <string_view>

struct XXH3_state_s;

namespace chela {

/// XXH3-128: not cryptographic; two texts that somebody did not choose on purpose do not collide.
class Digest {
  public:
    Digest();
    Digest& add(std::string_view part);
    /// 32 hexadecimal digits of everything added so far.
    std::string hex() const;

  private:
    struct Free {
        void operator()(XXH3_state_s*) const;
    };
    std::unique_ptr<XXH3_state_s, Free> state_;
};

} // namespace chela
