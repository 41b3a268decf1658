#pragma once
// The kernel bodies and preludes of this folder, embedded into the library when it is built.

#include "codegen/render.hpp"

namespace chela {

const TemplateFiles& embedded_files();

} // namespace chela
