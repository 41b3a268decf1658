// chela declares itself what it uses of the driver API. Where cuda.h is at hand, compiling this file
// compares. It is a file of its own because the header's macros rename the functions.

#include "runtime/cuda_driver.hpp"
#include "runtime/device.hpp"

#include <cstddef>

#if __has_include(<cuda.h>)
#include <cuda.h>
#if defined(CUDA_VERSION) && CUDA_VERSION >= 12000
static_assert(CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT == 16 && CU_DEVICE_ATTRIBUTE_L2_CACHE_SIZE == 38);
static_assert(CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR == 75 &&
              CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR == 76);
static_assert(CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN == 97);
static_assert(CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK == 0 && CU_FUNC_ATTRIBUTE_SHARED_SIZE_BYTES == 1);
static_assert(CU_FUNC_ATTRIBUTE_LOCAL_SIZE_BYTES == 3 && CU_FUNC_ATTRIBUTE_NUM_REGS == 4);
static_assert(CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES == 8);
static_assert(CU_FUNC_ATTRIBUTE_NON_PORTABLE_CLUSTER_SIZE_ALLOWED == 14);
static_assert(CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION == chela::cuda::LaunchAttribute::cluster_dimension);
static_assert(CU_LAUNCH_ATTRIBUTE_PROGRAMMATIC_STREAM_SERIALIZATION ==
              chela::cuda::LaunchAttribute::programmatic_stream_serialization);
static_assert(sizeof(CUlaunchAttribute) == sizeof(chela::cuda::LaunchAttribute));
static_assert(offsetof(CUlaunchAttribute, value) == offsetof(chela::cuda::LaunchAttribute, value));
static_assert(sizeof(CUlaunchConfig) == sizeof(chela::cuda::LaunchConfig));
static_assert(offsetof(CUlaunchConfig, hStream) == offsetof(chela::cuda::LaunchConfig, stream));
static_assert(offsetof(CUlaunchConfig, numAttrs) == offsetof(chela::cuda::LaunchConfig, attribute_count));
static_assert(sizeof(CUtensorMap) == sizeof(chela::TensorMap) &&
              alignof(CUtensorMap) == alignof(chela::TensorMap));
static_assert(CU_TENSOR_MAP_DATA_TYPE_UINT16 == static_cast<int>(chela::cuda::TensorMapType::bits16) &&
              CU_TENSOR_MAP_DATA_TYPE_UINT32 == static_cast<int>(chela::cuda::TensorMapType::bits32));
static_assert(CU_TENSOR_MAP_INTERLEAVE_NONE == chela::cuda::no_interleave &&
              CU_TENSOR_MAP_SWIZZLE_128B == chela::cuda::swizzle_128_bytes &&
              CU_TENSOR_MAP_L2_PROMOTION_L2_256B == chela::cuda::promote_to_256_bytes &&
              CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE == chela::cuda::fill_zeros);
static_assert(sizeof(CUdeviceptr) == sizeof(chela::cuda::DevicePointer) && sizeof(CUdevice) == sizeof(int));
#endif
#endif
