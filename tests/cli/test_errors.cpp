// Bad usage and bad input: exit code 2, one message that names the argument, its value and what would be
// right, on standard error, or as the one object of --json.

#include "templates/families.hpp"
#include "tests/cli/chela_program.hpp"
#include "tests/cli/npy_bytes.hpp"

#include <doctest/doctest.h>

using namespace chela;
using namespace chela::tests;

namespace {

void check_refused(const TemporaryFolder& folder, const std::vector<std::string>& all,
                   const std::vector<std::string>& parts, int code = 2, const std::string& kind = "input") {
    std::string line;
    for (const auto& word : all) line += word + " ";
    CAPTURE(line);
    const Outcome plain = run_chela(folder, all);
    CHECK(plain.code == code);
    CHECK(plain.out.empty());
    auto with_json = all;
    with_json.emplace_back("--json");
    const Outcome machine = run_chela(folder, with_json);
    CHECK(machine.code == code);
    const auto json = machine.json();
    REQUIRE(json.size() == 1);
    CHECK(json.at("error").at("kind") == kind);
    const std::string message = json.at("error").at("message");
    for (const std::string& part : parts) {
        CHECK_MESSAGE(message.find(part) != std::string::npos, message, " lacks ", part);
        CHECK_MESSAGE(plain.err.find(part) != std::string::npos, plain.err, " lacks ", part);
    }
}

} // namespace

TEST_CASE("bad usage of commands and options") {
    const TemporaryFolder folder;
    const auto refused = [&](const std::string& line, const std::vector<std::string>& parts) {
        check_refused(folder, words(line), parts);
    };
    refused("", {"a command is missing"});
    refused("tuna", {"command is 'tuna'", "tune", "verify"});
    refused("tune", {"FAMILY is missing", "linear_attention"});
    refused("tune nonsense", {"family is 'nonsense'", "linear_attention"});
    refused("run nonsense --q q.npy", {"family is 'nonsense'"});
    refused("tune linear_attention --hed-dim 64",
            {"'--hed-dim' was not expected", "did you mean --head-dim?"});
    refused("tune linear_attention extra", {"'extra' was not expected"});
    refused("devices extra", {"'extra' was not expected"});
    refused("tune linear_attention --head-dim", {"--head-dim"});
    refused("tune linear_attention --head-dim 64 --head-dim 128", {"--head-dim"});
    refused("tune linear_attention --head-dim seven", {"--head-dim is 'seven'", "8 to 256"});
    refused("tune linear_attention --head-dim 7", {"--head-dim is '7'", "8 to 256"});
    refused("verify linear_attention --head-dim 512", {"--head-dim is '512'", "8 to 256"});
    refused("verify linear_attention --length -1", {"--length is '-1'", "0 to"});
    refused("verify linear_attention --dtype fp64", {"--dtype is 'fp64'", "bf16, fp16 or fp32"});
    refused("verify linear_attention --causal=maybe", {"maybe", "true or false"});
    refused("verify linear_attention --dtype bf16 --math tf32", {"math is 'tf32'", "bf16"});
    refused("tune linear_attention --budget 60", {"--budget is '60'", "60s"});
    refused("tune linear_attention --budget -5s", {"--budget is '-5s'", "positive"});
    refused("tune linear_attention --trials 0", {"--trials is '0'", "from 1"});
    refused("tune linear_attention --trials many", {"--trials is 'many'", "whole number"});
    refused("verify linear_attention --seed x", {"--seed is 'x'", "whole number"});
    refused("verify linear_attention --value-scale big", {"--value-scale is 'big'", "finite number"});
    refused("verify linear_attention --scale nan", {"--scale is 'nan'", "finite number"});
    refused("verify linear_attention --placement sideways", {"sideways", "contiguous", "padded_rows"});
    refused("verify linear_attention --algorithm magic", {"'magic'"});
    refused("verify linear_attention --algorithm mma", {"--algorithm is 'mma'", "does not serve", "cpu"});
    refused("verify linear_attention --target tpu", {"target is 'tpu'", "cpu"});
    refused("verify linear_attention --target sm_90a", {"sm_90a"});
    refused("bench linear_attention --samples 0", {"--samples is '0'"});
    refused("inspect linear_attention --emit hex", {"--emit is 'hex'", "source", "sass"});
    refused("inspect linear_attention --target sm_75", {"target is 'sm_75'", "sm_80"});
    refused("inspect linear_attention --target cpu --emit sass", {"sass", "cpu"});
    refused("inspect linear_attention --target sm_90a --emit asm", {"asm", "sm_90a"});
    refused("cache", {"path, list, check, clear, export, import"});
    refused("cache burn", {"'burn' was not expected"});
    refused("cache import", {"FILE"});
    refused("cache import absent.json", {"absent.json cannot be read"});
    refused("cache clear --binaries --records", {"--binaries and --records"});
    write_file(folder / "text.json", "not JSON");
    refused("cache import " + (folder / "text.json").string(), {"text.json"});
    refused("cache export " + (folder / "no/such/folder.json").string(), {"folder.json cannot be written"});
}

