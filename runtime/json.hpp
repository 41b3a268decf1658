#pragma once
// The value types as JSON: by field names, choices by their names, booleans as booleans. Members in schema
// order.

#include "codegen/family.hpp"
#include "tuner/measurement.hpp"

#include <functional>
#include <nlohmann/json.hpp>

namespace chela {

using Json = nlohmann::ordered_json;
/// Finds a family by its name; throws UserError where there is none.
using FamilyLookup = std::function<const Family&(std::string_view)>;

/// {"head_dim": 128, "causal": true, "dtype": "bf16"}
Json to_json(const Values&);
/// {"family": …, "traits": {…}, "extents": {…}}
Json to_json(const Problem&);
/// {"algorithm": "mma", "tunables": {…}}
Json to_json(const Config&);
/// {"status": "ok", "median_ms": …, …}; a number that is not finite becomes null.
Json to_json(const Measurement&);

// The way back. Members left out take their fallback. All throw UserError naming the member that is unknown,
// missing, of the wrong type or out of range.
Values values_from_json(const Json&, const Schema&);
Problem problem_from_json(const Json&, const FamilyLookup&);
Config config_from_json(const Json&, const Family&);
Measurement measurement_from_json(const Json&);

} // namespace chela
