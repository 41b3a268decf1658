// Tiles through TMA on the emulator: every swizzle, coordinates outside the tensor, and what a map must look
// like.

#include "codegen/error.hpp"
#include "runtime/emulator/tensor_map.hpp"
#include "tests/runtime/emulated_kernel.hpp"

using namespace chela;
using namespace chela::testing;
using emulator::OutOfBoundsFill;
using emulator::TensorSwizzle;

namespace {

constexpr int rows = 20, columns = 40, box_rows = 8;

// Loads a box at (x, y), shows the raw shared memory, and stores the box again at the same place of another
// tensor.
const char* const kernel_text = R"(
#include "prelude/cuda/thread.cuh"
#include "prelude/cuda/tma.cuh"
namespace chela {
struct Arguments {
    TensorMap source, target;
    uint16* raw;
    int x, y, bytes;
};
CHELA_DEVICE void copy_box(const Arguments& arguments) {
    Barrier* const full = reinterpret_cast<Barrier*>(dynamic_shared() + 4096);
    if (thread_index() == 0) {
        barrier_init(full, 1);
        barrier_arrive_expect(full, arguments.bytes);
        tma_load(dynamic_shared(), &arguments.source, full, arguments.x, arguments.y);
    }
    sync_threads();
    barrier_wait(full, 0);
    for (int i = thread_index(); i < arguments.bytes / 2; i += 32)
        arguments.raw[i] = reinterpret_cast<const uint16*>(dynamic_shared())[i];
    if (thread_index() == 0) {
        tma_store(&arguments.target, dynamic_shared(), arguments.x, arguments.y);
        tma_store_commit();
        tma_store_wait<0>();
    }
}
}
extern "C" __global__ void copy_box(const __grid_constant__ chela::Arguments arguments) { chela::copy_box(arguments); }
)";

struct Arguments {
    TensorMap source, target;
    std::uint16_t* raw;
    int x, y, bytes;
};

TensorMap map_of(const void* address, int box_columns, TensorSwizzle swizzle, OutOfBoundsFill fill) {
    const std::uint64_t extents[] = {columns, rows}, strides[] = {columns * 2};
    const std::uint32_t box[] = {static_cast<std::uint32_t>(box_columns), box_rows}, ones[] = {1, 1};
    return emulator::encode_tensor_map(2, 2, address, extents, strides, box, ones, swizzle, fill);
}

} // namespace

TEST_CASE("a box of a tensor arrives swizzled and goes back, as far as the tensor reaches") {
    const auto device = make_emulator_device(Target::parse("emulator:sm_90a"), {0, true});
    std::vector<std::uint16_t> values(rows * columns);
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<std::uint16_t>(i + 1);
    const DeviceVector<std::uint16_t> source(*device, values);
    for (const int mode : {0, 1, 2, 3})
        for (const auto fill : {OutOfBoundsFill::zeros, OutOfBoundsFill::nan})
            for (const auto& [x, y] : {std::pair{0, 0}, {8, 3}, {-5, -2}, {30, 15}, {200, 0}}) {
                INFO("swizzle ", mode, " at ", x, ", ", y);
                const int box_columns = mode == 0 ? 64 : 8 << mode;
                const DeviceVector<std::uint16_t> target(*device,
                                                         std::vector<std::uint16_t>(rows * columns, 0));
                const DeviceVector<std::uint16_t> raw(*device,
                                                      static_cast<std::size_t>(box_columns * box_rows));
                const auto swizzle = static_cast<TensorSwizzle>(mode);
                run_emulated(*device, "copy_box", "copy_box.cu", kernel_text, {{1, {}}, 32, 8192, 1}, 1,
                             Arguments{map_of(source.data(), box_columns, swizzle, fill),
                                       map_of(target.data(), box_columns, swizzle, fill), raw.data(), x, y,
                                       box_columns * box_rows * 2});
                const auto shown = raw.values(), stored = target.values();
                std::vector<std::uint16_t> expected(values.size(), 0);
                int wrong = 0;
                for (int row = 0; row < box_rows; ++row)
                    for (int column = 0; column < box_columns; ++column) {
                        const bool inside =
                            row + y >= 0 && row + y < rows && column + x >= 0 && column + x < columns;
                        const auto index = static_cast<std::size_t>((row + y) * columns + column + x);
                        const int piece = column * 2 / 16, line = (row * box_columns * 2 + column * 2) / 128;
                        const int moved = mode == 0 ? piece : piece ^ (line % 8 & ((1 << mode) - 1));
                        const auto place =
                            static_cast<std::size_t>(row * box_columns + moved * 8 + column % 8);
                        const std::uint16_t outside = fill == OutOfBoundsFill::nan ? 0x7fff : 0;
                        wrong += shown[place] != (inside ? values[index] : outside);
                        if (inside) expected[index] = values[index];
                    }
                CHECK(wrong == 0);
                CHECK(stored == expected);
            }
}

TEST_CASE("a map that the hardware would refuse") {
    const std::uint64_t extents[] = {columns, rows}, strides[] = {columns * 2},
                        odd_strides[] = {columns * 2 + 2};
    const std::uint32_t box[] = {64, 8}, large[] = {64, 257}, ones[] = {1, 1};
    const auto encode = [&](std::uintptr_t address, const std::uint64_t* stride, const std::uint32_t* size,
                            TensorSwizzle swizzle) {
        emulator::encode_tensor_map(2, 2, reinterpret_cast<const void*>(address), extents, stride, size, ones,
                                    swizzle, OutOfBoundsFill::zeros);
    };
    CHECK_NOTHROW(encode(4096, strides, box, TensorSwizzle::bytes128));
    CHECK_THROWS_AS(encode(4104, strides, box, TensorSwizzle::bytes128), UserError);
    CHECK_THROWS_AS(encode(4096, odd_strides, box, TensorSwizzle::bytes128), UserError);
    CHECK_THROWS_AS(encode(4096, strides, large, TensorSwizzle::bytes128), UserError);
    CHECK_THROWS_AS(encode(4096, strides, box, TensorSwizzle::bytes64), UserError);
}
