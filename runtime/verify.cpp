#include "runtime/verify.hpp"

#include "codegen/error.hpp"
#include "runtime/compare.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <limits>

namespace chela {
namespace {

constexpr std::size_t kept_cases = 4, kept_references = 8;

bool same_inputs(const VerifyOptions& a, const VerifyOptions& b) {
    return a.seed == b.seed && a.value_scale == b.value_scale && a.optional_inputs == b.optional_inputs &&
           a.scalars == b.scalars && a.values == b.values;
}

bool same_case(const VerifyOptions& a, const VerifyOptions& b) {
    return same_inputs(a, b) && a.layout == b.layout && a.optional_outputs == b.optional_outputs;
}

} // namespace

VerificationCase::VerificationCase(Device& device, const Problem& problem, const VerifyOptions& options,
                                   Reference reference)
    : device_(device), problem_(problem), options_(options), reference_(std::move(reference)),
      arguments_(problem) {
    for (const TensorSpec& spec : problem.tensors()) {
        if (!options.present(spec)) continue;
        auto& tensors = spec.output() ? outputs_ : inputs_;
        GuardedTensor& tensor = tensors.emplace_back(device, problem, spec, options.layout);
        if (spec.input()) tensor.set(InputValues(problem, spec, options));
        arguments_.tensor(spec.name, tensor.data(), tensor.placement().strides);
    }
    for (const auto& [name, value] : scalars_of(problem, options)) arguments_.scalar(name, value);
    arguments_.check();
}

void VerificationCase::lend_memory(const Program& program) {
    const auto fit = [&](std::unique_ptr<GuardedMemory>& memory, const Count& wanted) {
        const auto bytes = static_cast<std::size_t>(wanted.evaluate(problem_.extents));
        if (memory && memory->bytes() == bytes) return;
        memory.reset(); // first, so that two never have to fit
        memory = std::make_unique<GuardedMemory>(device_, bytes);
    };
    fit(workspace_, program.workspace_bytes);
    fit(prepared_, program.prepared_bytes);
    arguments_.workspace(workspace_->data(), workspace_->bytes()).prepared(prepared_->data());
}

void VerificationCase::prepare(const Program& program, const LoadedProgram& loaded) {
    launch(program, loaded, Phase::prepare);
}

void VerificationCase::launch(const Program& program, const LoadedProgram& loaded, Phase phase,
                              Stream stream) {
    lend_memory(program);
    chela::launch(device_, program, loaded, arguments_, phase, stream);
}

VerifyResult VerificationCase::failure(std::string what) const {
    what += fmt::format(" ({}; {})", options_.to_string(), problem_.to_string());
    return {.passed = false,
            .relative_error = std::numeric_limits<double>::quiet_NaN(),
            .output = {},
            .detail = std::move(what)};
}

VerifyResult VerificationCase::check_once(const Program& program, const LoadedProgram& loaded) {
    lend_memory(program);
    prepared_->poison();
    prepare(program, loaded);
    workspace_->poison(); // what is prepared may not lie in it
    const std::vector<std::byte> prepared = prepared_->contents();
    for (GuardedTensor& output : outputs_) {
        if (output.spec().input())
            output.upload(); // updated in place: it starts anew
        else
            output.poison();
    }
    launch(program, loaded);
    device_.synchronize();

    for (GuardedTensor& input : inputs_) {
        if (!input.unchanged()) return failure(input.spec().name + ": an input, was written to");
    }
    for (const auto& [name, memory] :
         {std::pair("workspace", workspace_.get()), {"prepared", prepared_.get()}})
        if (!memory->guards_intact())
            return failure(
                fmt::format("{}: written outside its {} bytes (guard band)", name, memory->bytes()));
    if (prepared_->contents() != prepared)
        return failure("prepared: changed by a launch; it must serve any number of them");
    const auto reference = reference_();
    VerifyResult worst{.passed = true};
    std::string wrong;
    for (GuardedTensor& output : outputs_) {
        output.download();
        if (std::string damage = output.damage(); !damage.empty()) return failure(std::move(damage));
        Comparison comparison = compare(problem_, output, *reference);
        if (worst.output.empty() || comparison.relative_error > worst.relative_error) {
            worst.relative_error = comparison.relative_error;
            worst.output = output.spec().name;
        }
        if (wrong.empty()) wrong = std::move(comparison.failure);
    }
    if (!wrong.empty()) {
        worst.passed = false;
        worst.detail = failure(std::move(wrong)).detail;
    }
    return worst;
}

VerifyResult VerificationCase::check(const Program& program, const LoadedProgram& loaded) {
    VerifyResult result = check_once(program, loaded);
    if (result.passed) return result;
    for (GuardedTensor& input : inputs_) input.upload();
    // Large inputs are not compared after each run: an earlier program may have damaged them.
    const bool inputs_were_checked = std::ranges::all_of(inputs_, &GuardedTensor::small);
    return inputs_were_checked ? result : check_once(program, loaded);
}

std::shared_ptr<const ReferenceSlices> Verifier::reference(const Problem& problem,
                                                           const VerifyOptions& options) {
    for (const CachedReference& cached : references_) {
        if (cached.problem == problem && same_inputs(cached.options, options)) return cached.slices;
    }
    auto slices = std::make_shared<const ReferenceSlices>(reference_slices(problem, options));
    references_.push_front({problem, options, slices});
    if (references_.size() > kept_references) references_.pop_back();
    return slices;
}

VerificationCase& Verifier::prepare(const Problem& problem, const VerifyOptions& options) {
    const auto found = std::ranges::find_if(cases_, [&](const VerificationCase& known) {
        return known.problem() == problem && same_case(known.options(), options);
    });
    if (found != cases_.end()) {
        cases_.splice(cases_.begin(), cases_, found);
        return cases_.front();
    }
    if (cases_.size() == kept_cases) cases_.pop_back();
    const auto slices = [this, problem, options] { return reference(problem, options); };
    try {
        return cases_.emplace_front(device_, problem, options, slices);
    } catch (const DeviceError&) {
        if (cases_.empty()) throw;
        cases_.clear(); // the older ones take room
    }
    return cases_.emplace_front(device_, problem, options, slices);
}

VerifyOptions usual_options(const Problem& problem, std::uint64_t seed) {
    return {.seed = seed,
            .layout = may_be_contiguous(problem) ? Layout::contiguous : Layout::padded_rows,
            .optional_inputs = false,
            .optional_outputs = false};
}

Problem odd_problem(const Problem& problem) {
    constexpr std::int64_t first_independent = 2, further_independent = 3, odd_length = 333;
    const auto& independent = problem.family->independent_extents();
    const auto& storage = problem.family->storage_extents();
    Problem odd = problem;
    for (const Field& extent : problem.family->extents()) {
        const auto found = std::ranges::find(independent, extent.name);
        std::int64_t value = odd_length;
        if (std::ranges::find(storage, extent.name) != storage.end())
            value = further_independent;
        else if (found != independent.end())
            value = found == independent.begin() ? first_independent : further_independent;
        const std::int64_t largest = odd.family->largest_extent(odd.traits, odd.extents, extent);
        odd.extents.set(extent.name, std::clamp(value, extent.minimum, largest));
    }
    return odd;
}

VerifyOptions odd_options(std::uint64_t seed) { return {.seed = seed, .layout = Layout::padded_rows}; }

VerifyResult verify_candidate(Verifier& verifier, const Problem& problem, const Program& program,
                              const LoadedProgram& loaded, std::uint64_t seed) {
    VerifyResult small = verifier.verify(odd_problem(problem), odd_options(seed), program, loaded);
    if (!small.passed) return small;
    VerifyResult usual = verifier.verify(problem, usual_options(problem, seed), program, loaded);
    if (usual.passed && usual.relative_error < small.relative_error) return small;
    return usual;
}

} // namespace chela
