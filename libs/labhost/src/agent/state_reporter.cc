#include "agent/state_reporter.h"

namespace squall::labhost {
namespace {

constexpr Seconds submit_timeout{30};

} // namespace

void StateReporter::changed(const std::string& arn) {
    auto& pending = pending_[arn];
    if (!pending) pending = std::make_unique<Pending>(loop_);
    if (pending->under_way)
        pending->again = true;
    else
        submit(arn);
}

void StateReporter::submit(const std::string& arn) {
    const auto task = state_.tasks.find(arn);
    if (task == state_.tasks.end()) {
        pending_.erase(arn);
        return;
    }
    Pending& pending = *pending_.at(arn);
    pending.under_way = true;
    pending.again = false;
    const std::string status = task->second.known_status;
    if (status == "PENDING") {
        pending.under_way = false;
        return;
    }
    caller_.call(
        {"ecs",
         "AmazonEC2ContainerServiceV20141113.SubmitTaskStateChange",
         engine_->report_of(task->second),
         submit_timeout,
         /*is_sent_once=*/true},
        [this, arn, status](const Result<json::Object, CallError>& answer) {
            Pending& now = *pending_.at(arn);
            if (!answer) {
                log_.error("Could not submit task state change",
                           {{"task", arn}, {"status", status}, {"error", answer.error().words}});
                return now.timer.start(now.backoff.next(random_), [this, arn] { submit(arn); });
            }
            now.backoff.reset();
            now.under_way = false;
            if (const auto known = state_.tasks.find(arn); known != state_.tasks.end()) {
                known->second.reported_status = status;
                save_();
            }
            log_.info("Submitted task state change", {{"task", arn}, {"status", status}});
            if (now.again)
                submit(arn);
            else
                pending_.erase(arn);
        });
}

} // namespace squall::labhost
