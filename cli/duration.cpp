#include "cli/duration.hpp"

#include "codegen/error.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <fmt/format.h>
#include <utility>

namespace chela::cli {

double parse_seconds(std::string_view option, std::string_view text) {
    static constexpr std::array<std::pair<std::string_view, double>, 4> units = {
        {{"ms", 1e-3}, {"s", 1}, {"m", 60}, {"h", 3600}}};
    const auto refuse = [&] {
        return UserError(fmt::format(
            "{} is '{}'; it must be a positive number with a unit (ms, s, m or h), such as 60s, 2m or 500ms",
            option, text));
    };
    double value = 0;
    const char* end = text.data() + text.size();
    const auto [unit_begin, error] = std::from_chars(text.data(), end, value, std::chars_format::fixed);
    const std::string_view unit(unit_begin, static_cast<std::size_t>(end - unit_begin));
    const auto found =
        std::find_if(units.begin(), units.end(), [&](const auto& one) { return one.first == unit; });
    if (error != std::errc() || found == units.end() || !std::isfinite(value) || value <= 0) throw refuse();
    const double seconds = value * found->second;
    constexpr double week = 7 * 24 * 3600;
    if (seconds < 1e-3 || seconds > week)
        throw UserError(fmt::format("{} is '{}'; it must be 1ms to a week (168h)", option, text));
    return seconds;
}

std::string clock_text(double seconds) {
    const auto whole = static_cast<long>(std::ceil(std::max(0.0, seconds)));
    if (whole < 3600) return fmt::format("{}:{:02}", whole / 60, whole % 60);
    return fmt::format("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60);
}

std::string seconds_text(double seconds) {
    if (seconds < 0.9995) return fmt::format("{:.0f} ms", seconds * 1e3);
    if (seconds < 99.95) return fmt::format("{:.1f} s", seconds);
    const auto whole = static_cast<long>(std::lround(seconds));
    return fmt::format("{} min {} s", whole / 60, whole % 60);
}

std::string time_text(double milliseconds) {
    if (!std::isfinite(milliseconds)) return "-";
    const auto [value, unit] = milliseconds < 1      ? std::pair(milliseconds * 1e3, "µs")
                               : milliseconds < 1000 ? std::pair(milliseconds, "ms")
                                                     : std::pair(milliseconds / 1e3, "s");
    const int digits = value < 10 ? 3 : value < 100 ? 2 : value < 1000 ? 1 : 0;
    return fmt::format("{:.{}f} {}", value, digits, unit);
}

} // namespace chela::cli
