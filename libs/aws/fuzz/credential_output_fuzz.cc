// Any bytes as a credential_process command, as what such a program prints, as a single sign-on
// token, and as the portal's answer: credentials come whole or not at all.
#include "process_command.h"
#include "shown_line.h"
#include "squall/base/text.h"
#include "sso_token.h"

#include <cstdint>

namespace {

// As a shell would have to be told the same words.
std::string quoted(const std::vector<std::string>& words) {
    std::string text;
    for (const auto& word : words)
        text += squall::shell_quoted(word) + " ";
    return text;
}

void check(const squall::Result<squall::aws::Credentials>& credentials) {
    if (!credentials) return;
    SQUALL_ASSERT(!credentials->keys.access_key_id.empty());
    SQUALL_ASSERT(!credentials->keys.secret_access_key.empty());
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    if (const auto words = squall::aws::split_command(text)) {
        const auto again = squall::aws::split_command(quoted(*words));
        SQUALL_ASSERT(again.has_value() && *again == *words);
    }
    check(squall::aws::read_process_answer(text, "fuzz"));
    check(squall::aws::read_role_credentials(text, "fuzz"));
    if (const auto token = squall::aws::read_sso_token(text))
        SQUALL_ASSERT(token->access_token.find('\n') == std::string::npos);
    SQUALL_ASSERT(squall::aws::shown_line(text, 80).size() <= 80);
    return 0;
}
