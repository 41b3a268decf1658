// chela cache: compiled binaries and tuned records.

#include "cli/command.hpp"
#include "cli/duration.hpp"
#include "cli/help.hpp"
#include "cli/roofline.hpp"
#include "cli/staged_file.hpp"
#include "cli/table.hpp"
#include "codegen/error.hpp"
#include "runtime/binary_cache.hpp"
#include "tuner/winners.hpp"

#include <chrono>
#include <fmt/chrono.h>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

namespace chela::cli {

namespace {

using Json = nlohmann::ordered_json;

struct Cache {
    Context& context;
    bool binaries_only = false, records_only = false, best_only = false;
    std::string file;
    std::function<int(Session&)> chosen;

    int act() {
        Options options = context.options;
        if (options.cache_folder.empty())
            throw UserError(
                "there is no cache: neither --cache, CHELA_CACHE, XDG_CACHE_HOME nor HOME names a folder");
        options.target = "cpu"; // no device is used, and this one is everywhere
        Session session(options);
        const int code = chosen(session);
        context.log_notices(session);
        return code;
    }
    int path(Session&);
    int list(Session&);
    int check(Session&);
    int clear(Session&);
    int export_records(Session&);
    int import_records(Session&);
    int finish(const Json& json, const std::string& text) const {
        if (context.json)
            print_json(json);
        else
            print("{}", text);
        return done;
    }
};

std::string when(std::filesystem::file_time_type time) {
    const auto system = std::chrono::file_clock::to_sys(time);
    return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}",
                       fmt::gmtime(std::chrono::system_clock::to_time_t(
                           std::chrono::time_point_cast<std::chrono::system_clock::duration>(system))));
}

int Cache::path(Session& session) {
    const std::string binaries = session.binaries().folder().string(),
                      records = session.database().path().string();
    return finish({{"command", "cache path"}, {"binaries", binaries}, {"records", records}},
                  describe(context.out, {{"binaries", binaries}, {"records", records}}));
}

int Cache::list(Session& session) {
    Json json{{"command", "cache list"}, {"problems", Json::array()}, {"binaries", Json::array()}};
    Table problems(
        {{"tuned problem", false}, {"on", false}, {"candidates", true}, {"best", true}, {"", false}});
    for (const TunedProblem& one : session.database().list()) {
        Json entry{{"family", one.point.family},
                   {"traits", one.point.traits},
                   {"extents", one.point.extents},
                   {"device", one.point.device},
                   {"target", one.point.target},
                   {"toolchain", one.point.toolchain},
                   {"chela", one.point.chela_version},
                   {"records", one.records},
                   {"ok", one.ok},
                   {"finished", one.finished}};
        entry["best"] = nullptr;
        if (one.best)
            entry["best"] = {{"config", one.best->config},
                             {"median_ms", one.best->measurement.median_ms},
                             {"when", one.best->when}};
        json["problems"].push_back(std::move(entry));
        problems.add({fmt::format("{} {} | {}", one.point.family, one.point.traits, one.point.extents),
                      one.point.device, fmt::format("{} of {}", one.ok, one.records),
                      one.best ? time_text(one.best->measurement.median_ms) : "-",
                      one.best       ? one.best->config
                      : one.finished ? "no candidate survived"
                                     : "unfinished"});
    }
    std::uint64_t bytes = 0;
    for (const auto& entry : session.binaries().list()) {
        bytes += entry.bytes;
        json["binaries"].push_back(
            {{"key", entry.key}, {"bytes", entry.bytes}, {"last_used", when(entry.last_used)}});
    }
    const std::size_t problem_count = json["problems"].size(), binary_count = json["binaries"].size();
    const auto counted = [&](std::size_t count, const char* what) {
        return context.out.bold(fmt::format("{} {}{}", count, what, count == 1 ? "" : "s"));
    };
    std::string text = counted(problem_count, "tuned problem") + "\n";
    if (problem_count > 0) text += problems.to_string(context.out);
    text +=
        fmt::format("{}, {}{}\n", counted(binary_count, "compiled kernel"),
                    bytes_text(static_cast<double>(bytes)), binary_count > 0 ? "; --json names each" : "");
    return finish(json, text);
}

