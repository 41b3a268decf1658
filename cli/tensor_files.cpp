#include "cli/tensor_files.hpp"

#include "codegen/error.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace chela::cli {

namespace {

constexpr const char* only_output = "--out"; ///< the other name of the only required output

bool is_only_output(const Family& family, const TensorSpec& tensor) {
    const auto& all = family.tensors();
    const auto required = [](const TensorSpec& one) { return one.role == TensorSpec::Role::output; };
    return required(tensor) && std::count_if(all.begin(), all.end(), required) == 1;
}

std::filesystem::path path_of(const CLI::Option* option) {
    return option->count() > 0 ? std::filesystem::path(option->results().back()) : std::filesystem::path();
}

/// Where the value of a dimension comes from.
struct Source {
    std::int64_t value;
    std::string text; ///< "q.npy" or "the command line"
};

class Dimensions {
  public:
    explicit Dimensions(const ProblemOptions& options)
        : options_(options), traits_(options.traits.values()), extents_(options.extents.values()) {
        const Family& family = options.family();
        const auto take = [&](const Schema& schema, const SchemaOptions& given, const Values& values) {
            for (const Field& field : schema)
                if (given.given(field.name)) known_[field.name] = {values[field.name], "the command line"};
        };
        take(family.traits(), options.traits, traits_);
        take(family.extents(), options.extents, extents_);
    }

    void take(const TensorFile& file) {
        const auto dims = options_.family().dims(traits_, *file.spec);
        const auto& shape = file.header.shape;
        const std::string path = file.path.string();
        if (shape.size() != dims.size())
            throw UserError(fmt::format("{} ({}) has the shape {}; it must have {} dimensions [{}]",
                                        tensor_option(options_.family(), *file.spec), path, shape_text(shape),
                                        dims.size(), fmt::join(dims, ", ")));
        for (std::size_t i = 0; i < dims.size(); ++i) {
            const auto [field, added] = Dimension::parse(dims[i]);
            const std::string name(field);
            const std::int64_t value = shape[i] - added;
            if (value < 0 || (name.empty() && value != 0))
                throw UserError(fmt::format("{} ({}) has the shape {}; its dimension {} must be {}",
                                            tensor_option(options_.family(), *file.spec), path,
                                            shape_text(shape), i, dims[i]));
            if (name.empty()) continue;
            const auto [known, is_new] = known_.try_emplace(name, Source{value, path});
            if (!is_new && known->second.value != value)
                throw UserError(fmt::format("{} is {} in {} (dimension {} of its shape {}) but {} in {}",
                                            name, value, path, i, shape_text(shape), known->second.value,
                                            known->second.text));
            set(name, value, path);
        }
    }

    void set_dtype(DType dtype) { traits_.parse("dtype", to_string(dtype)); }
    Problem problem() const { return Problem(&options_.family(), traits_, extents_); }

  private:
    void set(const std::string& name, std::int64_t value, const std::string& path) {
        Values& values = traits_.has(name) ? traits_ : extents_;
        try {
            values.set(name, value);
        } catch (const UserError& error) {
            throw UserError(fmt::format("{}: {}", path, error.what()));
        }
    }
    const ProblemOptions& options_;
    Values traits_, extents_;
    std::map<std::string, Source> known_;
};

void check_type(const TensorFile& file) {
    if (file.spec->index == is_integer(file.header.type)) return;
    throw UserError(fmt::format("{} holds {}; {} must be {}", file.path.string(), to_string(file.header.type),
                                file.spec->name,
                                file.spec->index ? "int32 or int64" : "float16, float32 or float64"));
}

void check_folder(const TensorFile& file) {
    const auto folder = std::filesystem::absolute(file.path).parent_path();
    std::error_code error;
    if (!std::filesystem::is_directory(folder, error))
        throw UserError(fmt::format("{} is to be written to {}, but there is no folder {}", file.spec->name,
                                    file.path.string(), folder.string()));
}

} // namespace

