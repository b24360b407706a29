// Calls that take several things at once and answer for each of them alone.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace squall::aws {

// One entry that a service did not take, while it took others of the same call.
struct EntryFailure {
    // What the service did not speak of at all. Our word, not AWS's.
    static constexpr std::string_view not_answered = "NotAnswered";

    std::size_t index = 0; // of what was given
    std::string code;      // ReceiptHandleIsInvalid, ThrottlingException, …
    std::string message;
    bool is_senders_fault = false; // it would be refused again; always false where AWS does not say
};

} // namespace squall::aws
