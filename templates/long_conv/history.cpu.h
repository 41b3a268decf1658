#pragma once
// history.cuh for the CPU.

#include "prelude/cpu/elements.h"

#define CHELA_DEVICE CHELA_INLINE
#include "long_conv/history.cuh"
