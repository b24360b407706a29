// AWS in memory, as the doctor from afar meets it: a cluster of ECS, the EC2 instances of it in a
// VPC as AWS makes one, and SSM.
#pragma once

#include "fake_ssm.h"

namespace squall::host {

class FakeCloud final : public aws::HttpSender {
public:
    struct Host {
        std::string state = "running"; // empty: EC2 has no such instance
        bool agent_connected = false;
        std::string subnet_id = "subnet-a";
        std::string group_id = "sg-1";
    };

    Result<wire::HttpResponse> send(const wire::Url& server,
                                    const wire::HttpRequest& request,
                                    Deadline deadline,
                                    std::stop_token stop) override;

    // By EC2 instance id. The cluster has each of them under the same id.
    std::map<std::string, Host> hosts;
    std::set<std::string> forgotten; // of these the cluster has no container instance
    // By "SERVICE:Operation": these are refused to whoever asks.
    std::set<std::string> denied;
    bool lets_out = true;        // whether the security groups have an egress rule
    std::set<std::string> asked; // "SERVICE:Operation"
    // What the errand prints where it runs, behind its first line. A host without it does not
    // answer.
    std::map<std::string, std::string> brought;
    FakeSsm ssm;

    [[nodiscard]] static std::string arn_of(const std::string& instance_id);

private:
    [[nodiscard]] wire::HttpResponse ecs(const std::string& operation) const;
    [[nodiscard]] wire::HttpResponse ec2(const std::string& action,
                                         const wire::QueryParameters& form) const;
    [[nodiscard]] wire::HttpResponse instances(const wire::QueryParameters& form) const;
    [[nodiscard]] std::string network(const std::string& action,
                                      const wire::QueryParameters& form) const;
    void run_errand(const json::Object& input);
};

// A section of what the errand prints.
[[nodiscard]] std::string section(const std::string& name, const std::string& text);

} // namespace squall::host
