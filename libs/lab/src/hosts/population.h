// The container instances of a lab: its hosts, those that differ from the others, and the virtual
// ones. Brings them up, says what is still missing, and shows them. Runs on the loop's thread.
#pragma once

#include "autoscaling/launcher.h"
#include "breaks/cause.h"
#include "cloud/cloud_server.h"
#include "fleet/fleet.h"
#include "hosts/chore.h"
#include "hosts/host.h"
#include "lab_state.h"
#include "squall/lab/lab.h"

#include <deque>

namespace squall::lab {

class Population final : public ec2::Machines, public autoscaling::Launcher {
public:
    // All of it outlives the population.
    struct Ground {
        transport::Loop& loop;
        Vpc& vpc;
        Cloud& cloud;
        CloudServer& server;
        const LabOptions& options;
        const LabPaths& paths;
        std::uint16_t port = 0;    // of the endpoint on 127.0.0.1, here and on every host
        std::string authority_pem; // that every host trusts
    };

    struct Events {
        std::function<void(const std::string& line)> say;
        // A host has ended, and nobody had ordered that.
        std::function<void(int ordinal, const std::string& why)> on_lost;
        // There is a host more.
        std::function<void()> on_more;
    };

    Population(Ground ground, Events events);
    // Ends every host.
    ~Population() override;
    Population(const Population&) = delete;
    Population& operator=(const Population&) = delete;

    // How many tasks the lab's own service has: one for each host that can take them.
    [[nodiscard]] static int service_size(const LabOptions& options);

    [[nodiscard]] static bool has_virtual(const LabOptions& options);

    void start();

    // Who of those that are being started has not registered, or is not connected, in words.
    [[nodiscard]] std::string missing_agents(WallTime now);

    // What is not yet as it should be, in words; empty when all is. Asked again and again while the
    // lab comes up: instances that differ from the others are made so in the end.
    [[nodiscard]] std::string what_is_missing(WallTime now);

    // What hosts without a connected agent (all hosts, if there is none) wrote last: a few of them,
    // a few lines each, with line breaks in front.
    [[nodiscard]] std::string last_words();

    // power.cc: what EC2 orders of them.
    void stop(const std::string& instance_id) override;
    void start(const std::string& instance_id) override;
    void reboot(const std::string& instance_id) override;
    void terminate(const std::string& instance_id) override;
    // groups.cc: one more, as an Auto Scaling group wants it.
    [[nodiscard]] Result<std::string> launch(const std::string& group) override;

    // By EC2 instance id, container instance ARN or the last part of it, or ordinal; else empty.
    [[nodiscard]] std::string instance_named(const std::string& name);
    // Ends the Spot Instances whose time has come.
    void end_overdue(WallTime now);

    // Of an instance that has a place here: what it is, whether it has come up and not been
    // switched off since, and whether it has ended.
    [[nodiscard]] breaks::HostFacts facts_of(const std::string& instance_id) const;
    [[nodiscard]] bool is_up(const std::string& instance_id) const;
    [[nodiscard]] bool is_gone(const std::string& instance_id) const;

    [[nodiscard]] std::vector<ProcessRef> processes() const;
    // The first process of the host that is this instance; 0 where there is none, or it is off.
    [[nodiscard]] pid_t process_of(const std::string& instance_id) const;
    [[nodiscard]] json::Array describe();
    // {"count", "connected"}
    [[nodiscard]] json::Object describe_virtual();

private:
    struct Place {
        int ordinal = 0;
        HostKind kind = HostKind::standard;
        std::string instance_id;
        std::unique_ptr<Host> host; // null: virtual
        std::unique_ptr<Chore> chore;
        bool is_made_so = false;                         // what makes it different has been done
        std::unique_ptr<transport::HttpServer> endpoint; // on the host's own loopback
        std::optional<WallTime> ending_since;            // somebody ordered its end
        bool is_gone = false;
    };

    const std::string& start_host(int ordinal, HostKind kind);
    [[nodiscard]] const Place* place_of(const std::string& instance_id) const;
    // Its host; null for what is virtual, and for what is not there any more.
    [[nodiscard]] Host* host_of(const std::string& instance_id);
    void settle(const std::string& instance_id, const std::string& state);
    // A virtual one has done what was ordered: said later, as a host does.
    void settle_soon(const std::string& instance_id, const std::string& state);
    void host_ended(int ordinal, const std::string& why);
    // URLs that name the endpoint (S3's presigned ones are signed with its name) mean the same on
    // a host as they do here.
    void serve_endpoint(std::size_t place, int network_namespace);
    void start_virtual(int ordinal, fleet::Platform platform, WallTime now);
    // One of the crowd.
    std::string start_member(WallTime now);
    // The next instance, in the zone whose turn it is.
    [[nodiscard]] ec2::Instance new_instance(int turn, const std::string& address);
    // groups.cc: those that there are from the beginning.
    [[nodiscard]] std::string hosts_group() const;
    [[nodiscard]] std::string crowd_group() const;
    void make_groups(WallTime now);
    // Container instances by EC2 instance id; of several with one id that which it is now.
    using Registered = std::map<std::string_view, const ecs::ContainerInstance*>;
    [[nodiscard]] Registered registered();
    [[nodiscard]] static const ecs::ContainerInstance* of(const Place& place,
                                                          const Registered& registered);
    [[nodiscard]] std::string missing_tasks();
    [[nodiscard]] bool is_reached(const ecs::Task& task) const;
    [[nodiscard]] std::string missing_differences();
    void make_different(Place& place);
    [[nodiscard]] json::Object describe_place(const Place& place,
                                              const ecs::ContainerInstance* instance);
    void run_fleet();

    Ground ground_;
    Events events_;
    std::string instance_prefix_;
    std::deque<Place> places_; // by ordinal
    std::vector<std::string> crowd_;
    int last_number_ = 0; // of all instances
    fleet::Fleet fleet_;
    transport::Timer fleet_timer_;
};

} // namespace squall::lab
