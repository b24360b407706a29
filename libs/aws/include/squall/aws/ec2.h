// Amazon EC2, as far as we read it, and end instances.
#pragma once

#include "squall/aws/client.h"

#include <map>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

namespace squall::aws {

// An instance's metadata service, as EC2 offers it.
struct InstanceMetadataOptions {
    std::string http_endpoint; // enabled, disabled; empty where EC2 does not say
    std::string http_tokens;   // optional, required
    int http_put_response_hop_limit = 0;
};

struct Ec2Instance {
    std::string instance_id;
    std::string state; // running, stopped, terminated, …
    std::string availability_zone;
    std::string private_ip; // empty when it is terminated
    std::map<std::string, std::string> tags;
    std::optional<WallTime> launch_time; // the last start
    std::string instance_type;
    // Of its primary network interface. Empty when it is terminated.
    std::string vpc_id;
    std::string subnet_id;
    std::vector<std::string> group_ids;
    std::string public_ip;         // empty where it has none
    bool has_ipv6_address = false; // on any of its interfaces
    std::string iam_instance_profile_arn;
    InstanceMetadataOptions metadata_options;
};

struct Ec2StateChange {
    std::string instance_id;
    std::string previous_state; // running, …
    std::string current_state;  // shutting-down, …
};

// As thread-safe as its client, which must outlive it.
class Ec2 {
public:
    explicit Ec2(Client& client) : client_(client) {}

    // Of these ids, the instances that there are. Ids that are none of EC2's (mi-… of external
    // instances) are not asked about, and ids that EC2 does not know, which it answers by refusing
    // the whole call, are left out and the rest is asked again.
    [[nodiscard]] Outcome<std::vector<Ec2Instance>> describe_instances(
        std::span<const std::string> instance_ids, Deadline deadline, const std::stop_token& stop);

    // Ids as above. Those that EC2 has forgotten are not among the answers: they are gone anyway.
    // OperationNotPermitted where an instance is protected; then all of its call stay as they are.
    [[nodiscard]] Outcome<std::vector<Ec2StateChange>> terminate_instances(
        std::span<const std::string> instance_ids, Deadline deadline, const std::stop_token& stop);

private:
    Client& client_;
};

} // namespace squall::aws
