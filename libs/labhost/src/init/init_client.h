// The tools' side of the control socket (control.h).
#pragma once

#include "squall/base/file.h"
#include "squall/base/json.h"
#include "squall/transport/http_client.h"

#include <string>
#include <string_view>
#include <vector>

namespace squall::labhost::init {

// Blocking; one thread at a time. SQUALL_INIT_SOCKET in the environment names another socket than
// the host's own, and with it the root folder that the journal is found under.
class InitClient {
public:
    InitClient();

    // Errors carry init's own message and what it means: not_found, conflict (in use),
    // invalid_input, refused, unavailable (nobody answers, or init is shutting down).
    [[nodiscard]] Result<json::Object> get(std::string_view path);
    [[nodiscard]] Result<json::Object> post(std::string_view path, const json::Object& body);

    // A unit, there or not.
    [[nodiscard]] Result<json::Object> unit(std::string_view name);
    // All that are loaded.
    [[nodiscard]] Result<json::Array> units();
    // Names as init knows them: suffixes added, and patterns replaced by the loaded units that
    // match.
    [[nodiscard]] Result<std::vector<std::string>> expanded(const std::vector<std::string>& names);

    [[nodiscard]] Path journal_file() const;

private:
    [[nodiscard]] Result<json::Object> send(const wire::HttpRequest& request);

    std::string socket_;
    transport::HttpClient http_;
};

// What an error of a result entry of /v1/jobs means.
[[nodiscard]] Errc errc_from(std::string_view error_name);

} // namespace squall::labhost::init
