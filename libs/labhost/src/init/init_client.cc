#include "init/init_client.h"

#include "init/control.h"
#include "init/journal.h"
#include "init/unit_name.h"

#include <fnmatch.h>

#include <cstdlib>

namespace squall::labhost::init {
namespace {

std::string socket_path() {
    const char* given = std::getenv("SQUALL_INIT_SOCKET"); // NOLINT(concurrency-mt-unsafe)
    return given != nullptr ? given : std::string(control_socket);
}

} // namespace

Errc errc_from(std::string_view error_name) {
    if (error_name == "not-found") return Errc::not_found;
    if (error_name == "in-use") return Errc::conflict;
    if (error_name == "invalid") return Errc::invalid_input;
    if (error_name == "refused") return Errc::refused;
    if (error_name == "unavailable") return Errc::unavailable;
    return Errc::failed;
}

InitClient::InitClient() : socket_(socket_path()), http_(transport::ClientSettings{}) {}

Result<json::Object> InitClient::get(std::string_view path) {
    wire::HttpRequest request;
    request.target = path;
    return send(request);
}

Result<json::Object> InitClient::post(std::string_view path, const json::Object& body) {
    wire::HttpRequest request;
    request.method = "POST";
    request.target = path;
    request.headers.push_back({"Content-Type", "application/json"});
    request.body = json::text(body);
    return send(request);
}

Result<json::Object> InitClient::send(const wire::HttpRequest& request) {
    // Without an end, as systemctl waits: a job takes as long as its unit's own limits allow.
    wire::Url server;
    server.scheme = "unix";
    server.host = socket_;
    const auto response = http_.send(server, request, Deadline::never());
    if (!response && response.error().code == Errc::unavailable)
        return fail(Errc::unavailable, "Failed to connect to bus: No such file or directory");
    if (!response)
        return fail(Errc::unavailable, "Connection to init: {}", response.error().message);
    auto body = json::parse_object(response->body);
    if (!body) return fail(std::move(body.error()));
    if (response->status == 200) return body;
    return fail(
        errc_from(json::string_at(*body, "error")), "{}", json::string_at(*body, "message"));
}

Result<json::Object> InitClient::unit(std::string_view name) {
    return get("/v1/units/" + wire::percent_encoded(name));
}

Result<json::Array> InitClient::units() {
    const auto answer = get("/v1/units");
    if (!answer) return fail(answer.error());
    return json::array_at(*answer, "units");
}

Result<std::vector<std::string>> InitClient::expanded(const std::vector<std::string>& names) {
    std::vector<std::string> result;
    for (const std::string& given : names) {
        const std::string name = mangled(given);
        if (!is_glob(name)) {
            result.push_back(name);
            continue;
        }
        const auto loaded = units();
        if (!loaded) return fail(loaded.error());
        for (const json::Value& unit : *loaded) {
            const std::string id(json::string_at(unit, "id"));
            if (::fnmatch(name.c_str(), id.c_str(), 0) == 0) result.push_back(id);
        }
    }
    return result;
}

Path InitClient::journal_file() const {
    std::string root = socket_;
    if (root.ends_with(control_socket)) root.resize(root.size() - control_socket.size());
    return root + std::string(journal_path);
}

} // namespace squall::labhost::init
