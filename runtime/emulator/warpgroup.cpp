// Warpgroup instructions: all 128 threads meet at each, the last to arrive acts for all.

#include "runtime/emulator/warpgroup.hpp"

#include "runtime/emulator/access.hpp"
#include "runtime/emulator/engine.hpp"
#include "runtime/emulator/executor.hpp"
#include "runtime/emulator/tensor_map.hpp"

#include <algorithm>
#include <cstring>
#include <fmt/format.h>
#include <limits>

using namespace chela::emulator;

namespace {

constexpr int threads_of_group = 128;

Warpgroup& group_of(Thread& self) {
    return self.block->warpgroups[static_cast<std::size_t>(self.index / threads_of_group)];
}

template <class Perform>
void meet_group(Executor& executor, Thread& self, const char* instruction, void* operands, std::uint32_t site,
                Perform&& perform) {
    Block& block = *self.block;
    Warpgroup& group = group_of(self);
    const int first = self.index / threads_of_group * threads_of_group;
    if (static_cast<int>(block.threads.size()) < first + threads_of_group)
        executor.fail(self, site, fmt::format("{} in a warpgroup of fewer than 128 threads", instruction));
    if (group.arrived && (group.instruction != instruction || group.site != site))
        executor.fail(self, site,
                      fmt::format("the threads of a warpgroup disagree: {} here, but others wait at {}, {}",
                                  instruction, group.instruction, executor.launch().describe(group.site)));
    group.instruction = instruction;
    group.site = site;
    group.operands[static_cast<std::size_t>(self.index - first)] = operands;
    if (++group.arrived < threads_of_group) return executor.wait(self, instruction, site);
    group.arrived = 0;
    perform(group, &block.threads[static_cast<std::size_t>(first)]);
    for (int i = 0; i < threads_of_group; ++i)
        if (first + i != self.index) executor.wake(block.threads[static_cast<std::size_t>(first + i)]);
}

/// The fields of a shared-memory descriptor, in bytes.
struct Descriptor {
    std::size_t start, leading, stride;
    TensorSwizzle swizzle;
};

Descriptor unpack(std::uint64_t bits) {
    constexpr TensorSwizzle modes[4] = {TensorSwizzle::none, TensorSwizzle::bytes128, TensorSwizzle::bytes64,
                                        TensorSwizzle::bytes32};
    return {(bits & 0x3fff) << 4, (bits >> 16 & 0x3fff) << 4, (bits >> 32 & 0x3fff) << 4, modes[bits >> 62]};
}

/// Where the 16-byte pieces of an operand lie. `rows` counts along M or N. K-major: two pieces a row, row by
/// row. MN-major: rows / (elements of a piece) pieces for each k, k by k.
std::vector<std::uint32_t> pieces_of(const Descriptor& d, int rows, int depth, int element_bytes,
                                     bool mn_major) {
    const std::size_t width =
        d.swizzle == TensorSwizzle::none ? 16 : std::size_t{16} << static_cast<int>(d.swizzle);
    std::vector<std::uint32_t> pieces;
    const auto add = [&](std::size_t offset) {
        pieces.push_back(static_cast<std::uint32_t>(swizzled(d.start + offset, d.swizzle)));
    };
    if (!mn_major) {
        for (std::size_t row = 0; row < static_cast<std::size_t>(rows); ++row)
            for (std::size_t piece = 0; piece < 2; ++piece)
                add(row / 8 * d.stride + row % 8 * width + (width == 16 ? piece * d.leading : piece * 16));
        return pieces;
    }
    const std::size_t elements = 16 / static_cast<std::size_t>(element_bytes), pieces_per_run = width / 16;
    for (std::size_t k = 0; k < static_cast<std::size_t>(depth); ++k)
        for (std::size_t piece = 0; piece < static_cast<std::size_t>(rows) / elements; ++piece) {
            // Without swizzle the roles of the two offsets are exchanged.
            const std::size_t along_mn = width == 16 ? d.stride : d.leading,
                              along_k = width == 16 ? d.leading : d.stride;
            add(piece / pieces_per_run * along_mn + piece % pieces_per_run * 16 + k % 8 * width +
                k / 8 * along_k);
        }
    return pieces;
}

void check_pieces(Executor& executor, Thread& self, const std::vector<std::uint32_t>& pieces,
                  const Descriptor& descriptor, char operand, std::uint32_t site) {
    SharedMemory& shared = self.block->shared;
    for (const std::uint32_t piece : pieces) {
        check_shared(executor, self, reinterpret_cast<std::uintptr_t>(shared.base()) + piece, 16, 16, false,
                     site, "wgmma reads");
        if (const char* other = shared.layout_mismatch(piece, descriptor.swizzle))
            executor.fail(self, site,
                          fmt::format("wgmma reads operand {} with {} at offset {}, where TMA wrote with {}",
                                      operand, swizzle_name(descriptor.swizzle), piece, other));
        shared.begin_reading(piece, 16);
    }
}

std::uint32_t element(const SharedMemory& shared, std::size_t offset, int bytes) {
    std::uint32_t value = 0;
    std::memcpy(&value, shared.base() + offset, static_cast<std::size_t>(bytes));
    return value;
}

/// Row by row: [rows, depth], or transposed [depth, rows].
std::vector<std::uint32_t> load(const SharedMemory& shared, const std::vector<std::uint32_t>& pieces,
                                int rows, int depth, int bytes, bool mn_major, bool transposed) {
    std::vector<std::uint32_t> elements(static_cast<std::size_t>(rows * depth));
    const int per_piece = 16 / bytes;
    for (int row = 0; row < rows; ++row)
        for (int k = 0; k < depth; ++k) {
            const int piece = mn_major ? k * (rows / per_piece) + row / per_piece : row * 2 + k / per_piece;
            const int within = (mn_major ? row : k) % per_piece * bytes;
            elements[static_cast<std::size_t>(transposed ? k * rows + row : row * depth + k)] = element(
                shared, pieces[static_cast<std::size_t>(piece)] + static_cast<std::size_t>(within), bytes);
        }
    return elements;
}

struct ProductOperands {
    float* d;
    const std::uint32_t* a;
};

int row_of(int thread, int pair) { return thread / 32 * 16 + thread % 32 / 4 + pair * 8; }

/// Register i of a thread: columns 8·(i / 4) + 2·(thread % 4) + i % 2, row by i / 2 % 2.
std::size_t place_of(int thread, int i, int n) {
    return static_cast<std::size_t>(row_of(thread, i / 2 % 2) * n + i / 4 * 8 + thread % 4 * 2 + i % 2);
}

std::size_t accumulators_for(Executor& executor, Thread& self, Warpgroup& group, int n, unsigned site) {
    const float* const first = static_cast<ProductOperands*>(group.operands[0])->d;
    for (std::size_t i = 0; i < group.accumulators.size(); ++i)
        if (group.accumulators[i].products && group.accumulators[i].registers[0] == first) {
            if (group.accumulators[i].n != n)
                executor.fail(self, site,
                              fmt::format("wgmma of n = {} takes accumulators that one of n = {} has not "
                                          "been waited for: only products of one shape are in order",
                                          n, group.accumulators[i].n));
            return i;
        }
    Accumulators taken;
    taken.n = n;
    taken.values.resize(static_cast<std::size_t>(64 * n));
    for (int thread = 0; thread < threads_of_group; ++thread) {
        float* const registers =
            static_cast<ProductOperands*>(group.operands[static_cast<std::size_t>(thread)])->d;
        taken.registers[static_cast<std::size_t>(thread)] = registers;
        for (int i = 0; i < n / 2; ++i) {
            taken.values[place_of(thread, i, n)] = registers[i];
            registers[i] = std::numeric_limits<float>::quiet_NaN();
        }
    }
    const auto unused = std::find_if(group.accumulators.begin(), group.accumulators.end(),
                                     [](const Accumulators& each) { return each.products == 0; });
    if (unused == group.accumulators.end())
        return group.accumulators.push_back(std::move(taken)), group.accumulators.size() - 1;
    *unused = std::move(taken);
    return static_cast<std::size_t>(unused - group.accumulators.begin());
}

/// A from registers: the fragments of mma for each warp's sixteen rows.
std::vector<std::uint32_t> gather_a(const Warpgroup& group, OperandType type, int depth) {
    std::vector<std::uint32_t> elements(static_cast<std::size_t>(64 * depth));
    for (int thread = 0; thread < threads_of_group; ++thread) {
        const std::uint32_t* const a =
            static_cast<ProductOperands*>(group.operands[static_cast<std::size_t>(thread)])->a;
        for (int i = 0; i < 4; ++i) {
            const int row = row_of(thread, i % 2), member = thread % 4;
            if (type == OperandType::tf32) {
                elements[static_cast<std::size_t>(row * depth + member + i / 2 * 4)] = a[i];
            } else {
                const auto at = static_cast<std::size_t>(row * depth + member * 2 + i / 2 * 8);
                elements[at] = a[i] & 0xffffu, elements[at + 1] = a[i] >> 16;
            }
        }
    }
    return elements;
}

void run(Executor& executor, Block& block, Warpgroup& group, Product& product) {
    SharedMemory& shared = block.shared;
    const int bytes = product.type == OperandType::tf32 ? 4 : 2, depth = 32 / bytes;
    Accumulators& accumulators = group.accumulators[product.accumulators];
    if (!product.accumulate) std::fill(accumulators.values.begin(), accumulators.values.end(), 0.0f);
    const auto a_bits = product.a_registers.empty()
                            ? load(shared, product.a_pieces, 64, depth, bytes, product.a_mn_major, false)
                            : product.a_registers;
    const auto b_bits = load(shared, product.b_pieces, product.n, depth, bytes, product.b_mn_major, true);
    static thread_local DecodedMatrix a, b;
    a.decode(product.type, 64, depth, a_bits);
    b.decode(product.type, depth, product.n, b_bits);
    multiply_accumulate(accumulation_of(executor.launch().target, product.type), product.type, a, b,
                        accumulators.values.data());
    for (const auto* pieces : {&product.a_pieces, &product.b_pieces})
        for (const std::uint32_t piece : *pieces) shared.end_reading(piece, 16);
    if (--accumulators.products) return;
    for (int thread = 0; thread < threads_of_group; ++thread)
        for (int i = 0; i < accumulators.n / 2; ++i)
            accumulators.registers[static_cast<std::size_t>(thread)][i] =
                accumulators.values[place_of(thread, i, accumulators.n)];
}

} // namespace