std::string tensor_option(const Family& family, const TensorSpec& tensor) {
    const bool taken = Values(family.traits()).has(tensor.name) || Values(family.extents()).has(tensor.name);
    return option_name(tensor.name) + (taken ? "-file" : "");
}

TensorOptions::TensorOptions(CLI::App& app, const Family& family) : family_(family) {
    for (const TensorSpec& tensor : family.tensors()) {
        std::string names = tensor_option(family, tensor);
        if (is_only_output(family, tensor) && names != only_output)
            names = fmt::format("{},{}", only_output, names);
        options_[tensor.name] = app.add_option(names)
                                    ->description(fmt::format(
                                        "{} [{}]{}{}", tensor.help, fmt::join(tensor.dims, ", "),
                                        tensor.index ? ", int32" : "", tensor.optional() ? ", optional" : ""))
                                    ->type_name("FILE.npy")
                                    ->group("Tensors");
        if (tensor.input() && tensor.output())
            updates_[tensor.name] =
                app.add_option(names + "-out")
                    ->description(
                        fmt::format("where the updated {} is written; nowhere if left out", tensor.name))
                    ->type_name("FILE.npy")
                    ->group("Tensors");
    }
}

std::filesystem::path TensorOptions::file(const TensorSpec& tensor) const {
    return path_of(options_.at(tensor.name));
}

std::filesystem::path TensorOptions::file_of_update(const TensorSpec& tensor) const {
    return path_of(updates_.at(tensor.name));
}

std::string TensorOptions::option(const TensorSpec& tensor) const {
    return is_only_output(family_, tensor) ? only_output : tensor_option(family_, tensor);
}

FileProblem problem_of_files(const TensorOptions& options, const ProblemOptions& values) {
    FileProblem result;
    Dimensions dimensions(values);
    const bool dtype_given = values.traits.given("dtype");
    const Values traits = values.traits.values(); // what no shape says is complete
    std::optional<NpyType> first;
    for (const TensorSpec& tensor : options.family().tensors()) {
        const auto path = options.file(tensor);
        const bool is_updated = tensor.input() && tensor.output();
        const auto written = is_updated ? options.file_of_update(tensor) : path;
        const bool exists = tensor.exists(traits);
        for (const auto& [given, suffix] : {std::pair(path, ""), std::pair(written, "-out")})
            if (!given.empty() && !exists)
                throw UserError(fmt::format("{}{} ({}) is given, but {} {} has no use for it",
                                            tensor_option(options.family(), tensor), suffix, given.string(),
                                            options.family().name(), traits.to_string()));
        if (path.empty()) {
            if (tensor.optional() || !exists) continue;
            throw UserError(fmt::format("{} is missing; it must be a .npy file for {}",
                                        options.option(tensor), tensor.help));
        }
        if (is_updated && written.empty())
            result.notes.push_back(fmt::format("the updated {} is not kept: there is no {}-out", tensor.name,
                                               tensor_option(options.family(), tensor)));
        if (tensor.output() && !written.empty()) {
            result.outputs.push_back({&tensor, written, {}});
            check_folder(result.outputs.back());
        }
        if (!tensor.input()) continue;
        result.inputs.push_back({&tensor, path, read_npy_header(path)});
        const TensorFile& file = result.inputs.back();
        check_type(file);
        dimensions.take(file);
        if (!tensor.state && !tensor.index && !first) {
            first = file.header.type;
            if (!dtype_given) dimensions.set_dtype(dtype_of(*first));
        }
    }
    result.problem = dimensions.problem();
    for (const TensorFile& file : result.inputs) {
        const DType dtype = result.problem.dtype(*file.spec);
        if (dtype == DType::int32) continue; // what does not fit is refused when it is read
        const bool exact = size_of(file.header.type) <= size_of(npy_type(dtype)) && dtype != DType::bf16;
        if (!exact)
            result.notes.push_back(fmt::format("{} holds {}; it is rounded to {}", file.path.string(),
                                               to_string(file.header.type), to_string(dtype)));
    }
    return result;
}

} // namespace chela::cli
