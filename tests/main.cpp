#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

/// Of the thread sanitizer: what oneTBB does inside with memset and its kin is not ours to judge.
extern "C" const char* __tsan_default_options() { // NOLINT(bugprone-reserved-identifier): its name
    return "ignore_noninstrumented_modules=1";
}
