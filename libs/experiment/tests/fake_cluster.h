// A cluster that behaves, in memory and in virtual time: hosts with agents, an SSM that runs what
// it is sent, an ECS that sees agents come and go. It knows the fault's scripts by the settings in
// their first lines.
#pragma once

#include "squall/aws/client.h"
#include "squall/aws/cloudwatch.h"
#include "squall/aws/ecs.h"
#include "squall/aws/ssm.h"
#include "squall/aws/sts.h"
#include "squall/base/temporary_folder.h"
#include "squall/base/text.h"
#include "squall/base/time_text.h"
#include "squall/experiment/runner.h"
#include "squall/wire/xml.h"

#include <filesystem>
#include <functional>
#include <map>
#include <set>

namespace squall::experiment {

inline const WallTime start_of_test = parse_time("2026-11-21T00:00:00Z").value();

// Waiting is moving time; what is due happens on the way.
class VirtualClock final : public Clock {
public:
    [[nodiscard]] SteadyTime now() const override {
        return SteadyTime{} + std::chrono::hours(1) + passed_;
    }

    [[nodiscard]] WallTime wall() const override {
        return start_of_test + std::chrono::duration_cast<Wall::duration>(passed_);
    }

    bool wait_until(SteadyTime when, std::stop_token stop) override {
        while (now() < when) {
            if (stop.stop_requested()) return false;
            passed_ += std::min<Steady::duration>(Millis(100), when - now());
            if (on_tick) on_tick();
        }
        return !stop.stop_requested();
    }

    std::function<void()> on_tick;

private:
    Steady::duration passed_{0};
};

struct FakeHost {
    std::string id;
    bool agent_running = true;
    bool managed = true;
    std::string platform_type = "Linux";
    std::string platform_name = "Amazon Linux";
    std::string zone = "us-east-1a";
    bool online = true;                 // its SSM agent takes commands
    std::string ping_status = "Online"; // what SSM says of it
    std::string held_by;
    std::optional<WallTime> restore_at; // its own timer
    std::set<std::string> over;         // runs that ended before they began here
    Seconds seen_after{1};              // how long ECS takes to see a change of the agent
    WallTime agent_changed_at = start_of_test - std::chrono::hours(1);
    int stops = 0;
    bool refuses_to_stop = false;
    bool never_starts = false;  // once it has stopped
    int failed_starts = 0;      // so many orders to start it fail first
    bool seen_connected = true; // what ECS shows

    [[nodiscard]] std::string arn() const {
        return "arn:aws:ecs:us-east-1:123456789012:container-instance/demo/" + id.substr(2);
    }
};

[[nodiscard]] inline std::string alarm_arn(const std::string& name) {
    return "arn:aws:cloudwatch:us-east-1:123456789012:alarm:" + name;
}

class FakeAws final : public aws::HttpSender {
public:
    FakeAws(VirtualClock& clock, int hosts) : clock_(clock) {
        for (int i = 1; i <= hosts; ++i) {
            const std::string id = fmt::format("i-{:017}", i);
            hosts_[id].id = id;
        }
        clock.on_tick = [this] {
            tick();
        };
    }

    Result<wire::HttpResponse> send(const wire::Url&,
                                    const wire::HttpRequest& request,
                                    Deadline,
                                    std::stop_token stop) override {
        if (stop.stop_requested()) return fail(Errc::interrupted, "stopped");
        tick();
        const std::string target(wire::header_value(request.headers, "X-Amz-Target"));
        const auto form = wire::QueryParameters::parse(request.body);
        const std::string operation =
            target.empty() ? std::string(form->get("Action")) : target.substr(target.find('.') + 1);
        ++calls[operation];
        if (on_call) on_call(operation);
        if (const auto broken = fail_with.find(operation); broken != fail_with.end()) {
            return wire::error_response(target.empty() ? wire::Protocol::query
                                                       : wire::Protocol::json_1_1,
                                        broken->second,
                                        "req");
        }
        if (operation == "GetCallerIdentity") return identity();
        const auto body = json::parse_object(request.body).value();
        return wire::HttpResponse{
            200, {{"x-amzn-RequestId", "req"}}, json::text(answer(operation, body))};
    }

