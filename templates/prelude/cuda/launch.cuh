#pragma once
// Launches that overlap: a kernel may begin while the one before it in the same program still runs
// (LaunchPlan::overlaps). Compute capability 9.0 and up.

#include "prelude/cuda/types.cuh"

#if __CUDA_ARCH__ >= 900
namespace chela {

/// From here on the next kernel's blocks may begin, once all blocks of this one have come here.
CHELA_DEVICE void launch_next() { asm volatile("griddepcontrol.launch_dependents;" ::: "memory"); }
/// Waits until the kernel before is done and what it wrote is visible.
CHELA_DEVICE void launch_wait() { asm volatile("griddepcontrol.wait;" ::: "memory"); }

} // namespace chela
#endif
