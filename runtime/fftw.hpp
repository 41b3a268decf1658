#pragma once
// FFTW 3 in single precision, opened with dlopen where a kernel calls it: what templates/prelude/cpu/fftw.h
// declares.

#include <map>
#include <string>

namespace chela {

/// The functions that kernels for the CPU call, for JitModule. Throws DeviceError where `source` calls FFTW
/// and the library is not installed.
std::map<std::string, void*> fftw_symbols(const std::string& source);

} // namespace chela
