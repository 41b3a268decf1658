#include "tests/tuner/toy.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <thread>
#include <unistd.h>

namespace toy {
namespace {

using namespace chela;

class Tiles : public Algorithm {
  public:
    std::string_view name() const override { return "tiles"; }
    const Schema& tunables() const override {
        static const Schema schema = {
            Field::integer("tile", 16, 256, 64, "rows").over({16, 32, 64, 128}),
            Field::integer("warps", 1, 16, 4, "warps").over({1, 2, 4, 8}),
            Field::integer("stages", 1, 8, 2, "stages").over({1, 2, 3, 4}),
        };
        return schema;
    }
    std::string rejects(const Target&, const Values& traits) const override {
        return traits["size"] > 128 ? "size is above 128" : "";
    }
    std::string rejects(const Target&, const Values&, const Values& config) const override {
        return config["tile"] * config["stages"] > 256 ? "tile * stages is above 256" : "";
    }
    Values default_config(const Target&, const Problem&) const override {
        return Values(tunables()).set("tile", 32).set("warps", 2).set("stages", 2);
    }
    Program generate(const Target&, const Values&, const Values& config) const override {
        Kernel kernel{.entry = "toy", .source = "", .launch = {}};
        kernel.launch.block = static_cast<int>(32 * config["warps"]);
        kernel.launch.shared_bytes = 256 * config["tile"] * config["stages"];
        return {.kernels = {kernel}, .workspace_bytes = {0, {}}};
    }
};

class Plain : public Algorithm {
  public:
    std::string_view name() const override { return "plain"; }
    const Schema& tunables() const override {
        static const Schema schema = {Field::integer("unroll", 1, 4, 1, "times").over({1, 2, 4})};
        return schema;
    }
    std::string rejects(const Target&, const Values&) const override { return ""; }
    std::string rejects(const Target&, const Values&, const Values&) const override { return ""; }
    Values default_config(const Target&, const Problem&) const override { return Values(tunables()); }
    Program generate(const Target&, const Values&, const Values&) const override {
        return {.kernels = {Kernel{.entry = "toy", .source = "", .launch = {}}}, .workspace_bytes = {0, {}}};
    }
};

class Toy : public Family {
  public:
    std::string_view name() const override { return "toy"; }
    std::string_view summary() const override { return "a known landscape"; }
    const Schema& traits() const override {
        static const Schema schema = {Field::integer("size", 8, 256, 64, "columns"),
                                      Field::boolean("causal", true, "mask"),
                                      Field::choice("dtype", {"bf16", "fp16", "fp32"}, 0, "type")};
        return schema;
    }
    const Schema& extents() const override {
        static const Schema schema = {Field::integer("batch", 0, 1 << 30, 1, "batch"),
                                      Field::integer("heads", 1, 1 << 30, 1, "heads"),
                                      Field::integer("length", 0, 1 << 30, 1, "length")};
        return schema;
    }
    const std::vector<Scalar>& scalars() const override {
        static const std::vector<Scalar> none;
        return none;
    }
    const std::vector<TensorSpec>& tensors() const override {
        static const std::vector<TensorSpec> none;
        return none;
    }
    std::span<const Algorithm* const> algorithms() const override {
        static const Tiles tiles;
        static const Plain plain;
        static const Algorithm* const all[] = {&tiles, &plain};
        return all;
    }
    void reference(const Problem&, const std::map<std::string, double>&, HostTensors&) const override {}
    double error_bound(const Problem&) const override { return 1e-3; }
    const std::vector<std::string>& independent_extents() const override {
        static const std::vector<std::string> names = {"batch", "heads"};
        return names;
    }
    double operations(const Problem&, const Config&) const override { return 0; }
};

Measurement failed(Status status, const std::string& detail) {
    Measurement measurement;
    measurement.status = status;
    measurement.detail = detail;
    return measurement;
}

void wait(double seconds) {
    if (seconds > 0) std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
}

} // namespace

const Family& family() {
    static const Toy toy;
    return toy;
}

Problem problem(std::int64_t batch, std::int64_t heads, std::int64_t length) {
    Values extents(family().extents());
    extents.set("batch", batch).set("heads", heads).set("length", length);
    return {&family(), Values(family().traits()), extents};
}

Config config(const std::string& text) { return config_from(family(), text); }

RunnerInfo info(const std::string& device) {
    return {.device = device,
            .target = Target::parse("sm_90a"),
            .toolchain = "toy compiler 1",
            .compile_threads = 2};
}

std::vector<Config> space() { return search_space(family(), info().target, problem().traits); }

Measurement truth(const Config& config) {
    Measurement measurement;
    measurement.samples = 10;
    measurement.spread_ms = 0.001;
    measurement.relative_error = 1e-4;
    if (config.algorithm->name() == "plain") {
        measurement.median_ms = 3 + 0.1 * static_cast<double>(config.values["unroll"]);
        return measurement;
    }
    const auto tile = config.values["tile"], warps = config.values["warps"], stages = config.values["stages"];
    measurement.median_ms = 1 + 0.3 * std::abs(std::log2(static_cast<double>(tile) / 64)) +
                            0.2 * std::abs(std::log2(static_cast<double>(warps) / 4)) +
                            0.1 * static_cast<double>(std::abs(stages - 3));
    if (tile == 128 && warps == 8) {
        measurement.status = Status::wrong;
        measurement.median_ms = 0.1;
        measurement.relative_error = 0.7;
        measurement.detail = "o, seed 3";
    } else if (tile == 16 && warps == 8) {
        return failed(Status::hung, "no end after 10 s");
    } else if (tile == 16 && stages == 1) {
        return failed(Status::crashed, "signal 11");
    }
    return measurement;
}

Measurement Runner::compile(const Problem&, const Config& config) {
    ++compiles;
    const int now = ++compiling;
    int most = most_compiling;
    while (now > most && !most_compiling.compare_exchange_weak(most, now)) {
    }
    wait(compile_seconds);
    if (on_compile) on_compile(config);
    Measurement measurement;
    if (config.algorithm->name() == "tiles" && config.values["warps"] == 1 && config.values["stages"] == 4) {
        measurement = failed(Status::compile_error, "line 7: expected ';'");
    }
    measurement.compile_ms = 120;
    --compiling;
    return measurement;
}

Measurement Runner::measure(const Problem&, const Config& config, Effort effort) {
    measured_while_compiling += compiling > 0;
    measured.emplace_back(config.to_string(), effort);
    wait(measure_seconds);
    Measurement measurement = truth(config);
    if (effort == Effort::thorough) measurement.samples *= 5;
    if (on_measure) on_measure(static_cast<int>(measured.size()), config, effort, measurement);
    return measurement;
}

int Runner::measures(Effort effort) const {
    return static_cast<int>(std::count_if(measured.begin(), measured.end(),
                                          [&](const auto& one) { return one.second == effort; }));
}

Folder::Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "chela-tuner-XXXXXX").string();
    if (!mkdtemp(name.data())) throw std::runtime_error("no folder " + name);
    path_ = name;
}

Folder::~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
}

std::vector<std::string> Folder::files(const std::string& part) const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(path_)) {
        if (entry.path().filename().string().find(part) != std::string::npos)
            names.push_back(entry.path().string());
    }
    return names;
}

Record record(const Problem& problem, const RunnerInfo& info, const std::string& config, double median_ms) {
    Measurement measurement;
    measurement.median_ms = median_ms;
    measurement.spread_ms = 0.01;
    measurement.samples = 20;
    measurement.relative_error = 1e-4;
    measurement.compile_ms = 100;
    return {tuning_point(problem, info), config, measurement, Effort::thorough, "2026-11-22T10:11:12Z"};
}

} // namespace toy
