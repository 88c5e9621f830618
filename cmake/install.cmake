# What `cmake --install` puts where. Everything finds its neighbours from its own place, so that a tree may be moved.
include(CMakePackageConfigHelpers)

if(IS_ABSOLUTE "${CMAKE_INSTALL_LIBDIR}" OR IS_ABSOLUTE "${CMAKE_INSTALL_INCLUDEDIR}")
    message(FATAL_ERROR "CMAKE_INSTALL_LIBDIR and CMAKE_INSTALL_INCLUDEDIR must be relative to the prefix")
endif()
set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/mailslot)

install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/mailslot DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})

# Two sets: programs that use the shared library must not need libsodium's own headers and .pc file.
install(TARGETS mailslot EXPORT mailslot LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(TARGETS mailslot_static EXPORT mailslot_static ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(EXPORT mailslot NAMESPACE mailslot:: FILE mailslot-targets.cmake DESTINATION ${package_dir})
install(EXPORT mailslot_static NAMESPACE mailslot:: FILE mailslot-static-targets.cmake DESTINATION ${package_dir})
configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/mailslot-config.cmake.in mailslot-config.cmake
                              INSTALL_DESTINATION ${package_dir} NO_SET_AND_CHECK_MACRO)
write_basic_package_version_file(mailslot-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/mailslot-config.cmake ${PROJECT_BINARY_DIR}/mailslot-config-version.cmake
        DESTINATION ${package_dir})

# From the folder of mailslot.pc back to the prefix: "../.." for lib/pkgconfig, "../../.." for lib/x86_64-linux-gnu.
set(pc_dir ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
file(RELATIVE_PATH MAILSLOT_PC_PREFIX /prefix/${pc_dir} /prefix)
string(REGEX REPLACE "/$" "" MAILSLOT_PC_PREFIX "${MAILSLOT_PC_PREFIX}")
configure_file(${CMAKE_CURRENT_LIST_DIR}/mailslot.pc.in mailslot.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/mailslot.pc DESTINATION ${pc_dir})

if(TARGET mailslot_command)
    install(TARGETS mailslot_command RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endif()

# Commands that are programs of their own. The command looks for them beside its own folder.
get_property(separate_programs GLOBAL PROPERTY MAILSLOT_SEPARATE_PROGRAMS)
if(separate_programs)
    install(TARGETS ${separate_programs} RUNTIME DESTINATION libexec/mailslot)
endif()

# The daemon, and what starts it. Units name it by its path, which the prefix decides when it is installed.
if(TARGET mailslot_daemon)
    set(MAILSLOT_UNITDIR lib/systemd CACHE STRING "Where units go: system/ and user/ below it")
    install(TARGETS mailslot_daemon RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
    foreach(kind system user)
        set(from ${PROJECT_SOURCE_DIR}/packaging/systemd/${kind})
        file(GLOB units CONFIGURE_DEPENDS ${from}/*.socket)
        install(CODE "set(MAILSLOTD \"\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_BINDIR}/mailslotd\")
            configure_file(\"${from}/mailslotd.service.in\" \"${PROJECT_BINARY_DIR}/systemd/${kind}/mailslotd.service\" @ONLY)")
        install(FILES ${PROJECT_BINARY_DIR}/systemd/${kind}/mailslotd.service ${units}
                DESTINATION ${MAILSLOT_UNITDIR}/${kind})
    endforeach()
    install(FILES ${PROJECT_SOURCE_DIR}/packaging/systemd/classic-wire.conf
            DESTINATION ${CMAKE_INSTALL_DATADIR}/mailslot)
    install(FILES ${PROJECT_SOURCE_DIR}/packaging/sysusers.conf DESTINATION lib/sysusers.d RENAME mailslot.conf)
    install(FILES ${PROJECT_SOURCE_DIR}/packaging/tmpfiles.conf DESTINATION lib/tmpfiles.d RENAME mailslot.conf)
    install(FILES ${PROJECT_SOURCE_DIR}/packaging/sysctl.conf DESTINATION lib/sysctl.d RENAME 50-mailslot.conf)
endif()

# Manual pages: docs/man/mailslot-put.1.scd becomes share/man/man1/mailslot-put.1.
find_program(SCDOC scdoc)
mark_as_advanced(SCDOC)
if(SCDOC AND NOT TARGET man)
    file(GLOB pages CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/docs/man/*.scd)
    set(made)
    foreach(source ${pages})
        cmake_path(GET source STEM LAST_ONLY name)
        string(REGEX MATCH "[0-9]$" section ${name})
        set(page ${PROJECT_BINARY_DIR}/man/${name})
        file(MAKE_DIRECTORY ${PROJECT_BINARY_DIR}/man)
        add_custom_command(OUTPUT ${page} COMMAND ${SCDOC} < ${source} > ${page}.new
                           COMMAND ${CMAKE_COMMAND} -E rename ${page}.new ${page} DEPENDS ${source} VERBATIM)
        list(APPEND made ${page})
        install(FILES ${page} DESTINATION ${CMAKE_INSTALL_MANDIR}/man${section})
    endforeach()
    add_custom_target(man ALL DEPENDS ${made})
endif()

set(completion ${PROJECT_SOURCE_DIR}/packaging/completion)
install(FILES ${completion}/mailslot.bash DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions RENAME mailslot)
install(FILES ${completion}/_mailslot DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions)
install(FILES ${completion}/mailslot.fish DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d)
install(FILES ${PROJECT_SOURCE_DIR}/LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})
