#pragma once
// Under which key a problem is tuned. What makes one configuration faster than another is how many
// independent pieces of work there are (they fill the device or do not) and how long each is, and neither to
// the last unit. So the extents that are computed independently (batch, heads) count by their product, and
// that product and every other extent (length) are rounded to the nearest power of two. Serving a new length
// therefore lands in a bucket that is already tuned, and tuning twice within a factor of 1.4 is a hit.

#include "codegen/family.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace chela {

/// One number that the choice of a configuration depends on.
struct WorkExtent {
    std::string name; ///< "independent", or the extent's own name
    std::int64_t size = 0;
    friend bool operator==(const WorkExtent&, const WorkExtent&) = default;
};
/// "independent" (product of the family's independent extents) first, then the other extents in schema order.
std::vector<WorkExtent> work_extents(const Family&, const Values& extents);

/// The power of two nearest to `size` on a logarithmic scale; 0 stays 0.
std::int64_t bucket(std::int64_t size);

/// "linear_attention head_dim=128 … causal=true | independent~128 length~4096": canonical.
std::string problem_key(const Problem&);

/// Sum over the work extents of |log2((1 + a) / (1 + b))|: how many doublings lie between two problems.
double distance(const Family&, const Values& extents_a, const Values& extents_b);

} // namespace chela
