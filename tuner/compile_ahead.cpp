#include "tuner/compile_ahead.hpp"

#include <algorithm>

namespace chela {

CompileAhead::CompileAhead(Runner& runner, const Problem& problem, int threads)
    : runner_(runner), problem_(problem) {
    for (int i = 0; i < std::max(1, threads); ++i) threads_.emplace_back([this] { work(); });
}

CompileAhead::~CompileAhead() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
        tasks_.clear();
    }
    changed_.notify_all();
}

void CompileAhead::submit(const Config& config) {
    std::packaged_task<Measurement()> task([this, config] { return runner_.compile(problem_, config); });
    submitted_.emplace_back(config, task.get_future());
    {
        const std::lock_guard lock(mutex_);
        tasks_.push_back(std::move(task));
    }
    changed_.notify_one();
}

void CompileAhead::wait_all() const {
    for (const auto& [config, compiled] : submitted_) compiled.wait();
}

std::pair<Config, Measurement> CompileAhead::pop() {
    auto [config, compiled] = std::move(submitted_.front());
    submitted_.pop_front();
    return {std::move(config), compiled.get()};
}

void CompileAhead::work() {
    for (;;) {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [this] { return stopping_ || !tasks_.empty(); });
        if (stopping_) return;
        std::packaged_task<Measurement()> task = std::move(tasks_.front());
        tasks_.pop_front();
        lock.unlock();
        task();
    }
}

} // namespace chela
