#pragma once
// How text looks on the stream that it goes to: colours and redrawing on a terminal, plain lines elsewhere.

#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

namespace chela::cli {

class Terminal {
  public:
    explicit Terminal(std::FILE* stream);

    /// Whether a person watches, so that a line may be redrawn.
    bool interactive() const { return interactive_; }
    /// Columns. Where nobody watches, there is no limit: nothing is cut off or wrapped.
    int width() const { return width_; }

    // As they are where the stream has no colours (no terminal, NO_COLOR set, TERM=dumb).
    std::string bold(std::string_view text) const { return styled("1", text); }
    std::string dim(std::string_view text) const { return styled("2", text); }
    std::string red(std::string_view text) const { return styled("31", text); }
    std::string green(std::string_view text) const { return styled("32", text); }
    std::string yellow(std::string_view text) const { return styled("33", text); }
    std::string cyan(std::string_view text) const { return styled("36", text); }

  private:
    std::string styled(const char* code, std::string_view text) const;
    bool interactive_ = false;
    bool coloured_ = false;
    int width_;
};

/// Columns that UTF-8 text takes, without escape sequences. Every character counts as one.
int display_width(std::string_view text);
/// At most `width` columns of unstyled text; what is too long ends with "…".
std::string shorten(std::string_view text, int width);
/// The words of unstyled text in lines of at most `width` columns; a longer word has a line of its own.
std::vector<std::string> wrap(std::string_view text, int width);

} // namespace chela::cli
