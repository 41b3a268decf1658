#include "cli/table.hpp"

#include <algorithm>
#include <numeric>
#include <stdexcept>

namespace chela::cli {

namespace {

constexpr int gap = 2;

std::string spaces(int count) { return std::string(static_cast<std::size_t>(std::max(0, count)), ' '); }

void trim_end(std::string& line) { line.erase(line.find_last_not_of(' ') + 1); }

} // namespace

void Table::add(std::vector<std::string> cells) {
    if (cells.size() != columns_.size()) throw std::logic_error("a row needs a cell for each column");
    rows_.push_back(std::move(cells));
}

std::vector<int> Table::widths() const {
    std::vector<int> widths;
    for (std::size_t i = 0; i < columns_.size(); ++i) {
        int width = display_width(columns_[i].title);
        for (const auto& row : rows_) width = std::max(width, display_width(row[i]));
        widths.push_back(width);
    }
    return widths;
}

int Table::width() const {
    const auto all = widths();
    return std::accumulate(all.begin(), all.end(), 0) + gap * (static_cast<int>(all.size()) - 1);
}

std::string Table::to_string(const Terminal& terminal, int indent) const {
    const auto width_of = widths();
    const std::size_t last = columns_.size() - 1;
    const int before_last = indent + width() - width_of[last];
    const int room = std::max(20, terminal.width() - before_last);
    std::string text;
    const auto append = [&](const std::vector<std::string>& cells, const auto& style) {
        std::string line = spaces(indent);
        for (std::size_t i = 0; i < last; ++i) {
            const std::string padding = spaces(width_of[i] - display_width(cells[i]));
            const std::string cell = style(cells[i]);
            line += (columns_[i].right ? padding + cell : cell + padding) + spaces(gap);
        }
        const bool fits = width_of[last] <= room;
        const auto pieces = fits ? std::vector{cells[last]} : wrap(cells[last], room);
        for (std::size_t i = 0; i < pieces.size(); ++i) {
            if (i > 0) line.append("\n").append(spaces(before_last));
            if (fits && columns_[last].right) line += spaces(width_of[last] - display_width(pieces[i]));
            line += style(pieces[i]);
        }
        trim_end(line);
        text += line + "\n";
    };
    std::vector<std::string> titles;
    for (const Column& column : columns_) titles.push_back(column.title);
    const bool titled =
        std::any_of(titles.begin(), titles.end(), [](const auto& one) { return !one.empty(); });
    if (titled) append(titles, [&](const std::string& cell) { return terminal.dim(cell); });
    for (const auto& row : rows_) append(row, [](const std::string& cell) { return cell; });
    return text;
}

std::string describe(const Terminal& terminal,
                     const std::vector<std::pair<std::string, std::string>>& lines) {
    Table table({{"", false}, {"", false}});
    for (const auto& [name, value] : lines) table.add({terminal.dim(name), value});
    return table.to_string(terminal);
}

} // namespace chela::cli
