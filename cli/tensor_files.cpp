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
        const auto& dims = file.spec->dims;
        const auto& shape = file.header.shape;
        const std::string path = file.path.string();
        if (shape.size() != dims.size())
            throw UserError(fmt::format("{} ({}) has the shape {}; it must have {} dimensions [{}]",
                                        option_name(file.spec->name), path, shape_text(shape), dims.size(),
                                        fmt::join(dims, ", ")));
        for (std::size_t i = 0; i < dims.size(); ++i) {
            const auto [known, is_new] = known_.try_emplace(dims[i], Source{shape[i], path});
            if (!is_new && known->second.value != shape[i])
                throw UserError(fmt::format("{} is {} in {} (dimension {} of its shape {}) but {} in {}",
                                            dims[i], shape[i], path, i, shape_text(shape),
                                            known->second.value, known->second.text));
            set(dims[i], shape[i], path);
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

void check_folder(const TensorFile& file) {
    const auto folder = std::filesystem::absolute(file.path).parent_path();
    std::error_code error;
    if (!std::filesystem::is_directory(folder, error))
        throw UserError(fmt::format("{} is to be written to {}, but there is no folder {}", file.spec->name,
                                    file.path.string(), folder.string()));
}

} // namespace

TensorOptions::TensorOptions(CLI::App& app, const Family& family) : family_(family) {
    for (const TensorSpec& tensor : family.tensors()) {
        std::string names = option_name(tensor.name);
        if (is_only_output(family, tensor) && names != only_output)
            names = fmt::format("{},{}", only_output, names);
        options_[tensor.name] =
            app.add_option(names)
                ->description(fmt::format("{} [{}]{}", tensor.help, fmt::join(tensor.dims, ", "),
                                          tensor.optional() ? ", optional" : ""))
                ->type_name("FILE.npy")
                ->group("Tensors");
    }
}

std::filesystem::path TensorOptions::file(const TensorSpec& tensor) const {
    const CLI::Option* option = options_.at(tensor.name);
    return option->count() > 0 ? std::filesystem::path(option->results().back()) : std::filesystem::path();
}

std::string TensorOptions::option(const TensorSpec& tensor) const {
    return is_only_output(family_, tensor) ? only_output : option_name(tensor.name);
}

FileProblem problem_of_files(const TensorOptions& options, const ProblemOptions& values) {
    FileProblem result;
    Dimensions dimensions(values);
    const bool dtype_given = values.traits.given("dtype");
    std::optional<NpyType> first;
    for (const TensorSpec& tensor : options.family().tensors()) {
        const auto path = options.file(tensor);
        if (path.empty()) {
            if (tensor.optional()) continue;
            throw UserError(fmt::format("{} is missing; it must be a .npy file for {}",
                                        options.option(tensor), tensor.help));
        }
        if (tensor.output()) {
            result.outputs.push_back({&tensor, path, {}});
            check_folder(result.outputs.back());
            continue;
        }
        result.inputs.push_back({&tensor, path, read_npy_header(path)});
        const TensorFile& file = result.inputs.back();
        dimensions.take(file);
        if (!tensor.state && !first) {
            first = file.header.type;
            if (!dtype_given) dimensions.set_dtype(dtype_of(*first));
        }
    }
    result.problem = dimensions.problem();
    for (const TensorFile& file : result.inputs) {
        const DType dtype = result.problem.dtype(*file.spec);
        const bool exact = size_of(file.header.type) <= size_of(npy_type(dtype)) && dtype != DType::bf16;
        if (!exact)
            result.notes.push_back(fmt::format("{} holds {}; it is rounded to {}", file.path.string(),
                                               to_string(file.header.type), to_string(dtype)));
    }
    return result;
}

} // namespace chela::cli
