// The parts of the program that need no process: durations, tables, options made from schemas.

#include "cli/config_options.hpp"
#include "cli/duration.hpp"
#include "cli/help.hpp"
#include "cli/problem_options.hpp"
#include "cli/table.hpp"
#include "codegen/error.hpp"
#include "templates/families.hpp"

#include <doctest/doctest.h>
#include <sstream>

using namespace chela;
using namespace chela::cli;

namespace {

void parse(CLI::App& app, const std::string& line) {
    std::istringstream stream(line);
    std::vector<std::string> words;
    for (std::string word; stream >> word;) words.insert(words.begin(), word);
    app.parse(words);
}

} // namespace

TEST_CASE("durations are read with a unit and refused without sense") {
    CHECK(parse_seconds("--budget", "60s") == 60);
    CHECK(parse_seconds("--budget", "2m") == 120);
    CHECK(parse_seconds("--budget", "500ms") == 0.5);
    CHECK(parse_seconds("--budget", "1.5h") == 5400);
    for (const char* bad :
         {"", "60", "s", "-5s", "0s", "1e3s", "60 s", "60S", "nan", "infs", "5d", "1000h", "0.0001ms"})
        CHECK_THROWS_WITH_AS(parse_seconds("--budget", bad),
                             doctest::Contains(("--budget is '" + std::string(bad) + "'").c_str()),
                             UserError);
    CHECK(clock_text(65.2) == "1:06");
    CHECK(clock_text(3725) == "1:02:05");
    CHECK(time_text(0.0123) == "12.30 µs");
    CHECK(time_text(1.5) == "1.500 ms");
    CHECK(time_text(2500) == "2.500 s");
}

TEST_CASE("text is cut and wrapped by columns, not bytes") {
    CHECK(display_width("±µ…") == 3);
    CHECK(display_width("\033[32mgreen\033[0m") == 5);
    CHECK(shorten("abcdef", 6) == "abcdef");
    CHECK(shorten("abcdefg", 6) == "abcde…");
    CHECK(shorten("µµµµ", 3) == "µµ…");
    CHECK(wrap("one two three", 7) == std::vector<std::string>{"one two", "three"});
    Table table({{"name", false}, {"time", true}});
    table.add({"a", "12.5 µs"});
    table.add({"longer", "1 µs"});
    CHECK(table.to_string(Terminal(stdin), 0) == "name       time\na       12.5 µs\nlonger     1 µs\n");
}

TEST_CASE("every family's options parse back to the problem that they were written from") {
    for (const Family* family : families()) {
        CAPTURE(family->name());
        CLI::App app;
        const ProblemOptions options(app, *family);
        const ConfigOptions config(app, *family); // its names must not clash with the problem's
        const ScalarOptions scalars(app, *family);
        const Problem plain(family, Values(family->traits()), Values(family->extents()));
        const std::string line = command_line(plain);
        parse(app, line.substr(family->name().size()));
        CHECK(options.problem() == plain);
        CHECK_FALSE(config.given());

        // Each field at its largest value, where the family admits that.
        for (const Schema* schema : {&family->traits(), &family->extents()})
            for (const Field& field : *schema) {
                Values traits(family->traits()), extents(family->extents());
                (schema == &family->traits() ? traits : extents).set(field.name, field.maximum);
                Problem problem;
                try {
                    problem = Problem(family, traits, extents);
                } catch (const UserError&) {
                    continue;
                }
                CLI::App again;
                const ProblemOptions read(again, *family);
                parse(again, command_line(problem).substr(family->name().size()));
                CHECK(read.problem().to_string() == problem.to_string());
            }
    }
}

TEST_CASE("a configuration given by hand: exact, completed from the space, or refused with the reason") {
    const Family& attention = family("linear_attention");
    const Problem problem(&attention, Values(attention.traits()), Values(attention.extents()));
    for (const Target& target : {Target::parse("cpu"), Target::parse("sm_90a")}) {
        const Config known = default_config(target, problem);
        const auto with = [&](const std::string& line) {
            CLI::App app;
            const ConfigOptions options(app, attention);
            parse(app, line);
            return options.config(target, problem, known);
        };
        CHECK(with("") == known);
        for (const Config& wanted : search_space(*known.algorithm, target, problem.traits)) {
            std::string line = command_line(problem, &wanted);
            line = line.substr(line.find("--algorithm"));
            REQUIRE(with(line) == wanted);
        }
        // One tunable alone: the others adapt if they must.
        for (const std::int64_t chunk : {32, 64, 128}) {
            const Config config = with("--chunk " + std::to_string(chunk));
            CHECK(config.values["chunk"] == chunk);
            CHECK(config.algorithm->rejects(target, problem.traits, config.values).empty());
        }
        if (target.backend != Backend::cpu) { // nor need the value be one that a tuner would try
            const Config config = with("--algorithm mma --chunk 128");
            CHECK(config.values["chunk"] == 128);
            CHECK(config.algorithm->rejects(target, problem.traits, config.values).empty());
        }
        CHECK_THROWS_WITH_AS(with("--algorithm nonsense"), doctest::Contains("algorithm is 'nonsense'"),
                             UserError);
        CHECK_THROWS_WITH_AS(with("--chunk 100000"), doctest::Contains("--chunk is '100000'; it must be"),
                             UserError);
        CHECK_THROWS_WITH_AS(
            with(target.backend == Backend::cpu ? "--tile-rows 16 --tile-vectors 8" : "--chunk 17"),
            doctest::Contains("outside the search space"), UserError);
    }
    CLI::App app;
    const ConfigOptions options(app, attention);
    parse(app, "--algorithm simt");
    const Target cpu = Target::parse("cpu");
    CHECK_THROWS_WITH_AS(options.config(cpu, problem, default_config(cpu, problem)),
                         doctest::Contains("--algorithm is 'simt', which does not serve"), UserError);
}

TEST_CASE("a mistyped word is met with the nearest") {
    CHECK(nearest("--hed-dim", {"--heads", "--head-dim", "--batch"}) == "--head-dim");
    CHECK(nearest("veriify", {"tune", "verify"}) == "verify");
    CHECK(nearest("--zebra", {"--heads", "--head-dim"}).empty());
}
