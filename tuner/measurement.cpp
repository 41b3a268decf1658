#include "tuner/measurement.hpp"

#include "codegen/error.hpp"

#include <array>

namespace chela {
namespace {

constexpr std::array<std::string_view, 7> statuses = {"ok",   "wrong",    "compile_error", "launch_error",
                                                      "hung", "unstable", "crashed"};
constexpr std::array<std::string_view, 2> efforts = {"quick", "thorough"};

template <class Enum, std::size_t count>
Enum from_text(std::string_view text, const std::array<std::string_view, count>& names,
               std::string_view what) {
    std::string allowed;
    for (std::size_t i = 0; i < count; ++i) {
        if (names[i] == text) return static_cast<Enum>(i);
        allowed.append(i == 0 ? "" : ", ").append(names[i]);
    }
    throw UserError(std::string(what) + " '" + std::string(text) + "' is not one of " + allowed);
}

} // namespace

std::string_view to_string(Status status) { return statuses.at(static_cast<std::size_t>(status)); }
Status status_from(std::string_view text) { return from_text<Status>(text, statuses, "status"); }

std::string_view to_string(Effort effort) { return efforts.at(static_cast<std::size_t>(effort)); }
Effort effort_from(std::string_view text) { return from_text<Effort>(text, efforts, "effort"); }

} // namespace chela
