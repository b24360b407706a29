// Container instances without hosts, by the ten thousand: on the API they behave as those with one
// do. Their ECS agents are connected, take tasks and report them, their SSM agents take commands
// and answer, with the delays and the failures that were asked for. No task of theirs runs
// anywhere, and no script does (virtual_host.h).
//
// They live beside the services, without sockets: their agents' connections cannot be cut, and what
// is broken of the endpoint does not reach them. Single-threaded; time comes in.
#pragma once

#include "cloud/cloud.h"
#include "fleet/virtual_host.h"

#include <deque>
#include <functional>
#include <random>
#include <set>

namespace squall::lab::fleet {

struct Rules {
    std::string cluster;
    // Shares of the instances, in percent. Failing: every script ends with an error there. Silent:
    // SSM shows them online, and they never take a command.
    int failing_percent = 0;
    int silent_percent = 0;
    // How long an agent takes to answer, at random in between.
    Millis latency_least{50};
    Millis latency_most{250};
    std::uint64_t seed = 0;
};

// What such an instance says that it is.
enum class Platform { amazon_linux, windows, bottlerocket };

class Fleet {
public:
    // SSM shows an instance online while it is heard of this often.
    static constexpr Seconds contact_interval{10};

    // The cloud outlives it. `rules.cluster` exists before the first add().
    Fleet(Cloud& cloud, Rules rules);

    // Brings one up: running for EC2, online for SSM, connected for ECS.
    void add(const ec2::Instance& instance, Platform platform, WallTime now);

    // fleet_power.cc: nothing of it is heard any more, until it is switched on. Its tasks end with
    // it, which its agent reports when it is back. Those that are not here are left out.
    void switch_off(const std::string& instance_id, WallTime now);
    void switch_on(const std::string& instance_id, WallTime now);

    // Does what is due. Call it about twenty times a second.
    void tick(WallTime now);

    [[nodiscard]] std::size_t size() const { return members_.size(); }

    [[nodiscard]] bool contains(const std::string& instance_id) const {
        return members_.contains(instance_id);
    }

private:
    class Channel;

    struct Member {
        ec2::Instance instance;
        Platform platform = Platform::amazon_linux;
        std::string arn; // of the container instance
        std::optional<std::uint64_t> session;
        VirtualHost host;
        bool is_failing = false;
        bool is_silent = false;
        bool is_off = false;
        // What it has been told of each task, and what it could not tell while it was away.
        std::map<std::string, std::string, std::less<>> tasks;
        std::vector<json::Object> unsent;
    };

    struct Received {
        Member* member = nullptr;
        std::string text; // empty: the connection was closed by the other side
    };

    using Task = std::function<void(WallTime now)>;

    void later(WallTime now, Task task);
    [[nodiscard]] ApiCall call_of(const Member& member,
                                  const std::string& service,
                                  const std::string& operation,
                                  json::Object body,
                                  WallTime now) const;
    // ECS: fleet_agent.cc
    void register_member(Member& member, WallTime now);
    void connect(Member& member, WallTime now);
    void disconnect(Member& member, WallTime now);
    void follow_agent(Member& member, bool ran, WallTime now);
    void handle(Member& member, std::string_view text, WallTime now);
    void take_task(Member& member, const json::Value& task, WallTime now);
    void submit(Member& member, json::Object change, WallTime now);
    // SSM: fleet_commands.cc
    void report_in(Member& member, WallTime now);
    void keep_contact(Member& member, WallTime now);
    void take_messages(Member& member, WallTime now);
    void run_command(Member& member, const json::Value& message, WallTime now);

    Cloud& cloud_;
    Rules rules_;
    std::mt19937_64 dice_;
    std::map<std::string, Member> members_; // by instance id
    std::multimap<WallTime, Task> due_;
    std::deque<Received> received_;
    std::set<std::string> woken_; // instance ids that a message may wait for
};

} // namespace squall::lab::fleet
