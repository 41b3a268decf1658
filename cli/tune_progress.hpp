#pragma once
// What a person sees while a search runs: one line redrawn on a terminal, a line now and then elsewhere.

#include "cli/context.hpp"
#include "cli/roofline.hpp"

#include <chrono>

namespace chela::cli {

class TuneProgress {
  public:
    /// All must outlive it. Writes to standard error, nothing if the context is quiet.
    TuneProgress(const Context& context, Session& session, const Problem& problem);
    /// Clears the line.
    ~TuneProgress();
    TuneProgress(const TuneProgress&) = delete;
    TuneProgress& operator=(const TuneProgress&) = delete;

    void operator()(const Progress&);
    /// Says that a stop was asked for.
    void stopping();

  private:
    using Clock = std::chrono::steady_clock;
    std::string line(const Progress&);
    std::string share(const Record&);
    void draw(const std::string& text);

    const Context& context_;
    Session& session_;
    const Problem& problem_;
    std::optional<Roofline> roofline_; ///< of the device, measured when it is first needed
    Clock::time_point last_{};
    std::optional<Progress::Phase> phase_;
    bool drawn_ = false;
};

} // namespace chela::cli