TEST_CASE("bad input of run") {
    const TemporaryFolder folder;
    const auto save = [&](const std::string& name, const Shape& shape) {
        std::size_t count = 1;
        for (const auto length : shape) count *= static_cast<std::size_t>(length);
        write_file(folder / name, npy_bytes(shape, std::vector<double>(count, 0.5)));
        return (folder / name).string();
    };
    const std::string q = save("q.npy", {1, 20, 2, 16}), k = save("k.npy", {1, 20, 2, 16}),
                      v = save("v.npy", {1, 20, 2, 24});
    const std::string out = folder / "o.npy";
    const auto refused = [&](const std::vector<std::pair<std::string, std::string>>& options,
                             const std::vector<std::string>& parts) {
        std::vector<std::string> all{"run", "linear_attention"};
        for (const auto& [name, value] : options) all.insert(all.end(), {name, value});
        check_refused(folder, all, parts);
        CHECK_FALSE(std::filesystem::exists(out));
    };
    refused({{"--q", q}, {"--k", k}, {"--v", v}}, {"--out is missing"});
    refused({{"--q", q}, {"--v", v}, {"--out", out}}, {"--k is missing", ".npy"});
    refused({{"--q", q}, {"--k", folder / "absent.npy"}, {"--v", v}, {"--out", out}},
            {"absent.npy", "No such file"});
    refused({{"--q", q}, {"--k", save("k3.npy", {1, 20, 3, 16})}, {"--v", v}, {"--out", out}},
            {"heads is 3 in", "k3.npy", "dimension 2", "but 2 in", "q.npy"});
    refused({{"--q", q}, {"--k", k}, {"--v", save("v21.npy", {1, 21, 2, 24})}, {"--out", out}},
            {"length is 21 in", "v21.npy", "but 20 in"});
    refused({{"--q", save("q3.npy", {20, 2, 16})}, {"--k", k}, {"--v", v}, {"--out", out}},
            {"q3.npy", "[20, 2, 16]", "4 dimensions [batch, length, heads, head_dim]"});
    refused({{"--q", save("thin.npy", {1, 20, 2, 4})}, {"--k", k}, {"--v", v}, {"--out", out}},
            {"thin.npy", "head_dim is 4", "8 to 256"});
    refused({{"--q", q}, {"--k", k}, {"--v", v}, {"--out", out}, {"--head-dim", "32"}},
            {"head_dim is 16 in", "but 32 in the command line"});
    refused({{"--q", q},
             {"--k", k},
             {"--v", v},
             {"--out", out},
             {"--initial-state", save("s.npy", {1, 2, 24, 16})}},
            {"head_dim is 24 in", "s.npy", "but 16 in"});
    refused({{"--q", q}, {"--k", k}, {"--v", v}, {"--out", folder / "no/such/o.npy"}},
            {"there is no folder", "no/such"});
    refused({{"--q", q}, {"--k", k}, {"--v", v}, {"--out", out}, {"--scale", "much"}}, {"--scale is 'much'"});
    write_file(folder / "cut.npy", read_file(q).substr(0, 200));
    refused({{"--q", folder / "cut.npy"}, {"--k", k}, {"--v", v}, {"--out", out}}, {"cut.npy is cut off"});
}

TEST_CASE("a device that is not here is exit code 3") {
    const TemporaryFolder folder;
    if (run_chela(folder, {"devices", "--json"}).json()["devices"][0]["present"] == true) {
        MESSAGE("SKIP: there is a CUDA device");
        return;
    }
    check_refused(folder, words("verify linear_attention --target cuda"), {"target is 'cuda'"}, 3, "device");
}

TEST_CASE("help is on standard output, with an example, for every command and family") {
    const TemporaryFolder folder;
    const Outcome all = run_chela(folder, {"--help"});
    CHECK(all.code == 0);
    CHECK(all.out.find("worker") == std::string::npos); // for the tuner alone
    CHECK(run_chela(folder, {"--version"}).out.starts_with("chela "));
    for (const char* command : {"tune", "run", "verify", "bench", "inspect", "devices", "list", "cache"}) {
        CAPTURE(command);
        CHECK(all.out.find(command) != std::string::npos);
        const Outcome help = run_chela(folder, {command, "--help"});
        CHECK(help.code == 0);
        CHECK(help.out.find("Example:\n  chela " + std::string(command)) != std::string::npos);
        CHECK(help.out.find("--json") != std::string::npos);
        CHECK(help.err.empty());
    }
    for (const char* command : {"path", "list", "check", "clear", "export", "import"}) {
        const Outcome help = run_chela(folder, {"cache", command, "--help"});
        CHECK(help.code == 0);
        CHECK(help.out.find("Example:\n  chela cache " + std::string(command)) != std::string::npos);
    }
    for (const Family* family : families())
        for (const char* command : {"tune", "run", "verify", "bench", "inspect"}) {
            const Outcome help = run_chela(folder, {command, std::string(family->name()), "--help"});
            CAPTURE(help.out);
            CHECK(help.code == 0);
            CHECK(help.out.find("Example:\n  chela " + std::string(command) + " " +
                                std::string(family->name())) != std::string::npos);
            for (const Field& field : family->traits()) {
                std::string option = "--" + field.name;
                std::replace(option.begin(), option.end(), '_', '-');
                CHECK_MESSAGE(help.out.find(option) != std::string::npos, option);
                if (field.kind == Field::Kind::integer)
                    CHECK_MESSAGE(help.out.find(field.range()) != std::string::npos, field.range());
            }
        }
}
