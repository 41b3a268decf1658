#pragma once
// Runs the built program in a folder of its own, as a user would.

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace chela::tests {

/// A fresh folder, removed with everything in it.
class TemporaryFolder {
  public:
    TemporaryFolder();
    ~TemporaryFolder();
    TemporaryFolder(const TemporaryFolder&) = delete;
    std::filesystem::path operator/(const std::string& name) const { return path_ / name; }
    const std::filesystem::path& path() const { return path_; }

  private:
    std::filesystem::path path_;
};

struct Outcome {
    int code = -1; ///< exit code; 128 + signal where one ended it
    std::string out, err;

    /// The one object on standard output; fails the test where there is anything else.
    nlohmann::ordered_json json() const;
};

/// Runs chela with these words on the cpu, with its cache in `folder`. Environment variables that would
/// change what it does are removed.
Outcome run_chela(const TemporaryFolder& folder, const std::vector<std::string>& words);
/// The same, and sends `signal` as soon as `until` stands in its standard error.
Outcome run_chela_interrupted(const TemporaryFolder& folder, const std::vector<std::string>& words,
                              int signal, const std::string& until);

/// Words separated by spaces.
std::vector<std::string> words(const std::string& text);

void write_file(const std::filesystem::path&, const std::string& bytes);
std::string read_file(const std::filesystem::path&);

} // namespace chela::tests
