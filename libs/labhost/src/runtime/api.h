// Docker's Engine API, the part an ECS agent needs, over an engine: with and without the version
// prefix /v1.NN, errors as {"message": …} with Docker's statuses. What Docker serves and this does
// not is answered 501; nothing is ever half-done and called done.
//
//   GET|HEAD /_ping  GET /version  GET /info
//   GET /images/json  GET /images/{name}/json  POST /images/create
//   GET /containers/json  POST /containers/create  GET /containers/{id}/json
//   GET /containers/{id}/logs (what is there; not following)
//   POST /containers/{id}/start|stop|restart|kill|wait  DELETE /containers/{id}
//
// /wait has its head at once, as Docker's, and its body when the container has ended.
#pragma once

#include "runtime/api_call.h"
#include "runtime/engine.h"
#include "squall/transport/http_server.h"

namespace squall::labhost::runtime {

// What it calls itself in GET /version.
inline constexpr const char* docker_version = "20.10.24+squall-lab";
inline constexpr const char* docker_version_newest = "29.0.1+squall-lab";

class Api {
public:
    // The references must outlive it.
    Api(Engine& engine, const Clock& clock, Path data_folder, ApiVersions versions = {})
        : engine_(engine),
          clock_(clock),
          data_folder_(std::move(data_folder)),
          versions_(versions) {}

    // On the loop's thread; answers now or later.
    void handle(wire::HttpRequest request, transport::Responder responder);

private:
    struct Route;

    struct Request {
        ApiCall call;
        std::string name; // what stood for the * of the route
        wire::Headers headers;
        std::string body;
    };

    void ping(const Request& request, transport::Responder responder);
    void version(const Request& request, transport::Responder responder);
    void info(const Request& request, transport::Responder responder);
    void list_images(const Request& request, transport::Responder responder);
    void inspect_image(const Request& request, transport::Responder responder);
    void pull_image(const Request& request, transport::Responder responder);
    void list(const Request& request, transport::Responder responder);
    void create(const Request& request, transport::Responder responder);
    void inspect(const Request& request, transport::Responder responder);
    void logs(const Request& request, transport::Responder responder);
    void start(const Request& request, transport::Responder responder);
    void stop(const Request& request, transport::Responder responder);
    void restart(const Request& request, transport::Responder responder);
    void kill(const Request& request, transport::Responder responder);
    void wait(const Request& request, transport::Responder responder);
    void remove(const Request& request, transport::Responder responder);

    Engine& engine_;
    const Clock& clock_;
    Path data_folder_;
    ApiVersions versions_;
};

// Docker's form of an answer and of an error.
[[nodiscard]] wire::HttpResponse json_answer(int status, const json::Value& value);
[[nodiscard]] wire::HttpResponse error_answer(const ApiError& error);
[[nodiscard]] wire::HttpResponse empty_answer(int status);

} // namespace squall::labhost::runtime
