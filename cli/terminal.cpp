#include "cli/terminal.hpp"

#include <algorithm>
#include <cstdlib>
#include <fmt/format.h>
#include <limits>
#include <sys/ioctl.h>
#include <unistd.h>

namespace chela::cli {

namespace {

bool starts_character(char byte) { return (static_cast<unsigned char>(byte) & 0xc0) != 0x80; }

} // namespace

Terminal::Terminal(std::FILE* stream) : width_(std::numeric_limits<int>::max()) {
    const int descriptor = fileno(stream);
    if (descriptor < 0 || !isatty(descriptor)) return;
    const char* kind = std::getenv("TERM");
    interactive_ = kind != nullptr && std::string_view(kind) != "dumb";
    const char* plain = std::getenv("NO_COLOR"); // https://no-color.org
    coloured_ = interactive_ && (plain == nullptr || *plain == '\0');
    winsize size{};
    width_ = ioctl(descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col >= 20 ? size.ws_col : 80;
}

std::string Terminal::styled(const char* code, std::string_view text) const {
    return coloured_ && !text.empty() ? fmt::format("\033[{}m{}\033[0m", code, text) : std::string(text);
}

int display_width(std::string_view text) {
    int width = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '\033') {
            i = std::min(text.find('m', i), text.size() - 1);
        } else if (starts_character(text[i])) {
            ++width;
        }
    }
    return width;
}

std::string shorten(std::string_view text, int width) {
    if (display_width(text) <= width) return std::string(text);
    if (width < 1) return "";
    std::size_t end = 0;
    for (int columns = 0; end < text.size(); ++end)
        if (starts_character(text[end]) && ++columns == width) break;
    return std::string(text.substr(0, end)) + "…";
}

std::vector<std::string> wrap(std::string_view text, int width) {
    std::vector<std::string> lines(1);
    while (!text.empty()) {
        const std::size_t end = std::min(text.find(' '), text.size());
        const std::string_view word = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        if (word.empty()) continue;
        std::string& line = lines.back();
        if (line.empty()) {
            line = word;
        } else if (display_width(line) + 1 + display_width(word) <= width) {
            line.append(" ").append(word);
        } else {
            lines.emplace_back(word);
        }
    }
    return lines;
}

} // namespace chela::cli
