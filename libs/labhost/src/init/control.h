// The control socket of a host's init: JSON over HTTP, for the tools. Paths and bodies:
//
//   GET  /v1/units            {"units": [unit…]}            all that are loaded; see unit_json.h
//   GET  /v1/units/NAME       unit                          loaded or not, there or not
//   POST /v1/jobs             {"verb": "start" | "stop" | "restart" | "try-restart",
//                              "units": [name…], "wait": bool}
//                             -> {"results": [{"unit", "result"} | {"unit", "error", "message"}…]}
//                             result: "queued" (not waited for), "done", "failed", "canceled",
//                             "dependency"
//   POST /v1/transient        {"units": [{"name", "text"}…], "wait": bool}: the first is started,
//   the
//                             others are what it starts later -> as /v1/jobs
//   POST /v1/kill             {"unit", "signal": number, "whom": "all" | "main" | "control"}
//   POST /v1/reset-failed     {"units": [name…]}            none: all
//   POST /v1/reload
//   GET  /v1/unit-files       {"files": [{"name", "state"}…]}
//   GET  /v1/unit-files/NAME  {"state", "files": [{"path", "text"}…]}
//   POST /v1/enable, /v1/disable {"units": [name…]}
//                             -> {"changes": [{"made", "path", "target"}…], "has_install": bool}
//   GET  /v1/system           {"state": "running" | "degraded" | "starting" | "stopping"}
//
// What fails as a whole answers 4xx with {"error", "message"}; error is one of "not-found",
// "in-use", "invalid", "refused", "unavailable", "failed". Messages are systemd's where it has one.
#pragma once

#include "init/supervisor.h"
#include "init/unit_folder.h"
#include "squall/base/clock.h"
#include "squall/base/json.h"
#include "squall/transport/http_server.h"
#include "squall/wire/http_message.h"

#include <functional>
#include <string>

namespace squall::labhost::init {

inline constexpr std::string_view control_socket = "/run/systemd/private.sock";

// Runs on the loop's thread. Everything it is given must outlive it.
class Control {
public:
    struct Parts {
        Supervisor& supervisor;
        UnitFolder& folder;
        Effects& effects;
        const Clock& clock;
        std::function<void()> changed; // called after every request that may have moved a deadline
    };

    explicit Control(Parts parts) : parts_(std::move(parts)) {}

    void handle(const wire::HttpRequest& request, const transport::Responder& responder);

private:
    using Answer = Result<json::Object>;

    [[nodiscard]] Answer get(std::string_view path);
    [[nodiscard]] Answer post(std::string_view path, const json::Object& body);
    [[nodiscard]] Answer list_units();
    [[nodiscard]] Answer show_unit(const std::string& name);
    [[nodiscard]] Answer show_files(const std::string& name);
    [[nodiscard]] Answer change_links(const json::Object& body, bool enable);
    [[nodiscard]] Answer kill(const json::Object& body);
    [[nodiscard]] Answer reset_failed(const json::Object& body);
    [[nodiscard]] Answer about_system() const;

    void run_jobs(const json::Object& body, const transport::Responder& responder);
    void run_transient(const json::Object& body, const transport::Responder& responder);
    [[nodiscard]] Result<void> make_transient(const json::Array& units);
    [[nodiscard]] Result<void> check_transient(const json::Array& units);

    [[nodiscard]] Instant now() const { return {parts_.clock.now(), parts_.clock.wall()}; }

    Parts parts_;
};

} // namespace squall::labhost::init
