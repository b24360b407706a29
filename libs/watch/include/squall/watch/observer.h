// Asks AWS what the monitor wants to know: all container instances now and then, and single hosts
// when it matters. Blocking; belongs to one thread.
#pragma once

#include "squall/aws/autoscaling.h"
#include "squall/aws/ec2.h"
#include "squall/aws/ecs.h"
#include "squall/aws/ssm.h"
#include "squall/monitor/decision.h"

#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

namespace squall::watch {

struct ObserverOptions {
    std::optional<std::string> cluster_tag; // as monitor::Settings
    // Auto Scaling groups by name, and the cluster that their instances belong to: for groups of
    // which no instance has ever registered. Of others their instances tell.
    std::map<std::string, std::string> group_clusters;
    Millis call_limit{60'000};
    // For what a look can do without: everybody who is asked about waits for it.
    Millis lifecycle_limit{10'000};
};

class Observer {
public:
    Observer(aws::Client& client, Clock& clock, ObserverOptions options);

    // Everything, in the order in which the judgement takes it. A call that failed is among it, as
    // PollFailed, and ends the poll.
    [[nodiscard]] std::vector<monitor::Input> poll(const std::stop_token& stop);
    // What is found out about each of these; failures are in their answers.
    [[nodiscard]] monitor::Looked look(const monitor::Look& request, const std::stop_token& stop);

private:
    struct Ec2View;

    [[nodiscard]] Deadline limit() const {
        return Deadline::at(clock_.now() + options_.call_limit);
    }

    aws::Outcome<monitor::ClustersSeen> clusters(const std::stop_token& stop);
    aws::Outcome<monitor::Polled> poll_cluster(const std::string& arn, const std::stop_token& stop);
    aws::Outcome<monitor::GroupMembersSeen> groups(const std::vector<monitor::Input>& polled,
                                                   const std::stop_token& stop);
    aws::Outcome<Ec2View> machines(const std::vector<std::string>& ids,
                                   const std::stop_token& stop);
    void add_lifecycles(const monitor::Look& request,
                        monitor::Looked& looked,
                        const std::stop_token& stop);

    aws::Ecs ecs_;
    aws::Ec2 ec2_;
    aws::Ssm ssm_;
    aws::AutoScaling auto_scaling_;
    Clock& clock_;
    ObserverOptions options_;
    bool may_ask_groups_ = true; // false once AWS has said that we may not
    bool may_ask_lifecycles_ = true;
};

} // namespace squall::watch
