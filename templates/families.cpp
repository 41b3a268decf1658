#include "templates/families.hpp"

#include "codegen/error.hpp"
#include "templates/linear_attention/family.hpp"
#include "templates/linear_attention_decode/family.hpp"
#include "templates/long_conv/family.hpp"
#include "templates/short_conv/family.hpp"
#include "templates/short_long_conv/family.hpp"

#include <fmt/format.h>

namespace chela {

std::span<const Family* const> families() {
    static const Family* const all[] = {&linear_attention_family(), &linear_attention_decode_family(),
                                        &short_conv_family(), &long_conv_family(), &short_long_conv_family()};
    return all;
}

const Family& family(std::string_view name) {
    std::string known;
    for (const auto* candidate : families()) {
        if (candidate->name() == name) return *candidate;
        known += fmt::format("{}{}", known.empty() ? "" : ", ", candidate->name());
    }
    throw UserError(fmt::format("family is '{}'; it must be one of {}", name, known));
}

} // namespace chela
