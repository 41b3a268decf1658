#include "runtime/cache_file.hpp"

#include <array>
#include <bit>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

namespace chela {

namespace {

static_assert(std::endian::native == std::endian::little,
              "entries are written in the order of a little-endian machine");

struct Header {
    std::array<char, 16> magic;
    std::array<unsigned char, 16> checksum; ///< XXH3-128 of everything behind it
    std::uint64_t key_bytes, log_bytes, code_bytes;
};
static_assert(sizeof(Header) == 56);
constexpr std::array<char, 16> magic{"chela binary 1\n"};
constexpr std::size_t checksum_end = offsetof(Header, key_bytes);

std::array<unsigned char, 16> checksum_of(std::string_view entry) {
    const std::string_view covered = entry.substr(checksum_end);
    XXH128_canonical_t canonical;
    XXH128_canonicalFromHash(&canonical, XXH3_128bits(covered.data(), covered.size()));
    return std::to_array(canonical.digest);
}

class Descriptor {
  public:
    explicit Descriptor(int number) : number_(number) {}
    ~Descriptor() {
        if (number_ >= 0) close(number_);
    }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    explicit operator bool() const { return number_ >= 0; }
    int get() const { return number_; }

  private:
    int number_;
};

bool write_all(int descriptor, std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t count = write(descriptor, bytes.data(), bytes.size());
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) return false;
        bytes.remove_prefix(static_cast<std::size_t>(count));
    }
    return true;
}

} // namespace

std::string encode_entry(const Binary& binary) {
    Header header{magic, {}, binary.key.size(), binary.log.size(), binary.bytes.size()};
    std::string entry(sizeof(Header), '\0');
    std::memcpy(entry.data(), &header, sizeof(Header));
    entry += binary.key;
    entry += binary.log;
    entry.append(reinterpret_cast<const char*>(binary.bytes.data()), binary.bytes.size());
    header.checksum = checksum_of(entry);
    std::memcpy(entry.data(), &header, sizeof(Header));
    return entry;
}

std::variant<Binary, std::string> decode_entry(std::string_view bytes, std::string_view key) {
    Header header;
    if (bytes.size() < sizeof(Header)) return "shorter than its header";
    std::memcpy(&header, bytes.data(), sizeof(Header));
    if (header.magic != magic) return "not an entry of this version";
    const std::size_t rest = bytes.size() - sizeof(Header);
    // One by one, so that the sum of damaged lengths cannot overflow.
    if (header.key_bytes > rest || header.log_bytes > rest - header.key_bytes ||
        header.code_bytes != rest - header.key_bytes - header.log_bytes) {
        return "its length is wrong";
    }
    if (header.checksum != checksum_of(bytes)) return "its checksum is wrong";
    bytes.remove_prefix(sizeof(Header));
    if (bytes.substr(0, header.key_bytes) != key) return "it belongs to another key";
    bytes.remove_prefix(header.key_bytes);
    Binary binary;
    binary.key = key;
    binary.log = bytes.substr(0, header.log_bytes);
    bytes.remove_prefix(header.log_bytes);
    const auto* code = reinterpret_cast<const std::byte*>(bytes.data());
    binary.bytes.assign(code, code + bytes.size());
    return binary;
}

FileError read_file(const std::filesystem::path& path, std::string& bytes, bool touch) {
    const Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
    struct stat status{};
    if (!file || fstat(file.get(), &status) != 0) return {errno, "open"};
    if (!S_ISREG(status.st_mode)) return {EISDIR, "read"};
    bytes.resize(static_cast<std::size_t>(status.st_size));
    for (std::size_t done = 0; done < bytes.size();) {
        const ssize_t count = read(file.get(), bytes.data() + done, bytes.size() - done);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return {errno, "read"};
        if (count == 0) bytes.resize(done); // somebody cut it short meanwhile
        done += static_cast<std::size_t>(count);
    }
    if (touch) futimens(file.get(), nullptr); // fails on a read-only cache, where nothing is removed either
    return {};
}

FileError publish_file(const std::filesystem::path& path, std::string_view bytes) {
    const std::filesystem::path folder = path.parent_path();
    std::string stage = (folder / stage_prefix).string() + "XXXXXX";
    const auto failed = [&](const char* doing) {
        const FileError error{errno, doing};
        unlink(stage.c_str());
        return error;
    };
    {
        const Descriptor file(mkostemp(stage.data(), O_CLOEXEC));
        if (!file) return {errno, "create a file"};
        if (!write_all(file.get(), bytes)) return failed("write");
        if (fsync(file.get()) != 0) return failed("fsync");
    }
    if (rename(stage.c_str(), path.c_str()) != 0) return failed("rename");
    const Descriptor opened_folder(open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!opened_folder || fsync(opened_folder.get()) != 0) return {errno, "fsync the folder"};
    return {};
}

} // namespace chela
