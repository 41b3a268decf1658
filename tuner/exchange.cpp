#include "tuner/exchange.hpp"

#include "codegen/error.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

namespace chela {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* format_name = "chela-tuning-records";
constexpr int format_version = 1;

Json point_json(const TuningPoint& point) {
    return {{"problem",
             {{"key", point.problem_key},
              {"family", point.family},
              {"traits", point.traits},
              {"extents", point.extents}}},
            {"device", point.device},
            {"target", point.target},
            {"toolchain", point.toolchain},
            {"chela", point.chela_version}};
}

Json number(double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); }

Json record_json(const Record& record) {
    const Measurement& measurement = record.measurement;
    Json json = point_json(record.point);
    json["config"] = record.config;
    json["status"] = to_string(measurement.status);
    json["median_ms"] = number(measurement.median_ms);
    json["spread_ms"] = number(measurement.spread_ms);
    json["samples"] = measurement.samples;
    json["relative_error"] = number(measurement.relative_error);
    json["compile_ms"] = number(measurement.compile_ms);
    json["detail"] = measurement.detail;
    json["effort"] = to_string(record.effort);
    json["when"] = record.when;
    return json;
}

Json search_json(const FinishedSearch& search) {
    Json json = point_json(search.point);
    json["exhausted"] = search.exhausted;
    json["budget_seconds"] = number(search.budget_seconds);
    json["trials"] = search.trials;
    json["candidates"] = search.candidates;
    json["seed"] = search.seed;
    json["winner"] = search.winner;
    json["when"] = search.when;
    return json;
}

/// One JSON object of the document, with its path for messages: "records[3].problem".
class Row {
  public:
    Row(const Json& json, std::string path) : json_(json), path_(std::move(path)) {
        if (!json.is_object()) throw UserError(path_ + ": is " + shown(json) + ", not an object");
    }

    Row object(const char* name) const { return {at(name), path_ + "." + name}; }

    std::string text(const char* name, bool may_be_empty = false) const {
        const Json& value = at(name);
        if (!value.is_string()) refuse(name, "a text");
        if (value.get_ref<const std::string&>().empty() && !may_be_empty)
            refuse(name, "a text that is not empty");
        return value.get<std::string>();
    }
    bool boolean(const char* name) const {
        if (!at(name).is_boolean()) refuse(name, "true or false");
        return at(name).get<bool>();
    }
    int count(const char* name) const {
        const Json& value = at(name);
        const bool fits =
            value.is_number_unsigned() &&
            value.get<std::uint64_t>() <= static_cast<std::uint64_t>(std::numeric_limits<int>::max());
        if (!fits) refuse(name, "a whole number, 0 or more");
        return value.get<int>();
    }
    std::uint64_t seed(const char* name) const {
        if (!at(name).is_number_unsigned()) refuse(name, "a whole number, 0 or more");
        return at(name).get<std::uint64_t>();
    }
    /// A finite number of at least 0 (more than 0 where `positive`), or where allowed null, which is NaN.
    double number(const char* name, bool may_be_null, bool positive = false) const {
        const Json& value = at(name);
        if (value.is_null() && may_be_null) return std::numeric_limits<double>::quiet_NaN();
        const double real = value.is_number() ? value.get<double>() : -1;
        const bool good = std::isfinite(real) && (positive ? real > 0 : real >= 0);
        if (!good) refuse(name, positive ? "a number above 0" : "a number, 0 or more");
        return real;
    }
    std::string time(const char* name) const {
        constexpr std::string_view form = "dddd-dd-ddTdd:dd:ddZ";
        std::string value = text(name);
        const bool good =
            std::equal(value.begin(), value.end(), form.begin(), form.end(), [](char c, char wanted) {
                return wanted == 'd' ? c >= '0' && c <= '9' : c == wanted;
            });
        if (!good) refuse(name, "a time like 2026-11-22T10:11:12Z");
        return value;
    }
    /// `parse` of the text; what it throws is told with the path.
    template <class Parse>
    auto parsed(const char* name, const Parse& parse) const {
        const std::string value = text(name);
        try {
            return parse(value);
        } catch (const UserError& error) {
            throw UserError(path_ + "." + name + ": " + error.what());
        }
    }
    [[noreturn]] void refuse(const char* name, const std::string& right) const {
        throw UserError(path_ + "." + name + ": is " + shown(at(name)) + ", must be " + right);
    }

