# Finds what packages.txt lists. CUDA is not there: libcuda and libnvrtc are opened with dlopen when the program runs.
# macro, because find_package's variables (LLVM_INCLUDE_DIRS, …) are wanted in the caller's scope.
macro(chela_require purpose)
  file(STRINGS ${PROJECT_SOURCE_DIR}/cmake/packages.txt chela_rows REGEX "^${purpose} ")
  foreach(chela_row IN LISTS chela_rows)
    string(REGEX MATCHALL "[^ ]+" chela_row "${chela_row}")
    list(POP_FRONT chela_row chela_purpose chela_package chela_name chela_version)
    if(NOT chela_name STREQUAL "-")
      find_package(${chela_name} ${chela_version} QUIET)
      if(NOT ${chela_name}_FOUND)
        message(FATAL_ERROR "chela needs ${chela_name} ${chela_version} or newer"
                " (found: ${${chela_name}_CONSIDERED_VERSIONS}; looked in ${${chela_name}_CONSIDERED_CONFIGS}). "
                "On Debian 12: apt-get install ${chela_package}, or let ./dev build do it.")
      endif()
    endif()
  endforeach()
endmacro()

list(APPEND CMAKE_PREFIX_PATH /usr/lib/llvm-19) # where Debian keeps it
set(THREADS_PREFER_PTHREAD_FLAG ON)
find_package(Threads REQUIRED)
chela_require(build)
if(CHELA_TESTS)
  chela_require(tests)
endif()
if(CHELA_BENCHMARKS)
  chela_require(bench)
endif()
