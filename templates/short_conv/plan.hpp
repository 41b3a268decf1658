#pragma once
// What the launch plans of the algorithms have in common.

#include "codegen/emit.hpp"
#include "templates/short_conv/family.hpp"

namespace chela {

inline EmitRequest::Constant conv_constant(const char* name, std::int64_t value) {
    return {"int", name, std::to_string(value)};
}

/// An algorithm of the short convolution, for its own family or, adapted, for another.
class ShortConvAlgorithm : public Algorithm {
  public:
    Program generate(const Target& target, const Values& traits, const Values& config) const final {
        return generate(target, traits, config, {});
    }
    virtual Program generate(const Target&, const Values& traits, const Values& config,
                             const AdaptRequest&) const = 0;
};

/// The launch that computes y.
struct ConvBody {
    const char* file;
    const char* function;
    Count grid;
    std::int64_t threads = 1;
    std::int64_t shared_bytes = 0;
    std::vector<EmitRequest::Constant> constants;
};

/// Blocks of `tokens` tokens and `channels` channels: of each sequence, or of all of them where they are
/// packed.
Count conv_tiles(const Values& traits, std::int64_t tokens, std::int64_t channels);

/// The body and, where states are carried, the launch that writes final_state after it.
Program conv_program(const Target&, const Values& traits, const Algorithm&, const Values& config,
                     ConvBody body, const AdaptRequest&);

} // namespace chela
