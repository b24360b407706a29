// EC2 of one region, as far as container instances need it.
#pragma once

#include "api/call.h"
#include "ec2/firewall.h"
#include "ec2/machines.h"
#include "ec2/network.h"
#include "squall/wire/xml.h"

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
    std::vector<std::string> group_ids{security_group_id};
    std::string role = "ecsInstanceRole"; // by its instance profile; empty where it has none
    bool has_metadata = true;             // HttpEndpoint enabled
    bool has_stale_keys = false;          // the keys in its metadata have expired
    bool has_names = true;                // the VPC's resolver knows AWS's names when it asks
    bool is_inspected = false;            // what looks into TLS is between it and AWS's endpoints
    Seconds behind_aws{0};                // so much its clock is slow, as AWS's endpoints see it
    std::string name;
    std::string group; // of Auto Scaling; empty where it is in none
    std::string state = "running";
    std::string reason;               // why it is not running: Client.UserInitiatedShutdown, …
    WallTime launched_at;             // or started again
    std::optional<WallTime> ended_at; // terminated
    std::optional<WallTime> interrupted_at; // EC2 takes it back then: a Spot Instance's end
};

class Instances {
public:
    // Spot Instances are told so long before EC2 takes them back.
    static constexpr Seconds spot_notice{120};

    // A terminated instance is described for so long, as in AWS.
    static constexpr std::chrono::hours terminated_kept{1};

    using Watcher = std::function<void(const Instance& instance, WallTime now)>;

    [[nodiscard]] std::optional<Answer> call(const ApiCall& call);

    // What instances run on; without it nothing does, and whatever is ordered has happened at once.
    // Must outlive its use.
    void use(Machines* machines) { machines_ = machines; }

    // It is pending, and then running. The reference is good until it is forgotten.
    Instance& launch(Instance instance, WallTime now);
    // False where there is no such instance, or where it is in that state already.
    bool change_state(const std::string& id, const std::string& state, WallTime now);
    // Ends it for good. False where there is none of that name, or it has ended.
    bool terminate(const std::string& id, const std::string& reason, WallTime now);
    // As the calls do. False where there is none of that name, or it is in no such state.
    bool stop(const std::string& id, WallTime now);
    bool start(const std::string& id, WallTime now);
    // What was ordered has come about: it runs, it is stopped or terminated. Nothing happens where
    // nobody had ordered that.
    void settle(const std::string& id, const std::string& state, WallTime now);
    // Forgets those that ended long ago.
    void tick(WallTime now);

    // Says that EC2 takes it back at that time. False where none of that name runs.
    bool interrupt(const std::string& id, WallTime at, WallTime now);
    // Those that run and should not any more: whoever asks ends them.
    [[nodiscard]] std::vector<std::string> overdue(WallTime now) const;

    // Is shown every new state, and every interruption when it is announced.
    void on_state(Watcher watcher) { on_state_ = std::move(watcher); }

    void on_interruption(Watcher watcher) { on_interruption_ = std::move(watcher); }

    // The one that has this address; null where none has, or has not ended yet.
    [[nodiscard]] const Instance* at_address(std::string_view private_ip) const;

    std::map<std::string, Instance, std::less<>> all; // by id
    // What lets their packets pass.
    Firewall firewall{[this](const std::string& group_id) {
        return has_group(group_id);
    }};

private:
    // Whether any that there still is has it.
    [[nodiscard]] bool has_group(const std::string& group_id) const;
    Answer describe_instances(const ApiCall& call);
    // orders.cc
    Answer start_instances(const ApiCall& call);
    Answer stop_instances(const ApiCall& call);
    Answer terminate_instances(const ApiCall& call);
    Answer reboot_instances(const ApiCall& call);
    // modify.cc
    Answer modify_instance_attribute(const ApiCall& call);
    Answer modify_groups(const ApiCall& call, Instance& instance) const;
    Answer modify_instance_metadata_options(const ApiCall& call);
    // The instances that a call names, each once; a refusal where it names any that there is not.
    [[nodiscard]] Result<std::vector<std::string>, wire::ServiceError>
    ids_of(const ApiCall& call) const;
    // The same for a call that changes them: it names some, and is no DryRun.
    [[nodiscard]] Result<std::vector<std::string>, wire::ServiceError>
    ordered_ids(const ApiCall& call) const;
    // What became of each, in the order in which they were named.
    using Change = std::function<void(const std::string& id)>;
    [[nodiscard]] Answer
    change_all(const ApiCall& call, const std::vector<std::string>& ids, const Change& change);
    // describe_network.cc
    Answer describe_subnets(const ApiCall& call);

    Machines* machines_ = nullptr;
    Watcher on_state_;
    Watcher on_interruption_;
};

// As instances and the call that changes them show it.
void write_metadata_options(wire::XmlWriter& xml, const Instance& instance);

// 16 for running, …
[[nodiscard]] std::string state_code(const std::string& state);

} // namespace squall::lab::ec2
