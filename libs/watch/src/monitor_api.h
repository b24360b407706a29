// The monitor's own HTTP API, on a unix socket and, where it is asked for, on TCP: what it knows,
// how it is, and metrics for Prometheus. Windows are made through the unix socket only, whose file
// is for the monitor's user alone.
#pragma once

#include "squall/transport/http_server.h"
#include "squall/watch/daemon.h"
#include "squall/watch/figures.h"
#include "squall/watch/inbox.h"
#include "squall/watch/judge.h"
#include "squall/watch/queue_source.h"

#include <map>
#include <thread>

namespace squall::watch {

class MonitorApi {
public:
    // All must outlive it. The judge and the store are only used on the judging thread, through
    // the inbox.
    struct Parts {
        const DaemonOptions& options;
        const Judge& judge;
        Store& store;
        Inbox& inbox;
        const QueueSource& source;
        const MonitorFigures& figures;
        const Trouble& poll;                            // with looking at the clusters
        std::map<std::string, const Trouble*> channels; // with telling, by channel
        const aws::Client& client;
        Clock& clock;
        // Judges a window, on the judging thread.
        std::function<Result<void>(const monitor::Window&)> tell;
    };

    explicit MonitorApi(Parts parts) : parts_(std::move(parts)) {}

    MonitorApi(const MonitorApi&) = delete;
    MonitorApi& operator=(const MonitorApi&) = delete;

    ~MonitorApi() { stop(); }

    // "ready unix:/… http://127.0.0.1:PORT"
    [[nodiscard]] Result<std::string> listen();
    void start();
    void stop();

private:
    enum class Door { unix_socket, tcp };

    void handle(const wire::HttpRequest& request, transport::Responder responder, Door door);
    void on_judging_thread(std::function<wire::HttpResponse()> question,
                           transport::Responder responder);
    // What keeps the monitor from doing its work, for people.
    [[nodiscard]] std::vector<std::string> problems() const;
    [[nodiscard]] wire::HttpResponse health() const;
    [[nodiscard]] wire::HttpResponse incidents(const std::string& cluster) const;
    [[nodiscard]] wire::HttpResponse status() const;
    [[nodiscard]] wire::HttpResponse explain(const std::string& node) const;
    [[nodiscard]] wire::HttpResponse metrics() const;
    [[nodiscard]] wire::HttpResponse open_window(const std::string& body);
    [[nodiscard]] wire::HttpResponse close_window(const std::string& id);

    Parts parts_;
    transport::Loop loop_;
    std::vector<std::unique_ptr<transport::HttpServer>> servers_;
    // Questions that the judging thread has; kept here, since responders belong to the loop.
    std::map<std::uint64_t, transport::Responder> waiting_;
    std::uint64_t last_question_ = 0;
    std::thread thread_;
};

} // namespace squall::watch
