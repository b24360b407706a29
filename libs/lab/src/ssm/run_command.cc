#include "ssm/run_command.h"

#include "squall/base/text.h"

#include <algorithm>
#include <array>

namespace squall::lab::ssm {
namespace {

constexpr std::array over{"Success", "Failed", "TimedOut", "Cancelled"};

// "50" or "25%" of `total`; a share of anything is at least one when `at_least_one`.
std::size_t amount(const std::string& text, std::size_t total, bool at_least_one) {
    const bool percent = !text.empty() && text.back() == '%';
    const auto number = static_cast<std::size_t>(std::max<std::int64_t>(
        0,
        to_integer(percent ? std::string_view(text).substr(0, text.size() - 1)
                           : std::string_view(text))
            .value_or(0)));
    const std::size_t value = percent ? total * number / 100 : number;
    return at_least_one ? std::max<std::size_t>(1, value) : value;
}

bool counts_as_error(const Invocation& invocation) {
    return invocation.details == "Failed" || invocation.details == "ExecutionTimedOut";
}

void end(Invocation& invocation, std::string_view status, std::string_view details, WallTime now) {
    invocation.status = status;
    invocation.details = details;
    if (!invocation.finished_at) invocation.finished_at = now;
    invocation.cancel_pending = false;
}

} // namespace

bool Invocation::is_over() const {
    return std::find(over.begin(), over.end(), status) != over.end();
}

std::size_t Command::completed() const {
    return static_cast<std::size_t>(
        std::count_if(invocations.begin(), invocations.end(), [](const auto& entry) {
            return entry.second.is_over();
        }));
}

std::size_t Command::errors() const {
    return static_cast<std::size_t>(
        std::count_if(invocations.begin(), invocations.end(), [](const auto& entry) {
            return counts_as_error(entry.second);
        }));
}

std::size_t Command::errors_max() const {
    return amount(max_errors, invocations.size(), /*at_least_one=*/false);
}

std::size_t Command::concurrency_max() const {
    return amount(max_concurrency, invocations.size(), /*at_least_one=*/true);
}

bool Command::may_dispatch() const {
    const auto busy = std::count_if(invocations.begin(), invocations.end(), [](const auto& entry) {
        return !entry.second.is_over()
               && (entry.second.handed_at || entry.second.status != "Pending");
    });
    return !cancelled && errors() <= errors_max()
           && static_cast<std::size_t>(busy) < concurrency_max();
}

std::string Command::details() const {
    const auto any = [&](std::string_view wanted) {
        return std::any_of(invocations.begin(), invocations.end(), [&](const auto& entry) {
            return entry.second.details == wanted || entry.second.status == wanted;
        });
    };
    if (completed() < invocations.size()) {
        if (cancelled) return "Cancelling";
        const bool begun =
            std::any_of(invocations.begin(), invocations.end(), [](const auto& entry) {
                return entry.second.status != "Pending";
            });
        return begun ? "InProgress" : "Pending";
    }
    if (cancelled || any("Cancelled")) return "Cancelled";
    if (errors() > errors_max())
        return any("ExecutionTimedOut") && !any("Failed") ? "ExecutionTimedOut" : "Failed";
    if (any("DeliveryTimedOut")) return invocations.size() == 1 ? "DeliveryTimedOut" : "Incomplete";
    const bool all_well =
        std::all_of(invocations.begin(), invocations.end(), [](const auto& entry) {
            return entry.second.status == "Success";
        });
    return all_well ? "Success" : "Incomplete";
}

std::string Command::status() const {
    const std::string exact = details();
    if (exact == "DeliveryTimedOut" || exact == "ExecutionTimedOut") return "TimedOut";
    // The API's enumeration has no Incomplete; which of its values AWS gives there is not
    // documented.
    return exact == "Incomplete" ? "Failed" : exact;
}

void Command::acknowledged(Invocation& invocation) {
    if (invocation.status != "Pending") return;
    invocation.status = "InProgress";
    invocation.details = "InProgress";
}

void Command::replied(Invocation& invocation, const Reply& reply) {
    if (invocation.is_over()) return;
    invocation.status = reply.status;
    invocation.details = reply.status == "TimedOut" ? "ExecutionTimedOut" : reply.status;
    invocation.response_code = reply.response_code;
    invocation.standard_output = reply.standard_output;
    invocation.standard_error = reply.standard_error;
    invocation.output = reply.output;
    invocation.started_at = reply.started_at;
    invocation.finished_at = reply.finished_at;
    invocation.cancel_pending = false;
}

bool Command::cancel(Invocation& invocation, WallTime now) {
    if (invocation.is_over() || invocation.status == "Cancelling") return false;
    if (invocation.status == "Pending" && !invocation.handed_at) {
        end(invocation, "Cancelled", "Cancelled", now);
        return false;
    }
    invocation.status = "Cancelling";
    invocation.details = "Cancelling";
    invocation.cancel_pending = true;
    return true;
}

void Command::tick(WallTime now) {
    const bool too_many_errors = errors() > errors_max();
    for (auto& [instance, invocation] : invocations) {
        if (invocation.is_over()) continue;
        const bool undelivered = invocation.status == "Pending";
        if (undelivered && too_many_errors && !invocation.handed_at)
            end(invocation, "Failed", "Terminated", now);
        else if ((undelivered && now >= requested_at + delivery_timeout) || now >= expires_after())
            end(invocation, "TimedOut", "DeliveryTimedOut", now);
    }
}

} // namespace squall::lab::ssm
