// `squall lab up --monitor`: what an operator builds around the monitor in a real account, and the
// monitor itself, as a process beside the lab.
#pragma once

#include "cloud/cloud.h"
#include "lab_state.h"
#include "squall/base/fd.h"
#include "squall/transport/loop.h"

#include <functional>
#include <memory>

namespace squall::lab {

struct Monitoring {
    std::string queue_url;
    std::string topic_arn;
};

// A rule that forwards everything that concerns container instances, a queue with a dead-letter
// queue, and a topic with a mailbox. By the same calls that a user would make.
[[nodiscard]] Result<Monitoring> make_monitoring(Cloud& cloud, const std::string& host);

// `squall monitor run`, this same program, until destroyed. It dies with the lab.
class MonitorProcess {
public:
    struct Settings {
        std::string grace; // as --grace has it
        Path store;
        Path log;
    };

    // `ended` is called on the loop when it ends by itself.
    [[nodiscard]] static Result<std::unique_ptr<MonitorProcess>> start(transport::Loop& loop,
                                                                       const Monitoring& monitoring,
                                                                       const LabState& lab,
                                                                       const Settings& settings,
                                                                       std::function<void()> ended);
    MonitorProcess(const MonitorProcess&) = delete;
    MonitorProcess& operator=(const MonitorProcess&) = delete;
    ~MonitorProcess();

private:
    MonitorProcess(pid_t pid, Fd process) : pid_(pid), process_(std::move(process)) {}

    pid_t pid_;
    Fd process_;
    std::unique_ptr<transport::ReadWatch> watch_;
};

} // namespace squall::lab
