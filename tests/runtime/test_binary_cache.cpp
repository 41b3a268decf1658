#include "runtime/binary_cache.hpp"

#include "runtime/digest.hpp"
#include "tests/runtime/support.hpp"

#include <algorithm>
#include <atomic>
#include <csignal>
#include <fstream>
#include <random>
#include <sys/resource.h>
#include <sys/wait.h>
#include <thread>

using namespace chela;
namespace fs = std::filesystem;

namespace {

std::string key(int number) { return Digest().add(std::to_string(number)).hex(); }

Binary binary(int number, std::size_t size = 1000) {
    std::mt19937 random(static_cast<unsigned>(number));
    Binary result{key(number), std::vector<std::byte>(size), "log of " + std::to_string(number), 12.5};
    for (std::byte& byte : result.bytes) byte = static_cast<std::byte>(random());
    return result;
}

std::string read(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

void write(const fs::path& path, const std::string& text) {
    std::ofstream(path, std::ios::binary | std::ios::trunc) << text;
}

bool holds(BinaryCache& cache, int number, std::size_t size = 1000) {
    const auto found = cache.find(key(number));
    const Binary expected = binary(number, size);
    return found && found->key == expected.key && found->bytes == expected.bytes &&
           found->log == expected.log;
}

fs::path path_of(const BinaryCache& cache, int number) {
    for (const auto& entry : cache.list()) {
        if (entry.key == key(number)) return entry.path;
    }
    FAIL("no entry " << number);
    return {};
}

} // namespace

TEST_CASE("binary cache: what was stored is found, by this object and by the next") {
    const test::TemporaryFolder folder;
    BinaryCache cache(folder.path() / "not" / "there yet");
    CHECK_FALSE(cache.find(key(1)));
    CHECK_FALSE(fs::exists(folder.path() / "not")); // looking touches nothing
    cache.store(binary(1));
    cache.store(binary(2, 0)); // no code, still an entry
    CHECK(holds(cache, 1));
    CHECK(holds(cache, 2, 0));
    CHECK(cache.find(key(1))->compile_ms == 0);
    BinaryCache next(cache.folder());
    CHECK(holds(next, 1));
    CHECK_FALSE(next.find(key(3)));
    CHECK(next.counters().hits == 1);
    CHECK(next.counters().misses == 1);
    CHECK(next.counters().damaged == 0);
    CHECK(cache.counters().stored == 2);
    CHECK((fs::status(cache.folder()).permissions() & fs::perms::all) == fs::perms::owner_all);
}

TEST_CASE("binary cache: a damaged byte anywhere is a miss, and the next store repairs it") {
    const test::TemporaryFolder folder;
    BinaryCache cache(folder.path());
    cache.store(binary(1, 100));
    const fs::path path = path_of(cache, 1);
    const std::string whole = read(path);
    for (std::size_t i = 0; i < whole.size(); ++i) {
        for (const char flip : {'\x01', '\x80', '\xff'}) {
            std::string damaged = whole;
            damaged[i] = static_cast<char>(damaged[i] ^ flip);
            write(path, damaged);
            CHECK_MESSAGE(!cache.find(key(1)), "byte ", i);
        }
    }
    CHECK(cache.counters().damaged == 3 * whole.size());
    REQUIRE(cache.check().size() == 1);
    CHECK(cache.check()[0].path == path);
    CHECK_FALSE(cache.check()[0].reason.empty());
    cache.store(binary(1, 100));
    CHECK(holds(cache, 1, 100));
    CHECK(cache.check().empty());
}

TEST_CASE("binary cache: a torn, longer, empty or foreign file is a miss") {
    const test::TemporaryFolder folder;
    BinaryCache cache(folder.path());
    cache.store(binary(1, 100));
    cache.store(binary(2, 100));
    const fs::path path = path_of(cache, 1);
    const std::string whole = read(path);
    for (std::size_t size = 0; size < whole.size(); ++size) {
        write(path, whole.substr(0, size));
        CHECK_MESSAGE(!cache.find(key(1)), "cut to ", size);
    }
    for (const std::string& text : {whole + "x", std::string("#!/bin/sh\n"), std::string(5000, '\0'),
                                    whole + whole, read(path_of(cache, 2))}) {
        write(path, text);
        CHECK_FALSE(cache.find(key(1)));
        CHECK(cache.check().size() == 1);
    }
    fs::remove(path);
    fs::create_directories(path / "folder");
    CHECK_FALSE(cache.find(key(1)));
    cache.store(binary(1, 100));
    CHECK(holds(cache, 1, 100));
    CHECK(holds(cache, 2, 100));
}

TEST_CASE("binary cache: lists, checks and clears its own files and no others") {
    const test::TemporaryFolder folder;
    BinaryCache cache(folder.path());
    for (int i = 0; i < 20; ++i) cache.store(binary(i));
    write(folder.path() / "notes.txt", "mine");
    fs::create_directories(folder.path() / "zz");
    write(folder.path() / "zz" / "notes.txt", "mine too");
    const auto entries = cache.list();
    REQUIRE(entries.size() == 20);
    CHECK(std::is_sorted(entries.begin(), entries.end(), [](auto& a, auto& b) { return a.key < b.key; }));
    CHECK(entries[0].bytes == fs::file_size(entries[0].path));
    CHECK(cache.check().empty());
    CHECK(cache.clear() == 20);
    CHECK(cache.list().empty());
    CHECK_FALSE(cache.find(key(1)));
    CHECK(read(folder.path() / "notes.txt") == "mine");
    CHECK(read(folder.path() / "zz" / "notes.txt") == "mine too");
    cache.store(binary(1));
    CHECK(holds(cache, 1));
}

TEST_CASE("binary cache: above its limit the entries that were not used for longest go") {
    const test::TemporaryFolder folder;
    BinaryCache cache(folder.path(), 10 * 1100);
    for (int i = 0; i < 8; ++i) {
        cache.store(binary(i));
        // File systems keep times coarsely: say when each was used.
        fs::last_write_time(path_of(cache, i),
                            fs::file_time_type::clock::now() - std::chrono::minutes(100 - i));
    }
    CHECK(cache.list().size() == 8);
    CHECK(holds(cache, 0)); // so it is used again
    for (int i = 8; i < 12; ++i) cache.store(binary(i));
    std::uint64_t size = 0;
    for (const auto& entry : cache.list()) size += entry.bytes;
    CHECK(size <= 10 * 1100);
    CHECK(holds(cache, 0));
    CHECK(holds(cache, 11));
    CHECK_FALSE(cache.find(key(1)));
    BinaryCache tiny(folder.path(), 1);
    tiny.store(binary(30));
    CHECK(holds(tiny, 30)); // what was just stored stays, however large
    CHECK(tiny.list().size() == 1);
}

TEST_CASE("binary cache: a key that no digest makes is refused, so no path leaves the folder") {
    BinaryCache cache("/nowhere");
    for (const char* bad : {"", "a", "../../etc/passwd", "ab/cd", "abc.d", "abc\n"}) {
        CHECK_THROWS_AS(cache.find(bad), std::invalid_argument);
        CHECK_THROWS_AS(cache.store(Binary{bad, {}, {}, 0}), std::invalid_argument);
    }
}

TEST_CASE("binary cache: where nothing can be written nothing is kept, and nothing fails") {
    const test::TemporaryFolder folder;
    write(folder.path() / "file", "a file, not a folder");
    BinaryCache under_file(folder.path() / "file" / "cache");
    under_file.store(binary(1));
    under_file.store(binary(2)); // the warning comes once
    CHECK_FALSE(under_file.find(key(1)));
    CHECK(under_file.counters().stored == 0);
    CHECK(under_file.list().empty());
    CHECK(under_file.check().empty());
    CHECK(under_file.clear() == 0);

    // A folder that everyone may only read, in a child that is not root: root may write anyway.
    BinaryCache filled(folder.path() / "read only");
    filled.store(binary(1));
    for (const auto& entry : fs::recursive_directory_iterator(filled.folder())) {
        fs::permissions(entry.path(), entry.is_directory() ? fs::perms(0555) : fs::perms(0444));
    }
    fs::permissions(filled.folder(), fs::perms(0555));
    fs::permissions(folder.path(), fs::perms(0755));
    const pid_t child = fork();
    if (child == 0) {
        if (geteuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0)) _exit(2);
        BinaryCache cache(filled.folder());
        cache.store(binary(2));
        _exit(holds(cache, 1) && !cache.find(key(2)) && cache.counters().stored == 0 ? 0 : 1);
    }
    int status = 0;
    REQUIRE(waitpid(child, &status, 0) == child);
    CHECK(status == 0);
    for (const auto& entry : fs::directory_iterator(filled.folder()))
        fs::permissions(entry.path(), fs::perms::owner_all);
}

