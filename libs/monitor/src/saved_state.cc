#include "squall/monitor/saved_state.h"

#include "squall/base/time_text.h"

#include <algorithm>

namespace squall::monitor {
namespace {

// Milliseconds since 1970. Times that mean "none" are left out.
void put(json::Object& row, std::string_view name, WallTime when) {
    if (when == unknown_time || when == no_time) return;
    row[name] = epoch_millis(when);
}

WallTime time_at(const json::Object& row, std::string_view name, WallTime otherwise) {
    const json::Value& value = json::at(row, name);
    return value.is_int64() ? WallTime(Millis(value.get_int64())) : otherwise;
}

void put(json::Object& row, std::string_view name, std::string_view text) {
    if (!text.empty()) row[name] = text;
}

void put(json::Object& row, std::string_view name, bool value) {
    if (value) row[name] = true;
}

std::string text_at(const json::Object& row, std::string_view name) {
    return std::string(json::string_at(row, name));
}

json::Object saved_record(const Record& record) {
    json::Object row{{"arn", record.arn}, {"status", text(record.status)}};
    if (record.event_version != unknown_version) row["event_version"] = record.event_version;
    if (record.seen_version != unknown_version) row["seen_version"] = record.seen_version;
    put(row, "since", record.since);
    put(row, "connected_at", record.connected_at);
    put(row, "registered_at", record.registered_at);
    put(row, "heard_at", record.heard_at);
    put(row, "connected", record.is_connected);
    put(row, "known", record.is_known);
    put(row, "missing", record.is_missing);
    put(row, "ghost_told", record.is_ghost_told);
    return row;
}

Record record_of(const json::Object& row) {
    Record record;
    record.arn = text_at(row, "arn");
    record.status = status_of(json::string_at(row, "status"));
    record.event_version = json::integer_at(row, "event_version", unknown_version);
    record.seen_version = json::integer_at(row, "seen_version", unknown_version);
    record.since = time_at(row, "since", unknown_time);
    record.connected_at = time_at(row, "connected_at", unknown_time);
    record.registered_at = time_at(row, "registered_at", unknown_time);
    record.heard_at = time_at(row, "heard_at", unknown_time);
    record.is_connected = json::bool_at(row, "connected");
    record.is_known = json::bool_at(row, "known");
    record.is_missing = json::bool_at(row, "missing");
    record.is_ghost_told = json::bool_at(row, "ghost_told");
    return record;
}

// The members of a host that are nothing but a time.
template <class Host, class Visit>
void for_each_time(Host& host, Visit visit) {
    visit("since", host.since);
    visit("judged_from", host.judged_from);
    visit("back_at", host.back_at);
    visit("held_at", host.held_at);
    visit("spot_at", host.spot_at);
    visit("scale_in_at", host.scale_in_at);
    visit("launched_at", host.launched_at);
    visit("acted_at", host.acted_at);
    visit("flapping_told_at", host.flapping_told_at);
}

template <class Host, class Visit>
void for_each_text(Host& host, Visit visit) {
    for_each_trait(host, visit);
    visit("ec2_state", host.ec2_state);
}

template <class Enum>
Result<Enum> enum_at(const json::Object& row, std::string_view name, int count) {
    const std::int64_t number = json::integer_at(row, name, 0);
    if (number < 0 || number >= count)
        return fail(Errc::failed, "the saved state has {} as {}: it is damaged", number, name);
    return static_cast<Enum>(number);
}

constexpr int phase_count = static_cast<int>(Phase::gone) + 1;
constexpr int reason_count = static_cast<int>(Reason::api) + 1;
constexpr int kind_count = static_cast<int>(Incident::Kind::region) + 1;

} // namespace

json::Object saved(const Host& host) {
    json::Object row{{"cluster", host.cluster->arn},
                     {"node", host.ec2_instance_id},
                     {"phase", static_cast<std::int64_t>(host.phase)},
                     {"reason", static_cast<std::int64_t>(host.reason)},
                     {"told_reason", static_cast<std::int64_t>(host.told_reason)},
                     {"retries", host.retries},
                     {"next_rung", host.next_rung},
                     {"disconnects", host.disconnects},
                     {"rotations", host.rotations}};
    for_each_time(host, [&](const char* name, WallTime when) { put(row, name, when); });
    for_each_text(host, [&](const char* name, const std::string* text) {
        put(row, name, std::string_view(*text));
    });
    put(row, "due", host.due);
    put(row, "rung_due", host.rung_due);
    put(row, "incident", std::string_view(host.incident));
    put(row, "since_exact", host.is_since_exact);
    put(row, "unregistered", host.is_unregistered);
    put(row, "unverified_told", host.is_unverified_told);
    put(row, "acted_on", host.was_acted_on);
    if (host.acted_at != unknown_time)
        row["acted_rung"] = static_cast<std::int64_t>(host.acted_rung);
    json::Array records;
    for (const auto& record : host.records)
        records.push_back(saved_record(record));
    row["records"] = std::move(records);
    if (!host.gaps.empty()) {
        json::Array gaps;
        for (const auto& gap : host.gaps) {
            json::Object entry{{"ms", gap.length.count()}};
            put(entry, "end", gap.end);
            gaps.push_back(std::move(entry));
        }
        row["gaps"] = std::move(gaps);
    }
    return row;
}

Result<void> restore_host(State& state, const json::Object& row) {
    const auto phase = enum_at<Phase>(row, "phase", phase_count);
    const auto reason = enum_at<Reason>(row, "reason", reason_count);
    const auto told = enum_at<Reason>(row, "told_reason", reason_count);
    const auto acted_rung = enum_at<Rung>(row, "acted_rung", static_cast<int>(all_rungs.size()));
    for (const auto* error : {phase ? nullptr : &phase.error(),
                              reason ? nullptr : &reason.error(),
                              told ? nullptr : &told.error(),
                              acted_rung ? nullptr : &acted_rung.error()}) {
        if (error != nullptr) return fail(*error);
    }
    Host& host = state.host(json::string_at(row, "cluster"), json::string_at(row, "node"));
    host.reason = *reason;
    host.told_reason = *told;
    host.retries = static_cast<std::uint8_t>(json::integer_at(row, "retries"));
    host.next_rung = static_cast<std::uint8_t>(json::integer_at(row, "next_rung"));
    host.disconnects = static_cast<std::uint32_t>(json::integer_at(row, "disconnects"));
    host.rotations = static_cast<std::uint32_t>(json::integer_at(row, "rotations"));
    for_each_time(
        host, [&](const char* name, WallTime& when) { when = time_at(row, name, unknown_time); });
    for_each_text(host, [&](const char* name, const std::string*& text) {
        text = state.keep(json::string_at(row, name));
    });
    host.incident = text_at(row, "incident");
    host.is_since_exact = json::bool_at(row, "since_exact");
    host.is_unregistered = json::bool_at(row, "unregistered");
    host.is_unverified_told = json::bool_at(row, "unverified_told");
    host.was_acted_on = json::bool_at(row, "acted_on");
    host.acted_rung = *acted_rung;
    host.records.clear();
    for (const auto& record : json::array_at(row, "records")) {
        if (record.is_object()) host.records.push_back(record_of(record.get_object()));
    }
    host.gaps.clear();
    for (const auto& gap : json::array_at(row, "gaps")) {
        if (gap.is_object())
            host.gaps.push_back({time_at(gap.get_object(), "end", unknown_time),
                                 Millis(json::integer_at(gap, "ms"))});
    }
    state.set_phase(host, *phase);
    state.set_due(host, time_at(row, "due", no_time));
    state.set_rung_due(host, time_at(row, "rung_due", no_time));
    return {};
}

json::Object saved(const Incident& incident) {
    json::Object row{{"id", incident.id},
                     {"kind", static_cast<std::int64_t>(incident.kind)},
                     {"region", incident.region},
                     {"reminders", incident.reminders}};
    put(row, "cluster", std::string_view(incident.cluster));
    put(row, "since", incident.since);
    put(row, "opened_at", incident.opened_at);
    put(row, "last_back", incident.last_back);
    put(row, "remind_at", incident.remind_at);
    put(row, "escalate_at", incident.escalate_at);
    put(row, "escalated", incident.is_escalated);
    put(row, "returned", incident.has_returned);
    for_each_trait(incident.traits, [&](const char* name, const std::string& text) {
        put(row, name, std::string_view(text));
    });
    json::Array members;
    for (const auto& member : incident.members) {
        json::Object entry{{"host", member.host}, {"node", member.node}, {"out", member.is_out}};
        put(entry, "gone", member.is_gone);
        members.push_back(std::move(entry));
    }
    row["members"] = std::move(members);
    return row;
}

Result<void> restore_incident(State& state, const json::Object& row) {
    const auto kind = enum_at<Incident::Kind>(row, "kind", kind_count);
    if (!kind) return fail(kind.error());
    Incident incident;
    incident.id = text_at(row, "id");
    incident.kind = *kind;
    incident.cluster = text_at(row, "cluster");
    incident.region = text_at(row, "region");
    incident.reminders = static_cast<int>(json::integer_at(row, "reminders"));
    incident.since = time_at(row, "since", unknown_time);
    incident.opened_at = time_at(row, "opened_at", unknown_time);
    incident.last_back = time_at(row, "last_back", unknown_time);
    incident.remind_at = time_at(row, "remind_at", no_time);
    incident.escalate_at = time_at(row, "escalate_at", no_time);
    incident.is_escalated = json::bool_at(row, "escalated");
    incident.has_returned = json::bool_at(row, "returned");
    for_each_trait(incident.traits,
                   [&](const char* name, std::string& text) { text = text_at(row, name); });
    for (const auto& member : json::array_at(row, "members"))
        incident.members.push_back({std::string(json::string_at(member, "host")),
                                    std::string(json::string_at(member, "node")),
                                    json::bool_at(member, "out"),
                                    json::bool_at(member, "gone")});
    if (incident.id.empty() || incident.members.empty())
        return fail(Errc::failed, "the saved state has an incident without members: it is damaged");
    state.open(std::move(incident));
    return {};
}

json::Object saved_rest(const State& state) {
    json::Array windows;
    for (const auto& window : state.windows) {
        json::Object row{{"id", window.id}, {"cluster", window.cluster}, {"why", window.why}};
        put(row, "from", window.from);
        put(row, "until", window.until);
        row["nodes"] = json::Array(window.nodes.begin(), window.nodes.end());
        windows.push_back(std::move(row));
    }
    json::Array clusters;
    for (const auto& [arn, cluster] : state.clusters())
        clusters.push_back({{"arn", arn}, {"monitored", cluster.is_monitored}});
    json::Object first_seen;
    for (const auto& [id, when] : state.first_seen)
        put(first_seen, id, when);
    return {{"windows", std::move(windows)},
            {"clusters", std::move(clusters)},
            {"first_seen", std::move(first_seen)},
            {"api_failures", state.api_failures},
            {"api_failure_told", state.is_api_failure_told}};
}

Result<void> restore_rest(State& state, const json::Object& row) {
    for (const auto& value : json::array_at(row, "windows")) {
        if (!value.is_object())
            return fail(Errc::failed, "the saved state has no window where one should be");
        const json::Object& entry = value.get_object();
        Window window;
        window.id = text_at(entry, "id");
        window.cluster = text_at(entry, "cluster");
        window.why = text_at(entry, "why");
        window.from = time_at(entry, "from", unknown_time);
        window.until = time_at(entry, "until", unknown_time);
        for (const auto& node : json::array_at(entry, "nodes"))
            window.nodes.emplace_back(json::string_of(node));
        state.windows.push_back(std::move(window));
    }
    for (const auto& cluster : json::array_at(row, "clusters"))
        state.cluster(json::string_at(cluster, "arn")).is_monitored =
            json::bool_at(cluster, "monitored", /*otherwise=*/true);
    const json::Object& first_seen = json::object_at(row, "first_seen");
    for (const auto& entry : first_seen)
        state.first_seen[std::string(entry.key())] = time_at(first_seen, entry.key(), unknown_time);
    state.api_failures = static_cast<int>(json::integer_at(row, "api_failures"));
    state.is_api_failure_told = json::bool_at(row, "api_failure_told");
    return {};
}

void resume(State& state, WallTime now) {
    std::vector<std::string> keys;
    state.for_each_host([&](const Host& host) {
        if (host.phase == Phase::checking) keys.push_back(host.key);
    });
    std::sort(keys.begin(), keys.end());
    for (const auto& key : keys) {
        Host& host = *state.find(key);
        state.set_phase(host, Phase::unverified);
        state.set_due(host, now);
    }
    // What was read is what is stored.
    (void)state.take_changes();
}

} // namespace squall::monitor
