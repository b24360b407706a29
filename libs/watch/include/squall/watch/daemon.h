// The monitor as a process of its own: events from a queue, a poll, a store on disk, channels, and
// an HTTP API that shows it all. One thread judges; each thing that may hang has a thread of its
// own.
#pragma once

#include "squall/aws/client.h"
#include "squall/base/file.h"
#include "squall/monitor/settings.h"
#include "squall/watch/channel.h"
#include "squall/watch/observer.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

namespace squall::watch {

struct DaemonOptions {
    monitor::Settings settings;
    ObserverOptions observer;
    std::string queue_url; // empty: no events, only the poll
    Path store;
    Path control_socket; // for `squall monitor status`, `explain` and `mute` on this machine
    std::string listen_address = "127.0.0.1";
    std::optional<std::uint16_t> listen_port; // nothing: no TCP; 0: the kernel chooses
    Millis poll_interval{60'000};             // ± 10 %
    bool explain = false;                     // say traces, too
};

// A line for whoever started it: decisions as JSON, and "ready …".
using Say = std::function<void(const std::string&)>;

// Until stopped, or until it cannot go on: a store that does not take what was decided. `client`
// and `clock` must outlive it.
[[nodiscard]] Result<void> run_daemon(const DaemonOptions& options,
                                      aws::Client& client,
                                      Clock& clock,
                                      std::vector<std::unique_ptr<Channel>> channels,
                                      const Say& say,
                                      const std::stop_token& stop);

} // namespace squall::watch
