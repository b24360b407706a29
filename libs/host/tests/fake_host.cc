#include "fake_host.h"

#include "squall/base/fd.h"
#include "squall/base/text.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>

namespace squall::host {
namespace {

wire::HttpResponse with(const std::map<std::string, wire::HttpResponse>& answers,
                        const std::string& path) {
    const auto found = answers.find(path);
    return found == answers.end() ? wire::HttpResponse{404, {}, ""} : found->second;
}

constexpr const char* running =
    "LoadState=loaded\nActiveState=active\nSubState=running\nResult=success\nExecMainStatus=0\n"
    "NRestarts=0\nJob=\nActiveEnterTimestamp=Sun 2026-11-22 10:00:00 UTC\n"
    "ActiveEnterTimestampMonotonic=5000000\n";

} // namespace

FakeServer::FakeServer(Fd socket, Handler handler) {
    server_.emplace(loop_,
                    std::move(socket),
                    [handler = std::move(handler)](const wire::HttpRequest& request,
                                                   transport::Responder responder) {
                        responder.respond(handler(request));
                    });
    thread_ = std::thread([this] { loop_.run(); });
}

FakeServer::~FakeServer() {
    loop_.stop();
    thread_.join();
}

FakeHost::FakeHost() {
    ground_.root = folder_.path();
    ground_.run = [this](const Command& command, Deadline) -> Result<Finished> {
        const std::string line = join(command.argv, " ");
        const std::lock_guard lock(mutex_);
        const Finished* best = nullptr;
        std::size_t size = 0;
        for (const auto& [beginning, finished] : commands_) {
            if (!line.starts_with(beginning) || beginning.size() < size) continue;
            best = &finished;
            size = beginning.size();
        }
        if (best == nullptr) return fail(Errc::not_found, "starting {}: not here", line);
        return *best;
    };
    ground_.look_up = [this](const std::string& name, Deadline) {
        const auto found = names.find(name);
        return found != names.end()
                   ? found->second
                   : transport::NameAnswer{{}, transport::Trouble::no_such_name, "not known"};
    };
    const auto listening = [](std::string& url) {
        auto socket = transport::listen_tcp("127.0.0.1", 0).value();
        url = fmt::format("http://127.0.0.1:{}", transport::port_of(socket).value());
        return socket;
    };
    auto ecs_socket = transport::listen_tcp("127.0.0.1", 0).value();
    ecs_port_ = transport::port_of(ecs_socket).value();
    make_files();
    make_answers();
    ecs_server_ = std::make_unique<FakeServer>(
        std::move(ecs_socket),
        [this](const wire::HttpRequest& request) { return answer_ecs(request); });
    metadata_server_ = std::make_unique<FakeServer>(
        listening(ground_.metadata_url),
        [this](const wire::HttpRequest& request) { return answer_metadata(request); });
    introspection_server_ = std::make_unique<
        FakeServer>(listening(ground_.introspection_url), [](const wire::HttpRequest&) {
        return wire::HttpResponse{
            200,
            {},
            R"({"Cluster":"web","ContainerInstanceArn":"arn:aws:ecs:eu-west-1:1:container-instance/web/0a",)"
            R"x("Version":"Amazon ECS Agent - v1.105.1 (*8dfceca6)"})x"};
    });
    docker_server_ = std::make_unique<FakeServer>(
        transport::listen_unix(path("/var/run/docker.sock")).value(),
        [this](const wire::HttpRequest& request) { return with(docker, request.target); });
}

void FakeHost::make_files() {
    for (const char* folder : {"/run/systemd/system", "/var/run", "/var/lib/ecs/data"})
        std::filesystem::create_directories(path(folder));
    file("/proc/uptime", "4000.00 3000.00\n");
    file("/proc/meminfo", "MemTotal: 2048000 kB\nMemFree: 100 kB\nMemAvailable: 1024000 kB\n");
    file("/proc/net/route", "Iface\tDestination\tGateway\neth0\t00000000\t0100000A\t0003\n");
    file("/proc/sys/fs/file-nr", "680\t0\t2466170\n");
    file("/etc/ecs/ecs.config", "ECS_CLUSTER=web\n" + backend_line());
    file("/proc/42/cmdline", std::string("/agent\0-x\0", 10));
    file("/proc/42/stat", "42 (agent) S 1 42 42 0 -1\n");
    link("/proc/42/fd/0", "/dev/null");
}

void FakeHost::make_answers() {
    unit("ecs", running);
    unit("docker", running);
    answers("dmesg", "[    0.000000] Linux version 6.1\n");
    names = {{"ecs.test", {{"127.0.0.1"}, transport::Trouble::none, ""}},
             {"acs.test", {{"127.0.0.1"}, transport::Trouble::none, ""}},
             {"tcs.test", {{"127.0.0.1"}, transport::Trouble::none, ""}}};
    metadata = {
        {"dynamic/instance-identity/document",
         {200, {}, R"({"instanceId":"i-1","region":"eu-west-1","accountId":"1"})"}},
        {"meta-data/iam/info", {200, {}, R"({"Code":"Success"})"}},
        {"meta-data/iam/security-credentials/", {200, {}, "web"}},
        {"meta-data/iam/security-credentials/web",
         {200,
          {},
          R"({"Code":"Success","AccessKeyId":"ASIAX","SecretAccessKey":"hidden","Token":"t",)"
          R"("Expiration":"2100-01-01T00:00:00Z"})"}}};
    docker = {{"/_ping", {200, {}, "OK"}},
              {"/version",
               {200, {}, R"({"Version":"25.0.3","ApiVersion":"1.44","MinAPIVersion":"1.24"})"}}};
    const wire::HttpResponse nobody{400, {}, R"({"InvalidInstanceException":"no such instance"})"};
    ecs = {{"DiscoverPollEndpoint",
            {200,
             {},
             fmt::format(R"({{"endpoint":"http://acs.test:{0}/acs/",)"
                         R"("telemetryEndpoint":"http://tcs.test:{0}/tcs/"}})",
                         ecs_port_)}},
           {"acs", nobody},
           {"tcs", nobody}};
}

std::string FakeHost::backend_line() const {
    return fmt::format("ECS_BACKEND_HOST=http://ecs.test:{}\n", ecs_port_);
}

wire::HttpResponse FakeHost::answer_ecs(const wire::HttpRequest& request) {
    if (!wire::has_header(request.headers, "Authorization")) {
        const auto other = ecs.find("unsigned");
        return other == ecs.end() ? wire::HttpResponse{403, {}, ""} : other->second;
    }
    if (request.target.starts_with("/acs/ws?")) return with(ecs, "acs");
    if (request.target.starts_with("/tcs/ws?")) return with(ecs, "tcs");
    const std::string_view target = wire::header_value(request.headers, "X-Amz-Target");
    return with(ecs, std::string(target.substr(target.find('.') + 1)));
}

void FakeHost::silence_ecs() {
    ecs_server_.reset();
    silent_.emplace_back(transport::listen_tcp("127.0.0.1", ecs_port_).value());
}

wire::HttpResponse FakeHost::answer_metadata(const wire::HttpRequest& request) {
    if (request.method == "PUT") {
        const auto other = metadata.find("api/token");
        return other == metadata.end() ? wire::HttpResponse{200, {}, "a-token"} : other->second;
    }
    if (wire::header_value(request.headers, "X-aws-ec2-metadata-token") != "a-token")
        return {401, {}, ""};
    return with(metadata, request.target.substr(std::string_view("/latest/").size()));
}

Path FakeHost::path(const std::string& absolute) const { return folder_ / absolute.substr(1); }

void FakeHost::file(const std::string& path, const std::string& text) {
    static_cast<void>(folder_.file(path.substr(1), text));
}

void FakeHost::remove(const std::string& path) { std::filesystem::remove_all(this->path(path)); }

void FakeHost::link(const std::string& path, const std::string& target) {
    std::filesystem::create_directories(this->path(path).parent_path());
    std::filesystem::create_symlink(target, this->path(path));
}

void FakeHost::answers(const std::string& command, const std::string& output, int exit_code) {
    const std::lock_guard lock(mutex_);
    commands_[command] = {exit_code, output, ""};
}

void FakeHost::unit(const std::string& name, const std::string& properties) {
    answers(fmt::format("systemctl show {}.service", name), properties);
}

void FakeHost::silence_docker() {
    docker_server_.reset();
    silent_.emplace_back(transport::listen_unix(path("/var/run/docker.sock")).value());
}

void FakeHost::silence_metadata() {
    const auto url = wire::parse_url(ground_.metadata_url).value();
    metadata_server_.reset();
    silent_.emplace_back(transport::listen_tcp("127.0.0.1", url.port).value());
}

doctor::Look FakeHost::look(const std::string& check, Millis limit) {
    auto looks = check_up(ground_, Deadline::in(limit));
    const auto found = std::find_if(
        looks.begin(), looks.end(), [&](const auto& look) { return look.check == check; });
    SQUALL_ASSERT(found != looks.end());
    return std::move(*found);
}

FileThatActs::FileThatActs(Path path, std::function<void()> act) : path_(std::move(path)) {
    std::filesystem::create_directories(path_.parent_path());
    SQUALL_ASSERT(::mkfifo(path_.c_str(), 0600) == 0);
    thread_ = std::thread([this, act = std::move(act)] {
        // Opening waits for who reads; he waits for the end of the file.
        while (const Fd writer{::open(path_.c_str(), O_WRONLY | O_CLOEXEC)}) {
            if (is_over_) return;
            if (!has_acted_) act();
            has_acted_ = true;
        }
    });
}

FileThatActs::~FileThatActs() {
    is_over_ = true;
    const Fd reader(::open(path_.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
    thread_.join();
}

std::vector<std::string> causes(const doctor::Look& look) {
    std::vector<std::string> found;
    for (const auto& sign : look.signs)
        found.push_back(sign.cause);
    return found;
}

} // namespace squall::host
