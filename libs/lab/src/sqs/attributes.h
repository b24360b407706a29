// The attributes of a queue: what may be set, what holds where nothing is, and what of it the queue
// goes by.
#pragma once

#include "iam/policy.h"
#include "sqs/errors.h"
#include "sqs/queue.h"

namespace squall::lab::sqs {

// By name, as texts: so AWS takes and gives them. With the defaults, once they are settled.
using Attributes = std::map<std::string, std::string, std::less<>>;

struct RedrivePolicy {
    std::string target_arn;
    int receive_count_max = 0;
};

// What CreateQueue or SetQueueAttributes gives; `known` are those that the queue has already.
// Nothing about other queues is checked.
[[nodiscard]] Result<Attributes, wire::ServiceError>
read_attributes(const json::Object& given, const Attributes& known, bool is_new);

[[nodiscard]] const Attributes& default_attributes();

[[nodiscard]] QueueSettings settings_of(const Attributes& attributes);
// Nothing where there is none.
[[nodiscard]] std::optional<RedrivePolicy> redrive_policy_of(const Attributes& attributes);
// Whether a queue with this RedriveAllowPolicy takes the dead letters of `source_arn`.
[[nodiscard]] bool allows_redrive(const Attributes& attributes, std::string_view source_arn);
[[nodiscard]] std::optional<iam::Policy> policy_of(const Attributes& attributes);

// Every name that GetQueueAttributes may be asked for, `All` aside.
[[nodiscard]] bool is_attribute(std::string_view name);

} // namespace squall::lab::sqs
