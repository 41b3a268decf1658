#pragma once
// What the launch plans of Fourier transforms have in common; passes.cuh counts the same.

#include "templates/long_conv/plan.hpp"

namespace chela {

constexpr std::int64_t complex_bytes = 8;

/// log2 of a power of two.
int exponent_of(std::int64_t power);

/// Entries of a TwiddleTable; none where a thread would hold more points than there are, which is rejected.
std::int64_t twiddle_entries(std::int64_t transform, std::int64_t points, int above = 0, int below = 0);

/// About how many a thread needs: values, twiddles and addresses.
std::int64_t transform_registers(std::int64_t points);

/// The program's memory for the spectra of all channels and what all have in common, in bytes, and what they
/// are made from.
void set_prepared(Program&, const Values& traits, std::int64_t spectrum_bytes, std::int64_t common_bytes);

/// A transform that one block holds: what differs between those of CUDA cores and of tensor cores.
struct TransformPlan {
    const char *prepare_body, *forward_body;
    std::int64_t prepare_threads, forward_threads, prepare_shared_bytes, forward_shared_bytes;
    std::int64_t transform, block_channels; ///< outputs and channels of a block
    std::int64_t most_elements;             ///< of a piece
    std::vector<EmitRequest::Constant> constants;
};
/// Its launches: one that prepares, one block of outputs of config["batches"] sequences after the other, and
/// those that turn rows. What is prepared is left to set_prepared().
Program transform_program(const Target&, const Values& traits, const Algorithm&, const Values& config,
                          TransformPlan, const AdaptRequest&);

/// Where channels lie next to each other: launches before and after the program's own that turn x and y, and
/// the workspace for that, `copies` 1 where y may replace x.
void turn_rows(Program&, EmitRequest, std::int64_t copies, const AdaptRequest&);
/// The constants of a body that are about rows and where they are turned, and of pieces of at most so many
/// elements.
std::vector<EmitRequest::Constant> row_constants(const Values& traits, std::int64_t copies,
                                                 std::int64_t most_elements = 8);

} // namespace chela
