# Our own code is compiled with warnings as errors; headers of dependencies are system headers.
function(chela_own_code target)
  target_compile_features(${target} PUBLIC cxx_std_20)
  target_compile_options(${target} PRIVATE -Wall -Wextra -Wshadow -Wconversion -Wno-sign-conversion
                         -Wno-restrict # g++ 12 sees overlaps in "literal" + string that are not there (its bug 105329)
                         -Wno-missing-field-initializers # designated initialisers leave out what keeps its default
                         -Werror)
  target_include_directories(${target} PUBLIC $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}>)
  if(CHELA_SANITIZE)
    # g++ loses track of initialisation in code with sanitizer checks: -Wmaybe-uninitialized is for the other builds.
    target_compile_options(${target} PRIVATE -fsanitize=${CHELA_SANITIZE} -fno-omit-frame-pointer
                                             -fno-sanitize-recover=all -Wno-maybe-uninitialized)
    target_link_options(${target} PUBLIC -fsanitize=${CHELA_SANITIZE})
  endif()
endfunction()

function(chela_library target)
  add_library(${target} STATIC ${ARGN})
  chela_own_code(${target})
endfunction()

function(chela_executable target)
  add_executable(${target} ${ARGN})
  chela_own_code(${target})
endfunction()
