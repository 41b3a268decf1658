// No thread can run: who waits where.

#include "runtime/emulator/executor.hpp"

#include <fmt/format.h>
#include <map>
#include <utility>

namespace chela::emulator {

std::string describe_threads(const std::vector<int>& threads) {
    std::string text = threads.size() == 1 ? "thread " : "threads ";
    for (std::size_t i = 0; i < threads.size();) {
        std::size_t last = i;
        while (last + 1 < threads.size() && threads[last + 1] == threads[last] + 1) ++last;
        if (i) text += ", ";
        text +=
            last == i ? fmt::format("{}", threads[i]) : fmt::format("{} to {}", threads[i], threads[last]);
        i = last + 1;
    }
    return text;
}

void Executor::report_deadlock() {
    const Thread* first = nullptr;
    std::string text = "a barrier that not all threads reach: no thread can run any more";
    for (const Block& block : blocks_) {
        std::map<std::pair<std::uint32_t, std::string>, std::vector<int>> groups;
        std::vector<int> left;
        for (const Thread& thread : block.threads) {
            if (thread.exited) {
                left.push_back(thread.index);
            } else {
                if (!first) first = &thread;
                groups[{thread.waiting.site, thread.waiting.name}].push_back(thread.index);
            }
        }
        const std::string of_block = blocks_.size() > 1 ? fmt::format("block {}, ", block.index) : "";
        for (const auto& [place, threads] : groups)
            text += fmt::format("\n    {}{}: waiting at {}, {}", of_block, describe_threads(threads),
                                place.second, launch_->describe(place.first));
        if (!left.empty())
            text += fmt::format("\n    {}{}: left the kernel", of_block, describe_threads(left));
    }
    fail(*first, first->waiting.site, text);
}

} // namespace chela::emulator
