#include "squall/aws/client.h"

#include "refusal.h"
#include "refused_call.h"
#include "squall/base/log.h"
#include "squall/base/text.h"
#include "squall/wire/protocol.h"
#include "squall/wire/sigv4.h"

namespace squall::aws {
namespace {

// What is shown of an answer that makes no sense.
constexpr std::size_t shown_max = 120;

std::string name_of(ServiceId id, std::string_view operation) {
    return fmt::format("{}:{}", service(id).name, operation);
}

ApiError senseless(ServiceId id, std::string_view operation, Error why, std::string_view body) {
    // What STS answers holds secrets.
    const std::string_view start = id == ServiceId::sts ? "…" : trimmed(body.substr(0, shown_max));
    why.code = Errc::failed;
    why.message = body.empty()
                      ? "the answer is empty"
                      : fmt::format("the answer makes no sense ({}): {}", why.message, start);
    ApiError error = not_answered(name_of(id, operation), std::move(why));
    error.status = 200;
    error.hint = "is a proxy, or something that is not AWS, answering at that endpoint?";
    return error;
}

} // namespace

// One call, while it is made and made again.
struct Client::Call {
    ServiceId id;
    std::string operation; // "DescribeClusters"
    std::string name;      // "ecs:DescribeClusters"
    std::string body;
    Deadline deadline;
    std::stop_token stop;
    CallOptions options;
    std::string invocation; // the same for every attempt
    int attempts = 0;
    int last_cost = 0; // what the last repetition took from the tokens
    bool refreshed = false;
    bool clock_corrected = false;
    bool may_have_arrived = false;
};

struct Client::Attempt {
    Outcome<std::string> outcome;
    wire::Headers headers; // of the answer
    Credentials used;
    WallTime signed_at;
    bool sent = false;
};

// Waits for this call's turn, then gives the credentials for it.
Outcome<Credentials> Client::may_go(const Call& call) {
    const auto not_sent = [&](Errc code, std::string_view why) {
        // An attempt that was not answered may have arrived all the same.
        const std::string_view earlier =
            call.attempts == 0 ? "" : " again; earlier attempts got no usable answer";
        return fail(not_answered(call.name, {code, fmt::format("{}{}", why, earlier)}));
    };
    const auto now = parts_.clock.now();
    if (call.stop.stop_requested())
        return not_sent(Errc::interrupted, "stopped before it was sent");
    if (call.deadline.passed(now)) return not_sent(Errc::timed_out, "no time was left to send it");
    const auto turn =
        parts_.traffic.rates().reserve(call.id, call.operation, now, call.deadline.when());
    if (!turn) {
        return not_sent(
            Errc::timed_out,
            "calls are kept below AWS's published rate, and so no time was left to send "
            "it");
    }
    if (*turn > now && !parts_.clock.wait_until(*turn, call.stop))
        return not_sent(Errc::interrupted, "stopped before it was sent");
    auto credentials = parts_.credentials.get(call.deadline, call.stop);
    if (!credentials) {
        ApiError error = std::move(credentials.error());
        if (error.operation.empty()) error.operation = call.name;
        return fail(std::move(error));
    }
    return credentials;
}

wire::HttpRequest Client::request_for(const Call& call) const {
    const Service& called = service(call.id);
    const wire::Url& url = endpoints_.of(call.id).url;
    wire::HttpRequest request{"POST", url.target, {{"Host", url.host_header()}}, call.body};
    if (called.target.empty()) {
        request.headers.push_back(
            {"Content-Type", "application/x-www-form-urlencoded; charset=utf-8"});
    } else {
        request.headers.push_back(
            {"Content-Type", std::string(wire::content_type(called.protocol))});
        request.headers.push_back(
            {"X-Amz-Target", fmt::format("{}.{}", called.target, call.operation)});
        if (called.was_query) request.headers.push_back({"x-amzn-query-mode", "true"});
    }
    if (!call.options.content_encoding.empty())
        request.headers.push_back({"Content-Encoding", std::string(call.options.content_encoding)});
    request.headers.push_back({"amz-sdk-invocation-id", call.invocation});
    request.headers.push_back(
        {"amz-sdk-request", fmt::format("attempt={}; max={}", call.attempts, retry_.attempts_max)});
    return request;
}

Client::Attempt Client::attempt(Call& call) {
    Attempt result;
    auto credentials = may_go(call);
    if (!credentials) {
        result.outcome = fail(credentials.error());
        return result;
    }
    result.used = std::move(*credentials);
    ++call.attempts;
    wire::HttpRequest request = request_for(call);
    result.signed_at = parts_.clock.wall() + parts_.traffic.clock_offset();
    if (!result.used.keys.access_key_id.empty()) {
        wire::sign(request,
                   result.used.keys,
                   endpoints_.region(),
                   service(call.id).signing_name,
                   result.signed_at);
    }
    // After signing: proxies like to change it.
    request.headers.push_back({"User-Agent", "squall/" SQUALL_VERSION});
    parts_.traffic.counts().add(call.name);
    result.sent = true;
    const auto until = call.deadline.sooner(
        Deadline::at(parts_.clock.now() + retry_.attempt_timeout + call.options.held_for));
    auto answer = parts_.sender.send(endpoints_.of(call.id).url, request, until, call.stop);
    if (!answer) {
        ApiError error = not_answered(call.name, answer.error());
        const std::string& source = endpoints_.of(call.id).source;
        if (error.kind == Errc::unavailable && !source.empty())
            error.hint = fmt::format("that endpoint comes from {}: is it the right one?", source);
        result.outcome = fail(std::move(error));
        return result;
    }
    result.headers = std::move(answer->headers);
    if (const auto ahead = server_ahead_by(result.headers, parts_.clock.wall()))
        parts_.traffic.set_server_ahead(*ahead);
    if (answer->status >= 200 && answer->status < 300) {
        result.outcome = std::move(answer->body);
        return result;
    }
    answer->headers = result.headers;
    auto read = wire::read_error(service(call.id).protocol, *answer);
    result.outcome = fail(answered_error(call.name,
                                         std::move(read.error.code),
                                         std::move(read.error.message),
                                         read.error.status,
                                         std::move(read.request_id)));
    return result;
}

// What else is known of a refusal: who we are, what was asked for, whose keys and which clock.
void Client::explain(const Call& call, const Attempt& attempt, ApiError& error) {
    if (error.kind != Errc::denied) return;
    const bool is_signed = !attempt.used.keys.access_key_id.empty();
    if (lacks_permission(error) && error.principal.empty() && is_signed)
        error.principal = caller(call);
    explain_refused_call(error,
                         {call.id,
                          call.body,
                          endpoints_.region(),
                          attempt.used,
                          attempt.headers,
                          attempt.signed_at,
                          parts_.clock.wall()});
}

// The ARN behind our keys, asked of AWS: terse refusals do not say it, and nobody may be kept from
// asking. Empty where there is no answer.
std::string Client::caller(const Call& call) {
    const std::string action = "GetCallerIdentity";
    if (call.operation == action) return {};
    const auto answer = call_query(ServiceId::sts, action, {}, call.deadline, call.stop);
    return answer ? answer->text_at(action + "Result/Arn") : std::string();
}

// Removes the cause of a refusal where we can: a clock that is off, credentials that ran out. Once
// each.
bool Client::repaired(Call& call, const Attempt& attempt, ApiError& error) {
    if (!call.clock_corrected) {
        if (const auto difference = clock_difference(error, attempt.headers, attempt.signed_at)) {
            call.clock_corrected = true;
            const Wall::duration offset = attempt.signed_at + *difference - parts_.clock.wall();
            const Wall::duration change = offset - parts_.traffic.clock_offset();
            parts_.traffic.set_clock_offset(offset);
            // Once, however many threads meet it.
            if (change > Seconds(1) || change < -Seconds(1))
                log::warning("this machine's clock is {}: calls are signed with AWS's time; set "
                             "the clock",
                             clock_difference_text(offset));
            return true;
        }
    }
    if (!says_credentials_expired(error) || attempt.used.keys.access_key_id.empty()) return false;
    error.hint = fmt::format("the credentials came from {}: renew them there", attempt.used.source);
    if (call.refreshed) return false;
    call.refreshed = true;
    const auto fresh = parts_.credentials.refresh(attempt.used, call.deadline, call.stop);
    if (!fresh) {
        error.message += "; renewing the credentials failed: " + to_error(fresh.error()).message;
        return false;
    }
    return fresh->keys.access_key_id != attempt.used.keys.access_key_id
           || fresh->keys.session_token != attempt.used.keys.session_token;
}

// How long to wait before the next attempt; nothing when there is none, and then `error` says why.
std::optional<Millis>
Client::delay_before_retry(Call& call, const wire::Headers& headers, ApiError& error) {
    const RetryReason reason = reason_to_retry(error);
    const auto now = parts_.clock.now();
    if (reason == RetryReason::none || call.stop.stop_requested() || call.deadline.passed(now))
        return std::nullopt;
    if (call.attempts >= retry_.attempts_max) {
        error.message += fmt::format(" (after {} attempts)", call.attempts);
        if (reason == RetryReason::busy)
            error.hint =
                "AWS limits how often an account may ask this in one region: try again in a "
                "minute, and look for what else asks";
        return std::nullopt;
    }
    Millis delay = backoff(call.attempts - 1, parts_.traffic.random().next(), retry_);
    const auto server_time = parts_.clock.wall() + parts_.traffic.clock_offset();
    if (const auto asked = retry_after(headers, server_time))
        delay = std::max(delay, std::min(*asked, retry_.retry_after_max));
    if (call.deadline.passed(now + delay)) {
        error.message += " (not repeated: the time limit comes first)";
        return std::nullopt;
    }
    const int cost = retry_cost(reason);
    if (!parts_.traffic.retry_tokens(call.id).take(cost)) {
        error.message += " (not repeated: too many calls failed lately)";
        return std::nullopt;
    }
    call.last_cost = cost;
    return delay;
}

Outcome<std::string> Client::call_text(ServiceId id,
                                       std::string_view operation,
                                       std::string body,
                                       Deadline deadline,
                                       std::stop_token stop,
                                       CallOptions options) {
    Call call{id,
              std::string(operation),
              name_of(id, operation),
              std::move(body),
              deadline,
              std::move(stop),
              options,
              random_uuid()};
    while (true) {
        Attempt made = attempt(call);
        if (made.outcome) {
            parts_.traffic.retry_tokens(id).give_back(std::max(1, call.last_cost));
            return std::move(made.outcome);
        }
        ApiError error = std::move(made.outcome.error());
        if (made.sent && (error.status == 0 || error.status >= 500)) call.may_have_arrived = true;
        error.may_have_arrived = call.may_have_arrived;
        // What was never sent is not repeated: whoever gives credentials has repeated already.
        if (!made.sent) return fail(std::move(error));
        if (repaired(call, made, error)) continue;
        explain(call, made, error);
        const auto delay = delay_before_retry(call, made.headers, error);
        if (!delay) return fail(std::move(error));
        if (!parts_.clock.wait_for(*delay, call.stop)) {
            error.kind = Errc::interrupted;
            error.message = "stopped while waiting to repeat it: " + error.message;
            return fail(std::move(error));
        }
    }
}

Outcome<json::Value> Client::call_json(ServiceId id,
                                       std::string_view operation,
                                       const json::Object& input,
                                       Deadline deadline,
                                       std::stop_token stop,
                                       CallOptions options) {
    auto text = call_text(id, operation, json::text(input), deadline, std::move(stop), options);
    if (!text) return fail(text.error());
    auto answer = json::parse_object(*text);
    if (!answer) return fail(senseless(id, operation, answer.error(), *text));
    return json::Value(std::move(*answer));
}

Outcome<wire::XmlDocument> Client::call_query(ServiceId id,
                                              std::string_view action,
                                              wire::QueryParameters parameters,
                                              Deadline deadline,
                                              std::stop_token stop) {
    auto text = call_text(
        id, action, form_body(id, action, std::move(parameters)), deadline, std::move(stop));
    if (!text) return fail(text.error());
    auto answer = wire::XmlDocument::parse(*text);
    if (!answer) return fail(senseless(id, action, answer.error(), *text));
    const std::string expected = std::string(action) + "Response";
    if (answer->root_name() != expected) {
        const Error why{Errc::failed, "no " + expected};
        return fail(senseless(id, action, why, *text));
    }
    return std::move(*answer);
}

std::string form_body(ServiceId id, std::string_view action, wire::QueryParameters parameters) {
    parameters.add("Action", std::string(action));
    parameters.add("Version", std::string(service(id).version));
    return parameters.form();
}

} // namespace squall::aws
