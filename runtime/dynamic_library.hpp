#pragma once
// A shared library opened while the program runs, so that chela starts on machines that do not have it.

#include <memory>
#include <string>

namespace chela {

class DynamicLibrary {
  public:
    DynamicLibrary() = default;
    /// Empty (false) where the library cannot be opened; `error` then says why.
    static DynamicLibrary open(const std::string& path, std::string* error = nullptr);

    explicit operator bool() const { return handle_ != nullptr; }
    /// Where the loader found it, as an absolute path where it knows one.
    const std::string& path() const { return path_; }
    /// Null where the library has no such symbol.
    void* symbol(const char* name) const;
    /// Sets `function` to the symbol; false where there is none.
    template <class Function>
    bool bind(Function*& function, const char* name) const {
        function = reinterpret_cast<Function*>(symbol(name));
        return function != nullptr;
    }

  private:
    struct Close {
        void operator()(void*) const;
    };
    std::unique_ptr<void, Close> handle_;
    std::string path_;
};

} // namespace chela
