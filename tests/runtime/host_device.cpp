#include "tests/runtime/host_device.hpp"

#include "codegen/error.hpp"
#include "runtime/host_tensors.hpp"

#include <cstdlib>
#include <cstring>

namespace chela::test {
namespace {

thread_local double clock_ms = 0;

/// The argument block as emitted code would declare it (codegen/emit.hpp).
struct Block {
    std::byte* x;
    long long x_stride[3];
    float* carry;
    long long carry_stride[2];
    std::byte* y;
    long long y_stride[3];
    float* total;
    long long total_stride[2];
    int batch, length, heads;
    float factor;
    void* workspace;
    float* prepared;
};

struct HostKernel final : LoadedKernel {
    Fault fault = Fault::none;
    DType dtype = DType::bf16;
    std::int64_t dim = 0;
    bool prepares = false;
    bool prepared() const {
        return fault == Fault::prepares || fault == Fault::prepared_overrun ||
               fault == Fault::spoils_prepared;
    }
};

/// One block: one head of one sequence.
class HeadKernel {
  public:
    HeadKernel(const HostKernel& kernel, const Block& block, std::int64_t number)
        : kernel_(kernel), block_(block), batch_(number / block.heads), head_(number % block.heads),
          element_bytes_(size_of(kernel.dtype)) {}

    void run() {
        std::vector<double> total(kernel_.dim), carry(kernel_.dim), x(kernel_.dim), y(kernel_.dim);
        float* const prepared = block_.prepared + (batch_ * block_.heads + head_) * kernel_.dim;
        if (kernel_.prepared() && !kernel_.prepares) {
            decode(reinterpret_cast<const std::byte*>(prepared), DType::fp32, carry);
            if (kernel_.fault == Fault::spoils_prepared) prepared[0] += 1;
        } else if (block_.carry && kernel_.fault != Fault::ignores_carry) {
            load_state(block_.carry, block_.carry_stride, carry);
        }
        if (kernel_.prepares) {
            encode(carry, DType::fp32, reinterpret_cast<std::byte*>(prepared));
            if (kernel_.fault == Fault::prepared_overrun && is_last_block()) prepared[kernel_.dim] = 0;
            return;
        }
        total = carry;
        for (std::int64_t row = 0; row < block_.length; ++row) {
            decode(row_of(block_.x, block_.x_stride, row), kernel_.dtype, x);
            for (std::int64_t i = 0; i < kernel_.dim; ++i) {
                total[i] += x[i];
                y[i] = double{block_.factor} * x[i] + carry[i];
            }
            spoil_row(row, y);
            if (kernel_.fault == Fault::missing_row && is_last_block() && row == block_.length / 2) continue;
            encode(y, kernel_.dtype, row_of(block_.y, block_.y_stride, row));
        }
        if (block_.total) {
            float* const state =
                block_.total + batch_ * block_.total_stride[0] + head_ * block_.total_stride[1];
            encode(total, DType::fp32, reinterpret_cast<std::byte*>(state));
            if (kernel_.fault == Fault::guard_before && batch_ == 0 && head_ == 0) state[-1] = 0;
        }
        if (is_last_block()) spoil_memory(x);
    }

  private:
    bool is_last_block() const { return batch_ == block_.batch - 1 && head_ == block_.heads - 1; }

    std::byte* row_of(std::byte* tensor, const long long (&stride)[3], std::int64_t row) const {
        return tensor + (batch_ * stride[0] + row * stride[1] + head_ * stride[2]) * element_bytes_;
    }
    void load_state(const float* tensor, const long long (&stride)[2], std::vector<double>& state) const {
        const float* const start = tensor + batch_ * stride[0] + head_ * stride[1];
        decode(reinterpret_cast<const std::byte*>(start), DType::fp32, state);
    }

    void spoil_row(std::int64_t row, std::vector<double>& y) const {
        const auto shift = [&](double by) {
            for (double& value : y) value += by;
        };
        switch (kernel_.fault) {
        case Fault::wrong_element:
            if (is_last_block() && row == block_.length / 2) y[kernel_.dim / 2] += 1;
            break;
        case Fault::slightly_wrong:
            for (double& value : y) value *= 1 + 3 * scale_add_bound(kernel_.dtype);
            break;
        case Fault::odd_length:
            if (row == block_.length - 1 && block_.length % 4 != 0) shift(1);
            break;
        case Fault::last_head:
            if (is_last_block()) shift(1);
            break;
        case Fault::last_head_slightly:
            if (is_last_block()) {
                for (double& value : y) value *= 1 + 8 * scale_add_bound(kernel_.dtype);
            }
            break;
        case Fault::reads_outside: {
            std::vector<double> before(kernel_.dim);
            decode(block_.x - kernel_.dim * element_bytes_, kernel_.dtype, before);
            for (std::int64_t i = 0; i < kernel_.dim; ++i) y[i] += 0 * before[i];
            break;
        }
        case Fault::reads_workspace:
            y[0] += double{*static_cast<const float*>(block_.workspace)};
            break;
        default:
            break;
        }
    }

