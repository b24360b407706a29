// A function of AWS Lambda in a runtime of its own: asks for an invocation, hands it to the
// handler, says what came of it, and asks for the next.
// https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
//
// Between two invocations the process is frozen: the wait for the next one has no end, and no other
// thread should have anything under way when the handler returns.
#pragma once

#include "squall/base/clock.h"
#include "squall/base/result.h"
#include "squall/transport/http_client.h"
#include "squall/wire/http_message.h"

#include <functional>
#include <stop_token>
#include <string>

namespace squall::lambda {

struct Invocation {
    std::string request_id;
    std::string trace_id;     // of X-Ray; may be empty
    std::string function_arn; // with the alias or version that was invoked
    WallTime deadline; // by which the function has to have answered; WallTime::max(): unknown
    std::string event; // as it came: JSON
};

// What the function answers, JSON. An error is the function's error: who invoked it decides whether
// it tries again.
using Handler = std::function<Result<std::string>(const Invocation& invocation)>;

class Runtime {
public:
    // `api`: AWS_LAMBDA_RUNTIME_API, "127.0.0.1:9001".
    [[nodiscard]] static Result<wire::Url> address_of(const std::string& api);

    explicit Runtime(wire::Url address);

    // Until stopped, or until the API does not answer as it should: then this process is of no use
    // any more, and Lambda starts another one.
    [[nodiscard]] Result<void> run(const Handler& handler, const std::stop_token& stop);

    // In place of run(): the function cannot be begun.
    [[nodiscard]] Result<void> refuse_to_begin(const Error& why, const std::stop_token& stop);

private:
    [[nodiscard]] Result<Invocation> next(const std::stop_token& stop);
    [[nodiscard]] Result<void> answer(const Invocation& invocation,
                                      const Result<std::string>& outcome,
                                      const std::stop_token& stop);
    [[nodiscard]] Result<void> post(const std::string& path,
                                    wire::Headers headers,
                                    std::string body,
                                    const std::stop_token& stop);

    wire::Url address_;
    transport::HttpClient client_;
};

} // namespace squall::lambda
