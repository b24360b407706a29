#include "agent/attachments.h"

namespace squall::labhost {
namespace {

constexpr Millis look_interval{100};
constexpr Seconds submit_timeout{30};

} // namespace

bool Attachments::apply(const json::Object& message) {
    const auto& interfaces = json::array_at(message, "elasticNetworkInterfaces");
    const std::string task_arn(json::string_at(message, "taskArn"));
    if (interfaces.size() != 1 || task_arn.empty()) {
        log_.error("Error validating AttachTaskNetworkInterfacesMessage");
        return false;
    }
    const auto interface = TaskInterface::parse(interfaces.front());
    const std::string arn(json::string_at(interfaces.front(), "attachmentArn"));
    if (!interface || arn.empty()) {
        log_.error("Error validating AttachTaskNetworkInterfacesMessage",
                   {{"error", interface ? "no attachment ARN" : interface.error().message}});
        return false;
    }
    // What is announced again is waited for anew.
    if (waiting_.size() >= waiting_max && !waiting_.contains(arn)) return false;
    auto& waiting = waiting_[arn] = std::make_unique<Waiting>(loop_);
    waiting->task_arn = task_arn;
    waiting->mac = interface->mac;
    waiting->until = Steady::now() + Millis(json::integer_at(message, "waitTimeoutMs"));
    log_.info("Adding eni info for task to state",
              {{"taskARN", task_arn}, {"attachmentARN", arn}, {"macAddress", interface->mac}});
    look(arn);
    return true;
}

void Attachments::look(const std::string& attachment_arn) {
    Waiting& waiting = *waiting_.at(attachment_arn);
    if (interface_with_mac(waiting.mac)) return submit(attachment_arn);
    if (Steady::now() >= waiting.until) {
        log_.warn("ENI attachment has not been acknowledged in time",
                  {{"taskARN", waiting.task_arn}, {"attachmentARN", attachment_arn}});
        waiting_.erase(attachment_arn);
        return;
    }
    waiting.timer.start(look_interval, [this, attachment_arn] { look(attachment_arn); });
}

void Attachments::submit(const std::string& attachment_arn) {
    const Waiting& waiting = *waiting_.at(attachment_arn);
    caller_.call(
        {"ecs",
         "AmazonEC2ContainerServiceV20141113.SubmitTaskStateChange",
         {{"cluster", state_.cluster},
          {"task", waiting.task_arn},
          {"attachments",
           json::Array{json::Object{{"attachmentArn", attachment_arn}, {"status", "ATTACHED"}}}}},
         submit_timeout,
         /*is_sent_once=*/true},
        [this, attachment_arn](const Result<json::Object, CallError>& answer) {
            const auto found = waiting_.find(attachment_arn);
            if (found == waiting_.end()) return;
            if (!answer && Steady::now() < found->second->until) {
                log_.warn("Could not submit an attachment state change",
                          {{"error", answer.error().words}});
                return found->second->timer.start(
                    found->second->backoff.next(random_),
                    [this, attachment_arn] { submit(attachment_arn); });
            }
            waiting_.erase(found);
        });
}

} // namespace squall::labhost
