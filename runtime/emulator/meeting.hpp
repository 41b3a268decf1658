#pragma once
// Where the lanes of a warp meet at one instruction.

#include "runtime/emulator/executor.hpp"

#include <bit>
#include <fmt/format.h>

namespace chela::emulator {

/// Every lane calls it with its operands; the last to arrive performs the instruction for all, with
/// `warp.operands[lane]` of each. `instruction` is a string literal that stands for its kind.
template <class Perform>
void meet(Executor& executor, Thread& self, const char* instruction, void* operands, std::uint32_t site,
          Perform&& perform) {
    Warp& warp = *self.warp;
    if (warp.exited)
        executor.fail(self, site,
                      fmt::format("{} in a warp of which lane {} has left the kernel", instruction,
                                  std::countr_zero(warp.exited)));
    if (warp.arrived && (warp.instruction != instruction || warp.site != site))
        executor.fail(self, site,
                      fmt::format("the lanes of a warp disagree: {} here, but lane {} waits at {}, {}",
                                  instruction, std::countr_zero(warp.arrived), warp.instruction,
                                  executor.launch().describe(warp.site)));
    warp.instruction = instruction;
    warp.site = site;
    warp.operands[static_cast<std::size_t>(self.lane)] = operands;
    warp.arrived |= self.bit();
    if (warp.arrived != warp.present()) return executor.wait(self, instruction, site);
    warp.arrived = 0;
    perform(warp);
    executor.wake(warp, warp.present() & ~self.bit());
}

} // namespace chela::emulator
