# Debian packages only; docs/ARCHITECTURE.md says what each one saves.
find_package(Threads REQUIRED)
find_package(OpenSSL REQUIRED)

if(SQUALL_STATIC)
    set(CMAKE_FIND_LIBRARY_SUFFIXES .a)
endif()

function(squall_import name library header)
    find_library(${name}_LIBRARY ${library} REQUIRED)
    find_path(${name}_INCLUDE ${header} REQUIRED)
    add_library(dep::${name} UNKNOWN IMPORTED GLOBAL)
    set_target_properties(dep::${name} PROPERTIES
        IMPORTED_LOCATION ${${name}_LIBRARY} INTERFACE_INCLUDE_DIRECTORIES ${${name}_INCLUDE})
endfunction()

squall_import(boost_json boost_json boost/json.hpp)
squall_import(cares cares ares.h)
squall_import(sqlite3 sqlite3 sqlite3.h)
squall_import(yaml yaml yaml.h)
squall_import(pugixml pugixml pugixml.hpp)
squall_import(z z zlib.h)
squall_import(archive archive archive.h)
squall_import(nghttp2 nghttp2 nghttp2/nghttp2.h)
squall_import(re2 re2 re2/re2.h)
# Debian has it for x86 only; elsewhere RE2 does its work.
if(CMAKE_SYSTEM_PROCESSOR STREQUAL x86_64)
    squall_import(hyperscan hs hs/hs.h)
endif()

# OpenSSL's own module looks for shared objects first: ask for the archives by name.
function(squall_static_dependency target library)
    if(SQUALL_STATIC)
        find_library(${library}_ARCHIVE ${library} REQUIRED)
        add_library(dep::${target} UNKNOWN IMPORTED GLOBAL)
        set_target_properties(dep::${target} PROPERTIES IMPORTED_LOCATION ${${library}_ARCHIVE})
    endif()
endfunction()

if(SQUALL_STATIC)
    squall_static_dependency(ssl ssl)
    squall_static_dependency(crypto crypto)
    target_link_libraries(dep::ssl INTERFACE dep::crypto)
else()
    add_library(dep::ssl ALIAS OpenSSL::SSL)
    add_library(dep::crypto ALIAS OpenSSL::Crypto)
endif()
