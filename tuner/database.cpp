#include "tuner/database.hpp"

#include "codegen/error.hpp"
#include "tuner/database_file.hpp"

#include <algorithm>
#include <map>
#include <mutex>
#include <tuple>
#include <utility>

namespace chela {
namespace {

using sqlite::Connection;
using sqlite::Query;

#define CHELA_POINT_COLUMNS "problem_key, family, traits, extents, device, target, toolchain, chela_version"
#define CHELA_POINT_IS                                                                                       \
    " WHERE family = ? AND traits = ? AND extents = ? AND device = ? AND target = ? AND toolchain = ? AND "  \
    "chela_version = ?"

constexpr std::string_view insert_record =
    "INSERT OR REPLACE INTO record (" CHELA_POINT_COLUMNS ", config, status, median_ms, spread_ms, samples,"
    " relative_error, compile_ms, detail, effort, measured_at) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)";
constexpr std::string_view insert_search = "INSERT OR REPLACE INTO search (" CHELA_POINT_COLUMNS
                                           ", exhausted, budget_seconds, trials, candidates, seed,"
                                           " winner, finished_at) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)";

#define CHELA_SELECT_RECORDS                                                                                 \
    "SELECT " CHELA_POINT_COLUMNS                                                                            \
    ", config, status, median_ms, spread_ms, samples, relative_error, compile_ms,"                           \
    " detail, effort, measured_at FROM record"
#define CHELA_SELECT_SEARCHES                                                                                \
    "SELECT " CHELA_POINT_COLUMNS                                                                            \
    ", exhausted, budget_seconds, trials, candidates, seed, winner, finished_at FROM search"

TuningPoint read_point(const Query& row) {
    return {row.text(0), row.text(1), row.text(2), row.text(3),
            row.text(4), row.text(5), row.text(6), row.text(7)};
}

Record read_record(const Query& row) {
    return {.point = read_point(row),
            .config = row.text(8),
            .measurement = {.status = status_from(row.text(9)),
                            .median_ms = row.real(10),
                            .spread_ms = row.real(11),
                            .samples = static_cast<int>(row.integer(12)),
                            .relative_error = row.real(13),
                            .compile_ms = row.real(14),
                            .detail = row.text(15)},
            .effort = effort_from(row.text(16)),
            .when = row.text(17)};
}

FinishedSearch read_search(const Query& row) {
    return {.point = read_point(row),
            .exhausted = row.integer(8) != 0,
            .budget_seconds = row.real(9),
            .trials = static_cast<int>(row.integer(10)),
            .candidates = static_cast<int>(row.integer(11)),
            .seed = static_cast<std::uint64_t>(row.integer(12)),
            .winner = row.text(13),
            .when = row.text(14)};
}

template <class Read>
auto read_all(Query query, const Read& read) {
    std::vector<decltype(read(query))> rows;
    while (query.step()) rows.push_back(read(query));
    return rows;
}

template <class... More>
Query at_point(Connection& connection, std::string_view sql, const TuningPoint& at, const More&... more) {
    return connection.query(sql, at.family, at.traits, at.extents, at.device, at.target, at.toolchain,
                            at.chela_version, more...);
}

void write(Connection& connection, const Record& record) {
    const TuningPoint& at = record.point;
    const Measurement& m = record.measurement;
    connection.run(insert_record, at.problem_key, at.family, at.traits, at.extents, at.device, at.target,
                   at.toolchain, at.chela_version, record.config, to_string(m.status), m.median_ms,
                   m.spread_ms, m.samples, m.relative_error, m.compile_ms, m.detail, to_string(record.effort),
                   record.when);
}

void write(Connection& connection, const FinishedSearch& search) {
    const TuningPoint& at = search.point;
    connection.run(insert_search, at.problem_key, at.family, at.traits, at.extents, at.device, at.target,
                   at.toolchain, at.chela_version, search.exhausted, search.budget_seconds, search.trials,
                   search.candidates, search.seed, search.winner, search.when);
}

std::optional<Record> find_record(Connection& connection, const TuningPoint& point, std::string_view config) {
    Query query = at_point(connection, CHELA_SELECT_RECORDS CHELA_POINT_IS " AND config = ?", point, config);
    if (!query.step()) return std::nullopt;
    return read_record(query);
}

std::optional<FinishedSearch> find_search(Connection& connection, const TuningPoint& point) {
    Query query = at_point(connection, CHELA_SELECT_SEARCHES CHELA_POINT_IS, point);
    if (!query.step()) return std::nullopt;
    return read_search(query);
}

std::vector<Record> records_at(Connection& connection, const TuningPoint& point) {
    auto records = read_all(at_point(connection, CHELA_SELECT_RECORDS CHELA_POINT_IS, point), read_record);
    std::sort(records.begin(), records.end(), ranks_before);
    return records;
}

std::optional<Record> best_at(Connection& connection, const TuningPoint& point) {
    const auto ok = [](const Record& record) { return record.measurement.status == Status::ok; };
    if (const auto search = find_search(connection, point)) {
        auto winner = find_record(connection, point, search->winner);
        if (winner && ok(*winner)) return winner;
    }
    auto records = records_at(connection, point);
    if (records.empty() || !ok(records.front())) return std::nullopt;
    return std::move(records.front());
}

// What an import does with a row, given the one that is there.
bool replaces(const Record& incoming, const Record& present) {
    return std::tuple(incoming.effort, incoming.when) > std::tuple(present.effort, present.when);
}
bool replaces(const FinishedSearch& incoming, const FinishedSearch& present) {
    return std::tuple(incoming.exhausted, incoming.when) > std::tuple(present.exhausted, present.when);
}

template <class Row>
void merge(Connection& connection, const Row& row, const std::optional<Row>& present, ImportReport& report) {
    if (present && !replaces(row, *present)) {
        ++report.kept;
        return;
    }
    write(connection, row);
    ++(present ? report.replaced : report.added);
}

} // namespace

struct Database::State {
    std::filesystem::path path;
    std::mutex mutex;
    std::vector<std::string> warnings;
    std::optional<Connection> connection;

