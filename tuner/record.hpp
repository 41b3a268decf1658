#pragma once
// The rows of the tuning database, as values. Families, traits, extents and configurations are held as their
// canonical text: a row may come from another version of chela, and what it names may no longer exist.

#include "tuner/runner.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace chela {

/// One problem on one device with one toolchain: what a search is about, and what makes two times comparable.
struct TuningPoint {
    std::string problem_key; ///< bucketed, see tuner/bucket.hpp
    std::string family;
    std::string traits;  ///< "head_dim=128 value_dim=128 causal=true …"
    std::string extents; ///< "batch=8 heads=16 length=4096": as measured, not bucketed
    std::string device;
    std::string target;
    std::string toolchain;
    std::string chela_version;
    friend bool operator==(const TuningPoint&, const TuningPoint&) = default;
};

/// What came of one candidate.
struct Record {
    TuningPoint point;
    std::string config; ///< "mma chunk=64 warps=8 stages=2"
    Measurement measurement;
    Effort effort = Effort::quick;
    std::string when; ///< UTC, "2026-11-22T10:11:12Z"
};

/// A search that came to its end: by itself or by its limits, not by an interruption.
struct FinishedSearch {
    TuningPoint point;
    bool exhausted = false;    ///< the whole space was tried
    double budget_seconds = 0; ///< its limits; 0: none
    int trials = 0;
    int candidates = 0; ///< how many were tried
    std::uint64_t seed = 0;
    std::string winner; ///< configuration; empty where no candidate survived
    std::string when;
};

/// Of this build, "0.1.0".
std::string_view chela_version();
/// "2026-11-22T10:11:12Z".
std::string utc_now();

TuningPoint tuning_point(const Problem&, const RunnerInfo&);
Record make_record(const TuningPoint&, const Config&, const Measurement&, Effort);

/// Whether `a` is listed before `b`: measured ones first, the faster first, equal ones by the configuration's
/// text.
bool ranks_before(const Record& a, const Record& b);

/// "name=value name=value" of a schema. Names left out take their fallback, so that a field added later does
/// not make old rows unreadable. Throws UserError on an unknown or repeated name and on a bad value.
Values values_from(const Schema&, std::string_view text);
/// The inverse of Config::to_string(). Throws UserError.
Config config_from(const Family&, std::string_view text);
/// The same for a row that may be old: throws UserError also where the configuration is no longer in the
/// space.
Config admitted_config(const Family&, const Target&, const Values& traits, std::string_view text);

} // namespace chela
