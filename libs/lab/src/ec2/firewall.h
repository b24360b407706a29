// What there is in the VPC of the lab's EC2 to let packets pass, or not: security groups, network
// ACLs, route tables and gateways. As AWS makes them for a default VPC, and as people change them.
//
// Instances have no public addresses here: their way out is a regional NAT gateway, which needs no
// subnet of its own.
#pragma once

#include "api/call.h"
#include "ec2/rules.h"
#include "squall/wire/xml.h"

#include <functional>

namespace squall::lab::ec2 {

inline constexpr const char* network_acl_id = "acl-0000000000000000d";
inline constexpr const char* route_table_id = "rtb-0000000000000000d";
inline constexpr const char* internet_gateway_id = "igw-0000000000000000d";
inline constexpr const char* nat_gateway_id = "nat-0000000000000000d";

class Firewall {
public:
    // Where packets come from.
    struct Place {
        std::string subnet_id;
        std::vector<std::string> group_ids;
    };

    // How much of each somebody may make: AWS's quotas.
    static constexpr std::size_t groups_max = 2500;
    static constexpr std::size_t rules_max = 60;
    static constexpr std::size_t acls_max = 200;
    static constexpr std::size_t entries_max = 40;
    static constexpr std::size_t route_tables_max = 200;

    // `has_group`: whether an instance is in that security group.
    explicit Firewall(std::function<bool(const std::string& group_id)> has_group);
    Firewall(const Firewall&) = delete;
    Firewall& operator=(const Firewall&) = delete;

    [[nodiscard]] std::optional<Answer> call(const ApiCall& call);

    // Called after whatever may change which packets pass.
    void on_change(std::function<void()> listener) { listener_ = std::move(listener); }

    void changed() const {
        if (listener_) listener_();
    }

    // Whether TCP from there to that port of a public address gets out, and the answers back.
    [[nodiscard]] bool lets_out(const Place& from, std::string_view address, int port) const;

    [[nodiscard]] bool has_group(std::string_view id) const { return groups_.contains(id); }

    [[nodiscard]] std::string name_of_group(std::string_view id) const {
        const auto found = groups_.find(id);
        return found == groups_.end() ? std::string() : found->second.name;
    }

    // What calls do, for those who do it without one. A new group lets everything out, a new ACL
    // lets nothing pass, a new table has the VPC's own route alone.
    const SecurityGroup& add_group(const std::string& name, const std::string& description);
    void close_group(const std::string& id); // takes its egress rules away
    void remove_group(const std::string& id);
    const NetworkAcl& add_acl();
    // Subnets that have it get the default one.
    void remove_acl(const std::string& id);
    // The ACL that a subnet had before.
    std::string give_acl(const std::string& subnet_id, const std::string& acl_id);
    const RouteTable& add_route_table();
    void remove_route_table(const std::string& id);
    // The table that a subnet has by itself; empty where it has the main one.
    [[nodiscard]] std::string own_route_table(const std::string& subnet_id) const;
    // The association's id.
    std::string give_route_table(const std::string& subnet_id, const std::string& table_id);

private:
    using Refusal = wire::ServiceError;

    struct AclAssociation {
        std::string id;
        std::string acl_id;
    };

    [[nodiscard]] const RouteTable& table_of(const std::string& subnet_id) const;

    // security_groups.cc
    Answer describe_security_groups(const ApiCall& call);
    Answer create_security_group(const ApiCall& call);
    Answer delete_security_group(const ApiCall& call);
    Answer authorize_egress(const ApiCall& call);
    Answer revoke_egress(const ApiCall& call);
    [[nodiscard]] Result<SecurityGroup*, Refusal> group_of(const ApiCall& call);
    // network_acls.cc
    Answer describe_network_acls(const ApiCall& call);
    Answer create_network_acl(const ApiCall& call);
    Answer delete_network_acl(const ApiCall& call);
    Answer create_network_acl_entry(const ApiCall& call);
    Answer replace_network_acl_entry(const ApiCall& call);
    Answer delete_network_acl_entry(const ApiCall& call);
    Answer replace_network_acl_association(const ApiCall& call);
    [[nodiscard]] Result<NetworkAcl*, Refusal> acl_of(const ApiCall& call);
    void write_acl(wire::XmlWriter& xml, const NetworkAcl& acl, const std::string& account) const;
    // route_tables.cc
    Answer describe_route_tables(const ApiCall& call);
    Answer create_route_table(const ApiCall& call);
    Answer delete_route_table(const ApiCall& call);
    Answer associate_route_table(const ApiCall& call);
    Answer disassociate_route_table(const ApiCall& call);
    Answer create_route(const ApiCall& call);
    Answer replace_route(const ApiCall& call);
    Answer delete_route(const ApiCall& call);
    [[nodiscard]] Result<RouteTable*, Refusal> table_of_call(const ApiCall& call);
    // gateways.cc
    Answer describe_vpcs(const ApiCall& call);
    Answer describe_vpc_attribute(const ApiCall& call);
    Answer describe_nat_gateways(const ApiCall& call);
    Answer describe_internet_gateways(const ApiCall& call);
    Answer describe_vpc_endpoints(const ApiCall& call);

    std::function<bool(const std::string& group_id)> is_in_use_;
    std::function<void()> listener_;
    std::map<std::string, SecurityGroup, std::less<>> groups_;
    std::map<std::string, NetworkAcl, std::less<>> acls_;
    std::map<std::string, AclAssociation, std::less<>> acl_associations_; // by subnet
    std::map<std::string, RouteTable, std::less<>> tables_;
};

} // namespace squall::lab::ec2
