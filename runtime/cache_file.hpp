#pragma once
// One entry of the binary cache as bytes, and how it is read and published.

#include "runtime/device.hpp"

#include <filesystem>
#include <string>
#include <string_view>
#include <variant>

namespace chela {

/// Magic text with the format's version, checksum of all that follows, lengths, key, log, machine code.
std::string encode_entry(const Binary& binary);
/// The binary, or why the bytes are not a whole entry of this key.
std::variant<Binary, std::string> decode_entry(std::string_view bytes, std::string_view key);

struct FileError {
    int number = 0; ///< errno; 0 where nothing failed
    std::string doing;
};

/// Reads the whole file; marks it as just used if `touch`.
FileError read_file(const std::filesystem::path& path, std::string& bytes, bool touch);
/// Makes `path` hold these bytes, all of them or (after a crash too) what it held before: writes a file
/// beside it, fsync, rename, fsync of the folder.
FileError publish_file(const std::filesystem::path& path, std::string_view bytes);

/// Names of files on their way to being published begin with this; a crash may leave one.
inline constexpr std::string_view stage_prefix = ".stage-";

} // namespace chela
