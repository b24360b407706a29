// The Docker Engine API, as the ECS agent uses it: without blocking, on the loop's thread.
#pragma once

#include "squall/base/json.h"
#include "squall/transport/loop.h"
#include "squall/wire/http_message.h"

#include <functional>
#include <string>

namespace squall::labhost {

// An answer's status and its JSON (null when it has none). Status 0: the engine did not answer,
// `message` says why.
struct DockerAnswer {
    int status = 0;
    json::Value body;
    std::string message; // Docker's own text for a failure, or what its client says without one
    std::string cause;   // status 0: what failed, in Go's words

    [[nodiscard]] bool is_success() const { return status >= 200 && status < 300; }
};

class DockerClient {
public:
    using Done = std::function<void(DockerAnswer)>;

    DockerClient(transport::Loop& loop, std::string socket_path)
        : loop_(loop), socket_path_(std::move(socket_path)) {}

    void ping(Done done);
    void version(Done done);
    void create(const std::string& name, const json::Object& body, Done done);
    void start(const std::string& id, Done done);
    void stop(const std::string& id, Seconds grace, Done done);
    void inspect(const std::string& id, Done done);
    void remove(const std::string& id, Done done);
    // Answers when the container has ended: {"StatusCode":n}.
    void wait(const std::string& id, Done done);

private:
    void send(wire::HttpRequest request, Millis timeout, Done done);

    transport::Loop& loop_;
    std::string socket_path_;
};

} // namespace squall::labhost
