#include "squall/watch/report.h"

#include "squall/base/text.h"
#include "squall/monitor/event_parser.h"
#include "state_json.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <tuple>

namespace squall::watch {
namespace {

constexpr std::size_t timeline_max = 500;
constexpr std::size_t away_max = 100;
constexpr std::size_t why_max = 500;

// What is shown on terminals must not steer them.
bool is_one_line(std::string_view text) {
    return is_valid_utf8(text) && std::none_of(text.begin(), text.end(), [](char c) {
               return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
           });
}

// Those whose agent is gone, or that are waited for, whatever is done about it.
json::Array away(const monitor::State& state) {
    std::vector<const monitor::Host*> hosts;
    state.for_each_host([&](const monitor::Host& host) {
        const bool is_away = host.phase != monitor::Phase::up && host.phase != monitor::Phase::gone;
        if (is_away && host.cluster->is_monitored) hosts.push_back(&host);
    });
    std::sort(hosts.begin(), hosts.end(), [](const auto* a, const auto* b) {
        return std::tie(a->since, a->key) < std::tie(b->since, b->key);
    });
    if (hosts.size() > away_max) hosts.resize(away_max);
    json::Array found;
    for (const auto* host : hosts)
        found.push_back(host_json(*host));
    return found;
}

} // namespace

json::Object overview(const monitor::State& state, Store& store, WallTime now) {
    json::Array clusters;
    for (const auto& [arn, cluster] : state.clusters()) {
        if (cluster.is_monitored)
            clusters.push_back({{"cluster", cluster.name}, {"instances", cluster.hosts.size()}});
    }
    json::Array incidents;
    for (const auto& [id, incident] : state.incidents())
        incidents.push_back(incident_json(incident));
    json::Array windows;
    for (const auto& window : state.windows) {
        if (window.until > now) windows.push_back(window_json(window));
    }
    json::Object outbox;
    if (const auto sizes = store.outbox_sizes()) {
        for (const auto& [channel, size] : *sizes)
            outbox[channel] = size;
    }
    return {{"clusters", std::move(clusters)},
            {"agents", counts_json(state)},
            {"away", away(state)},
            {"incidents", std::move(incidents)},
            {"windows", std::move(windows)},
            {"outbox", std::move(outbox)}};
}

Result<json::Object>
explanation(const monitor::State& state, Store& store, const std::string& node) {
    json::Array hosts;
    state.for_each_host([&](const monitor::Host& host) {
        if (host.ec2_instance_id == node) hosts.push_back(host_json(host));
    });
    const auto entries = store.timeline(node, timeline_max);
    if (!entries) return fail(entries.error());
    if (hosts.empty() && entries->empty())
        return fail(Errc::not_found, "nothing is known of {}: an EC2 instance id, or mi-…", node);
    json::Array timeline;
    for (const auto& entry : *entries)
        timeline.push_back(timeline_json(entry));
    return json::Object{
        {"node", node}, {"records", std::move(hosts)}, {"timeline", std::move(timeline)}};
}

std::optional<std::string> not_a_window(const monitor::Window& window) {
    if (window.why.size() > why_max || !is_one_line(window.why) || !is_one_line(window.id))
        return fmt::format("\"why\" is one line of text, of {} bytes at the most", why_max);
    if (window.until == monitor::unknown_time || window.until <= window.from
        || window.until > window.from + window_max)
        return "\"until\" is a time to come, within seven days";
    if (window.cluster.empty() && window.nodes.empty())
        return "a window is over a cluster, or over nodes";
    return std::nullopt;
}

std::optional<std::string> unknown_in(const monitor::State& state, const monitor::Window& window) {
    std::vector<std::string> clusters;
    std::set<std::string_view> nodes;
    bool is_cluster_known = window.cluster.empty();
    for (const auto& [arn, cluster] : state.clusters()) {
        clusters.push_back(cluster.name);
        const bool is_meant =
            window.cluster.empty() || arn == window.cluster || cluster.name == window.cluster;
        is_cluster_known = is_cluster_known || is_meant;
        for (const monitor::Host* host : cluster.hosts) {
            if (is_meant) nodes.insert(host->ec2_instance_id);
        }
    }
    if (!is_cluster_known)
        return fmt::format("the monitor knows no cluster {}; it knows {}",
                           window.cluster,
                           clusters.empty() ? "none yet" : join(clusters, ", "));
    for (const auto& node : window.nodes) {
        if (!nodes.contains(node))
            return fmt::format("the monitor knows no instance {}{}{}: an EC2 instance id, or mi-…",
                               node,
                               window.cluster.empty() ? "" : " in cluster ",
                               window.cluster);
    }
    return std::nullopt;
}

aws::EventEntry event_of(const monitor::Window& window) {
    aws::EventEntry entry;
    entry.source = monitor::window_source;
    entry.detail_type = monitor::window_detail_type;
    entry.detail = monitor::window_detail(window);
    return entry;
}

} // namespace squall::watch
