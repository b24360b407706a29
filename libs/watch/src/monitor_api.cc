#include "monitor_api.h"

#include "prometheus.h"
#include "squall/base/log.h"
#include "squall/base/text.h"
#include "squall/base/time_text.h"
#include "squall/monitor/event_parser.h"
#include "squall/transport/socket.h"
#include "squall/watch/report.h"
#include "squall/wire/query.h"
#include "state_json.h"

#include <algorithm>

namespace squall::watch {
namespace {

// After so many intervals without a poll, or so long without a word of the queue, all is not well.
constexpr int polls_missed_max = 3;
constexpr Seconds queue_silence_max{120};
constexpr int receives_failed_max = 3;
constexpr Seconds channel_trouble_max{60};

wire::HttpResponse answer(int status, const json::Object& body) {
    return {status, {{"Content-Type", "application/json"}}, json::text(body) + "\n"};
}

wire::HttpResponse refusal(int status, std::string what) {
    return answer(status, {{"error", std::move(what)}});
}

} // namespace

Result<std::string> MonitorApi::listen() {
    const auto serve = [this](Fd socket, Door door) {
        servers_.push_back(std::make_unique<transport::HttpServer>(
            loop_, std::move(socket), [this, door](auto request, auto responder) {
                handle(request, std::move(responder), door);
            }));
    };
    auto socket = transport::listen_unix(parts_.options.control_socket);
    if (!socket) return fail(socket.error());
    serve(std::move(*socket), Door::unix_socket);
    std::string ready = fmt::format("ready unix:{}", parts_.options.control_socket.string());
    if (!parts_.options.listen_port) return ready;
    auto tcp = transport::listen_tcp(parts_.options.listen_address, *parts_.options.listen_port);
    if (!tcp) return fail(tcp.error());
    const auto port = transport::port_of(*tcp);
    if (!port) return fail(port.error());
    serve(std::move(*tcp), Door::tcp);
    return fmt::format("{} http://{}:{}", ready, parts_.options.listen_address, *port);
}

void MonitorApi::start() {
    thread_ = std::thread([this] { loop_.run(); });
}

void MonitorApi::stop() {
    if (!thread_.joinable()) return;
    loop_.stop();
    thread_.join();
    std::error_code ignored;
    std::filesystem::remove(parts_.options.control_socket, ignored);
}

void MonitorApi::on_judging_thread(std::function<wire::HttpResponse()> question,
                                   transport::Responder responder) {
    const std::uint64_t number = ++last_question_;
    waiting_.emplace(number, std::move(responder));
    parts_.inbox.ask([this, number, question = std::move(question)] {
        auto response = question();
        loop_.post([this, number, response = std::move(response)] {
            const auto found = waiting_.find(number);
            if (found == waiting_.end()) return;
            found->second.respond(response);
            waiting_.erase(found);
        });
    });
}

void MonitorApi::handle(const wire::HttpRequest& request,
                        transport::Responder responder,
                        Door door) {
    const auto [path, query] = split_once(request.target, '?');
    const auto parameters = wire::QueryParameters::parse(query);
    const std::string cluster = parameters ? std::string(parameters->get("cluster")) : "";
    constexpr std::string_view explain_path = "/v1/explain/";
    constexpr std::string_view window_path = "/v1/windows/";
    if ((request.method == "GET" || request.method == "HEAD") && path == "/healthz") {
        responder.respond(health());
    } else if (request.method == "GET" && path == "/metrics") {
        on_judging_thread([this] { return metrics(); }, std::move(responder));
    } else if (request.method == "GET" && path == "/v1/incidents") {
        on_judging_thread([this, cluster] { return incidents(cluster); }, std::move(responder));
    } else if (request.method == "GET" && path == "/v1/status") {
        on_judging_thread([this] { return status(); }, std::move(responder));
    } else if (request.method == "GET" && path.starts_with(explain_path)) {
        const std::string node =
            wire::percent_decoded(path.substr(explain_path.size()), /*plus_is_space=*/false);
        on_judging_thread([this, node] { return explain(node); }, std::move(responder));
    } else if (path.starts_with("/v1/windows") && door == Door::tcp) {
        responder.respond(refusal(403,
                                  "windows are made on the monitor's own machine: squall monitor "
                                  "mute"));
    } else if (request.method == "POST" && path == "/v1/windows") {
        on_judging_thread([this, body = request.body] { return open_window(body); },
                          std::move(responder));
    } else if (request.method == "DELETE" && path.starts_with(window_path)) {
        const std::string id =
            wire::percent_decoded(path.substr(window_path.size()), /*plus_is_space=*/false);
        on_judging_thread([this, id] { return close_window(id); }, std::move(responder));
    } else {
        responder.respond(refusal(404,
                                  "there is /healthz, /metrics, /v1/status, /v1/incidents and "
                                  "/v1/explain/NODE"));
    }
}

std::vector<std::string> MonitorApi::problems() const {
    std::vector<std::string> problems;
    const auto figures = parts_.figures.snapshot();
    const SteadyTime now = parts_.clock.now();
    const auto so_far = [&](SteadyTime since) {
        return short_duration(std::chrono::duration_cast<Seconds>(now - since));
    };
    const auto failing = parts_.poll.seen();
    const std::string why = failing ? ": " + failing->what : "";
    if (!figures.last_poll)
        problems.push_back("no poll has succeeded yet" + why);
    else if (now - *figures.last_poll > parts_.options.poll_interval * polls_missed_max)
        problems.push_back(
            fmt::format("no poll has succeeded for {}{}", so_far(*figures.last_poll), why));
    std::error_code ignored;
    if (!std::filesystem::exists(parts_.options.store, ignored))
        problems.push_back(
            fmt::format("the store {} is gone: what is decided now is lost when the monitor ends; "
                        "start it again",
                        parts_.options.store.string()));
    if (!parts_.options.queue_url.empty()) {
        const SteadyTime last{Millis(parts_.source.counts().last_answer.load())};
        const auto trouble = parts_.source.trouble().seen();
        if (trouble && trouble->times >= receives_failed_max)
            problems.push_back(fmt::format(
                "no event can be received, for {}: {}", so_far(trouble->since), trouble->what));
        else if (now - last > queue_silence_max)
            problems.push_back(fmt::format("the queue has not answered for {}", so_far(last)));
    }
    for (const auto& [channel, trouble] : parts_.channels) {
        const auto seen = trouble->seen();
        if (seen && now - seen->since > channel_trouble_max)
            problems.push_back(fmt::format(
                "{} cannot be told, for {}: {}", channel, so_far(seen->since), seen->what));
    }
    return problems;
}

wire::HttpResponse MonitorApi::health() const {
    const auto found = problems();
    return answer(found.empty() ? 200 : 503,
                  {{"status", found.empty() ? "ok" : "failing"},
                   {"problems", json::Array(found.begin(), found.end())}});
}

wire::HttpResponse MonitorApi::incidents(const std::string& cluster) const {
    // Who asks wants to break something: "none" is only an answer of somebody who has looked.
    const auto figures = parts_.figures.snapshot();
    if (!figures.last_poll
        || parts_.clock.now() - *figures.last_poll
               > parts_.options.poll_interval * polls_missed_max)
        return refusal(503, "the monitor has not been able to look at the clusters lately");
    const auto& state = parts_.judge.state();
    if (!cluster.empty()) {
        bool is_known = false;
        for (const auto& [arn, known] : state.clusters())
            is_known =
                is_known || ((arn == cluster || known.name == cluster) && known.is_monitored);
        if (!is_known)
            return refusal(404, fmt::format("cluster {} is not monitored here", cluster));
    }
    json::Array found;
    for (const auto& [id, incident] : state.incidents()) {
        const bool concerns =
            cluster.empty()
            || std::any_of(incident.members.begin(),
                           incident.members.end(),
                           [&](const monitor::Incident::Member& member) {
                               const std::string_view arn =
                                   std::string_view(member.host).substr(0, member.host.find('|'));
                               return arn == cluster || monitor::cluster_name(arn) == cluster;
                           });
        if (concerns) found.push_back(incident_json(incident));
    }
    return answer(200, {{"incidents", std::move(found)}});
}

wire::HttpResponse MonitorApi::status() const {
    const auto figures = parts_.figures.snapshot();
    json::Object body = overview(
        parts_.judge.state(), parts_.store, parts_.clock.wall() + parts_.client.server_ahead());
    const auto found = problems();
    body["problems"] = json::Array(found.begin(), found.end());
    body["messages_received"] = parts_.source.counts().received.load();
    body["messages_unreadable"] = parts_.source.counts().unreadable.load();
    body["polls"] = figures.polls;
    body["failed_polls"] = figures.failed_polls;
    if (figures.last_poll)
        body["last_poll_s"] =
            std::chrono::duration_cast<Seconds>(parts_.clock.now() - *figures.last_poll).count();
    return answer(200, body);
}

wire::HttpResponse MonitorApi::explain(const std::string& node) const {
    const auto found = explanation(parts_.judge.state(), parts_.store, node);
    if (!found)
        return refusal(found.error().code == Errc::not_found ? 404 : 500, found.error().message);
    return answer(200, *found);
}

wire::HttpResponse MonitorApi::metrics() const {
    const auto sizes = parts_.store.outbox_sizes();
    const MonitorView view{parts_.judge.state(),
                           parts_.figures.snapshot(),
                           parts_.source.counts().received.load(),
                           parts_.source.counts().unreadable.load(),
                           sizes.value_or(std::map<std::string, std::int64_t>{}),
                           parts_.client.call_counts(),
                           parts_.clock.wall() + parts_.client.server_ahead()};
    return {
        200, {{"Content-Type", "text/plain; version=0.0.4; charset=utf-8"}}, prometheus_text(view)};
}

wire::HttpResponse MonitorApi::open_window(const std::string& body) {
    const auto asked = json::parse_object(body);
    if (!asked) return refusal(400, asked.error().message);
    const WallTime now = parts_.clock.wall() + parts_.client.server_ahead();
    monitor::Window window;
    window.id = json::string_at(*asked, "id");
    if (window.id.empty()) window.id = "mute-" + random_hex(8);
    window.cluster = json::string_at(*asked, "cluster");
    window.why = json::string_at(*asked, "why");
    window.from = now;
    window.until = monitor::time_of(json::at(*asked, "until"));
    for (const auto& node : json::array_at(*asked, "nodes"))
        window.nodes.emplace_back(json::string_of(node));
    if (const auto wrong = not_a_window(window)) return refusal(400, *wrong);
    if (const auto unknown = unknown_in(parts_.judge.state(), window))
        return refusal(404, *unknown);
    if (const auto told = parts_.tell(window); !told) return refusal(500, told.error().message);
    return answer(200, window_json(window));
}

wire::HttpResponse MonitorApi::close_window(const std::string& id) {
    const auto& windows = parts_.judge.state().windows;
    const auto found = std::find_if(
        windows.begin(), windows.end(), [&](const auto& window) { return window.id == id; });
    if (found == windows.end()) return refusal(404, fmt::format("there is no window {}", id));
    monitor::Window window = *found;
    window.until = parts_.clock.wall() + parts_.client.server_ahead();
    if (const auto told = parts_.tell(window); !told) return refusal(500, told.error().message);
    return answer(200, window_json(window));
}

} // namespace squall::watch
