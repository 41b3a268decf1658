#include "cli/npy_header.hpp"

#include "codegen/error.hpp"

#include <charconv>
#include <fmt/format.h>

namespace chela::cli {

namespace {

/// A reader of just those Python literals that NumPy writes into headers.
class Literal {
  public:
    Literal(std::string_view text, const std::string& file) : text_(text), file_(file) {}

    [[noreturn]] void fail(const std::string& what) const {
        throw UserError(fmt::format("{}: its header is not one that NumPy writes: {}", file_, what));
    }
    bool at_end() {
        skip_space();
        return text_.empty();
    }
    bool take(char wanted) {
        skip_space();
        if (text_.empty() || text_.front() != wanted) return false;
        text_.remove_prefix(1);
        return true;
    }
    void expect(char wanted) {
        if (!take(wanted)) fail(fmt::format("'{}' expected, found {}", wanted, here()));
    }
    std::string_view quoted() {
        skip_space();
        const char quote = text_.empty() ? '\0' : text_.front();
        const std::size_t end = quote == '\'' || quote == '"' ? text_.find(quote, 1) : std::string_view::npos;
        if (end == std::string_view::npos) fail(fmt::format("a quoted name expected, found {}", here()));
        const std::string_view inside = text_.substr(1, end - 1);
        text_.remove_prefix(end + 1);
        return inside;
    }
    bool truth() {
        skip_space();
        for (const auto& [word, value] : {std::pair<std::string_view, bool>{"True", true}, {"False", false}})
            if (text_.starts_with(word)) {
                text_.remove_prefix(word.size());
                return value;
            }
        fail(fmt::format("True or False expected, found {}", here()));
    }
    std::vector<std::int64_t> tuple() {
        std::vector<std::int64_t> numbers;
        expect('(');
        while (!take(')')) {
            skip_space();
            std::int64_t number = 0;
            const auto [end, error] = std::from_chars(text_.data(), text_.data() + text_.size(), number);
            if (error != std::errc() || number < 0) fail(fmt::format("a length expected, found {}", here()));
            text_.remove_prefix(static_cast<std::size_t>(end - text_.data()));
            take('L'); // a long integer of Python 2
            numbers.push_back(number);
            if (!take(',')) {
                expect(')');
                break;
            }
        }
        return numbers;
    }
    bool next_is(char wanted) {
        skip_space();
        return !text_.empty() && text_.front() == wanted;
    }

  private:
    void skip_space() {
        const std::size_t first = text_.find_first_not_of(" \t\r\n");
        text_.remove_prefix(std::min(first, text_.size()));
    }
    std::string here() const { return text_.empty() ? "its end" : fmt::format("'{}'", text_.substr(0, 20)); }
    std::string_view text_;
    const std::string& file_;
};

void read_description(std::string_view description, NpyHeader& header, const std::string& file) {
    const auto refuse = [&](const std::string& held) {
        return UserError(
            fmt::format("{} holds {} ('{}'); it must hold float16, float32 or float64, or int32 or int64 "
                        "where indices are asked for: save it with numpy.save(path, "
                        "array.astype(numpy.float32))",
                        file, held, description));
    };
    const char order = description.empty() ? '\0' : description.front();
    const std::string_view kind = description.substr(std::min<std::size_t>(1, description.size()));
    if (kind.starts_with('O')) throw refuse("Python objects");
    if (kind == "V2" || description == "bfloat16")
        throw UserError(
            fmt::format("{} holds two-byte elements without a type ('{}'), perhaps bfloat16, which NumPy's "
                        "files cannot name; save it as float32 and pass --dtype bf16",
                        file, description));
    if (order != '<' && order != '>' && order != '=') throw refuse("another type");
    if (kind == "f2") {
        header.type = NpyType::float16;
    } else if (kind == "f4") {
        header.type = NpyType::float32;
    } else if (kind == "f8") {
        header.type = NpyType::float64;
    } else if (kind == "i4") {
        header.type = NpyType::int32;
    } else if (kind == "i8") {
        header.type = NpyType::int64;
    } else {
        throw refuse("another type");
    }
    header.big_endian = order == '>';
}

} // namespace

NpyHeader parse_npy_header(std::string_view text, const std::string& file) {
    Literal literal(text, file);
    NpyHeader header;
    bool has_description = false, has_order = false, has_shape = false;
    literal.expect('{');
    while (!literal.take('}')) {
        const std::string_view key = literal.quoted();
        literal.expect(':');
        if (key == "descr") {
            if (literal.next_is('[') || literal.next_is('('))
                throw UserError(fmt::format(
                    "{} holds records of several fields; it must hold float16, float32 or float64", file));
            read_description(literal.quoted(), header, file);
            has_description = true;
        } else if (key == "fortran_order") {
            header.fortran_order = literal.truth();
            has_order = true;
        } else if (key == "shape") {
            header.shape = literal.tuple();
            has_shape = true;
        } else {
            literal.fail(fmt::format("unknown key '{}'", key));
        }
        if (!literal.take(',')) {
            literal.expect('}');
            break;
        }
    }
    if (!literal.at_end()) literal.fail("text after its end");
    if (!has_description) literal.fail("no 'descr'");
    if (!has_order) literal.fail("no 'fortran_order'");
    if (!has_shape) literal.fail("no 'shape'");
    return header;
}

std::string npy_header_text(NpyType type, std::span<const std::int64_t> shape) {
    std::string lengths;
    for (const auto length : shape) lengths += fmt::format("{},", length);
    if (shape.size() > 1) lengths.pop_back();
    std::string literal = fmt::format("{{'descr': '<{}{}', 'fortran_order': False, 'shape': ({}), }}",
                                      is_integer(type) ? 'i' : 'f', size_of(type), lengths);
    constexpr std::size_t before = 10, alignment = 64; // magic, version and length; newline at the end
    const std::size_t whole = (before + literal.size() + 1 + alignment - 1) / alignment * alignment;
    literal.append(whole - before - literal.size() - 1, ' ').push_back('\n');
    std::string text("\x93NUMPY\x01\x00", 8);
    text.push_back(static_cast<char>(literal.size() & 0xff));
    text.push_back(static_cast<char>(literal.size() >> 8));
    return text + literal;
}

} // namespace chela::cli
