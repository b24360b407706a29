#include "function_log.h"

#include "squall/base/text.h"
#include "squall/base/time_text.h"
#include "squall/monitor/simulation.h"
#include "squall/watch/notice.h"

namespace squall::app {
namespace {

using monitor::DecisionKind;

std::string
warning(const monitor::Decision& decision, const std::string& node, const std::string& request_id) {
    return fmt::format("[WARNING]\t{}\t{}\t{} {}\n",
                       rfc3339_millis(decision.at),
                       request_id,
                       decision.cluster.empty() ? "-" : decision.cluster,
                       node);
}

} // namespace

std::vector<std::string> lines_of(const monitor::Actions& actions, const std::string& request_id) {
    std::vector<std::string> lines;
    for (const auto& decision : actions.decisions) {
        lines.push_back(monitor::json_line(decision) + "\n");
        if (decision.kind != DecisionKind::opened && decision.kind != DecisionKind::grouped)
            continue;
        const auto notice = watch::notice_of(decision);
        lines.push_back(std::string(split_once(notice.body, '\n').first) + "\n");
        if (decision.members.empty()) lines.push_back(warning(decision, decision.node, request_id));
        for (const auto& member : decision.members)
            lines.push_back(warning(decision, member, request_id));
    }
    return lines;
}

} // namespace squall::app
