#include "init/systemctl.h"

#include <cstdio>

namespace squall::labhost::init {
namespace {

// Why a job failed, from what its service says.
std::string_view explanation(std::string_view service_result) {
    if (service_result == "resources") return "of unavailable resources or another system error";
    if (service_result == "timeout") return "a timeout was exceeded";
    if (service_result == "exit-code") return "the control process exited with error code";
    if (service_result == "signal") return "a fatal signal was delivered to the control process";
    if (service_result == "core-dump")
        return "a fatal signal was delivered causing the control process to dump core";
    if (service_result == "start-limit-hit") return "start of the service was attempted too often";
    return {};
}

} // namespace

void warn_if_changed(const json::Object& unit) {
    if (!json::bool_at(unit, "needs_reload")) return;
    complain(fmt::format("Warning: The unit file, source configuration file or drop-ins of {} "
                         "changed on disk. Run 'systemctl daemon-reload' to reload units.",
                         json::string_at(unit, "id")));
}

std::optional<std::string>
job_complaint(InitClient& client, std::string_view unit, std::string_view result) {
    if (result == "done" || result == "queued") return std::nullopt;
    if (result == "canceled") return fmt::format("Job for {} canceled.", unit);
    if (result == "dependency")
        return fmt::format("A dependency job for {} failed. See 'journalctl -xe' for details.",
                           unit);
    std::string service_result;
    if (const auto described = client.unit(unit))
        service_result = json::string_at(json::object_at(*described, "service"), "result");
    const std::string_view why = explanation(service_result);
    std::string text = why.empty() ? fmt::format("Job for {} failed.", unit)
                                   : fmt::format("Job for {} failed because {}.", unit, why);
    text += fmt::format("\nSee \"systemctl status {0}\" and \"journalctl -xeu {0}\" for details.",
                        unit);
    if (service_result == "start-limit-hit")
        text += fmt::format("\nTo force a start use \"systemctl reset-failed {0}\"\n"
                            "followed by \"systemctl start {0}\" again.",
                            unit);
    return text;
}

int run_jobs_verb(Systemctl& call, std::string_view verb, std::string_view shown) {
    const auto names = call.client.expanded(call.words);
    if (!names) return complain(names.error().message);
    json::Array units;
    for (const std::string& name : *names) {
        const auto unit = call.client.unit(name);
        if (unit && verb != "stop") warn_if_changed(*unit);
        units.push_back(json::Value(name));
    }
    const bool waits = !call.given.has("no-block");
    const auto answer = call.client.post(
        "/v1/jobs", {{"verb", verb}, {"units", std::move(units)}, {"wait", waits}});
    if (!answer) return complain(answer.error().message);
    int refused_code = 0;
    int failed_code = 0;
    for (const json::Value& entry : json::array_at(*answer, "results")) {
        const std::string_view unit = json::string_at(entry, "unit");
        if (const auto& error = json::at(entry, "error"); !error.is_null()) {
            const Errc code = errc_from(json::string_of(error));
            std::string text =
                fmt::format("Failed to {} {}: {}", shown, unit, json::string_at(entry, "message"));
            if (code == Errc::refused)
                text +=
                    fmt::format("\nSee system logs and 'systemctl status {}' for details.", unit);
            complain(text);
            refused_code = code == Errc::not_found ? exit_not_installed : 1;
            continue;
        }
        const auto complaint = job_complaint(call.client, unit, json::string_at(entry, "result"));
        if (!complaint) continue;
        failed_code = 1;
        if (!call.is_quiet()) complain(*complaint);
    }
    return failed_code != 0 ? failed_code : refused_code;
}

} // namespace squall::labhost::init
