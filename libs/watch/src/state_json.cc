#include "state_json.h"

#include "squall/base/time_text.h"
#include "squall/watch/report.h"

namespace squall::watch {
namespace {

void put(json::Object& object, const char* name, WallTime when) {
    if (when != monitor::unknown_time && when != monitor::no_time)
        object[name] = rfc3339_millis(when);
}

void put(json::Object& object, const char* name, const std::string& text) {
    if (!text.empty()) object[name] = text;
}

std::string_view kind_text(monitor::Incident::Kind kind) {
    switch (kind) {
    case monitor::Incident::Kind::single:
        return "instance";
    case monitor::Incident::Kind::zone:
        return "zone";
    case monitor::Incident::Kind::cluster:
        return "cluster";
    case monitor::Incident::Kind::region:
        return "region";
    }
    return "";
}

} // namespace

json::Object incident_json(const monitor::Incident& incident) {
    json::Object object{{"incident", incident.id}, {"kind", kind_text(incident.kind)}};
    put(object, "cluster", incident.cluster);
    put(object, "region", incident.region);
    put(object, "since", incident.since);
    put(object, "opened_at", incident.opened_at);
    object["critical"] = incident.is_escalated;
    json::Array out;
    json::Array back;
    for (const auto& member : incident.members)
        (member.is_out ? out : back).emplace_back(member.node);
    object["disconnected"] = std::move(out);
    object["back"] = std::move(back);
    put(object, "availability_zone", incident.traits.availability_zone);
    return object;
}

json::Object host_json(const monitor::Host& host) {
    json::Object object{{"cluster", host.cluster->name},
                        {"cluster_arn", host.cluster->arn},
                        {"node", host.ec2_instance_id},
                        {"phase", text(host.phase)},
                        {"connected", host.is_connected()},
                        {"disconnects", host.disconnects},
                        {"rotations", host.rotations}};
    put(object, "availability_zone", *host.availability_zone);
    put(object, "agent_version", *host.agent_version);
    put(object, "ec2_state", *host.ec2_state);
    if (host.phase != monitor::Phase::up) {
        put(object, "since", host.since);
        put(object, "judged_at", host.due);
    }
    if (host.phase == monitor::Phase::suppressed) object["reason"] = text(host.reason);
    put(object, "incident", host.incident);
    if (const auto* record = host.active_record()) {
        put(object, "container_instance_arn", record->arn);
        object["status"] = text(record->status);
        if (record->version() != monitor::unknown_version) object["version"] = record->version();
    }
    return object;
}

json::Object window_json(const monitor::Window& window) {
    json::Object object{{"id", window.id}, {"cluster", window.cluster}, {"why", window.why}};
    put(object, "from", window.from);
    put(object, "until", window.until);
    object["nodes"] = json::Array(window.nodes.begin(), window.nodes.end());
    return object;
}

json::Object timeline_json(const TimelineEntry& entry) {
    return {{"at", rfc3339_millis(entry.at)},
            {"cluster", entry.cluster},
            {"node", entry.node},
            {"incident", entry.incident},
            {"kind", entry.kind},
            {"text", entry.text}};
}

json::Object counts_json(const monitor::State& state) {
    std::int64_t connected = 0;
    std::map<std::string_view, std::int64_t> phases;
    state.for_each_host([&](const monitor::Host& host) {
        if (!host.cluster->is_monitored) return;
        if (host.is_connected()) ++connected;
        ++phases[text(host.phase)];
    });
    json::Object by_phase;
    for (const auto& [phase, count] : phases)
        by_phase[phase] = count;
    return {{"connected", connected}, {"by_phase", std::move(by_phase)}};
}

} // namespace squall::watch
