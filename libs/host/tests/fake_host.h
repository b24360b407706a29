// A host of files in a folder, of programs that answer what a test says, and of servers that
// behave: they answer, hang, or are not there.
#pragma once

#include "squall/base/temporary_folder.h"
#include "squall/host/checkup.h"
#include "squall/transport/http_server.h"
#include "squall/transport/socket.h"

#include <atomic>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace squall::host {

// Serves on a thread of its own until it is destroyed.
class FakeServer {
public:
    using Handler = std::function<wire::HttpResponse(const wire::HttpRequest& request)>;

    FakeServer(Fd socket, Handler handler);
    FakeServer(const FakeServer&) = delete;
    FakeServer& operator=(const FakeServer&) = delete;
    ~FakeServer();

private:
    transport::Loop loop_;
    std::optional<transport::HttpServer> server_;
    std::thread thread_;
};

// What listens, and never answers.
class SilentServer {
public:
    explicit SilentServer(Fd socket) : socket_(std::move(socket)) {}

private:
    Fd socket_;
};

class FakeHost {
public:
    // With systemd, an agent (process 42) and a Docker that are well, instance metadata, and an ECS
    // that it may use.
    FakeHost();

    [[nodiscard]] const Ground& ground() const { return ground_; }

    Ground& ground() { return ground_; }

    void file(const std::string& path, const std::string& text);
    void remove(const std::string& path);
    void link(const std::string& path, const std::string& target);
    [[nodiscard]] Path path(const std::string& absolute) const;

    // What a program prints; by how its command line begins, the longest of those that fit.
    void answers(const std::string& command, const std::string& output, int exit_code = 0);
    // `systemctl show NAME.service` prints these.
    void unit(const std::string& name, const std::string& properties);

    // Instance metadata by path: "meta-data/iam/info"; status 404 for what is not here.
    std::map<std::string, wire::HttpResponse> metadata;
    // Of Docker, by path: "/version".
    std::map<std::string, wire::HttpResponse> docker;
    // Of the ECS endpoint http://ecs.test:PORT, by operation: "DiscoverPollEndpoint"; and "acs" and
    // "tcs", for what asks there to become a websocket; "unsigned", for what nobody has signed.
    std::map<std::string, wire::HttpResponse> ecs;
    // Of the resolver, by name. Others are unknown to it.
    std::map<std::string, transport::NameAnswer> names;

    void stop_docker() { docker_server_.reset(); }

    void stop_ecs() { ecs_server_.reset(); }

    void silence_ecs();

    // "ECS_BACKEND_HOST=http://ecs.test:PORT\n"
    [[nodiscard]] std::string backend_line() const;

    void stop_introspection() { introspection_server_.reset(); }

    void stop_metadata() { metadata_server_.reset(); }

    void silence_docker();
    void silence_metadata();

    // The look of that check, of a whole checkup.
    [[nodiscard]] doctor::Look look(const std::string& check, Millis limit = Seconds(10));

private:
    void make_files();
    void make_answers();
    wire::HttpResponse answer_metadata(const wire::HttpRequest& request);
    wire::HttpResponse answer_ecs(const wire::HttpRequest& request);

    TemporaryFolder folder_;
    Ground ground_;
    std::mutex mutex_; // guards commands_
    std::map<std::string, Finished> commands_;
    std::uint16_t ecs_port_ = 0;
    std::unique_ptr<FakeServer> ecs_server_;
    std::unique_ptr<FakeServer> metadata_server_;
    std::unique_ptr<FakeServer> docker_server_;
    std::unique_ptr<FakeServer> introspection_server_;
    std::vector<SilentServer> silent_;
};

// A file, empty, that does something when it is read, before who reads it goes on.
class FileThatActs {
public:
    FileThatActs(Path path, std::function<void()> act);
    FileThatActs(const FileThatActs&) = delete;
    FileThatActs& operator=(const FileThatActs&) = delete;
    ~FileThatActs();

    [[nodiscard]] bool has_acted() const { return has_acted_; }

private:
    Path path_;
    std::atomic<bool> has_acted_ = false;
    std::atomic<bool> is_over_ = false;
    std::thread thread_;
};

// The causes that a look has signs of, in its order.
[[nodiscard]] std::vector<std::string> causes(const doctor::Look& look);

} // namespace squall::host
