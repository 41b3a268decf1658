#include "runtime/program_loader.hpp"

#include "runtime/digest.hpp"

namespace chela {

void launch(Device& device, const Program& program, const LoadedProgram& loaded, const Arguments& arguments,
            Stream stream) {
    for (std::size_t i = 0; i < program.kernels.size(); ++i) {
        const LaunchPlan& plan = program.kernels[i].launch;
        const std::int64_t grid = plan.grid.evaluate(arguments.problem().extents);
        if (grid == 0) continue;
        device.launch(*loaded.kernels[i], plan, grid, arguments.block(), arguments.block_bytes(), stream);
    }
}

std::string ProgramLoader::key(const Kernel& kernel) const {
    return Digest()
        .add(device_.target().to_string())
        .add(device_.toolchain())
        .add(kernel.entry)
        .add(kernel.source)
        .hex();
}

Binary ProgramLoader::find_or_compile(const Kernel& kernel) {
    const std::string name = key(kernel);
    if (auto found = cache_.find(name)) {
        ++cache_hits_;
        return *std::move(found);
    }
    Binary binary = device_.compile(kernel);
    ++compiled_;
    binary.key = name;
    cache_.store(binary);
    return binary;
}

double ProgramLoader::compile(const Program& program) {
    double milliseconds = 0;
    for (const Kernel& kernel : program.kernels) milliseconds += find_or_compile(kernel).compile_ms;
    return milliseconds;
}

LoadedProgram ProgramLoader::load(const Program& program) {
    LoadedProgram loaded;
    for (const Kernel& kernel : program.kernels) {
        const Binary binary = find_or_compile(kernel);
        loaded.kernels.push_back(device_.load(kernel, binary));
        loaded.compile_ms += binary.compile_ms;
    }
    return loaded;
}

} // namespace chela
