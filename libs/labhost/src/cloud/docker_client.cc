#include "cloud/docker_client.h"

#include "squall/transport/http_client.h"

namespace squall::labhost {
namespace {

constexpr std::string_view api = "/v1.41";
constexpr Seconds short_timeout{2};    // what the real agent gives a ping
constexpr Seconds create_timeout{240}; // its limit for creating and starting
constexpr std::chrono::hours wait_timeout{24 * 365};

} // namespace

void DockerClient::send(wire::HttpRequest request, Millis timeout, Done done) {
    wire::Url url;
    url.scheme = "unix";
    url.host = socket_path_;
    transport::send_async(
        loop_,
        url,
        std::move(request),
        timeout,
        [done = std::move(done)](Result<wire::HttpResponse> answer) {
            if (!answer) return done({0, {}, answer.error().message});
            auto body = json::parse(answer->body);
            DockerAnswer result{answer->status, body ? std::move(*body) : json::Value(), {}};
            result.message = json::string_at(result.body, "message");
            done(std::move(result));
        });
}

void DockerClient::ping(Done done) {
    send({"GET", "/_ping", {}, {}}, short_timeout, std::move(done));
}

void DockerClient::version(Done done) {
    send({"GET", "/version", {}, {}}, Seconds(5), std::move(done));
}

void DockerClient::create(const std::string& name, const json::Object& body, Done done) {
    send({"POST",
          fmt::format("{}/containers/create?name={}", api, wire::percent_encoded(name)),
          {{"Content-Type", "application/json"}},
          json::text(body)},
         create_timeout,
         std::move(done));
}

void DockerClient::start(const std::string& id, Done done) {
    send({"POST", fmt::format("{}/containers/{}/start", api, id), {}, {}},
         create_timeout,
         std::move(done));
}

void DockerClient::stop(const std::string& id, Seconds grace, Done done) {
    send({"POST", fmt::format("{}/containers/{}/stop?t={}", api, id, grace.count()), {}, {}},
         grace + Seconds(30),
         std::move(done));
}

void DockerClient::inspect(const std::string& id, Done done) {
    send({"GET", fmt::format("{}/containers/{}/json", api, id), {}, {}},
         Seconds(30),
         std::move(done));
}

void DockerClient::remove(const std::string& id, Done done) {
    send({"DELETE", fmt::format("{}/containers/{}?force=1", api, id), {}, {}},
         Seconds(30),
         std::move(done));
}

void DockerClient::wait(const std::string& id, Done done) {
    send({"POST", fmt::format("{}/containers/{}/wait", api, id), {}, {}},
         wait_timeout,
         std::move(done));
}

} // namespace squall::labhost
