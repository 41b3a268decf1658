#pragma once
// A Schema says which named values something has (the traits of a family, the tunables of an algorithm) and
// what each may be; Values holds them. Every key, JSON object, emitted struct, help text and log line is made
// from these two, so a field that is added is never forgotten in one of them.

#include <array>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace chela {

struct Field {
    enum class Kind { integer, boolean, choice };
    std::string name; ///< as in the key, the JSON and (with dashes) on the command line
    std::string help; ///< one line
    Kind kind = Kind::integer;
    std::int64_t minimum = 0;
    std::int64_t maximum = 1;
    std::int64_t fallback = 0;        ///< the value where none is given
    std::vector<std::string> choices; ///< names of the values 0, 1, … of a choice
    std::vector<std::int64_t> search; ///< candidate values, for tunables only

    static Field integer(std::string name, std::int64_t minimum, std::int64_t maximum, std::int64_t fallback,
                         std::string help);
    static Field boolean(std::string name, bool fallback, std::string help);
    static Field choice(std::string name, std::vector<std::string> choices, std::int64_t fallback,
                        std::string help);
    /// The same field with the values a tuner may try.
    Field over(std::vector<std::int64_t> candidates) const;

    /// The value written as text ("128", "true", "bf16"). Throws UserError naming the field, the text and the
    /// range.
    std::int64_t parse(std::string_view text) const;
    std::string text(std::int64_t value) const;
    /// Throws UserError where the value is out of range.
    void check(std::int64_t value) const;
    /// "16 to 256", "true or false", "bf16, fp16 or fp32".
    std::string range() const;
};

using Schema = std::vector<Field>;

/// Values of one schema, in its order. Cheap to copy, compare and hash: no allocation.
class Values {
  public:
    static constexpr std::size_t capacity = 24;

    Values() = default;
    /// Every field at its fallback. The schema must outlive the values (schemas live as long as the program).
    explicit Values(const Schema& schema);

    std::int64_t operator[](std::string_view name) const; ///< throws UserError on an unknown name
    bool has(std::string_view name) const { return index_of(name) >= 0; }
    std::string text(std::string_view name) const;

    Values& set(std::string_view name, std::int64_t value);      ///< checks the range
    Values& parse(std::string_view name, std::string_view text); ///< checks name and range

    const Schema& schema() const;
    std::span<const std::int64_t> raw() const { return {values_.data(), size_}; }
    std::int64_t at(std::size_t index) const { return values_[index]; }

    /// "head_dim=128 value_dim=64 causal=true": canonical, complete, in schema order.
    std::string to_string() const;
    std::size_t hash() const;
    friend bool operator==(const Values& a, const Values& b);

  private:
    int index_of(std::string_view name) const;
    std::size_t require(std::string_view name) const;
    const Schema* schema_ = nullptr;
    std::size_t size_ = 0;
    std::array<std::int64_t, capacity> values_{};
};

} // namespace chela
