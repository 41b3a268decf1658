#include "codegen/target.hpp"

#include "codegen/error.hpp"

#include <charconv>
#include <fmt/format.h>

namespace chela {

namespace {

struct Architecture {
    int compute_capability;
    bool arch_specific; ///< generated with the 'a' suffix
    BlockLimits limits;
};

// Technical specifications per compute capability (CUDA C++ Programming Guide 13.0, table 31).
constexpr std::int64_t kib = 1024;
constexpr Architecture architectures[] = {
    {80, false, {163 * kib, 164 * kib, 65536, 1024, 2048}},
    {86, false, {99 * kib, 100 * kib, 65536, 1024, 1536}},
    {87, false, {163 * kib, 164 * kib, 65536, 1024, 1536}},
    {89, false, {99 * kib, 100 * kib, 65536, 1024, 1536}},
    {90, true, {227 * kib, 228 * kib, 65536, 1024, 2048}},
    {100, true, {227 * kib, 228 * kib, 65536, 1024, 2048}},
    {103, true, {227 * kib, 228 * kib, 65536, 1024, 2048}},
    {120, true, {99 * kib, 100 * kib, 65536, 1024, 1536}},
    {121, true, {99 * kib, 100 * kib, 65536, 1024, 1536}},
};

const Architecture* find(int compute_capability) {
    for (const auto& architecture : architectures)
        if (architecture.compute_capability == compute_capability) return &architecture;
    return nullptr;
}

Target refuse(std::string_view text) {
    std::string known = "cpu";
    for (const auto& target : cuda_targets()) known += ", " + target.arch();
    throw UserError(
        fmt::format("target is '{}'; it must be one of {}, or emulator:sm_80 and the like", text, known));
}

} // namespace

Target Target::parse(std::string_view text) {
    if (text == "cpu") return {};
    std::string_view arch = text;
    Target target{Backend::cuda, 0, false};
    if (arch.starts_with("emulator:")) {
        target.backend = Backend::emulator;
        arch.remove_prefix(9);
    }
    if (!arch.starts_with("sm_")) return refuse(text);
    arch.remove_prefix(3);
    const auto [end, error] =
        std::from_chars(arch.data(), arch.data() + arch.size(), target.compute_capability);
    const std::string_view suffix(end, static_cast<std::size_t>(arch.data() + arch.size() - end));
    const Architecture* known = error == std::errc() ? find(target.compute_capability) : nullptr;
    if (!known || (!suffix.empty() && suffix != "a") || (suffix == "a" && !known->arch_specific))
        return refuse(text);
    target.arch_specific =
        known->arch_specific; // sm_90 alone means sm_90a: nothing is gained by the lesser one
    return target;
}

std::string Target::arch() const {
    if (backend == Backend::cpu) return "host";
    return fmt::format("sm_{}{}", compute_capability, arch_specific ? "a" : "");
}

std::string Target::to_string() const {
    if (backend == Backend::cpu) return "cpu";
    return backend == Backend::emulator ? "emulator:" + arch() : arch();
}

BlockLimits block_limits(const Target& target) {
    if (target.backend == Backend::cpu) return {16 * 1024 * kib, 16 * 1024 * kib, 0, 1, 1};
    if (const auto* architecture = find(target.compute_capability)) return architecture->limits;
    throw UserError(fmt::format("compute capability {} is not known", target.compute_capability));
}

const std::vector<Target>& cuda_targets() {
    static const std::vector<Target> targets = [] {
        std::vector<Target> list;
        for (const auto& architecture : architectures)
            list.push_back({Backend::cuda, architecture.compute_capability, architecture.arch_specific});
        return list;
    }();
    return targets;
}

} // namespace chela
