#include "templates/embedded_files.hpp"
#include "templates/long_conv/plan.hpp"
#include "templates/short_conv/plan.hpp"
#include "templates/short_long_conv/family.hpp"

#include <array>
#include <fmt/format.h>
#include <span>

namespace chela {

namespace {

Values long_traits(const Values& traits) {
    Values of_long(long_conv_family().traits());
    for (const char* name : {"skip", "layout", "dtype", "alignment", "reach"})
        of_long.set(name, traits[name]);
    return of_long;
}
Values short_traits(const Values& traits) {
    Values of_short(short_conv_family().traits());
    for (const char* name : {"width", "activation", "bias", "layout", "dtype", "alignment"})
        of_short.set(name, traits[name]);
    return of_short;
}

/// The values of the fields that `to` has.
Values part_of(const Values& all, const Schema& to) {
    Values part(to);
    for (const Field& field : to) part.set(field.name, all[field.name]);
    return part;
}

/// An algorithm of the long convolution. In the sequential arrangement the short one is computed where its
/// inputs are loaded, or by a launch of its own before; in the parallel one both kernels are merged once.
class Composed final : public Algorithm {
  public:
    explicit Composed(const LongConvAlgorithm& of_long) : long_(of_long), tunables_(of_long.tunables()) {
        tunables_.push_back(
            Field::boolean("fused", true, "the short convolution has no launch of its own").over({1, 0}));
    }
    std::string_view name() const override { return long_.name(); }
    const Schema& tunables() const override { return tunables_; }

    std::string rejects(const Target& target, const Values& traits) const override {
        return long_.rejects(target, long_traits(traits));
    }
    std::string rejects(const Target& target, const Values& traits, const Values& config) const override {
        if (arrangement(traits) == Arrangement::parallel && config["fused"] == 0)
            return "a merged kernel leaves nothing for a launch before: fused must be true";
        return long_.rejects(target, long_traits(traits), part_of(config, long_.tunables()));
    }
    bool redundant(const Target& target, const Values& traits, const Values& config) const override {
        return long_.redundant(target, long_traits(traits), part_of(config, long_.tunables()));
    }
    bool suits(const Target& target, const Problem& problem) const override {
        return long_.suits(target, long_problem(problem));
    }
    Values default_config(const Target& target, const Problem& problem) const override {
        const Values of_long = long_.default_config(target, long_problem(problem));
        Values config(tunables_);
        for (const Field& field : long_.tunables()) config.set(field.name, of_long[field.name]);
        if (target.backend == Backend::cpu) return config;
        // A transform loads inputs once, and few taps stay in registers with what they are of; tiles of
        // outputs load theirs each.
        constexpr std::int64_t few_taps = 8, few_tiles = 1024;
        if (arrangement(problem.traits) == Arrangement::sequential)
            config.set("fused", !long_.copies_inputs() &&
                                    (long_.loads_once() ? problem.traits["width"] <= few_taps
                                                        : problem.extents["length"] <= few_tiles));
        // What is added to sums takes registers: not as many are kept for other blocks.
        const std::int64_t few_blocks = config["fused"] ? 1 : 2;
        if (config["blocks_per_sm"] > few_blocks && !long_.loads_once())
            config.set("blocks_per_sm", config["blocks_per_sm"] - 1);
        return config;
    }

    Program generate(const Target& target, const Values& traits, const Values& config) const override {
        const bool cpu = target.backend == Backend::cpu,
                   parallel = arrangement(traits) == Arrangement::parallel,
                   between = !parallel && config["fused"] == 0, in_loading = !parallel && !between;
        const Config own{this, config};
        const auto adapt = [&](EmitRequest& request, const char* view) {
            request.family = &short_long_conv_family();
            request.traits = traits;
            request.part_of = &own;
            request.view_file = cpu ? "short_long_conv/views.cpu.h" : "short_long_conv/gpu_views.cuh";
            request.view = view;
            // What the parts have and their sum has not.
            for (const char* name : {"bidirectional", "packed"})
                request.derived.push_back({"bool", name, "false"});
            request.derived.push_back({"bool", "short_in_loading", in_loading ? "true" : "false"});
            for (const char* name : {"state", "residual"}) request.derived.push_back({"int", name, "0"});
        };
        Program program;
        if (between)
            append(program, short_program(target, traits, [&](EmitRequest& request) {
                       adapt(request, "short_view");
                       request.derived.push_back({"bool", "causal", "true"});
                   }));
        if (parallel) append(program, merge_program(target, traits, own));
        append(program,
               long_.generate(target, long_traits(traits), part_of(config, long_.tunables()),
                              [&](EmitRequest& request) {
                                  adapt(request, "long_view");
                                  request.algorithm = this;
                                  request.config = config;
                                  request.prepared |= parallel;
                                  for (const char* file : {"tokens.cuh", "tokens.cpu.h", "outputs.cuh"})
                                      replace(request, file);
                                  if (!in_loading) return;
                                  if (conv_layout(traits) == ConvLayout::channels_last) {
                                      replace(request, "turn_inputs.cuh");
                                  } else {
                                      replace(request, "row_inputs.cuh");
                                      replace(request, "pending_inputs.cuh");
                                  }
                              }));
        if (program.prepares()) {
            program.prepared_from = {"kernel"};
            if (parallel) program.prepared_from.emplace_back("weight");
            if (traits["skip"]) program.prepared_from.emplace_back("skip");
        }
        return program;
    }

