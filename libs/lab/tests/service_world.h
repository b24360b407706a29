// A cluster with a service `web` and instances whose agents do their work while time goes by.
#pragma once

#include "lab_world.h"

#include <memory>

namespace squall::lab {

class ServiceWorld : public LabWorld {
public:
    explicit ServiceWorld(int instances = 2) {
        call("RegisterTaskDefinition", web_task_definition());
        call("RegisterTaskDefinition", web_task_definition());
        for (int i = 1; i <= instances; ++i) {
            hosts.push_back(std::make_unique<FakeInstance>(*this, fmt::format("i-{:017}", i)));
            hosts.back()->connect();
        }
    }

    // With task definition web:1.
    void create(std::int64_t desired, json::Object more = {}) {
        more["cluster"] = "demo";
        more["serviceName"] = "web";
        more["taskDefinition"] = "web:1";
        more["desiredCount"] = desired;
        call("CreateService", more);
    }

    json::Object update(json::Object body) {
        body["cluster"] = "demo";
        body["service"] = "web";
        return json::object_at(call("UpdateService", body), "service");
    }

    // Every agent that is not away works.
    void live(Seconds time) {
        for (Seconds done{0}; done < time; done += Seconds(1)) {
            pass(Seconds(1));
            for (const auto& host : hosts) {
                if (!away.contains(host.get())) host->work();
            }
        }
    }

    void stop_agent(std::size_t number) {
        hosts.at(number)->close();
        away.insert(hosts.at(number).get());
    }

    void start_agent(std::size_t number) {
        hosts.at(number)->connect();
        away.erase(hosts.at(number).get());
    }

    // What the agent of a task's instance says of its container over TCS.
    void report_health(const std::string& task_arn,
                       std::string_view status,
                       std::string_view container_name = "web") {
        const ecs::AgentHello hello{"demo", hosts.at(0)->arn, "1.83.0", "c763e4dc", "x"};
        const auto session = ecs().tcs_opened(
            hello,
            std::make_unique<FakeAgentChannel>(std::make_shared<FakeAgentChannel::Wire>()),
            now);
        const json::Object container{{"containerName", container_name}, {"healthStatus", status}};
        const json::Object task{{"taskArn", task_arn}, {"containers", json::Array{container}}};
        ecs().tcs_message(
            session,
            "Host: ecs\r\n\r\n"
                + wire::agent_message_text("PublishHealthRequest", {{"tasks", json::Array{task}}}),
            now);
        ecs().tcs_closed(session);
    }

    json::Object service() {
        const auto answered =
            call("DescribeServices", {{"cluster", "demo"}, {"services", json::Array{"web"}}});
        return json::array_at(answered, "services").at(0).as_object();
    }

    json::Array deployments() { return json::array_at(service(), "deployments"); }

    // Oldest first.
    std::vector<std::string> messages() {
        std::vector<std::string> texts;
        const json::Object described = service();
        for (const auto& event : json::array_at(described, "events"))
            texts.emplace(texts.begin(), json::string_at(event, "message"));
        return texts;
    }

    std::ptrdiff_t count_messages(std::string_view part) {
        const auto texts = messages();
        return std::count_if(texts.begin(), texts.end(), [&](const std::string& text) {
            return text.find(part) != std::string::npos;
        });
    }

    // Event names of one kind, oldest first.
    std::vector<std::string> recorded(std::string_view detail_type) {
        std::vector<std::string> names;
        for (const auto& event : ecs().events().after(0)) {
            if (json::string_at(event, "detail-type") == detail_type)
                names.emplace_back(json::string_at(json::at(event, "detail"), "eventName"));
        }
        return names;
    }

    std::vector<std::string> task_arns() {
        std::vector<std::string> arns;
        const auto answered = call("ListTasks", {{"cluster", "demo"}, {"serviceName", "web"}});
        for (const auto& arn : json::array_at(answered, "taskArns"))
            arns.emplace_back(json::string_of(arn));
        return arns;
    }

    std::vector<std::unique_ptr<FakeInstance>> hosts;
    std::set<const FakeInstance*> away;
};

} // namespace squall::lab
