#include "runtime/binary_cache.hpp"

#include "runtime/cache_file.hpp"
#include "runtime/digest.hpp"
#include "runtime/log.hpp"

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstring>
#include <fmt/format.h>
#include <stdexcept>

namespace chela {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view extension = ".bin";
constexpr auto stage_lifetime = std::chrono::hours(1); // far longer than any write takes

bool is_key(std::string_view text) {
    return text.size() >= 3 &&
           std::all_of(text.begin(), text.end(), [](unsigned char c) { return std::isalnum(c); });
}

// Every file two levels down: FOLDER/KE/KEY.bin, and what was left there.
template <class Visit>
void for_each_file(const fs::path& folder, Visit visit) {
    std::error_code error;
    for (fs::directory_iterator shard(folder, error), end; !error && shard != end; shard.increment(error)) {
        std::error_code ignored; // a file where a folder should be, or one that just vanished
        if (shard->path().filename().string().size() != 2) continue;
        for (fs::directory_iterator file(shard->path(), ignored); !ignored && file != end;
             file.increment(ignored)) {
            visit(*file);
        }
    }
}

void remove_stale_stages(const fs::path& folder) {
    for_each_file(folder, [](const fs::directory_entry& file) {
        if (!file.path().filename().string().starts_with(stage_prefix)) return;
        std::error_code error;
        const auto written = file.last_write_time(error);
        if (!error && fs::file_time_type::clock::now() - written > stage_lifetime)
            fs::remove(file.path(), error);
    });
}

} // namespace

std::string binary_key(const Device& device, const Kernel& kernel) {
    return Digest()
        .add("chela binary")
        .add(device.target().to_string())
        .add(device.toolchain())
        .add(kernel.entry)
        .add(kernel.source)
        .hex();
}

BinaryCache::BinaryCache(fs::path folder, std::uint64_t max_bytes)
    : folder_(std::move(folder)), max_bytes_(max_bytes) {}

fs::path BinaryCache::path_of(std::string_view key) const {
    if (!is_key(key)) throw std::invalid_argument(fmt::format("binary cache: '{}' is not a key", key));
    return folder_ / key.substr(0, 2) / (std::string(key) += extension);
}

std::optional<Binary> BinaryCache::find(std::string_view key) {
    if (folder_.empty()) return std::nullopt;
    std::string bytes;
    const FileError error = read_file(path_of(key), bytes, true);
    if (error.number == 0) {
        auto entry = decode_entry(bytes, key);
        if (auto* binary = std::get_if<Binary>(&entry)) {
            ++hits_;
            return std::move(*binary);
        }
    }
    ++misses_;
    if (error.number != ENOENT && error.number != ENOTDIR) ++damaged_;
    return {};
}

void BinaryCache::store(const Binary& binary) {
    if (folder_.empty()) return;
    const fs::path path = path_of(binary.key);
    const std::string bytes = encode_entry(binary);
    std::error_code created;
    if (fs::create_directories(folder_, created)) {
        // What lies here is run: nobody else may write it.
        std::error_code ignored;
        fs::permissions(folder_, fs::perms::owner_all, ignored);
    }
    if (!created) fs::create_directories(path.parent_path(), created);
    FileError error = created ? FileError{created.value(), "create the folder"} : publish_file(path, bytes);
    if (error.number == EISDIR || error.number == ENOTEMPTY) { // something else took the entry's name
        std::error_code ignored;
        fs::remove_all(path, ignored);
        error = publish_file(path, bytes);
    }
    if (error.number != 0) {
        warn_once(fmt::format("compiled kernels are not kept: cannot {} in {}: {}", error.doing,
                              folder_.string(), std::strerror(error.number)));
        return;
    }
    ++stored_;
    make_room(path, bytes.size());
}

void BinaryCache::make_room(const fs::path& keep, std::uint64_t added) {
    const std::lock_guard lock(size_mutex_);
    if (size_) *size_ += added;
    if (size_ && *size_ <= max_bytes_) return;
    std::vector<Entry> entries = list();
    std::uint64_t size = 0;
    for (const Entry& entry : entries) size += entry.bytes;
    if (size > max_bytes_) {
        remove_stale_stages(folder_);
        std::sort(entries.begin(), entries.end(),
                  [](const Entry& a, const Entry& b) { return a.last_used < b.last_used; });
        // A tenth more than needed, so that not every store has to look at the whole folder again.
        const std::uint64_t goal = max_bytes_ - max_bytes_ / 10;
        for (const Entry& entry : entries) {
            if (size <= goal) break;
            std::error_code error;
            if (entry.path != keep && fs::remove(entry.path, error)) size -= entry.bytes;
        }
    }
    size_ = size;
}

std::vector<BinaryCache::Entry> BinaryCache::list() const {
    std::vector<Entry> entries;
    for_each_file(folder_, [&](const fs::directory_entry& file) {
        if (file.path().extension() != extension) return;
        std::error_code error; // it may vanish while we look
        Entry entry{file.path().stem().string(), file.file_size(error), {}, file.path()};
        if (!error) entry.last_used = file.last_write_time(error);
        if (!error) entries.push_back(std::move(entry));
    });
    std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) { return a.key < b.key; });
    return entries;
}

std::vector<BinaryCache::Damage> BinaryCache::check() const {
    std::vector<Damage> damages;
    for (const Entry& entry : list()) {
        std::string bytes;
        const FileError error = read_file(entry.path, bytes, false);
        if (error.number == ENOENT) continue; // removed meanwhile
        if (error.number != 0) {
            damages.push_back({entry.path, std::strerror(error.number)});
            continue;
        }
        const auto decoded = decode_entry(bytes, entry.key);
        if (const auto* reason = std::get_if<std::string>(&decoded)) damages.push_back({entry.path, *reason});
    }
    return damages;
}

std::size_t BinaryCache::clear() {
    std::size_t removed = 0;
    for (const Entry& entry : list()) {
        std::error_code error;
        removed += fs::remove(entry.path, error);
    }
    remove_stale_stages(folder_);
    const std::lock_guard lock(size_mutex_);
    size_.reset();
    return removed;
}

BinaryCache::Counters BinaryCache::counters() const { return {hits_, misses_, damaged_, stored_}; }

void BinaryCache::warn_once(const std::string& message) {
    if (!warned_.exchange(true)) log_warning(message);
}

} // namespace chela
