// How a GPU is timed: events around the work on the device's own clock, caches cold, the queue never empty.

#include "runtime/cuda_device.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace chela {
namespace {

class TimedEvent {
  public:
    explicit TimedEvent(const CudaDriver& driver) : driver_(driver) { driver.cuEventCreate(&event_, 0); }
    ~TimedEvent() {
        if (event_) driver_.cuEventDestroy.result(event_);
    }
    TimedEvent(TimedEvent&& other) noexcept
        : driver_(other.driver_), event_(std::exchange(other.event_, nullptr)) {}

    void record(cuda::StreamHandle stream = nullptr) { driver_.cuEventRecord(event_, stream); }
    double milliseconds_since(const TimedEvent& start) const {
        float elapsed = 0;
        driver_.cuEventElapsedTime(&elapsed, start.event_, event_);
        return static_cast<double>(elapsed);
    }

  private:
    const CudaDriver& driver_;
    cuda::Event event_ = nullptr;
};

class DeviceBuffer {
  public:
    DeviceBuffer(Device& device, std::size_t bytes)
        : device_(device), data_(device.allocate(bytes)), bytes_(bytes) {}
    ~DeviceBuffer() { device_.free(data_); }
    DeviceBuffer(const DeviceBuffer&) = delete;
    void* data() const { return data_; }
    std::size_t bytes() const { return bytes_; }
    void fill(std::byte value) { device_.fill(data_, value, bytes_); }

  private:
    Device& device_;
    void* data_;
    std::size_t bytes_;
};

/// What one stream captures of some launches, to be launched as a whole.
class CapturedGraph {
  public:
    CapturedGraph(const CudaDriver& driver, const std::vector<std::function<void(Stream)>>& works)
        : driver_(driver) {
        constexpr unsigned beside_default_stream = 1; // CU_STREAM_NON_BLOCKING
        constexpr int thread_local_mode = 1;          // CU_STREAM_CAPTURE_MODE_THREAD_LOCAL
        driver.cuStreamCreate(&stream_, beside_default_stream);
        try {
            driver.cuStreamBeginCapture(stream_, thread_local_mode);
            for (const auto& work : works) work(stream_);
            driver.cuStreamEndCapture(stream_, &graph_);
            driver.cuGraphInstantiate(&executable_, graph_, 0);
        } catch (...) {
            release();
            throw;
        }
    }
    ~CapturedGraph() { release(); }
    CapturedGraph(const CapturedGraph&) = delete;

    void launch() { driver_.cuGraphLaunch(executable_, stream_); }
    void synchronize() { driver_.cuStreamSynchronize(stream_); }
    cuda::StreamHandle stream() const { return stream_; }

  private:
    void release() noexcept {
        if (executable_) driver_.cuGraphExecDestroy.result(executable_);
        if (graph_) driver_.cuGraphDestroy.result(graph_);
        driver_.cuStreamDestroy.result(stream_);
    }
    const CudaDriver& driver_;
    cuda::StreamHandle stream_ = nullptr;
    cuda::Graph graph_ = nullptr;
    cuda::GraphExecutable executable_ = nullptr;
};

/// Runs the work until the clocks have risen from idle and the code is in the instruction cache.
void warm_up(Device& device, const std::function<void()>& work) {
    using clock = std::chrono::steady_clock;
    constexpr auto least_time = std::chrono::milliseconds(20);
    constexpr int least_runs = 2, most_runs = 200;
    const auto start = clock::now();
    for (int run = 0; run < least_runs || (run < most_runs && clock::now() - start < least_time); ++run) {
        work();
        device.synchronize();
    }
}

/// Times each run with `between` queued before it, and a head start of several of them before the first, so
/// that the device is always behind the host: an interval then holds no launch overhead.
std::vector<double> time_runs(Device& device, const CudaDriver& driver, const std::function<void()>& between,
                              const std::function<void()>& work, int samples) {
    constexpr int head_start = 4;
    std::vector<TimedEvent> starts, stops;
    for (int i = 0; i < samples; ++i) {
        starts.emplace_back(driver);
        stops.emplace_back(driver);
    }
    for (int i = 0; i < head_start; ++i) between();
    for (int i = 0; i < samples; ++i) {
        between();
        starts[i].record();
        work();
        stops[i].record();
    }
    device.synchronize();
    std::vector<double> milliseconds;
    milliseconds.reserve(static_cast<std::size_t>(samples));
    for (int i = 0; i < samples; ++i) milliseconds.push_back(stops[i].milliseconds_since(starts[i]));
    return milliseconds;
}

} // namespace

std::vector<double> CudaDevice::time(const std::function<void()>& work, int samples) {
    constexpr std::size_t least_flush = 32 << 20; // long enough to queue a sample's launches behind it
    const CudaContext::Scope scope(*context_);
    warm_up(*this, work);
    DeviceBuffer flush(*this, std::max(2 * l2_bytes_, least_flush));
    return time_runs(*this, driver(), [&] { flush.fill(std::byte{0}); }, work, samples);
}

std::vector<double> CudaDevice::time_graph(const std::vector<std::function<void(Stream)>>& works,
                                           int samples) {
    const CudaContext::Scope scope(*context_);
    CapturedGraph graph(driver(), works);
    warm_up(*this, [&] {
        graph.launch();
        graph.synchronize();
    });
    std::vector<double> milliseconds;
    for (int sample = 0; sample < samples; ++sample) {
        TimedEvent start(driver()), stop(driver());
        graph.launch(); // a head start: the timed one is queued behind it
        start.record(graph.stream());
        graph.launch();
        stop.record(graph.stream());
        graph.synchronize();
        milliseconds.push_back(stop.milliseconds_since(start) / static_cast<double>(works.size()));
    }
    return milliseconds;
}

double CudaDevice::copy_bandwidth() {
    constexpr std::size_t largest = std::size_t{1} << 30;
    constexpr int samples = 21;
    const CudaContext::Scope scope(*context_);
    std::size_t available = 0, total = 0;
    driver().cuMemGetInfo(&available, &total);
    DeviceBuffer from(*this, std::min(largest, available / 4));
    DeviceBuffer to(*this, from.bytes());
    from.fill(std::byte{1});
    const auto copy = [&] {
        driver().cuMemcpyDtoDAsync(reinterpret_cast<cuda::DevicePointer>(to.data()),
                                   reinterpret_cast<cuda::DevicePointer>(from.data()), from.bytes(), nullptr);
    };
    warm_up(*this, copy);
    std::vector<double> milliseconds = time_runs(*this, driver(), [] {}, copy, samples);
    std::nth_element(milliseconds.begin(), milliseconds.begin() + samples / 2, milliseconds.end());
    return 2.0 * static_cast<double>(from.bytes()) / (milliseconds[samples / 2] * 1e-3);
}

} // namespace chela
