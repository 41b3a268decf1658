#pragma once
// A family small enough to be plainly right, so that tests can make its candidates wrong on purpose.
//
//     y = factor * x + carry,   total = carry + sum of x over length        x, y [batch, length, heads, dim]

#include "codegen/family.hpp"

namespace chela::test {

const Family& scale_add_family();
/// Throws UserError where the name is another.
const Family& find_test_family(std::string_view name);
Problem scale_add(DType, std::int64_t batch, std::int64_t length, std::int64_t heads, std::int64_t dim = 16,
                  std::int64_t alignment = 2);
/// What a candidate does wrong. Each is a value of the tunable `fault`.
enum class Fault {
    none,
    wrong_element,  ///< one element of a large output
    slightly_wrong, ///< every element, by three times the bound
    missing_row,    ///< one row of y is never written, seen wherever it lies
    guard_after,    ///< one row written behind y
    guard_before,   ///< one element written before total
    gap,            ///< y is written as if its rows were contiguous, where they are not
    input_written,
    workspace_overrun,
    odd_length, ///< the last row, at lengths that are not a multiple of 4
    last_head,
    last_head_slightly, ///< by eight times the bound: too little to see among thousands of right heads
    reads_outside,      ///< a row before x is added times zero
    reads_workspace,    ///< without having written it
    prepares,         ///< nothing wrong: a kernel of its own makes a copy of carry, which the other one uses
    prepared_overrun, ///< the same, and one float written behind it
    spoils_prepared,  ///< the same, and what was prepared serves one launch alone
    ignores_carry,
    throws_launch, ///< DeviceError from the launch, after which the device works
    breaks_device, ///< DeviceError from the launch and from everything later
    compile_error,
    unsteady, ///< its time varies
};
Config scale_add_config(Fault);
/// Of scale_add's results, for a dtype.
double scale_add_bound(DType);
/// Floats of workspace that each head of each sequence may use.
inline constexpr std::int64_t scale_add_workspace = 4;

} // namespace chela::test
