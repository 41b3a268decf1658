#pragma once
// How near a time is to what the device can do at all.

#include "codegen/family.hpp"
#include "runtime/session.hpp"

#include <nlohmann/json.hpp>
#include <string>

namespace chela::cli {

struct Roofline {
    double ideal_bytes = 0; ///< each tensor read or written once
    double operations = 0;
    double copy_bandwidth = 0; ///< bytes per second, measured; 0 where unknown
    double peak_flops = 0;     ///< operations per second, measured; 0 where unknown

    /// Without the device's part.
    static Roofline of(const Problem&, const Config&);
    /// Measures the device, which takes a moment.
    void measure(Device&);

    double intensity() const {
        return ideal_bytes > 0 ? operations / ideal_bytes : 0;
    } ///< operations per byte
    double share_of_copy(double milliseconds) const;
    double share_of_peak(double milliseconds) const;
    /// The share of the limit that binds: "61 % of copy" or "55 % of FMA peak"; empty where neither is known.
    std::string share_text(double milliseconds) const;
    /// {"ideal_bytes", "operations", "operations_per_byte"} and, of a time, what the device makes of it.
    nlohmann::ordered_json to_json() const;
};

/// With a prefix of 1000: "12.3 G".
std::string quantity_text(double value);
/// With a prefix of 1024: "128.0 MiB".
std::string bytes_text(double bytes);

} // namespace chela::cli
