// The lab itself: the cloud, the network, the hosts, and the control socket, on one loop.
#pragma once

#include "breaks/control.h"
#include "cloud/cloud_server.h"
#include "elb/data_plane.h"
#include "hosts/closed_ways.h"
#include "hosts/host_interfaces.h"
#include "hosts/population.h"
#include "lab_state.h"
#include "monitoring.h"
#include "names/resolver.h"
#include "squall/lab/lab.h"
#include "squall/transport/authority.h"

namespace squall::lab {

class Daemon {
public:
    using Say = std::function<void(const std::string&)>;

    Daemon(LabOptions options, LabPaths paths, Say say);

    // Makes everything and runs until it is told to end.
    [[nodiscard]] Result<void> run();

private:
    Result<void> open_endpoint();
    Result<void> open_names();
    Result<void> open_inspector(const names::Zone& zone, const transport::Validity& validity);
    Result<void> open_proxy();
    Result<void> open_control();
    Result<void> make_cluster();
    void host_lost(int ordinal, const std::string& why);
    void host_added();
    Result<void> make_monitor();
    Result<void> start_monitor();
    void monitor_ended(int number);
    // In words; empty: nothing. Makes the sample's service as soon as its hosts are there.
    [[nodiscard]] Result<std::string> what_is_missing();
    void look_whether_ready();
    void look_for_overdue();
    [[nodiscard]] wire::HttpResponse interrupt_spot(const std::string& body);
    Result<void> save_state();
    void handle_control(const wire::HttpRequest& request, transport::Responder responder);
    [[nodiscard]] json::Object describe();
    void end_with(Error error);

    LabOptions options_;
    LabPaths paths_;
    Say say_;
    transport::Loop loop_;
    Cloud cloud_;
    std::optional<Vpc> vpc_;
    std::optional<HostInterfaces> interfaces_;
    std::optional<ClosedWays> closed_ways_;
    std::unique_ptr<elb::DataPlane> data_plane_;
    std::optional<transport::Authority> authority_;
    std::optional<names::Resolver> resolver_;
    std::optional<transport::HttpServer> proxy_;
    std::optional<CloudServer> server_;
    std::optional<transport::HttpServer> control_;
    transport::Timer ready_timer_;
    transport::Timer overdue_timer_;
    SteadyTime started_;
    std::uint16_t endpoint_port_ = 0;
    LabState state_;
    // Of the sample, until its service is made.
    std::optional<std::string> target_group_;
    std::optional<Population> population_;
    std::optional<breaks::PopulationHosts> broken_hosts_;
    std::optional<breaks::Breaks> breaks_;
    Monitoring monitoring_;
    std::unique_ptr<MonitorProcess> monitor_;
    SteadyTime monitor_started_;
    int monitor_failures_ = 0;
    int monitor_number_ = 0;
    bool ready_ = false;
    std::optional<Error> problem_;
};

} // namespace squall::lab
