#include "api/throttle.h"

#include "api/common_errors.h"

#include <algorithm>
#include <array>

namespace squall::lab {
namespace {

struct Group {
    std::string_view name;
    std::int64_t capacity;
    std::int64_t refill; // a second
};

constexpr Group cluster_modify{"ecs cluster modify", 20, 1};
constexpr Group cluster_read{"ecs cluster read", 50, 20};
constexpr Group definition_modify{"ecs task definition modify", 20, 1};
constexpr Group definition_read{"ecs task definition read", 50, 20};
constexpr Group tag_modify{"ecs tag modify", 20, 10};
constexpr Group tag_read{"ecs tag read", 50, 20};
constexpr Group setting_modify{"ecs setting modify", 10, 1};
constexpr Group setting_read{"ecs setting read", 50, 20};
constexpr Group resource_modify{"ecs cluster resource modify", 100, 40};
constexpr Group resource_read{"ecs cluster resource read", 100, 20};
constexpr Group agent_modify{"ecs agent modify", 200, 120};
constexpr Group service_modify{"ecs service modify", 50, 5};
constexpr Group service_read{"ecs service read", 100, 20};
constexpr Group ec2_read{"ec2 non-mutating", 100, 20};
constexpr Group ec2_modify{"ec2 mutating", 50, 5};
constexpr Group ec2_read_all{"ec2 unfiltered and unpaginated non-mutating", 50, 10};
constexpr Group sts_any{"sts", 600, 600};

struct Member {
    std::string_view operation;
    const Group* group;
};

constexpr std::array ecs_members{
    Member{"CreateCluster", &cluster_modify},
    Member{"DeleteCluster", &cluster_modify},
    Member{"PutClusterCapacityProviders", &cluster_modify},
    Member{"UpdateCluster", &cluster_modify},
    Member{"UpdateClusterSettings", &cluster_modify},
    Member{"DescribeClusters", &cluster_read},
    Member{"ListClusters", &cluster_read},
    Member{"DeregisterTaskDefinition", &definition_modify},
    Member{"RegisterTaskDefinition", &definition_modify},
    Member{"DescribeTaskDefinition", &definition_read},
    Member{"ListTaskDefinitions", &definition_read},
    Member{"ListTaskDefinitionFamilies", &definition_read},
    Member{"TagResource", &tag_modify},
    Member{"UntagResource", &tag_modify},
    Member{"ListTagsForResource", &tag_read},
    Member{"DeleteAccountSetting", &setting_modify},
    Member{"PutAccountSetting", &setting_modify},
    Member{"PutAccountSettingDefault", &setting_modify},
    Member{"ListAccountSettings", &setting_read},
    Member{"DeleteAttributes", &resource_modify},
    Member{"DeregisterContainerInstance", &resource_modify},
    Member{"PutAttributes", &resource_modify},
    Member{"RunTask", &resource_modify},
    Member{"StartTask", &resource_modify},
    Member{"StopTask", &resource_modify},
    Member{"UpdateContainerAgent", &resource_modify},
    Member{"UpdateContainerInstancesState", &resource_modify},
    Member{"DescribeContainerInstances", &resource_read},
    Member{"DescribeTasks", &resource_read},
    Member{"ListAttributes", &resource_read},
    Member{"ListContainerInstances", &resource_read},
    Member{"ListTasks", &resource_read},
    Member{"RegisterContainerInstance", &agent_modify},
    Member{"SubmitAttachmentStateChanges", &agent_modify},
    Member{"SubmitContainerStateChange", &agent_modify},
    Member{"SubmitTaskStateChange", &agent_modify},
    Member{"CreateService", &service_modify},
    Member{"DeleteService", &service_modify},
    Member{"UpdateService", &service_modify},
    Member{"DescribeServices", &service_read},
    Member{"ListServices", &service_read},
};

const Group* group_of(const ApiCall& call) {
    if (call.service == "sts") return &sts_any;
    if (call.service == "ec2") {
        if (!call.operation.starts_with("Describe")) return &ec2_modify;
        const bool narrowed = call.form.has("MaxResults") || call.form.has("NextToken")
                              || call.form.has_structure("Filter")
                              || call.form.has_structure("InstanceId");
        return narrowed ? &ec2_read : &ec2_read_all;
    }
    if (call.service != "ecs") return nullptr;
    const auto* const found =
        std::find_if(ecs_members.begin(), ecs_members.end(), [&](const Member& one) {
            return one.operation == call.operation;
        });
    return found == ecs_members.end() ? nullptr : found->group;
}

} // namespace

void Throttle::turn(bool on) {
    is_on_ = on;
    buckets_.clear();
}

std::optional<wire::ServiceError> Throttle::refusal(const ApiCall& call) {
    const Group* group = is_on_ ? group_of(call) : nullptr;
    if (group == nullptr) return std::nullopt;
    const auto [found, is_new] =
        buckets_.try_emplace({call.region, group->name}, Bucket{group->capacity, call.now});
    Bucket& bucket = found->second;
    const auto seconds = std::chrono::floor<Seconds>(call.now - bucket.refilled_at);
    if (seconds.count() > 0) {
        // Compared before it is multiplied: a clock that jumps must not overflow.
        const std::int64_t until_full = group->capacity / group->refill + 1;
        bucket.tokens =
            seconds.count() >= until_full
                ? group->capacity
                : std::min(group->capacity, bucket.tokens + seconds.count() * group->refill);
        bucket.refilled_at += seconds;
    }
    if (bucket.tokens > 0) {
        --bucket.tokens;
        return std::nullopt;
    }
    return throttling_error(call.service);
}

} // namespace squall::lab
