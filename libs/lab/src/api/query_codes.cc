#include "api/query_codes.h"

#include "squall/base/text.h"

#include <algorithm>
#include <array>

namespace squall::lab {
namespace {

struct Names {
    std::string_view shape;
    std::string_view query; // without what all of SQS's begin with
    bool has_prefix = true;
};

constexpr std::string_view sqs_prefix = "AWS.SimpleQueueService.";

constexpr std::array sqs_names{
    Names{"BatchEntryIdsNotDistinct", "BatchEntryIdsNotDistinct"},
    Names{"BatchRequestTooLong", "BatchRequestTooLong"},
    Names{"EmptyBatchRequest", "EmptyBatchRequest"},
    Names{"InvalidBatchEntryId", "InvalidBatchEntryId"},
    Names{"MessageNotInflight", "MessageNotInflight"},
    Names{"PurgeQueueInProgress", "PurgeQueueInProgress"},
    Names{"QueueDeletedRecently", "QueueDeletedRecently"},
    Names{"QueueDoesNotExist", "NonExistentQueue"},
    Names{"TooManyEntriesInBatchRequest", "TooManyEntriesInBatchRequest"},
    Names{"UnsupportedOperation", "UnsupportedOperation"},
    Names{"QueueNameExists", "QueueAlreadyExists", false},
    Names{"InvalidParameterValueException", "InvalidParameterValue", false},
    Names{"MissingRequiredParameterException", "MissingParameter", false},
    Names{"AccessDeniedException", "AccessDenied", false},
};

} // namespace

wire::ServiceError query_error(std::string_view service, const wire::ServiceError& error) {
    if (service != "sqs") return error;
    wire::ServiceError translated = error;
    const auto* const known =
        std::find_if(sqs_names.begin(), sqs_names.end(), [&](const Names& one) {
            return one.shape == error.code;
        });
    if (known != sqs_names.end())
        translated.code = fmt::format("{}{}", known->has_prefix ? sqs_prefix : "", known->query);
    return translated;
}

wire::HttpResponse error_response_of(std::string_view service,
                                     wire::Protocol protocol,
                                     const wire::ServiceError& error,
                                     std::string_view request_id) {
    if (service != "sqs") return wire::error_response(protocol, error, request_id);
    if (protocol == wire::Protocol::query) {
        wire::ServiceError translated = query_error(service, error);
        if (error.code == "QueueDoesNotExist")
            translated.message = "The specified queue does not exist for this wsdl version.";
        return wire::error_response(protocol, translated, request_id);
    }
    auto response = wire::error_response(protocol, error, request_id);
    response.headers.push_back({"x-amzn-query-error",
                                fmt::format("{};{}",
                                            query_error(service, error).code,
                                            error.status < 500 ? "Sender" : "Receiver")});
    response.body = json::text(
        json::Object{{"__type", "com.amazonaws.sqs#" + error.code}, {"message", error.message}});
    return response;
}

} // namespace squall::lab
