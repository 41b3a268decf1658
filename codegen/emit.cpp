#include "codegen/emit.hpp"

#include "codegen/error.hpp"

#include <algorithm>
#include <cctype>
#include <fmt/format.h>
#include <set>
#include <string_view>

namespace chela {

namespace {

std::string_view element_type(DType dtype) {
    return dtype == DType::fp32 ? "float" : dtype == DType::int32 ? "int" : to_string(dtype);
}

bool names_dtype(const Field& field) { return field.name == "dtype" || field.name.ends_with("_dtype"); }

/// "dtype" -> "Element", "state_dtype" -> "State".
std::string type_alias(std::string name) {
    if (name == "dtype") return "Element";
    name.resize(name.size() - std::string_view("_dtype").size());
    name[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(name[0])));
    return name;
}

/// Constants as members of a struct: at namespace scope NVRTC would make device globals of them.
std::string constants(const Values& values) {
    std::string text;
    for (std::size_t i = 0; i < values.schema().size(); ++i) {
        const Field& field = values.schema()[i];
        const std::int64_t value = values.at(i);
        if (names_dtype(field))
            text += fmt::format("    using {} = {};\n", type_alias(field.name),
                                element_type(dtype_named(field.text(value))));
        else if (field.kind == Field::Kind::choice)
            text += fmt::format("    static constexpr int {} = {}; // {}\n", field.name, value,
                                field.text(value));
        else
            text += fmt::format("    static constexpr {} {} = {};\n",
                                field.kind == Field::Kind::boolean ? "bool" : "int", field.name,
                                field.text(value));
    }
    return text;
}

std::string config_struct(const EmitRequest& request) {
    std::string text = "struct Config {\n    // Traits of the problem.\n" + constants(request.traits);
    text += fmt::format("    // Tunables of '{}'.\n", request.algorithm->name()) + constants(request.config);
    if (!request.derived.empty()) text += "    // Follow from them.\n";
    for (const auto& [type, name, value] : request.derived)
        text += fmt::format("    static constexpr {} {} = {};\n", type, name, value);
    return text + "};\n";
}

std::string arguments_struct(const EmitRequest& request) {
    std::string text = "struct Arguments {\n";
    for (const auto& tensor : request.family->tensors()) {
        if (!tensor.exists(request.traits)) continue;
        std::string dims;
        for (const auto& dim : request.family->dims(request.traits, tensor))
            dims += (dims.empty() ? "" : ", ") + dim;
        text += fmt::format("    {}{}* {}; // [{}]{}\n", tensor.output() ? "" : "const ",
                            element_type(tensor.dtype(request.traits)), tensor.name, dims,
                            tensor.optional() ? ", may be null" : "");
        if (tensor.rank() > 1)
            text += fmt::format("    long long {}_stride[{}];\n", tensor.name, tensor.rank() - 1);
    }
    for (const auto& extent : request.family->extents()) text += fmt::format("    int {};\n", extent.name);
    for (const auto& scalar : request.family->scalars())
        if (scalar.exists(request.traits)) text += fmt::format("    float {};\n", scalar.name);
    text += "    void* workspace;\n";
    if (request.prepared || !request.boxes.empty())
        text += "    void* prepared; // what a preparing kernel wrote, for any number of launches\n";
    for (const TensorBox& box : request.boxes)
        text +=
            fmt::format("    alignas(128) unsigned long long {}_map[16]; // for TMA: boxes of {} ({}) x {}, "
                        "swizzle of 128 bytes\n",
                        box.tensor, box.rows, box.row, box.columns);
    return text + "};\n";
}

std::string entry(const EmitRequest& request) {
    const auto& name = request.function;
    const auto viewed = [&](std::string arguments) {
        return request.view.empty() ? arguments
                                    : fmt::format("chela::{}<chela::Config>({})", request.view, arguments);
    };
    if (request.target.backend == Backend::cpu)
        return fmt::format("extern \"C\" void {0}(const void* arguments, long long block, void* scratch) {{\n"
                           "    chela::{0}_body<chela::Config>({1}, block, scratch);\n}}\n",
                           name, viewed("*static_cast<const chela::Arguments*>(arguments)"));
    const std::string bounds = request.blocks_per_sm
                                   ? fmt::format("{}, {}", request.block, request.blocks_per_sm)
                                   : std::to_string(request.block);
    return fmt::format("extern \"C\" __global__ void __launch_bounds__({1})\n"
                       "{0}(const __grid_constant__ chela::Arguments arguments) {{\n"
                       "    chela::{0}_body<chela::Config>({2});\n}}\n",
                       name, bounds, viewed("arguments"));
}

/// The command that shows this source again.
std::string reproduce(const EmitRequest& request) {
    const auto options = [](const Values& values) {
        std::string text;
        for (std::size_t i = 0; i < values.schema().size(); ++i) {
            const Field& field = values.schema()[i];
            std::string name = field.name;
            for (auto& letter : name)
                if (letter == '_') letter = '-';
            if (field.kind == Field::Kind::boolean)
                text += fmt::format(" --{}{}", values.at(i) ? "" : "no-", name);
            else
                text += fmt::format(" --{} {}", name, field.text(values.at(i)));
        }
        return text;
    };
    const Config own{request.algorithm, request.config}, &config = request.part_of ? *request.part_of : own;
    return fmt::format("chela inspect {} --target {}{} --algorithm {}{}", request.family->name(),
                       request.target.to_string(), options(request.traits), config.algorithm->name(),
                       options(config.values));
}

} // namespace

std::string emit(const TemplateFiles& files, const EmitRequest& request) {
    const Lookup lookup = [&request](std::string_view name) -> std::string {
        if (name == "backend")
            return request.target.backend == Backend::cpu    ? "cpu"
                   : request.target.backend == Backend::cuda ? "cuda"
                                                             : "emulator";
        if (name == "arch") return request.target.arch();
        if (request.traits.has(name)) return request.traits.text(name);
        if (request.config.has(name)) return request.config.text(name);
        for (const auto& constant : request.derived)
            if (constant.name == name) return constant.value;
        throw UserError(
            fmt::format("the template {} asks for '{}', which is neither a trait, a tunable nor a derived "
                        "constant",
                        request.body, name));
    };
    const auto redirect = [&request](std::string path) {
        if (const auto other = request.replaced.find(path); other != request.replaced.end())
            path = other->second;
        if (request.target.backend == Backend::emulator && path.starts_with("prelude/cuda/"))
            path.replace(0, 12, "prelude/emulator");
        return path;
    };
    std::string text = fmt::format(
        "// {0}, generated by chela: {1} on {2}.\n// traits: {3}\n// config: {4} {5}\n// again:  {6}\n\n",
        request.function, request.family->name(), request.target.to_string(), request.traits.to_string(),
        request.algorithm->name(), request.config.to_string(), reproduce(request));
    text += "namespace chela {\n\n";
    std::set<std::string> types; // of 16 bits, which the prelude defines
    for (const Field& field : request.traits.schema())
        if (names_dtype(field)) types.insert(request.traits.text(field.name));
    types.erase("fp32");
    for (const std::string& type : types) text += fmt::format("struct {};\n\n", type);
    text += config_struct(request) + "\n" + arguments_struct(request) + "\n} // namespace chela\n\n";
    text += render(files, {request.view_file, request.body}, lookup, redirect);
    const auto lines = std::count(text.begin(), text.end(), '\n') + 3;
    text += fmt::format("\n#line {} \"{}.generated\"\n{}", lines, request.function, entry(request));
    return text;
}

} // namespace chela
