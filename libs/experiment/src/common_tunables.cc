#include "common_tunables.h"

#include <random>

namespace squall::experiment {
namespace {

constexpr std::int64_t seed_max = 999'999'999;

} // namespace

TunableSpec cluster_tunable() {
    return {.name = "CLUSTER_NAME",
            .type = TunableSpec::Type::text,
            .required = true,
            .meaning = "the cluster, by name or ARN",
            .pattern = "[A-Za-z0-9_-]{1,255}|arn:aws[a-z-]*:ecs:[a-z0-9-]+:[0-9]{12}:cluster/"
                       "[A-Za-z0-9_-]{1,255}",
            .pattern_meaning = "a cluster's name (letters, digits, - and _) or its ARN"};
}

TunableSpec region_tunable() {
    return {.name = "REGION",
            .type = TunableSpec::Type::text,
            .required = true,
            .meaning = "the region of the cluster",
            .pattern = "[a-z]{2}(-[a-z]+)+-[0-9]{1,2}",
            .pattern_meaning = "a region such as us-east-1"};
}

TunableSpec ramp_tunable() {
    return {.name = "RAMP_TIME",
            .type = TunableSpec::Type::integer,
            .default_value = "0",
            .meaning = "wait before and after the fault",
            .unit = "s",
            .least = 0,
            .most = 3600};
}

TunableSpec role_tunable() {
    return {.name = "ASSUME_ROLE_ARN",
            .type = TunableSpec::Type::text,
            .meaning = "a role to assume on top of the credentials of the environment",
            .pattern = "arn:aws[a-z-]*:iam::[0-9]{12}:role/[A-Za-z0-9_+=,.@/-]{1,512}",
            .pattern_meaning = "the ARN of a role (arn:aws:iam::ACCOUNT:role/NAME)"};
}

TunableSpec credentials_file_tunable() {
    return {.name = "AWS_AUTHENTICATION_SECRET",
            .type = TunableSpec::Type::text,
            .meaning =
                "an AWS credentials file to take in place of every other source; AWS_PROFILE "
                "chooses a profile of it"};
}

TunableSpec seed_tunable(const std::string& chosen) {
    return {.name = "SEED",
            .type = TunableSpec::Type::integer,
            .default_value = "0",
            .meaning = "where chance chooses " + chosen
                       + ": the number that repeats a choice; 0: a new one, which the plan names",
            .least = 0,
            .most = seed_max};
}

std::int64_t new_seed() {
    std::random_device random;
    return static_cast<std::int64_t>(random() % seed_max) + 1;
}

} // namespace squall::experiment
