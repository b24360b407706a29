// What a process passes on to the program that it becomes.
#pragma once

namespace squall::labhost {

// Every signal as a program expects it at its start: not ignored, not blocked. Also the two that
// glibc keeps for itself and its posix_spawn leaves ignored (32 and 33), which glibc's own calls
// cannot set back. Safe between fork and exec.
void reset_signals();

} // namespace squall::labhost