int Cache::check(Session& session) {
    Json json{{"command", "cache check"},
              {"binaries", session.binaries().list().size()},
              {"damaged", Json::array()},
              {"database_complaints", session.database().check()}};
    std::string text;
    for (const auto& damage : session.binaries().check()) {
        json["damaged"].push_back({{"path", damage.path.string()}, {"reason", damage.reason}});
        text += fmt::format("  {} {}: {}\n", context.out.red("damaged"), damage.path.string(), damage.reason);
    }
    for (const auto& complaint : json["database_complaints"])
        text += fmt::format("  {} {}\n", context.out.red("database"), complaint.get<std::string>());
    const bool sound = text.empty();
    json["sound"] = sound;
    finish(json, sound ? fmt::format("{}: {} binaries and the tuning database\n", context.out.green("sound"),
                                     json["binaries"].dump())
                       : text + "a damaged binary is compiled again when it is needed; `chela cache clear "
                                "--binaries` removes them all\n");
    return sound ? done : failed;
}

int Cache::clear(Session& session) {
    Json json{{"command", "cache clear"}};
    std::string text = "removed";
    if (!records_only) {
        json["binaries"] = session.binaries().clear();
        text += fmt::format(" {} compiled binaries", json["binaries"].dump());
    }
    if (!binaries_only) {
        json["records"] = session.database().clear();
        text += fmt::format("{} {} tuned records", records_only ? "" : " and", json["records"].dump());
    }
    return finish(json, fmt::format("{} from {}\n", text, context.options.cache_folder.string()));
}

int Cache::export_records(Session& session) {
    std::string text = session.database().export_json();
    if (best_only) text = to_json(winners(exchange_from_json(text)));
    const auto count = Json::parse(text).at("records").size();
    StagedFile out(file);
    out.write(text);
    out.publish();
    return finish({{"command", "cache export"}, {"file", file}, {"records", count}},
                  fmt::format("wrote {} records to {}\n", count, file));
}

int Cache::import_records(Session& session) {
    std::ifstream in(file, std::ios::binary);
    std::ostringstream text;
    if (!in || std::filesystem::is_directory(file) || !(text << in.rdbuf()))
        throw UserError(
            fmt::format("{} cannot be read; it must be a file that `chela cache export` wrote", file));
    ImportReport report;
    try {
        report = session.database().import_json(text.str());
    } catch (const UserError& error) {
        throw UserError(fmt::format("{}: {}", file, error.what()));
    }
    for (const auto& rejected : report.rejected) context.warn(fmt::format("left out {}", rejected));
    return finish(
        {{"command", "cache import"},
         {"file", file},
         {"added", report.added},
         {"replaced", report.replaced},
         {"kept", report.kept},
         {"rejected", report.rejected}},
        fmt::format("added {} rows (candidates and finished searches), replaced {}, kept {}, left out {}\n",
                    report.added, report.replaced, report.kept, report.rejected.size()));
}

} // namespace

Action declare_cache(CLI::App& app, Context& context, const Family*) {
    const auto cache = std::shared_ptr<Cache>(new Cache{context, false, false, false, {}, {}});
    app.require_subcommand(0, 1);
    const auto add = [&](const char* name, const char* help, int (Cache::*member)(Session&)) {
        CLI::App* sub = app.add_subcommand(name, help);
        sub->allow_extras();
        add_general_options(*sub, context);
        sub->parse_complete_callback([=, raw = cache.get()] {
            raw->chosen = [=](Session& session) { return (raw->*member)(session); };
        });
        add_example(*sub, fmt::format("chela cache {}", name));
        return sub;
    };
    add("path", "print where both caches are", &Cache::path);
    add("list", "list tuned problems and compiled binaries", &Cache::list);
    add("check", "read everything and name what is damaged", &Cache::check);
    CLI::App* clear = add("clear", "remove everything, without asking", &Cache::clear);
    clear->add_flag("--binaries", cache->binaries_only, "compiled binaries only");
    clear->add_flag("--records", cache->records_only, "tuned records only");
    for (auto [name, help, member] :
         {std::tuple("export", "write tuned records to a JSON file", &Cache::export_records),
          std::tuple("import", "take over tuned records from a JSON file", &Cache::import_records)}) {
        CLI::App* sub = add(name, help, member);
        sub->add_option("FILE", cache->file, "JSON")->required();
        add_example(*sub, fmt::format("chela cache {} tuned.json", name));
        if (std::string_view(name) != "export") continue;
        sub->add_flag("--best", cache->best_only,
                      "the winner of each problem alone, as templates/tuned/*.json is");
    }
    add_example(app, "chela cache export tuned.json");
    return [cache] {
        if (!cache->chosen)
            throw UserError("what to do with the cache is missing; it must be one of path, list, check, "
                            "clear, export, import");
        if (cache->binaries_only && cache->records_only)
            throw UserError("--binaries and --records were both given; give one, or neither to clear both");
        return cache->act();
    };
}

} // namespace chela::cli
