// Words as unit files have them: systemd's quoting, variables and specifiers. There is no shell.
// All functions are pure.
#pragma once

#include "squall/base/result.h"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace squall::labhost::init {

using Environment = std::map<std::string, std::string>;

// Splits at white space; "…" and '…' keep it, and C escapes are read (\n, \x41, \s for a space).
// An escape that is none stays as it is written, as systemd leaves it. A quote that is never
// closed is an error.
[[nodiscard]] Result<std::vector<std::string>> split_words(std::string_view text);

struct Word {
    std::string text;
    bool quoted = false; // some part of it was: a ';' in quotes separates no commands
};

// As split_words.
[[nodiscard]] Result<std::vector<Word>> split_marked_words(std::string_view text);

// %n (the unit), %i (its instance) and %%; any other specifier is an error.
[[nodiscard]] Result<std::string> resolve_specifiers(std::string_view text, std::string_view unit);

// One word for a unit file that split_words and resolve_specifiers turn back into `word`.
[[nodiscard]] std::string quoted_word(std::string_view word);

// What systemd does with variables in a command line: ${NAME} anywhere becomes its value; a word
// that is just $NAME becomes the value's words, none included; $$ becomes $. Unknown names are
// empty. The program itself, the first word, is never touched.
[[nodiscard]] std::vector<std::string> expand_variables(const std::vector<std::string>& words,
                                                        const Environment& environment);

// Adds "NAME=value"; false where that is no assignment to a variable.
[[nodiscard]] bool assign(Environment& environment, std::string_view assignment);

// The text of an EnvironmentFile=: NAME=value lines, comments, quotes. Lines that are no
// assignment are skipped, as systemd skips them.
[[nodiscard]] Environment parse_environment_file(std::string_view text);

} // namespace squall::labhost::init
