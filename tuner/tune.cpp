#include "tuner/tune.hpp"

#include "tuner/compile_ahead.hpp"
#include "tuner/earlier_search.hpp"
#include "tuner/race.hpp"
#include "tuner/search.hpp"

#include <algorithm>
#include <chrono>
#include <limits>
#include <map>

namespace chela {
namespace {

using Clock = std::chrono::steady_clock;

constexpr double exploration_share = 0.8; // of the budget; the rest belongs to the race

struct Candidate {
    Config config;
    Record record;
};

/// A failure that may be the device's circumstances (memory taken by others, clocks) is worth another try.
bool settled(Status status) { return status != Status::launch_error && status != Status::unstable; }

/// What is served untuned, then the defaults of all algorithms.
std::vector<Config> defaults(const Target& target, const Problem& problem, const TuneOptions& options) {
    std::vector<Config> configs{options.untuned ? *options.untuned : default_config(target, problem)};
    for (const Algorithm* algorithm : problem.family->algorithms()) {
        if (algorithm->rejects(target, problem.traits).empty()) {
            configs.push_back({algorithm, algorithm->default_config(target, problem)});
        }
    }
    return configs;
}

class Tuning {
  public:
    Tuning(Runner& runner, Database& database, const Problem& problem, const TuneOptions& options,
           const ProgressCallback& progress, std::stop_token stop)
        : runner_(runner), database_(database), problem_(problem), options_(options), progress_(progress),
          stop_(std::move(stop)), info_(runner.info()), point_(tuning_point(problem, info_)),
          space_(search_space(*problem.family, info_.target, problem.traits)),
          first_(defaults(info_.target, problem, options)),
          order_(space_, first_, options.seed, sample_size()) {}

    TuneReport run() {
        auto earlier =
            options_.force ? std::nullopt : earlier_search(database_, problem_, point_, space_, options_);
        if (earlier) {
            report_ = *std::move(earlier);
        } else {
            explore();
            race();
            remember();
        }
        report_.space = order_.size();
        report_.seconds = seconds();
        report_.warnings = database_.take_warnings();
        return std::move(report_);
    }

  private:
    void explore();
    void refill(CompileAhead&, std::size_t ahead);
    void try_candidate(const Config&, const Measurement& compiled);
    void race();
    void measure_finalist(Candidate&, std::vector<Measurement>& rounds);
    std::vector<Contender> contenders() const;
    void remember();

    void settle(Candidate candidate, bool known);
    bool stopping(double share);
    void tell(const std::string& current, const Record* latest = nullptr);
    double seconds() const { return std::chrono::duration<double>(Clock::now() - start_).count(); }
    int trials() const { return options_.trials > 0 ? options_.trials : std::numeric_limits<int>::max(); }
    std::size_t sample_size() const {
        const std::size_t by_space = std::clamp<std::size_t>(space_.size() / 8, 8, 48);
        if (options_.trials == 0) return by_space;
        return std::min(by_space, std::max<std::size_t>(4, static_cast<std::size_t>(options_.trials) / 3));
    }

    Runner& runner_;
    Database& database_;
    const Problem& problem_;
    const TuneOptions& options_;
    const ProgressCallback& progress_;
    std::stop_token stop_;
    const Clock::time_point start_ = Clock::now();
    const RunnerInfo info_;
    const TuningPoint point_;
    const std::vector<Config> space_;
    const std::vector<Config> first_;
    SearchOrder order_;

