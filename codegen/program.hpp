#pragma once
// What codegen returns: the kernels of one operation, how each is launched, and the memory they share.
// All of it is data, so that it can be printed, compared and tested without a device.

#include "codegen/schema.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace chela {

/// factor · Π ceil(extent / divisor) + … others of the kind: a number that depends on the extents of a
/// launch.
struct Count {
    struct Term {
        std::string extent;
        std::int64_t divisor = 1;
        friend bool operator==(const Term&, const Term&) = default;
    };
    std::int64_t factor = 1;
    std::vector<Term> terms;
    std::vector<Count> plus{}; ///< added to it

    std::int64_t evaluate(const Values& extents) const;
    std::string to_string() const; ///< "2 * batch * heads * ceil(length / 64)"
    friend bool operator==(const Count&, const Count&) = default;
    friend Count operator+(Count sum, const Count& more) {
        sum.plus.push_back(more);
        return sum;
    }
    friend Count operator*(Count count, std::int64_t by) {
        count.factor *= by;
        for (Count& added : count.plus) added = std::move(added) * by;
        return count;
    }
    /// The extents that it names, each once.
    std::vector<std::string> extents() const;
};

struct LaunchPlan {
    Count grid;                    ///< blocks, one-dimensional; zero blocks means the kernel is not launched
    int block = 1;                 ///< threads per block; 1 on cpu
    std::int64_t shared_bytes = 0; ///< dynamic shared memory of a block; scratch memory of a block on cpu
    int cluster = 1;               ///< blocks per cluster
    /// Persistent: at most this many blocks for each multiprocessor, which share the work of `grid`. 0: all
    /// of them.
    int resident = 0;
    /// May begin while the kernel before it in the program runs, for whose results it waits itself
    /// (compute capability 9.0 and up).
    bool overlaps = false;
    /// The blocks to launch, of `blocks` wanted.
    std::int64_t blocks_on(int multiprocessors, std::int64_t blocks) const;
    friend bool operator==(const LaunchPlan&, const LaunchPlan&) = default;
};

/// A tile of a tensor that the tensor memory accelerator (compute capability 9.0) copies at once: `rows`
/// places of dimension `row` by `columns` of the last one, 128 bytes at most, in the swizzle of 128 bytes.
struct TensorBox {
    std::string tensor, row;
    int rows = 1, columns = 1;
    friend bool operator==(const TensorBox&, const TensorBox&) = default;
};

/// One kernel. Its only parameter is the family's argument block (see codegen/emit.hpp).
struct Kernel {
    std::string entry;  ///< extern "C" name
    std::string source; ///< self-contained translation unit
    LaunchPlan launch;
    /// Its results serve any number of launches of the others. It reads only the tensors that
    /// Program::prepared_from names and writes only what Arguments calls `prepared`.
    bool prepares = false;
    /// Their tensor maps follow in the argument block, in this order (see codegen/emit.hpp).
    std::vector<TensorBox> boxes{};
};

struct Program {
    std::vector<Kernel> kernels;  ///< launched in this order on one stream
    Count workspace_bytes{0, {}}; ///< device memory the caller lends for the duration of the launches
    /// Device memory for what is prepared, which may depend on the extents named here and on no others.
    Count prepared_bytes{0, {}};
    std::vector<std::string> prepared_from{}; ///< tensors that preparing kernels read

    bool prepares() const {
        for (const Kernel& kernel : kernels)
            if (kernel.prepares) return true;
        return false;
    }
};

} // namespace chela
