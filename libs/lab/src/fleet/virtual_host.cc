#include "fleet/virtual_host.h"

#include "squall/base/json.h"
#include "squall/base/text.h"

#include <algorithm>

namespace squall::lab::fleet {
namespace {

constexpr std::string_view heading = "# squall ecs-agent-stop ";
constexpr Seconds shortest{3};

std::int64_t seconds_of(WallTime when) {
    return std::chrono::floor<Seconds>(when.time_since_epoch()).count();
}

// name='value' in a shell's script, $name = 'value' in PowerShell's.
std::optional<std::pair<std::string, std::string>> read_setting(std::string_view line) {
    const auto [left, right] = split_once(line, '=');
    std::string_view name = trimmed(left);
    if (name.starts_with('$')) name.remove_prefix(1);
    const std::string_view value = trimmed(right);
    const bool is_quoted = value.size() >= 2 && value.front() == '\'' && value.back() == '\'';
    if (name.empty() || !is_quoted) return std::nullopt;
    return std::pair(std::string(name), std::string(value.substr(1, value.size() - 2)));
}

std::optional<WallTime> time_of(const std::string& text) {
    const auto seconds = to_integer(text);
    if (!seconds) return std::nullopt;
    return WallTime(Seconds(*seconds));
}

std::string report(const Order& order,
                   std::string_view did,
                   WallTime now,
                   std::string_view why = "",
                   std::string_view other = "") {
    return json::text(json::Object{{"squall", "ecs-agent-stop"},
                                   {"run", order.setting("run")},
                                   {"did", did},
                                   {"why", why},
                                   {"other_run", other},
                                   {"host_time", seconds_of(now)}})
           + "\n";
}

} // namespace

std::string Order::setting(std::string_view name) const {
    const auto found = settings.find(name);
    return found == settings.end() ? std::string() : found->second;
}

std::optional<Order> read_order(std::string_view script) {
    if (!script.starts_with(heading)) return std::nullopt;
    auto [line, rest] = split_once(script.substr(heading.size()), '\n');
    Order order{std::string(line), {}};
    while (!rest.empty()) {
        const auto [next, after] = split_once(rest, '\n');
        auto setting = read_setting(next);
        if (!setting) break;
        order.settings.insert(std::move(*setting));
        rest = after;
    }
    return order;
}

std::optional<WallTime> VirtualHost::restores_itself_at() const {
    return hold_ ? std::optional(hold_->until) : std::nullopt;
}

bool VirtualHost::tick(WallTime now) {
    std::erase_if(over_, [&](const auto& entry) { return now > entry.second; });
    if (!hold_ || now < hold_->until) return false;
    hold_.reset();
    return !std::exchange(agent_runs_, true);
}

ScriptEnd VirtualHost::run(std::string_view script, WallTime now) {
    const auto order = read_order(script);
    if (order && order->verb == "stop") return {0, stop(*order, now), {}};
    if (order && order->verb == "start") return {0, start(*order, now), {}};
    if (order && order->verb == "list") return {0, list(now), {}};
    if (order && order->verb == "remove") {
        remove(*order);
        return {};
    }
    return {127,
            {},
            "this instance is virtual: nothing runs on it but the orders of squall's faults\n"};
}

std::string VirtualHost::stop(const Order& order, WallTime now) {
    const auto not_after = time_of(order.setting("not_after"));
    const auto restore_at = time_of(order.setting("restore_at"));
    const std::string run = order.setting("run");
    if (!not_after || !restore_at) return report(order, "refused", now, "the order names no times");
    if (now > *not_after) return report(order, "too-late", now, "the order came after its time");
    const auto longest = to_integer(order.setting("longest")).value_or(0);
    const auto left = std::min<Wall::duration>(*restore_at - now, Seconds(longest));
    if (left < shortest) return report(order, "too-late", now, "the fault would be over at once");
    if (over_.contains(run)) return report(order, "too-late", now, "the run is over");
    if (hold_ && hold_->run == run)
        return report(order, "injected", now, "by an earlier order of this run");
    if (hold_) return report(order, "busy", now, "another run holds this host", hold_->run);
    if (!agent_runs_) return report(order, "left", now, "the agent was not running");
    hold_ = Hold{run, now + left};
    agent_runs_ = false;
    return report(order, "injected", now);
}

std::string VirtualHost::start(const Order& order, WallTime now) {
    const std::string run = order.setting("run");
    if (!hold_ || hold_->run != run) {
        if (const auto not_after = time_of(order.setting("not_after"));
            not_after && now <= *not_after)
            over_[run] = *not_after;
        return report(order, "clean", now);
    }
    hold_.reset();
    agent_runs_ = true;
    return report(order, "reverted", now);
}

std::string VirtualHost::list(WallTime now) const {
    std::string text;
    const auto tell = [&](std::string_view found, const std::string& run, std::int64_t until) {
        text += json::text(json::Object{{"squall", "ecs-agent-stop"},
                                        {"found", found},
                                        {"run", run},
                                        {"until", until},
                                        {"host_time", seconds_of(now)}})
                + "\n";
    };
    if (hold_) tell("hold", hold_->run, seconds_of(hold_->until));
    for (const auto& [run, until] : over_)
        tell("tombstone", run, 0);
    return text + R"({"squall":"ecs-agent-stop","did":"listed"})" + "\n";
}

void VirtualHost::remove(const Order& order) {
    for (const auto& run : split(order.setting("runs"), ' '))
        over_.erase(run);
}

} // namespace squall::lab::fleet
