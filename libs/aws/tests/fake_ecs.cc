#include "fake_ecs.h"

#include "squall/base/text.h"

#include <algorithm>

namespace squall::aws {

std::string FakeEcs::instance_arn(int number) {
    return fmt::format("arn:aws:ecs:us-east-1:1:container-instance/demo/{:032x}", number);
}

FakeEcs::FakeEcs(FakeAws& aws) {
    aws.on("ecs:ListContainerInstances", [this](const Received& received) {
        return list(received, "containerInstanceArns", instances);
    });
    aws.on("ecs:ListTasks",
           [this](const Received& received) { return list(received, "taskArns", tasks); });
    aws.on("ecs:ListServices",
           [this](const Received& received) { return list(received, "serviceArns", services); });
    aws.on("ecs:DescribeContainerInstances", [this](const Received& received) {
        return describe(received, "containerInstances", "containerInstanceArn", instances);
    });
    aws.on("ecs:DescribeTasks", [this](const Received& received) {
        return describe(received, "tasks", "taskArn", tasks);
    });
    aws.on("ecs:DescribeServices", [this](const Received& received) {
        return describe(received, "services", "serviceArn", services);
    });
    aws.on("ecs:DescribeClusters", [this](const Received& received) {
        return describe(
            received, "clusters", "clusterArn", {"arn:aws:ecs:us-east-1:1:cluster/demo"});
    });
}

wire::HttpResponse FakeEcs::list(const Received& received,
                                 const std::string& member,
                                 const std::vector<std::string>& all) const {
    const auto size = static_cast<std::size_t>(json::integer_at(received.input, "maxResults", 10));
    const auto token = json::string_at(received.input, "nextToken", "0");
    if (size > 100) return error_answer(received, "InvalidParameterException", "maxResults");
    const auto start = static_cast<std::size_t>(to_integer(token).value_or(0));
    json::Array page;
    for (std::size_t i = start; i < std::min(all.size(), start + size); ++i)
        page.emplace_back(all[i]);
    json::Object answer{{member, page}};
    if (!lying_token.empty())
        answer["nextToken"] = lying_token;
    else if (start + size < all.size())
        answer["nextToken"] = std::to_string(start + size);
    return json_answer(answer);
}

wire::HttpResponse FakeEcs::describe(const Received& received,
                                     const std::string& member,
                                     const std::string& arn_member,
                                     const std::vector<std::string>& all) {
    const auto& asked = json::array_at(received.input, member);
    const std::size_t max = member == "services" ? 10 : 100;
    if (asked.empty() || asked.size() > max)
        return error_answer(received, "InvalidParameterException", "wrong number of " + member);
    json::Array found;
    json::Array failures;
    for (const auto& value : asked) {
        const std::string id(json::string_of(value));
        const auto match = std::find_if(all.begin(), all.end(), [&](const std::string& arn) {
            return arn == id || arn.ends_with("/" + id);
        });
        if (match != all.end())
            found.push_back(
                json::Object{{arn_member, *match}, {"agentConnected", true}, {"status", "ACTIVE"}});
        else
            failures.push_back(json::Object{{"arn", id}, {"reason", "MISSING"}});
    }
    return json_answer({{member, found}, {"failures", failures}});
}

} // namespace squall::aws
