# chela_test(NAME LABEL SOURCES… LIBRARIES…): one doctest program, registered with ctest under its folder's label.
# Programs that do not link chela_runtime need no LLVM: they are built and run under the address and undefined
# behaviour sanitizers by `./dev test`. THREADS adds one to the programs run under the thread sanitizer too.
add_custom_target(chela_tests_address) # what `ctest -L address` runs
add_custom_target(chela_tests_thread)  # what `ctest -L thread` runs

function(chela_test name label)
  cmake_parse_arguments(PARSE_ARGV 2 arg "THREADS" "" "SOURCES;LIBRARIES")
  chela_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE ${arg_LIBRARIES} doctest::doctest)
  set(labels ${label})
  if(NOT "chela_runtime" IN_LIST arg_LIBRARIES)
    add_dependencies(chela_tests_address ${name})
    list(APPEND labels address)
  endif()
  if(arg_THREADS)
    add_dependencies(chela_tests_thread ${name})
    list(APPEND labels thread)
  endif()
  add_test(NAME ${name} COMMAND ${name})
  set_tests_properties(${name} PROPERTIES LABELS "${labels}")
endfunction()
