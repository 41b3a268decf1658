#include "codegen/tensor.hpp"

#include "codegen/error.hpp"

#include <charconv>
#include <fmt/format.h>

namespace chela {

std::string_view to_string(DType dtype) {
    switch (dtype) {
    case DType::bf16:
        return "bf16";
    case DType::fp16:
        return "fp16";
    case DType::fp32:
        return "fp32";
    case DType::int32:
        return "int32";
    }
    return "unknown";
}

DType dtype_named(std::string_view name) {
    for (const DType dtype : {DType::bf16, DType::fp16, DType::fp32, DType::int32})
        if (to_string(dtype) == name) return dtype;
    throw UserError(fmt::format("dtype is '{}'; it must be bf16, fp16, fp32 or int32", name));
}

Dimension Dimension::parse(std::string_view text) {
    const auto number = [](std::string_view digits) {
        std::int64_t value = 0;
        std::from_chars(digits.data(), digits.data() + digits.size(), value);
        return value;
    };
    for (const std::string_view sign : {" + ", " - "}) {
        const auto at = text.find(sign);
        if (at == std::string_view::npos) continue;
        const std::int64_t added = number(text.substr(at + sign.size()));
        return {text.substr(0, at), sign == " + " ? added : -added};
    }
    if (text.find_first_not_of("0123456789") == std::string_view::npos) return {{}, number(text)};
    return {text, 0};
}

DType TensorSpec::dtype(const Values& traits) const {
    if (index) return DType::int32;
    if (!state) return dtype_named(traits.text("dtype"));
    return dtype_trait.empty() ? DType::fp32 : dtype_named(traits.text(dtype_trait));
}

std::int64_t size_of(DType dtype) { return dtype == DType::bf16 || dtype == DType::fp16 ? 2 : 4; }

} // namespace chela
