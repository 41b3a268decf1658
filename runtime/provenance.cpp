#include "runtime/provenance.hpp"

#include "tuner/record.hpp"

#include <fmt/format.h>
#include <fstream>
#include <sstream>

namespace chela {

extern const char* const build_commit;

namespace {

std::string compiler() {
#ifdef __clang__
    return fmt::format("clang++ {}.{}.{}", __clang_major__, __clang_minor__, __clang_patchlevel__);
#else
    return fmt::format("g++ {}.{}.{}", __GNUC__, __GNUC_MINOR__, __GNUC_PATCHLEVEL__);
#endif
}

/// "NVRM version: NVIDIA UNIX x86_64 Kernel Module  580.95.05  Tue …": the first word that is a number.
std::string nvidia_driver() {
    std::ifstream file("/proc/driver/nvidia/version");
    std::string line;
    std::getline(file, line);
    std::istringstream words(line);
    for (std::string word; words >> word;) {
        if (word.find('.') != std::string::npos && word.find_first_not_of("0123456789.") == std::string::npos)
            return word;
    }
    return {};
}

} // namespace

Json provenance() {
    Json json{{"commit", build_commit}, {"compiler", compiler()}};
    if (const std::string driver = nvidia_driver(); !driver.empty()) json["driver"] = driver;
    json["measured"] = utc_now();
    return json;
}

Json provenance(const Device& device) {
    Json json = provenance();
    json["device"] = device.name();
    json["toolchain"] = device.toolchain();
    return json;
}

} // namespace chela
