#pragma once
// What to show first of a compiler's log.

#include <string>
#include <string_view>

namespace chela {

/// The line of the first error, or the first line where no line is marked as one.
inline std::string first_error(std::string_view log) {
    std::size_t mark = log.find("error: ");
    if (mark == std::string_view::npos) mark = log.find("ptxas error"); // "ptxas error   : …"
    if (mark == std::string_view::npos) mark = log.find("ptxas fatal");
    if (mark == std::string_view::npos) mark = 0;
    const std::size_t begin = log.rfind('\n', mark) + 1; // npos + 1 is 0: the start of the log
    return std::string(log.substr(begin, log.find('\n', mark) - begin));
}

} // namespace chela
