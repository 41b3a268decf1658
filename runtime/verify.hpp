#pragma once
// Does a program compute what its family defines? Real runs on poisoned outputs between guard bands, compared
// with the float64 definition. Nothing here knows a family by name.

#include "codegen/arguments.hpp"
#include "runtime/guarded_memory.hpp"
#include "runtime/program_loader.hpp"

#include <functional>
#include <list>

namespace chela {

/// One problem with its tensors on the device: checks any number of programs.
class VerificationCase {
  public:
    /// `reference` is asked at the first check: who only times has no need of it. Throws DeviceError where
    /// the device has no room.
    using Reference = std::function<std::shared_ptr<const ReferenceSlices>()>;
    VerificationCase(Device&, const Problem&, const VerifyOptions&, Reference reference);

    /// Throws DeviceError where a launch or the device fails.
    VerifyResult check(const Program&, const LoadedProgram&);
    /// Launches what prepares, for any number of launch() of this program.
    void prepare(const Program&, const LoadedProgram&);
    /// The launches alone, on the tensors of this case: what is timed. Phase::run needs prepare() before.
    void launch(const Program&, const LoadedProgram&, Phase = Phase::run, Stream = nullptr);

    const Problem& problem() const { return problem_; }
    const VerifyOptions& options() const { return options_; }

  private:
    VerifyResult check_once(const Program&, const LoadedProgram&);
    void lend_memory(const Program&);
    VerifyResult failure(std::string what) const;

    Device& device_;
    Problem problem_;
    VerifyOptions options_;
    Reference reference_;
    Arguments arguments_;
    std::list<GuardedTensor> inputs_, outputs_;
    std::unique_ptr<GuardedMemory> workspace_, prepared_;
};

/// Keeps the latest cases and references, so that the candidates of one problem share them. Not thread-safe.
class Verifier {
  public:
    explicit Verifier(Device& device) : device_(device) {}
    /// The case for a problem, made where it is new.
    VerificationCase& prepare(const Problem&, const VerifyOptions&);
    VerifyResult verify(const Problem& problem, const VerifyOptions& options, const Program& program,
                        const LoadedProgram& loaded) {
        return prepare(problem, options).check(program, loaded);
    }
    /// Gives the device memory back.
    void clear() { cases_.clear(); }

  private:
    std::shared_ptr<const ReferenceSlices> reference(const Problem&, const VerifyOptions&);
    struct CachedReference {
        Problem problem;
        VerifyOptions options; ///< the layout does not matter
        std::shared_ptr<const ReferenceSlices> slices;
    };
    Device& device_;
    std::list<VerificationCase> cases_; // latest first
    std::list<CachedReference> references_;
};

/// How a tuner sees the problem: its own extents, without optional tensors, contiguous where the alignment
/// admits.
VerifyOptions usual_options(const Problem&, std::uint64_t seed);
/// The same traits, and so the same binary, at small and odd extents (batch 2, heads 3, length 333).
Problem odd_problem(const Problem&);
/// Optional tensors present, rows padded.
VerifyOptions odd_options(std::uint64_t seed);
/// The odd problem with its options, then, where that passes, the problem with the usual ones.
VerifyResult verify_candidate(Verifier&, const Problem&, const Program&, const LoadedProgram&,
                              std::uint64_t seed = 1);

} // namespace chela
