#include "cli/roofline.hpp"

#include <array>
#include <fmt/format.h>

namespace chela::cli {

namespace {

double share(double work, double rate, double milliseconds) {
    return work > 0 && rate > 0 && milliseconds > 0 ? work / rate / (milliseconds * 1e-3) : 0;
}

std::string scaled(double value, double base, const std::array<const char*, 6>& prefixes) {
    std::size_t prefix = 0;
    for (; value >= base && prefix + 1 < prefixes.size(); ++prefix) value /= base;
    const int digits = prefix == 0 || value >= 100 ? 0 : value < 10 ? 2 : 1;
    return fmt::format("{:.{}f} {}", value, digits, prefixes[prefix]);
}

} // namespace

Roofline Roofline::of(const Problem& problem, const Config& config) {
    return {problem.family->ideal_bytes(problem), problem.family->operations(problem, config), 0, 0};
}

void Roofline::measure(Device& device) {
    copy_bandwidth = device.copy_bandwidth();
    peak_flops = device.peak_flops();
}

double Roofline::share_of_copy(double milliseconds) const {
    return share(ideal_bytes, copy_bandwidth, milliseconds);
}
double Roofline::share_of_peak(double milliseconds) const {
    return share(operations, peak_flops, milliseconds);
}

std::string Roofline::share_text(double milliseconds) const {
    const double copy = share_of_copy(milliseconds), peak = share_of_peak(milliseconds);
    if (copy == 0 && peak == 0) return "";
    return peak > copy ? fmt::format("{:.0f} % of FMA peak", 100 * peak)
                       : fmt::format("{:.0f} % of copy", 100 * copy);
}

nlohmann::ordered_json Roofline::to_json() const {
    return {{"ideal_bytes", ideal_bytes}, {"operations", operations}, {"operations_per_byte", intensity()}};
}

std::string quantity_text(double value) { return scaled(value, 1000, {"", "k", "M", "G", "T", "P"}); }
std::string bytes_text(double bytes) {
    return scaled(bytes, 1024, {"bytes", "KiB", "MiB", "GiB", "TiB", "PiB"});
}

} // namespace chela::cli
