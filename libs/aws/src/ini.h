// AWS's shared files as Python's configparser, and so botocore, reads them: keys without case, '='
// or ':' between key and value, '#' and ';' only at the start of a line, deeper indented lines
// belong to the value above, and a value that begins on the next line is a block of its own.
#pragma once

#include "squall/base/result.h"

#include <functional>
#include <map>
#include <string>
#include <string_view>

namespace squall::aws {

struct IniOption {
    std::string value; // empty where there is a block
    std::map<std::string, std::string, std::less<>> block;
    int line = 0;
};

using IniSection = std::map<std::string, IniOption, std::less<>>; // keys in lower case

struct IniFile {
    std::map<std::string, IniSection, std::less<>> sections; // as written between the brackets
};

// `name` is for messages, which say "name:line: what is wrong" and never show a line's text: it may
// be a secret.
[[nodiscard]] Result<IniFile> parse_ini(std::string_view text, std::string_view name);

} // namespace squall::aws
