// EC2 of one region, as far as container instances need it.
#pragma once

#include "api/call.h"
#include "ec2/network.h"

namespace squall::lab::ec2 {

struct Instance {
    std::string id;
    std::string type = "t3.medium";
    std::string image_id = "ami-0squall0lab000001";
    std::string availability_zone;
    std::string private_ip;
    std::string mac;
    std::string vpc_id = ec2::vpc_id;
    std::string subnet_id;
    std::string role = "ecsInstanceRole";
    std::string name;
    std::string state = "running";
    WallTime launched_at;
    std::optional<WallTime> interrupted_at; // EC2 takes it back then: a Spot Instance's end
};

class Instances {
public:
    // Spot Instances are told so long before EC2 takes them back.
    static constexpr Seconds spot_notice{120};

    using Watcher = std::function<void(const Instance& instance, WallTime now)>;

    [[nodiscard]] std::optional<Answer> call(const ApiCall& call);

    // It is pending, and then running. The reference is good as long as this.
    Instance& launch(Instance instance, WallTime now);
    // False where there is no such instance, or where it is in that state already.
    bool change_state(const std::string& id, const std::string& state, WallTime now);
    // Says that EC2 takes it back at that time. False where none of that name runs.
    bool interrupt(const std::string& id, WallTime at, WallTime now);
    // Those that run and should not any more: whoever asks ends them.
    [[nodiscard]] std::vector<std::string> overdue(WallTime now) const;

    // Is shown every new state, and every interruption when it is announced.
    void on_state(Watcher watcher) { on_state_ = std::move(watcher); }

    void on_interruption(Watcher watcher) { on_interruption_ = std::move(watcher); }

    std::map<std::string, Instance, std::less<>> all; // by id

private:
    Answer describe_instances(const ApiCall& call);
    // describe_network.cc
    Answer describe_subnets(const ApiCall& call);
    Answer describe_security_groups(const ApiCall& call);

    Watcher on_state_;
    Watcher on_interruption_;
};

} // namespace squall::lab::ec2