    std::vector<Candidate> candidates_; ///< settled, in the order they were tried
    int proposed_ = 0;
    bool all_proposed_ = false;
    std::vector<Candidate*> finalists_;                           ///< that have survived so far
    std::map<const Candidate*, std::vector<Measurement>> rounds_; ///< of each finalist
    bool raced_ = false; ///< each finalist was measured thoroughly at least once
    Progress state_;
    TuneReport report_;
};

void Tuning::explore() {
    const int threads =
        std::max(1, options_.compile_threads > 0 ? options_.compile_threads : info_.compile_threads);
    const std::size_t ahead = std::max<std::size_t>(4, 2 * static_cast<std::size_t>(threads));
    CompileAhead compiler(runner_, problem_, threads);
    state_.total = static_cast<int>(std::min<std::size_t>(order_.size(), static_cast<std::size_t>(trials())));
    while (!stopping(exploration_share)) {
        // Where compiling disturbs timing, a batch is compiled on all cores, then measured on quiet ones.
        if (!info_.compiling_disturbs_timing || compiler.pending() == 0) refill(compiler, ahead);
        if (compiler.pending() == 0) break;
        if (info_.compiling_disturbs_timing) compiler.wait_all();
        const auto [config, compiled] = compiler.pop();
        ++report_.compiled;
        if (stopping(exploration_share)) break;
        try_candidate(config, compiled);
    }
    report_.exhausted = candidates_.size() == order_.size();
    report_.trials_ended = !report_.exhausted && static_cast<int>(candidates_.size()) >= trials();
    if (report_.exhausted || report_.trials_ended) report_.budget_ended = false;
}

void Tuning::refill(CompileAhead& compiler, std::size_t ahead) {
    while (compiler.pending() < ahead && proposed_ < trials() && !stopping(exploration_share)) {
        const auto config = order_.next();
        if (!config) return;
        ++proposed_;
        // Asked for each candidate anew: another process may be tuning the same problem.
        auto known = options_.force ? std::nullopt : database_.find(point_, config->to_string());
        if (known && settled(known->measurement.status)) {
            settle({*config, *std::move(known)}, true);
        } else {
            compiler.submit(*config);
        }
    }
}

void Tuning::try_candidate(const Config& config, const Measurement& compiled) {
    tell(config.to_string());
    Measurement measurement = compiled;
    if (compiled.status == Status::ok) {
        measurement = runner_.measure(problem_, config, Effort::quick);
        measurement.compile_ms = std::max(measurement.compile_ms, compiled.compile_ms);
        ++report_.measured;
    }
    settle({config, make_record(point_, config, measurement, Effort::quick)}, false);
}

void Tuning::settle(Candidate candidate, bool known) {
    if (!known) database_.put(candidate.record);
    report_.reused += known;
    const Measurement& measurement = candidate.record.measurement;
    const bool ok = measurement.status == Status::ok;
    order_.report(candidate.config, ok ? std::optional(measurement.median_ms) : std::nullopt);
    if (ok && (!state_.best || ranks_before(candidate.record, *state_.best))) state_.best = candidate.record;
    candidates_.push_back(std::move(candidate));
    state_.done = static_cast<int>(candidates_.size());
    if (!known) tell("", &candidates_.back().record);
}

void Tuning::race() {
    std::vector<Candidate*> ranked;
    for (Candidate& candidate : candidates_) {
        if (candidate.record.measurement.status == Status::ok) ranked.push_back(&candidate);
    }
    std::sort(ranked.begin(), ranked.end(),
              [](const Candidate* a, const Candidate* b) { return ranks_before(a->record, b->record); });

    // The default races too, however it did when the device was in another state.
    std::ptrdiff_t count = std::min<std::ptrdiff_t>(options_.finalists, std::ssize(ranked));
    const auto untuned = std::find_if(ranked.begin() + count, ranked.end(),
                                      [&](const Candidate* one) { return one->config == first_.front(); });
    if (untuned != ranked.end()) std::rotate(ranked.begin() + count++, untuned, untuned + 1);

    // Where all finalists fail under the closer look, the next best take their places.
    auto next = ranked.begin();
    while (finalists_.empty() && next != ranked.end() && !stopping(1)) {
        finalists_.assign(next, next + count);
        next += count;
        count = std::min<std::ptrdiff_t>(options_.finalists, ranked.end() - next);
        const int rounds = finalists_.size() == 1 ? 1 : options_.rounds; // nothing to compare with
        state_.phase = Progress::Phase::racing;
        state_.done = 0;
        state_.total = rounds * static_cast<int>(finalists_.size());
        rounds_.clear();
        for (int round = 0; round < rounds && !stopping(1); ++round) {
            for (Candidate* finalist : std::vector(finalists_)) {
                if (stopping(1)) break;
                measure_finalist(*finalist, rounds_[finalist]);
            }
            std::erase_if(finalists_,
                          [](const Candidate* one) { return one->record.measurement.status != Status::ok; });
            std::reverse(finalists_.begin(), finalists_.end()); // a steady drift favours nobody
        }
        raced_ = std::all_of(finalists_.begin(), finalists_.end(),
                             [&](Candidate* finalist) { return !rounds_[finalist].empty(); });
    }
}

void Tuning::measure_finalist(Candidate& finalist, std::vector<Measurement>& rounds) {
    tell(finalist.record.config);
    Measurement measurement = runner_.measure(problem_, finalist.config, Effort::thorough);
    ++report_.measured;
    if (measurement.status == Status::ok) {
        rounds.push_back(measurement);
        measurement = combine(rounds);
    }
    measurement.compile_ms = std::max(measurement.compile_ms, finalist.record.measurement.compile_ms);
    finalist.record = make_record(point_, finalist.config, measurement, Effort::thorough);
    database_.put(finalist.record);
    ++state_.done;
    tell("", &finalist.record);
}

/// Candidates whose times may be compared: the finalists, or, where time did not suffice for a round of them,
/// all.
std::vector<Contender> Tuning::contenders() const {
    std::vector<Contender> contenders;
    const auto add = [&](const Candidate& one) {
        contenders.push_back({one.config, one.record.measurement, {}, one.config == first_.front()});
    };
    if (raced_ && !finalists_.empty()) {
        std::size_t complete = std::numeric_limits<std::size_t>::max(); // time may have ended within a round
        for (const Candidate* one : finalists_) complete = std::min(complete, rounds_.at(one).size());
        if (complete > 1) complete -= complete % 2; // as many in either order
        for (const Candidate* one : finalists_) {
            add(*one);
            for (std::size_t i = 0; i < complete; ++i)
                contenders.back().rounds.push_back(rounds_.at(one)[i].median_ms);
        }
    } else {
        for (const Candidate& one : candidates_) {
            if (one.record.measurement.status == Status::ok) add(one);
        }
    }
    return contenders;
}

void Tuning::remember() {
    std::string winner;
    if (const auto measured = contenders(); !measured.empty()) {
        const auto tied = decide(problem_, info_.target, measured);
        report_.config = tied.front().config;
        winner = tied.front().config.to_string();
        for (std::size_t i = 1; i < tied.size(); ++i) report_.ties.push_back(tied[i].config.to_string());
    }
    report_.cancelled = stop_.stop_requested();
    if (!report_.cancelled) {
        database_.put(FinishedSearch{.point = point_,
                                     .exhausted = report_.exhausted,
                                     .budget_seconds = options_.budget_seconds,
                                     .trials = options_.trials,
                                     .candidates = static_cast<int>(candidates_.size()),
                                     .seed = options_.seed,
                                     .winner = winner,
                                     .when = utc_now()});
    }
    std::vector<Record> records;
    for (Candidate& candidate : candidates_) records.push_back(std::move(candidate.record));
    summarise(report_, std::move(records), winner);
}

bool Tuning::stopping(double share) {
    if (stop_.stop_requested()) return true;
    if (options_.budget_seconds == 0 || candidates_.empty()) return false;
    if (seconds() < share * options_.budget_seconds) return false;
    report_.budget_ended = true;
    return true;
}

void Tuning::tell(const std::string& current, const Record* latest) {
    if (!progress_) return;
    const double elapsed = seconds();
    const int fresh = report_.measured;
    if (fresh > 0) {
        state_.seconds_left = (state_.total - state_.done) * elapsed / fresh;
        if (options_.budget_seconds > 0) {
            state_.seconds_left = std::clamp(options_.budget_seconds - elapsed, 0.0, *state_.seconds_left);
        }
    }
    state_.current = current;
    state_.latest = latest ? std::optional(*latest) : std::nullopt;
    progress_(state_);
}

} // namespace

TuneReport tune(Runner& runner, Database& database, const Problem& problem, const TuneOptions& options,
                const ProgressCallback& progress, std::stop_token stop) {
    check(options);
    return Tuning(runner, database, problem, options, progress, std::move(stop)).run();
}

} // namespace chela
