#pragma once
// The tuning database: what came of every candidate, and which searches came to their end. One SQLite file,
// shared by any number of threads and processes.

#include "tuner/exchange.hpp"
#include "tuner/record.hpp"

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace chela {

/// One tuning point in a listing.
struct TunedProblem {
    TuningPoint point;
    int records = 0;
    int ok = 0;
    bool finished = false;      ///< a search of it came to its end
    std::optional<Record> best; ///< the search's winner, else the fastest so far
};

/// Rows are candidates' records and finished searches.
struct ImportReport {
    int added = 0;
    int replaced = 0; ///< the imported row was measured more thoroughly, or as thoroughly and later
    int kept = 0;     ///< the row that was there is at least as good
    std::vector<std::string> rejected;
};

/// Thread-safe. A damaged file is moved aside and told by take_warnings(), whenever it is noticed. Every
/// function throws UserError where the file cannot be read or written (no permission, disk full, locked for
/// over ten seconds).
class Database {
  public:
    /// Opens or creates the file and its folders; ":memory:" lives as long as the object. Throws UserError.
    explicit Database(const std::filesystem::path&);
    ~Database();
    Database(Database&&) noexcept;

    const std::filesystem::path& path() const;
    /// What went wrong and was repaired since the last call.
    std::vector<std::string> take_warnings();

    /// Replaces what is known of the same candidate at the same point.
    void put(const Record&);
    void put(const FinishedSearch&);

    std::optional<Record> find(const TuningPoint&, std::string_view config);
    /// All candidates of a point in the order of ranks_before().
    std::vector<Record> records(const TuningPoint&);
    /// The winner of the point's finished search where its record is ok, else the fastest candidate.
    std::optional<Record> best(const TuningPoint&);
    /// Finished searches with the point's problem key, device, target, toolchain and chela version; the one
    /// with the point's very extents first.
    std::vector<FinishedSearch> finished_searches(const TuningPoint&);
    /// What a choice is made from: all ok records and all finished searches of a family with these traits.
    Exchange candidates(std::string_view family, std::string_view traits);

    std::vector<TunedProblem> list();
    std::string export_json();
    /// Rows that are wrong are left out and named. Throws UserError where the text is no export.
    ImportReport import_json(std::string_view text);
    /// Removes everything; returns how many records there were.
    int clear();
    /// Complaints of SQLite's integrity check; empty where there is none.
    std::vector<std::string> check();

  private:
    struct State;
    std::unique_ptr<State> state_;
};

} // namespace chela
