#pragma once
// The tuned tables of templates/tuned, embedded into the library.

#include "tuner/exchange.hpp"

namespace chela {

/// The rows of all tables, read once. Rows that this build cannot read are in `rejected`.
const Exchange& shipped_table();

} // namespace chela
