#pragma once
// What the launch plans of the algorithms have in common.

#include "codegen/emit.hpp"
#include "templates/long_conv/family.hpp"

namespace chela {

/// An algorithm of the long convolution, for its own family or, adapted, for another.
class LongConvAlgorithm : public Algorithm {
  public:
    Program generate(const Target& target, const Values& traits, const Values& config) const final {
        return generate(target, traits, config, {});
    }
    virtual Program generate(const Target&, const Values& traits, const Values& config,
                             const AdaptRequest&) const = 0;
    /// Whether an input is loaded for all outputs at once, or for a block of them and the next; otherwise for
    /// each tile of outputs.
    virtual bool loads_once() const { return false; }
    /// Whether inputs go to shared memory by copies that no thread waits for: what is computed on the way
    /// takes their place.
    virtual bool copies_inputs() const { return false; }
};

/// How blocks share the work: each takes `tokens` outputs of `channels` channels of `batches` sequences.
struct LongConvTile {
    std::int64_t batches = 1, channels = 1, tokens = 1;

    Count blocks() const { return {1, {{"length", tokens}, {"batch", batches}, {"channels", channels}}}; }
};

/// Elements of x and y that one thread of a GPU moves at once, next to each other in memory.
struct LongConvPacket {
    std::int64_t elements;
    bool aligned; ///< one access; otherwise element by element

    LongConvPacket(const Values& traits, const LongConvTile&);
};

/// Whether so many blocks of a GPU have room on a multiprocessor, with their shared memory.
bool fits(const Target&, std::int64_t blocks, std::int64_t shared_bytes);

/// Why blocks of a GPU, as many on a multiprocessor as `blocks_per_sm` says, do not have what they need;
/// empty where they have.
std::string rejects_resources(const Target&, const Values& config, std::int64_t threads,
                              std::int64_t shared_bytes, std::int64_t registers);

/// Whether with one more of such blocks, which is admitted, a thread would have as many registers: the same
/// kernel. (The larger number is in the search space.)
bool another_block_is_free(const LongConvAlgorithm&, const Target&, const Values& traits, Values config,
                           std::int64_t threads);

/// The body's launch, with the constants of the tile and, for a GPU, of the packets.
Program long_conv_program(const Target&, const Values& traits, const Algorithm&, const Values& config,
                          const char* file, const LongConvTile&, std::int64_t threads,
                          std::int64_t shared_bytes, std::vector<EmitRequest::Constant> constants,
                          const AdaptRequest&);

/// The source of a request of the family's.
std::string emit_long_conv(EmitRequest, const AdaptRequest&);

/// Where states are carried, the launch that writes final_state, after the others: both states may be the
/// same memory.
void add_final_state(Program&, const Target&, const Values& traits, const Algorithm&, const Values& config);

inline EmitRequest::Constant long_conv_constant(const char* name, std::int64_t value) {
    return {"int", name, std::to_string(value)};
}

} // namespace chela
