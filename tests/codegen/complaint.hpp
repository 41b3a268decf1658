#pragma once
// What a refusal says.

#include "codegen/error.hpp"

#include <string>

namespace chela::tests {

/// The message of the UserError that `action` throws; empty where it throws none.
template <class Action>
std::string complaint(const Action& action) {
    try {
        action();
    } catch (const UserError& error) {
        return error.what();
    }
    return {};
}

} // namespace chela::tests
