#include "cli/help.hpp"

#include "cli/problem_options.hpp"
#include "cli/terminal.hpp"

#include <CLI/Formatter.hpp>
#include <algorithm>
#include <cctype>
#include <fmt/format.h>
#include <numeric>

namespace chela::cli {

namespace {

class WrappedHelp final : public CLI::Formatter {
  public:
    WrappedHelp() : width_(std::clamp(Terminal(stdout).width(), 60, 100)) { column_width(30); }

    std::string make_option_desc(const CLI::Option* option) const override {
        const auto lines = wrap(option->get_description(), width_ - static_cast<int>(get_column_width()));
        return fmt::format("{}", fmt::join(lines, "\n"));
    }
    std::string make_option_name(const CLI::Option* option, bool positional) const override {
        // What a flag sets is in braces: "--causal{true},--no-causal{false}".
        std::string name = Formatter::make_option_name(option, positional);
        for (std::size_t begin; (begin = name.find('{')) != std::string::npos;)
            name.erase(begin, name.find('}', begin) + 1 - begin);
        return name;
    }
    std::string make_description(const CLI::App* app) const override {
        std::string text = app->get_description();
        if (text.empty()) return text;
        text.front() = static_cast<char>(std::toupper(static_cast<unsigned char>(text.front())));
        return fmt::format("{}\n\n", fmt::join(wrap(text, width_), "\n"));
    }
    std::string make_help(const CLI::App* app, std::string name, CLI::AppFormatMode mode) const override {
        // One blank line between groups, not two.
        return CLI::detail::find_and_replace(Formatter::make_help(app, name, mode), "\n\n\n", "\n\n");
    }

  private:
    int width_;
};

std::size_t edits(std::string_view a, std::string_view b) { // Levenshtein's distance, one row at a time
    std::vector<std::size_t> row(b.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 1; i <= a.size(); ++i) {
        std::size_t diagonal = std::exchange(row[0], i);
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t above = row[j];
            row[j] = std::min({above + 1, row[j - 1] + 1, diagonal + (a[i - 1] != b[j - 1])});
            diagonal = above;
        }
    }
    return row.back();
}

} // namespace

std::shared_ptr<CLI::Formatter> help_formatter() { return std::make_shared<WrappedHelp>(); }

void add_example(CLI::App& app, const std::string& command_line) {
    app.footer("Example:\n  " + command_line);
}

std::string example_options(const Family& family) {
    std::string text;
    for (const Schema* schema : {&family.traits(), &family.extents()})
        for (const Field& field : *schema) {
            if (field.kind == Field::Kind::integer && field.fallback == 0)
                continue; // derived where it is left out
            if (field.kind == Field::Kind::choice && field.name != "dtype") continue;
            if (!text.empty()) text += " ";
            text += option_text(field, field.fallback);
        }
    return text;
}

std::string nearest(std::string_view word, const std::vector<std::string>& known) {
    std::string best;
    std::size_t least = std::max<std::size_t>(1, word.size() / 3) + 1;
    for (const std::string& candidate : known)
        if (const std::size_t distance = edits(word, candidate); distance < least) {
            least = distance;
            best = candidate;
        }
    return best;
}

} // namespace chela::cli