    /// Runs `work` with an open connection; where it meets damage, with a new database.
    template <class Work>
    auto run(const Work& work) {
        const std::lock_guard lock(mutex);
        for (int attempt = 0;; ++attempt) {
            if (!connection || connection->moved()) connection.emplace(open_database_file(path, warnings));
            try {
                return work(*connection);
            } catch (const sqlite::Error& error) {
                connection.reset();
                if (!error.damaged() || attempt == 2) {
                    throw UserError("tuning database " + path.string() + ": " + error.what());
                }
            }
            set_aside_damaged(path, attempt == 1, warnings);
        }
    }
};

Database::Database(const std::filesystem::path& path) : state_(std::make_unique<State>()) {
    state_->path = path;
    state_->connection.emplace(open_database_file(path, state_->warnings));
}
Database::~Database() = default;
Database::Database(Database&&) noexcept = default;

const std::filesystem::path& Database::path() const { return state_->path; }

std::vector<std::string> Database::take_warnings() {
    const std::lock_guard lock(state_->mutex);
    return std::exchange(state_->warnings, {});
}

void Database::put(const Record& record) {
    state_->run([&](Connection& connection) { write(connection, record); });
}
void Database::put(const FinishedSearch& search) {
    state_->run([&](Connection& connection) { write(connection, search); });
}

std::optional<Record> Database::find(const TuningPoint& point, std::string_view config) {
    return state_->run([&](Connection& connection) { return find_record(connection, point, config); });
}
std::vector<Record> Database::records(const TuningPoint& point) {
    return state_->run([&](Connection& connection) { return records_at(connection, point); });
}
std::optional<Record> Database::best(const TuningPoint& point) {
    return state_->run([&](Connection& connection) { return best_at(connection, point); });
}

std::vector<FinishedSearch> Database::finished_searches(const TuningPoint& point) {
    return state_->run([&](Connection& connection) {
        return read_all(connection.query(CHELA_SELECT_SEARCHES
                                         " WHERE problem_key = ? AND device = ? AND target = ?"
                                         " AND toolchain = ? AND chela_version = ?"
                                         " ORDER BY extents <> ?, finished_at DESC, extents",
                                         point.problem_key, point.device, point.target, point.toolchain,
                                         point.chela_version, point.extents),
                        read_search);
    });
}

Exchange Database::candidates(std::string_view family, std::string_view traits) {
    return state_->run([&](Connection& connection) {
        return Exchange{
            .records = read_all(connection.query(CHELA_SELECT_RECORDS
                                                 " WHERE family = ? AND traits = ? AND status = 'ok'",
                                                 family, traits),
                                read_record),
            .searches = read_all(
                connection.query(CHELA_SELECT_SEARCHES " WHERE family = ? AND traits = ?", family, traits),
                read_search),
            .rejected = {}};
    });
}

std::vector<TunedProblem> Database::list() {
    return state_->run([&](Connection& connection) {
        std::vector<TunedProblem> problems;
        Query query =
            connection.query("SELECT " CHELA_POINT_COLUMNS ", count(*), sum(status = 'ok') FROM record"
                             " GROUP BY family, traits, extents, device, target, toolchain, chela_version"
                             " ORDER BY family, traits, extents, device, target, toolchain, chela_version");
        while (query.step()) {
            const TuningPoint point = read_point(query);
            problems.push_back({.point = point,
                                .records = static_cast<int>(query.integer(8)),
                                .ok = static_cast<int>(query.integer(9)),
                                .finished = find_search(connection, point).has_value(),
                                .best = best_at(connection, point)});
        }
        return problems;
    });
}

std::string Database::export_json() {
    return state_->run([&](Connection& connection) {
        sqlite::Transaction one_view(connection);
        Exchange all{.records = read_all(connection.query(CHELA_SELECT_RECORDS " ORDER BY id"), read_record),
                     .searches =
                         read_all(connection.query(CHELA_SELECT_SEARCHES " ORDER BY id"), read_search),
                     .rejected = {}};
        return to_json(all);
    });
}

ImportReport Database::import_json(std::string_view text) {
    const Exchange incoming = exchange_from_json(text);
    return state_->run([&](Connection& connection) {
        ImportReport report{.rejected = incoming.rejected};
        sqlite::Transaction all_or_nothing(connection);
        for (const Record& record : incoming.records) {
            merge(connection, record, find_record(connection, record.point, record.config), report);
        }
        for (const FinishedSearch& search : incoming.searches) {
            merge(connection, search, find_search(connection, search.point), report);
        }
        all_or_nothing.commit();
        return report;
    });
}

int Database::clear() {
    return state_->run([](Connection& connection) {
        sqlite::Transaction transaction(connection);
        const auto removed = connection.integer("SELECT count(*) FROM record");
        connection.run("DELETE FROM record");
        connection.run("DELETE FROM search");
        transaction.commit();
        connection.execute("VACUUM");
        return static_cast<int>(removed);
    });
}

std::vector<std::string> Database::check() {
    return state_->run([](Connection& connection) { return integrity_problems(connection); });
}

} // namespace chela
