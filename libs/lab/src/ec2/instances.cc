#include "ec2/instances.h"

#include "ec2/answers.h"
#include "squall/base/text.h"
#include "squall/base/time_text.h"
#include "squall/wire/xml.h"

#include <algorithm>
#include <regex>

namespace squall::lab::ec2 {
namespace {

constexpr std::size_t page_size_max = 1000;
constexpr int filters_max = 50;

std::optional<std::string> filter_value(const Instance& instance, std::string_view name) {
    if (name == "instance-id") return instance.id;
    if (name == "instance-state-name") return instance.state;
    if (name == "availability-zone") return instance.availability_zone;
    if (name == "instance-type") return instance.type;
    if (name == "private-ip-address") return instance.private_ip;
    if (name == "vpc-id") return instance.vpc_id;
    if (name == "instance-state-code") return state_code(instance.state);
    if (name == "tag:Name") return instance.name;
    if (name == "tag:aws:autoscaling:groupName") return instance.group;
    return std::nullopt;
}

using Filters = std::vector<std::pair<std::string, std::vector<std::string>>>;

Result<Filters, wire::ServiceError> read_filters(const wire::QueryParameters& form) {
    Filters filters;
    for (int i = 1; i <= filters_max; ++i) {
        const std::string prefix = fmt::format("Filter.{}", i);
        if (!form.has_structure(prefix)) break;
        const std::string name(form.get(prefix + ".Name"));
        if (!filter_value(Instance{}, name))
            return refuse("InvalidParameterValue", fmt::format("The filter '{}' is invalid", name));
        filters.emplace_back(name, form.list(prefix + ".Value"));
    }
    return filters;
}

bool matches(const Instance& instance, const Filters& filters) {
    return std::all_of(filters.begin(), filters.end(), [&](const auto& filter) {
        return std::find(filter.second.begin(),
                         filter.second.end(),
                         *filter_value(instance, filter.first))
               != filter.second.end();
    });
}

void write_groups(wire::XmlWriter& xml, const Instance& instance, const Firewall& firewall) {
    xml.element("groupSet", [&] {
        for (const auto& id : instance.group_ids) {
            xml.element("item", [&] {
                xml.leaf("groupId", id);
                xml.leaf("groupName", firewall.name_of_group(id));
            });
        }
    });
}

void write_members(wire::XmlWriter& xml,
                   const Instance& instance,
                   const Firewall& firewall,
                   const std::string& account) {
    xml.leaf("instanceId", instance.id);
    xml.leaf("imageId", instance.image_id);
    xml.element("instanceState", [&] {
        xml.leaf("code", state_code(instance.state));
        xml.leaf("name", instance.state);
    });
    xml.leaf("instanceType", instance.type);
    xml.leaf("launchTime", rfc3339_millis(instance.launched_at));
    xml.element("placement", [&] { xml.leaf("availabilityZone", instance.availability_zone); });
    if (!instance.reason.empty())
        xml.element("stateReason", [&] { xml.leaf("code", instance.reason); });
    // It has given back its address.
    if (instance.state != "terminated") {
        xml.leaf("privateIpAddress", instance.private_ip);
        xml.leaf("vpcId", instance.vpc_id);
        xml.leaf("subnetId", instance.subnet_id);
        write_groups(xml, instance, firewall);
        if (!instance.role.empty())
            xml.element("iamInstanceProfile", [&] {
                xml.leaf(
                    "arn",
                    fmt::format("arn:aws:iam::{}:instance-profile/{}", account, instance.role));
                xml.leaf("id", "AIPA" + sha256_hex(instance.role).substr(0, 16));
            });
        xml.element("metadataOptions", [&] { write_metadata_options(xml, instance); });
    }
    const auto tag = [&](const char* key, const std::string& value) {
        if (value.empty()) return;
        xml.element("item", [&] {
            xml.leaf("key", key);
            xml.leaf("value", value);
        });
    };
    xml.element("tagSet", [&] {
        tag("Name", instance.name);
        tag("aws:autoscaling:groupName", instance.group);
    });
}

void write_instance(wire::XmlWriter& xml,
                    const Instance& instance,
                    const Firewall& firewall,
                    const std::string& account) {
    xml.element("item", [&] {
        xml.leaf("reservationId", "r-0" + sha256_hex(instance.id).substr(0, 16));
        xml.leaf("ownerId", account);
        xml.element("instancesSet", [&] {
            xml.element("item", [&] { write_members(xml, instance, firewall, account); });
        });
    });
}

} // namespace

void write_metadata_options(wire::XmlWriter& xml, const Instance& instance) {
    xml.leaf("state", "applied");
    xml.leaf("httpTokens", "required");
    xml.leaf("httpPutResponseHopLimit", "2");
    xml.leaf("httpEndpoint", instance.has_metadata ? "enabled" : "disabled");
}

std::optional<Answer> Instances::call(const ApiCall& call) {
    static const OperationTable<Instances> operations{
        {"DescribeInstances", &Instances::describe_instances},
        {"DescribeSubnets", &Instances::describe_subnets},
        {"ModifyInstanceAttribute", &Instances::modify_instance_attribute},
        {"ModifyInstanceMetadataOptions", &Instances::modify_instance_metadata_options},
        {"RebootInstances", &Instances::reboot_instances},
        {"StartInstances", &Instances::start_instances},
        {"StopInstances", &Instances::stop_instances},
        {"TerminateInstances", &Instances::terminate_instances}};
    if (auto answered = call_operation(*this, operations, call)) return answered;
    return firewall.call(call);
}

bool Instances::has_group(const std::string& group_id) const {
    return std::any_of(all.begin(), all.end(), [&](const auto& each) {
        const auto& groups = each.second.group_ids;
        return !each.second.ended_at
               && std::find(groups.begin(), groups.end(), group_id) != groups.end();
    });
}

Result<std::vector<std::string>, wire::ServiceError> Instances::ids_of(const ApiCall& call) const {
    static const std::regex id_pattern("i-[0-9a-f]{8}([0-9a-f]{9})?");
    std::vector<std::string> wanted;
    for (auto& id : call.form.list("InstanceId")) {
        if (std::find(wanted.begin(), wanted.end(), id) == wanted.end())
            wanted.push_back(std::move(id));
    }
    for (const auto& id : wanted) {
        if (!std::regex_match(id, id_pattern))
            return refuse("InvalidInstanceID.Malformed", fmt::format("Invalid id: \"{}\"", id));
    }
    std::vector<std::string> unknown;
    std::copy_if(wanted.begin(),
                 wanted.end(),
                 std::back_inserter(unknown),
                 [&](const std::string& id) { return !all.contains(id); });
    if (!unknown.empty()) {
        return refuse("InvalidInstanceID.NotFound",
                      fmt::format("The instance ID{} '{}' do{} not exist",
                                  unknown.size() == 1 ? "" : "s",
                                  join(unknown, ", "),
                                  unknown.size() == 1 ? "es" : ""));
    }
    return wanted;
}

Answer Instances::describe_instances(const ApiCall& call) {
    const auto filters = read_filters(call.form);
    if (!filters) return fail(filters.error());
    if (call.form.has("InstanceId.1") && call.form.has("MaxResults")) {
        return refuse("InvalidParameterCombination",
                      "The parameter instancesSet cannot be used with the parameter maxResults");
    }
    const auto wanted = ids_of(call);
    if (!wanted) return fail(wanted.error());
    std::vector<std::string> ids;
    for (const auto& [id, instance] : all) {
        const bool asked =
            wanted->empty() || std::find(wanted->begin(), wanted->end(), id) != wanted->end();
        if (asked && matches(instance, *filters)) ids.push_back(id);
    }
    const auto size =
        to_integer(call.form.get("MaxResults")).value_or(static_cast<std::int64_t>(page_size_max));
    if (size < 5 || size > static_cast<std::int64_t>(page_size_max))
        return refuse(
            "InvalidParameterValue",
            "Value for parameter maxResults is invalid. Expecting a value from 5 to 1000.");
    const auto page = page_of(ids, call.form.get("NextToken"), static_cast<std::size_t>(size));
    if (!page) return refuse("InvalidNextToken", "The token is not valid");
    return answer_with(call, [&](wire::XmlWriter& xml) {
        xml.element("reservationSet", [&] {
            for (const auto& id : page->keys)
                write_instance(xml, all.find(id)->second, firewall, account_of(call));
        });
        if (!page->next_token.empty()) xml.leaf("nextToken", page->next_token);
    });
}

} // namespace squall::lab::ec2
