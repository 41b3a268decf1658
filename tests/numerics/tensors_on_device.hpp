#pragma once
// What tests need that launch an Op several times: tensors that they keep on the device themselves.

#include "runtime/host_tensors.hpp"

#include <chela/chela.hpp>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <span>
#include <string>
#include <vector>

namespace chela::tests {

inline std::size_t count(std::span<const std::int64_t> shape) {
    return std::accumulate(
        shape.begin(), shape.end(), std::size_t{1},
        [](std::size_t product, std::int64_t dim) { return product * static_cast<std::size_t>(dim); });
}

/// rms(got - expected) / rms(expected).
inline double difference(std::span<const double> got, std::span<const double> expected) {
    double error = 0, square = 0;
    for (std::size_t i = 0; i < expected.size(); ++i) {
        error += (got[i] - expected[i]) * (got[i] - expected[i]);
        square += expected[i] * expected[i];
    }
    return std::sqrt(error / square);
}

/// Tensors on a device for as long as a test runs.
class TensorsOnDevice {
  public:
    explicit TensorsOnDevice(Device& device) : device_(device) {}
    ~TensorsOnDevice() {
        for (const auto& [name, block] : blocks_) device_.free(block);
    }
    TensorsOnDevice(const TensorsOnDevice&) = delete;

    void put(const std::string& name, std::span<const double> values, DType dtype) {
        std::vector<std::byte> bytes(values.size() * static_cast<std::size_t>(size_of(dtype)));
        encode(values, dtype, bytes.data());
        blocks_[name] = static_cast<std::byte*>(device_.allocate(std::max<std::size_t>(1, bytes.size())));
        device_.copy_in(blocks_[name], bytes.data(), bytes.size());
    }
    std::vector<double> get(const std::string& name, std::size_t elements, DType dtype) const {
        std::vector<std::byte> bytes(elements * static_cast<std::size_t>(size_of(dtype)));
        device_.copy_out(bytes.data(), blocks_.at(name), bytes.size());
        std::vector<double> values(elements);
        decode(bytes.data(), dtype, values);
        return values;
    }
    std::byte* at(const std::string& name) const { return blocks_.at(name); }
    /// For as long as the tensors; another one takes the place of one before.
    void lend_workspace(const Op& op, Arguments& arguments) {
        const std::size_t bytes = op.workspace_bytes(arguments);
        std::byte*& block = blocks_["workspace"];
        if (block) device_.free(block);
        block = static_cast<std::byte*>(device_.allocate(std::max<std::size_t>(1, bytes)));
        arguments.workspace(block, bytes);
    }

  private:
    Device& device_;
    std::map<std::string, std::byte*> blocks_;
};

} // namespace chela::tests
