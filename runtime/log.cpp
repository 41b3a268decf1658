#include "runtime/log.hpp"

#include <mutex>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

namespace chela {

void log_warning(std::string_view message) {
    static std::mutex registering;
    std::shared_ptr<spdlog::logger> logger;
    {
        const std::lock_guard lock(registering);
        logger = spdlog::get("chela");
        if (!logger) logger = spdlog::stderr_color_mt("chela");
    }
    logger->warn("{}", message);
}

} // namespace chela
