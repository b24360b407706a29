// A cloud without sockets, and agents that behave: they acknowledge, report, go silent when told
// to.
#pragma once

#include "cloud/cloud.h"
#include "squall/base/text.h"
#include "squall/base/time_text.h"
#include "squall/wire/agent_message.h"

#include <gtest/gtest.h>

#include <deque>

namespace squall::lab {

inline const WallTime start_of_test = parse_time("2026-11-21T00:00:00Z").value();

// The agent's end of ACS: what the control plane sent, and whether it has closed the connection.
class FakeAgentChannel final : public ecs::AgentChannel {
public:
    struct Wire {
        std::deque<std::string> to_agent;
        bool closed = false;
    };

    explicit FakeAgentChannel(std::shared_ptr<Wire> wire) : wire_(std::move(wire)) {}

    void send(std::string text) override { wire_->to_agent.push_back(std::move(text)); }

    void close(std::uint16_t, const std::string&) override { wire_->closed = true; }

private:
    std::shared_ptr<Wire> wire_;
};

class LabWorld {
public:
    LabWorld() : cloud_("123456789012", "us-east-1") {
        call("CreateCluster", {{"clusterName", "demo"}});
    }

    // A call of ECS in the home region; fails the test when it is refused.
    json::Object call(const std::string& operation, json::Object body) {
        const auto answered = try_call("ecs", operation, std::move(body));
        EXPECT_TRUE(answered) << operation << ": "
                              << (answered
                                      ? ""
                                      : answered.error().code + " " + answered.error().message);
        return answered ? std::get<json::Value>(*answered).as_object() : json::Object{};
    }

    Answer try_call(const std::string& service, const std::string& operation, json::Object body) {
        const ApiCall call{service,
                           operation,
                           "us-east-1",
                           wire::Protocol::json_1_1,
                           std::move(body),
                           {},
                           {"arn:aws:iam::123456789012:user/test", "AIDATEST"},
                           "127.0.0.1:4747",
                           "req",
                           now};
        Cloud::World& home = cloud_.home();
        auto answered = service == "ssm"           ? home.ssm.call(call)
                        : service == "ec2messages" ? home.ssm.message_call(call)
                        : service == "events"      ? home.events.call(call)
                        : service == "logs"        ? home.logs.call(call)
                        : service == "cloudwatch"  ? home.metrics.call(call)
                                                   : home.ecs.call(call);
        EXPECT_TRUE(answered.has_value()) << "no such operation: " << operation;
        return *answered;
    }

    void pass(Millis time) {
        // As often as the server ticks.
        for (Millis done{0}; done < time; done += Millis(500)) {
            now += Millis(500);
            cloud_.tick(now);
        }
    }

    Cloud& cloud() { return cloud_; }

    ecs::ControlPlane& ecs() { return cloud_.home().ecs; }

    ssm::Service& ssm() { return cloud_.home().ssm; }

    WallTime now = start_of_test;

private:
    Cloud cloud_;
};

// An instance whose agent speaks the agent's protocol to the control plane.
class FakeInstance {
public:
    FakeInstance(LabWorld& world,
                 const std::string& instance_id,
                 std::int64_t cpu = 2048,
                 std::int64_t memory = 4096,
                 const std::string& zone = "us-east-1a")
        : world_(world) {
        const json::Object document{
            {"instanceId", instance_id}, {"availabilityZone", zone}, {"instanceType", "t3.medium"}};
        const auto answered = world.call(
            "RegisterContainerInstance",
            {{"cluster", "demo"},
             {"clientToken", random_uuid()},
             {"instanceIdentityDocument", json::text(document)},
             {"attributes",
              json::Array{json::Object{{"name", "ecs.os-type"}, {"value", "linux"}},
                          json::Object{{"name", "ecs.capability.task-eni"}},
                          json::Object{{"name", "ecs.capability.full-sync"}}}},
             {"totalResources",
              json::Array{
                  json::Object{{"name", "CPU"}, {"type", "INTEGER"}, {"integerValue", cpu}},
                  json::Object{{"name", "MEMORY"}, {"type", "INTEGER"}, {"integerValue", memory}},
                  json::Object{{"name", "PORTS"},
                               {"type", "STRINGSET"},
                               {"stringSetValue", json::Array{"22", "51678"}}}}}});
        arn = json::string_at(json::at(answered, "containerInstance"), "containerInstanceArn");
        registered = json::object_at(answered, "containerInstance");
    }

