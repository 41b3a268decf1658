# Writes OUTPUT, a C++ file with the commit that ROOT is at, "-dirty" behind it where files differ from it. Where ROOT is
# no checkout, the environment variable CHELA_COMMIT says it. An unchanged file is left alone, so that nothing is compiled again.
set(commit "$ENV{CHELA_COMMIT}")
if(NOT commit)
  execute_process(COMMAND git -C ${ROOT} rev-parse --show-prefix HEAD
                  OUTPUT_VARIABLE lines ERROR_QUIET RESULT_VARIABLE failed OUTPUT_STRIP_TRAILING_WHITESPACE)
  if(NOT failed AND lines MATCHES "^\n?([0-9a-f]+)$") # the prefix is empty: ROOT is the checkout and does not lie in another's
    set(commit ${CMAKE_MATCH_1})
    execute_process(COMMAND git -C ${ROOT} status --porcelain --untracked-files=no OUTPUT_VARIABLE changes ERROR_QUIET)
    if(changes)
      string(APPEND commit "-dirty")
    endif()
  else()
    set(commit "unknown")
  endif()
endif()
set(text "namespace chela {\n\nextern const char* const build_commit;\nconst char* const build_commit = \"${commit}\";\n\n} // namespace chela\n")
if(EXISTS ${OUTPUT})
  file(READ ${OUTPUT} before)
endif()
if(NOT text STREQUAL before)
  file(WRITE ${OUTPUT} "${text}")
endif()
