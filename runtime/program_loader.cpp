#include "runtime/program_loader.hpp"

#include "runtime/tensor_maps.hpp"

namespace chela {

void launch(Device& device, const Program& program, const LoadedProgram& loaded, const Arguments& arguments,
            Phase phase, Stream stream) {
    for (std::size_t i = 0; i < program.kernels.size(); ++i) {
        if (phase != Phase::both && program.kernels[i].prepares != (phase == Phase::prepare)) continue;
        const Kernel& kernel = program.kernels[i];
        const std::int64_t grid = kernel.launch.grid.evaluate(arguments.problem().extents);
        if (grid == 0) continue;
        const auto start = [&](const void* block, std::size_t bytes) {
            device.launch(*loaded.kernels[i], kernel.launch, grid, block, bytes, stream);
        };
        if (kernel.boxes.empty()) {
            start(arguments.block(), arguments.block_bytes());
        } else {
            const MappedArguments mapped(device, kernel.boxes, arguments);
            start(mapped.block(), mapped.bytes());
        }
    }
}

Binary ProgramLoader::find_or_compile(const Kernel& kernel) {
    const std::string key = binary_key(device_, kernel);
    if (auto found = cache_.find(key)) {
        ++cache_hits_;
        return *std::move(found);
    }
    Binary binary = device_.compile(kernel);
    ++compiled_;
    binary.key = key;
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
