#include "cli/staged_file.hpp"

#include "codegen/error.hpp"

#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace chela::cli {

StagedFile::StagedFile(std::filesystem::path path) : path_(std::move(path)) {
    std::error_code error;
    const auto status = std::filesystem::status(path_, error);
    if (std::filesystem::is_directory(status))
        throw UserError(fmt::format("{} is a folder; it must be the name of a file", path_.string()));
    if (std::filesystem::exists(status) && !std::filesystem::is_regular_file(status)) {
        descriptor_ = open(path_.c_str(), O_WRONLY | O_CLOEXEC);
        if (descriptor_ < 0) fail();
        return;
    }
    if (std::filesystem::is_symlink(std::filesystem::symlink_status(path_, error)))
        path_ = std::filesystem::weakly_canonical(path_, error);
    stage_ = (path_.parent_path() / fmt::format(".{}.XXXXXX", path_.filename().string())).string();
    descriptor_ = mkostemp(stage_.data(), O_CLOEXEC);
    if (descriptor_ < 0) {
        stage_.clear();
        fail();
    }
    const mode_t mask =
        umask(0); // mkostemp makes files for the owner alone; an output is like any other file
    umask(mask);
    fchmod(descriptor_, 0666 & ~mask);
}

StagedFile::~StagedFile() {
    if (descriptor_ >= 0) close(descriptor_);
    if (!stage_.empty()) unlink(stage_.c_str());
}

void StagedFile::write(std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t written = ::write(descriptor_, bytes.data(), bytes.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) fail();
        bytes.remove_prefix(static_cast<std::size_t>(written));
    }
}

void StagedFile::publish() {
    if (!stage_.empty() && fsync(descriptor_) != 0) fail();
    const int descriptor = std::exchange(descriptor_, -1);
    if (close(descriptor) != 0) fail();
    if (stage_.empty()) return;
    if (rename(stage_.c_str(), path_.c_str()) != 0) fail();
    stage_.clear();
}

void StagedFile::fail() const {
    throw UserError(
        fmt::format("{} cannot be written: {}", path_.string(), std::generic_category().message(errno)));
}

} // namespace chela::cli
