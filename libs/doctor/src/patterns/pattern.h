// What a sign is told by: a text, or a regular expression. Case does not count in either.
#pragma once

#include "squall/base/result.h"

#include <re2/re2.h>

#include <string>
#include <string_view>
#include <vector>

namespace squall::doctor {

struct Pattern {
    std::string text;
    bool is_regex = false; // else these very characters; a regex is RE2's syntax, within one line
};

// A pattern as people write it: /a regex/ between slashes, else plain text.
[[nodiscard]] Pattern pattern_of(std::string_view written);

// invalid_input says why it cannot be meant.
[[nodiscard]] Result<void> check(const Pattern& pattern);

// Of any bytes.
[[nodiscard]] re2::RE2::Options regex_options();

// Wherever the pattern fits, one of these texts is, in small letters. As long ones as it has; empty
// where it can fit without any of two characters or more.
[[nodiscard]] std::vector<std::string> needed_texts(const Pattern& pattern);

} // namespace squall::doctor
