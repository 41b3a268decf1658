#include "runtime/disassemble.hpp"

#include "codegen/error.hpp"

#include <array>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

namespace chela {

namespace fs = std::filesystem;

namespace {

class TemporaryFile {
  public:
    explicit TemporaryFile(std::span<const std::byte> bytes)
        : path_((fs::temp_directory_path() / "chela-XXXXXX").string()) {
        const int descriptor = mkstemp(path_.data());
        if (descriptor < 0)
            throw DeviceError(fmt::format("cannot write {}: {}", path_, std::strerror(errno)));
        close(descriptor);
        std::ofstream file(path_, std::ios::binary);
        file.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
        if (!file.flush()) {
            unlink(path_.c_str());
            throw DeviceError(fmt::format("cannot write {}", path_));
        }
    }
    ~TemporaryFile() { unlink(path_.c_str()); }
    TemporaryFile(const TemporaryFile&) = delete;
    TemporaryFile& operator=(const TemporaryFile&) = delete;
    const std::string& path() const { return path_; }

  private:
    std::string path_;
};

struct Outcome {
    int status = 0;
    std::string output; ///< standard output and standard error together
};

Outcome run_program(const std::vector<std::string>& words) {
    std::array<int, 2> ends{};
    if (pipe2(ends.data(), O_CLOEXEC) != 0) throw DeviceError(fmt::format("pipe: {}", std::strerror(errno)));
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDERR_FILENO);
    std::vector<char*> arguments;
    arguments.reserve(words.size() + 1);
    for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    pid_t child = 0;
    const int error = posix_spawn(&child, words[0].c_str(), &actions, nullptr, arguments.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    Outcome outcome;
    if (error != 0) {
        close(ends[0]);
        throw DeviceError(fmt::format("cannot run {}: {}", words[0], std::strerror(error)));
    }
    std::array<char, 1 << 16> buffer;
    for (ssize_t count; (count = read(ends[0], buffer.data(), buffer.size())) != 0;) {
        if (count > 0) outcome.output.append(buffer.data(), static_cast<std::size_t>(count));
        if (count < 0 && errno != EINTR) break;
    }
    close(ends[0]);
    while (waitpid(child, &outcome.status, 0) < 0 && errno == EINTR) {
    }
    return outcome;
}

} // namespace

std::string find_disassembler(const ToolSearch& search) {
    if (!search.disassembler.empty()) return search.disassembler;
    const std::string nvdisasm = find_program(search, "nvdisasm");
    return nvdisasm.empty() ? find_program(search, "cuobjdump") : nvdisasm;
}

std::string disassemble(std::span<const std::byte> cubin, const ToolSearch& search) {
    const std::string program = find_disassembler(search);
    if (program.empty()) {
        throw UserError(
            "SASS needs NVIDIA's disassembler, nvdisasm or cuobjdump, and neither was found. They come with "
            "the CUDA toolkit; or `pip install nvidia-cuda-nvdisasm` in a Python that is on PATH");
    }
    const TemporaryFile file(cubin);
    const bool cuobjdump = fs::path(program).filename().string().starts_with("cuobjdump");
    const Outcome outcome = run_program({program, cuobjdump ? "-sass" : "-c", file.path()});
    if (outcome.status != 0) throw DeviceError(fmt::format("{} failed: {}", program, outcome.output));
    return outcome.output;
}

} // namespace chela
