// Command lines as getopt_long(3) reads them, with its messages: the tools are scripted against.
#pragma once

#include "squall/base/result.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace squall::labhost::init {

struct OptionSpec {
    enum class Value { none, needed, optional };

    std::string_view name; // "property"; values come as --property=V or --property V
    char letter = 0;       // 'p'; 0 for none
    Value value = Value::none;
};

struct GivenOption {
    std::string_view name; // of the OptionSpec
    std::string value;
};

struct GivenOptions {
    std::vector<GivenOption> options; // in their order
    std::vector<std::string> rest;

    [[nodiscard]] bool has(std::string_view name) const;
    // The last of that name.
    [[nodiscard]] std::optional<std::string> value(std::string_view name) const;
    [[nodiscard]] std::vector<std::string> values(std::string_view name) const;
};

struct OptionRules {
    std::string_view program; // for messages
    std::vector<OptionSpec> specs;
    bool stops_at_first_word = false; // what follows belongs to another program
};

// The message of an error is a whole line for standard error. `specs` must outlive the result.
[[nodiscard]] Result<GivenOptions> parse_options(const OptionRules& rules,
                                                 const std::vector<std::string>& arguments);

} // namespace squall::labhost::init
