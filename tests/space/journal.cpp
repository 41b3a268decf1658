#include "tests/space/journal.hpp"

#include "codegen/error.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace chela::space {

using Json = nlohmann::ordered_json;

void Journal::read(const std::string& path) {
    std::ifstream file(path);
    const std::lock_guard lock(mutex_);
    std::size_t number = 0;
    for (std::string line; std::getline(file, line);) {
        ++number;
        const Json json = Json::parse(line, nullptr, false);
        if (json.is_discarded() && file.eof()) return; // torn
        if (!json.is_object() || !json.contains("key"))
            throw UserError(
                fmt::format("{}, line {}: not a line of a journal of chela_check_space", path, number));
        outcomes_[json["key"]] = {json.value("compiled", false), json.value("local_bytes", std::int64_t{0}),
                                  json.value("compile_ms", 0.0), json.value("error", "")};
    }
}

void Journal::append_to(const std::string& path) {
    bool torn = false;
    if (std::ifstream before(path, std::ios::ate); before && before.tellg() > 0) {
        before.seekg(-1, std::ios::end);
        torn = before.get() != '\n';
    }
    file_.open(path, std::ios::app);
    if (torn) file_ << '\n';
    if (!file_) throw UserError(fmt::format("journal '{}' cannot be written", path));
}

void Journal::put(const std::string& key, const Outcome& outcome) {
    Json json{{"key", key}, {"compiled", outcome.compiled}, {"compile_ms", std::int64_t(outcome.compile_ms)}};
    if (outcome.local_bytes > 0) json["local_bytes"] = outcome.local_bytes;
    if (!outcome.error.empty()) json["error"] = outcome.error;
    const std::lock_guard lock(mutex_);
    if (file_.is_open())
        file_ << json.dump(-1, ' ', false, Json::error_handler_t::replace)
              << std::endl; // at once on the disk
    outcomes_[key] = outcome;
}

const Outcome* Journal::find(const std::string& key) const {
    const std::lock_guard lock(mutex_);
    const auto found = outcomes_.find(key);
    return found == outcomes_.end() ? nullptr : &found->second;
}

} // namespace chela::space
