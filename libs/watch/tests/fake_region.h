// What a region of AWS answers whoever asks about container instances, at the level of HTTP: ECS,
// EC2, SSM and Auto Scaling with their pages and limits, and refusals where a test wants them.
#pragma once

#include "squall/aws/client.h"

#include <map>
#include <set>
#include <string>
#include <vector>

namespace squall::watch {

inline constexpr const char* demo_cluster = "arn:aws:ecs:us-east-1:123456789012:cluster/demo";

class FakeRegion final : public aws::HttpSender {
public:
    struct Host {
        std::string instance_id;
        std::string state = "running"; // empty: EC2 has forgotten it
        bool is_registered = true;
        bool is_connected = true;
        std::string status = "ACTIVE";
        std::string group; // empty: in none
        std::string lifecycle_state = "InService";
    };

    // i-00000000000000001, or mi-…
    static std::string id(int number, const char* prefix = "i-");
    [[nodiscard]] static std::string arn(const std::string& instance_id);

    // One more; the reference is good until the next.
    Host& add(int number, const char* prefix = "i-");

    [[nodiscard]] Result<wire::HttpResponse> send(const wire::Url& server,
                                                  const wire::HttpRequest& request,
                                                  Deadline deadline,
                                                  std::stop_token stop) override;

    // How often an operation was called, as "ecs:DescribeContainerInstances".
    [[nodiscard]] int calls(const std::string& operation) const;
    // How many were named in each call of it.
    [[nodiscard]] std::vector<std::size_t> asked(const std::string& operation) const;

    // Code of the refusal, by operation.
    std::map<std::string, std::string> refusals;
    std::set<std::string> unspoken; // ARNs that ECS leaves out of its answers
    std::map<std::string, std::string> cluster_tags;
    std::size_t page_max = 100; // of lists

private:
    wire::HttpResponse answer_json(const std::string& operation, const json::Object& input);
    wire::HttpResponse answer_query(const std::string& operation,
                                    const wire::QueryParameters& form);
    [[nodiscard]] json::Object list_container_instances(const json::Object& input) const;
    [[nodiscard]] json::Object describe_container_instances(const json::Object& input) const;
    [[nodiscard]] json::Object describe_managed(const json::Object& input) const;
    [[nodiscard]] wire::HttpResponse describe_instances(const std::vector<std::string>& ids) const;
    [[nodiscard]] std::string groups_xml() const;
    [[nodiscard]] std::string members_xml(const std::vector<std::string>& ids) const;

    std::map<std::string, Host> hosts_; // by instance id
    std::map<std::string, std::vector<std::size_t>> asked_;
};

} // namespace squall::watch
