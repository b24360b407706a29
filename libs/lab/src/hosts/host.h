// One container instance of the lab, from outside: the process that holds its namespaces, and the
// conversation that brings it up. Runs on the loop's thread.
#pragma once

#include "ec2/imds.h"
#include "hosts/vpc.h"
#include "squall/labhost/host_spec.h"
#include "squall/transport/http_server.h"

#include <functional>
#include <optional>

namespace squall::lab {

class Host {
public:
    struct Events {
        std::function<void()> on_ready; // each time that it has come up
        std::function<void()> on_off;   // after power_off()
        // It has its addresses, and nothing runs in it yet: the network namespace, borrowed.
        std::function<void(int network_namespace)> on_addressed;
        // It is gone, or never came up; the last call.
        std::function<void(const std::string& why)> on_end;
    };

    // Starts the host's process at once. References outlive the host; `instance` is what its
    // metadata service tells, null where it has none.
    Host(transport::Loop& loop,
         Vpc& vpc,
         KeyRing& keys,
         const ec2::Instance* instance,
         labhost::HostSpec spec,
         int ordinal,
         Events events);
    Host(const Host&) = delete;
    Host& operator=(const Host&) = delete;
    // Ends everything in it, and returns when nothing of it lives any more.
    ~Host();

    // Begins to end everything in it, without waiting: for many hosts at once.
    void kill();

    // Switched off: every unit is stopped, every process ended, and nobody answers at its address;
    // its files stay. At once where it is up, else when it is.
    void power_off();
    // Of one that is off.
    void power_on();
    void reboot();
    // For good, every unit after the other; what does not end in time is killed.
    void shut_down();

    [[nodiscard]] const std::string& instance_id() const { return spec_.instance_id; }

    [[nodiscard]] int ordinal() const { return ordinal_; }

    // The first process of its namespaces, as seen from here; 0 before it is there and after it has
    // gone.
    [[nodiscard]] pid_t first_process() const { return first_process_; }

    // The process that holds it.
    [[nodiscard]] pid_t holder() const { return holder_; }

    [[nodiscard]] bool is_ready() const { return ready_; }

    // Switched off, and not up again.
    [[nodiscard]] bool is_off() const { return is_off_; }

private:
    void start();
    void on_readable();
    void on_line(const std::string& line);
    void say(const std::string& line);
    void on_addressed();
    [[nodiscard]] Result<void> serve_metadata(int network_namespace);
    void holder_ended();
    void end(const std::string& why);
    // False where it has no first process.
    bool signal(int number);

    transport::Loop& loop_;
    Vpc& vpc_;
    ec2::MetadataService metadata_;
    const ec2::Instance* instance_;
    labhost::HostSpec spec_;
    int ordinal_;
    Events events_;
    pid_t holder_ = 0;
    pid_t first_process_ = 0;
    Fd control_;
    Fd holder_fd_;
    Fd first_process_fd_;
    std::string received_;
    std::optional<transport::ReadWatch> control_watch_;
    std::optional<transport::ReadWatch> holder_watch_;
    std::optional<transport::HttpServer> metadata_server_;
    transport::Timer end_timer_;
    bool ready_ = false;
    bool is_off_ = false;
    bool is_to_be_off_ = false; // and has not said that it is
};

} // namespace squall::lab
