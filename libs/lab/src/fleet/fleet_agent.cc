// The ECS agents of the fleet.
#include "fleet/fleet.h"
#include "squall/base/log.h"
#include "squall/base/text.h"
#include "squall/wire/agent_message.h"

namespace squall::lab::fleet {
namespace {

constexpr const char* agent_version = "1.89.2";
constexpr const char* agent_hash = "c763e4dc";
constexpr const char* docker_version = "25.0.6";
constexpr int cpu_units = 2048;  // of a t3.medium
constexpr int memory_mib = 3884; // as its agent counts it
constexpr int ports_from = 32768;

json::Object integer_resource(std::string_view name, int value) {
    return {{"name", name}, {"type", "INTEGER"}, {"integerValue", value}};
}

json::Object ports_resource(std::string_view name, json::Array ports) {
    return {{"name", name}, {"type", "STRINGSET"}, {"stringSetValue", std::move(ports)}};
}

json::Array attributes_of(Platform platform) {
    json::Array attributes{
        json::Object{{"name", "squall.virtual"}, {"value", "true"}},
        json::Object{{"name", "ecs.cpu-architecture"}, {"value", "x86_64"}},
        json::Object{{"name", "ecs.os-type"},
                     {"value", platform == Platform::windows ? "windows" : "linux"}},
        json::Object{
            {"name", "ecs.os-family"},
            {"value", platform == Platform::windows ? "WINDOWS_SERVER_2022_CORE" : "LINUX"}}};
    for (const char* name : {"com.amazonaws.ecs.capability.docker-remote-api.1.18",
                             "com.amazonaws.ecs.capability.docker-remote-api.1.44",
                             "com.amazonaws.ecs.capability.task-iam-role",
                             "ecs.capability.container-health-check"})
        attributes.push_back(json::Object{{"name", name}});
    return attributes;
}

std::string identity_document(const ec2::Instance& instance) {
    return json::text(json::Object{{"instanceId", instance.id},
                                   {"availabilityZone", instance.availability_zone},
                                   {"instanceType", instance.type},
                                   {"imageId", instance.image_id}});
}

} // namespace

class Fleet::Channel final : public ecs::AgentChannel {
public:
    Channel(Fleet& fleet, Member& member) : fleet_(fleet), member_(member) {}

    // Not now: the control plane is in the middle of something.
    void send(std::string text) override {
        fleet_.received_.push_back({&member_, std::move(text)});
    }

    void close(std::uint16_t /*code*/, const std::string& /*reason*/) override {
        fleet_.received_.push_back({&member_, {}});
    }

private:
    Fleet& fleet_;
    Member& member_;
};

void Fleet::register_member(Member& member, WallTime now) {
    const auto answered = cloud_.home().ecs.call(
        call_of(member,
                "ecs",
                "RegisterContainerInstance",
                {{"cluster", rules_.cluster},
                 {"clientToken", random_uuid()},
                 {"attributes", attributes_of(member.platform)},
                 {"totalResources",
                  json::Array{integer_resource("CPU", cpu_units),
                              integer_resource("MEMORY", memory_mib),
                              ports_resource("PORTS", {"22", "2375", "2376", "51678", "51679"}),
                              ports_resource("PORTS_UDP", {})}},
                 {"instanceIdentityDocument", identity_document(member.instance)}},
                now));
    SQUALL_ASSERT(answered.has_value());
    if (!*answered)
        return log::warning(
            "lab: {} is not registered: {}", member.instance.id, answered->error().message);
    const auto& body = std::get<json::Value>(**answered).as_object();
    member.arn =
        json::string_at(json::object_at(body, "containerInstance"), "containerInstanceArn");
}

void Fleet::connect(Member& member, WallTime now) {
    if (member.session || member.is_off || !member.host.agent_runs() || member.arn.empty()) return;
    ecs::ControlPlane& control_plane = cloud_.home().ecs;
    const ecs::AgentHello hello{
        rules_.cluster, member.arn, agent_version, agent_hash, docker_version};
    // A deregistered agent asks again after an hour; nobody waits for that here.
    if (control_plane.acs_refusal(hello)) return;
    member.session = control_plane.acs_opened(hello, std::make_unique<Channel>(*this, member), now);
    for (auto& change : std::exchange(member.unsent, {}))
        submit(member, std::move(change), now);
}

void Fleet::disconnect(Member& member, WallTime now) {
    if (!member.session) return;
    const auto session = *std::exchange(member.session, std::nullopt);
    cloud_.home().ecs.acs_closed(session, now);
}

void Fleet::follow_agent(Member& member, bool ran, WallTime now) {
    if (ran && !member.host.agent_runs()) disconnect(member, now);
    if (!ran && member.host.agent_runs())
        later(now, [this, &member](WallTime then) { connect(member, then); });
}

void Fleet::handle(Member& member, std::string_view text, WallTime now) {
    if (!member.session) return;
    const auto message = wire::parse_agent_message(text);
    SQUALL_ASSERT(message.has_value());
    const std::string_view id = json::string_at(message->body, "messageId");
    const auto reply = [&](std::string_view type) {
        cloud_.home().ecs.acs_message(
            *member.session, wire::agent_message_text(type, {{"messageId", id}}), now);
    };
    if (message->type == "HeartbeatMessage") return reply("HeartbeatAckRequest");
    if (message->type != "PayloadMessage") return;
    reply("AckRequest");
    for (const auto& task : json::array_at(message->body, "tasks"))
        take_task(member, task, now);
}

void Fleet::take_task(Member& member, const json::Value& task, WallTime now) {
    const std::string arn(json::string_at(task, "arn"));
    const std::string wanted(json::string_at(task, "desiredStatus"));
    std::string& told = member.tasks[arn];
    if (told == wanted) return;
    told = wanted;
    json::Array containers;
    int port = ports_from;
    for (const auto& container : json::array_at(task, "containers")) {
        json::Object state{{"containerName", json::string_at(container, "name")},
                           {"runtimeId", random_hex(64)},
                           {"status", wanted}};
        if (wanted == "STOPPED") state["exitCode"] = 0;
        json::Array bindings;
        for (const auto& mapping : json::array_at(container, "portMappings")) {
            const auto fixed = json::integer_at(mapping, "hostPort");
            bindings.push_back(
                json::Object{{"bindIP", "0.0.0.0"},
                             {"containerPort", json::integer_at(mapping, "containerPort")},
                             {"hostPort", fixed != 0 ? fixed : port++},
                             {"protocol", json::string_at(mapping, "protocol", "tcp")}});
        }
        if (wanted == "RUNNING") state["networkBindings"] = std::move(bindings);
        containers.push_back(std::move(state));
    }
    if (wanted == "STOPPED") member.tasks.erase(arn);
    later(now,
          [this,
           &member,
           change = json::Object{{"cluster", rules_.cluster},
                                 {"task", arn},
                                 {"status", wanted},
                                 {"reason", ""},
                                 {"containers", std::move(containers)}}](WallTime then) mutable {
              submit(member, std::move(change), then);
          });
}

void Fleet::submit(Member& member, json::Object change, WallTime now) {
    if (!member.session) return member.unsent.push_back(std::move(change));
    static_cast<void>(cloud_.home().ecs.call(
        call_of(member, "ecs", "SubmitTaskStateChange", std::move(change), now)));
}

} // namespace squall::lab::fleet
