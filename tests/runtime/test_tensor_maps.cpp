// The tensor maps that follow the arguments of a kernel which copies by TMA.

#include "codegen/error.hpp"
#include "runtime/tensor_maps.hpp"
#include "templates/linear_attention/problem.hpp"
#include "tests/runtime/host_device.hpp"

#include <cstring>
#include <doctest/doctest.h>

using namespace chela;

namespace {

/// Counts what it is asked to map.
struct MappingDevice : test::HostDevice {
    TensorMap map(const BoxedTensor& tensor) const override {
        last = tensor;
        TensorMap map;
        map.opaque[0] = static_cast<std::uint64_t>(++maps);
        return map;
    }
    mutable BoxedTensor last;
    mutable int maps = 0;
};

const std::vector<TensorBox> boxes = {{"k", "length", 64, 64}};
alignas(128) std::byte memory[64];

Arguments arguments_of(const LinearAttention& problem) {
    Arguments arguments{Problem(problem)};
    for (const char* name : {"q", "k", "v", "o"}) arguments.tensor(name, memory);
    return arguments;
}

std::uint64_t first_word(const MappedArguments& mapped) {
    std::uint64_t word = 0;
    std::memcpy(&word, static_cast<const std::byte*>(mapped.block()) + mapped.bytes() - sizeof(TensorMap),
                sizeof word);
    return word;
}

} // namespace

TEST_CASE("a box's tensor is described from its innermost dimension on, as the strides say") {
    Arguments arguments = arguments_of({.head_dim = 64, .batch = 2, .length = 100, .heads = 3});
    const std::int64_t strides[] = {100000, 1000, 200, 1};
    arguments.tensor("k", memory, strides);
    const BoxedTensor tensor = boxed_tensor(boxes[0], arguments);
    CHECK(tensor.address == memory);
    CHECK(tensor.rank == 4);
    CHECK(tensor.element_bytes == 2);
    CHECK(tensor.extents == std::array<std::uint64_t, 5>{64, 3, 100, 2});
    CHECK(tensor.strides == std::array<std::uint64_t, 4>{400, 2000, 200000});
    CHECK(tensor.box == std::array<std::uint32_t, 5>{64, 1, 64, 1});
}

TEST_CASE("a dimension with one place has the stride of a tensor, whatever the caller's") {
    Arguments arguments = arguments_of({.head_dim = 64, .batch = 1, .length = 100, .heads = 1});
    const std::int64_t strides[] = {7, 80, 3, 1};
    arguments.tensor("k", memory, strides);
    const BoxedTensor tensor = boxed_tensor(boxes[0], arguments);
    CHECK(tensor.strides == std::array<std::uint64_t, 4>{128, 160, 16000});
}

TEST_CASE("maps follow the block, and are made again when a tensor or an extent has changed") {
    MappingDevice device;
    Arguments arguments = arguments_of({.head_dim = 64, .batch = 2, .length = 100, .heads = 3});
    {
        const MappedArguments mapped(device, boxes, arguments);
        CHECK(mapped.bytes() % alignof(TensorMap) == 0);
        CHECK(mapped.bytes() >= arguments.block_bytes() + sizeof(TensorMap));
        CHECK(std::memcmp(mapped.block(), arguments.block(), arguments.block_bytes()) == 0);
        CHECK(first_word(mapped) == 1);
    }
    CHECK(first_word(MappedArguments(device, boxes, arguments)) == 1);
    arguments.scalar("scale", 2.0); // in no map
    CHECK(first_word(MappedArguments(device, boxes, arguments)) == 1);
    arguments.tensor("k", memory + 16);
    CHECK(first_word(MappedArguments(device, boxes, arguments)) == 2);
    CHECK(device.last.address == memory + 16);
    arguments.extent("length", 50);
    CHECK(first_word(MappedArguments(device, boxes, arguments)) == 3);
    CHECK(device.last.extents[2] == 50);
    const MappingDevice other;
    CHECK(first_word(MappedArguments(other, boxes, arguments)) == 1);
}

TEST_CASE("an empty tensor is not mapped, and a device without TMA says so") {
    MappingDevice device;
    Arguments arguments = arguments_of({.head_dim = 64, .batch = 2, .length = 100, .heads = 3});
    arguments.extent("length", 0);
    CHECK(first_word(MappedArguments(device, boxes, arguments)) == 0);
    CHECK(device.maps == 0);
    arguments.extent("length", 100);
    const test::HostDevice host;
    CHECK_THROWS_WITH_AS(
        MappedArguments(host, boxes, arguments),
        doctest::Contains("k is copied by TMA, which cannot: test device has no tensor memory"), UserError);
}
