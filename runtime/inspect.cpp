#include "codegen/error.hpp"
#include "runtime/clang_compiler.hpp"
#include "runtime/cubin.hpp"
#include "runtime/disassemble.hpp"
#include "runtime/nvrtc.hpp"
#include "runtime/session.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace chela {

namespace {

/// Blocks of one kernel that fit a multiprocessor at once, by registers, shared memory and threads.
std::int64_t resident_blocks(const Target& target, const LaunchPlan& plan, const KernelResources& resources) {
    const BlockLimits limits = block_limits(target);
    constexpr std::int64_t system_shared = 1024; // of each block, from compute capability 8.0 on
    const std::int64_t shared = plan.shared_bytes + resources.static_shared_bytes + system_shared;
    const std::int64_t registers = (resources.registers + 7) / 8 * 8 * ((plan.block + 31) / 32 * 32);
    return std::min({limits.shared_bytes_per_sm / shared,
                     limits.registers_per_sm / std::max<std::int64_t>(1, registers),
                     static_cast<std::int64_t>(limits.threads_per_sm / plan.block)});
}

nlohmann::ordered_json resources_of(const Target& target, const Kernel& kernel, const Nvrtc& nvrtc) {
    const Binary binary = nvrtc.compile(kernel.source, kernel.entry, target);
    nlohmann::ordered_json json{{"entry", kernel.entry},
                                {"grid", kernel.launch.grid.to_string()},
                                {"block", kernel.launch.block},
                                {"dynamic_shared_bytes", kernel.launch.shared_bytes}};
    for (const auto& resources : cubin_resources(binary.bytes, binary.log)) {
        if (resources.entry != kernel.entry) continue;
        json["registers"] = resources.registers;
        json["static_shared_bytes"] = resources.static_shared_bytes;
        json["local_bytes"] = resources.local_bytes;
        json["barriers"] = resources.barriers;
        json["code_bytes"] = resources.code_bytes;
        if (resources.spill_store_bytes) json["spill_store_bytes"] = *resources.spill_store_bytes;
        if (resources.spill_load_bytes) json["spill_load_bytes"] = *resources.spill_load_bytes;
        json["blocks_per_sm"] = resident_blocks(target, kernel.launch, resources);
        json["compile_ms"] = binary.compile_ms;
    }
    return json;
}

std::string as_lines(const nlohmann::ordered_json& json) {
    std::string text;
    for (const auto& [name, value] : json.items())
        text += fmt::format("{:<22}{}\n", name, value.is_string() ? value.get<std::string>() : value.dump());
    return text;
}

} // namespace

std::vector<Inspection> inspect(const Options& options, const Target& target, const Problem& problem,
                                const Config& config, Emit emit) {
    const bool cpu = target.backend == Backend::cpu;
    if (cpu && (emit == Emit::ptx || emit == Emit::sass))
        throw UserError(
            "--emit ptx and sass are of CUDA targets; of cpu there are source, llvm, asm and resources");
    if (!cpu && (emit == Emit::llvm || emit == Emit::assembly))
        throw UserError(fmt::format(
            "--emit llvm and asm are of the cpu target; of {} there are source, ptx, sass and resources",
            target.to_string()));
    if (const auto reason = config.algorithm->rejects(target, problem.traits); !reason.empty())
        throw UserError(fmt::format("algorithm '{}' cannot serve this problem on {}: {}",
                                    config.algorithm->name(), target.to_string(), reason));
    if (const auto reason = config.algorithm->rejects(target, problem.traits, config.values); !reason.empty())
        throw UserError(
            fmt::format("config '{}' is outside the search space: {}", config.to_string(), reason));
    const Program program = config.algorithm->generate(target, problem.traits, config.values);
    std::unique_ptr<Nvrtc> nvrtc;
    if (!cpu && emit != Emit::source) nvrtc = std::make_unique<Nvrtc>(options.tools);
    std::vector<Inspection> inspections;
    for (const auto& kernel : program.kernels) {
        Inspection inspection{kernel.entry, {}, {}};
        switch (emit) {
        case Emit::source:
            inspection.text = kernel.source;
            break;
        case Emit::llvm:
            inspection.text = host_llvm_ir(kernel.source, kernel.entry);
            break;
        case Emit::assembly:
            inspection.text = host_assembly(kernel.source, kernel.entry);
            break;
        case Emit::ptx: {
            const Binary ptx = nvrtc->compile(kernel.source, kernel.entry, target, Nvrtc::Emit::ptx);
            inspection.text.assign(reinterpret_cast<const char*>(ptx.bytes.data()), ptx.bytes.size());
            break;
        }
        case Emit::sass:
            inspection.text =
                disassemble(nvrtc->compile(kernel.source, kernel.entry, target).bytes, options.tools);
            break;
        case Emit::resources: {
            nlohmann::ordered_json json;
            if (cpu) {
                const HostObject object = compile_host_object(kernel.source, kernel.entry);
                json = {{"entry", kernel.entry},
                        {"grid", kernel.launch.grid.to_string()},
                        {"scratch_bytes", kernel.launch.shared_bytes},
                        {"object_bytes", object.bytes.size()},
                        {"compile_ms", object.compile_ms}};
            } else {
                json = resources_of(target, kernel, *nvrtc);
            }
            inspection.resources_json = json.dump();
            inspection.text = as_lines(json);
            break;
        }
        }
        inspections.push_back(std::move(inspection));
    }
    return inspections;
}

} // namespace chela
