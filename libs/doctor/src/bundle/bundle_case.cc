#include "squall/doctor/bundle_case.h"

#include "squall/doctor/bundle_evidence.h"
#include "squall/doctor/log_kind.h"

#include <array>

namespace squall::doctor {
namespace {

bool is_log(std::string_view name) {
    constexpr std::array<std::string_view, 4> folders{
        "ecs_agent_logs/", "docker_log/", "kernel/", "var_log/"};
    for (const std::string_view folder : folders) {
        if (name.starts_with(folder)) return log_name(name).kind != LogKind::other;
    }
    return name == "system.log" || name == "containerd.log" || name == "cloud-init.log";
}

Look unread(std::string why) {
    return {"bundle", Look::State::could_not_look, std::move(why), "", {}};
}

} // namespace

Result<Case> read_case(ByteSource& bytes, Scanner& scanner, WallTime now) {
    Case evidence;
    evidence.now = now;
    BundleEvidence beside_logs;
    const auto read = read_bundle(bytes, [&](const Member& member, ByteSource& content) {
        if (!beside_logs.take(member, content) && is_log(member.name))
            evidence.logs.push_back(scanner.scan(member.path, content, 0, log_name(member.name)));
        return Result<void>();
    });
    if (!read) return fail(read.error());
    if (read->is_cut)
        evidence.looks.push_back(unread("the archive ends in the middle: there may be more"));
    auto looks = std::move(beside_logs).looks();
    std::move(looks.begin(), looks.end(), std::back_inserter(evidence.looks));
    for (const std::string& remark : read->remarks)
        evidence.looks.push_back(unread(remark));
    return evidence;
}

} // namespace squall::doctor
