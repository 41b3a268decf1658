#pragma once
// What of many records is worth shipping.

#include "tuner/exchange.hpp"

namespace chela {

/// Of each problem on each device the winner of its finished search, else its fastest candidate, with the
/// search's row. Of several toolchains or versions of chela the latest counts. Ordered by family, traits,
/// extents and device.
Exchange winners(const Exchange& all);

} // namespace chela
