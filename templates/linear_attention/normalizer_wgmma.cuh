#pragma once
// The normaliser z of a head, kept by one warpgroup: fp32 in registers, one or two columns a thread, and in
// shared memory as B operand [8, head_dim] for q·z: row 0 what 16 bits hold of it, row 1 what they lack.

#include "linear_attention/panels.cuh"

namespace chela {

template <class Config>
struct Normalizer {
    using Element = typename Config::Element;
    static constexpr int per_thread = (Config::head_columns + 127) / 128;
    unsigned char* const operand;
    const int thread = thread_index() % 128;
    float z[per_thread];

    template <class Visit>
    CHELA_DEVICE void for_each(Visit visit) {
#pragma unroll
        for (int i = 0; i < per_thread; ++i)
            if (thread + i * 128 < Config::head_columns) visit(z[i], thread + i * 128);
    }
    CHELA_DEVICE void load(const float* from) {
        for_each([=](float& x, int head) { x = from && head < Config::head_dim ? from[head] : 0.0f; });
    }
    CHELA_DEVICE void store(float* to) {
        for_each([=](float& x, int head) {
            if (head < Config::head_dim) to[head] = x;
        });
    }
    /// Zeros into the rows that stay empty.
    CHELA_DEVICE void clear_operand() {
        for_each([=](float&, int head) {
#pragma unroll
            for (int row = 0; row < 8; ++row) *at(row, head) = Element{};
        });
    }
    /// For wgmma after a barrier of the warpgroup; none may be reading before.
    CHELA_DEVICE void write_operand() {
        for_each([=](float& x, int head) {
            const Element high = from_float<Element>(x);
            *at(0, head) = high;
            *at(1, head) = from_float<Element>(x - to_float(high));
        });
        fence_proxy_async();
    }
    CHELA_DEVICE void scale(float factor) {
        for_each([=](float& x, int) { x *= factor; });
    }
    /// z += Σ weight(s) k_s over the chunk, in the order of the tokens.
    template <class Weight>
    CHELA_DEVICE void add(const unsigned char* key, Weight weight) {
#pragma unroll 8
        for (int token = 0; token < Config::chunk; ++token) {
            const float w = weight(token);
            for_each([=](float& x, int head) {
                const unsigned char* const piece = key + panel_offset<Config::chunk>(token, head / 8);
                x = fused_multiply_add(w, to_float(reinterpret_cast<const Element*>(piece)[head % 8]), x);
            });
        }
    }

  private:
    CHELA_DEVICE Element* at(int row, int head) const {
        return reinterpret_cast<Element*>(operand + panel_offset<8>(row, head / 8)) + head % 8;
    }
};

} // namespace chela
