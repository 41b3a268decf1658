// Fourier transforms of the long convolution, by name: which lengths need them depends on what is fastest.

#include "tests/numerics/long_conv_grid.hpp"

#include <utility>

namespace chela::tests {

namespace {

class Transforms {
  public:
    Transforms(Session& session, GridSize size) : session_(session), full_(size == GridSize::full) {}

    /// Runs in fp32 and bf16, causal and bidirectional.
    void add(const char* algorithm, int length, int kernel_length, int channels) {
        for (const DType dtype : {DType::fp32, DType::bf16}) {
            next_layout();
            if (!full_ && dtype == DType::bf16 && length > 2048) continue;
            for (const bool bidirectional : {false, true})
                add(algorithm, {.bidirectional = bidirectional,
                                .skip = bidirectional,
                                .layout = bidirectional ? layout_ : ConvLayout::channels_first,
                                .dtype = dtype,
                                .batch = length > 100000 ? 1 : 2,
                                .length = length,
                                .kernel_length = kernel_length,
                                .channels = channels});
        }
    }
    /// Runs on tensor cores: in bf16 and fp16, of values of all sizes.
    void add_mma(int length, int kernel_length, int channels) {
        for (const DType dtype : {DType::bf16, DType::fp16})
            for (const bool bidirectional : {false, true}) {
                next_layout();
                if (!full_ && (dtype == DType::fp16) == bidirectional) continue;
                ++next_;
                VerifyOptions options;
                options.value_scale = next_ % 3 == 0 ? 1e3 : next_ % 3 == 1 ? 1e-3 : 1.0;
                add("fft_mma",
                    {.bidirectional = bidirectional,
                     .skip = next_ % 2 == 0,
                     .layout = layout_,
                     .dtype = dtype,
                     .alignment = next_ % 5 == 0 ? 2 : 0,
                     .batch = length > 100000 ? 1 : 3,
                     .length = length,
                     .kernel_length = kernel_length,
                     .channels = channels},
                    options);
            }
    }

    std::vector<std::string> wrong() const {
        std::vector<std::string> all = run_all(session_, runs_);
        all.insert(all.end(), rejected_.begin(), rejected_.end());
        return all;
    }

  private:
    void next_layout() {
        layout_ =
            layout_ == ConvLayout::channels_first ? ConvLayout::channels_last : ConvLayout::channels_first;
    }
    void add(const char* algorithm, const LongConv& description, VerifyOptions options = {}) {
        const Problem problem = description;
        const Algorithm& with = problem.family->algorithm(algorithm);
        options.seed = ++seed_;
        const Target target = session_.device().target();
        if (const std::string why = with.rejects(target, problem.traits); !why.empty()) {
            rejected_.push_back(why);
            return;
        }
        const Config config{&with, with.default_config(target, problem)};
        runs_.push_back({{problem, options}, config});
    }

    Session& session_;
    bool full_;
    std::uint64_t seed_ = 4000;
    std::size_t next_ = 0;
    ConvLayout layout_ = ConvLayout::channels_first;
    std::vector<Run> runs_;
    std::vector<std::string> rejected_;
};

} // namespace

std::vector<std::string> run_transforms(Session& session, GridSize size) {
    Transforms transforms(session, size);
    for (const int length : {1, 2, 15, 63, 64, 65, 500, 1000, 1021, 2048, 4099})
        transforms.add("fft", length, length, 3);
    for (const auto& [length, kernel_length] : {std::pair{1000, 64}, {1021, 33}, {300, 1}, {3000, 1024}})
        transforms.add("fft", length, kernel_length, 3);
    transforms.add("fft_split", 20011, 20011, 1);
    transforms.add("fft_split", 40001, 8200, 1);
    if (size == GridSize::reduced) return transforms.wrong();
    transforms.add("fft_split", 65537, 65537, 3);
    for (const int length : {131071, 131101, 1 << 20, (1 << 22) - 3})
        transforms.add("fft_split", length, length, 1);
    return transforms.wrong();
}

std::vector<std::string> run_mma_transforms(Session& session, GridSize size) {
    Transforms transforms(session, size);
    // Outputs of one transform, some of them not there, and of several.
    for (const auto& [length, kernel_length] :
         {std::pair{1025, 1025}, {2048, 2048}, {4099, 2011}, {2500, 2500}, {9001, 1100}, {8192, 8192}})
        transforms.add_mma(length, kernel_length, 2);
    if (size == GridSize::reduced) return transforms.wrong();
    for (const auto& [length, kernel_length] :
         {std::pair{4096, 4096}, {8191, 8191}, {16384, 16384}, {200001, 4096}, {100000, 8192}})
        transforms.add_mma(length, kernel_length, 6);
    return transforms.wrong();
}

} // namespace chela::tests
