#include "tuner/database_file.hpp"

#include "codegen/error.hpp"
#include "tuner/record.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <fcntl.h>
#include <sys/file.h>
#include <system_error>
#include <thread>
#include <unistd.h>

namespace chela {

namespace fs = std::filesystem;

namespace {

constexpr int busy_ms = 10'000;
constexpr std::int64_t application_id = 0x6368'656c; // "chel"

// Step i leads from schema version i to i + 1. Steps that were ever released are never edited, only followed.
constexpr std::array migrations = {
    R"sql(
CREATE TABLE record (
    id INTEGER PRIMARY KEY,
    problem_key TEXT NOT NULL,
    family TEXT NOT NULL, traits TEXT NOT NULL, extents TEXT NOT NULL,
    device TEXT NOT NULL, target TEXT NOT NULL, toolchain TEXT NOT NULL, chela_version TEXT NOT NULL,
    config TEXT NOT NULL,
    status TEXT NOT NULL,
    median_ms REAL, spread_ms REAL, samples INTEGER NOT NULL, relative_error REAL, compile_ms REAL,
    detail TEXT NOT NULL,
    effort TEXT NOT NULL,
    measured_at TEXT NOT NULL,
    UNIQUE (family, traits, extents, device, target, toolchain, chela_version, config)
) STRICT;
CREATE TABLE search (
    id INTEGER PRIMARY KEY,
    problem_key TEXT NOT NULL,
    family TEXT NOT NULL, traits TEXT NOT NULL, extents TEXT NOT NULL,
    device TEXT NOT NULL, target TEXT NOT NULL, toolchain TEXT NOT NULL, chela_version TEXT NOT NULL,
    exhausted INTEGER NOT NULL,
    budget_seconds REAL NOT NULL, trials INTEGER NOT NULL, candidates INTEGER NOT NULL, seed INTEGER NOT NULL,
    winner TEXT NOT NULL,
    finished_at TEXT NOT NULL,
    UNIQUE (family, traits, extents, device, target, toolchain, chela_version)
) STRICT;
CREATE INDEX search_by_key ON search (problem_key);
)sql",
};

// Before anything is written to it.
void require_ours(sqlite::Connection& connection, const fs::path& path) {
    if (connection.integer("SELECT count(*) FROM sqlite_schema") == 0) return;
    if (connection.integer("PRAGMA application_id") != application_id) {
        throw UserError("tuning database " + path.string() +
                        " is an SQLite database of another program: choose another path");
    }
    const auto version = connection.integer("PRAGMA user_version");
    if (version > database_schema_version()) {
        throw UserError("tuning database " + path.string() + " has schema " + std::to_string(version) +
                        ", written by a newer chela; this one knows schema " +
                        std::to_string(database_schema_version()) + ": update chela or choose another path");
    }
}

void migrate(sqlite::Connection& connection, const fs::path& path) {
    const auto version = [&] { return connection.integer("PRAGMA user_version"); };
    if (version() == database_schema_version()) return;
    sqlite::Transaction transaction(
        connection); // another process may be migrating: look again under the lock
    require_ours(connection, path);
    for (auto next = version(); next < database_schema_version(); ++next) {
        connection.execute(migrations.at(static_cast<std::size_t>(next)));
    }
    // Pragmas take no parameters.
    connection.execute(("PRAGMA application_id = " + std::to_string(application_id)).c_str());
    connection.execute(("PRAGMA user_version = " + std::to_string(database_schema_version())).c_str());
    transaction.commit();
}

// Switching to WAL does not wait for other processes that switch at the same moment, so this does.
void use_write_ahead_log(sqlite::Connection& connection) {
    const auto give_up = std::chrono::steady_clock::now() + std::chrono::milliseconds(busy_ms);
    for (;;) {
        try {
            connection.execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;");
            return;
        } catch (const sqlite::Error& error) {
            if (!error.busy() || std::chrono::steady_clock::now() > give_up) throw;
            std::this_thread::sleep_for(std::chrono::milliseconds(5));
        }
    }
}

// Held while a damaged file is replaced, so that two processes that find the damage do not set aside each
// other's new file. The lock is on the directory: no file is left behind.
class DirectoryLock {
  public:
    explicit DirectoryLock(const fs::path& directory)
        : descriptor_(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {
        if (descriptor_ >= 0) ::flock(descriptor_, LOCK_EX);
    }
    DirectoryLock(const DirectoryLock&) = delete;
    DirectoryLock& operator=(const DirectoryLock&) = delete;
    ~DirectoryLock() {
        if (descriptor_ >= 0) ::close(descriptor_);
    }

  private:
    int descriptor_;
};

bool sound(const fs::path& path) {
    try {
        sqlite::Connection connection(path.string(), busy_ms);
        return integrity_problems(connection).empty();
    } catch (const sqlite::Error& error) {
        return !error.damaged();
    }
}

fs::path free_name(const fs::path& path) {
    std::string time = utc_now();
    std::erase_if(time, [](char c) { return c == '-' || c == ':'; });
    const std::string stem = path.string() + ".damaged-" + time;
    fs::path name = stem;
    for (int i = 2; fs::exists(name); ++i) name = stem + "-" + std::to_string(i);
    return name;
}

} // namespace

int database_schema_version() { return static_cast<int>(migrations.size()); }

std::vector<std::string> integrity_problems(sqlite::Connection& connection) {
    std::vector<std::string> problems;
    sqlite::Query check = connection.query("PRAGMA integrity_check");
    while (check.step()) {
        if (check.text(0) != "ok") problems.push_back(check.text(0));
    }
    return problems;
}

void set_aside_damaged(const fs::path& path, bool certain, std::vector<std::string>& warnings) {
    const DirectoryLock lock(fs::absolute(path).parent_path());
    if (!fs::exists(path) || (!certain && sound(path))) return;
    const fs::path name = free_name(path);
    std::error_code error;
    fs::rename(path, name, error);
    if (error) {
        throw UserError("tuning database " + path.string() + " is damaged and cannot be moved aside: " +
                        error.message() + "; remove it or choose another path");
    }
    for (const char* sidecar : {"-wal", "-shm"}) { // may not exist
        fs::rename(path.string() + sidecar, name.string() + sidecar, error);
    }
    warnings.push_back("tuning database " + path.string() + " was damaged; it was moved to " + name.string() +
                       " and a new one begun");
}

sqlite::Connection open_database_file(const fs::path& path, std::vector<std::string>& warnings) {
    const std::string refusal = "tuning database " + path.string() + " cannot be opened: ";
    std::error_code error;
    if (path.has_parent_path()) fs::create_directories(path.parent_path(), error);
    if (error) throw UserError(refusal + error.message());
    for (int attempt = 0;; ++attempt) {
        try {
            sqlite::Connection connection(path.string(), busy_ms);
            require_ours(connection, path);
            use_write_ahead_log(connection);
            migrate(connection, path);
            return connection;
        } catch (const sqlite::Error& failure) {
            if (!failure.damaged() || attempt == 2) throw UserError(refusal + failure.what());
        }
        set_aside_damaged(path, attempt == 1, warnings);
    }
}

} // namespace chela