extern "C" {

void chela_emulator_wgmma(float* d, int n, const unsigned* a_registers, unsigned long long a_descriptor,
                          unsigned long long b_descriptor, int type, bool a_mn_major, bool b_mn_major,
                          bool accumulate, unsigned site) {
    Executor& executor = current_executor();
    Thread& self = current_thread();
    ProductOperands own{d, a_registers};
    meet_group(executor, self, "wgmma", &own, site, [&](Warpgroup& group, Thread*) {
        Product product;
        product.type = static_cast<OperandType>(type);
        const int bytes = product.type == OperandType::tf32 ? 4 : 2, depth = 32 / bytes;
        product.n = n;
        product.accumulate = accumulate;
        product.a_mn_major = a_mn_major;
        product.b_mn_major = b_mn_major;
        product.group = group.committed + 1;
        product.site = site;
        if (a_registers) {
            product.a_registers = gather_a(group, product.type, depth);
        } else {
            product.a_pieces = pieces_of(unpack(a_descriptor), 64, depth, bytes, a_mn_major);
            check_pieces(executor, self, product.a_pieces, unpack(a_descriptor), 'A', site);
        }
        product.b_pieces = pieces_of(unpack(b_descriptor), n, depth, bytes, b_mn_major);
        check_pieces(executor, self, product.b_pieces, unpack(b_descriptor), 'B', site);
        product.accumulators = accumulators_for(executor, self, group, n, site);
        ++group.accumulators[product.accumulators].products;
        if (executor.races()) product.clock = executor.races()->fork(self);
        group.products.push_back(std::move(product));
    });
}

void chela_emulator_wgmma_fence(unsigned site) {
    meet_group(current_executor(), current_thread(), "wgmma_fence", nullptr, site,
               [](Warpgroup&, Thread*) {});
}

void chela_emulator_wgmma_commit(unsigned site) {
    meet_group(current_executor(), current_thread(), "wgmma_commit", nullptr, site,
               [](Warpgroup& group, Thread*) { ++group.committed; });
}

void chela_emulator_wgmma_wait(int groups_left, unsigned site) {
    Executor& executor = current_executor();
    Thread& self = current_thread();
    meet_group(executor, self, "wgmma_wait", nullptr, site, [&](Warpgroup& group, Thread* threads) {
        std::size_t count = 0;
        for (Product& product : group.products) {
            if (product.group + static_cast<std::uint32_t>(groups_left) > group.committed) break;
            run(executor, *self.block, group, product);
            ++count;
            if (!executor.races()) continue;
            // Whoever waited knows that the operands have been read, in whichever thread's name.
            const auto object = reinterpret_cast<std::uintptr_t>(&group);
            executor.races()->release(product.clock, object);
            for (int i = 0; i < threads_of_group; ++i) executor.races()->acquire(threads[i], object);
        }
        group.products.erase(group.products.begin(),
                             group.products.begin() + static_cast<std::ptrdiff_t>(count));
    });
}

void chela_emulator_set_registers(int count, bool increase, unsigned site) {
    if (count < 24 || count > 256 || count % 8 != 0)
        current_executor().fail(current_thread(), site,
                                fmt::format("registers_{} to {}: a multiple of 8 from 24 to 256 is possible",
                                            increase ? "increase" : "decrease", count));
    meet_group(current_executor(), current_thread(), "setmaxnreg", nullptr, site, [](Warpgroup&, Thread*) {});
}
}
