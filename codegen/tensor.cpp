#include "codegen/tensor.hpp"

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

std::int64_t size_of(DType dtype) { return dtype == DType::bf16 || dtype == DType::fp16 ? 2 : 4; }

} // namespace chela
