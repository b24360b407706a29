// An ECS control plane behind a FakeAws: keeps a cluster, hands out lists in pages, and refuses
// what ECS refuses.
#pragma once

#include "fake_aws.h"

#include <string>
#include <vector>

namespace squall::aws {

class FakeEcs {
public:
    explicit FakeEcs(FakeAws& aws);

    std::vector<std::string> instances; // ARNs
    std::vector<std::string> tasks;
    std::vector<std::string> services;
    // What lists answer as their next token, instead of where the next page begins.
    std::string lying_token;

    [[nodiscard]] static std::string instance_arn(int number);

private:
    [[nodiscard]] wire::HttpResponse list(const Received& received,
                                          const std::string& member,
                                          const std::vector<std::string>& all) const;
    [[nodiscard]] wire::HttpResponse describe(const Received& received,
                                              const std::string& member,
                                              const std::string& arn_member,
                                              const std::vector<std::string>& all);
};

} // namespace squall::aws
