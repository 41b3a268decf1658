#pragma once
// Kernels of the tests on the emulator: a .cu file of its own, with the prelude, run on vectors.

#include "codegen/render.hpp"
#include "runtime/emulator/emulator_device.hpp"
#include "templates/embedded_files.hpp"

#include <cstring>
#include <doctest/doctest.h>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace chela::testing {

/// The text of a kernel as codegen would emit it: includes of prelude/cuda resolved to the emulator's twins.
inline std::string emulated_source(const std::string& name, const std::string& text) {
    TemplateFiles files = embedded_files();
    files[name] = text;
    return render(
        files, {name}, [](std::string_view) { return std::string(); },
        [](std::string path) {
            return path.find("prelude/cuda/") == 0 ? "prelude/emulator" + path.substr(12) : path;
        });
}

inline std::string read_file(const std::string& path) {
    std::ifstream file(path);
    REQUIRE_MESSAGE(file.good(), "cannot read ", path);
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
}

/// A vector in the emulator's memory.
template <class T>
class DeviceVector {
  public:
    DeviceVector(Device& device, const std::vector<T>& values) : device_(device), size_(values.size()) {
        data_ = static_cast<T*>(device.allocate(size_ * sizeof(T)));
        device.copy_in(data_, values.data(), size_ * sizeof(T));
    }
    DeviceVector(Device& device, std::size_t size) : device_(device), size_(size) {
        data_ = static_cast<T*>(device.allocate(size_ * sizeof(T)));
    }
    ~DeviceVector() { device_.free(data_); }
    DeviceVector(const DeviceVector&) = delete;
    DeviceVector& operator=(const DeviceVector&) = delete;
    T* data() const { return data_; }
    std::vector<T> values() const {
        std::vector<T> host(size_);
        device_.copy_out(host.data(), data_, size_ * sizeof(T));
        return host;
    }

  private:
    Device& device_;
    std::size_t size_;
    T* data_;
};

/// Compiles the text and runs it with this argument block.
template <class Block>
void run_emulated(EmulatorDevice& device, const std::string& entry, const std::string& file,
                  const std::string& text, const LaunchPlan& plan, std::int64_t grid, const Block& block) {
    const Kernel kernel{entry, emulated_source(file, text), plan};
    const auto loaded = device.load(kernel, device.compile(kernel));
    device.launch(*loaded, plan, grid, &block, sizeof block, nullptr);
}

} // namespace chela::testing
