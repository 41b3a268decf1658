# With CHELA_STATIC_LLVM a program needs, beside glibc and libstdc++, only libz, libzstd and libtbb.so.12, which Debian has
# as a shared library alone: it is copied into the build folder, and programs look for it in their own folder first.

# fmt and spdlog: compiled from their headers; nothing then refers to the shared libraries, and the linker drops them.
set_target_properties(fmt::fmt PROPERTIES INTERFACE_COMPILE_DEFINITIONS FMT_HEADER_ONLY=1)
set_target_properties(spdlog::spdlog PROPERTIES INTERFACE_COMPILE_DEFINITIONS SPDLOG_FMT_EXTERNAL)
target_link_options(chela_runtime INTERFACE LINKER:--as-needed)

find_library(sqlite3_static_library libsqlite3.a REQUIRED)
set_target_properties(SQLite::SQLite3 PROPERTIES
  IMPORTED_LOCATION ${sqlite3_static_library} INTERFACE_LINK_LIBRARIES "m;${CMAKE_DL_LIBS};Threads::Threads")
find_library(xxhash_static_library libxxhash.a REQUIRED)
set(xxhash_LIBRARY ${xxhash_static_library})

set(CMAKE_BUILD_RPATH $ORIGIN PARENT_SCOPE) # for the folders after this one, where the programs are
set(CMAKE_INSTALL_RPATH $ORIGIN PARENT_SCOPE)
add_custom_command(TARGET chela_runtime POST_BUILD
  COMMAND ${CMAKE_COMMAND} -E copy_if_different $<TARGET_FILE:TBB::tbb> ${CMAKE_BINARY_DIR}/$<TARGET_SONAME_FILE_NAME:TBB::tbb>)
