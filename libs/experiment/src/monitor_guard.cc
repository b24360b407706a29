#include "monitor_guard.h"

#include "squall/base/json.h"
#include "squall/base/text.h"
#include "squall/wire/arn.h"

#include <algorithm>

namespace squall::experiment {
namespace {

constexpr const char* tunable_name = "MONITOR_URL";
// Of what a stranger says, no more than fits a line.
constexpr std::size_t told_max = 200;
constexpr std::size_t nodes_shown_max = 5;

std::string url_of(const Plan& plan) {
    // A plan in a journal may be of a squall that did not know it yet.
    return plan.tunables.has(tunable_name) ? plan.tunables.text(tunable_name) : std::string();
}

std::string nodes_text(const json::Array& nodes) {
    std::vector<std::string> names;
    for (const auto& node : nodes) {
        if (names.size() < nodes_shown_max)
            names.emplace_back(json::string_of(node).substr(0, told_max));
    }
    if (names.empty()) return "its instances are on their way back";
    const std::string more =
        nodes.size() > names.size() ? fmt::format(" and {} more", nodes.size() - names.size()) : "";
    return fmt::format("{}{} disconnected", join(names, ", "), more);
}

std::string incident_text(const json::Value& incident) {
    return fmt::format("incident {} ({}) since {}: {}",
                       json::string_at(incident, "incident").substr(0, told_max),
                       json::string_at(incident, "kind").substr(0, told_max),
                       json::string_at(incident, "since").substr(0, told_max),
                       nodes_text(json::array_at(incident, "disconnected")));
}

std::string advice_for(const Result<wire::HttpResponse>& answer) {
    if (!answer)
        return "see that `squall monitor run` is up and that MONITOR_URL is where it listens, or "
               "run without";
    if (answer->status == 404)
        return "see that it is a squall monitor and watches this cluster, or run without "
               "MONITOR_URL";
    return "see `squall monitor status`, or run without MONITOR_URL";
}

} // namespace

TunableSpec monitor_tunable() {
    return {.name = tunable_name,
            .meaning = "a squall monitor that is asked before the fault and before each wave: an "
                       "open incident, or no clear answer, and nothing is injected",
            .pattern = "unix:/[A-Za-z0-9._/-]{1,200}|https?://[A-Za-z0-9._:\\[\\]-]{1,300}/?",
            .pattern_meaning = "http://HOST:PORT, or unix: and the path of a monitor's socket",
            .in_environment = false};
}

Problems check_monitor(const TunableValues& values) {
    const TunableValue& given = values.all().at(tunable_name);
    if (given.text.empty()) return {};
    const auto url = wire::parse_url(given.text);
    if (url) return {};
    return {{given.source, fmt::format("{}: {}", tunable_name, url.error().message)}};
}

Result<std::vector<std::string>> read_incidents(int status, std::string_view body) {
    const auto object = json::parse_object(body);
    if (status != 200) {
        const std::string_view why = object ? json::string_at(*object, "error") : "";
        return fail(Errc::unavailable,
                    "HTTP {}{}{}",
                    status,
                    why.empty() ? "" : ": ",
                    why.substr(0, told_max));
    }
    if (!object) return fail("HTTP 200, but no JSON object", object.error());
    const auto* found = object->if_contains("incidents");
    if (found == nullptr || !found->is_array())
        return fail(Errc::failed, "HTTP 200, but no \"incidents\"");
    std::vector<std::string> texts;
    for (const auto& incident : found->as_array()) {
        if (json::string_at(incident, "incident").empty())
            return fail(Errc::failed, "HTTP 200, but an incident without its id");
        texts.push_back(incident_text(incident));
    }
    return texts;
}

std::vector<GuardFinding>
monitor_findings(World& world, const Plan& plan, Deadline deadline, const std::stop_token& stop) {
    const std::string given = url_of(plan);
    if (given.empty()) return {};
    const auto refusal = [](std::string text) {
        return std::vector<GuardFinding>{{"monitor", std::move(text), /*refuses=*/true}};
    };
    const auto url = wire::parse_url(given);
    if (!url) return refusal(url.error().message);
    if (!world.send_http) return refusal(fmt::format("nobody can ask the monitor {}", given));
    wire::HttpRequest request;
    // By its ARN: clusters of the same name are in other regions and accounts.
    request.target = "/v1/incidents?cluster=" + wire::percent_encoded(plan.cluster);
    request.headers = {{"Accept", "application/json"}, {"Connection", "close"}};
    const auto answer = world.send_http(*url, request, deadline, stop);
    const auto incidents = answer ? read_incidents(answer->status, answer->body)
                                  : Result<std::vector<std::string>>(fail(answer.error()));
    if (!incidents)
        return refusal(fmt::format("the monitor {} gives no clear answer to GET {}: {}; {}",
                                   given,
                                   request.target,
                                   incidents.error().message,
                                   advice_for(answer)));
    std::vector<GuardFinding> findings;
    for (const auto& incident : *incidents)
        findings.push_back({"monitor",
                            fmt::format("the monitor {} has an open {}; wait for its end: `squall "
                                        "monitor status` shows it",
                                        given,
                                        incident),
                            /*refuses=*/true});
    return findings;
}

} // namespace squall::experiment
