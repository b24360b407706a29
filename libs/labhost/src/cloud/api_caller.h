// What the agents of a host need of the cloud: who the instance is (IMDSv2) and signed JSON calls,
// without blocking. Everything runs on the loop's thread.
#pragma once

#include "squall/base/file.h"
#include "squall/base/json.h"
#include "squall/transport/async_client.h"
#include "squall/transport/loop.h"
#include "squall/wire/protocol.h"
#include "squall/wire/sigv4.h"

#include <functional>
#include <map>
#include <optional>
#include <random>
#include <string>

namespace squall::labhost {

// Why a call gave nothing: AWS's code ("AccessDeniedException"), or "" with the transport's words.
struct CallError {
    std::string code;
    std::string message;
    int status = 0;    // HTTP; 0 where there was no answer
    std::string words; // all of it, as the SDK of the real agent says it
};

using CallDone = std::function<void(Result<json::Object, CallError>)>;

struct CloudSettings {
    std::string metadata_url; // http://
    std::string endpoint_url; // empty: each service's own, by its name in the region
    std::string user_agent;
    transport::AsyncClient::Settings network;
    // How often a call is sent where an answer may be had by sending it again.
    int attempts = 1;
};

// One call of "AmazonEC2ContainerServiceV20141113.DiscoverPollEndpoint", for the service "ecs".
struct CloudCall {
    std::string service;
    std::string target;
    json::Object body;
    Millis timeout{0};
    bool is_sent_once = false; // whatever the settings say: the caller sends it again itself
};

class CloudCaller {
public:
    CloudCaller(transport::Loop& loop, CloudSettings settings);
    CloudCaller(const CloudCaller&) = delete;
    CloudCaller& operator=(const CloudCaller&) = delete;

    // The text of one metadata path ("meta-data/instance-id"); IMDSv2 with a token of its own for
    // each call.
    void metadata(const std::string& path,
                  std::function<void(Result<std::string, CallError>)> done);

    // Signed with the instance role's credentials, which are fetched when they are missing or soon
    // to end.
    void call(CloudCall call, CallDone done);

    // Headers for a request that somebody else sends: the agents' websockets and telemetry frames.
    [[nodiscard]] wire::Headers signed_headers(const std::string& method,
                                               const std::string& target,
                                               const std::string& host,
                                               const std::string& service) const;

    // The way that calls take.
    [[nodiscard]] transport::AsyncClient& client() { return client_; }

    void set_region(std::string region) { region_ = std::move(region); }

    // Where there is no instance metadata (ECS Anywhere): the keys are in this file, in the form of
    // ~/.aws/credentials.
    void use_credentials_file(Path file) { credentials_file_ = std::move(file); }

    // Gets credentials if there are none yet that last; then calls `done` with an empty error code,
    // or why not.
    void with_credentials(std::function<void(const std::optional<CallError>&)> done);

private:
    struct RoleKeys {
        wire::SigningCredentials credentials;
        WallTime expires;
    };

    // A call on its way, attempt after attempt.
    struct Sending;

    using MetadataDone = std::function<void(Result<std::string, CallError>)>;

    void ask_metadata(const wire::HttpRequest& request, int attempt, const MetadataDone& done);
    void fetch_keys(std::function<void(const std::optional<CallError>&)> done);
    [[nodiscard]] std::optional<CallError> read_keys();
    void send(const std::shared_ptr<Sending>& sending);
    void answered(const std::shared_ptr<Sending>& sending,
                  Result<wire::HttpResponse, transport::NetProblem> answer);
    [[nodiscard]] std::string endpoint_of(const std::string& service) const;
    [[nodiscard]] Millis retry_delay(int attempt);

    transport::Loop& loop_;
    CloudSettings settings_;
    transport::AsyncClient client_;
    std::string region_;
    Path credentials_file_; // empty: the keys come from the instance metadata
    std::optional<RoleKeys> keys_;
    std::mt19937 random_;
};

} // namespace squall::labhost
