#include "tuner/sqlite.hpp"

#include <limits>
#include <sqlite3.h>

namespace chela::sqlite {
namespace {

void require(int code, sqlite3* connection) {
    if (code == SQLITE_OK || code == SQLITE_ROW || code == SQLITE_DONE) return;
    throw Error(code & 0xff, connection ? sqlite3_errmsg(connection) : sqlite3_errstr(code));
}

} // namespace

bool Error::busy() const { return code == SQLITE_BUSY || code == SQLITE_LOCKED; }
bool Error::damaged() const { return code == SQLITE_CORRUPT || code == SQLITE_NOTADB; }

Query::~Query() {
    if (statement_) sqlite3_reset(statement_);
}

bool Query::step() {
    const int code = sqlite3_step(statement_);
    require(code, connection_);
    return code == SQLITE_ROW;
}

std::string Query::text(int column) const {
    const auto* bytes = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
    return bytes ? std::string(bytes, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column)))
                 : "";
}

double Query::real(int column) const {
    if (sqlite3_column_type(statement_, column) == SQLITE_NULL)
        return std::numeric_limits<double>::quiet_NaN();
    return sqlite3_column_double(statement_, column);
}

std::int64_t Query::integer(int column) const { return sqlite3_column_int64(statement_, column); }

void Query::bind(int index, std::string_view value) {
    require(sqlite3_bind_text64(statement_, index, value.data(), value.size(), SQLITE_TRANSIENT, SQLITE_UTF8),
            connection_);
}
void Query::bind(int index, double value) {
    require(sqlite3_bind_double(statement_, index, value), connection_);
}
void Query::bind(int index, std::int64_t value) {
    require(sqlite3_bind_int64(statement_, index, value), connection_);
}

void Connection::Close::operator()(sqlite3* handle) const { sqlite3_close_v2(handle); }
void Connection::Finalize::operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }

Connection::Connection(const std::string& path, int busy_ms) {
    sqlite3* handle = nullptr;
    const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
    const int code = sqlite3_open_v2(path.c_str(), &handle, flags, nullptr);
    handle_.reset(handle);
    require(code, handle);
    require(sqlite3_busy_timeout(handle, busy_ms), handle);
}

void Connection::execute(const char* sql) {
    require(sqlite3_exec(handle_.get(), sql, nullptr, nullptr, nullptr), handle_.get());
}

std::int64_t Connection::integer(std::string_view sql) {
    Query running = query(sql);
    return running.step() ? running.integer(0) : 0;
}

std::int64_t Connection::changes() const { return sqlite3_changes64(handle_.get()); }

bool Connection::moved() const {
    int moved = 0;
    sqlite3_file_control(handle_.get(), "main", SQLITE_FCNTL_HAS_MOVED, &moved);
    return moved != 0;
}

sqlite3_stmt* Connection::prepared(std::string_view sql) {
    auto& statement = statements_[std::string(sql)];
    if (!statement) {
        sqlite3_stmt* created = nullptr;
        require(sqlite3_prepare_v3(handle_.get(), sql.data(), static_cast<int>(sql.size()),
                                   SQLITE_PREPARE_PERSISTENT, &created, nullptr),
                handle_.get());
        statement.reset(created);
    }
    return statement.get();
}

Transaction::Transaction(Connection& connection) : connection_(connection) {
    connection.run("BEGIN IMMEDIATE");
}

Transaction::~Transaction() {
    if (!open_) return;
    try {
        connection_.run("ROLLBACK");
    } catch (const Error&) { // a failed statement may have rolled back already
    }
}

void Transaction::commit() {
    connection_.run("COMMIT");
    open_ = false;
}

} // namespace chela::sqlite
