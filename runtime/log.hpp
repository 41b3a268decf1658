#pragma once
// What chela has to say while it works, beside errors, which are thrown.

#include <string_view>

namespace chela {

/// Through the spdlog logger named "chela". A host application that registers one of that name decides where
/// warnings go; otherwise they go to standard error.
void log_warning(std::string_view message);

} // namespace chela
