// chela devices: what this machine can run and compile with.

#include "cli/command.hpp"
#include "cli/help.hpp"
#include "cli/table.hpp"

#include <nlohmann/json.hpp>

namespace chela::cli {

namespace {

nlohmann::ordered_json to_json(const std::vector<Found>& found) {
    auto list = nlohmann::ordered_json::array();
    for (const Found& one : found) {
        nlohmann::ordered_json json;
        if (!one.target.empty()) json["target"] = one.target;
        json.update({{"name", one.name}, {"present", one.present}, {"detail", one.detail}});
        list.push_back(std::move(json));
    }
    return list;
}

std::string to_text(const Terminal& out, const std::vector<Found>& found, bool with_target) {
    Table table({{"", false}, {"", false}, {"", false}});
    for (const Found& one : found) {
        const std::string first = with_target ? one.target : one.name;
        table.add({one.present ? out.green(first) : out.dim(first), with_target ? one.name : "",
                   one.present ? one.detail : "not here: " + one.detail});
    }
    return table.to_string(out);
}

int show(const Context& context) {
    const auto devices = find_devices(context.options), compilers = find_compilers(context.options);
    if (context.json) {
        print_json(
            {{"command", "devices"}, {"devices", to_json(devices)}, {"compilers", to_json(compilers)}});
        return done;
    }
    print("{}\n{}\n{}\n{}", context.out.bold("Devices, as --target takes them"),
          to_text(context.out, devices, true), context.out.bold("Compilers and tools"),
          to_text(context.out, compilers, false));
    return done;
}

} // namespace

Action declare_devices(CLI::App& app, Context& context, const Family*) {
    add_example(app, "chela devices --json");
    return [&context] { return show(context); };
}

} // namespace chela::cli
