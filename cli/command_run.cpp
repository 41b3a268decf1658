// chela run: NumPy files in, the kernel that serves, NumPy files out.

#include "cli/command.hpp"
#include "cli/duration.hpp"
#include "cli/help.hpp"
#include "cli/served.hpp"
#include "cli/table.hpp"
#include "cli/tensor_files.hpp"
#include "codegen/error.hpp"
#include "runtime/host_tensors.hpp"

#include <chrono>
#include <list>
#include <map>
#include <nlohmann/json.hpp>

namespace chela::cli {

namespace {

/// Memory of a device for the time of a command.
class DeviceMemory {
  public:
    DeviceMemory(Device& device, std::size_t bytes)
        : device_(device), bytes_(bytes), data_(device.allocate(std::max<std::size_t>(1, bytes))) {}
    ~DeviceMemory() { device_.free(data_); }
    DeviceMemory(const DeviceMemory&) = delete;
    DeviceMemory& operator=(const DeviceMemory&) = delete;
    void* data() const { return data_; }
    std::size_t bytes() const { return bytes_; }

  private:
    Device& device_;
    std::size_t bytes_;
    void* data_;
};

std::size_t bytes_of(const Problem& problem, const TensorSpec& tensor) {
    std::int64_t bytes = size_of(problem.dtype(tensor));
    for (const auto length : problem.shape(tensor)) bytes *= length;
    return static_cast<std::size_t>(bytes);
}

/// Refuses what the kernels would take on trust.
void check_input(const Problem& problem, const TensorFile& file, const NpyElements& elements) {
    const DType dtype = problem.dtype(*file.spec);
    if (dtype == DType::int32 && elements.overflowed > 0)
        throw UserError(fmt::format("{} holds {} numbers that are not in the range of int32",
                                    file.path.string(), elements.overflowed));
    if (!file.spec->state && !file.spec->index) return;
    std::vector<double> values(elements.bytes.size() / static_cast<std::size_t>(size_of(dtype)));
    decode(elements.bytes.data(), dtype, values);
    try {
        problem.family->check_input(problem, *file.spec, values);
    } catch (const UserError& error) {
        throw UserError(fmt::format("{}: {}", file.path.string(), error.what()));
    }
}

struct Run {
    Context& context;
    TensorOptions tensors;
    ProblemOptions values;
    ScalarOptions scalars;
    ConfigOptions config;

    int act();
    /// Milliseconds from launch to completion.
    double compute(Session&, const Op&, const FileProblem&) const;
};

double Run::compute(Session& session, const Op& op, const FileProblem& files) const {
    Device& device = session.device();
    Arguments arguments = op.arguments();
    for (const auto& [name, value] : scalars.given()) arguments.scalar(name, value);
    std::list<DeviceMemory> memory;
    std::map<const TensorSpec*, DeviceMemory*> where;
    for (const TensorFile& file : files.inputs) {
        const NpyElements elements = read_npy(file.path, file.header, op.problem().dtype(*file.spec));
        check_input(op.problem(), file, elements);
        if (elements.overflowed > 0)
            context.warn(fmt::format("{} values of {} are too large for {} and became infinite",
                                     elements.overflowed, file.path.string(),
                                     to_string(op.problem().dtype(*file.spec))));
        DeviceMemory& there = memory.emplace_back(device, elements.bytes.size());
        device.copy_in(there.data(), elements.bytes.data(), elements.bytes.size());
        arguments.tensor(file.spec->name, there.data());
        where[file.spec] = &there;
    }
    for (const TensorFile& file : files.outputs) {
        if (where.contains(file.spec)) continue; // updated in place
        DeviceMemory& there = memory.emplace_back(device, bytes_of(op.problem(), *file.spec));
        arguments.tensor(file.spec->name, there.data());
        where[file.spec] = &there;
    }
    const std::size_t workspace_bytes = op.workspace_bytes(arguments);
    const DeviceMemory workspace(device, workspace_bytes);
    if (workspace_bytes > 0) arguments.workspace(workspace.data(), workspace_bytes);

    device.synchronize();
    const auto start = std::chrono::steady_clock::now();
    op.launch(nullptr, arguments);
    device.synchronize();
    const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - start;

    for (const TensorFile& file : files.outputs) {
        const DeviceMemory& result = *where.at(file.spec);
        std::vector<std::byte> bytes(result.bytes());
        device.copy_out(bytes.data(), result.data(), bytes.size());
        write_npy(file.path, op.problem().shape(*file.spec), op.problem().dtype(*file.spec), bytes);
    }
    return took.count();
}

int Run::act() {
    scalars.given(); // bad numbers are told before anything is done
    const FileProblem files = problem_of_files(tensors, values);
    for (const std::string& note : files.notes) context.note(note);
    Session session = context.open_session();
    const Served served = serve(session, files.problem, config);
    const double milliseconds = compute(session, served.op, files);
    context.log_notices(session);

    if (context.json) {
        auto json = heading_json("run", session, served);
        json["milliseconds"] = milliseconds;
        json["compiled"] = session.compiled();
        json["notes"] = files.notes;
        json["outputs"] = nlohmann::ordered_json::array();
        for (const TensorFile& file : files.outputs)
            json["outputs"].push_back({{"tensor", file.spec->name},
                                       {"file", file.path.string()},
                                       {"shape", files.problem.shape(*file.spec)},
                                       {"type", to_string(npy_type(files.problem.dtype(*file.spec)))}});
        print_json(json);
        return done;
    }
    if (context.quiet) return done;
    std::vector<std::pair<std::string, std::string>> lines{
        {"took", time_text(milliseconds) + " (one launch)"}};
    for (const TensorFile& file : files.outputs)
        lines.emplace_back(file.spec->name, fmt::format("{}: {} of {}", file.path.string(),
                                                        to_string(npy_type(files.problem.dtype(*file.spec))),
                                                        shape_text(files.problem.shape(*file.spec))));
    print("{}", result_text(context, "run", session, served, lines));
    return done;
}

std::string example(const Family& family) {
    std::string text;
    for (const TensorSpec& tensor : family.tensors())
        if (!tensor.optional() && tensor.exists(Values(family.traits())))
            text += fmt::format(" {} {}.npy", tensor_option(family, tensor), tensor.name);
    return fmt::format("chela run {}{}", family.name(), text);
}

} // namespace

Action declare_run(CLI::App& app, Context& context, const Family* family) {
    if (!family) return {};
    const auto run =
        std::shared_ptr<Run>(new Run{context, TensorOptions(app, *family), ProblemOptions(app, *family),
                                     ScalarOptions(app, *family), ConfigOptions(app, *family)});
    add_target_option(app, context);
    add_example(
        app,
        example(*family) +
            "\n\nShapes say the dimensions, and the first file's type the dtype: float16 is fp16, float32\n"
            "and float64 are fp32. NumPy has no bfloat16: pass --dtype bf16, and read float32.");
    return [run] { return run->act(); };
}

} // namespace chela::cli
