#pragma once
// The file of the tuning database: its tables and their history, and what becomes of a damaged one.

#include "tuner/sqlite.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace chela {

/// The schema that this build writes. A step of `migrations` in database_file.cpp leads to each version.
int database_schema_version();

/// Opens or creates the database, brings an older schema up to date, and moves a damaged file aside to
/// NAME.damaged-<time> (said in `warnings`). Throws UserError where the path cannot be a database of this
/// build: not writable, of a newer chela, or of another program.
sqlite::Connection open_database_file(const std::filesystem::path&, std::vector<std::string>& warnings);

/// Renames a damaged database with its sidecar files. Does nothing where another process has already replaced
/// it, unless `certain` says that the file was seen damaged although SQLite's own check passes it.
void set_aside_damaged(const std::filesystem::path&, bool certain, std::vector<std::string>& warnings);

/// What `PRAGMA integrity_check` complains about; empty where the file is sound.
std::vector<std::string> integrity_problems(sqlite::Connection&);

} // namespace chela
