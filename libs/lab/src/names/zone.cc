#include "names/zone.h"

#include "squall/base/text.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cstring>

namespace squall::lab::names {
namespace {

// Those of the partition "aws" in 2026.
constexpr std::array known_regions{
    "af-south-1",     "ap-east-1",      "ap-east-2",      "ap-northeast-1", "ap-northeast-2",
    "ap-northeast-3", "ap-south-1",     "ap-south-2",     "ap-southeast-1", "ap-southeast-2",
    "ap-southeast-3", "ap-southeast-4", "ap-southeast-5", "ap-southeast-6", "ap-southeast-7",
    "ca-central-1",   "ca-west-1",      "eu-central-1",   "eu-central-2",   "eu-north-1",
    "eu-south-1",     "eu-south-2",     "eu-west-1",      "eu-west-2",      "eu-west-3",
    "il-central-1",   "me-central-1",   "me-south-1",     "mx-central-1",   "sa-east-1",
    "us-east-1",      "us-east-2",      "us-west-1",      "us-west-2"};

// What is before the region in the name of an endpoint.
constexpr std::array services{"autoscaling",
                              "ec2",
                              "ec2messages",
                              "elasticloadbalancing",
                              "events",
                              "logs",
                              "monitoring",
                              "s3",
                              "sns",
                              "sqs",
                              "ssm",
                              "ssmmessages",
                              "sts"};

// Of those that have one for all regions.
constexpr std::array global_names{"iam.amazonaws.com", "s3.amazonaws.com", "sts.amazonaws.com"};

std::optional<std::string> address_of_service(std::string_view service) {
    if (service == "ecs") return ecs_address;
    if (service == "ecs-a-1") return acs_address;
    if (service == "ecs-t-1") return tcs_address;
    // A bucket's name may stand in front.
    if (service.ends_with(".s3")) return services_address;
    if (std::find(services.begin(), services.end(), service) != services.end())
        return services_address;
    return std::nullopt;
}

} // namespace

std::string domain_of(std::string_view region) {
    return region.starts_with("cn-") ? "amazonaws.com.cn" : "amazonaws.com";
}

Zone::Zone(const std::string& region) {
    for (const char* known : known_regions)
        regions_.push_back(fmt::format("{}.{}", known, domain_of(known)));
    const std::string own = fmt::format("{}.{}", region, domain_of(region));
    if (std::find(regions_.begin(), regions_.end(), own) == regions_.end()) regions_.push_back(own);
}

std::optional<std::string> Zone::address_of(std::string_view name) const {
    const std::string wanted = lower(name);
    if (std::find(global_names.begin(), global_names.end(), wanted) != global_names.end())
        return services_address;
    for (const auto& region : regions_) {
        if (wanted.size() <= region.size() + 1 || !wanted.ends_with("." + region)) continue;
        return address_of_service(
            std::string_view(wanted).substr(0, wanted.size() - region.size() - 1));
    }
    return std::nullopt;
}

Reply Zone::answer(const Question& question) const {
    if (question.klass != class_in) return {Rcode::not_implemented, {}};
    const auto found = address_of(question.name);
    if (!found) return {Rcode::no_such_name, {}};
    // It has no addresses of IPv6, and nothing else to tell of.
    if (question.type != type_a) return {};
    Address address{};
    in_addr parsed{};
    ::inet_pton(AF_INET, found->c_str(), &parsed);
    std::memcpy(address.data(), &parsed, address.size());
    return {Rcode::no_error, {address}};
}

std::vector<std::string> Zone::certificate_names() const {
    std::vector<std::string> names(global_names.begin(), global_names.end());
    for (const auto& region : regions_) {
        names.push_back("*." + region);
        names.push_back("*.s3." + region);
    }
    return names;
}

} // namespace squall::lab::names
