// NVIDIA does not document the format; the numbers below were found by comparing cubins of NVRTC 13.0 for
// sm_80 to sm_120a with what ptxas reports about them, and tests/runtime/test_cubin.cpp compares them again.

#include "runtime/cubin.hpp"

#include "codegen/error.hpp"

#include <charconv>
#include <fmt/format.h>
#include <llvm/Object/ELFObjectFile.h>
#include <llvm/Support/MemoryBuffer.h>
#include <map>

namespace chela {

namespace {

using Elf = llvm::object::ELFFile<llvm::object::ELF64LE>;

constexpr int machine_cuda = 190;
constexpr std::int64_t reserved_shared_bytes = 1024;

// Attributes of the sections .nv.info (whose values begin with the kernel's symbol) and .nv.info.KERNEL.
enum class Format : std::uint8_t { byte_value = 2, sized_value = 4 };
enum class Attribute : std::uint8_t {
    max_threads = 0x05,
    parameters = 0x0a,
    frame_bytes = 0x11,
    registers = 0x2f,
    barriers = 0x4c,
};

template <class T>
T require(llvm::Expected<T> value) {
    if (!value) throw DeviceError("not a cubin: " + llvm::toString(value.takeError()));
    return std::move(*value);
}

std::uint32_t word(llvm::ArrayRef<std::uint8_t> bytes, std::size_t offset) {
    if (offset + 4 > bytes.size()) throw DeviceError("not a cubin: an attribute ends early");
    return llvm::support::endian::read32le(bytes.data() + offset);
}

struct Item {
    Attribute attribute;
    std::uint8_t byte;
    llvm::ArrayRef<std::uint8_t> value;
};

// An attribute is a format byte, an identifier byte and two bytes: a value, or the size of the value that
// follows.
template <class Visit>
void for_each_attribute(llvm::ArrayRef<std::uint8_t> bytes, Visit visit) {
    while (bytes.size() >= 4) {
        Item item{static_cast<Attribute>(bytes[1]), bytes[2], {}};
        std::size_t size = 0;
        if (static_cast<Format>(bytes[0]) == Format::sized_value) {
            size = std::size_t{bytes[2]} | std::size_t{bytes[3]} << 8;
            if (4 + size > bytes.size()) throw DeviceError("not a cubin: an attribute ends early");
            item.value = bytes.slice(4, size);
        }
        visit(item);
        bytes = bytes.drop_front(4 + size);
    }
}

void read_kernel_attributes(llvm::ArrayRef<std::uint8_t> bytes, KernelResources& kernel) {
    for_each_attribute(bytes, [&](const Item& item) {
        if (item.attribute == Attribute::barriers) kernel.barriers = item.byte;
        if (item.value.empty()) return;
        if (item.attribute == Attribute::max_threads) {
            // x, y and z: chela's blocks are one-dimensional
            kernel.max_threads = static_cast<int>(word(item.value, 0));
        }
        if (item.attribute == Attribute::parameters) kernel.parameter_bytes = word(item.value, 4) >> 16;
    });
}

// Number between two texts that follow `from`: "0 bytes spill stores".
std::optional<std::int64_t> number_before(std::string_view text, std::string_view what) {
    const std::size_t end = text.find(what);
    if (end == std::string_view::npos) return {};
    std::size_t begin = end;
    while (begin > 0 && text[begin - 1] >= '0' && text[begin - 1] <= '9') --begin;
    std::int64_t value = 0;
    if (std::from_chars(text.data() + begin, text.data() + end, value).ec != std::errc()) return {};
    return value;
}

void read_log(std::string_view log, KernelResources& kernel) {
    const std::string heading = "Function properties for " + kernel.entry + "\n";
    const std::size_t begin = log.find(heading);
    if (begin == std::string_view::npos) return;
    std::string_view line = log.substr(begin + heading.size());
    line = line.substr(0, line.find('\n'));
    kernel.spill_store_bytes = number_before(line, " bytes spill stores");
    kernel.spill_load_bytes = number_before(line, " bytes spill loads");
}

class Reader {
  public:
    explicit Reader(const Elf& elf) : elf_(elf) {}

