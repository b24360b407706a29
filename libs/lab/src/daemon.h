// The lab itself: the cloud, the network, the hosts, and the control socket, on one loop.
#pragma once

#include "api/cloud_server.h"
#include "hosts/host.h"
#include "hosts/host_interfaces.h"
#include "lab_state.h"
#include "squall/lab/lab.h"

namespace squall::lab {

class Daemon {
public:
    using Say = std::function<void(const std::string&)>;

    Daemon(LabOptions options, LabPaths paths, Say say);

    // Makes everything and runs until it is told to end.
    [[nodiscard]] Result<void> run();

private:
    Result<void> open_endpoint();
    Result<void> open_control();
    Result<void> make_cluster();
    void start_hosts();
    void start_host(int ordinal);
    void host_ended(int ordinal, const std::string& why);
    void look_whether_ready();
    [[nodiscard]] std::string what_is_missing();
    // The first process of the host that is this instance; 0 where there is none.
    [[nodiscard]] pid_t process_of(const std::string& instance_id) const;
    Result<void> call(const std::string& service, const std::string& operation, json::Object body);
    Result<void> save_state();
    void handle_control(const wire::HttpRequest& request, transport::Responder responder);
    [[nodiscard]] json::Object describe();
    [[nodiscard]] json::Object describe_host(const Host& host);
    void end_with(Error error);

    LabOptions options_;
    LabPaths paths_;
    Say say_;
    transport::Loop loop_;
    Cloud cloud_;
    std::optional<Vpc> vpc_;
    std::optional<HostInterfaces> interfaces_;
    std::optional<CloudServer> server_;
    std::optional<transport::HttpServer> control_;
    std::vector<std::unique_ptr<Host>> hosts_;
    transport::Timer ready_timer_;
    SteadyTime started_;
    std::string instance_prefix_;
    LabState state_;
    bool ready_ = false;
    std::optional<Error> problem_;
};

} // namespace squall::lab
