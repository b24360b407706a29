// `squall monitor status`, `explain`, `mute` and `unmute`: questions to the monitor that runs on
// this machine, over its socket, or to one that is a function.
#include "complaint.h"
#include "monitor_commands.h"
#include "monitor_paths.h"
#include "monitor_table.h"
#include "output.h"
#include "squall/base/json.h"
#include "squall/base/log.h"
#include "squall/base/text.h"
#include "squall/base/time_text.h"
#include "squall/transport/http_client.h"
#include "squall/watch/report.h"

#include <cstdlib>

namespace squall::app {
namespace {

constexpr Seconds ask_limit{20};

Result<json::Object> ask(const std::string& store,
                         const std::string& method,
                         const std::string& target,
                         std::string body = {}) {
    const auto paths = MonitorPaths::find(store);
    if (!paths) return fail(paths.error());
    std::error_code ignored;
    if (!std::filesystem::exists(paths->control_socket, ignored))
        return fail(Errc::not_found,
                    "no monitor runs here ({} is not there): `squall monitor run` starts one; one "
                    "with a --store of its own is found by the same --store",
                    paths->control_socket.string());
    wire::Url url;
    url.scheme = "unix";
    url.host = paths->control_socket;
    transport::HttpClient client(transport::ClientSettings{});
    const auto answer =
        client.send(url, {method, target, {}, std::move(body)}, Deadline::in(ask_limit));
    // Whoever was killed left the socket's file behind.
    if (!answer && answer.error().message.find("refused") != std::string::npos)
        return fail(Errc::unavailable,
                    "the monitor of {} has died: `squall monitor run` starts it again",
                    paths->store.string());
    if (!answer) return fail("asking the monitor", answer.error());
    auto object = json::parse_object(answer->body);
    if (!object) return fail("reading what the monitor says", object.error());
    if (answer->status / 100 != 2)
        return fail(answer->status == 404   ? Errc::not_found
                    : answer->status == 400 ? Errc::invalid_input
                                            : Errc::unavailable,
                    "{}",
                    json::string_at(*object, "error", "the monitor refuses"));
    return std::move(*object);
}

std::string joined(const json::Array& texts) {
    std::vector<std::string> parts;
    for (const auto& text : texts)
        parts.emplace_back(json::string_of(text));
    return join(parts, ", ");
}

void print_incident(Output& output, const json::Value& incident) {
    output.line(fmt::format("  {}  {}{}  since {}  {}: {}",
                            json::string_at(incident, "incident"),
                            json::string_at(incident, "cluster", "several clusters"),
                            json::bool_at(incident, "critical") ? "  CRITICAL" : "",
                            json::string_at(incident, "since"),
                            json::string_at(incident, "kind"),
                            joined(json::array_at(incident, "disconnected"))));
}

void print_away(Output& output, const json::Array& away) {
    constexpr std::size_t shown_max = 20;
    for (std::size_t i = 0; i < away.size() && i < shown_max; ++i) {
        const json::Value& host = away[i];
        const auto reason = json::string_at(host, "reason");
        output.line(fmt::format("  {} in cluster {}: {}{}, since {}",
                                json::string_at(host, "node"),
                                json::string_at(host, "cluster"),
                                json::string_at(host, "phase"),
                                reason.empty() ? "" : fmt::format(" ({})", reason),
                                json::string_at(host, "since")));
    }
    if (away.size() > shown_max) output.line("  … and others: --json");
}

void print_status(Output& output, const json::Object& status) {
    for (const auto& problem : json::array_at(status, "problems"))
        output.line(fmt::format("PROBLEM: {}", json::string_of(problem)));
    const json::Object& agents = json::object_at(status, "agents");
    output.line(fmt::format("agents connected: {}", json::integer_at(agents, "connected")));
    for (const auto& cluster : json::array_at(status, "clusters"))
        output.line(fmt::format("  cluster {}: {} known",
                                json::string_at(cluster, "cluster"),
                                json::integer_at(cluster, "instances")));
    print_away(output, json::array_at(status, "away"));
    const json::Array& incidents = json::array_at(status, "incidents");
    output.line(incidents.empty() ? "open incidents: none"
                                  : fmt::format("open incidents: {}", incidents.size()));
    for (const auto& incident : incidents)
        print_incident(output, incident);
    for (const auto& window : json::array_at(status, "windows"))
        output.line(fmt::format("muted until {}: {} {} {} ({})",
                                json::string_at(window, "until"),
                                json::string_at(window, "cluster"),
                                joined(json::array_at(window, "nodes")),
                                json::string_at(window, "why"),
                                json::string_at(window, "id")));
    for (const auto& [channel, waiting] : json::object_at(status, "outbox"))
        output.line(fmt::format(
            "messages that wait for {}: {}", std::string_view(channel), json::text(waiting)));
    // A function's table does not say when it was written last.
    if (!status.contains("polls")) return;
    output.line(status.contains("last_poll_s")
                    ? fmt::format("last poll {} s ago", json::integer_at(status, "last_poll_s"))
                    : "no poll has succeeded yet");
}

void print_explanation(Output& output, const json::Object& explanation) {
    for (const auto& record : json::array_at(explanation, "records")) {
        std::string line = fmt::format("{} in cluster {}: {}",
                                       json::string_at(record, "node"),
                                       json::string_at(record, "cluster"),
                                       json::string_at(record, "phase"));
        for (const char* member : {"reason", "since", "judged_at", "incident", "status"}) {
            if (const auto value = json::string_at(record, member); !value.empty())
                line += fmt::format(", {} {}", replace_all(member, "_", " "), value);
        }
        output.line(line);
        output.line(fmt::format("  gone {} times, {} of them routine renewals",
                                json::integer_at(record, "disconnects"),
                                json::integer_at(record, "rotations")));
    }
    for (const auto& entry : json::array_at(explanation, "timeline"))
        output.line(fmt::format("  {}  {}{}",
                                json::string_at(entry, "at"),
                                json::string_at(entry, "text"),
                                json::string_at(entry, "incident").empty()
                                    ? ""
                                    : fmt::format("  [{}]", json::string_at(entry, "incident"))));
}

int print(const Result<json::Object>& answer,
          bool as_json,
          const std::function<void(Output&, const json::Object&)>& for_people) {
    if (!answer) return complain(answer.error());
    Output output;
    if (as_json)
        output.line(json::text(*answer));
    else
        for_people(output, *answer);
    return 0;
}

} // namespace

Result<MonitorPaths> MonitorPaths::find(const std::string& store) {
    MonitorPaths paths;
    // As `squall lab env` has it of a lab with a monitor.
    const char* const named = std::getenv("SQUALL_MONITOR_STORE");
    if (store.empty() && named != nullptr && *named != '\0') {
        paths.store = std::filesystem::absolute(named);
    } else if (store.empty()) {
        const auto folder = state_directory();
        if (!folder) return fail(folder.error());
        paths.store = *folder / "monitor" / "monitor.db";
    } else {
        paths.store = std::filesystem::absolute(store);
    }
    paths.control_socket = paths.store;
    paths.control_socket.replace_extension(".sock");
    return paths;
}

int run_command(const MonitorStatusCommand& command) {
    return print(command.place.table.empty() ? ask(command.place.store, "GET", "/v1/status")
                                             : status_of_table(command.place),
                 command.json,
                 print_status);
}

int run_command(const MonitorExplainCommand& command) {
    return print(
        command.place.table.empty()
            ? ask(command.place.store, "GET", "/v1/explain/" + wire::percent_encoded(command.node))
            : explanation_of_table(command.place, command.node),
        command.json,
        print_explanation);
}

int run_command(const MonitorMuteCommand& command) {
    const auto length = parse_duration(command.duration);
    if (!length) return complain({Errc::invalid_input, "--for: " + length.error().message});
    if (*length < Seconds(1) || *length > watch::window_max)
        return complain({Errc::invalid_input,
                         fmt::format("--for {}: from 1 s to {}",
                                     command.duration,
                                     short_duration(watch::window_max))});
    const json::Object window{{"cluster", command.cluster},
                              {"nodes", json::Array(command.nodes.begin(), command.nodes.end())},
                              {"until", rfc3339_millis(Wall::now() + *length)},
                              {"why", command.why}};
    return print(command.place.table.empty()
                     ? ask(command.place.store, "POST", "/v1/windows", json::text(window))
                     : mute_by_bus(command, *length),
                 command.json,
                 [](Output& output, const json::Object& made) {
                     output.line(fmt::format("{}: muted until {}; `squall monitor unmute {}` ends "
                                             "it before",
                                             json::string_at(made, "id"),
                                             json::string_at(made, "until"),
                                             json::string_at(made, "id")));
                 });
}

int run_command(const MonitorUnmuteCommand& command) {
    return print(
        command.place.table.empty()
            ? ask(command.place.store, "DELETE", "/v1/windows/" + wire::percent_encoded(command.id))
            : unmute_by_bus(command),
        command.json,
        [](Output& output, const json::Object& ended) {
            output.line(fmt::format("{}: over", json::string_at(ended, "id")));
        });
}

} // namespace squall::app