    FakeHost& host(int number) { return hosts_.at(fmt::format("i-{:017}", number)); }

    std::map<std::string, FakeHost>& hosts() { return hosts_; }

    std::map<std::string, int> calls;
    std::map<std::string, wire::ServiceError> fail_with;
    std::function<void(const std::string& operation)> on_call;
    std::string cluster_status = "ACTIVE";
    bool timers_run = true;                      // the hosts end a fault by themselves
    std::map<std::string, std::string> services; // name and rolloutState
    std::map<std::string, std::string> alarms;   // name and state
    std::vector<std::string> scripts;            // every script sent, in order
    // Answers and runs what this cluster by itself does not know; asked first.
    std::function<std::optional<json::Object>(const std::string& operation, const json::Object&)>
        answers;
    std::function<std::optional<std::string>(const FakeHost& host, const std::string& script)> runs;

    // name='value' in a shell's script, $name = 'value' in PowerShell's.
    static std::string setting(const std::string& script, const std::string& name) {
        for (const auto& begins : {"\n" + name + "='", "\n$" + name + " = '"}) {
            const auto at = script.find(begins);
            if (at == std::string::npos) continue;
            const auto from = at + begins.size();
            return script.substr(from, script.find('\'', from) - from);
        }
        return {};
    }

private:
    struct Invocation {
        std::string status = "Pending";
        std::string output;
    };

    struct Command {
        std::string document;
        std::string script;
        WallTime sent_at;
        std::map<std::string, Invocation> invocations;
    };

    static wire::HttpResponse identity() {
        wire::XmlWriter xml;
        xml.open("GetCallerIdentityResponse");
        xml.element("GetCallerIdentityResult", [&] {
            xml.leaf("Arn", "arn:aws:iam::123456789012:user/test");
            xml.leaf("Account", "123456789012");
            xml.leaf("UserId", "AIDATEST");
        });
        xml.close();
        return {200, {}, xml.text()};
    }

    [[nodiscard]] json::Object describe_alarms(const json::Object& input) const {
        json::Array found;
        for (const auto& asked : json::array_at(input, "AlarmNames")) {
            const auto alarm = alarms.find(std::string(json::string_of(asked)));
            if (alarm == alarms.end()) continue;
            found.push_back(json::Object{{"AlarmName", alarm->first},
                                         {"AlarmArn", alarm_arn(alarm->first)},
                                         {"StateValue", alarm->second},
                                         {"StateReason", "Threshold Crossed"}});
        }
        return {{"MetricAlarms", std::move(found)}};
    }

    [[nodiscard]] json::Object list_services() const {
        json::Array arns;
        for (const auto& [name, state] : services)
            arns.emplace_back("arn:aws:ecs:us-east-1:123456789012:service/demo/" + name);
        return {{"serviceArns", std::move(arns)}};
    }

    [[nodiscard]] json::Object describe_services() const {
        json::Array list;
        for (const auto& [name, state] : services) {
            list.push_back(json::Object{
                {"serviceArn", "arn:aws:ecs:us-east-1:123456789012:service/demo/" + name},
                {"serviceName", name},
                {"status", "ACTIVE"},
                {"deployments",
                 json::Array{json::Object{{"status", "PRIMARY"}, {"rolloutState", state}}}}});
        }
        return {{"services", std::move(list)}};
    }

    void set_agent(FakeHost& host, bool running) {
        if (host.agent_running == running || (running && host.never_starts)) return;
        host.agent_running = running;
        host.agent_changed_at = clock_.wall();
        if (!running) ++host.stops;
    }

    void tick() {
        for (auto& [id, host] : hosts_) {
            if (timers_run && host.restore_at && clock_.wall() >= *host.restore_at) {
                set_agent(host, true);
                host.held_by.clear();
                host.restore_at.reset();
            }
            if (clock_.wall() >= host.agent_changed_at + host.seen_after)
                host.seen_connected = host.agent_running;
        }
        for (auto& [id, command] : commands_) {
            for (auto& [instance, invocation] : command.invocations) {
                if (invocation.status != "Pending") continue;
                FakeHost& host = hosts_.at(instance);
                if (host.online && clock_.wall() >= command.sent_at + Millis(300)) {
                    const bool fits = (command.document == "AWS-RunPowerShellScript")
                                      == (host.platform_type == "Windows");
                    if (fits) invocation.output = run(host, command.script);
                    invocation.status = fits ? "Success" : "InvalidPlatform";
                } else if (clock_.wall() > command.sent_at + Seconds(30)) {
                    invocation.status = "DeliveryTimedOut";
                }
            }
        }
    }

