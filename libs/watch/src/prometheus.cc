#include "prometheus.h"

#include "squall/base/text.h"

#include <fmt/format.h>

#include <algorithm>

namespace squall::watch {
namespace {

std::string escaped(std::string_view value) {
    return replace_all(replace_all(std::string(value), "\\", "\\\\"), "\"", "\\\"");
}

class Text {
public:
    void family(std::string_view name, std::string_view type, std::string_view help) {
        name_ = name;
        text_ += fmt::format("# HELP {} {}\n# TYPE {} {}\n", name, help, name, type);
    }

    template <class Number>
    void sample(Number value) {
        text_ += fmt::format("{} {}\n", name_, value);
    }

    template <class Number>
    void sample(std::string_view label, std::string_view what, Number value) {
        text_ += fmt::format("{}{{{}=\"{}\"}} {}\n", name_, label, escaped(what), value);
    }

    template <class Number>
    void sample_of(const monitor::Host& host, Number value) {
        text_ += fmt::format("{}{{cluster=\"{}\",instance=\"{}\"}} {}\n",
                             name_,
                             escaped(host.cluster->name),
                             escaped(host.ec2_instance_id),
                             value);
    }

    template <class Counts>
    void samples(std::string_view label, const Counts& counts) {
        for (const auto& [what, count] : counts)
            sample(label, what, count);
    }

    [[nodiscard]] std::string take() { return std::move(text_); }

private:
    std::string text_;
    std::string name_;
};

void add_hosts(Text& text, const MonitorView& view) {
    std::vector<const monitor::Host*> hosts;
    view.state.for_each_host([&](const monitor::Host& host) {
        if (host.cluster->is_monitored && host.phase != monitor::Phase::gone)
            hosts.push_back(&host);
    });
    std::sort(
        hosts.begin(), hosts.end(), [](const auto* a, const auto* b) { return a->key < b->key; });
    text.family("squall_monitor_agent_connected",
                "gauge",
                "1 while the container instance's agent is connected");
    for (const auto* host : hosts)
        text.sample_of(*host, host->is_connected() ? 1 : 0);
    text.family("squall_monitor_disconnected_seconds", "gauge", "since when its agent is gone");
    for (const auto* host : hosts) {
        if (host->phase != monitor::Phase::up && host->since != monitor::unknown_time)
            text.sample_of(*host,
                           std::chrono::duration_cast<Seconds>(view.now - host->since).count());
    }
    text.family("squall_monitor_disconnects_total", "counter", "how often its agent has gone");
    for (const auto* host : hosts)
        text.sample_of(*host, host->disconnects);
    text.family("squall_monitor_rotations_total",
                "counter",
                "of these, routine renewals of its connection");
    for (const auto* host : hosts)
        text.sample_of(*host, host->rotations);
}

} // namespace

std::string prometheus_text(const MonitorView& view) {
    Text text;
    add_hosts(text, view);
    text.family("squall_monitor_incidents_open", "gauge", "incidents that are open");
    text.sample(view.state.incidents().size());
    text.family("squall_monitor_decisions_total", "counter", "what was decided, by kind");
    text.samples("kind", view.figures.decisions);
    text.family("squall_monitor_suppressed_total", "counter", "what was kept quiet, by reason");
    text.samples("reason", view.figures.suppressed);
    text.family("squall_monitor_inputs_total", "counter", "events and answers that were judged");
    text.sample(view.figures.inputs);
    text.family("squall_monitor_messages_received_total", "counter", "messages from the queue");
    text.sample(view.messages_received);
    text.family(
        "squall_monitor_messages_unreadable_total", "counter", "messages that could not be read");
    text.sample(view.messages_unreadable);
    text.family("squall_monitor_polls_total", "counter", "polls, by how they went");
    text.sample("outcome", "ok", view.figures.polls);
    text.sample("outcome", "failed", view.figures.failed_polls);
    text.family("squall_monitor_sent_total", "counter", "what went out, by channel");
    text.samples("channel", view.figures.sent);
    text.family("squall_monitor_outbox", "gauge", "what waits to go out, by channel");
    text.samples("channel", view.outbox);
    text.family("squall_monitor_api_calls_total", "counter", "calls of AWS, by operation");
    text.samples("operation", view.api_calls);
    return text.take();
}

} // namespace squall::watch
