#include "runtime/dynamic_library.hpp"

#include <dlfcn.h>
#include <link.h>

namespace chela {

void DynamicLibrary::Close::operator()(void* handle) const { dlclose(handle); }

DynamicLibrary DynamicLibrary::open(const std::string& path, std::string* error) {
    DynamicLibrary library;
    // NVIDIA's libraries keep threads and exit handlers: their code must stay even after the last dlclose.
    library.handle_.reset(dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE));
    if (!library.handle_) {
        if (error) *error = dlerror();
        return library;
    }
    library.path_ = path;
    link_map* map = nullptr;
    if (dlinfo(library.handle_.get(), RTLD_DI_LINKMAP, static_cast<void*>(&map)) == 0 && map->l_name &&
        *map->l_name) {
        library.path_ = map->l_name;
    }
    return library;
}

void* DynamicLibrary::symbol(const char* name) const {
    return handle_ ? dlsym(handle_.get(), name) : nullptr;
}

} // namespace chela
