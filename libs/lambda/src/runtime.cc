#include "squall/lambda/runtime.h"

#include "squall/base/json.h"
#include "squall/base/log.h"
#include "squall/base/text.h"

namespace squall::lambda {
namespace {

constexpr std::string_view api_version = "/2018-06-01/runtime";
constexpr Seconds answer_limit{10};

transport::ClientSettings direct() {
    transport::ClientSettings settings;
    settings.proxy = {}; // the API is on this machine
    return settings;
}

std::string_view type_of(Errc code) {
    switch (code) {
    case Errc::invalid_input:
        return "Squall.InvalidInput";
    case Errc::not_found:
        return "Squall.NotFound";
    case Errc::refused:
        return "Squall.Refused";
    case Errc::denied:
        return "Squall.Denied";
    case Errc::unavailable:
        return "Squall.Unavailable";
    case Errc::timed_out:
        return "Squall.TimedOut";
    case Errc::interrupted:
        return "Squall.Interrupted";
    case Errc::conflict:
        return "Squall.Conflict";
    case Errc::failed:
        break;
    }
    return "Squall.Failed";
}

wire::Headers error_headers(const Error& error) {
    return {{"Lambda-Runtime-Function-Error-Type", std::string(type_of(error.code))}};
}

std::string error_body(const Error& error) {
    return json::text(json::Object{{"errorMessage", error.message},
                                   {"errorType", type_of(error.code)},
                                   {"stackTrace", json::Array()}});
}

} // namespace

Result<wire::Url> Runtime::address_of(const std::string& api) {
    if (api.empty())
        return fail(Errc::invalid_input,
                    "AWS_LAMBDA_RUNTIME_API is not set: this program is started by AWS Lambda, as "
                    "the bootstrap of a function; on a machine of your own use `squall monitor "
                    "run`");
    auto url = wire::parse_url("http://" + api);
    if (!url) return fail("AWS_LAMBDA_RUNTIME_API", url.error());
    return url;
}

Runtime::Runtime(wire::Url address) : address_(std::move(address)), client_(direct()) {}

Result<Invocation> Runtime::next(const std::stop_token& stop) {
    const wire::HttpRequest request{"GET",
                                    fmt::format("{}/invocation/next", api_version),
                                    {{"Host", address_.host_header()}},
                                    {}};
    const auto answer = client_.send(address_, request, Deadline::never(), stop);
    if (!answer) return fail("asking Lambda for an invocation", answer.error());
    if (answer->status != 200)
        return fail(Errc::failed,
                    "asking Lambda for an invocation: it answers {}: {}",
                    answer->status,
                    answer->body.substr(0, 200));
    Invocation invocation;
    invocation.request_id = wire::header_value(answer->headers, "Lambda-Runtime-Aws-Request-Id");
    invocation.trace_id = wire::header_value(answer->headers, "Lambda-Runtime-Trace-Id");
    invocation.function_arn =
        wire::header_value(answer->headers, "Lambda-Runtime-Invoked-Function-Arn");
    const auto deadline =
        to_integer(wire::header_value(answer->headers, "Lambda-Runtime-Deadline-Ms"));
    // More than a year ahead is no deadline, and would not fit the clock's type at some point.
    constexpr std::int64_t deadline_max = 4'102'444'800'000;
    invocation.deadline = deadline && *deadline >= 0 && *deadline < deadline_max
                              ? WallTime(Millis(*deadline))
                              : WallTime::max();
    if (invocation.request_id.empty())
        return fail(Errc::failed,
                    "Lambda has given an invocation without Lambda-Runtime-Aws-Request-Id: nobody "
                    "could be answered");
    invocation.event = answer->body;
    return invocation;
}

Result<void> Runtime::post(const std::string& path,
                           wire::Headers headers,
                           std::string body,
                           const std::stop_token& stop) {
    headers.push_back({"Host", address_.host_header()});
    headers.push_back({"Content-Type", "application/json"});
    const wire::HttpRequest request{
        "POST", fmt::format("{}{}", api_version, path), std::move(headers), std::move(body)};
    const auto answer = client_.send(address_, request, Deadline::in(answer_limit), stop);
    if (!answer) return fail("POST " + path, answer.error());
    // Of 400 and 413 the documentation says that the function goes on: the answer was too large, or
    // came too late. After any other Lambda wants the process to end.
    if (answer->status == 400 || answer->status == 413) {
        log::warning("POST {}: Lambda answers {}: {}",
                     path,
                     answer->status,
                     std::string_view(answer->body).substr(0, 200));
        return {};
    }
    if (answer->status / 100 == 2) return {};
    return fail(Errc::failed, "POST {}: Lambda answers {}", path, answer->status);
}

Result<void> Runtime::answer(const Invocation& invocation,
                             const Result<std::string>& outcome,
                             const std::stop_token& stop) {
    const std::string path = "/invocation/" + wire::percent_encoded(invocation.request_id);
    if (outcome) return post(path + "/response", {}, *outcome, stop);
    log::error("{}: {}", invocation.request_id, outcome.error().message);
    return post(path + "/error", error_headers(outcome.error()), error_body(outcome.error()), stop);
}

Result<void> Runtime::run(const Handler& handler, const std::stop_token& stop) {
    while (!stop.stop_requested()) {
        const auto invocation = next(stop);
        if (!invocation) {
            if (stop.stop_requested()) break;
            return fail(invocation.error());
        }
        if (auto told = answer(*invocation, handler(*invocation), stop); !told) return told;
    }
    return {};
}

Result<void> Runtime::refuse_to_begin(const Error& why, const std::stop_token& stop) {
    log::error("{}", why.message);
    return post("/init/error", error_headers(why), error_body(why), stop);
}

} // namespace squall::lambda
