#pragma once
// The kernel bodies, preludes and tuned tables of this folder, embedded into the library when it is built.

#include "codegen/render.hpp"

namespace chela {

const TemplateFiles& embedded_files();

} // namespace chela
