// chela list: what the families are and what each may be told.

#include "cli/command.hpp"
#include "cli/help.hpp"
#include "cli/problem_options.hpp"
#include "cli/table.hpp"
#include "templates/families.hpp"

#include <nlohmann/json.hpp>

namespace chela::cli {

namespace {

using Json = nlohmann::ordered_json;

const char* role_text(TensorSpec::Role role) {
    switch (role) {
    case TensorSpec::Role::input:
        return "input";
    case TensorSpec::Role::output:
        return "output";
    case TensorSpec::Role::optional_input:
        return "optional input";
    case TensorSpec::Role::inout:
        return "input, updated in place";
    case TensorSpec::Role::optional_output:
        break;
    }
    return "optional output";
}

std::string dtype_text(const TensorSpec& tensor) {
    if (tensor.index) return "int32";
    if (!tensor.state) return "the problem's";
    return tensor.dtype_trait.empty() ? "fp32" : "as " + option_name(tensor.dtype_trait);
}

Json to_json(const Schema& schema) {
    Json list = Json::array();
    for (const Field& field : schema) {
        Json json{{"name", field.name},
                  {"option", option_name(field.name)},
                  {"help", field.help},
                  {"range", field.range()}};
        if (field.kind == Field::Kind::integer)
            json.update({{"minimum", field.minimum}, {"maximum", field.maximum}});
        if (field.kind == Field::Kind::choice) json["choices"] = field.choices;
        if (field.kind == Field::Kind::boolean) {
            json["default"] = field.fallback != 0;
        } else if (field.fallback >= field.minimum) {
            if (field.kind == Field::Kind::choice)
                json["default"] = field.text(field.fallback);
            else
                json["default"] = field.fallback;
        }
        if (!field.search.empty()) {
            json["search"] = Json::array();
            for (const auto value : field.search) json["search"].push_back(field.text(value));
        }
        list.push_back(std::move(json));
    }
    return list;
}

Json to_json(const Family& family) {
    Json scalars = Json::array(), tensors = Json::array(), algorithms = Json::array();
    for (const auto& scalar : family.scalars())
        scalars.push_back(
            {{"name", scalar.name}, {"option", option_name(scalar.name)}, {"help", scalar.help}});
    for (const auto& tensor : family.tensors())
        tensors.push_back({{"name", tensor.name},
                           {"role", role_text(tensor.role)},
                           {"dims", tensor.dims},
                           {"dtype", dtype_text(tensor)},
                           {"help", tensor.help}});
    for (const Algorithm* algorithm : family.algorithms())
        algorithms.push_back({{"name", algorithm->name()}, {"tunables", to_json(algorithm->tunables())}});
    return {{"name", family.name()},
            {"summary", family.summary()},
            {"traits", to_json(family.traits())},
            {"extents", to_json(family.extents())},
            {"scalars", scalars},
            {"tensors", tensors},
            {"algorithms", algorithms}};
}

void add_rows(Table& table, const Terminal& out, const Schema& schema) {
    for (const Field& field : schema) {
        const bool derived =
            field.fallback < field.minimum || (field.fallback == 0 && field.kind == Field::Kind::integer);
        table.add({"  " + out.cyan(option_name(field.name)), field.range(),
                   derived ? "" : field.text(field.fallback), field.help});
    }
}

void show(const Terminal& out, const Family& family) {
    print("{}  {}\n", out.bold(family.name()), family.summary());
    Table fields({{"", false}, {"range", false}, {"default", false}, {"", false}});
    fields.add({"traits, compiled in", "", "", ""});
    add_rows(fields, out, family.traits());
    fields.add({"extents, given at launch", "", "", ""});
    add_rows(fields, out, family.extents());
    for (const auto& scalar : family.scalars())
        fields.add({"  " + out.cyan(option_name(scalar.name)), "fp32", "", scalar.help});
    for (const Algorithm* algorithm : family.algorithms()) {
        fields.add({fmt::format("tunables of {}", algorithm->name()), "", "", ""});
        add_rows(fields, out, algorithm->tunables());
    }
    print("{}", fields.to_string(out));
    Table tensors({{"", false}, {"", false}, {"", false}, {"", false}});
    for (const auto& tensor : family.tensors())
        tensors.add(
            {"  " + out.cyan(tensor.name), role_text(tensor.role),
             fmt::format("[{}]", fmt::join(tensor.dims, ", ")),
             tensor.help + (tensor.state || tensor.index ? fmt::format(", {}", dtype_text(tensor)) : "")});
    print("  tensors\n{}", tensors.to_string(out));
}

} // namespace

Action declare_list(CLI::App& app, Context& context, const Family*) {
    add_example(app, "chela list --json");
    return [&context] {
        if (!context.json) {
            for (const Family* family : families()) show(context.out, *family);
            return done;
        }
        Json list = Json::array();
        for (const Family* family : families()) list.push_back(to_json(*family));
        print_json({{"command", "list"}, {"families", list}});
        return done;
    };
}

} // namespace chela::cli
