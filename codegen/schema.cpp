#include "codegen/schema.hpp"

#include "codegen/error.hpp"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>
#include <stdexcept>

namespace chela {

Field Field::integer(std::string name, std::int64_t minimum, std::int64_t maximum, std::int64_t fallback,
                     std::string help) {
    return {std::move(name), std::move(help), Kind::integer, minimum, maximum, fallback, {}, {}};
}

Field Field::boolean(std::string name, bool fallback, std::string help) {
    return {std::move(name), std::move(help), Kind::boolean, 0, 1, fallback ? 1 : 0, {}, {}};
}

Field Field::choice(std::string name, std::vector<std::string> choices, std::int64_t fallback,
                    std::string help) {
    const auto last = static_cast<std::int64_t>(choices.size()) - 1;
    return {std::move(name), std::move(help), Kind::choice, 0, last, fallback, std::move(choices), {}};
}

Field Field::over(std::vector<std::int64_t> candidates) const {
    Field field = *this;
    field.search = std::move(candidates);
    return field;
}

std::string Field::range() const {
    if (kind == Kind::boolean) return "true or false";
    if (kind == Kind::integer) return fmt::format("{} to {}", minimum, maximum);
    std::string text;
    for (std::size_t i = 0; i < choices.size(); ++i)
        text += (i == 0 ? "" : i + 1 == choices.size() ? " or " : ", ") + choices[i];
    return text;
}

std::int64_t Field::parse(std::string_view text) const {
    const auto refuse = [&] {
        return UserError(fmt::format("{} is '{}'; it must be {}", name, text, range()));
    };
    if (kind == Kind::boolean) {
        if (text == "true" || text == "1") return 1;
        if (text == "false" || text == "0") return 0;
        throw refuse();
    }
    if (kind == Kind::choice) {
        const auto found = std::find(choices.begin(), choices.end(), text);
        if (found == choices.end()) throw refuse();
        return found - choices.begin();
    }
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size()) throw refuse();
    check(value);
    return value;
}

std::string Field::text(std::int64_t value) const {
    if (kind == Kind::boolean) return value ? "true" : "false";
    if (kind == Kind::choice) return choices.at(static_cast<std::size_t>(value));
    return std::to_string(value);
}

void Field::check(std::int64_t value) const {
    if (value < minimum || value > maximum)
        throw UserError(fmt::format("{} is {}; it must be {}", name, value, range()));
}

Values::Values(const Schema& schema) : schema_(&schema), size_(schema.size()) {
    if (size_ > capacity) throw std::logic_error("schema of more than Values::capacity fields");
    for (std::size_t i = 0; i < size_; ++i) values_[i] = schema[i].fallback;
}

int Values::index_of(std::string_view name) const {
    for (std::size_t i = 0; i < size_; ++i)
        if ((*schema_)[i].name == name) return static_cast<int>(i);
    return -1;
}

std::size_t Values::require(std::string_view name) const {
    const int index = index_of(name);
    if (index >= 0) return static_cast<std::size_t>(index);
    std::string known;
    for (std::size_t i = 0; i < size_; ++i) known += (i ? ", " : "") + (*schema_)[i].name;
    throw UserError(fmt::format("there is no '{}'; known are: {}", name, known.empty() ? "none" : known));
}

std::int64_t Values::operator[](std::string_view name) const { return values_[require(name)]; }

std::string Values::text(std::string_view name) const {
    const auto index = require(name);
    return (*schema_)[index].text(values_[index]);
}

Values& Values::set(std::string_view name, std::int64_t value) {
    const auto index = require(name);
    (*schema_)[index].check(value);
    values_[index] = value;
    return *this;
}

Values& Values::parse(std::string_view name, std::string_view text) {
    const auto index = require(name);
    values_[index] = (*schema_)[index].parse(text);
    return *this;
}

const Schema& Values::schema() const {
    static const Schema empty;
    return schema_ ? *schema_ : empty;
}

std::string Values::to_string() const {
    std::string text;
    for (std::size_t i = 0; i < size_; ++i)
        text += fmt::format("{}{}={}", i ? " " : "", (*schema_)[i].name, (*schema_)[i].text(values_[i]));
    return text;
}

std::size_t Values::hash() const {
    std::uint64_t hash = 0xcbf29ce484222325ULL; // FNV-1a over the values
    for (std::size_t i = 0; i < size_; ++i)
        hash = (hash ^ static_cast<std::uint64_t>(values_[i])) * 0x100000001b3ULL;
    return static_cast<std::size_t>(hash);
}

bool operator==(const Values& a, const Values& b) {
    return a.schema_ == b.schema_ && std::ranges::equal(a.raw(), b.raw());
}

} // namespace chela