    std::vector<KernelResources> read() {
        const auto sections = require(elf_.sections());
        for (const auto& section : sections) {
            const llvm::StringRef name = require(elf_.getSectionName(section));
            if (name.starts_with(".text."))
                kernel(name.substr(6)).code_bytes = static_cast<std::int64_t>(section.sh_size);
            if (name.starts_with(".nv.shared.reserved")) shared_includes_reserved_ = true;
            if (section.sh_type == llvm::ELF::SHT_SYMTAB) read_symbols(section);
        }
        for (const auto& section : sections) read_section(section);
        if (shared_includes_reserved_) {
            for (KernelResources& kernel : kernels_) {
                kernel.static_shared_bytes =
                    std::max<std::int64_t>(0, kernel.static_shared_bytes - reserved_shared_bytes);
            }
        }
        return std::move(kernels_);
    }

  private:
    KernelResources& kernel(llvm::StringRef entry) {
        const auto [place, is_new] = index_.try_emplace(entry.str(), kernels_.size());
        if (is_new) kernels_.emplace_back().entry = entry.str();
        return kernels_[place->second];
    }

    KernelResources* find(llvm::StringRef entry) {
        const auto place = index_.find(entry.str());
        return place == index_.end() ? nullptr : &kernels_[place->second];
    }

    void read_symbols(const Elf::Elf_Shdr& section) {
        const llvm::StringRef names = require(elf_.getStringTableForSymtab(section));
        for (const auto& symbol : require(elf_.symbols(&section)))
            symbols_.push_back(require(symbol.getName(names)));
    }

    void read_section(const Elf::Elf_Shdr& section) {
        llvm::StringRef name = require(elf_.getSectionName(section));
        if (name == ".nv.info") {
            for_each_attribute(require(elf_.getSectionContents(section)),
                               [&](const Item& item) { read_global(item); });
        } else if (name.consume_front(".nv.info.")) {
            if (auto* found = find(name))
                read_kernel_attributes(require(elf_.getSectionContents(section)), *found);
        } else if (name.consume_front(".nv.shared.")) {
            if (auto* found = find(name))
                found->static_shared_bytes = static_cast<std::int64_t>(section.sh_size);
        }
    }

    void read_global(const Item& item) {
        if (item.attribute != Attribute::registers && item.attribute != Attribute::frame_bytes) return;
        const std::uint32_t symbol = word(item.value, 0);
        KernelResources* found = symbol < symbols_.size() ? find(symbols_[symbol]) : nullptr;
        if (!found) return; // a device function
        if (item.attribute == Attribute::registers) found->registers = static_cast<int>(word(item.value, 4));
        if (item.attribute == Attribute::frame_bytes) found->local_bytes = word(item.value, 4);
    }

    const Elf& elf_;
    std::vector<KernelResources> kernels_;
    std::map<std::string, std::size_t> index_;
    std::vector<llvm::StringRef> symbols_;
    bool shared_includes_reserved_ = false;
};

} // namespace

std::vector<KernelResources> cubin_resources(std::span<const std::byte> cubin, std::string_view log) {
    const llvm::StringRef bytes(reinterpret_cast<const char*>(cubin.data()), cubin.size());
    const Elf elf = require(Elf::create(bytes));
    if (elf.getHeader().e_machine != machine_cuda) {
        throw DeviceError(
            fmt::format("not a cubin: an ELF file for machine {}", int{elf.getHeader().e_machine}));
    }
    std::vector<KernelResources> kernels = Reader(elf).read();
    for (KernelResources& kernel : kernels) read_log(log, kernel);
    return kernels;
}

} // namespace chela
