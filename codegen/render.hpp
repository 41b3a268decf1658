#pragma once
// Turns a template file into the text of one configuration: directives are resolved, includes are inlined.

#include <functional>
#include <initializer_list>
#include <map>
#include <string>
#include <string_view>

namespace chela {

/// Template files by their path under templates/, e.g. "prelude/cuda/mma.cuh".
using TemplateFiles = std::map<std::string, std::string_view, std::less<>>;

/// Looks up the text of a name used in a directive ("causal" -> "true", "dtype" -> "bf16"); throws UserError
/// if unknown.
using Lookup = std::function<std::string(std::string_view)>;

/// Resolves whole-line directives
///     //@if NAME | //@if !NAME | //@if NAME == TEXT | //@if NAME != TEXT
///     //@elif … | //@else | //@end
/// and inlines `#include "prelude/…"` (each file once, in order of first use), with #line before each change
/// of file. `#pragma once` is dropped. Throws std::logic_error with file and line on a malformed template.
/// Empty paths are left out. `redirect` maps the path of an include to the file that is read for it (another
/// target's prelude).
std::string render(const TemplateFiles& files, std::initializer_list<std::string> paths, const Lookup& lookup,
                   const std::function<std::string(std::string)>& redirect = {});

} // namespace chela
