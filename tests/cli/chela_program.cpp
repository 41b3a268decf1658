#include "tests/cli/chela_program.hpp"

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <doctest/doctest.h>
#include <fcntl.h>
#include <fstream>
#include <sstream>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace chela::tests {

namespace {

pid_t start(const TemporaryFolder& folder, const std::vector<std::string>& words) {
    std::vector<std::string> all{CHELA_PROGRAM};
    all.insert(all.end(), words.begin(), words.end());
    std::vector<char*> arguments;
    for (std::string& word : all) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    const std::string out = folder / "stdout", err = folder / "stderr", cache = folder / "cache";
    const pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        for (const auto& [file, descriptor] : {std::pair{&out, 1}, std::pair{&err, 2}}) {
            const int opened = open(file->c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
            if (opened < 0 || dup2(opened, descriptor) < 0) _exit(126);
        }
        const int nothing = open("/dev/null", O_RDONLY);
        dup2(nothing, 0);
        for (const char* name : {"CHELA_WORKER", "CHELA_NVRTC", "XDG_CACHE_HOME"}) unsetenv(name);
        setenv("CHELA_TARGET", "cpu", 1);
        setenv("CHELA_CACHE", cache.c_str(), 1);
        execv(CHELA_PROGRAM, arguments.data());
        _exit(127);
    }
    return child;
}

Outcome finish(const TemporaryFolder& folder, pid_t child) {
    int status = 0;
    REQUIRE(waitpid(child, &status, 0) == child);
    Outcome outcome;
    outcome.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    outcome.out = read_file(folder / "stdout");
    outcome.err = read_file(folder / "stderr");
    return outcome;
}

} // namespace

TemporaryFolder::TemporaryFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "chela_tests_cli.XXXXXX").string();
    REQUIRE(mkdtemp(name.data()) != nullptr);
    path_ = name;
}

TemporaryFolder::~TemporaryFolder() { std::filesystem::remove_all(path_); }

nlohmann::ordered_json Outcome::json() const {
    const auto parsed =
        nlohmann::ordered_json::parse(out, nullptr, false); // refuses anything after the object
    INFO("stdout: ", out, "\nstderr: ", err);
    REQUIRE(parsed.is_object());
    return parsed;
}

Outcome run_chela(const TemporaryFolder& folder, const std::vector<std::string>& words) {
    return finish(folder, start(folder, words));
}

Outcome run_chela_interrupted(const TemporaryFolder& folder, const std::vector<std::string>& words,
                              int signal, const std::string& until) {
    const pid_t child = start(folder, words);
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes(2);
    while (read_file(folder / "stderr").find(until) == std::string::npos) {
        if (std::chrono::steady_clock::now() > deadline || waitpid(child, nullptr, WNOHANG) != 0) {
            kill(child, SIGKILL);
            FAIL("standard error never held '", until, "': ", read_file(folder / "stderr"));
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    kill(child, signal);
    return finish(folder, child);
}

std::vector<std::string> words(const std::string& text) {
    std::istringstream stream(text);
    std::vector<std::string> list;
    for (std::string word; stream >> word;) list.push_back(word);
    return list;
}

void write_file(const std::filesystem::path& path, const std::string& bytes) {
    std::ofstream(path, std::ios::binary) << bytes;
}

std::string read_file(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

} // namespace chela::tests
