#include "cli/tune_progress.hpp"

#include "cli/duration.hpp"
#include "tuner/record.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace chela::cli {

namespace {

constexpr std::chrono::milliseconds redraw{80};
constexpr std::chrono::seconds between_lines{5};

std::string bar(int done, int total, int width) {
    const int filled = total > 0 ? std::clamp(done * width / total, 0, width) : 0;
    std::string text;
    for (int i = 0; i < width; ++i) text += i < filled ? "█" : "░";
    return text;
}

} // namespace

TuneProgress::TuneProgress(const Context& context, Session& session, const Problem& problem)
    : context_(context), session_(session), problem_(problem) {}

TuneProgress::~TuneProgress() {
    if (drawn_) fmt::print(stderr, "\r\033[K");
}

void TuneProgress::operator()(const Progress& progress) {
    if (context_.quiet) return;
    const auto now = Clock::now();
    const bool watched = context_.err.interactive();
    const bool new_phase = phase_ != progress.phase;
    // A watched line is redrawn also when a measurement begins; an unwatched one tells of what is settled.
    if (!new_phase && now - last_ < (watched ? std::chrono::milliseconds(redraw) : between_lines)) return;
    if (!watched && !progress.latest) return;
    phase_ = progress.phase;
    last_ = now;
    if (watched) {
        draw(line(progress));
    } else {
        context_.note(line(progress));
    }
}

void TuneProgress::stopping() {
    if (!context_.quiet && context_.err.interactive())
        draw(context_.err.yellow("stopping after the measurement that is running"));
}

std::string TuneProgress::line(const Progress& progress) {
    const bool watched = context_.err.interactive();
    const Terminal& terminal = context_.err;
    std::string text = progress.phase == Progress::Phase::racing ? "final race" : "exploring ";
    if (watched) {
        text = terminal.bold(text) + " ";
        const int width = std::clamp(terminal.width() / 8, 6, 16);
        text += terminal.cyan(bar(progress.done, progress.total, width));
    }
    text += fmt::format(" {}/{}", progress.done, progress.total);
    if (progress.seconds_left)
        text += "  " + terminal.dim(fmt::format("{} left", clock_text(*progress.seconds_left)));
    if (!progress.best) return text + "  nothing has passed yet";
    const Record& best = *progress.best;
    text += fmt::format("  best {}", terminal.green(time_text(best.measurement.median_ms)));
    if (const std::string of = share(best); !of.empty()) text += fmt::format(", {}", of);
    const int room = watched ? terminal.width() - 1 - display_width(text) - 2 : 1000;
    return room < 12 ? text : fmt::format("{}  {}", text, terminal.dim(shorten(best.config, room)));
}

std::string TuneProgress::share(const Record& record) {
    const Config config = config_from(*problem_.family, record.config);
    if (!roofline_) {
        roofline_.emplace();
        roofline_->measure(session_.device());
    }
    Roofline of_config = Roofline::of(problem_, config);
    of_config.copy_bandwidth = roofline_->copy_bandwidth;
    of_config.peak_flops = roofline_->peak_flops;
    return of_config.share_text(record.measurement.median_ms);
}

void TuneProgress::draw(const std::string& text) {
    fmt::print(stderr, "\r\033[K{}", text);
    std::fflush(stderr);
    drawn_ = true;
}

} // namespace chela::cli
