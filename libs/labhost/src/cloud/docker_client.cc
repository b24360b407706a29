#include "cloud/docker_client.h"

#include "squall/base/text.h"
#include "squall/transport/http_client.h"

namespace squall::labhost {
namespace {

constexpr std::string_view api = "/v1.41";
constexpr Seconds short_timeout{2};    // what the real agent gives a ping
constexpr Seconds create_timeout{240}; // its limit for creating and starting
constexpr std::chrono::hours wait_timeout{24 * 365};

// "unix:/var/run/docker.sock: Connection refused" is how our own client says it.
DockerAnswer no_answer(const std::string& path, const Error& error) {
    if (error.code == Errc::timed_out)
        return {0, {}, "context deadline exceeded", "context deadline exceeded"};
    const auto colon = error.message.rfind(": ");
    const std::string why =
        lower(colon == std::string::npos ? error.message : error.message.substr(colon + 2));
    if (error.code != Errc::unavailable)
        return {0, {}, "error during connect: " + why, "read unix @->" + path + ": " + why};
    return {0,
            {},
            fmt::format("Cannot connect to the Docker daemon at unix://{}. Is the docker daemon "
                        "running?",
                        path),
            fmt::format("dial unix {}: connect: {}", path, why)};
}

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
        [done = std::move(done), path = socket_path_](Result<wire::HttpResponse> answer) {
            if (!answer) return done(no_answer(path, answer.error()));
            auto body = json::parse(answer->body);
            DockerAnswer result{answer->status, body ? std::move(*body) : json::Value(), {}, {}};
            result.message = json::string_at(result.body, "message");
            done(std::move(result));
        });
}

void DockerClient::ping(Done done) {
    send({"GET", "/_ping", {}, {}}, short_timeout, std::move(done));
}

void DockerClient::version(Done done) {
    // With the version that all other calls have: an engine may be too new for it.
    send({"GET", fmt::format("{}/version", api), {}, {}}, Seconds(5), std::move(done));
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
