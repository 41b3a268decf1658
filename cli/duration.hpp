#pragma once
// Spans of time as a person writes and reads them.

#include <string>
#include <string_view>

namespace chela::cli {

/// Seconds of "60s", "2m", "1.5h" or "500ms". Throws UserError naming the option, the text and what would be
/// right.
double parse_seconds(std::string_view option, std::string_view text);

/// "0:23", "12:05", "1:02:03": for a clock that counts down.
std::string clock_text(double seconds);
/// "350 ms", "58.3 s", "2 min 5 s".
std::string seconds_text(double seconds);
/// Milliseconds with four digits and the unit that suits: "412.3 µs", "1.234 ms", "2.100 s".
std::string time_text(double milliseconds);

} // namespace chela::cli