TEST_CASE("binary cache: a full disk is no failure") {
    // No file may grow beyond 4 KiB in this child: write fails as it does on a full disk.
    const test::TemporaryFolder folder;
    const pid_t child = fork();
    if (child == 0) {
        std::signal(SIGXFSZ, SIG_IGN);
        const rlimit limit{4096, 4096};
        setrlimit(RLIMIT_FSIZE, &limit);
        BinaryCache cache(folder.path());
        cache.store(binary(1, 100000));
        cache.store(binary(2, 100));
        const bool staged = std::any_of(
            fs::recursive_directory_iterator(folder.path()), fs::recursive_directory_iterator(),
            [](const auto& entry) { return entry.path().filename().string().starts_with(".stage"); });
        _exit(!cache.find(key(1)) && holds(cache, 2, 100) && !staged ? 0 : 1);
    }
    int status = 0;
    REQUIRE(waitpid(child, &status, 0) == child);
    CHECK(status == 0);
}

TEST_CASE("binary cache: several processes with several threads each write, read, damage and clear at once") {
    const test::TemporaryFolder folder;
    constexpr int processes = 4, threads = 3, rounds = 60, keys = 8;
    std::vector<pid_t> children;
    for (int p = 0; p < processes; ++p) {
        const pid_t child = fork();
        if (child > 0) children.push_back(child);
        if (child != 0) continue;
        std::atomic<int> wrong = 0, found = 0;
        BinaryCache cache(folder.path(), 12 * 20000);
        std::vector<std::thread> workers;
        for (int t = 0; t < threads; ++t) {
            workers.emplace_back([&, t] {
                std::mt19937 random(static_cast<unsigned>(1000 * p + t));
                for (int round = 0; round < rounds; ++round) {
                    const int number = static_cast<int>(random() % keys);
                    const auto entry = cache.find(key(number));
                    if (entry) ++found;
                    if (entry && entry->bytes != binary(number, 20000).bytes) ++wrong;
                    if (!entry || round % 4 == 0) cache.store(binary(number, 20000));
                    if (p == 0 && t == 0 && round % 20 == 19) cache.clear();
                    if (p == 1 && t == 0 && round % 10 == 9) {
                        const auto entries = cache.list();
                        std::error_code error;
                        if (!entries.empty()) fs::resize_file(entries[0].path, 100, error);
                    }
                }
            });
        }
        for (std::thread& worker : workers) worker.join();
        _exit(wrong == 0 && found > 0 ? 0 : 1);
    }
    for (const pid_t child : children) {
        int status = 0;
        REQUIRE(waitpid(child, &status, 0) == child);
        CHECK(status == 0);
    }
    for (const auto& entry : fs::recursive_directory_iterator(folder.path())) {
        CHECK_FALSE(entry.path().filename().string().starts_with(".stage"));
    }
}
