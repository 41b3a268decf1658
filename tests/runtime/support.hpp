#pragma once
// What several tests of this folder share.

#include "codegen/error.hpp"
#include "runtime/nvrtc.hpp"

#include <cstdlib>
#include <doctest/doctest.h>
#include <filesystem>
#include <memory>
#include <string>
#include <unistd.h>

namespace chela::test {

/// A folder of its own, removed with everything in it.
class TemporaryFolder {
  public:
    TemporaryFolder() : path_((std::filesystem::temp_directory_path() / "chela-test-XXXXXX").string()) {
        REQUIRE(mkdtemp(path_.data()) != nullptr);
    }
    ~TemporaryFolder() {
        std::error_code error;
        std::filesystem::remove_all(path_, error);
    }
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;
    std::filesystem::path path() const { return path_; }

  private:
    std::string path_;
};

inline std::string environment(const char* name) {
    const char* value = std::getenv(name);
    return value ? value : "";
}

inline ToolSearch tool_search() {
    ToolSearch search;
    search.cuda_home = environment("CUDA_HOME");
    search.path = environment("PATH");
    search.home = environment("HOME");
    search.virtual_env = environment("VIRTUAL_ENV");
    return search;
}

/// NVRTC, or null after having said why not.
inline std::unique_ptr<Nvrtc> nvrtc_or_skip() {
    try {
        return std::make_unique<Nvrtc>(tool_search());
    } catch (const DeviceError& error) {
        MESSAGE("SKIP: " << error.what());
        return nullptr;
    }
}

/// The message of the exception of type Error that `work` throws; empty where it throws none.
template <class Error, class Work>
std::string message_of(const Work& work) {
    try {
        work();
    } catch (const Error& error) {
        return error.what();
    }
    return {};
}

} // namespace chela::test
