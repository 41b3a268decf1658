#pragma once
// views.cuh for the CPU.

#include "prelude/cpu/elements.h"

#define CHELA_DEVICE CHELA_INLINE
#include "short_long_conv/views.cuh"
