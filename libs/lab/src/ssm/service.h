// Systems Manager of one region: its API, and the message service that the SSM agents of the hosts
// poll. Single-threaded; time comes in with every call.
#pragma once

#include "api/call.h"
#include "ssm/run_command.h"

#include <deque>
#include <functional>
#include <set>

namespace squall::lab::ssm {

// An instance whose SSM agent has registered itself.
struct ManagedInstance {
    std::string id;
    std::string agent_version;
    std::string platform_type = "Linux";
    std::string platform_name;
    std::string platform_version;
    std::string ip_address;
    std::string computer_name;
    WallTime registered_at;
    WallTime last_contact;
};

class Service {
public:
    static constexpr std::size_t commands_max = 10'000; // the oldest finished ones are forgotten
    static constexpr std::size_t instances_max = 50'000;
    // The agent polls without a pause; one that has not for this long is shown as ConnectionLost.
    // (AWS takes some minutes for the same.)
    static constexpr Seconds silence_max{30};
    // A message that was handed out and not acknowledged is handed out again after this.
    static constexpr Seconds visibility_timeout{10};

    [[nodiscard]] std::optional<Answer> call(const ApiCall& call);

    // Messages that wait for this instance's agent, in the form GetMessages gives them; they count
    // as handed out. Polling is contact.
    [[nodiscard]] json::Array take_messages(const std::string& instance_id, WallTime now);

    // Called with an instance id when messages may wait for it.
    // Every listener that was ever given is called.
    void on_message(std::function<void(const std::string&)> listener) {
        listeners_.push_back(std::move(listener));
    }

    // GetMessages (which does not wait), AcknowledgeMessage, SendReply, FailMessage, DeleteMessage,
    // GetEndpoint of the message service.
    [[nodiscard]] std::optional<Answer> message_call(const ApiCall& call);

    // Its agent is in touch.
    [[nodiscard]] bool is_online(std::string_view instance_id, WallTime now) const;
    // From now on it is as if it had been silent for long, until its agent is heard of again.
    void lose_contact(std::string_view instance_id);
    void tick(WallTime now);

private:
    Answer send_command(const ApiCall& call);
    Answer cancel_command(const ApiCall& call);
    // service_lists.cc
    Answer list_commands(const ApiCall& call);
    Answer list_command_invocations(const ApiCall& call);
    Answer describe_instance_information(const ApiCall& call);
    Answer get_command_invocation(const ApiCall& call);
    Answer update_instance_information(const ApiCall& call);
    Answer get_messages(const ApiCall& call);
    Answer acknowledge_message(const ApiCall& call);
    Answer fail_message(const ApiCall& call);
    Answer send_reply(const ApiCall& call);
    Answer delete_message(const ApiCall& call);
    Answer get_endpoint(const ApiCall& call);

    struct MessageTarget {
        Command* command = nullptr;
        Invocation* invocation = nullptr;
        bool is_cancel = false;
    };

    [[nodiscard]] MessageTarget target_of(std::string_view message_id);
    [[nodiscard]] Command* command(std::string_view id);
    // Every command, newest first, with a key that sorts like that.
    [[nodiscard]] std::vector<std::pair<std::string, const Command*>> newest_first() const;
    void wake(const std::string& instance_id) const;
    void forget_old_commands();

    std::map<std::string, ManagedInstance, std::less<>> instances_;
    std::map<std::string, Command, std::less<>> commands_;
    std::deque<std::string> order_; // command ids, oldest first
    std::uint64_t forgotten_ = 0;   // how many are no longer in there
    std::map<std::string, Command*, std::less<>>
        unfinished_; // commands that something can still happen to, by id
    std::vector<std::function<void(const std::string&)>> listeners_;
};

} // namespace squall::lab::ssm
