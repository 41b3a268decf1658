// Every command of the program.

#include "cli/command.hpp"

namespace chela::cli {

std::span<const Command> commands() {
    static constexpr Command all[] = {
        {"tune", "find the fastest configuration for a problem and remember it", true, false, declare_tune},
        {"run", "compute on NumPy files with the best configuration that is known", true, false, declare_run},
        {"verify", "compare a real run with the float64 definition", true, false, declare_verify},
        {"bench", "time the best configuration that is known", true, false, declare_bench},
        {"inspect", "show generated source, machine code or resources; needs no device", true, false,
         declare_inspect},
        {"devices", "list targets and compilers found on this machine", false, false, declare_devices},
        {"list", "list families with their traits, tensors and tunables", false, false, declare_list},
        {"cache", "look after compiled binaries and tuned records", false, false, declare_cache},
        {"worker", "measure candidates for another process", false, true, declare_worker},
    };
    return all;
}

} // namespace chela::cli
