// What the agent says of itself at port 51678, which it serves once it has registered.
#include "checks/agent_pid.h"
#include "checks/checks.h"
#include "squall/base/text.h"
#include "squall/wire/arn.h"

#include <array>

namespace squall::host {
namespace {

constexpr int ok = 200;

struct Advice {
    int before; // minor version: 1.x
    const char* text;
};

// facts/diagnosis.md section 5, the oldest first: the first that fits says most.
constexpr std::array advices{
    Advice{57, "before 1.57 it does not report the health of its container runtime"},
    Advice{69, "before 1.69 its connections have other lifetimes than today's"},
    Advice{81, "before 1.81 it does not work with Docker 25"},
    Advice{105, "before 1.105 it joins the cluster 'default' without a word when cloud-init fails"},
};

std::string url(const Facts& facts) { return facts.ground().introspection_url + "/v1/metadata"; }

Look silent(Facts& facts, const Introspection& found, Deadline deadline) {
    const auto agent = find_agent(facts, deadline);
    const auto seen = [&] {
        return std::vector{evidence(url(facts), outcome_text(found.probed))};
    };
    if (found.probed.trouble == Trouble::timed_out)
        return finding(sign("AGENT_HUNG",
                            agent ? Certainty::likely : Certainty::possible,
                            "the agent takes connections at port 51678, and does not answer",
                            seen()));
    // It is a consequence, and not a cause: others know better why.
    if (!agent)
        return could_not_look("no agent runs that could answer at port 51678",
                              "curl " + url(facts));
    return could_not_look(fmt::format("the agent runs, and does not serve port 51678 ({}): it has "
                                      "not registered yet",
                                      outcome_text(found.probed)),
                          "curl " + url(facts));
}

} // namespace

Look check_introspection(Facts& facts, Deadline deadline) {
    const auto* found = facts.introspection(deadline);
    if (found == nullptr)
        return could_not_look("the agent was not asked in time", "curl " + url(facts));
    if (!has_status(found->probed, ok)) return silent(facts, *found, deadline);
    if (found->arn.empty())
        return could_not_look("the agent answers, and has no container instance yet: it has not "
                              "registered",
                              "curl " + url(facts));
    Look look = healthy(fmt::format(
        "agent {} is registered in cluster {} as {}", found->version, found->cluster, found->arn));
    look.names.cluster = found->cluster;
    look.names.container_instance = found->arn;
    if (const auto arn = wire::parse_arn(found->arn)) {
        look.names.region = arn->region;
        look.names.account = arn->account;
    }
    return look;
}

Look check_agent_version(Facts& facts, Deadline deadline) {
    const auto* found = facts.introspection(deadline);
    if (found == nullptr || found->version.empty())
        return not_here("the agent does not say its version");
    const auto parts = split(found->version, '.');
    const auto major = to_integer(parts.front());
    const auto minor = parts.size() > 1 ? to_integer(parts[1]) : std::nullopt;
    if (major == 1 && minor) {
        for (const Advice& advice : advices) {
            if (*minor < advice.before)
                return healthy(
                    fmt::format("agent {} is not the newest: {}", found->version, advice.text));
        }
    }
    return healthy(fmt::format("agent {}", found->version));
}

} // namespace squall::host