  private:
    /// Puts a file of this family in the place of the long convolution's.
    static void replace(EmitRequest& request, std::string_view file) {
        request.replaced[fmt::format("long_conv/{}", file)] = fmt::format("short_long_conv/{}", file);
    }

    static Problem long_problem(const Problem& problem) {
        Values extents(long_conv_family().extents());
        for (const Field& extent : problem.family->extents())
            extents.set(extent.name, problem.extents[extent.name]);
        return {&long_conv_family(), long_traits(problem.traits), extents};
    }

    /// Behind what is there, in time and in memory.
    static void append(Program& program, Program part) {
        for (Kernel& kernel : part.kernels) program.kernels.push_back(std::move(kernel));
        program.workspace_bytes = program.workspace_bytes + part.workspace_bytes;
        program.prepared_bytes = program.prepared_bytes + part.prepared_bytes;
    }

    /// From x into the workspace, by the short convolution's own rule for much work.
    static Program short_program(const Target& target, const Values& traits, const AdaptRequest& adapt) {
        const Values of_short = short_traits(traits);
        const bool last = conv_layout(traits) == ConvLayout::channels_last;
        const ShortConvAlgorithm& algorithm = target.backend == Backend::cpu ? short_conv_cpu_vectors()
                                              : last                         ? short_conv_sliding_window()
                                                                             : short_conv_row_vectors();
        Values extents(short_conv_family().extents());
        extents.set("batch", 8).set("length", 4096).set("channels", 1024);
        const Problem large(&short_conv_family(), of_short, extents);
        Program program =
            algorithm.generate(target, of_short, algorithm.default_config(target, large), adapt);
        const std::int64_t together = 16 / size_of(static_cast<DType>(traits["dtype"]));
        program.workspace_bytes = {
            16, {{"batch", 1}, {"length", last ? 1 : together}, {"channels", last ? together : 1}}};
        return program;
    }

    static Program merge_program(const Target& target, const Values& traits, const Config& own) {
        const bool cpu = target.backend == Backend::cpu;
        constexpr int threads = 256;
        const EmitRequest request{.family = &short_long_conv_family(),
                                  .target = target,
                                  .traits = traits,
                                  .algorithm = own.algorithm,
                                  .config = own.values,
                                  .body = cpu ? "short_long_conv/merge.cpu.h" : "short_long_conv/merge.cuh",
                                  .function = "short_long_conv_merge",
                                  .block = cpu ? 1 : threads,
                                  .derived = {long_conv_constant("merge_threads", threads)},
                                  .prepared = true};
        Count grid{1, {{"channels", 1}}};
        if (!cpu) grid.terms.push_back({"kernel_length", threads});
        Program program;
        program.kernels.push_back({request.function,
                                   emit(embedded_files(), request),
                                   {.grid = grid, .block = request.block},
                                   true});
        program.prepared_bytes = {16, {{"channels", 4}, {"kernel_length", 1}}};
        return program;
    }

    const LongConvAlgorithm& long_;
    Schema tunables_;
};

} // namespace

std::span<const Algorithm* const> short_long_conv_algorithms() {
    static const Composed fft_mma(long_conv_fft_mma()), fft(long_conv_fft()),
        fft_split(long_conv_fft_split()), toeplitz_wgmma(long_conv_toeplitz_wgmma()),
        toeplitz_batch(long_conv_toeplitz_batch()), toeplitz(long_conv_toeplitz()),
        direct(long_conv_direct()), cpu_fft(long_conv_cpu_fft()), cpu_blocked(long_conv_cpu_blocked());
    static const std::array<const Algorithm*, 9> list{&fft_mma,        &fft,      &fft_split, &toeplitz_wgmma,
                                                      &toeplitz_batch, &toeplitz, &direct,    &cpu_fft,
                                                      &cpu_blocked};
    return list;
}

} // namespace chela
