# chela_llvm: LLVM and Clang, as shared libraries (the default) or inside the program (CHELA_STATIC_LLVM).
# Never both in one process: they would register the same command-line options twice.
add_library(chela_llvm INTERFACE)
target_include_directories(chela_llvm SYSTEM INTERFACE ${LLVM_INCLUDE_DIRS} ${CLANG_INCLUDE_DIRS})

if(NOT CHELA_STATIC_LLVM)
  target_link_libraries(chela_llvm INTERFACE clang-cpp LLVM)
else()
  # By name and not by LLVM's imported targets: in Debian those of Clang lead to the shared LLVM, and those of
  # LLVM to Z3 and libxml2, which nothing here uses.
  set(clang_libraries CodeGen Frontend Driver Serialization Parse Sema Analysis Edit ASTMatchers AST Lex APINotes
                      Support Basic)
  list(TRANSFORM clang_libraries PREPEND ${LLVM_LIBRARY_DIR}/libclang)
  list(TRANSFORM clang_libraries APPEND .a)
  execute_process(
    COMMAND ${LLVM_TOOLS_BINARY_DIR}/llvm-config --link-static --libfiles
            x86 orcjit passes object targetparser coverage lto option frontenddriver frontendhlsl frontendopenmp
            frontendoffloading windowsdriver
    OUTPUT_VARIABLE llvm_libraries OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
  separate_arguments(llvm_libraries)
  list(FILTER llvm_libraries EXCLUDE REGEX "Polly")
  chela_library(chela_polly_stub polly_stub.cpp)
  target_include_directories(chela_polly_stub SYSTEM PRIVATE ${LLVM_INCLUDE_DIRS})
  target_link_libraries(chela_llvm INTERFACE
    -Wl,--start-group ${clang_libraries} ${llvm_libraries} $<TARGET_FILE:chela_polly_stub> -Wl,--end-group z zstd rt dl m Threads::Threads)
  add_dependencies(chela_llvm chela_polly_stub)
  target_link_options(chela_llvm INTERFACE -Wl,--gc-sections)
endif()
