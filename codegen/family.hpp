#pragma once
// What a family of kernels tells the rest of chela. A new family is an implementation of these two interfaces
// under templates/ and one line in templates/families.cpp; nothing else names a family.

#include "codegen/problem.hpp"
#include "codegen/program.hpp"
#include "codegen/target.hpp"
#include "codegen/tensor.hpp"

#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace chela {

/// One way to compute a family on some targets: a body or a launch plan, with its tunables.
class Algorithm {
  public:
    virtual ~Algorithm() = default;
    virtual std::string_view name() const = 0;
    virtual const Schema& tunables() const = 0;
    /// Why this algorithm cannot serve the target or the traits; empty where it can.
    virtual std::string rejects(const Target&, const Values& traits) const = 0;
    /// Why the configuration is outside the search space (a constraint that it breaks); empty where it is
    /// inside.
    virtual std::string rejects(const Target&, const Values& traits, const Values& config) const = 0;
    /// Whether a tuner need not try a configuration that is admitted: another one is the same kernel, or what
    /// it wastes is known before. It may be given by hand; it is never a default.
    virtual bool redundant(const Target&, const Values& traits, const Values& config) const {
        (void)traits, (void)config;
        return false;
    }
    /// A configuration that is good without tuning; always inside the space.
    virtual Values default_config(const Target&, const Problem&) const = 0;
    /// Whether it is the one to serve extents like these untuned; where not, the next one that can is asked.
    virtual bool suits(const Target&, const Problem&) const { return true; }
    /// Source and launch plan. Depends on the traits only, never on the extents.
    virtual Program generate(const Target&, const Values& traits, const Values& config) const = 0;
};

/// A tensor of float64 on the host, contiguous in the order of its spec's dims.
struct HostTensor {
    std::vector<std::int64_t> shape;
    std::vector<double> data;
};
using HostTensors = std::map<std::string, HostTensor, std::less<>>;

/// The numbers of a tensor; none where it is absent.
std::span<double> data_of(HostTensors&, std::string_view name);
/// Adds an output, zeros, for a reference to fill; none where the traits do not have it.
std::span<double> add_output(HostTensors&, const Problem&, std::string_view name);

class Family {
  public:
    virtual ~Family() = default;
    virtual std::string_view name() const = 0;
    virtual std::string_view summary() const = 0;
    virtual const Schema& traits() const = 0;
    virtual const Schema& extents() const = 0;
    /// Traits with everything derivable derived (an alignment of 0 becomes that of contiguous tensors, whose
    /// rows may be an extent). Throws UserError where they contradict each other.
    virtual Values canonical(const Values& traits, const Values& extents) const {
        (void)extents;
        return traits;
    }
    /// The most that an extent may be beside the others, where traits bound it further than its field does.
    virtual std::int64_t largest_extent(const Values& traits, const Values& extents,
                                        const Field& extent) const {
        (void)traits, (void)extents;
        return extent.maximum;
    }
    /// Throws UserError where an extent is larger than that.
    void check_extents(const Values& traits, const Values& extents) const;
    /// Scalars passed at launch (fp32), with what they default to for a problem (e.g. scale = head_dim^-1/2).
    struct Scalar {
        std::string name;
        std::string help;
        double (*fallback)(const Problem&);
        bool (*when)(const Values& traits) = nullptr; ///< which traits have it; all where it is null
        bool exists(const Values& traits) const { return !when || when(traits); }
    };
    virtual const std::vector<Scalar>& scalars() const = 0;
    virtual const std::vector<TensorSpec>& tensors() const = 0;
    /// The dimensions of a tensor where they depend on the traits; as many as its spec has.
    virtual std::vector<std::string> dims(const Values& traits, const TensorSpec& tensor) const {
        (void)traits;
        return tensor.dims;
    }
    /// In order of preference.
    virtual std::span<const Algorithm* const> algorithms() const = 0;
    /// The definition, in float64. `tensors` holds the inputs present; the outputs are added to it, and what
    /// is both is updated.
    virtual void reference(const Problem&, const std::map<std::string, double>& scalars,
                           HostTensors& tensors) const = 0;
    /// What a verification puts into element `index` of a tensor, counted in the order of its dims. `random`
    /// has mean 0, variance 1 and magnitude 3.47 at most.
    using TestValue = std::function<double(std::int64_t index, double random)>;
    /// Of an input; `scale` is the magnitude that is asked for. Called once for a tensor of many elements.
    virtual TestValue test_values(const Problem&, const TensorSpec&, double scale) const {
        return [=](std::int64_t, double random) { return scale * random; };
    }
    /// Throws UserError where a state or an index, of which the kernels take this on trust, holds what it
    /// must not. For callers that have the values on the host, in the order of the tensor's dims.
    virtual void check_input(const Problem&, const TensorSpec&, std::span<const double> values) const {
        (void)values;
    }
    /// Bound of rms(out - ref) / rms(ref) for an output; unless overridden, that of one rounding to the
    /// problem's dtype and of sums in fp32.
    virtual double error_bound(const Problem&) const;
    /// The same for one of them, where they differ.
    virtual double tensor_error_bound(const Problem& problem, const TensorSpec&) const {
        return error_bound(problem);
    }
    /// Bytes that the first element and every row of a tensor start at a multiple of: those of the trait
    /// `alignment` where there is one, the size of an element for a state.
    virtual std::int64_t alignment(const Problem&, const TensorSpec&) const;
    /// Extents whose every index is computed independently (batch, heads): a check may sample them.
    virtual const std::vector<std::string>& independent_extents() const = 0;
    /// Extents that say how much memory there is and not how much work: tuning keys leave them out.
    virtual const std::vector<std::string>& storage_extents() const;
    /// Floating-point operations that the definition needs in `config` (multiply and add count as two).
    virtual double operations(const Problem&, const Config&) const = 0;
    /// Device memory bytes: each tensor that is present read once, written once, or both.
    virtual double ideal_bytes(const Problem&, bool with_optional = false) const;

    const Algorithm& algorithm(std::string_view name) const; ///< throws UserError
    const TensorSpec& tensor(std::string_view name) const;   ///< throws UserError
};

/// Every configuration of an algorithm that its constraints admit, without the redundant ones, in a fixed
/// order.
std::vector<Config> search_space(const Algorithm&, const Target&, const Values& traits);
/// Every one that has the values `given`, be they candidates or not; redundant ones too.
std::vector<Config> search_space(const Algorithm&, const Target&, const Values& traits,
                                 const std::map<std::string, std::int64_t>& given);
/// The same for all algorithms of the family that serve the target and the traits.
std::vector<Config> search_space(const Family&, const Target&, const Values& traits);
/// The default configuration of the first algorithm that serves. Throws UserError with the reasons if none
/// does.
Config default_config(const Target&, const Problem&);

} // namespace chela
