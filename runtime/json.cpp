#include "runtime/json.hpp"

#include "codegen/error.hpp"

#include <cmath>
#include <fmt/format.h>
#include <limits>

namespace chela {
namespace {

Json number(double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); }

double number_from(const Json& value) {
    return value.is_null() ? std::numeric_limits<double>::quiet_NaN() : value.get<double>();
}

const Json& member(const Json& object, const char* name) {
    const auto found = object.is_object() ? object.find(name) : object.end();
    if (!object.is_object() || found == object.end()) {
        throw UserError(fmt::format("JSON object without the member '{}': {}", name, object.dump()));
    }
    return *found;
}

std::string text_member(const Json& object, const char* name) {
    const Json& text = member(object, name);
    if (!text.is_string()) throw UserError(fmt::format("'{}' is {}; it must be a string", name, text.dump()));
    return text.get<std::string>();
}

} // namespace

Json to_json(const Values& values) {
    Json object = Json::object();
    const Schema& schema = values.schema();
    for (std::size_t i = 0; i < schema.size(); ++i) {
        const std::int64_t value = values.at(i);
        switch (schema[i].kind) {
        case Field::Kind::integer:
            object[schema[i].name] = value;
            break;
        case Field::Kind::boolean:
            object[schema[i].name] = value != 0;
            break;
        case Field::Kind::choice:
            object[schema[i].name] = schema[i].text(value);
            break;
        }
    }
    return object;
}

Json to_json(const Problem& problem) {
    return {{"family", problem.family->name()},
            {"traits", to_json(problem.traits)},
            {"extents", to_json(problem.extents)}};
}

Json to_json(const Config& config) {
    return {{"algorithm", config.algorithm->name()}, {"tunables", to_json(config.values)}};
}

Json to_json(const Measurement& measurement) {
    return {{"status", to_string(measurement.status)},
            {"median_ms", number(measurement.median_ms)},
            {"spread_ms", number(measurement.spread_ms)},
            {"samples", measurement.samples},
            {"relative_error", number(measurement.relative_error)},
            {"compile_ms", number(measurement.compile_ms)},
            {"detail", measurement.detail}};
}

Values values_from_json(const Json& object, const Schema& schema) {
    if (!object.is_object()) throw UserError("not a JSON object of named values: " + object.dump());
    Values values(schema);
    for (const auto& [name, value] : object.items()) {
        if (value.is_string()) {
            values.parse(name, value.get<std::string>());
        } else if (value.is_boolean() || value.is_number_integer()) {
            values.parse(name,
                         value.dump()); // parse() knows which fields take a number and which a truth value
        } else {
            throw UserError(
                fmt::format("'{}' is {}; it must be a number, true, false or a name", name, value.dump()));
        }
    }
    return values;
}

Problem problem_from_json(const Json& object, const FamilyLookup& family_of) {
    const Family& family = family_of(text_member(object, "family"));
    return {&family, values_from_json(member(object, "traits"), family.traits()),
            values_from_json(member(object, "extents"), family.extents())};
}

Config config_from_json(const Json& object, const Family& family) {
    const Algorithm& algorithm = family.algorithm(text_member(object, "algorithm"));
    return {&algorithm, values_from_json(member(object, "tunables"), algorithm.tunables())};
}

Measurement measurement_from_json(const Json& object) try {
    return {.status = status_from(text_member(object, "status")),
            .median_ms = number_from(member(object, "median_ms")),
            .spread_ms = number_from(member(object, "spread_ms")),
            .samples = member(object, "samples").get<int>(),
            .relative_error = number_from(member(object, "relative_error")),
            .compile_ms = number_from(member(object, "compile_ms")),
            .detail = text_member(object, "detail")};
} catch (const nlohmann::json::exception& error) {
    throw UserError(fmt::format("not a measurement: {} ({})", object.dump(), error.what()));
}

} // namespace chela
