// Messages of DNS (RFC 1035), as far as a resolver of a few names needs them.
// What comes in is anybody's bytes.
#pragma once

#include "squall/base/result.h"

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace squall::lab::names {

inline constexpr std::uint16_t type_a = 1;
inline constexpr std::uint16_t class_in = 1;

enum class Rcode : std::uint8_t {
    no_error = 0,
    format_error = 1,
    server_failure = 2,
    no_such_name = 3,
    not_implemented = 4,
    refused = 5
};

using Address = std::array<std::uint8_t, 4>; // of IPv4

struct Question {
    std::uint16_t id = 0;
    bool wants_recursion = false;
    std::string name; // with dots between its labels and none at the end, in the asker's case
    std::uint16_t type = 0;
    std::uint16_t klass = 0;
};

struct Reply {
    Rcode code = Rcode::no_error;
    std::vector<Address> addresses;
};

// Exactly one question, of the kind "query", with a name without compression.
[[nodiscard]] Result<Question> parse_question(std::string_view message);

[[nodiscard]] std::string reply_text(const Question& question, const Reply& reply);

// The answer to a datagram; empty where it deserves none (it is no question at all, or too short to
// have a number).
[[nodiscard]] std::string reply_to(std::string_view message,
                                   const std::function<Reply(const Question&)>& answer);

} // namespace squall::lab::names
