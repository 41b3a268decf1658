#pragma once
// views.cuh for GPUs.

#include "prelude/cuda/types.cuh"

#include "short_long_conv/views.cuh"
