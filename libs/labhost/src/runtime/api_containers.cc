// The calls about containers.
#include "runtime/api.h"
#include "runtime/container_json.h"
#include "runtime/signal_name.h"
#include "squall/base/text.h"

namespace squall::labhost::runtime {

using transport::Responder;

namespace {

// Docker wants the type said wherever there is a body.
Answer<void> check_content_type(const wire::Headers& headers, std::string_view body) {
    const auto type = wire::header_value(headers, "Content-Type");
    if (type.empty() && body.empty()) return {};
    const auto plain = trimmed(split_once(type, ';').first);
    if (equal_ignoring_case(plain, "application/json")) return {};
    return refuse(400, "Content-Type specified ({}) must be 'application/json'", type);
}

// Seconds in the query: nothing where it says nothing.
Answer<std::optional<Seconds>> timeout_of(const ApiCall& call) {
    const auto text = call.query.get("t");
    if (text.empty()) return std::optional<Seconds>();
    const auto seconds = to_integer(text);
    if (!seconds) return refuse(400, "strconv.Atoi: parsing \"{}\": invalid syntax", text);
    return std::optional(Seconds(*seconds));
}

// What a call without anything to say is answered with.
Engine::Done answering_204(Responder responder) {
    return [responder = std::move(responder)](const Answer<void>& done) mutable {
        responder.respond(done ? empty_answer(204) : error_answer(done.error()));
    };
}

Answer<LogSelection> log_selection(const ApiCall& call) {
    LogSelection selection;
    selection.output = call.flag("stdout");
    selection.errors = call.flag("stderr");
    selection.timestamps = call.flag("timestamps");
    if (!selection.output && !selection.errors)
        return refuse(400, "Bad parameters: you must choose at least one stream");
    if (call.flag("follow")) return refuse(501, "following a log is not implemented by a lab host");
    for (const char* name : {"since", "until"}) {
        const auto value = call.query.get(name);
        if (!value.empty() && value != "0")
            return refuse(501, "logs: {} is not implemented by a lab host", name);
    }
    const auto tail = call.query.get("tail");
    const auto count = to_integer(tail);
    // Docker: what is no number means all.
    if (count && *count >= 0) selection.tail = static_cast<std::size_t>(*count);
    return selection;
}

} // namespace

void Api::list(const Request& request, Responder responder) {
    const auto filter = ContainerFilter::parse(request.call.query.get("filters"));
    if (!filter) return responder.respond(error_answer(filter.error()));
    const auto limit = to_integer(request.call.query.get("limit")).value_or(0);
    const bool all = request.call.flag("all") || limit > 0 || filter->names_a_status();
    json::Array rows;
    for (const Container* container : engine_.all()) {
        if (!all && !container->is_running()) continue;
        if (!filter->passes(*container)) continue;
        rows.push_back(listed(*container, engine_.image_of(*container), clock_.wall()));
        if (limit > 0 && static_cast<std::int64_t>(rows.size()) == limit) break;
    }
    responder.respond(json_answer(200, rows));
}

void Api::create(const Request& request, Responder responder) {
    if (const auto checked = check_content_type(request.headers, request.body); !checked)
        return responder.respond(error_answer(checked.error()));
    auto body = json::parse_object(request.body);
    if (!body)
        return responder.respond(
            error_answer({400, fmt::format("invalid JSON: {}", body.error().message)}));
    const auto created =
        engine_.create(std::string(request.call.query.get("name")), std::move(*body));
    if (!created) return responder.respond(error_answer(created.error()));
    responder.respond(json_answer(
        201,
        json::Object{
            {"Id", created->id},
            {"Warnings", json::Array(created->warnings.begin(), created->warnings.end())}}));
}

void Api::inspect(const Request& request, Responder responder) {
    const auto container = engine_.find(request.name);
    if (!container) return responder.respond(error_answer(container.error()));
    responder.respond(json_answer(
        200, inspected(**container, engine_.image_of(**container), engine_.log_path(**container))));
}

void Api::logs(const Request& request, Responder responder) {
    const auto container = engine_.find(request.name);
    if (!container) return responder.respond(error_answer(container.error()));
    const auto selection = log_selection(request.call);
    if (!selection) return responder.respond(error_answer(selection.error()));
    wire::HttpResponse response = empty_answer(200);
    response.headers.push_back({"Content-Type", "application/octet-stream"});
    response.body = multiplexed_log(read_log(engine_.log_path(**container)), *selection);
    responder.respond(std::move(response));
}

void Api::start(const Request& request, Responder responder) {
    // Long ago a start could change the container; Docker lets an empty object pass for nothing.
    constexpr std::size_t nothing_max = 7;
    if (request.body.size() > nothing_max)
        return responder.respond(
            error_answer({400,
                          "starting container with non-empty request body was deprecated since API "
                          "v1.22 and removed in v1.24"}));
    const auto started = engine_.start(request.name);
    if (!started) return responder.respond(error_answer(started.error()));
    responder.respond(empty_answer(*started ? 204 : 304));
}

void Api::stop(const Request& request, Responder responder) {
    const auto timeout = timeout_of(request.call);
    if (!timeout) return responder.respond(error_answer(timeout.error()));
    engine_.stop(request.name,
                 *timeout,
                 [responder = std::move(responder)](const Answer<bool>& stopped) mutable {
                     if (!stopped) return responder.respond(error_answer(stopped.error()));
                     responder.respond(empty_answer(*stopped ? 204 : 304));
                 });
}

void Api::restart(const Request& request, Responder responder) {
    const auto timeout = timeout_of(request.call);
    if (!timeout) return responder.respond(error_answer(timeout.error()));
    engine_.restart(request.name, *timeout, answering_204(std::move(responder)));
}

void Api::kill(const Request& request, Responder responder) {
    const auto text = request.call.query.get("signal");
    const auto signal = text.empty() ? std::optional<int>(SIGKILL) : parse_signal(text);
    if (!signal)
        return responder.respond(error_answer({400, fmt::format("Invalid signal: {}", text)}));
    engine_.kill(request.name, *signal, answering_204(std::move(responder)));
}

void Api::wait(const Request& request, Responder responder) {
    const auto condition = request.call.query.get("condition");
    WaitFor what = WaitFor::not_running;
    if (condition == "next-exit")
        what = WaitFor::next_exit;
    else if (condition == "removed")
        what = WaitFor::removed;
    else if (!condition.empty() && condition != "not-running")
        return responder.respond(
            error_answer({400, fmt::format("invalid condition: \"{}\"", condition)}));
    const bool waits = engine_.wait(
        request.name,
        what,
        [responder](const Answer<int>& ended) mutable {
            if (!ended) return responder.respond(error_answer(ended.error()));
            responder.respond(
                json_answer(200, json::Object{{"Error", nullptr}, {"StatusCode", *ended}}));
        },
        [responder] { return responder.is_open(); });
    // `docker run` asks before it starts what it has created, and starts it when it has the head.
    if (waits) {
        wire::HttpResponse head = empty_answer(200);
        head.headers.push_back({"Content-Type", "application/json"});
        responder.respond_head(head);
    }
}

void Api::remove(const Request& request, Responder responder) {
    if (request.call.flag("link"))
        return responder.respond(
            error_answer({501, "removing a link is not implemented by a lab host"}));
    engine_.remove(request.name, request.call.flag("force"), answering_204(std::move(responder)));
}

} // namespace squall::labhost::runtime
