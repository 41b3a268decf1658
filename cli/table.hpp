#pragma once
// Rows and columns as text.

#include "cli/terminal.hpp"

#include <string>
#include <vector>

namespace chela::cli {

class Table {
  public:
    struct Column {
        std::string title;
        bool right = false; ///< numbers are aligned at their last digit
    };
    explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

    /// One cell per column. Cells may be styled, except those of the last column, which may be wrapped.
    void add(std::vector<std::string> cells);
    bool empty() const { return rows_.empty(); }
    /// Columns of text that the whole table takes.
    int width() const;
    /// Two spaces between columns, each line after `indent` spaces. Where the table is wider than the
    /// terminal, the last column is wrapped.
    std::string to_string(const Terminal&, int indent = 2) const;

  private:
    std::vector<int> widths() const;
    std::vector<Column> columns_;
    std::vector<std::vector<std::string>> rows_;
};

/// Lines of "name  value", the names aligned and dimmed: a table without titles. Values too long are wrapped.
std::string describe(const Terminal&, const std::vector<std::pair<std::string, std::string>>& lines);

} // namespace chela::cli
