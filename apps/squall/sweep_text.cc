#include "sweep_text.h"

#include "squall/base/text.h"

#include <algorithm>

namespace squall::app {
namespace {

std::string_view word_of(const experiment::SweepItem& item) {
    if (item.removed) return "removed";
    return item.is_over ? "left" : "kept";
}

} // namespace

std::string sweep_text(const experiment::SweepReport& report) {
    std::string text;
    for (const auto& item : report.items)
        text += fmt::format("  {:<20} {:<8} {}{}: {}\n",
                            item.instance_id,
                            word_of(item),
                            item.left.what,
                            item.left.run.empty() ? "" : " of " + item.left.run,
                            item.why);
    for (const auto& [id, why] : report.not_looked_at)
        text += fmt::format("  {:<20} {:<8} {}\n", id, "unknown", why);
    text += fmt::format("{} host{} looked at: {}\n",
                        report.looked_at,
                        report.looked_at == 1 ? "" : "s",
                        report.looked_at == 0  ? "what is there is not known"
                        : report.items.empty() ? "nothing is left of any run"
                                               : fmt::format("{} found", report.items.size()));
    const bool is_removable =
        std::any_of(report.items.begin(), report.items.end(), [](const auto& item) {
            return item.is_over && !item.removed;
        });
    if (is_removable)
        text += "`squall sweep --remove` takes away what runs that are over have left\n";
    return text;
}

json::Object sweep_json(const experiment::SweepReport& report) {
    json::Array items;
    for (const auto& item : report.items)
        items.push_back(json::Object{{"instance_id", item.instance_id},
                                     {"run", item.left.run},
                                     {"what", item.left.what},
                                     {"over", item.is_over},
                                     {"why", item.why},
                                     {"removed", item.removed}});
    json::Array not_looked_at;
    for (const auto& [id, why] : report.not_looked_at)
        not_looked_at.push_back(json::Object{{"instance_id", id}, {"why", why}});
    return {{"looked_at", report.looked_at},
            {"items", std::move(items)},
            {"not_looked_at", std::move(not_looked_at)}};
}

} // namespace squall::app
