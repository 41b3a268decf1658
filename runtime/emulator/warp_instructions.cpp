// Instructions that a whole warp executes together: shuffles, votes, matrices.

#include "runtime/emulator/access.hpp"
#include "runtime/emulator/engine.hpp"
#include "runtime/emulator/matrix_product.hpp"
#include "runtime/emulator/meeting.hpp"

#include <cstring>

using namespace chela::emulator;

namespace {

struct ShuffleOperands {
    std::uint32_t value, result;
    int argument;
};

int source_lane(int lane, int argument, int kind) {
    switch (kind) {
    case 0:
        return argument & 31;
    case 1:
        return (lane ^ argument) & 31;
    case 2:
        return lane + argument < 32 ? lane + argument : lane;
    default:
        return lane - argument >= 0 ? lane - argument : lane;
    }
}

template <class Operands>
Operands& operands_of(Warp& warp, int lane) {
    return *static_cast<Operands*>(warp.operands[static_cast<std::size_t>(lane)]);
}

void require_whole_warp(Executor& executor, Thread& self, const char* instruction, std::uint32_t site) {
    if (self.warp->count != 32)
        executor.fail(self, site,
                      fmt::format("{} in a warp of {} lanes: it needs 32", instruction, self.warp->count));
}

struct RowOperands {
    std::uint32_t* registers;
    const std::uint32_t* sources;
    std::uintptr_t row;
};

using Tile = std::uint16_t[8][8];

/// Register of a lane: elements (lane / 4, 2·(lane % 4)) and the next; transposed: their mirror images.
std::uint32_t tile_register(const Tile& tile, int lane, bool transposed) {
    const int row = lane / 4, column = lane % 4 * 2;
    const std::uint32_t low = transposed ? tile[column][row] : tile[row][column];
    const std::uint32_t high = transposed ? tile[column + 1][row] : tile[row][column + 1];
    return low | high << 16;
}

void set_tile(Tile& tile, int lane, bool transposed, std::uint32_t value) {
    const int row = lane / 4, column = lane % 4 * 2;
    (transposed ? tile[column][row] : tile[row][column]) = static_cast<std::uint16_t>(value);
    (transposed ? tile[column + 1][row] : tile[row][column + 1]) = static_cast<std::uint16_t>(value >> 16);
}

struct MatrixOperands {
    float* d;
    const std::uint32_t *a, *b;
};

/// Where a lane's registers lie in the matrices of m16n8k16 (16-bit types) and m16n8k8.
void gather(Warp& warp, OperandType type, int depth, std::uint32_t* a, std::uint32_t* b, float* d) {
    for (int lane = 0; lane < 32; ++lane) {
        const auto& operands = operands_of<MatrixOperands>(warp, lane);
        const int group = lane / 4, member = lane % 4;
        for (int i = 0; i < 4; ++i) d[(group + i / 2 * 8) * 8 + member * 2 + i % 2] = operands.d[i];
        if (type == OperandType::tf32) {
            for (int i = 0; i < 4; ++i) a[(group + i % 2 * 8) * 8 + member + i / 2 * 4] = operands.a[i];
            for (int i = 0; i < 2; ++i) b[(member + i * 4) * 8 + group] = operands.b[i];
            continue;
        }
        for (int i = 0; i < depth / 4; ++i) {
            std::uint32_t* const pair = a + (group + i % 2 * 8) * depth + member * 2 + i / 2 * 8;
            pair[0] = operands.a[i] & 0xffffu, pair[1] = operands.a[i] >> 16;
        }
        for (int i = 0; i < depth / 8; ++i) {
            std::uint32_t* const pair = b + (member * 2 + i * 8) * 8 + group;
            pair[0] = operands.b[i] & 0xffffu, pair[8] = operands.b[i] >> 16;
        }
    }
}

} // namespace

