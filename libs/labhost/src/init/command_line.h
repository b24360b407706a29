// One command of a unit: what ExecStart= and its kin hold. Pure.
#pragma once

#include "squall/base/result.h"

#include <string>
#include <string_view>
#include <vector>

namespace squall::labhost::init {

struct CommandLine {
    std::vector<std::string> words; // words[0] is a path, or a name that PATH resolves; see words.h
    bool ignores_failure = false;   // prefix '-'
    bool expands_variables = true;  // prefix ':' turns it off

    [[nodiscard]] std::string text() const; // as `systemctl status` shows it
    friend bool operator==(const CommandLine&, const CommandLine&) = default;
};

// The commands of one assignment: several where a ';' stands alone, none in an empty text. The
// prefixes '+' and '!' are about privileges, which every service of a lab host has; '@' is refused.
// `unit` is the unit's name, for specifiers.
[[nodiscard]] Result<std::vector<CommandLine>> parse_commands(std::string_view text,
                                                              std::string_view unit);

} // namespace squall::labhost::init
