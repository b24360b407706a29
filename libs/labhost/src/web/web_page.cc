#include "web/web_page.h"

#include "squall/base/json.h"
#include "squall/base/text.h"
#include "squall/base/time_text.h"
#include "squall/wire/query.h"

#include <algorithm>

namespace squall::labhost::web {
namespace {

wire::HttpResponse text_answer(int status, std::string body) {
    return {status, {{"Content-Type", "text/plain; charset=utf-8"}}, std::move(body)};
}

std::string html_escaped(std::string_view text) {
    std::string out = replace_all(std::string(text), "&", "&amp;");
    out = replace_all(std::move(out), "<", "&lt;");
    return replace_all(std::move(out), "\"", "&quot;");
}

std::string html(const WebFacts& facts) {
    std::string rows;
    for (const auto& [name, value] :
         {std::pair<std::string, std::string>("task", facts.task.empty() ? "none" : facts.task),
          {"host name", facts.hostname},
          {"process", std::to_string(facts.pid)},
          {"started", rfc3339_seconds(facts.started_at)},
          {"requests", std::to_string(facts.requests)}})
        rows += fmt::format("<tr><th>{}</th><td>{}</td></tr>\n", name, html_escaped(value));
    const std::string service = html_escaped(facts.service);
    return fmt::format("<!doctype html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\">"
                       "<title>{0}</title></head>\n<body>\n<h1>{0}</h1>\n<table>\n{1}</table>\n"
                       "</body>\n</html>\n",
                       service,
                       rows);
}

std::string json_text(const WebFacts& facts) {
    return json::text(json::Object{{"service", facts.service},
                                   {"task", facts.task},
                                   {"hostname", facts.hostname},
                                   {"pid", facts.pid},
                                   {"started_at", rfc3339_millis(facts.started_at)},
                                   {"requests", facts.requests}})
           + "\n";
}

wire::HttpResponse front_page(const wire::HttpRequest& request, const WebFacts& facts) {
    const auto accepted = lower(wire::header_value(request.headers, "Accept"));
    if (accepted.find("application/json") != std::string::npos)
        return {200, {{"Content-Type", "application/json"}}, json_text(facts)};
    return {200, {{"Content-Type", "text/html; charset=utf-8"}}, html(facts)};
}

WebAnswer slow(std::string_view form) {
    const auto query = wire::QueryParameters::parse(form);
    const auto ms = query ? to_integer(query->get("ms")) : std::nullopt;
    if (!ms || *ms < 0 || *ms > slow_max.count())
        return {text_answer(
            400, fmt::format("/slow?ms=N: N is a number from 0 to {}\n", slow_max.count()))};
    return {text_answer(200, fmt::format("after {} ms\n", *ms)), Millis(*ms)};
}

} // namespace

WebAnswer answer(const wire::HttpRequest& request, const WebFacts& facts) {
    const auto [path, form] = split_once(request.target, '?');
    if (request.method == "GET" && path == "/") return {front_page(request, facts)};
    if (request.method == "GET" && path == "/health") return {text_answer(200, "ok")};
    if (request.method == "GET" && path == "/slow") return slow(form);
    if (request.method == "POST" && path == "/echo") {
        const std::string type(wire::header_value(request.headers, "Content-Type"));
        return {{200,
                 {{"Content-Type", type.empty() ? "application/octet-stream" : type}},
                 request.body}};
    }
    return {text_answer(404, "there is nothing here\n")};
}

std::optional<TaskMetadata> parse_task_metadata(std::string_view text) {
    const auto object = json::parse_object(text);
    if (!object) return std::nullopt;
    const auto arn = json::string_at(*object, "TaskARN");
    if (arn.empty()) return std::nullopt;
    TaskMetadata metadata;
    metadata.task = arn.substr(arn.rfind('/') + 1);
    metadata.service = json::string_at(*object, "ServiceName");
    if (metadata.service.empty()) metadata.service = json::string_at(*object, "Family");
    return metadata;
}

} // namespace squall::labhost::web
