// The SSM agents of the fleet.
#include "fleet/fleet.h"
#include "squall/base/text.h"
#include "squall/base/time_text.h"

namespace squall::lab::fleet {
namespace {

constexpr const char* agent_version = "3.3.987.0";

struct PlatformNames {
    const char* type;
    const char* name;
    const char* version;
    const char* plugin; // that runs scripts
};

PlatformNames names_of(Platform platform) {
    switch (platform) {
    case Platform::amazon_linux:
        break;
    case Platform::windows:
        return {"Windows",
                "Microsoft Windows Server 2022 Datacenter",
                "10.0.20348",
                "aws:runPowerShellScript"};
    case Platform::bottlerocket:
        return {"Linux", "Bottlerocket", "1.26.1", "aws:runShellScript"};
    }
    return {"Linux", "Amazon Linux", "2023", "aws:runShellScript"};
}

} // namespace

void Fleet::report_in(Member& member, WallTime now) {
    const PlatformNames names = names_of(member.platform);
    static_cast<void>(cloud_.home().ssm.call(call_of(member,
                                                     "ssm",
                                                     "UpdateInstanceInformation",
                                                     {{"InstanceId", member.instance.id},
                                                      {"AgentVersion", agent_version},
                                                      {"PlatformType", names.type},
                                                      {"PlatformName", names.name},
                                                      {"PlatformVersion", names.version},
                                                      {"IPAddress", member.instance.private_ip},
                                                      {"ComputerName", member.instance.name}},
                                                     now)));
}

void Fleet::keep_contact(Member& member, WallTime now) {
    if (member.is_silent && !member.is_off)
        report_in(member, now);
    else
        take_messages(member, now);
    due_.emplace(now + contact_interval,
                 [this, &member](WallTime then) { keep_contact(member, then); });
}

void Fleet::take_messages(Member& member, WallTime now) {
    if (member.is_silent || member.is_off) return;
    for (const auto& message : cloud_.home().ssm.take_messages(member.instance.id, now)) {
        const json::Object acknowledged{{"MessageId", json::string_at(message, "MessageId")}};
        const auto taken = cloud_.home().ssm.message_call(
            call_of(member, "ec2messages", "AcknowledgeMessage", acknowledged, now));
        // A command that is being cancelled has run by then: there is nothing to end.
        const bool is_order = json::string_at(message, "Topic") == "aws.ssm.sendCommand";
        if (!is_order || !taken || !*taken) continue;
        later(now, [this, &member, message](WallTime then) { run_command(member, message, then); });
    }
}

void Fleet::run_command(Member& member, const json::Value& message, WallTime now) {
    if (member.is_off) return;
    const auto payload = json::parse_object(json::string_at(message, "Payload"));
    SQUALL_ASSERT(payload.has_value());
    std::string script;
    for (const auto& line : json::array_at(json::object_at(*payload, "Parameters"), "commands"))
        script += fmt::format("{}\n", json::string_of(line));
    const PlatformNames names = names_of(member.platform);
    const bool is_powershell =
        json::string_at(*payload, "DocumentName") == "AWS-RunPowerShellScript";
    const bool ran = member.host.agent_runs();
    ScriptEnd end{1, {}, "this instance fails on purpose\n"};
    if (is_powershell != (member.platform == Platform::windows))
        end.standard_error = fmt::format(
            "{} does not run on {}\n", json::string_at(*payload, "DocumentName"), names.name);
    else if (!member.is_failing)
        end = member.host.run(script, now);
    const std::string when = rfc3339_millis(now);
    const json::Object plugin{{"status", end.exit_code == 0 ? "Success" : "Failed"},
                              {"code", end.exit_code},
                              {"standardOutput", end.standard_output},
                              {"standardError", end.standard_error},
                              {"output", end.standard_output + end.standard_error},
                              {"startDateTime", when},
                              {"endDateTime", when}};
    static_cast<void>(cloud_.home().ssm.message_call(call_of(
        member,
        "ec2messages",
        "SendReply",
        {{"MessageId", json::string_at(message, "MessageId")},
         {"Payload",
          json::text(json::Object{{"documentStatus", json::string_at(plugin, "status")},
                                  {"runtimeStatus", json::Object{{names.plugin, plugin}}}})}},
        now)));
    follow_agent(member, ran, now);
    if (const auto end_of_fault = member.host.restores_itself_at()) {
        due_.emplace(*end_of_fault, [this, &member](WallTime then) {
            const bool had_run = member.host.agent_runs();
            member.host.tick(then);
            follow_agent(member, had_run, then);
        });
    }
}

} // namespace squall::lab::fleet