    [[nodiscard]] std::string
    report(const std::string& run, const std::string& did, const std::string& other = "") const {
        return json::text(json::Object{
                   {"squall", "ecs-agent-stop"},
                   {"run", run},
                   {"did", did},
                   {"why", ""},
                   {"other_run", other},
                   {"host_time",
                    std::chrono::duration_cast<Seconds>(clock_.wall().time_since_epoch()).count()}})
               + "\n";
    }

    [[nodiscard]] std::string list_leftovers(const FakeHost& host) const {
        std::string text;
        const auto tell = [&](const char* found, const std::string& run, std::int64_t until) {
            text += json::text(json::Object{
                        {"squall", "ecs-agent-stop"},
                        {"found", found},
                        {"run", run},
                        {"until", until},
                        {"host_time",
                         std::chrono::duration_cast<Seconds>(clock_.wall().time_since_epoch())
                             .count()}})
                    + "\n";
        };
        if (!host.held_by.empty())
            tell("hold",
                 host.held_by,
                 host.restore_at
                     ? std::chrono::duration_cast<Seconds>(host.restore_at->time_since_epoch())
                           .count()
                     : 0);
        for (const auto& run : host.over)
            tell("tombstone", run, 0);
        return text + R"({"squall":"ecs-agent-stop","did":"listed"})" + "\n";
    }

    std::string run(FakeHost& host, const std::string& script) {
        if (auto output = runs ? runs(host, script) : std::nullopt) return *output;
        const std::string order(split_once(script, '\n').first);
        if (order.ends_with(" list")) return list_leftovers(host);
        if (order.ends_with(" remove")) {
            for (const auto& over : split(setting(script, "runs"), ' '))
                host.over.erase(over);
            return {};
        }
        const std::string run = setting(script, "run");
        const std::string not_after = setting(script, "not_after");
        if (order.ends_with(" start")) {
            const bool is_lost = host.held_by.empty() && !host.agent_running;
            if (host.held_by != run && !(is_lost && setting(script, "is_certain") == "yes")) {
                host.over.insert(run);
                return report(run, "clean");
            }
            if (host.failed_starts > 0) {
                --host.failed_starts;
                return report(run, "failed");
            }
            set_agent(host, true);
            host.held_by.clear();
            host.restore_at.reset();
            return report(run, "reverted");
        }
        const auto seconds = [](const std::string& text) {
            return WallTime(Seconds(to_integer(text).value()));
        };
        if (clock_.wall() > seconds(not_after) || host.over.contains(run))
            return report(run, "too-late");
        if (host.held_by == run) return report(run, "injected");
        if (!host.held_by.empty()) return report(run, "busy", host.held_by);
        if (!host.agent_running) return report(run, "left");
        if (host.refuses_to_stop) return report(run, "failed");
        host.held_by = run;
        host.restore_at = seconds(setting(script, "restore_at"));
        set_agent(host, false);
        return report(run, "injected");
    }

    json::Object answer(const std::string& operation, const json::Object& body) {
        if (auto known = answers ? answers(operation, body) : std::nullopt) return *known;
        if (operation == "DescribeClusters") return describe_clusters(body);
        if (operation == "ListContainerInstances") return list_instances(body);
        if (operation == "DescribeContainerInstances") return describe_instances(body);
        if (operation == "DescribeInstanceInformation") return information(body);
        if (operation == "ListServices") return list_services();
        if (operation == "DescribeAlarms") return describe_alarms(body);
        if (operation == "DescribeServices") return describe_services();
        if (operation == "SendCommand") return send_command(body);
        if (operation == "ListCommandInvocations") return invocations(body);
        return {};
    }