    void connect() {
        wire_ = std::make_shared<FakeAgentChannel::Wire>();
        ASSERT_FALSE(world_.ecs().acs_refusal(hello()));
        session_ =
            world_.ecs().acs_opened(hello(), std::make_unique<FakeAgentChannel>(wire_), world_.now);
    }

    void close() { world_.ecs().acs_closed(session_, world_.now); }

    // Takes what was sent, and does what an agent does: acknowledges, starts and stops tasks,
    // reports.
    void work() {
        while (!wire_->to_agent.empty()) {
            const auto message = wire::parse_agent_message(wire_->to_agent.front()).value();
            wire_->to_agent.pop_front();
            const std::string id(json::string_at(message.body, "messageId"));
            if (message.type == "HeartbeatMessage") say("HeartbeatAckRequest", {{"messageId", id}});
            if (message.type == "AttachTaskNetworkInterfacesMessage" && sees_interfaces)
                attach(message.body);
            if (message.type != "PayloadMessage") continue;
            say("AckRequest", {{"messageId", id}});
            for (const auto& task : json::array_at(message.body, "tasks"))
                follow(task);
        }
    }

    // Time goes by, and the agent does its work all the while.
    void live(Seconds time) {
        for (Seconds done{0}; done < time; done += Seconds(5)) {
            world_.pass(Seconds(5));
            work();
        }
    }

    // What was sent and not yet worked on, by type.
    [[nodiscard]] std::vector<std::string> waiting() const {
        std::vector<std::string> types;
        for (const auto& text : wire_->to_agent)
            types.push_back(wire::parse_agent_message(text).value().type);
        return types;
    }

    void
    report(const std::string& task_arn, const std::string& status, json::Object container = {}) {
        container["containerName"] = "web";
        container["status"] = status;
        world_.call("SubmitTaskStateChange",
                    {{"cluster", "demo"},
                     {"task", task_arn},
                     {"status", status},
                     {"containers", json::Array{container}}});
    }

    [[nodiscard]] json::Object describe() {
        const auto answered = world_.call(
            "DescribeContainerInstances",
            {{"cluster", "demo"}, {"containerInstances", json::Array{json::Value(arn)}}});
        return json::array_at(answered, "containerInstances").at(0).as_object();
    }

    [[nodiscard]] bool is_closed() const { return wire_->closed; }

    std::string arn;
    json::Object registered;
    bool sees_interfaces = true; // those that are announced to its agent

private:
    [[nodiscard]] ecs::AgentHello hello() const {
        return {"demo", arn, "1.83.0", "c763e4dc", "DockerVersion: 20.10.24"};
    }

    void say(const std::string& type, const json::Object& body) {
        world_.ecs().acs_message(session_, wire::agent_message_text(type, body), world_.now);
    }

    void attach(const json::Object& announced) {
        const auto& interface = json::array_at(announced, "elasticNetworkInterfaces").at(0);
        world_.call("SubmitTaskStateChange",
                    {{"cluster", "demo"},
                     {"task", json::string_at(announced, "taskArn")},
                     {"attachments",
                      json::Array{json::Object{
                          {"attachmentArn", json::string_at(interface, "attachmentArn")},
                          {"status", "ATTACHED"}}}}});
    }

    void follow(const json::Value& task) {
        const std::string task_arn(json::string_at(task, "arn"));
        if (json::string_at(task, "desiredStatus") == "RUNNING")
            report(task_arn, "RUNNING", {{"runtimeId", "abc"}});
        else
            report(task_arn, "STOPPED", {{"exitCode", 137}});
    }

    LabWorld& world_;
    std::shared_ptr<FakeAgentChannel::Wire> wire_;
    std::uint64_t session_ = 0;
};

inline std::vector<std::string> texts(const json::Array& from) {
    std::vector<std::string> out;
    for (const auto& value : from)
        out.emplace_back(json::string_of(value));
    return out;
}

inline json::Object
web_task_definition(std::int64_t cpu = 64, std::int64_t memory = 64, std::int64_t host_port = 0) {
    return {{"family", "web"},
            {"containerDefinitions",
             json::Array{json::Object{
                 {"name", "web"},
                 {"image", "squall/web"},
                 {"cpu", cpu},
                 {"memory", memory},
                 {"portMappings",
                  json::Array{json::Object{{"containerPort", 8080}, {"hostPort", host_port}}}}}}}};
}

} // namespace squall::lab
