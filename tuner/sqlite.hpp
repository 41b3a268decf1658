#pragma once
// A thin owner of SQLite's handles: connections, cached prepared statements, transactions.

#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <unordered_map>

struct sqlite3;
struct sqlite3_stmt;

namespace chela::sqlite {

struct Error : std::runtime_error {
    Error(int code_, const std::string& message) : std::runtime_error(message), code(code_) {}
    int code; ///< SQLite's primary result code
    bool busy() const;
    bool damaged() const; ///< the file is not a database, or is one with broken pages
};

/// A statement that is running: bound on construction, free for the next use on destruction.
class Query {
  public:
    Query(sqlite3* connection, sqlite3_stmt* statement) : connection_(connection), statement_(statement) {}
    Query(Query&& other) noexcept : connection_(other.connection_), statement_(other.statement_) {
        other.statement_ = nullptr;
    }
    Query(const Query&) = delete;
    Query& operator=(const Query&) = delete;
    Query& operator=(Query&&) = delete;
    ~Query();

    /// The next row, false after the last. Throws Error.
    bool step();
    std::string text(int column) const; ///< NULL reads as ""
    double real(int column) const;      ///< NULL reads as NaN, which SQLite stores as NULL
    std::int64_t integer(int column) const;

    void bind(int index, std::string_view value);
    void bind(int index, double value);
    void bind(int index, std::int64_t value);

  private:
    sqlite3* connection_;
    sqlite3_stmt* statement_;
};

class Connection {
  public:
    /// Creates the file where there is none. Waits up to `busy_ms` for another process. Throws Error.
    Connection(const std::string& path, int busy_ms);

    /// Any number of statements without parameters or rows.
    void execute(const char* sql);

    /// `sql` with its parameters bound in order. Prepared once per connection.
    template <class... Values>
    Query query(std::string_view sql, const Values&... values) {
        Query query(handle_.get(), prepared(sql));
        [[maybe_unused]] int index = 0;
        (query.bind(++index, plain(values)), ...);
        return query;
    }
    /// The same for a statement whose rows do not matter.
    template <class... Values>
    void run(std::string_view sql, const Values&... values) {
        Query running = query(sql, values...);
        while (running.step()) {
        }
    }
    std::int64_t integer(std::string_view sql);
    std::int64_t changes() const; ///< rows touched by the latest statement
    bool moved() const;           ///< the file was renamed or removed since it was opened

  private:
    template <class Value>
    static auto plain(const Value& value) {
        if constexpr (std::is_floating_point_v<Value>) {
            return static_cast<double>(value);
        } else if constexpr (std::is_integral_v<Value>) {
            return static_cast<std::int64_t>(value);
        } else {
            return std::string_view(value);
        }
    }
    sqlite3_stmt* prepared(std::string_view sql);

    struct Close {
        void operator()(sqlite3*) const;
    };
    struct Finalize {
        void operator()(sqlite3_stmt*) const;
    };
    std::unique_ptr<sqlite3, Close> handle_;
    std::unordered_map<std::string, std::unique_ptr<sqlite3_stmt, Finalize>>
        statements_; // closed before handle_
};

/// Takes the write lock at once, so that it cannot fail half-way for another writer. Rolls back unless
/// committed.
class Transaction {
  public:
    explicit Transaction(Connection&);
    Transaction(const Transaction&) = delete;
    Transaction& operator=(const Transaction&) = delete;
    ~Transaction();
    void commit();

  private:
    Connection& connection_;
    bool open_ = true;
};

} // namespace chela::sqlite
