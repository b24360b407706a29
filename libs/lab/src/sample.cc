#include "sample.h"

#include "hosts/population.h"
#include "own_call.h"
#include "squall/base/text.h"
#include "squall/wire/xml.h"

namespace squall::lab {
namespace {

constexpr std::uint16_t container_port = 8080;
// Where the sample's listener is, unless something else is: next to the endpoint's own port.
constexpr std::uint16_t listener_port = 4780;
// For `squall helper publish`; the user's own, in a real account.
constexpr const char* helper_bucket = "squall-helpers";

class Maker {
public:
    explicit Maker(Cloud& cloud) : cloud_(cloud), account_(cloud.keys().account()) {}

    Result<void> ecs(const std::string& operation, json::Object body) {
        ApiCall call = own_call(cloud_, "ecs", operation);
        call.body = std::move(body);
        const auto answered = cloud_.home().ecs.call(call);
        SQUALL_ASSERT(answered.has_value());
        if (*answered) return {};
        return fail(Errc::invalid_input, "{}: {}", operation, answered->error().message);
    }

    // The text at this path below the answer's root; empty where there is none.
    Result<std::string>
    balancing(const std::string& operation,
              const std::vector<std::pair<std::string, std::string>>& parameters,
              const std::string& wanted = "RequestId") {
        ApiCall call = own_call(cloud_, "elasticloadbalancing", operation);
        call.protocol = wire::Protocol::query;
        for (const auto& [name, value] : parameters)
            call.form.add(name, value);
        const auto answered = cloud_.home().elb.call(call);
        SQUALL_ASSERT(answered.has_value());
        if (!*answered) return fail(Errc::failed, "{}: {}", operation, answered->error().message);
        const auto document = wire::XmlDocument::parse(std::get<std::string>(**answered));
        if (!document) return fail(document.error());
        return document->text_at(wanted);
    }

    Result<void> bucket(const std::string& name) {
        ApiCall call = own_call(cloud_, "s3", "CreateBucket");
        call.protocol = wire::Protocol::rest_xml;
        call.body = {{"Bucket", name}};
        // The first region is the one that is not named.
        if (cloud_.region() != "us-east-1")
            call.request.body = fmt::format("<CreateBucketConfiguration><LocationConstraint>{}"
                                            "</LocationConstraint></CreateBucketConfiguration>",
                                            cloud_.region());
        const auto answered = cloud_.s3().call(call);
        SQUALL_ASSERT(answered.has_value());
        if (*answered) return {};
        return fail(Errc::failed, "CreateBucket {}: {}", name, answered->error().message);
    }

    [[nodiscard]] const std::string& account() const { return account_; }

private:
    Cloud& cloud_;
    std::string account_;
};

json::Object web_definition(const std::string& account) {
    return {{"family", "web"},
            {"networkMode", "bridge"},
            {"taskRoleArn", fmt::format("arn:aws:iam::{}:role/web-task", account)},
            {"containerDefinitions",
             json::Array{json::Object{{"name", "web"},
                                      {"image", "squall/web:latest"},
                                      {"cpu", 64},
                                      {"memory", 64},
                                      {"essential", true},
                                      {"portMappings",
                                       json::Array{json::Object{{"containerPort", container_port},
                                                                {"hostPort", 0},
                                                                {"protocol", "tcp"}}}}}}}};
}

// The target group's ARN. The times are the shortest that AWS allows: nobody waits for a lab.
Result<std::string> make_load_balancer(Maker& maker, const LabOptions& options) {
    const auto group =
        maker.balancing("CreateTargetGroup",
                        {{"Name", "web"},
                         {"Protocol", "HTTP"},
                         {"Port", "80"},
                         {"VpcId", ec2::vpc_id},
                         {"HealthCheckPath", "/health"},
                         {"HealthCheckIntervalSeconds", "5"},
                         {"HealthCheckTimeoutSeconds", "2"},
                         {"HealthyThresholdCount", "2"},
                         {"UnhealthyThresholdCount", "2"}},
                        "CreateTargetGroupResult/TargetGroups/member/TargetGroupArn");
    if (!group) return group;
    const auto delay =
        maker.balancing("ModifyTargetGroupAttributes",
                        {{"TargetGroupArn", *group},
                         {"Attributes.member.1.Key", "deregistration_delay.timeout_seconds"},
                         {"Attributes.member.1.Value", "5"}});
    if (!delay) return delay;
    std::vector<std::pair<std::string, std::string>> parameters{{"Name", "web"}};
    for (const auto& subnet : ec2::subnets_of(options.region))
        parameters.emplace_back(fmt::format("Subnets.member.{}", parameters.size()), subnet.id);
    const auto balancer =
        maker.balancing("CreateLoadBalancer",
                        parameters,
                        "CreateLoadBalancerResult/LoadBalancers/member/LoadBalancerArn");
    if (!balancer) return balancer;
    // Who lets the endpoint's port be picked wants no fixed port at all.
    const std::uint16_t port = options.port == 0 ? 80 : listener_port;
    const auto listener = maker.balancing("CreateListener",
                                          {{"LoadBalancerArn", *balancer},
                                           {"Protocol", "HTTP"},
                                           {"Port", std::to_string(port)},
                                           {"DefaultActions.member.1.Type", "forward"},
                                           {"DefaultActions.member.1.TargetGroupArn", *group}});
    if (!listener) return listener;
    return group;
}

} // namespace

Result<std::string> make_sample(Cloud& cloud, const LabOptions& options) {
    Maker maker(cloud);
    if (auto made = maker.ecs("CreateCluster", {{"clusterName", options.cluster}}); !made)
        return fail(made.error());
    if (auto made = maker.ecs("RegisterTaskDefinition", web_definition(maker.account())); !made)
        return fail(made.error());
    if (auto made = maker.bucket(helper_bucket); !made) return fail(made.error());
    return make_load_balancer(maker, options);
}

Result<void>
make_sample_service(Cloud& cloud, const LabOptions& options, const std::string& target_group) {
    json::Object service{{"cluster", options.cluster},
                         {"serviceName", "web"},
                         {"taskDefinition", "web"},
                         {"desiredCount", Population::service_size(options)},
                         {"loadBalancers",
                          json::Array{json::Object{{"targetGroupArn", target_group},
                                                   {"containerName", "web"},
                                                   {"containerPort", container_port}}}}};
    // Its tasks are to be real ones.
    if (Population::has_virtual(options))
        service["placementConstraints"] = json::Array{
            json::Object{{"type", "memberOf"}, {"expression", "attribute:squall.virtual !exists"}}};
    return Maker(cloud).ecs("CreateService", std::move(service));
}

} // namespace squall::lab
