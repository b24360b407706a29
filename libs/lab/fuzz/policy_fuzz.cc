// Any bytes as a policy document: what is read can be asked, and a Deny of everything beside it
// always wins.
#include "iam/policy.h"

#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    namespace iam = squall::lab::iam;
    const std::string_view document(reinterpret_cast<const char*>(data), size);
    for (const auto kind : {iam::PolicyKind::identity, iam::PolicyKind::trust}) {
        auto policy = iam::parse_policy(document, kind);
        if (!policy) continue;
        const iam::AccessRequest request{"ecs:DescribeClusters",
                                         "arn:aws:ecs:us-east-1:123456789012:cluster/demo"};
        const iam::Context context{{"aws:username", "x"}};
        static_cast<void>(iam::decide(*policy, request, context));
        iam::Statement deny;
        deny.is_deny = true;
        deny.actions = {"*"};
        deny.resources = {"*"};
        policy->statements.push_back(deny);
        SQUALL_ASSERT(iam::decide(*policy, request, context) == iam::Decision::explicit_deny);
        SQUALL_ASSERT(!policy->is_unlimited());
    }
    return 0;
}
