#pragma once
// Compiled kernels on disk, addressed by the digest of everything that went into them. Safe for several
// threads and processes at once, and for losing power: an entry is either whole or a miss.

#include "runtime/device.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace chela {

/// The key under which a device's binary of a kernel is kept: digest of target, toolchain, entry and source.
std::string binary_key(const Device&, const Kernel&);

class BinaryCache {
  public:
    static constexpr std::uint64_t default_max_bytes = std::uint64_t{1} << 30;

    struct Entry {
        std::string key;
        std::uint64_t bytes = 0;                   ///< of the file
        std::filesystem::file_time_type last_used; ///< last written or found
        std::filesystem::path path;
    };
    struct Damage {
        std::filesystem::path path;
        std::string reason;
    };
    struct Counters {
        std::uint64_t hits = 0, misses = 0, damaged = 0, stored = 0; ///< a damaged entry is a miss too
    };

    /// Touches nothing on disk yet; an empty folder means none is ever touched. Above `max_bytes` the entries
    /// not used for longest are removed.
    explicit BinaryCache(std::filesystem::path folder, std::uint64_t max_bytes = default_max_bytes);

    /// Empty where there is no entry or where it is damaged. Never throws for what it finds on disk.
    /// compile_ms of the result is 0. Throws std::invalid_argument on a key that no digest makes.
    std::optional<Binary> find(std::string_view key);
    /// Publishes the binary under its key, replacing what was there. Where the disk is full or read-only it
    /// warns, once, and the program goes on without a cache.
    void store(const Binary& binary);

    std::vector<Entry> list() const;   ///< by key; damaged entries too
    std::vector<Damage> check() const; ///< reads every entry
    /// Removes every entry and returns how many there were. Files that are not the cache's stay.
    std::size_t clear();

    Counters counters() const;
    const std::filesystem::path& folder() const { return folder_; }

  private:
    std::filesystem::path path_of(std::string_view key) const;
    void make_room(const std::filesystem::path& keep, std::uint64_t added);
    void warn_once(const std::string& message);

    std::filesystem::path folder_;
    std::uint64_t max_bytes_;
    std::mutex size_mutex_;
    std::optional<std::uint64_t> size_; ///< bytes of all entries as far as this process knows
    std::atomic<bool> warned_ = false;
    std::atomic<std::uint64_t> hits_ = 0, misses_ = 0, damaged_ = 0, stored_ = 0;
};

} // namespace chela
