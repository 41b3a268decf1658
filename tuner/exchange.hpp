#pragma once
// Tuned records as JSON: what `chela cache export` writes, `chela cache import` reads, and a shipped table
// is.
//
//   { "format": "chela-tuning-records", "version": 1, "chela": "0.1.0", "exported": "2026-11-22T10:11:12Z",
//     "records": [
//       { "problem": { "key": "…", "family": "linear_attention", "traits": "head_dim=128 …",
//                      "extents": "batch=8 heads=16 length=4096" },
//         "device": "NVIDIA H200", "target": "sm_90a", "toolchain": "…", "chela": "0.1.0",
//         "config": "mma chunk=64 …", "status": "ok", "median_ms": 0.31, "spread_ms": 0.004, "samples": 50,
//         "relative_error": 2e-3, "compile_ms": 140, "detail": "", "effort": "thorough",
//         "when": "2026-11-22T10:10:59Z" } ],
//     "searches": [
//       { "problem": {…}, "device": …, "target": …, "toolchain": …, "chela": …, "exhausted": true,
//         "budget_seconds": 60, "trials": 0, "candidates": 200, "seed": 0, "winner": "mma chunk=64 …",
//         "when": "…" } ] }
//
// Times are in milliseconds unless named otherwise. A number that is not finite is written as null and read
// as NaN, which only relative_error, or the times of a candidate that is not ok, may be.

#include "tuner/record.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace chela {

struct Exchange {
    std::vector<Record> records;
    std::vector<FinishedSearch> searches;
    std::vector<std::string>
        rejected; ///< on reading: what is wrong with each row that was left out, by its path
};

std::string to_json(const Exchange&);
/// Rows with an error are left out and named in `rejected`. Throws UserError where the text is no such
/// document: not JSON, another format, or a newer version of it.
Exchange exchange_from_json(std::string_view text);

} // namespace chela
