// Runs the health check of one container while it runs: waits, checks, tells the result, and again.
// Lives on its loop's thread. A check that is under way when this is destroyed is killed.
#pragma once

#include "runtime/exec.h"
#include "runtime/health_check.h"
#include "squall/transport/loop.h"

#include <functional>

namespace squall::labhost::runtime {

class HealthMonitor {
public:
    // `start` begins one check; `done` gets each result. The references must outlive this.
    HealthMonitor(transport::Loop& loop,
                  const Clock& clock,
                  HealthCheck check,
                  std::function<Result<ExecProcess>()> start,
                  std::function<void(CheckResult)> done);
    HealthMonitor(const HealthMonitor&) = delete;
    HealthMonitor& operator=(const HealthMonitor&) = delete;
    ~HealthMonitor();

    [[nodiscard]] const HealthCheck& check() const { return check_; }

private:
    void wait();
    void begin();
    bool read_some();
    void on_end();
    void finish(int exit_code, std::string output);
    void reap();

    const Clock& clock_;
    transport::Loop& loop_;
    HealthCheck check_;
    std::function<Result<ExecProcess>()> start_;
    std::function<void(CheckResult)> done_;
    transport::Timer timer_;
    ExecProcess process_; // pid 0 between checks
    std::optional<transport::ReadWatch> end_watch_;
    std::optional<transport::ReadWatch> output_watch_;
    std::string output_;
    WallTime started_at_;
    bool took_too_long_ = false;
};

} // namespace squall::labhost::runtime
