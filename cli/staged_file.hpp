#pragma once
// A file that appears under its name whole or not at all.

#include <filesystem>
#include <string>
#include <string_view>

namespace chela::cli {

/// Writes beside `path` and renames on publish(). What is not an ordinary file (/dev/stdout, a pipe) is
/// written directly; a symbolic link keeps pointing at its file. All functions throw UserError naming the
/// path.
class StagedFile {
  public:
    explicit StagedFile(std::filesystem::path path);
    /// Removes what was not published.
    ~StagedFile();
    StagedFile(const StagedFile&) = delete;
    StagedFile& operator=(const StagedFile&) = delete;

    void write(std::string_view bytes);
    void publish();

  private:
    [[noreturn]] void fail() const;
    std::filesystem::path path_;
    std::string stage_; ///< empty where the path is written directly
    int descriptor_ = -1;
};

} // namespace chela::cli
