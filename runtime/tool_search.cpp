#include "runtime/tool_search.hpp"

#include <algorithm>
#include <filesystem>
#include <unistd.h>

namespace chela {

namespace fs = std::filesystem;

namespace {

std::vector<fs::path> split_path(std::string_view path) {
    std::vector<fs::path> folders;
    while (!path.empty()) {
        const std::size_t end = std::min(path.find(':'), path.size());
        if (end > 0) folders.emplace_back(path.substr(0, end));
        path.remove_prefix(std::min(end + 1, path.size()));
    }
    return folders;
}

// Folders inside `folder` whose name begins with `prefix`, the greatest name first: newest version first.
std::vector<fs::path> subfolders(const fs::path& folder, std::string_view prefix = "") {
    std::vector<fs::path> found;
    std::error_code error;
    for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
        if (entry->path().filename().string().starts_with(prefix)) found.push_back(entry->path());
    }
    std::sort(found.rbegin(), found.rend());
    return found;
}

// PREFIX/lib/python3.11/site-packages/nvidia/cu13: what NVIDIA's wheels install.
std::vector<fs::path> wheel_folders(const ToolSearch& search) {
    std::vector<fs::path> prefixes;
    if (!search.virtual_env.empty()) prefixes.emplace_back(search.virtual_env);
    // A Python that is on PATH has its packages beside its bin folder.
    for (const fs::path& folder : split_path(search.path)) {
        if (folder.filename() == "bin") prefixes.push_back(folder.parent_path());
    }
    if (!search.home.empty()) prefixes.push_back(fs::path(search.home) / ".local");
    prefixes.insert(prefixes.end(), {"/usr/local", "/usr"});

    std::vector<fs::path> folders;
    for (const fs::path& prefix : prefixes) {
        for (const fs::path& python : subfolders(prefix / "lib", "python3")) {
            for (const char* packages : {"site-packages", "dist-packages"}) {
                const auto wheels = subfolders(python / packages / "nvidia");
                folders.insert(folders.end(), wheels.begin(), wheels.end());
            }
        }
    }
    return folders;
}

std::vector<fs::path> cuda_folders(const ToolSearch& search) {
    std::vector<fs::path> folders;
    if (!search.cuda_home.empty()) folders.emplace_back(search.cuda_home);
    folders.emplace_back("/usr/local/cuda");
    return folders;
}

} // namespace

std::vector<std::string> library_candidates(const ToolSearch& search, const std::vector<std::string>& names) {
    std::vector<fs::path> folders;
#ifdef CHELA_NVRTC_DIR
    folders.emplace_back(CHELA_NVRTC_DIR);
#endif
    for (const fs::path& cuda : cuda_folders(search))
        folders.insert(folders.end(), {cuda / "lib64", cuda / "lib"});
    for (const fs::path& wheel : wheel_folders(search)) folders.push_back(wheel / "lib");
    std::error_code error;
    const fs::path program = fs::read_symlink("/proc/self/exe", error);
    if (!error) folders.push_back(program.parent_path());

    std::vector<std::string> candidates;
    for (const fs::path& folder : folders) {
        for (const std::string& name : names) {
            if (fs::exists(folder / name, error)) candidates.push_back((folder / name).string());
        }
    }
    candidates.insert(candidates.end(), names.begin(), names.end());
    return candidates;
}

std::string find_program(const ToolSearch& search, std::string_view name) {
    std::vector<fs::path> folders = split_path(search.path);
    for (const fs::path& cuda : cuda_folders(search)) folders.push_back(cuda / "bin");
    for (const fs::path& wheel : wheel_folders(search)) folders.push_back(wheel / "bin");
    for (const fs::path& folder : folders) {
        const fs::path program = folder / name;
        std::error_code error;
        if (fs::is_regular_file(program, error) && access(program.c_str(), X_OK) == 0)
            return program.string();
    }
    return {};
}

} // namespace chela
