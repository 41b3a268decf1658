#pragma once
// sequence.cuh for the CPU.

#include "prelude/cpu/elements.h"

#define CHELA_DEVICE CHELA_INLINE
#include "short_conv/sequence.cuh"
