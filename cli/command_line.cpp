#include "cli/command_line.hpp"

#include "cli/help.hpp"
#include "codegen/error.hpp"
#include "templates/families.hpp"
#include "tuner/record.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <fmt/format.h>
#include <map>

namespace chela::cli {

namespace {

struct Request {
    const Command* command = nullptr;
    std::string family; ///< the word in its place; empty where there is none
};

/// The command and the family that are asked for, so that only their options are made.
Request find_request(const std::vector<std::string>& words) {
    Request request;
    const auto all = commands();
    std::size_t at = 0;
    for (; at < words.size() && !request.command; ++at) {
        if (words[at] == "--cache") ++at; // what follows is a folder, whatever its name
        for (const Command& command : all)
            if (at < words.size() && words[at] == command.name) request.command = &command;
    }
    if (!request.command || !request.command->of_family) return request;
    for (std::size_t i = at; i < words.size(); ++i)
        for (const Family* family : families())
            if (words[i] == family->name()) {
                request.family = words[i];
                return request;
            }
    if (at < words.size() && !words[at].starts_with('-')) request.family = words[at];
    return request;
}

std::vector<std::string> family_names() {
    std::vector<std::string> names;
    for (const Family* family : families()) names.emplace_back(family->name());
    return names;
}

void describe_families(CLI::App& app, const std::string& command) {
    std::string text = "Families:\n";
    for (const Family* family : families())
        text += fmt::format("  {:<28}{}\n", family->name(), family->summary());
    text +=
        fmt::format("\n`chela {} FAMILY --help` shows the options of a family.\n\nExample:\n  chela {} {} {}",
                    command, command, families().front()->name(), example_options(*families().front()));
    app.footer(text);
}

/// Positional words and options of the app and its commands that CLI11 did not expect.
[[noreturn]] void refuse_extras(const CLI::App& invoked, const std::vector<std::string>& extras) {
    const std::string& word = extras.front();
    std::vector<std::string> known;
    for (const CLI::Option* option : invoked.get_options()) {
        for (const auto& name : option->get_lnames()) known.push_back("--" + name);
    }
    for (const CLI::App* sub : invoked.get_subcommands([](const CLI::App*) { return true; }))
        if (!sub->get_group().empty()) known.push_back(sub->get_name());
    const std::string near = nearest(word.substr(0, word.find('=')), known);
    const std::string hint = near.empty() ? "" : fmt::format("; did you mean {}?", near);
    const std::string help = fmt::format("{} --help", invoked.get_parent() ? invoked.get_display_name() : "");
    if (!word.starts_with('-') && invoked.get_parent() == nullptr) {
        std::vector<std::string> names;
        for (const Command& command : commands())
            if (!command.hidden) names.emplace_back(command.name);
        throw UserError(fmt::format("command is '{}'; it must be one of {}", word, fmt::join(names, ", ")));
    }
    throw UserError(fmt::format("'{}' was not expected{} (chela {} shows what is)", word, hint,
                                help.substr(help.find_first_not_of(' '))));
}

const CLI::App& deepest(const CLI::App& app) {
    const auto invoked = app.get_subcommands();
    return invoked.empty() ? app : deepest(*invoked.front());
}

} // namespace

Parsed parse_command_line(const std::vector<std::string>& words, Context& context) {
    const Request request = find_request(words);
    const Family* family = nullptr;
    std::string family_word;

    const auto owner = std::make_shared<CLI::App>(
        "Generates, tunes and runs kernels for exactly the problem at hand, on GPUs and CPUs.", "chela");
    CLI::App& app = *owner;
    app.require_subcommand(0, 1);
    app.formatter(help_formatter());
    app.set_version_flag("--version", fmt::format("chela {}", chela_version()), "print the version and exit");
    app.get_option("--version")->group("General");
    app.failure_message(CLI::FailureMessage::simple);
    app.allow_extras();
    add_general_options(app, context);
    add_example(app, fmt::format("chela tune {} {}", families().front()->name(),
                                 example_options(*families().front())));

    // The word of an unknown family is an error, but not where help is asked for.
    if (!request.family.empty() && std::ranges::count(family_names(), request.family))
        family = &chela::family(request.family);

    std::map<const CLI::App*, Action> actions;
    for (const Command& command : commands()) {
        const bool requested = request.command == &command;
        CLI::App* sub = app.add_subcommand(command.name, command.summary);
        sub->group(command.hidden ? "" : "Commands");
        sub->allow_extras();
        if (command.of_family)
            sub->add_option("FAMILY", family_word,
                            "what is computed: " + fmt::format("{}", fmt::join(family_names(), ", ")));
        if (!requested) continue; // the others are only listed
        actions[sub] = command.declare(*sub, context, family);
        add_general_options(*sub, context);
        if (command.of_family && !family) describe_families(*sub, command.name);
    }

    try {
        auto reversed = words;
        std::reverse(reversed.begin(), reversed.end());
        app.parse(reversed);
    } catch (const CLI::CallForHelp&) {
        const CLI::App& invoked = deepest(app);
        std::string before; // of the command's own name, in its usage
        for (const CLI::App* up = invoked.get_parent(); up; up = up->get_parent())
            before = up->get_name() + (before.empty() ? "" : " " + before);
        return {owner, {}, invoked.help(before)};
    } catch (const CLI::Success& text) { // the version
        return {owner, {}, std::string(text.what()) + "\n"};
    } catch (const CLI::ParseError& error) {
        throw UserError(error.what());
    }
    const CLI::App& invoked = deepest(app);
    if (request.command && request.command->of_family && !family && !request.family.empty())
        chela::family(request.family); // throws: there is no such family, so that its options are unknown too
    if (const auto extras = app.remaining(true); !extras.empty()) refuse_extras(invoked, extras);
    if (!request.command) throw UserError("a command is missing; `chela --help` lists them");
    if (request.command->of_family && !family)
        throw UserError(
            fmt::format("FAMILY is missing; it must be one of {}", fmt::join(family_names(), ", ")));
    const CLI::App* command = app.get_subcommands().front();
    return {owner, actions.at(command), {}};
}

} // namespace chela::cli
