#include "runtime/emulator/launch.hpp"

#include <fmt/format.h>

namespace chela::emulator {

std::string Options::to_string(const Target& target) const {
    return fmt::format("{}--target emulator:{}{}", seed ? fmt::format("CHELA_EMULATOR_SEED={} ", seed) : "",
                       target.arch(), check_races ? " --check race" : "");
}

void Launch::report(std::int64_t at_block, std::string message) {
    const std::lock_guard lock(mutex_);
    if (at_block >= failed_block_.load()) return;
    failed_block_ = at_block;
    message_ = std::move(message);
}

std::optional<std::string> Launch::failure() const {
    const std::lock_guard lock(mutex_);
    if (failed_block_.load() == INT64_MAX) return std::nullopt;
    return message_;
}

std::string Launch::describe(std::uint32_t site) const {
    if (site == 0 || site >= site_count || !sites[site].file) return "at an unknown line";
    const Site& place = sites[site];
    return fmt::format("{}:{} ({})", place.file, place.line, place.function);
}

} // namespace chela::emulator
