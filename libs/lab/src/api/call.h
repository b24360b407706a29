// One call of an AWS API, decoded and authenticated, and what a service answers to it.
#pragma once

#include "squall/base/clock.h"
#include "squall/base/json.h"
#include "squall/wire/protocol.h"
#include "squall/wire/query.h"

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <variant>

namespace squall::lab {

// Who signed a call.
struct Principal {
    std::string arn; // arn:aws:iam::123456789012:user/lab, arn:aws:sts::…:assumed-role/ROLE/SESSION
    std::string user_id; // AIDA…, AROA…:SESSION
};

struct ApiCall {
    std::string service;   // ecs, ssm, ec2, sts, ec2messages
    std::string operation; // DescribeClusters
    std::string region;
    wire::Protocol protocol = wire::Protocol::json_1_1;
    json::Object body;          // of the JSON protocols
    wire::QueryParameters form; // of the query and ec2 protocols; S3's query
    Principal caller;
    std::string host; // the Host header: by which address the caller knows us
    std::string request_id;
    WallTime now;
    wire::HttpRequest request; // S3's alone: its headers and payload say what is to be done
};

// The body of a successful answer: a JSON value, or XML as text. S3 gives all of it.
using AnswerBody = std::variant<json::Value, std::string, wire::HttpResponse>;
using Answer = Result<AnswerBody, wire::ServiceError>;

[[nodiscard]] inline tl::unexpected<wire::ServiceError>
refuse(std::string code, std::string message, int status = 400) {
    return tl::unexpected<wire::ServiceError>(
        wire::ServiceError{std::move(code), std::move(message), status});
}

[[nodiscard]] inline Answer answer(json::Object object) {
    return AnswerBody(json::Value(std::move(object)));
}

// A service answers the operations it has; nothing means that it has no such operation.
using Service = std::function<std::optional<Answer>(const ApiCall&)>;

// Operations by name, as member functions of the class that implements them.
template <class Implementation>
using OperationTable = std::map<std::string_view, Answer (Implementation::*)(const ApiCall&)>;

template <class Implementation>
[[nodiscard]] std::optional<Answer> call_operation(Implementation& implementation,
                                                   const OperationTable<Implementation>& table,
                                                   const ApiCall& call) {
    const auto found = table.find(call.operation);
    if (found == table.end()) return std::nullopt;
    return (implementation.*found->second)(call);
}

enum class Order { ascending, descending };

// A page of a list: some of its keys, and the token for the rest.
struct Page {
    std::vector<std::string> keys;
    std::string next_token; // empty at the end
};

// At most `page_size` keys of `all`, which is in order, from where the page that gave `token`
// ended; from the start when that is empty. Nothing when this is no token of ours.
[[nodiscard]] std::optional<Page> page_of(const std::vector<std::string>& all,
                                          std::string_view token,
                                          std::size_t page_size,
                                          Order order = Order::ascending);

} // namespace squall::lab
