# One shape for every library: include/squall/NAME/*.h  src/**/*.cc  tests/*_test.cc  fuzz/*_fuzz.cc

add_library(squall_warnings INTERFACE)
target_compile_options(squall_warnings INTERFACE
    -Wall -Wextra -Wno-missing-field-initializers -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wold-style-cast -Wnon-virtual-dtor
    -Wcast-align -Woverloaded-virtual -Wformat -Wformat-security -Wundef -Wimplicit-fallthrough)

if(CMAKE_CXX_COMPILER_ID STREQUAL GNU)
    # g++ 12 sees overlapping copies in std::string's own operator+ (GCC bug 105651).
    target_compile_options(squall_warnings INTERFACE -Wno-restrict)
    if(SQUALL_PCH)
        # In a precompiled header the standard library's own is not known as such: what g++ 12 thinks of a
        # string's move is told then. clang looks at the same sources.
        target_compile_options(squall_warnings INTERFACE -Wno-array-bounds -Wno-stringop-overread -Wno-stringop-overflow)
    endif()
endif()

if(SQUALL_STATIC)
    # One section per function lets the linker drop what a binary never calls.
    add_compile_options(-ffunction-sections -fdata-sections)
endif()

# A target's sources may still not rely on these: builds with ccache compile without them.
function(squall_pch target)
    file(GENERATE OUTPUT ${PROJECT_BINARY_DIR}/${target}.cc CONTENT "")
    add_library(${target} OBJECT ${PROJECT_BINARY_DIR}/${target}.cc)
    target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR}/libs/base/include)
    target_link_libraries(${target} PRIVATE squall_warnings)
    target_precompile_headers(${target} PRIVATE <algorithm> <array> <filesystem> <functional> <map> <memory> <optional> <set> <span>
        <string> <string_view> <vector> <squall/base/clock.h> <squall/base/json.h> <fmt/format.h> ${ARGN})
endfunction()

if(SQUALL_PCH)
    squall_pch(squall_pch)
    if(SQUALL_TESTS)
        squall_pch(squall_test_pch <gtest/gtest.h>)
        target_compile_options(squall_test_pch PRIVATE -O0)
        target_link_libraries(squall_test_pch PRIVATE GTest::gtest)
    endif()
endif()

function(squall_precompile target from)
    if(SQUALL_PCH)
        target_precompile_headers(${target} REUSE_FROM ${from})
    endif()
endfunction()

function(squall_library name)
    cmake_parse_arguments(arg "" "" "USES;LINKS" ${ARGN})
    file(GLOB_RECURSE sources CONFIGURE_DEPENDS src/*.cc)
    add_library(squall_${name} STATIC ${sources})
    target_include_directories(squall_${name} PUBLIC include PRIVATE src)
    foreach(used IN LISTS arg_USES)
        target_link_libraries(squall_${name} PUBLIC squall_${used})
    endforeach()
    target_link_libraries(squall_${name} PUBLIC ${arg_LINKS} PRIVATE squall_warnings)
    # What is compiled with options of its own cannot share them.
    if(NOT name STREQUAL transport)
        squall_precompile(squall_${name} squall_pch)
    endif()
    squall_tests(${name})
    squall_fuzzers(${name})
endfunction()

function(squall_tests name)
    if(NOT SQUALL_TESTS)
        return()
    endif()
    file(GLOB tests CONFIGURE_DEPENDS tests/*.cc)
    if(NOT tests)
        return()
    endif()
    add_executable(${name}_test ${tests})
    target_include_directories(${name}_test PRIVATE src tests ${PROJECT_SOURCE_DIR}/libs/base/testing)
    target_link_libraries(${name}_test PRIVATE squall_${name} squall_warnings GTest::gtest GTest::gtest_main)
    # What tests is compiled once for each time it runs: half the time without optimising, while what is tested keeps its preset's.
    target_compile_options(${name}_test PRIVATE -O0)
    squall_precompile(${name}_test squall_test_pch)
    target_compile_definitions(${name}_test PRIVATE SQUALL_TEST_DATA="${CMAKE_CURRENT_SOURCE_DIR}/tests/data")
    gtest_discover_tests(${name}_test TEST_PREFIX "${name}." PROPERTIES LABELS ${name} DISCOVERY_TIMEOUT 60)
endfunction()

function(squall_fuzzers name)
    if(NOT SQUALL_FUZZ)
        return()
    endif()
    file(GLOB fuzzers CONFIGURE_DEPENDS fuzz/*_fuzz.cc)
    foreach(source IN LISTS fuzzers)
        get_filename_component(target ${source} NAME_WE)
        add_executable(${target} ${source})
        target_include_directories(${target} PRIVATE src)
        target_link_libraries(${target} PRIVATE squall_${name})
        get_target_property(definitions squall_${name} COMPILE_DEFINITIONS)
        if(definitions)
            target_compile_definitions(${target} PRIVATE ${definitions})
        endif()
        target_link_options(${target} PRIVATE -fsanitize=fuzzer)
        set_target_properties(${target} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/fuzz)
    endforeach()
endfunction()
