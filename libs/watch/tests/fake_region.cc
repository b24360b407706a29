#include "fake_region.h"

#include "squall/base/text.h"
#include "squall/wire/protocol.h"
#include "squall/wire/query.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace squall::watch {
namespace {

constexpr std::size_t describe_max = 100;
constexpr std::size_t scaling_ids_max = 50;

wire::HttpResponse json_answer(const json::Object& body) {
    return {200, {{"Content-Type", "application/x-amz-json-1.1"}}, json::text(body)};
}

wire::HttpResponse xml_answer(std::string body) {
    return {200, {{"Content-Type", "text/xml"}}, std::move(body)};
}

wire::HttpResponse refusal(wire::Protocol protocol, const std::string& code) {
    return wire::error_response(protocol, {code, "refused: " + code, 400}, "request-1");
}

std::vector<std::string> texts_at(const json::Object& input, std::string_view member) {
    std::vector<std::string> texts;
    for (const auto& value : json::array_at(input, member))
        texts.emplace_back(json::string_of(value));
    return texts;
}

std::string query_xml(const std::string& operation, const std::string& result) {
    return fmt::format("<{0}Response><{0}Result>{1}</{0}Result></{0}Response>", operation, result);
}

} // namespace

std::string FakeRegion::id(int number, const char* prefix) {
    return fmt::format("{}{:017}", prefix, number);
}

std::string FakeRegion::arn(const std::string& instance_id) {
    return "arn:aws:ecs:us-east-1:123456789012:container-instance/demo/" + instance_id;
}

FakeRegion::Host& FakeRegion::add(int number, const char* prefix) {
    Host& host = hosts_[id(number, prefix)];
    host.instance_id = id(number, prefix);
    return host;
}

int FakeRegion::calls(const std::string& operation) const {
    return static_cast<int>(asked(operation).size());
}

std::vector<std::size_t> FakeRegion::asked(const std::string& operation) const {
    const auto found = asked_.find(operation);
    return found == asked_.end() ? std::vector<std::size_t>() : found->second;
}

Result<wire::HttpResponse> FakeRegion::send(const wire::Url& /*server*/,
                                            const wire::HttpRequest& request,
                                            Deadline /*deadline*/,
                                            std::stop_token /*stop*/) {
    const auto target = wire::header_value(request.headers, "X-Amz-Target");
    if (!target.empty()) {
        const auto [prefix, name] = split_once(target, '.');
        const std::string operation =
            fmt::format("{}:{}", prefix == "AmazonSSM" ? "ssm" : "ecs", name);
        const auto input = json::parse_object(request.body);
        if (!input) return fail(input.error());
        return answer_json(operation, *input);
    }
    const auto form = wire::QueryParameters::parse(request.body);
    if (!form) return fail(form.error());
    const bool is_ec2 = form->get("Version") == "2016-11-15";
    return answer_query(fmt::format("{}:{}", is_ec2 ? "ec2" : "autoscaling", form->get("Action")),
                        *form);
}

wire::HttpResponse FakeRegion::answer_json(const std::string& operation,
                                           const json::Object& input) {
    asked_[operation].push_back(json::array_at(input, "containerInstances").size());
    if (const auto refused = refusals.find(operation); refused != refusals.end())
        return refusal(wire::Protocol::json_1_1, refused->second);
    if (operation == "ecs:ListClusters")
        return json_answer({{"clusterArns", json::Array{json::Value(demo_cluster)}}});
    if (operation == "ecs:DescribeClusters") {
        json::Array tags;
        for (const auto& [key, value] : cluster_tags)
            tags.push_back(json::Object{{"key", key}, {"value", value}});
        return json_answer({{"clusters",
                             json::Array{json::Object{{"clusterArn", demo_cluster},
                                                      {"clusterName", "demo"},
                                                      {"status", "ACTIVE"},
                                                      {"tags", std::move(tags)}}}}});
    }
    if (operation == "ecs:ListContainerInstances")
        return json_answer(list_container_instances(input));
    if (operation == "ecs:DescribeContainerInstances")
        return json_answer(describe_container_instances(input));
    EXPECT_EQ(operation, "ssm:DescribeInstanceInformation");
    return json_answer(describe_managed(input));
}

json::Object FakeRegion::list_container_instances(const json::Object& input) const {
    const std::size_t from =
        static_cast<std::size_t>(to_integer(json::string_at(input, "nextToken")).value_or(0));
    std::vector<std::string> arns;
    for (const auto& [id, host] : hosts_)
        if (host.is_registered) arns.push_back(arn(id));
    const std::size_t to = std::min(from + page_max, arns.size());
    json::Array page;
    for (std::size_t i = from; i < to; ++i)
        page.push_back(json::Value(arns[i]));
    json::Object answer{{"containerInstanceArns", std::move(page)}};
    if (to < arns.size()) answer["nextToken"] = std::to_string(to);
    return answer;
}

