#pragma once
// What came of each unit, one line of JSON each, written as soon as it is known: a run that was interrupted
// goes on where it stopped, and the journals of several runs and machines add up.

#include <cstdint>
#include <fstream>
#include <mutex>
#include <string>
#include <unordered_map>

namespace chela::space {

struct Outcome {
    bool compiled = false;
    std::int64_t local_bytes = 0; ///< stack frame, spilled registers included
    double compile_ms = 0;
    std::string error; ///< the compiler's first lines where it refused
};

/// Thread-safe.
class Journal {
  public:
    /// Reads what earlier runs left in the file, a line torn by an interruption excepted. Throws UserError
    /// where it is there and no journal.
    void read(const std::string& path);
    /// Outcomes are added to this file from now on. Throws UserError where it cannot be written.
    void append_to(const std::string& path);
    void put(const std::string& key, const Outcome&);
    /// Null where nothing is known of it.
    const Outcome* find(const std::string& key) const;

  private:
    mutable std::mutex mutex_;
    std::unordered_map<std::string, Outcome> outcomes_;
    std::ofstream file_;
};

} // namespace chela::space
