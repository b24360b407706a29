// Messages that journald wrote as lists of numbers, because they are not plain text.
#pragma once

#include <string>
#include <string_view>

namespace squall::doctor {

// Is there one in these lines of `journalctl -o json`?
[[nodiscard]] bool has_message_of_bytes(std::string_view text);
// The lines with such messages as strings: without colours, with what is no UTF-8 replaced. What is
// no list of bytes stays as it is.
[[nodiscard]] std::string with_messages_as_text(std::string_view text);

} // namespace squall::doctor
