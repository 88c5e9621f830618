# `cpack` makes a Debian package of what `cmake --install` puts under /usr; scripts/package does all of it.
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME mailslot)
set(CPACK_PACKAGE_CONTACT "The mailslot project <root@localhost>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "named one-way messages to a process, a machine, a domain or every machine")
set(CPACK_PACKAGE_DESCRIPTION "Library, command, post office daemon, manual pages and shell completion.
 The Windows mailslot, portable: fire and forget, without a server.")
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS_PRIVATE_DIRS ${PROJECT_BINARY_DIR}/lib)
set(scripts ${PROJECT_SOURCE_DIR}/packaging/deb)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA ${scripts}/postinst ${scripts}/prerm ${scripts}/postrm)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
# The units name the program by its final place, so that must be the prefix while they are made.
set(CPACK_SET_DESTDIR ON)
set(CPACK_STRIP_FILES ON)
include(CPack)
