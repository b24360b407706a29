// What a profile's credential_process says and answers, read without running anything.
#pragma once

#include "squall/aws/credentials.h"

#include <string>
#include <string_view>
#include <vector>

namespace squall::aws {

// The words of a command as a POSIX shell splits them, and as botocore does: '…' keeps everything,
// "…" keeps all but \" and \\, a backslash outside of quotes keeps what follows. Nothing is
// expanded. A quote that is never closed, or no word at all, is an error.
[[nodiscard]] Result<std::vector<std::string>> split_command(std::string_view command);

// Version 1 of what such a program prints: Version, AccessKeyId, SecretAccessKey, and where they
// expire SessionToken and Expiration. No message shows any of it.
[[nodiscard]] Result<Credentials> read_process_answer(std::string_view output, std::string source);

} // namespace squall::aws
