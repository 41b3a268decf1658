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
    }
    return "unknown";
}

std::int64_t size_of(DType dtype) { return dtype == DType::fp32 ? 4 : 2; }

} // namespace chela
