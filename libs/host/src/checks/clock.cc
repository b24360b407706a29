// This host's clock beside AWS's.
#include "checks/checks.h"
#include "squall/aws/retry.h"
#include "squall/base/text.h"
#include "squall/base/time_text.h"

namespace squall::host {
namespace {

// Signatures are refused from here on.
constexpr std::chrono::minutes skew_max{5};
constexpr Seconds skew_worth_a_word{30};
constexpr Seconds answer_patience{3};

struct Comparison {
    std::string with; // whose Date it was
    Wall::duration ahead{0};
};

std::optional<Comparison>
compared(const Probed& probed, WallTime answered_at, const std::string& with) {
    if (!probed.answer) return std::nullopt;
    const auto ahead = aws::server_ahead_by(probed.answer->headers, answered_at);
    return ahead ? std::optional(Comparison{with, *ahead}) : std::nullopt;
}

// Whoever is not known is refused, and told the time with it. Servers that are not reached by now
// would only cost time once more.
std::optional<Comparison> ask_unsigned(Facts& facts, Deadline deadline) {
    for (const Service service : {Service::api, Service::acs, Service::tcs}) {
        const auto* view = facts.endpoint(service, deadline);
        if (view == nullptr || view->url.empty() || !view->probed.is_well()) continue;
        auto order = facts.order(view->url, deadline);
        if (!order) continue;
        order->request = wire::HttpRequest{
            "GET", "/", {{"Host", order->url.host_header()}, {"Connection", "close"}}, {}};
        order->step_max = answer_patience;
        const Probed probed = transport::probe(*order, deadline);
        if (auto found = compared(probed, facts.ground().now(), view->url)) return found;
    }
    return std::nullopt;
}

std::optional<Comparison> compare(Facts& facts, Deadline deadline) {
    if (const auto* discovery = facts.discovery(deadline)) {
        if (auto found = compared(discovery->probed, discovery->answered_at, discovery->url))
            return found;
    }
    if (auto found = ask_unsigned(facts, deadline)) return found;
    const auto* metadata = facts.metadata(deadline);
    return metadata == nullptr ? std::nullopt
                               : compared(metadata->token, metadata->answered_at, metadata->url);
}

std::string member_of(std::string_view text, std::string_view name) {
    for (const std::string& line : split(text, '\n')) {
        if (line.starts_with(name)) return std::string(trimmed(split_once(line, ':').second));
    }
    return {};
}

// "; chrony: 0.000012 seconds slow of NTP time, leap status Normal"
std::string chrony(Facts& facts, Deadline deadline) {
    const auto tracking = facts.ground().run({{"chronyc", "-n", "tracking"}, {}, {}, {}},
                                             deadline.sooner(Deadline::in(Seconds(2))));
    if (!tracking || tracking->exit_code != 0) return {};
    const std::string offset = member_of(tracking->output, "System time");
    if (offset.empty()) return {};
    return fmt::format(
        "; chrony: {}, leap status {}", offset, member_of(tracking->output, "Leap status"));
}

std::string skew_text(Wall::duration ahead) {
    const auto length = std::chrono::duration_cast<Seconds>(std::chrono::abs(ahead));
    return fmt::format(
        "{} {}", short_duration(length), ahead > Wall::duration::zero() ? "behind" : "ahead of");
}

} // namespace

Look check_clock(Facts& facts, Deadline deadline) {
    const auto found = compare(facts, deadline);
    const std::string sync = chrony(facts, deadline);
    if (!found)
        return could_not_look("nobody has answered with a time to compare with" + sync,
                              "chronyc tracking; date -u");
    if (std::chrono::abs(found->ahead) <= skew_worth_a_word)
        return healthy(fmt::format(
            "within {} s of the clock of {}{}", skew_worth_a_word.count(), found->with, sync));
    const std::string summary = fmt::format(
        "this host's clock is {} that of {}{}", skew_text(found->ahead), found->with, sync);
    if (std::chrono::abs(found->ahead) <= skew_max) return healthy(summary);
    return finding(
        sign("CLOCK_SKEW",
             Certainty::certain,
             summary,
             {evidence("Date of " + found->with,
                       fmt::format("{} {} this host's clock",
                                   short_duration(std::chrono::duration_cast<Seconds>(
                                       std::chrono::abs(found->ahead))),
                                   found->ahead > Wall::duration::zero() ? "ahead of" : "behind"))},
             {"sudo chronyc makestep"}));
}

} // namespace squall::host