    void spoil_memory(const std::vector<double>& row) const {
        if (block_.length == 0) return;
        std::byte* const last = row_of(block_.y, block_.y_stride, block_.length - 1);
        switch (kernel_.fault) {
        case Fault::guard_after:
            encode(row, kernel_.dtype, last + kernel_.dim * element_bytes_);
            break;
        case Fault::gap: // the gap before the last row holds at least one element
            if (block_.y_stride[2] != kernel_.dim) std::memset(last - element_bytes_, 0, element_bytes_);
            break;
        case Fault::input_written:
            std::memset(block_.x, 0, element_bytes_);
            break;
        case Fault::workspace_overrun: {
            const auto floats = scale_add_workspace * block_.batch * block_.heads;
            static_cast<float*>(block_.workspace)[floats] = 0;
            break;
        }
        default:
            break;
        }
    }

    const HostKernel& kernel_;
    const Block& block_;
    std::int64_t batch_, head_, element_bytes_;
};

} // namespace

void HostDevice::check() const {
    if (broken_) throw DeviceError("the test device is broken");
}

Binary HostDevice::compile(const Kernel& kernel) const {
    if (kernel.source.ends_with("compile_error")) {
        throw CompileError("the test compiler refuses",
                           "scale_add.cu(7): error: an error on purpose\n1 error detected");
    }
    ++compiled_;
    Binary binary;
    const auto* const text = reinterpret_cast<const std::byte*>(kernel.source.data());
    binary.bytes.assign(text, text + kernel.source.size());
    binary.compile_ms = 1;
    return binary;
}

std::shared_ptr<LoadedKernel> HostDevice::load(const Kernel& source, const Binary& binary) {
    check();
    const std::string text(reinterpret_cast<const char*>(binary.bytes.data()), binary.bytes.size());
    const auto first = text.find(' '), second = text.find(' ', first + 1);
    const Family& family = scale_add_family();
    auto kernel = std::make_shared<HostKernel>();
    kernel->dtype =
        static_cast<DType>(Values(family.traits()).parse("dtype", text.substr(0, first))["dtype"]);
    kernel->dim = std::stoll(text.substr(first + 1));
    kernel->fault = static_cast<Fault>(
        Values(family.algorithms()[0]->tunables()).parse("fault", text.substr(second + 1))["fault"]);
    kernel->prepares = source.entry == "scale_add_prepare";
    return kernel;
}

void HostDevice::launch(LoadedKernel& loaded, const LaunchPlan&, std::int64_t grid, const void* arguments,
                        std::size_t argument_bytes, Stream) {
    check();
    const auto& kernel = static_cast<const HostKernel&>(loaded);
    if (argument_bytes != sizeof(Block)) throw DeviceError("the argument block has another size");
    if (kernel.fault == Fault::breaks_device) broken_ = true;
    if (broken_ || kernel.fault == Fault::throws_launch) throw DeviceError("launch failure on purpose");
    Block block;
    std::memcpy(&block, arguments, sizeof block);
    for (std::int64_t number = 0; number < grid; ++number) HeadKernel(kernel, block, number).run();
    clock_ms += kernel.fault == Fault::unsteady && launches_++ % 2 ? 9 : 1;
}

void* HostDevice::allocate(std::size_t bytes) {
    check();
    ++allocations;
    constexpr std::size_t alignment = 256;
    return std::aligned_alloc(alignment, (bytes + alignment) / alignment * alignment);
}

void HostDevice::free(void* memory) noexcept {
    --allocations;
    std::free(memory);
}

void HostDevice::copy_in(void* device, const void* host, std::size_t bytes) {
    check();
    std::memcpy(device, host, bytes);
}

void HostDevice::copy_out(void* host, const void* device, std::size_t bytes) {
    check();
    std::memcpy(host, device, bytes);
}

std::vector<double> HostDevice::time(const std::function<void()>& work, int samples) {
    std::vector<double> milliseconds;
    for (int i = 0; i < samples; ++i) {
        const double start = clock_ms;
        work();
        milliseconds.push_back(clock_ms - start);
    }
    return milliseconds;
}

} // namespace chela::test
