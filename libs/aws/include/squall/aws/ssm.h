// AWS Systems Manager, as far as we need it: which hosts it manages, and commands on them. Lists
// are complete by construction: all pages, all batches, or an error.
#pragma once

#include "squall/aws/client.h"

#include <map>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

namespace squall::aws {

struct InstanceInformation {
    std::string instance_id;
    std::string ping_status;   // Online, ConnectionLost, Inactive
    std::string platform_type; // Linux, Windows, MacOS
    std::string platform_name; // "Amazon Linux", "Bottlerocket", …
    std::string platform_version;
    std::string agent_version;
    std::string resource_type; // EC2Instance, ManagedInstance
    std::optional<WallTime> last_ping_at;
};

struct SendCommandRequest {
    static constexpr std::size_t instances_max = 50;
    static constexpr std::size_t comment_max = 100; // more is cut off

    std::string document_name; // AWS-RunShellScript, …
    std::vector<std::string> instance_ids;
    std::map<std::string, std::vector<std::string>> parameters;
    Seconds timeout{30}; // to deliver it, not to run it; 30 s is the least that SSM takes
    std::string comment;
    // SSM's own defaults, 50 at a time and none failing, would leave half a fleet untouched.
    std::string max_concurrency = "100%";
    std::string max_errors = "100%";
};

struct CommandInvocation {
    std::string command_id;
    std::string instance_id;
    std::string status;         // Pending, InProgress, Success, Failed, TimedOut, …
    std::string status_details; // Undeliverable, Terminated, DeliveryTimedOut, …
    std::optional<WallTime> requested_at;
    int response_code = -1; // the script's exit code; -1 until it ran
    std::string output;     // of a listed invocation: errors too, 2,500 characters in all
    std::string errors;     // of a single invocation only
    std::optional<WallTime> started_at;
    std::optional<WallTime> finished_at;

    // True when nothing will change any more.
    [[nodiscard]] bool is_over() const;
};

// As thread-safe as its client, which must outlive it.
class Ssm {
public:
    explicit Ssm(Client& client) : client_(client) {}

    // Of these hosts, those that SSM knows. One that is not answered is not managed.
    [[nodiscard]] Outcome<std::vector<InstanceInformation>> describe_instance_information(
        std::span<const std::string> instance_ids, Deadline deadline, const std::stop_token& stop);

    // The command's id. At most instances_max instances, and at least one, or it is a broken
    // invariant. SSM refuses the whole command when it dislikes one id: code InvalidInstanceId.
    [[nodiscard]] Outcome<std::string>
    send_command(const SendCommandRequest& request, Deadline deadline, const std::stop_token& stop);

    // Right after send_command some may still be missing. Output, exit codes and times only
    // `with_details`.
    [[nodiscard]] Outcome<std::vector<CommandInvocation>>
    list_command_invocations(const std::string& command_id,
                             bool with_details,
                             Deadline deadline,
                             const std::stop_token& stop);

    // not_found (code InvocationDoesNotExist) right after send_command, and for other instances.
    // `plugin` may be empty when the document has a single step.
    [[nodiscard]] Outcome<CommandInvocation> get_command_invocation(const std::string& command_id,
                                                                    const std::string& instance_id,
                                                                    const std::string& plugin,
                                                                    Deadline deadline,
                                                                    const std::stop_token& stop);

    // Best effort, as SSM's is: it answers before anything has stopped. No ids: everywhere.
    [[nodiscard]] Outcome<void> cancel_command(const std::string& command_id,
                                               std::span<const std::string> instance_ids,
                                               Deadline deadline,
                                               const std::stop_token& stop);

private:
    Client& client_;
};

} // namespace squall::aws
