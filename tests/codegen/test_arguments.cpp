#include "codegen/arguments.hpp"
#include "codegen/error.hpp"
#include "templates/linear_attention/problem.hpp"
#include "tests/codegen/complaint.hpp"

#include <cstdint>
#include <cstring>
#include <doctest/doctest.h>

using namespace chela;

namespace {

/// The block as a kernel declares it (the struct that codegen emits for linear attention).
struct Block {
    void* q;
    long long q_stride[3];
    void* k;
    long long k_stride[3];
    void* v;
    long long v_stride[3];
    void* o;
    long long o_stride[3];
    void* initial_state;
    long long initial_state_stride[3];
    void* final_state;
    long long final_state_stride[3];
    int batch, length, heads;
    float scale;
    void *workspace, *prepared;
};

Block block_of(const Arguments& arguments) {
    Block block;
    REQUIRE(arguments.block_bytes() == sizeof block);
    std::memcpy(&block, arguments.block(), sizeof block);
    return block;
}

alignas(64) std::byte memory[4096];

Arguments complete(const Problem& problem) {
    Arguments arguments(problem);
    for (const char* name : {"q", "k", "v", "o"}) arguments.tensor(name, memory);
    return arguments;
}

std::string complaint(Arguments& arguments) {
    return chela::tests::complaint([&] { arguments.check(); });
}

} // namespace

TEST_CASE("the block is laid out as the emitted struct") {
    const Problem problem =
        LinearAttention{.head_dim = 60, .value_dim = 100, .batch = 2, .length = 7, .heads = 3};
    Arguments arguments = complete(problem);
    arguments.tensor("final_state", memory + 64).scalar("scale", 0.5).workspace(memory + 128, 99);
    arguments.prepared(memory + 256);
    const Block block = block_of(arguments);
    CHECK(block.q == memory);
    CHECK(block.q_stride[0] == 7 * 3 * 60);
    CHECK(block.q_stride[1] == 3 * 60);
    CHECK(block.q_stride[2] == 60);
    CHECK(block.v_stride[2] == 100);
    CHECK(block.initial_state == nullptr);
    CHECK(block.final_state == memory + 64);
    CHECK(block.final_state_stride[1] == 60 * 100);
    CHECK(block.batch == 2);
    CHECK(block.length == 7);
    CHECK(block.heads == 3);
    CHECK(block.scale == 0.5f);
    CHECK(block.workspace == memory + 128);
    CHECK(block.prepared == memory + 256);
    CHECK(arguments.workspace_bytes() == 99);
}

TEST_CASE("the block holds what the traits have, and nothing else") {
    struct {
        void* q;
        long long q_stride[3];
        void *k, *k_stride[3], *v, *v_stride[3], *o, *o_stride[3], *initial_state, *initial_state_stride[3],
            *final_state, *final_state_stride[3];
        void* gate;
        long long gate_stride[2];
        void* initial_normalizer;
        long long initial_normalizer_stride[2];
        void* final_normalizer;
        long long final_normalizer_stride[2];
        void* cu_seqlens;
        int batch, length, heads;
        float scale, epsilon;
        void *workspace, *prepared;
    } block;
    const Problem problem = LinearAttention{.head_dim = 16,
                                            .decay = Decay::scalar,
                                            .normalize = true,
                                            .packed = true,
                                            .batch = 5,
                                            .length = 70,
                                            .heads = 3};
    CHECK(problem.shape(problem.family->tensor("q")) == std::vector<std::int64_t>{1, 70, 3, 16});
    CHECK(problem.shape(problem.family->tensor("final_normalizer")) == std::vector<std::int64_t>{5, 3, 16});
    CHECK(problem.shape(problem.family->tensor("cu_seqlens")) == std::vector<std::int64_t>{6});
    CHECK(problem.dtype(problem.family->tensor("cu_seqlens")) == DType::int32);
    Arguments arguments = complete(problem);
    CHECK(complaint(arguments).starts_with("gate is missing"));
    arguments.tensor("gate", memory + 4).tensor("final_normalizer", memory + 8);
    CHECK(complaint(arguments).starts_with("cu_seqlens is missing"));
    arguments.tensor("cu_seqlens", memory + 12);
    CHECK(complaint(arguments).empty());
    REQUIRE(arguments.block_bytes() == sizeof block);
    std::memcpy(&block, arguments.block(), sizeof block);
    CHECK(block.q_stride[0] == 70 * 3 * 16);
    CHECK(block.gate == memory + 4);
    CHECK(block.gate_stride[0] == 70 * 3);
    CHECK(block.gate_stride[1] == 3);
    CHECK(block.initial_normalizer == nullptr);
    CHECK(block.final_normalizer == memory + 8);
    CHECK(block.final_normalizer_stride[1] == 16);
    CHECK(block.cu_seqlens == memory + 12);
    CHECK(block.epsilon == 1e-6f);
    CHECK(chela::tests::complaint([&] { arguments.tensor("decay", memory); }).starts_with("decay is given"));
}

TEST_CASE("scale defaults to head_dim^-1/2") {
    CHECK(block_of(Arguments(LinearAttention{.head_dim = 64})).scale == 0.125f);
}

TEST_CASE("contiguous tensors follow an extent that changes, strided ones stay") {
    Arguments arguments = complete(LinearAttention{.head_dim = 16, .batch = 2, .length = 10, .heads = 4});
    const std::int64_t strides[] = {4096, 16, 1024, 1};
    arguments.tensor("k", memory, strides).extent("length", 20);
    const Block block = block_of(arguments);
    CHECK(block.length == 20);
    CHECK(block.q_stride[0] == 20 * 4 * 16);
    CHECK(block.k_stride[0] == 4096);
    CHECK(block.k_stride[1] == 16);
    CHECK(block.k_stride[2] == 1024);
}

TEST_CASE("incomplete or misaligned arguments are named") {
    const Problem problem = LinearAttention{.head_dim = 64, .batch = 2, .length = 10, .heads = 4};
    Arguments missing(problem);
    missing.tensor("q", memory).tensor("k", memory).tensor("o", memory);
    CHECK(complaint(missing).starts_with("v is missing"));
    Arguments address = complete(problem);
    address.tensor("k", memory + 2);
    CHECK(complaint(address).find("address of k is not a multiple of 16 bytes") != std::string::npos);
    Arguments stride = complete(problem);
    const std::int64_t odd[] = {4096, 65, 1024, 1};
    stride.tensor("v", memory, odd);
    CHECK(complaint(stride).find("stride of v along length is 65 elements") != std::string::npos);
    Arguments good = complete(problem);
    CHECK(complaint(good).empty());
    CHECK_THROWS_AS(good.tensor("w", memory), UserError);
    CHECK_THROWS_AS(good.scalar("epsilon", 1), UserError);
    CHECK_THROWS_AS(good.extent("length", -1), UserError);
    const std::int64_t few[] = {1, 1}, not_unit[] = {4096, 64, 1024, 2};
    CHECK_THROWS_AS(good.tensor("q", memory, few), UserError);
    CHECK_THROWS_AS(good.tensor("q", memory, not_unit), UserError);
}

TEST_CASE("an empty sequence needs no tensors") {
    Arguments arguments(LinearAttention{.length = 0});
    CHECK(complaint(arguments).empty());
}
