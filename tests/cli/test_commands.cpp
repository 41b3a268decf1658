// Every command of the built program, on the cpu.

#include "tests/cli/chela_program.hpp"

#include <csignal>
#include <doctest/doctest.h>

using namespace chela::tests;

namespace {

const std::string problem = "linear_attention --head-dim 32 --dtype fp32 --batch 1 --heads 2 --length 300";

nlohmann::ordered_json json_of(const TemporaryFolder& folder, const std::string& line, int code = 0) {
    auto all = words(line);
    all.emplace_back("--json");
    const Outcome outcome = run_chela(folder, all);
    INFO(line, "\n", outcome.err);
    CHECK(outcome.code == code);
    return outcome.json();
}

std::string text_of(const TemporaryFolder& folder, const std::string& line) {
    const Outcome outcome = run_chela(folder, words(line));
    INFO(line, "\n", outcome.err);
    CHECK(outcome.code == 0);
    CHECK(outcome.out.find('\033') == std::string::npos); // nobody watches
    CHECK(outcome.err.find('\033') == std::string::npos);
    return outcome.out;
}

bool holds(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

} // namespace

TEST_CASE("devices and list") {
    const TemporaryFolder folder;
    const auto devices = json_of(folder, "devices");
    bool cpu = false;
    for (const auto& device : devices["devices"])
        cpu |= device["target"] == "cpu" && device["present"] == true;
    CHECK(cpu);
    CHECK(devices["compilers"].size() >= 2);
    CHECK(holds(text_of(folder, "devices"), "cpu"));

    const auto list = json_of(folder, "list");
    const auto& family = list["families"][0];
    CHECK(family["name"] == "linear_attention");
    CHECK(family["traits"][0]["option"] == "--head-dim");
    CHECK(family["traits"][0]["range"] == "8 to 256");
    CHECK(family["tensors"].size() == 11);
    CHECK(holds(text_of(folder, "list"), "--head-dim"));
}

TEST_CASE("tune finds, remembers and serves; the second tune is a hit") {
    const TemporaryFolder folder;
    const auto first = json_of(folder, "tune " + problem + " --trials 3 --seed 7");
    CHECK(first["hit"] == false);
    CHECK(first["measured"] > 0);
    CHECK(first["compiled"] > 0);
    CHECK(first["records"].size() == 3);
    CHECK(first["winner"]["status"] == "ok");
    CHECK(first["winner"]["relative_error"] < 1e-5);
    CHECK(first["verification"]["passed"] == true);
    CHECK(first["choice"]["kind"] == "exact");
    CHECK(std::filesystem::exists(first["database"].get<std::string>()));

    const auto second = json_of(folder, "tune " + problem + " --trials 3 --seed 7");
    CHECK(second["hit"] == true);
    CHECK(second["measured"] == 0);
    CHECK(second["compiled"] == 0);
    CHECK(second["winner"]["config"] == first["winner"]["config"]);

    // The winner serves its problem, one of the same bucket and, with a word about it, a far one.
    CHECK(json_of(folder, "verify " + problem)["choice"]["kind"] == "exact");
    CHECK(
        json_of(
            folder,
            "verify linear_attention --head-dim 32 --dtype fp32 --batch 1 --heads 2 --length 310")["choice"]
                                                                                                  ["kind"] ==
        "bucketed");
    CHECK(
        json_of(
            folder,
            "verify linear_attention --head-dim 32 --dtype fp32 --batch 1 --heads 2 --length 5000")["choice"]
                                                                                                   ["kind"] ==
        "nearest");
    CHECK(json_of(folder,
                  "verify linear_attention --head-dim 48 --dtype fp32 --length 300")["choice"]["kind"] ==
          "fallback");

    const std::string text = text_of(folder, "tune " + problem + " --trials 3 --seed 7 --show-source");
    CHECK(holds(text, "nothing was compiled or measured"));
    CHECK(holds(text, first["winner"]["config"]));
    CHECK(holds(text, "chela inspect linear_attention"));
    CHECK(holds(text, "linear_attention_forward"));

    // The command line that tune shows for its source works as it stands.
    const std::string inspect = first["inspect"];
    REQUIRE(inspect.starts_with("chela inspect "));
    CHECK(json_of(folder, inspect.substr(6))["config"] == first["config"]);

    const auto forced = json_of(folder, "tune " + problem + " --trials 3 --seed 7 --force --in-process");
    CHECK(forced["hit"] == false);
    CHECK(forced["measured"] > 0);
}

TEST_CASE("tune keeps what it found when it is interrupted") {
    const TemporaryFolder folder;
    // The first line of progress says that a candidate is settled.
    const Outcome outcome = run_chela_interrupted(folder, words("tune " + problem + " --budget none --json"),
                                                  SIGINT, "exploring");
    CAPTURE(outcome.err);
    CHECK(outcome.code == 0);
    const auto json = outcome.json();
    CHECK(json["cancelled"] == true);
    CHECK(json["exhausted"] == false);
    CHECK(json["winner"]["status"] == "ok");
    CHECK(json["records"].size() > 0);
    CHECK(json["records"].size() < json["space"].get<std::size_t>());
    const auto list = json_of(folder, "cache list");
    REQUIRE(list["problems"].size() == 1);
    CHECK(list["problems"][0]["finished"] == false);
    CHECK(list["problems"][0]["records"] == json["records"].size());
    // The next one takes over what is known.
    const auto next = json_of(folder, "tune " + problem + " --trials 2 --seed 0");
    CHECK(next["reused"] > 0);
}

TEST_CASE("verify: tunables, seeds, scales and layouts; the JSON says with what") {
    const TemporaryFolder folder;
    const auto plain = json_of(folder, "verify " + problem);
    CHECK(plain["passed"] == true);
    CHECK(plain["relative_error"] < plain["bound"]);
    CHECK(plain["choice"]["kind"] == "fallback");
    CHECK(plain["seed"] == 1);
    const auto given = json_of(
        folder,
        "verify " + problem +
            " --chunk 64 --seed 12 --value-scale 1e3 --placement padded_rows --no-causal --scale -0.5");
    CHECK(given["passed"] == true);
    CHECK(given["config"]["tunables"]["chunk"] == 64);
    CHECK(given["choice"]["kind"] == "given");
    CHECK(given["seed"] == 12);
    CHECK(given["placement"] == "padded_rows");
    CHECK(given["problem"]["traits"]["causal"] == false);
    CHECK(holds(text_of(folder, "verify " + problem), "passed"));
}

TEST_CASE("bench says time, shares and host overhead") {
    const TemporaryFolder folder;
    const auto json = json_of(folder, "bench " + problem + " --samples 5");
    CHECK(json["median_ms"] > 0);
    CHECK(json["samples"] == 5);
    CHECK(json["share_of_copy"] > 0);
    CHECK(json["share_of_peak"] > 0);
    for (const char* name : {"commit", "compiler", "device", "toolchain", "measured"})
        CHECK_FALSE(json["provenance"].value(name, "").empty());
    const std::string text = text_of(folder, "bench " + problem + " --samples 5");
    CHECK(holds(text, "FMA peak"));
}

TEST_CASE("bench times a call of the smallest problem that a family admits") {
    const TemporaryFolder folder; // short_long_conv's long kernel has at least 32 entries
    const auto json = json_of(folder, "bench short_long_conv --target cpu --length 64 --channels 8 "
                                      "--kernel-length 64 --samples 5");
    CHECK(json["host_us"] > 0);
}

TEST_CASE("inspect shows everything without a device") {
    const TemporaryFolder folder;
    for (const char* target : {"cpu", "sm_80", "sm_90a"}) {
        const auto json =
            json_of(folder, std::string("inspect linear_attention --head-dim 64 --target ") + target);
        CHECK(json["target"] == target);
        REQUIRE(json["kernels"].size() > 0);
        CHECK(holds(json["kernels"][0]["text"], "struct Arguments"));
    }
    CHECK(holds(text_of(folder, "inspect linear_attention --target cpu --emit llvm"), "define"));
    CHECK(holds(text_of(folder, "inspect linear_attention --target cpu --emit asm"),
                "linear_attention_forward"));
    const auto resources = json_of(folder, "inspect linear_attention --target cpu --emit resources");
    CHECK(resources["kernels"][0]["resources"]["object_bytes"] > 0);
    CHECK(resources["roofline"]["operations_per_byte"] > 0);
    CHECK(holds(text_of(folder, "inspect linear_attention --target cpu --emit resources"), "Roofline"));
    // What another configuration generates is another text.
    CHECK(text_of(folder, "inspect linear_attention --target sm_90a --chunk 32") !=
          text_of(folder, "inspect linear_attention --target sm_90a --chunk 64"));
}

TEST_CASE("inspect goes down to PTX and registers where there is NVRTC") {
    const TemporaryFolder folder;
    bool nvrtc = false;
    const auto devices = json_of(folder, "devices");
    for (const auto& compiler : devices["compilers"])
        nvrtc |= compiler["name"].get<std::string>().starts_with("NVRTC") && compiler["present"] == true;
    if (!nvrtc) {
        MESSAGE("SKIP: there is no NVRTC");
        return;
    }
    CHECK(holds(text_of(folder, "inspect linear_attention --target sm_90a --emit ptx"), ".target sm_90a"));
    const auto json = json_of(folder, "inspect linear_attention --target sm_90a --emit resources");
    const auto& resources = json["kernels"][0]["resources"];
    CHECK(resources["registers"] > 0);
    CHECK(resources["blocks_per_sm"] > 0);
    CHECK(holds(text_of(folder, "inspect linear_attention --target sm_90a --emit resources"), "registers"));
}

TEST_CASE("cache: path, list, check, export, import, clear") {
    const TemporaryFolder folder;
    const auto path = json_of(folder, "cache path");
    CHECK(path["records"] == (folder / "cache/tuning.sqlite").string());
    CHECK(path["binaries"] == (folder / "cache/binaries").string());
    CHECK(json_of(folder, "cache list")["problems"].empty());

    json_of(folder, "tune " + problem + " --trials 2");
    const auto list = json_of(folder, "cache list");
    REQUIRE(list["problems"].size() == 1);
    CHECK(list["problems"][0]["finished"] == true);
    CHECK(list["problems"][0]["records"] == 2);
    REQUIRE(list["binaries"].size() > 0);
    CHECK(holds(text_of(folder, "cache list"), "1 tuned problem\n"));
    CHECK(json_of(folder, "cache check")["sound"] == true);

    const std::string file = folder / "tuned.json";
    CHECK(json_of(folder, "cache export " + file)["records"] == 2);
    CHECK(json_of(folder, "cache export --best " + (folder / "best.json").string())["records"] == 1);
    CHECK(holds(text_of(folder, "cache clear --records"), "removed 2 tuned records"));
    CHECK(json_of(folder, "cache list")["problems"].empty());
    CHECK(json_of(folder, "cache list")["binaries"].size() == list["binaries"].size());
    CHECK(json_of(folder, "cache import " + file)["added"] == 3); // two candidates and a finished search
    CHECK(json_of(folder, "tune " + problem + " --trials 2")["hit"] == true);

    // A damaged binary is named, and the check fails; it is a miss for everyone else.
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder / "cache/binaries"))
        if (entry.is_regular_file()) std::filesystem::resize_file(entry.path(), entry.file_size() / 2);
    const auto damaged = json_of(folder, "cache check", 1);
    CHECK(damaged["sound"] == false);
    CHECK(damaged["damaged"].size() == list["binaries"].size());
    CHECK(json_of(folder, "verify " + problem)["passed"] == true);

    CHECK(json_of(folder, "cache clear --binaries")["binaries"] > 0);
    const auto cleared = json_of(folder, "cache clear");
    CHECK(cleared["binaries"] == 0);
    CHECK(cleared["records"] == 2);
}

TEST_CASE("--cache, --quiet and general options before the command") {
    const TemporaryFolder folder;
    const auto path = json_of(folder, "--cache " + (folder / "other").string() + " cache path");
    CHECK(path["records"] == (folder / "other/tuning.sqlite").string());
    CHECK(json_of(folder, "cache path --cache " + (folder / "list").string())["records"] ==
          (folder / "list/tuning.sqlite").string());
    const Outcome quiet = run_chela(folder, words("tune " + problem + " --trials 1 --quiet"));
    CHECK(quiet.code == 0);
    CHECK(quiet.err.empty());
}