extern "C" {

unsigned chela_emulator_shuffle(unsigned value, int argument, int kind, unsigned site) {
    Executor& executor = current_executor();
    Thread& self = current_thread();
    ShuffleOperands own{value, value, argument};
    meet(executor, self, "a shuffle", &own, site, [&](Warp& warp) {
        for (int lane = 0; lane < warp.count; ++lane) {
            auto& operands = operands_of<ShuffleOperands>(warp, lane);
            const int source = source_lane(lane, operands.argument, kind);
            if (source >= warp.count)
                executor.fail(warp.threads[lane], site, "a shuffle reads a lane that does not exist");
            operands.result = operands_of<ShuffleOperands>(warp, source).value;
        }
    });
    return own.result;
}

unsigned chela_emulator_vote(bool predicate, unsigned site) {
    ShuffleOperands own{predicate, 0, 0};
    meet(current_executor(), current_thread(), "a vote", &own, site, [](Warp& warp) {
        std::uint32_t votes = 0;
        for (int lane = 0; lane < warp.count; ++lane)
            votes |= operands_of<ShuffleOperands>(warp, lane).value << lane;
        for (int lane = 0; lane < warp.count; ++lane) operands_of<ShuffleOperands>(warp, lane).result = votes;
    });
    return own.result;
}

void chela_emulator_ldmatrix(unsigned* registers, int count, bool transposed, const void* row,
                             unsigned site) {
    Executor& executor = current_executor();
    Thread& self = current_thread();
    require_whole_warp(executor, self, "ldmatrix", site);
    RowOperands own{registers, nullptr, reinterpret_cast<std::uintptr_t>(row)};
    if (self.lane < 8 * count) check_shared(executor, self, own.row, 16, 16, false, site, "ldmatrix reads");
    meet(executor, self, transposed ? "ldmatrix (transposed)" : "ldmatrix", &own, site, [&](Warp& warp) {
        for (int matrix = 0; matrix < count; ++matrix) {
            Tile tile;
            for (int i = 0; i < 8; ++i)
                std::memcpy(tile[i],
                            reinterpret_cast<const void*>(operands_of<RowOperands>(warp, matrix * 8 + i).row),
                            16);
            for (int lane = 0; lane < 32; ++lane)
                operands_of<RowOperands>(warp, lane).registers[matrix] =
                    tile_register(tile, lane, transposed);
        }
    });
}

void chela_emulator_stmatrix(const unsigned* registers, int count, bool transposed, void* row,
                             unsigned site) {
    Executor& executor = current_executor();
    Thread& self = current_thread();
    require_whole_warp(executor, self, "stmatrix", site);
    RowOperands own{nullptr, registers, reinterpret_cast<std::uintptr_t>(row)};
    if (self.lane < 8 * count) check_shared(executor, self, own.row, 16, 16, true, site, "stmatrix writes");
    meet(executor, self, transposed ? "stmatrix (transposed)" : "stmatrix", &own, site, [&](Warp& warp) {
        for (int matrix = 0; matrix < count; ++matrix) {
            Tile tile;
            for (int lane = 0; lane < 32; ++lane)
                set_tile(tile, lane, transposed, operands_of<RowOperands>(warp, lane).sources[matrix]);
            for (int i = 0; i < 8; ++i)
                std::memcpy(reinterpret_cast<void*>(operands_of<RowOperands>(warp, matrix * 8 + i).row),
                            tile[i], 16);
        }
    });
}

unsigned chela_emulator_movmatrix(unsigned pair, unsigned site) {
    Executor& executor = current_executor();
    Thread& self = current_thread();
    require_whole_warp(executor, self, "movmatrix", site);
    ShuffleOperands own{pair, 0, 0};
    meet(executor, self, "movmatrix", &own, site, [](Warp& warp) {
        Tile tile;
        for (int lane = 0; lane < 32; ++lane)
            set_tile(tile, lane, false, operands_of<ShuffleOperands>(warp, lane).value);
        for (int lane = 0; lane < 32; ++lane)
            operands_of<ShuffleOperands>(warp, lane).result = tile_register(tile, lane, true);
    });
    return own.result;
}

void chela_emulator_mma(float* d, const unsigned* a, const unsigned* b, int type, int depth, unsigned site) {
    Executor& executor = current_executor();
    Thread& self = current_thread();
    require_whole_warp(executor, self, "mma", site);
    MatrixOperands own{d, a, b};
    const auto operand_type = static_cast<OperandType>(type);
    meet(executor, self, "mma", &own, site, [&](Warp& warp) {
        std::uint32_t a_bits[16 * 16], b_bits[16 * 8];
        float sums[16 * 8];
        gather(warp, operand_type, depth, a_bits, b_bits, sums);
        static thread_local DecodedMatrix left, right;
        left.decode(operand_type, 16, depth, std::span(a_bits, static_cast<std::size_t>(16 * depth)));
        right.decode(operand_type, depth, 8, std::span(b_bits, static_cast<std::size_t>(depth * 8)));
        multiply_accumulate(accumulation_of(executor.launch().target, operand_type), operand_type, left,
                            right, sums);
        for (int lane = 0; lane < 32; ++lane)
            for (int i = 0; i < 4; ++i)
                operands_of<MatrixOperands>(warp, lane).d[i] =
                    sums[(lane / 4 + i / 2 * 8) * 8 + lane % 4 * 2 + i % 2];
    });
}
}
