#include "runtime/fftw.hpp"

#include "codegen/error.hpp"
#include "runtime/dynamic_library.hpp"

#include <compare>
#include <fmt/format.h>
#include <map>
#include <mutex>
#include <shared_mutex>
#include <utility>
#include <vector>

namespace chela {
namespace {

// As declared by <fftw3.h>, whose interface has not changed since FFTW 3.0.
using Plan = struct FftwPlan*;
struct Dimension {
    int size, input_distance, output_distance;
};
constexpr unsigned measure = 0, unaligned = 1u << 1;

class Fftw {
  public:
    Fftw() {
        std::string error;
        library_ = DynamicLibrary::open("libfftw3f.so.3", &error);
        if (!library_)
            throw DeviceError(fmt::format("FFTW 3 cannot be opened ({}); on Debian: apt-get install "
                                          "libfftw3-single3, or choose another transform",
                                          error));
        if (!library_.bind(plan_, "fftwf_plan_guru_split_dft") ||
            !library_.bind(execute_, "fftwf_execute_split_dft"))
            throw DeviceError(fmt::format("{} is not FFTW 3", library_.path()));
    }

    /// In FFTW's words the inverse is the transform with re and im exchanged. A plan serves any memory in
    /// which they lie as far apart.
    void run(float* re, float* im, int points, int distance, int columns) {
        execute_(plan({points, distance, columns, im - re}), re, im, re, im);
    }

  private:
    struct Key {
        int points, distance, columns;
        std::ptrdiff_t from_re_to_im;
        friend auto operator<=>(const Key&, const Key&) = default;
    };

    /// Plans are made one at a time, as FFTW wants it, once, and never go: threads may be in them.
    Plan plan(const Key& key) {
        {
            const std::shared_lock lock(mutex_);
            if (const auto known = plans_.find(key); known != plans_.end()) return known->second;
        }
        const std::unique_lock lock(mutex_);
        Plan& plan = plans_[key];
        if (!plan) {
            const Dimension row{key.points, key.distance, key.distance}, columns{key.columns, 1, 1};
            // FFTW tries what is fastest, on memory that it may overwrite.
            std::vector<float> memory(static_cast<std::size_t>(key.points + 1) *
                                      static_cast<std::size_t>(key.distance));
            float* const re = memory.data() + (key.from_re_to_im < 0 ? -key.from_re_to_im : 0);
            float* const im = re + key.from_re_to_im;
            plan = plan_(1, &row, 1, &columns, re, im, re, im, measure | unaligned);
            if (!plan) throw DeviceError(fmt::format("FFTW has no plan for {} points", key.points));
        }
        return plan;
    }

    DynamicLibrary library_;
    Plan (*plan_)(int, const Dimension*, int, const Dimension*, float*, float*, float*, float*,
                  unsigned) = nullptr;
    void (*execute_)(Plan, float*, float*, float*, float*) = nullptr;
    std::shared_mutex mutex_;
    std::map<Key, Plan> plans_;
};

Fftw& fftw() {
    static Fftw library;
    return library;
}

extern "C" void chela_fftw(float* re, float* im, int points, int distance, int columns, bool inverse) {
    if (inverse) std::swap(re, im);
    fftw().run(re, im, points, distance, columns);
}

} // namespace

std::map<std::string, void*> fftw_symbols(const std::string& source) {
    constexpr const char* name = "chela_fftw";
    if (source.find(name) == std::string::npos) return {};
    fftw(); // throws here rather than inside a kernel
    return {{name, reinterpret_cast<void*>(&chela_fftw)}};
}

} // namespace chela
