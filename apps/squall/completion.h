// What a shell may put where its user pressed Tab. The shells' own scripts are a few lines that ask
// here, so that all of them know the same.
#pragma once

#include "cli.h"
#include "squall/experiment/fault.h"

#include <string>
#include <vector>

namespace squall::app {

// The line that asks the shell for names of files.
inline constexpr const char* completion_files = ":files";

// Candidates for the last of `words` (what stands after `squall`; the last one may be empty). Bash
// breaks words at '=': what it gives as NAME, =, VALUE is understood, and completed from VALUE on.
[[nodiscard]] std::vector<std::string> complete(std::vector<std::string> words,
                                                const experiment::FaultTable& faults,
                                                const std::vector<std::string>& runs);

// The script for bash, zsh or fish; empty for another word.
[[nodiscard]] std::string completion_script(std::string_view shell);

[[nodiscard]] int run_command(const CompletionCommand& command,
                              const experiment::FaultTable& faults);

} // namespace squall::app
