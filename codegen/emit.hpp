#pragma once
// Assembles the self-contained translation unit of one kernel.

#include "codegen/family.hpp"
#include "codegen/render.hpp"

#include <functional>
#include <map>

namespace chela {

/// What emit() needs beside the template files.
struct EmitRequest {
    const Family* family = nullptr;
    Target target;
    Values traits;
    const Algorithm* algorithm = nullptr;
    Values config;
    std::string body;      ///< template path: "linear_attention/forward_mma.cuh"
    std::string function;  ///< function template of the body to instantiate: "linear_attention_forward"
    int block = 1;         ///< threads per block, for __launch_bounds__
    int blocks_per_sm = 0; ///< second __launch_bounds__ argument; 0 leaves it out
    /// Constants of the body beyond traits and tunables.
    struct Constant {
        std::string type; ///< "int" or "bool"
        std::string name;
        std::string value; ///< as C++ text
    };
    std::vector<Constant> derived;
    /// Template files that are included in place of others: what a body leaves to the family that it serves.
    std::map<std::string, std::string> replaced{};
    /// Where a body serves another family than its own: a file, and its function template that makes of the
    /// arguments those of the body, VIEW<Config>(arguments).
    std::string view_file{}, view{};
    /// Of which the comment speaks, where the kernel is a part of it with a configuration of its own.
    const Config* part_of = nullptr;
    bool prepared = false;          ///< `struct Arguments` has `void* prepared`
    std::vector<TensorBox> boxes{}; ///< of each, `struct Arguments` has a tensor map
};

/// What a family that is made of another's algorithm changes in the requests for its kernels.
using AdaptRequest = std::function<void(EmitRequest&)>;

/// Provenance comment, `struct Config` (traits, tunables, derived constants), `struct Arguments`, prelude,
/// body and one extern "C" entry named `request.function`, which calls `FUNCTION_body<Config>`. Same request,
/// same bytes. Directives of the body may name every trait, tunable and derived constant, `backend` and
/// `arch`.
///
/// The argument block, the only parameter of every kernel, is laid out by C rules from the family's
/// declaration: for each tensor that the traits have, in order, `T* NAME` and `long long NAME_stride[rank -
/// 1]` (elements; the last dimension has unit stride; optional tensors may be null); then each extent as
/// `int`; then each scalar that the traits have as `float`; then `void* workspace`; then `void* prepared`,
/// which is declared where the request asks for it; then, for each box of the request, `TENSOR_map`: the 128
/// bytes of a tensor map, aligned to 128, with the tensor's dimensions from the last to the first.
/// codegen/arguments.hpp packs the same block on the host, runtime/tensor_maps.hpp adds the maps.
std::string emit(const TemplateFiles& files, const EmitRequest& request);

} // namespace chela
