#include "codegen/error.hpp"
#include "tests/tuner/toy.hpp"
#include "tuner/database.hpp"
#include "tuner/database_file.hpp"

#include <algorithm>
#include <cstdio>
#include <doctest/doctest.h>
#include <fstream>
#include <iterator>
#include <sys/wait.h>
#include <unistd.h>

using namespace chela;

namespace {

std::string bytes_of(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

void write_bytes(const std::filesystem::path& path, const std::string& bytes) {
    std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

/// A database of a thousand records, closed.
void fill(const std::filesystem::path& path) {
    Database database(path);
    Exchange many;
    for (int i = 0; i < 1000; ++i) {
        many.records.push_back(toy::record(toy::problem(1, 1, i + 1), toy::info(), toy::best, 1));
    }
    REQUIRE(database.import_json(to_json(many)).added == 1000);
}

/// Writes nonsense over all but the first page.
void break_pages(const std::filesystem::path& path) {
    std::string bytes = bytes_of(path);
    REQUIRE(bytes.size() > 100'000);
    std::fill(bytes.begin() + 4096, bytes.end(), '\x5a');
    write_bytes(path, bytes);
}

void check_moved_aside(Database& database, const toy::Folder& folder, const std::string& bytes) {
    const auto warnings = database.take_warnings();
    REQUIRE(warnings.size() == 1);
    CHECK(warnings[0].find("was damaged; it was moved to ") != std::string::npos);
    auto aside = folder.files(".damaged-");
    std::erase_if(aside,
                  [](const std::string& name) { return name.ends_with("-wal") || name.ends_with("-shm"); });
    REQUIRE(aside.size() == 1);
    CHECK(warnings[0].find(aside[0]) != std::string::npos);
    CHECK(bytes_of(aside[0]) == bytes); // nothing of it is lost
    CHECK(database.take_warnings().empty());
    CHECK(database.check().empty());
}

} // namespace

TEST_CASE("damage: a file that is no database is moved aside, with a warning") {
    const toy::Folder folder;
    const auto path = folder / "tuning.sqlite";
    const std::string nonsense(5000, 'x');
    write_bytes(path, nonsense);
    Database database(path);
    database.put(toy::record(toy::problem(), toy::info(), toy::best, 1));
    CHECK(database.list().size() == 1);
    check_moved_aside(database, folder, nonsense);
}

TEST_CASE("damage: a truncated file") {
    const toy::Folder folder;
    const auto path = folder / "tuning.sqlite";
    fill(path);
    write_bytes(path, bytes_of(path).substr(0, 6000));
    const std::string bytes = bytes_of(path);
    Database database(path);
    CHECK(database.list().empty());
    check_moved_aside(database, folder, bytes);
}

TEST_CASE("damage: broken pages are noticed when they are read or written") {
    const toy::Folder folder;
    const auto path = folder / "tuning.sqlite";
    fill(path);
    break_pages(path);
    const std::string bytes = bytes_of(path);
    Database database(path);
    const Record record = toy::record(toy::problem(), toy::info(), toy::best, 1);
    SUBCASE("read") { CHECK_FALSE(database.find(record.point, record.config)); }
    SUBCASE("listed") { CHECK(database.list().empty()); }
    SUBCASE("written") { database.put(record); }
    SUBCASE("imported") {
        CHECK(database.import_json(to_json({.records = {record}, .searches = {}, .rejected = {}})).added ==
              1);
    }
    database.put(record);
    CHECK(database.find(record.point, record.config));
    check_moved_aside(database, folder, bytes);
}

TEST_CASE("damage: check() names it") {
    const toy::Folder folder;
    const auto path = folder / "tuning.sqlite";
    fill(path);
    Database database(path);
    CHECK(database.check().empty());
    // An index entry that points to no row: nothing that a page's own checks would see.
    sqlite::Connection connection(path.string(), 1000);
    connection.execute(
        "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET rootpage = (SELECT rootpage FROM"
        " sqlite_schema WHERE name = 'search_by_key') WHERE name = 'sqlite_autoindex_record_1';"
        " PRAGMA writable_schema = RESET");
    CHECK_FALSE(Database(path).check().empty());
}

TEST_CASE("damage: a file that is removed while it is open is begun anew") {
    const toy::Folder folder;
    const auto path = folder / "tuning.sqlite";
    Database database(path);
    database.put(toy::record(toy::problem(), toy::info(), toy::best, 1));
    for (const auto& file : folder.files("tuning.sqlite")) std::filesystem::remove(file);
    database.put(toy::record(toy::problem(1, 1, 1), toy::info(), toy::best, 1));
    CHECK(database.list().size() == 1);
    CHECK(Database(path).list().size() == 1);
}

TEST_CASE("damage: several processes that find it at once replace it once") {
    const toy::Folder folder;
    const auto path = folder / "tuning.sqlite";
    write_bytes(path, std::string(5000, 'x'));
    std::vector<pid_t> children;
    for (int child = 0; child < 6; ++child) {
        children.push_back(fork());
        if (children.back() == 0) {
            try {
                Database(path).put(toy::record(toy::problem(1, 1, child + 1), toy::info(), toy::best, 1));
            } catch (const std::exception& error) {
                std::fprintf(stderr, "%s\n", error.what());
                _exit(1);
            }
            _exit(0);
        }
    }
    for (const pid_t child : children) {
        int status = -1;
        waitpid(child, &status, 0);
        CHECK(status == 0);
    }
    CHECK(folder.files(".damaged-").size() == 1);
    CHECK(Database(path).list().size() == 6);
}
