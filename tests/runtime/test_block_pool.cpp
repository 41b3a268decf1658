#include "runtime/block_pool.hpp"

#include "codegen/error.hpp"
#include "tests/runtime/support.hpp"

#include <algorithm>
#include <numeric>
#include <thread>
#include <vector>

using namespace chela;

namespace {

constexpr int block_size = 200;

struct Scale {
    float* x;
    float factor;
};

void scale(const void* arguments, long long block, void* scratch) {
    const auto& [all, factor] = *static_cast<const Scale*>(arguments);
    float* const staged = static_cast<float*>(scratch);
    float* const x = all + block * block_size;
    for (int i = 0; i < block_size; ++i) staged[i] = x[i] * factor;
    std::this_thread::yield(); // a block that shares this scratch would write over it now
    for (int i = 0; i < block_size; ++i) x[i] = staged[i];
}

} // namespace

TEST_CASE("block pool: every block once, and what it wrote is there when the launch returns") {
    for (const int threads : {0, 1, 3}) {
        BlockPool pool(threads);
        CHECK(pool.threads() >= 1);
        for (const std::int64_t grid : {0, 1, 7, 300}) {
            std::vector<float> x(static_cast<std::size_t>(grid) * block_size), expected;
            std::iota(x.begin(), x.end(), 0.0f);
            for (const float value : x) expected.push_back(value * 3);
            const Scale arguments{x.data(), 3};
            pool.run(scale, grid, &arguments, block_size * sizeof(float));
            CHECK(x == expected);
        }
    }
    CHECK(test::message_of<UserError>([] { BlockPool(-1); }).find("-1") != std::string::npos);
}

TEST_CASE("block pool: several threads launch at once, more of them than processors") {
    BlockPool pool(0);
    std::vector<std::vector<float>> data(6, std::vector<float>(40 * block_size, 1));
    std::vector<std::jthread> threads;
    for (std::size_t t = 0; t < data.size(); ++t) {
        threads.emplace_back([&, t] {
            const Scale arguments{data[t].data(), static_cast<float>(t + 1)};
            for (int i = 0; i < 5; ++i) pool.run(scale, 40, &arguments, block_size * sizeof(float));
        });
    }
    threads.clear();
    for (std::size_t t = 0; t < data.size(); ++t) {
        const auto factor = static_cast<float>(t + 1);
        CHECK(data[t] == std::vector<float>(40 * block_size, factor * factor * factor * factor * factor));
    }
}

TEST_CASE("block pool: scratch grows, is aligned, and is null where none is asked for") {
    BlockPool pool(0);
    struct Probe {
        std::size_t bytes;
        bool good[32];
    };
    for (const std::size_t bytes : {0, 1, 65, 1 << 16, 16, 1 << 20}) {
        Probe probe{bytes, {}};
        const auto check = [](const void* arguments, long long block, void* scratch) {
            auto& [size, good] = **static_cast<Probe* const*>(arguments);
            std::fill_n(static_cast<char*>(scratch), size, char{1});
            good[block] =
                size == 0 ? scratch == nullptr : reinterpret_cast<std::uintptr_t>(scratch) % 64 == 0;
        };
        const Probe* arguments = &probe;
        pool.run(check, 32, &arguments, bytes);
        CHECK(std::all_of(std::begin(probe.good), std::end(probe.good), [](bool good) { return good; }));
    }
}
