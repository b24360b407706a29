// Any lines as what `iptables -S` prints: looking ends, and what is told is a rule that is there.
#include "checks/firewall.h"
#include "squall/base/text.h"

#include <algorithm>
#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view listing{reinterpret_cast<const char*>(data), size};
    const auto lines = squall::split(listing, '\n');
    for (const auto& found : squall::host::rules_in_the_way(
             listing, {{"10.0.0.11", 443}, {"169.254.169.254", 80}, {"fd00::1", 443}})) {
        const bool is_policy = found.rule == "-P OUTPUT DROP" || found.rule == "-P INPUT DROP";
        SQUALL_ASSERT(is_policy
                      || std::find(lines.begin(), lines.end(), found.rule) != lines.end());
        SQUALL_ASSERT(
            found.removal.starts_with(is_policy ? "sudo iptables -I " : "sudo iptables -D "));
        SQUALL_ASSERT(found.removal.find('\n') == std::string::npos);
    }
    for (const auto& rule : squall::host::rules_that_may_be(listing, {{"10.0.0.11", 443}})) {
        const bool is_policy = rule == "-P OUTPUT DROP" || rule == "-P INPUT DROP";
        SQUALL_ASSERT(is_policy || std::find(lines.begin(), lines.end(), rule) != lines.end());
    }
    return 0;
}