    json::Object describe_clusters(const json::Object& body) const {
        const std::string name(json::string_of(json::array_at(body, "clusters").at(0)));
        if (name != "demo" && !name.ends_with("cluster/demo"))
            return {{"clusters", json::Array{}},
                    {"failures", json::Array{json::Object{{"arn", name}, {"reason", "MISSING"}}}}};
        return {{"clusters",
                 json::Array{
                     json::Object{{"clusterArn", "arn:aws:ecs:us-east-1:123456789012:cluster/demo"},
                                  {"clusterName", "demo"},
                                  {"status", cluster_status}}}}};
    }

    // Of the query language it knows zones.
    json::Object list_instances(const json::Object& body) const {
        const auto zone = split_once(json::string_at(body, "filter"), '=').second;
        json::Array arns;
        for (const auto& [id, host] : hosts_) {
            if (zone.empty() || zone == "= " + host.zone) arns.emplace_back(host.arn());
        }
        return {{"containerInstanceArns", std::move(arns)}};
    }

    json::Object describe_instances(const json::Object& body) {
        std::map<std::string, const FakeHost*, std::less<>> by_arn;
        for (const auto& [id, host] : hosts_)
            by_arn[host.arn()] = &host;
        json::Array instances;
        for (const auto& asked : json::array_at(body, "containerInstances")) {
            const auto found = by_arn.find(json::string_of(asked));
            if (found == by_arn.end()) continue;
            const FakeHost& host = *found->second;
            instances.push_back(
                json::Object{{"containerInstanceArn", found->first},
                             {"ec2InstanceId", host.id},
                             {"status", "ACTIVE"},
                             {"agentConnected", host.seen_connected},
                             {"runningTasksCount", 2},
                             {"attributes",
                              json::Array{json::Object{{"name", "ecs.availability-zone"},
                                                       {"value", host.zone}}}}});
        }
        return {{"containerInstances", std::move(instances)}, {"failures", json::Array{}}};
    }

    json::Object information(const json::Object& /*body*/) const {
        json::Array list;
        for (const auto& [id, host] : hosts_) {
            if (host.managed)
                list.push_back(json::Object{{"InstanceId", id},
                                            {"PingStatus", host.ping_status},
                                            {"PlatformType", host.platform_type},
                                            {"PlatformName", host.platform_name},
                                            {"PlatformVersion", "2023"},
                                            {"ResourceType", "EC2Instance"}});
        }
        return {{"InstanceInformationList", std::move(list)}};
    }

    json::Object send_command(const json::Object& body) {
        Command command;
        command.document = json::string_at(body, "DocumentName");
        command.script =
            json::string_of(json::array_at(json::object_at(body, "Parameters"), "commands").at(0));
        command.sent_at = clock_.wall();
        scripts.push_back(command.script);
        for (const auto& id : json::array_at(body, "InstanceIds"))
            command.invocations[std::string(json::string_of(id))] = {};
        const std::string command_id =
            fmt::format("{:08}-0000-0000-0000-000000000000", commands_.size() + 1);
        commands_[command_id] = std::move(command);
        return {{"Command", json::Object{{"CommandId", command_id}}}};
    }

    json::Object invocations(const json::Object& body) {
        const std::string command_id(json::string_at(body, "CommandId"));
        json::Array list;
        for (const auto& [id, invocation] : commands_.at(command_id).invocations) {
            const bool timed_out = invocation.status == "DeliveryTimedOut";
            list.push_back(json::Object{
                {"CommandId", command_id},
                {"InstanceId", id},
                {"Status",
                 timed_out                                ? "TimedOut"
                 : invocation.status == "InvalidPlatform" ? "Failed"
                                                          : invocation.status},
                {"StatusDetails", invocation.status},
                {"CommandPlugins",
                 json::Array{json::Object{{"Name", "aws:runShellScript"},
                                          {"ResponseCode", invocation.status == "Success" ? 0 : -1},
                                          {"Output", invocation.output}}}}});
        }
        return {{"CommandInvocations", std::move(list)}};
    }

    VirtualClock& clock_;
    std::map<std::string, FakeHost> hosts_;
    std::map<std::string, Command> commands_;
};

} // namespace squall::experiment
