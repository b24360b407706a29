// The text format of Prometheus, version 0.0.4.
#pragma once

#include "squall/monitor/state.h"
#include "squall/watch/figures.h"

#include <map>
#include <string>

namespace squall::watch {

struct MonitorView {
    const monitor::State& state;
    MonitorFigures::Snapshot figures;
    std::uint64_t messages_received = 0;
    std::uint64_t messages_unreadable = 0;
    std::map<std::string, std::int64_t> outbox;     // waiting, by channel
    std::map<std::string, std::uint64_t> api_calls; // by operation
    WallTime now;
};

[[nodiscard]] std::string prometheus_text(const MonitorView& view);

} // namespace squall::watch
