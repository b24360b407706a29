// The attributes of messages: checked as SQS checks them, and hashed as its clients hash them.
#pragma once

#include "sqs/errors.h"

namespace squall::lab::sqs {

inline constexpr std::size_t message_attributes_max = 10;

// As SQS keeps them, {name: {"DataType": …, "StringValue" or "BinaryValue": …}}.
[[nodiscard]] Result<json::Object, wire::ServiceError>
read_message_attributes(const json::Object& given);

// MD5OfMessageAttributes in hexadecimal; empty for none.
[[nodiscard]] std::string md5_of_attributes(const json::Object& attributes);

// Those that ReceiveMessage asks for: by name, by "prefix.*", or "All".
[[nodiscard]] json::Object chosen_attributes(const json::Object& attributes,
                                             const json::Array& names);

} // namespace squall::lab::sqs
