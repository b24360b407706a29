# Writes OUTPUT, a header with the commit that is built, where it differs: run by every build, so that
# it is never the one of an earlier configuration. "unknown" where there is no git, or no repository.
set(commit "unknown")
find_program(git git)
if(git)
    execute_process(COMMAND ${git} -C ${SOURCE} describe --always --abbrev=12 --dirty --exclude=*
                    OUTPUT_VARIABLE described OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE failed)
    if(NOT failed AND described)
        set(commit ${described})
    endif()
endif()
set(text "#pragma once\n\n#define SQUALL_COMMIT \"${commit}\"\n")
if(EXISTS ${OUTPUT})
    file(READ ${OUTPUT} before)
endif()
if(NOT "${before}" STREQUAL "${text}")
    file(WRITE ${OUTPUT} "${text}")
endif()
