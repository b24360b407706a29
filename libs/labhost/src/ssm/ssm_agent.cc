#include "ssm/ssm_agent.h"

#include "cloud/api_caller.h"
#include "settings.h"
#include "squall/base/log.h"
#include "squall/base/subprocess.h"
#include "squall/base/text.h"
#include "squall/base/time_text.h"
#include "ssm/output_limit.h"
#include "ssm/reboot_store.h"
#include "ssm/script_run.h"

#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <deque>

namespace squall::labhost {
namespace {

constexpr const char* agent_version = "3.3.987.0";
constexpr std::size_t workers_max = 5;
constexpr int exit_reboot = 194;
constexpr Seconds poll_timeout{40}; // the service holds an empty poll for twenty seconds
constexpr Seconds call_timeout{20};
constexpr Seconds timeout_default{3600}; // of a script
constexpr Seconds timeout_min{5};
constexpr Seconds timeout_max{172'800};
constexpr Seconds retry_delay{1};
constexpr Seconds reply_delay_max{30};
constexpr std::chrono::minutes inventory_interval{5};
constexpr std::size_t file_max = 1U << 20U;
const char* const config_file = "/etc/amazon/ssm/lab.conf";
const char* const os_release_file = "/etc/os-release";
// Of an instance that is none of EC2's.
const char* const registration_file = "/var/lib/amazon/ssm/registration";
const char* const credentials_file = "/root/.aws/credentials";

class SsmAgent {
public:
    SsmAgent(const std::string& endpoint, const std::string& metadata, Path state_folder)
        : caller_(loop_,
                  {metadata, endpoint, fmt::format("amazon-ssm-agent/{}", agent_version), {}}),
          state_folder_(std::move(state_folder)),
          reboots_(state_folder_ / "reboot"),
          poll_timer_(loop_),
          inventory_timer_(loop_) {}

    int run() {
        loop_.on_signals({SIGTERM, SIGINT}, [this](int) { loop_.stop(); });
        find_identity();
        loop_.run();
        return 0;
    }

private:
    void find_identity();
    void
    identified(std::string_view instance_id, std::string_view region, std::string_view address);
    void report_inventory();
    void poll();
    void handle(const json::Value& message);
    void begin(Work work);
    void start_next();
    void ended(Work work, ScriptResult result);
    [[nodiscard]] bool reboot_for(const Work& work);
    void resume();
    void finished(const Work& work, const ScriptResult& result);
    void cancel(const std::string& command_id);
    void message_call(const std::string& operation, json::Object body);
    void reply(const json::Object& body, Millis next_delay);

    transport::Loop loop_;
    CloudCaller caller_;
    Path state_folder_;
    RebootStore reboots_;
    transport::Timer poll_timer_;
    transport::Timer inventory_timer_;
    std::string instance_id_;
    std::string region_;
    std::string address_;
    std::map<std::string, std::unique_ptr<ScriptRun>> running_; // by command id
    std::deque<Work> waiting_;
    bool polling_ = false;
    bool is_rebooting_ = false;
};

void SsmAgent::find_identity() {
    if (const auto registration = read_file(registration_file, file_max)) {
        const auto parsed = json::parse_object(*registration).value_or(json::Object{});
        caller_.use_credentials_file(credentials_file);
        return loop_.post([this, parsed] {
            identified(json::string_at(parsed, "ManagedInstanceID"),
                       json::string_at(parsed, "Region"),
                       json::string_at(parsed, "IPAddress"));
        });
    }
    caller_.metadata(
        "dynamic/instance-identity/document",
        [this](const Result<std::string, CallError>& document) {
            const auto parsed =
                document ? json::parse_object(*document)
                         : Result<json::Object>(fail(Errc::failed, "{}", document.error().message));
            if (!parsed) {
                log::warning("amazon-ssm-agent: no instance identity: {}", parsed.error().message);
                return poll_timer_.start(retry_delay, [this] { find_identity(); });
            }
            identified(json::string_at(*parsed, "instanceId"),
                       json::string_at(*parsed, "region"),
                       json::string_at(*parsed, "privateIp"));
        });
}

void SsmAgent::identified(std::string_view instance_id,
                          std::string_view region,
                          std::string_view address) {
    instance_id_ = instance_id;
    region_ = region;
    address_ = address;
    caller_.set_region(region_);
    resume();
    report_inventory();
}

void SsmAgent::resume() {
    for (auto& work : reboots_.kept())
        waiting_.push_back(std::move(work));
    start_next();
}

void SsmAgent::report_inventory() {
    struct utsname name {};

    ::uname(&name);
    auto release = parse_settings(read_file(os_release_file, file_max).value_or(std::string()));
    json::Object body{{"InstanceId", instance_id_},
                      {"AgentName", "amazon-ssm-agent"},
                      {"AgentStatus", "Active"},
                      {"AgentVersion", agent_version},
                      {"PlatformType", "Linux"},
                      {"PlatformName", release["NAME"]},
                      {"PlatformVersion", release["VERSION_ID"]},
                      {"IPAddress", address_},
                      {"ComputerName", name.nodename}};
    caller_.call({"ssm", "AmazonSSM.UpdateInstanceInformation", std::move(body), call_timeout},
                 [this](const Result<json::Object, CallError>& answer) {
                     if (!answer)
                         log::warning("amazon-ssm-agent: UpdateInstanceInformation: {} {}",
                                      answer.error().code,
                                      answer.error().message);
                     if (!std::exchange(polling_, true)) poll();
                     inventory_timer_.start(answer ? Millis(inventory_interval)
                                                   : Millis(retry_delay),
                                            [this] { report_inventory(); });
                 });
}

void SsmAgent::poll() {
    const json::Object body{{"Destination", instance_id_},
                            {"MessagesRequestId", random_uuid()},
                            {"VisibilityTimeoutInSeconds", 10}};
    caller_.call({"ec2messages",
                  "EC2WindowsMessageDeliveryService_v20150101.GetMessages",
                  body,
                  poll_timeout},
                 [this](const Result<json::Object, CallError>& answer) {
                     if (!answer) {
                         log::warning("amazon-ssm-agent: GetMessages: {} {}",
                                      answer.error().code,
                                      answer.error().message);
                         return poll_timer_.start(retry_delay, [this] { poll(); });
                     }
                     for (const auto& message : json::array_at(*answer, "Messages"))
                         handle(message);
                     poll();
                 });
}

void SsmAgent::message_call(const std::string& operation, json::Object body) {
    caller_.call({"ec2messages",
                  "EC2WindowsMessageDeliveryService_v20150101." + operation,
                  std::move(body),
                  call_timeout},
                 [operation](const Result<json::Object, CallError>& answer) {
                     if (!answer)
                         log::warning("amazon-ssm-agent: {}: {} {}",
                                      operation,
                                      answer.error().code,
                                      answer.error().message);
                 });
}

void SsmAgent::handle(const json::Value& message) {
    const std::string message_id(json::string_at(message, "MessageId"));
    const auto payload = json::parse_object(json::string_at(message, "Payload"));
    if (!payload)
        return message_call(
            "FailMessage",
            {{"MessageId", message_id}, {"FailureType", "InternalHandlerException"}});
    if (json::string_at(message, "Topic") == "aws.ssm.cancelCommand") {
        message_call("AcknowledgeMessage", {{"MessageId", message_id}});
        return cancel(std::string(json::string_at(*payload, "CancelCommandId")));
    }
    Work work{message_id, std::string(json::string_at(*payload, "CommandId")), *payload};
    // Only what the service still wants is begun: an acknowledgement that is refused means that its
    // time was up.
    caller_.call({"ec2messages",
                  "EC2WindowsMessageDeliveryService_v20150101.AcknowledgeMessage",
                  {{"MessageId", message_id}},
                  call_timeout},
                 [this, work = std::move(work)](const Result<json::Object, CallError>& answer) {
                     if (!answer)
                         return log::warning("amazon-ssm-agent: {} is not begun: {}",
                                             work.command_id,
                                             answer.error().message);
                     if (running_.contains(work.command_id)) return;
                     waiting_.push_back(work);
                     start_next();
                 });
}

void SsmAgent::cancel(const std::string& command_id) {
    if (const auto run = running_.find(command_id); run != running_.end())
        return run->second->cancel();
    const auto waits = std::find_if(waiting_.begin(), waiting_.end(), [&](const Work& work) {
        return work.command_id == command_id;
    });
    if (waits == waiting_.end()) return;
    const Work work = *waits;
    waiting_.erase(waits);
    ScriptResult never_ran;
    never_ran.status = "Cancelled";
    never_ran.exit_code = -1;
    never_ran.started_at = never_ran.finished_at = Wall::now();
    finished(work, never_ran);
}

void SsmAgent::start_next() {
    while (!waiting_.empty() && running_.size() < workers_max) {
        Work work = std::move(waiting_.front());
        waiting_.pop_front();
        begin(std::move(work));
    }
}

void SsmAgent::begin(Work work) {
    const json::Object& parameters = json::object_at(work.payload, "Parameters");
    const bool is_shell = json::string_at(work.payload, "DocumentName") == "AWS-RunShellScript";
    ScriptSpec spec;
    for (const auto& line : json::array_at(parameters, "commands"))
        spec.lines.emplace_back(json::string_of(line));
    // PowerShell scripts run on Linux only where pwsh is installed, which no lab host has.
    if (!is_shell) spec.lines = {"echo 'pwsh: command not found' >&2", "exit 127"};
    const auto& folder = json::array_at(parameters, "workingDirectory");
    if (!folder.empty()) spec.working_directory = json::string_of(folder.front());
    // What is out of range does not count, and nobody is told.
    const Seconds asked(json::integer_at(work.payload, "ExecutionTimeoutSeconds"));
    spec.timeout = asked < timeout_min || asked > timeout_max ? timeout_default : asked;
    spec.folder = state_folder_ / instance_id_ / "document/orchestration" / work.command_id
                  / "awsrunShellScript/0.awsrunShellScript";
    spec.environment = {"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                        "HOME=/root",
                        "LANG=C.UTF-8",
                        "AWS_SSM_INSTANCE_ID=" + instance_id_,
                        "AWS_SSM_REGION_NAME=" + region_,
                        "SSM_COMMAND_ID=" + work.command_id};
    const std::string command_id = work.command_id;
    running_[command_id] = std::make_unique<ScriptRun>(
        loop_, spec, [this, work = std::move(work)](ScriptResult result) {
            ended(work, std::move(result));
        });
}

void SsmAgent::ended(Work work, ScriptResult result) {
    // What it wrote before a reboot is part of what it wrote.
    result.standard_output =
        truncated(work.earlier_output + result.standard_output, standard_output_max);
    result.standard_error =
        truncated(work.earlier_errors + result.standard_error, standard_error_max);
    if (result.exit_code == exit_reboot && !is_rebooting_) {
        work.earlier_output = valid_text(result.standard_output);
        work.earlier_errors = valid_text(result.standard_error);
        if (reboot_for(work)) return;
        result.standard_error += "failed to request a reboot";
    }
    finished(work, result);
    reboots_.forget(work.command_id);
}

// The command stays in progress until the script has run again.
bool SsmAgent::reboot_for(const Work& work) {
    if (auto kept = reboots_.keep(work); !kept) {
        log::warning("amazon-ssm-agent: {}: {}", work.command_id, kept.error().message);
        return false;
    }
    log::info("amazon-ssm-agent: {} asks for a reboot", work.command_id);
    const auto done =
        run_checked({{"systemctl", "reboot"}, {}, {}, {}}, Deadline::in(call_timeout));
    is_rebooting_ = done.has_value();
    if (!done) reboots_.forget(work.command_id);
    return is_rebooting_;
}

void SsmAgent::finished(const Work& work, const ScriptResult& result) {
    const std::string output = valid_text(result.standard_output);
    const std::string errors = valid_text(result.standard_error);
    const json::Object plugin{{"status", result.status},
                              {"code", result.exit_code},
                              {"name", "aws:runShellScript"},
                              {"output", valid_text(combined_output(output, errors))},
                              {"startDateTime", rfc3339_millis(result.started_at)},
                              {"endDateTime", rfc3339_millis(result.finished_at)},
                              {"standardOutput", output},
                              {"standardError", errors}};
    const json::Object payload{{"documentStatus", result.status},
                               {"documentTraceOutput", ""},
                               {"runtimeStatus", json::Object{{"aws:runShellScript", plugin}}}};
    reply({{"MessageId", work.message_id},
           {"Payload", json::text(payload)},
           {"ReplyId", random_uuid()}},
          retry_delay);
    // The run is still on the stack: it goes when this callback is over.
    loop_.post([this, id = work.command_id] {
        running_.erase(id);
        start_next();
    });
}

// A result is worth nothing until the service has it: repeated until it does, or says that it does
// not want it.
void SsmAgent::reply(const json::Object& body, Millis next_delay) {
    caller_.call(
        {"ec2messages", "EC2WindowsMessageDeliveryService_v20150101.SendReply", body, call_timeout},
        [this, body, next_delay](const Result<json::Object, CallError>& answer) {
            if (answer || answer.error().code == "InvalidMessageId") return;
            log::warning(
                "amazon-ssm-agent: SendReply: {} {}", answer.error().code, answer.error().message);
            auto timer = std::make_shared<transport::Timer>(loop_);
            timer->start(next_delay, [this, body, next_delay, timer] {
                reply(body, std::min<Millis>(next_delay * 2, reply_delay_max));
            });
        });
}

} // namespace

int ssm_agent_main(const std::vector<std::string>& /*arguments*/) {
    const auto text = read_file(config_file, file_max);
    if (!text) {
        log::print("amazon-ssm-agent: {}\n", text.error().message);
        return 1;
    }
    auto settings = parse_settings(*text);
    return SsmAgent(settings["ENDPOINT"],
                    settings.contains("METADATA") ? settings["METADATA"] : "http://169.254.169.254",
                    "/var/lib/amazon/ssm")
        .run();
}

} // namespace squall::labhost