json::Object FakeRegion::describe_container_instances(const json::Object& input) const {
    const auto wanted = texts_at(input, "containerInstances");
    EXPECT_LE(wanted.size(), describe_max);
    json::Array found;
    json::Array failures;
    for (const auto& one : wanted) {
        if (unspoken.contains(one)) continue;
        const auto host = hosts_.find(one.substr(one.rfind('/') + 1));
        if (host == hosts_.end() || !host->second.is_registered) {
            failures.push_back(json::Object{{"arn", one}, {"reason", "MISSING"}});
            continue;
        }
        found.push_back(json::Object{{"containerInstanceArn", one},
                                     {"ec2InstanceId", host->first},
                                     {"agentConnected", host->second.is_connected},
                                     {"status", host->second.status},
                                     {"version", 7}});
    }
    return {{"containerInstances", std::move(found)}, {"failures", std::move(failures)}};
}

json::Object FakeRegion::describe_managed(const json::Object& input) const {
    json::Array found;
    for (const auto& filter : json::array_at(input, "Filters")) {
        for (const auto& id : texts_at(filter.as_object(), "Values")) {
            const auto host = hosts_.find(id);
            if (host == hosts_.end() || host->second.state.empty()) continue;
            const bool runs = host->second.state == "running";
            found.push_back(json::Object{{"InstanceId", id},
                                         {"PingStatus", runs ? "Online" : "ConnectionLost"}});
        }
    }
    return {{"InstanceInformationList", std::move(found)}};
}

wire::HttpResponse FakeRegion::answer_query(const std::string& operation,
                                            const wire::QueryParameters& form) {
    const bool is_ec2 = operation.starts_with("ec2:");
    const auto ids = form.list(is_ec2 ? "InstanceId" : "InstanceIds");
    asked_[operation].push_back(ids.size());
    if (const auto refused = refusals.find(operation); refused != refusals.end())
        return refusal(is_ec2 ? wire::Protocol::ec2 : wire::Protocol::query, refused->second);
    if (is_ec2) return describe_instances(ids);
    const std::string name(form.get("Action"));
    return xml_answer(
        query_xml(name, name == "DescribeAutoScalingGroups" ? groups_xml() : members_xml(ids)));
}

wire::HttpResponse FakeRegion::describe_instances(const std::vector<std::string>& ids) const {
    std::string items;
    for (const auto& id : ids) {
        const auto host = hosts_.find(id);
        if (host == hosts_.end() || host->second.state.empty())
            return wire::error_response(wire::Protocol::ec2,
                                        {"InvalidInstanceID.NotFound",
                                         fmt::format("The instance ID '{}' does not exist", id),
                                         400},
                                        "request-1");
        items += fmt::format("<item><instancesSet><item><instanceId>{}</instanceId><instanceState>"
                             "<name>{}</name></instanceState></item></instancesSet></item>",
                             id,
                             host->second.state);
    }
    return xml_answer(fmt::format("<DescribeInstancesResponse><reservationSet>{}</reservationSet></"
                                  "DescribeInstancesResponse>",
                                  items));
}

std::string FakeRegion::groups_xml() const {
    std::map<std::string, std::string> groups;
    for (const auto& [id, host] : hosts_) {
        if (host.group.empty()) continue;
        groups[host.group] += fmt::format("<member><InstanceId>{}</InstanceId><LifecycleState>{}"
                                          "</LifecycleState></member>",
                                          id,
                                          host.lifecycle_state);
    }
    std::string members;
    for (const auto& [name, instances] : groups)
        members += fmt::format("<member><AutoScalingGroupName>{}</AutoScalingGroupName><Instances>"
                               "{}</Instances></member>",
                               name,
                               instances);
    return fmt::format("<AutoScalingGroups>{}</AutoScalingGroups>", members);
}

std::string FakeRegion::members_xml(const std::vector<std::string>& ids) const {
    EXPECT_LE(ids.size(), scaling_ids_max);
    std::string members;
    for (const auto& id : ids) {
        const auto host = hosts_.find(id);
        if (host == hosts_.end() || host->second.group.empty()) continue;
        members +=
            fmt::format("<member><InstanceId>{}</InstanceId><AutoScalingGroupName>{}"
                        "</AutoScalingGroupName><LifecycleState>{}</LifecycleState></member>",
                        id,
                        host->second.group,
                        host->second.lifecycle_state);
    }
    return fmt::format("<AutoScalingInstances>{}</AutoScalingInstances>", members);
}

} // namespace squall::watch
