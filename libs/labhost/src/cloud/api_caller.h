// What the agents of a host need of the cloud: who the instance is (IMDSv2) and signed JSON calls,
// without blocking. Everything runs on the loop's thread.
#pragma once

#include "squall/base/file.h"
#include "squall/base/json.h"
#include "squall/transport/loop.h"
#include "squall/wire/protocol.h"
#include "squall/wire/sigv4.h"

#include <functional>
#include <map>
#include <optional>
#include <string>

namespace squall::labhost {

// Why a call gave nothing: AWS's code ("AccessDeniedException"), or "" with the transport's words.
struct CallError {
    std::string code;
    std::string message;
    int status = 0; // HTTP; 0 where there was no answer
};

using CallDone = std::function<void(Result<json::Object, CallError>)>;

class CloudCaller {
public:
    // Both are http:// URLs with numeric hosts.
    CloudCaller(transport::Loop& loop,
                std::string metadata_url,
                std::string endpoint_url,
                std::string user_agent);

    // The text of one metadata path ("meta-data/instance-id"); IMDSv2 with a token of its own for
    // each call.
    void metadata(const std::string& path,
                  std::function<void(Result<std::string, CallError>)> done);

    // A call of "AmazonEC2ContainerServiceV20141113.DiscoverPollEndpoint", signed for `service`
    // with the instance role's credentials, which are fetched when they are missing or soon to end.
    void call(const std::string& service,
              const std::string& target,
              json::Object body,
              Millis timeout,
              CallDone done);

    // Headers for a request that somebody else sends: the agents' websockets and telemetry frames.
    [[nodiscard]] wire::Headers signed_headers(const std::string& method,
                                               const std::string& target,
                                               const std::string& host,
                                               const std::string& service) const;

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

    void get(const std::string& token,
             const std::string& path,
             std::function<void(Result<std::string, CallError>)> done);
    void fetch_keys(std::function<void(const std::optional<CallError>&)> done);
    [[nodiscard]] std::optional<CallError> read_keys();

    transport::Loop& loop_;
    std::string metadata_url_;
    std::string endpoint_url_;
    std::string user_agent_;
    std::string region_;
    Path credentials_file_; // empty: the keys come from the instance metadata
    std::optional<RoleKeys> keys_;
};

} // namespace squall::labhost
