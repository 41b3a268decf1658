# What an embedder sees: the target chela::chela, in a project that adds this one as a folder and in one that finds it
# installed or in its build folder; and the program. Components: `development` (library, headers), `program`.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(libraries chela_codegen chela_templates chela_tuner chela_core chela_runtime chela_llvm)
foreach(library IN LISTS libraries)
  string(REPLACE "chela_" "" name ${library})
  set_target_properties(${library} PROPERTIES EXPORT_NAME ${name})
endforeach()
set_target_properties(chela_runtime PROPERTIES EXPORT_NAME chela)
add_library(chela::chela ALIAS chela_runtime)
set(headers ${CMAKE_INSTALL_INCLUDEDIR}/chela)

if(NOT CHELA_STATIC_LLVM)
  set(package ${CMAKE_INSTALL_LIBDIR}/cmake/chela)
  install(TARGETS ${libraries} EXPORT chela COMPONENT development INCLUDES DESTINATION ${headers})
  install(DIRECTORY ${PROJECT_SOURCE_DIR}/runtime/include/ DESTINATION ${headers} COMPONENT development)
  foreach(folder codegen templates tuner runtime)
    install(DIRECTORY ${PROJECT_SOURCE_DIR}/${folder} DESTINATION ${headers} COMPONENT development
            FILES_MATCHING PATTERN "*.hpp" PATTERN include EXCLUDE)
  endforeach()
  install(EXPORT chela NAMESPACE chela:: FILE chelaTargets.cmake DESTINATION ${package} COMPONENT development)
  export(EXPORT chela NAMESPACE chela:: FILE ${PROJECT_BINARY_DIR}/chelaTargets.cmake)
  write_basic_package_version_file(${PROJECT_BINARY_DIR}/chelaConfigVersion.cmake COMPATIBILITY SameMinorVersion)
  configure_file(${PROJECT_SOURCE_DIR}/cmake/chelaConfig.cmake.in ${PROJECT_BINARY_DIR}/chelaConfig.cmake @ONLY)
  install(FILES ${PROJECT_BINARY_DIR}/chelaConfig.cmake ${PROJECT_BINARY_DIR}/chelaConfigVersion.cmake
          DESTINATION ${package} COMPONENT development)
  install(TARGETS chela RUNTIME COMPONENT program)
else()
  # The program and the libraries beside LLVM that a machine may lack; those of g++ and glibc are on every machine.
  set(private_libraries ${CMAKE_INSTALL_LIBDIR}/chela)
  file(RELATIVE_PATH to_libraries ${CMAKE_INSTALL_FULL_BINDIR} ${CMAKE_INSTALL_FULL_LIBDIR}/chela)
  set_target_properties(chela PROPERTIES INSTALL_RPATH "$ORIGIN/${to_libraries}")
  target_link_options(chela PRIVATE -Wl,--disable-new-dtags) # the path serves the libraries' own libraries too
  install(TARGETS chela RUNTIME_DEPENDENCY_SET shared RUNTIME COMPONENT program)
  install(RUNTIME_DEPENDENCY_SET shared DESTINATION ${private_libraries} COMPONENT program
          PRE_EXCLUDE_REGEXES "^ld-linux" "^lib(c|m|dl|rt|pthread|stdc\\+\\+|gcc_s)\\.so")
  install(FILES ${PROJECT_SOURCE_DIR}/LICENSE ${PROJECT_SOURCE_DIR}/README.md DESTINATION ${CMAKE_INSTALL_DOCDIR}
          COMPONENT program)
endif()
