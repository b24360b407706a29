// What EC2 says of an instance itself: its profile, and its metadata service.
#include "afar/vpc.h"

namespace squall::host {
namespace {

Look look_at_profile(const aws::Ec2Instance& instance, bool is_connected) {
    if (!instance.iam_instance_profile_arn.empty())
        return healthy("its instance profile is " + instance.iam_instance_profile_arn);
    if (is_connected)
        return healthy("it has no instance profile; its agent has keys from elsewhere");
    return finding(sign(
        "IAM_NO_CREDS",
        Certainty::likely,
        "EC2 says that the instance has no instance profile: unless ecs.config has "
        "keys, its agent has none",
        {evidence("ec2:DescribeInstances", instance.instance_id + " has no IamInstanceProfile")},
        {fmt::format("aws ec2 associate-iam-instance-profile --instance-id {} "
                     "--iam-instance-profile Name=ecsInstanceRole",
                     instance.instance_id)}));
}

Look look_at_metadata(const aws::Ec2Instance& instance, const KnownOfHost& known) {
    const auto& options = instance.metadata_options;
    if (options.http_endpoint.empty())
        return could_not_look("EC2 does not say how its metadata service is set",
                              "aws ec2 describe-instances --query "
                              "'Reservations[].Instances[].MetadataOptions' --instance-ids "
                                  + instance.instance_id);
    // A container that is not on the host's network is one hop away.
    const std::string hint = options.http_put_response_hop_limit == 1
                                 ? "; its hop limit is 1, which does not reach into containers "
                                   "with a network of their own"
                                 : "";
    if (options.http_endpoint != "disabled" || known.is_connected)
        return healthy(
            fmt::format("the instance's metadata service is {}{}", options.http_endpoint, hint));
    Sign off = sign("IMDS_UNREACHABLE",
                    Certainty::likely,
                    "EC2 says that the instance's metadata service is switched off",
                    {evidence("ec2:DescribeInstances",
                              fmt::format("{} HttpEndpoint={} HttpTokens={} "
                                          "HttpPutResponseHopLimit={}{}",
                                          instance.instance_id,
                                          options.http_endpoint,
                                          options.http_tokens,
                                          options.http_put_response_hop_limit,
                                          hint))},
                    {fmt::format("aws ec2 modify-instance-metadata-options --instance-id {} "
                                 "--http-endpoint enabled --http-put-response-hop-limit 2",
                                 instance.instance_id)});
    off.instead_of = 2;
    // Then the host has said what that does to its agent.
    if (known.lacks_region) {
        off.cause = "REGION_MISSING";
        off.summary.clear();
        off.instead_of = 0;
    }
    return finding(std::move(off));
}

} // namespace

std::vector<Look> look_at_instance_settings(const aws::Ec2Instance& instance,
                                            const KnownOfHost& known) {
    return {named("instance-profile", look_at_profile(instance, known.is_connected)),
            named("instance-metadata", look_at_metadata(instance, known))};
}

} // namespace squall::host
