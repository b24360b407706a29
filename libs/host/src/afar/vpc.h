// What can be said from afar of the network around an instance: whether TCP to port 443 of ECS's
// endpoints gets out of its VPC, and back. Values in, values out: no call is made here.
//
// A way is closed only where nothing in what EC2 says leaves another one: a wrong cause is worse
// than none.
#pragma once

#include "address_set.h"
#include "checks/look.h"
#include "squall/aws/ec2.h"
#include "squall/aws/ec2_network.h"

#include <array>
#include <map>
#include <set>

namespace squall::host {

// What EC2 said, for all patients together; each list by itself, because each may have been denied.
struct VpcNetwork {
    aws::Outcome<std::vector<aws::Subnet>> subnets;
    aws::Outcome<std::vector<aws::SecurityGroup>> groups;
    aws::Outcome<std::vector<aws::NetworkAcl>> acls;
    aws::Outcome<std::vector<aws::RouteTable>> route_tables;
    aws::Outcome<std::vector<aws::NatGateway>> nat_gateways;
    aws::Outcome<std::vector<aws::InternetGateway>> internet_gateways;
    aws::Outcome<std::vector<aws::VpcEndpoint>> endpoints;
    std::map<std::string, aws::Outcome<aws::VpcDns>> dns; // by VPC
};

// One of the three that an agent talks to.
struct EcsService {
    const char* name;     // as looks call it: endpoint-api
    const char* endpoint; // com.amazonaws.REGION.…
    const char* title;
    const char* cause; // where it is the first of the three that is closed
    std::vector<std::string_view> actions;
};

[[nodiscard]] const std::array<EcsService, 3>& ecs_services();

// What was learned elsewhere, which is worth more than what follows from rules.
struct KnownOfHost {
    std::set<std::string, std::less<>> reached; // services by name: the way there is open
    std::set<std::string, std::less<>> missed;  // the host itself gets no answer from there
    bool is_connected = false;
    bool has_other_way = false; // a proxy, or a backend of its own
    bool lacks_region = false;  // its agent: nothing but the metadata would tell it
    // A connected agent has the same subnet, or the same security groups.
    bool subnet_is_proven = false;
    bool groups_are_proven = false;
};

// known_of_host.cc
// `looks`: the host's own; `agent_config`: its ecs.config, as far as it was read.
[[nodiscard]] KnownOfHost
known_of_host(bool is_connected, std::span<const Look> looks, std::string_view agent_config);
// A neighbour whose agent is connected is proof of what both of them go through.
void learn_from_neighbours(const aws::Ec2Instance& instance,
                           std::span<const aws::Ec2Instance> all,
                           const std::set<std::string>& connected,
                           KnownOfHost& known);

struct Passage {
    enum class Way { open, closed, unknown };

    Way way = Way::open;
    std::string why; // closed: "network ACL acl-1 (rule 90) lets …"; unknown: what is in the way
    std::vector<Evidence> seen;
    std::vector<std::string> remedy;
    bool is_total = false; // closed: whatever way the agent goes, by TCP nothing gets through
};

[[nodiscard]] Passage open_way();
[[nodiscard]] Passage unknown_way(std::string why);
[[nodiscard]] Passage closed_way(std::string why, Evidence seen, std::vector<std::string> remedy);

// A call that was not answered, in the words of whoever may change that.
[[nodiscard]] Passage unanswered(const aws::ApiError& error);

// Where an instance's packets go to reach a service.
struct VpcDestination {
    AddressSet addresses;
    std::vector<std::string> subnet_ids; // of an endpoint in the VPC; none: outside of it
    std::vector<std::string> group_ids;  // of that endpoint
    std::string words;                   // "public addresses", "endpoint vpce-1"
};

// vpc_rules.cc
[[nodiscard]] Passage through_groups(const aws::Ec2Instance& instance,
                                     const VpcNetwork& network,
                                     const VpcDestination& to);
[[nodiscard]] Passage into_endpoint(const aws::Ec2Instance& instance,
                                    const VpcNetwork& network,
                                    const aws::VpcEndpoint& endpoint);

// vpc_acls.cc
[[nodiscard]] Passage
through_acls(const aws::Ec2Instance& instance, const VpcNetwork& network, const VpcDestination& to);
// Of `from`, what this ACL lets pass that way on this port.
[[nodiscard]] AddressSet
let_through(const aws::NetworkAcl& acl, bool egress, const AddressSet& from, int port);

// vpc_routes.cc
[[nodiscard]] Passage
by_route(const aws::Ec2Instance& instance, const VpcNetwork& network, const VpcDestination& to);
// Whether the subnet's routes lead to networks that EC2 here says nothing about: endpoints for all
// VPCs may be there, under names of a private hosted zone.
[[nodiscard]] bool leads_elsewhere(const aws::Ec2Instance& instance, const VpcNetwork& network);

// vpc_policy.cc
// Whether the policy of an endpoint lets the agent do these.
[[nodiscard]] Passage::Way allowed_by(std::string_view policy_document,
                                      const std::vector<std::string_view>& actions,
                                      std::string& refused_action);

// vpc_looks.cc
[[nodiscard]] std::vector<Look>
look_at_vpc(const aws::Ec2Instance& instance, const VpcNetwork& network, const KnownOfHost& known);

// instance_looks.cc
[[nodiscard]] std::vector<Look> look_at_instance_settings(const aws::Ec2Instance& instance,
                                                          const KnownOfHost& known);

// vpc_survey.cc
// Asks EC2 for the network around these instances, all together.
[[nodiscard]] VpcNetwork survey_network(aws::Ec2Network& ec2,
                                        std::span<const aws::Ec2Instance* const> instances,
                                        const aws::Ec2Network::Until& until);

} // namespace squall::host
