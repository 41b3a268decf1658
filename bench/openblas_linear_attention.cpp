// The opponent on the CPU: causal linear attention, fp32, by the same chunked algorithm with OpenBLAS
// products. Heads are spread over the cores and each product runs on one thread. Run with the environment
// variables OPENBLAS_CORETYPE and OPENBLAS_L2_SIZE unset: they can make OpenBLAS choose kernels that are slow
// on the machine at hand.

#include "bench/provenance_context.hpp"
#include "templates/linear_attention/reference.h"

#include <benchmark/benchmark.h>
#include <cblas.h>
#include <oneapi/tbb/enumerable_thread_specific.h>
#include <oneapi/tbb/parallel_for.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

namespace {

/// q, k, v, o: [length, heads, dim], fp32, contiguous; value_dim = head_dim = dim.
struct Inputs {
    int length, heads, dim;
    float scale;
    std::vector<float> q, k, v, o;
};

Inputs random_inputs(int length, int heads, int dim) {
    Inputs inputs{length, heads, dim, 1 / std::sqrt(float(dim)), {}, {}, {}, {}};
    std::mt19937 random(1);
    std::normal_distribution<float> normal;
    for (auto* tensor : {&inputs.q, &inputs.k, &inputs.v}) {
        tensor->resize(std::size_t(length) * heads * dim);
        for (float& element : *tensor) element = normal(random);
    }
    inputs.o.resize(inputs.q.size());
    return inputs;
}

struct Scratch {
    std::vector<float> scores, state;
};

/// One head: scores = Q Kᵀ, masked; O = scale · (scores V + Q S); S += Kᵀ V; chunk after chunk.
void attend(Inputs& inputs, int head, int chunk, Scratch& scratch) {
    const int dim = inputs.dim;
    const int stride = inputs.heads * dim;
    scratch.scores.resize(std::size_t(chunk) * chunk);
    scratch.state.assign(std::size_t(dim) * dim, 0.0f);
    float* scores = scratch.scores.data();
    float* state = scratch.state.data();
    for (int token = 0; token < inputs.length; token += chunk) {
        const int n = std::min(chunk, inputs.length - token);
        const std::size_t at = std::size_t(token) * stride + std::size_t(head) * dim;
        const float* q = &inputs.q[at];
        const float* k = &inputs.k[at];
        const float* v = &inputs.v[at];
        float* o = &inputs.o[at];
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, n, n, dim, 1.0f, q, stride, k, stride, 0.0f,
                    scores, n);
        for (int row = 0; row < n; ++row) std::fill(scores + row * n + row + 1, scores + (row + 1) * n, 0.0f);
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, n, dim, n, inputs.scale, scores, n, v, stride,
                    0.0f, o, stride);
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, n, dim, dim, inputs.scale, q, stride, state,
                    dim, 1.0f, o, stride);
        cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, dim, dim, n, 1.0f, k, stride, v, stride, 1.0f,
                    state, dim);
    }
}

void attend(Inputs& inputs, int chunk) {
    static tbb::enumerable_thread_specific<Scratch> scratch;
    tbb::parallel_for(0, inputs.heads, [&](int head) { attend(inputs, head, chunk, scratch.local()); });
}

/// rms(o - reference) / rms(reference).
double relative_error(const Inputs& inputs) {
    const auto widen = [](const std::vector<float>& tensor) {
        return std::vector<double>(tensor.begin(), tensor.end());
    };
    std::vector<double> reference(inputs.o.size());
    const auto q = widen(inputs.q), k = widen(inputs.k), v = widen(inputs.v);
    chela::linear_attention_reference({.batch = 1,
                                       .length = std::size_t(inputs.length),
                                       .heads = std::size_t(inputs.heads),
                                       .head_dim = std::size_t(inputs.dim),
                                       .value_dim = std::size_t(inputs.dim),
                                       .scale = inputs.scale},
                                      {.q = q, .k = k, .v = v, .o = reference});
    double error = 0, norm = 0;
    for (std::size_t i = 0; i < reference.size(); ++i) {
        error += (inputs.o[i] - reference[i]) * (inputs.o[i] - reference[i]);
        norm += reference[i] * reference[i];
    }
    return std::sqrt(error / norm);
}

void openblas_linear_attention(benchmark::State& state) {
    const auto dim = int(state.range(0));
    const auto chunk = int(state.range(1));
    const int length = 4096, heads = 8;
    openblas_set_num_threads(1);

    Inputs small = random_inputs(500, 2, dim);
    attend(small, chunk);
    if (const double error = relative_error(small); !(error < 1e-5)) {
        state.SkipWithError("wrong result");
        return;
    }
    Inputs inputs = random_inputs(length, heads, dim);
    for (auto _ : state) {
        attend(inputs, chunk);
        benchmark::DoNotOptimize(inputs.o.data());
    }
    // Two counts: what every algorithm must do (Q S and Kᵀ V), and that plus the causal triangles of this
    // chunk.
    const double tokens = double(length) * heads;
    const double recurrent = 4e-9 * tokens * dim * dim;
    const double triangles = 4e-9 * tokens * dim * (chunk + 1) / 2;
    const auto rate = [](double work) {
        return benchmark::Counter(work, benchmark::Counter::kIsIterationInvariantRate);
    };
    state.counters["GFLOP/s"] = rate(recurrent);
    state.counters["chunked_GFLOP/s"] = rate(recurrent + triangles);
    state.SetLabel(openblas_get_corename());
}
BENCHMARK(openblas_linear_attention)
    ->ArgNames({"dim", "chunk"})
    ->ArgsProduct({{64, 128}, {16, 32, 64, 96, 128, 192, 256}})
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

} // namespace

int main(int count, char** words) {
    benchmark::Initialize(&count, words);
    if (benchmark::ReportUnrecognizedArguments(count, words)) return 2;
    chela::add_provenance();
    benchmark::RunSpecifiedBenchmarks();
}