  private:
    const Json& at(const char* name) const {
        const auto found = json_.find(name);
        if (found == json_.end()) throw UserError(path_ + "." + name + ": is missing");
        return *found;
    }
    static std::string shown(const Json& json) {
        std::string text = json.dump(-1, ' ', false, Json::error_handler_t::replace);
        return text.size() <= 60 ? text : text.substr(0, 57) + "...";
    }
    const Json& json_;
    std::string path_;
};

TuningPoint point_from(const Row& row) {
    const Row problem = row.object("problem");
    TuningPoint point{.problem_key = problem.text("key"),
                      .family = problem.text("family"),
                      .traits = problem.text("traits", true),
                      .extents = problem.text("extents", true),
                      .device = row.text("device"),
                      .target =
                          row.parsed("target", [](auto text) { return Target::parse(text).to_string(); }),
                      .toolchain = row.text("toolchain"),
                      .chela_version = row.text("chela")};
    const std::string start = point.family + " " + point.traits + " |";
    if (!point.problem_key.starts_with(start))
        problem.refuse("key", "a text that begins with '" + start + "'");
    return point;
}

Record record_from(const Row& row) {
    Record record;
    record.point = point_from(row);
    record.config = row.text("config");
    Measurement& measurement = record.measurement;
    measurement.status = row.parsed("status", [](auto text) { return status_from(text); });
    const bool ok = measurement.status == Status::ok;
    measurement.median_ms = row.number("median_ms", !ok, ok);
    measurement.spread_ms = row.number("spread_ms", !ok);
    measurement.samples = row.count("samples");
    measurement.relative_error = row.number("relative_error", true);
    measurement.compile_ms = row.number("compile_ms", true);
    measurement.detail = row.text("detail", true);
    record.effort = row.parsed("effort", [](auto text) { return effort_from(text); });
    record.when = row.time("when");
    return record;
}

FinishedSearch search_from(const Row& row) {
    return {.point = point_from(row),
            .exhausted = row.boolean("exhausted"),
            .budget_seconds = row.number("budget_seconds", false),
            .trials = row.count("trials"),
            .candidates = row.count("candidates"),
            .seed = row.seed("seed"),
            .winner = row.text("winner", true),
            .when = row.time("when")};
}

template <class Read, class Item>
void read_rows(const Json& document, const char* name, const Read& read, std::vector<Item>& items,
               std::vector<std::string>& rejected) {
    const auto rows = document.find(name);
    if (rows == document.end() || !rows->is_array()) {
        throw UserError("tuning records: '" + std::string(name) + "' is missing or not an array");
    }
    for (std::size_t i = 0; i < rows->size(); ++i) {
        try {
            items.push_back(read(Row((*rows)[i], std::string(name) + "[" + std::to_string(i) + "]")));
        } catch (const UserError& error) {
            rejected.emplace_back(error.what());
        }
    }
}

} // namespace

std::string to_json(const Exchange& exchange) {
    Json document = {{"format", format_name}, {"version", format_version}, {"chela", chela_version()},
                     {"exported", utc_now()}, {"records", Json::array()},  {"searches", Json::array()}};
    for (const Record& record : exchange.records) document["records"].push_back(record_json(record));
    for (const FinishedSearch& search : exchange.searches)
        document["searches"].push_back(search_json(search));
    return document.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

Exchange exchange_from_json(std::string_view text) {
    Json document;
    try {
        document = Json::parse(text);
    } catch (const Json::parse_error& error) {
        throw UserError("tuning records: not JSON: " + std::string(error.what()));
    }
    if (!document.is_object() || document.value("format", Json()) != format_name) {
        throw UserError("tuning records: the JSON is not an object with \"format\": \"" +
                        std::string(format_name) + "\"");
    }
    const Json version = document.value("version", Json());
    if (!version.is_number_integer() || version < 1 || version > format_version) {
        throw UserError("tuning records: \"version\" is " + version.dump() + "; this chela reads up to " +
                        std::to_string(format_version));
    }
    Exchange exchange;
    read_rows(document, "records", record_from, exchange.records, exchange.rejected);
    read_rows(document, "searches", search_from, exchange.searches, exchange.rejected);
    return exchange;
}

} // namespace chela
