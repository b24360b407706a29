#include "diagnosis/particulars.h"

#include "logs/log_time.h"
#include "squall/base/text.h"

#include <re2/re2.h>

#include <array>

namespace squall::doctor {
namespace {

// A sentence with what the groups of a pattern caught, in their order.
struct Telling {
    std::string_view cause;
    const char* pattern;
    fmt::string_view sentence;
};

// The first that fits is told.
constexpr std::array<Telling, 26> tellings{{
    {"IAM_DENIED",
     R"(User: (\S+) is not authorized to perform: ([\w:*]+) on resource: ([^\s"'\\]+).*explicit deny in (an? [\w -]+ policy))",
     "{1} on {2} is denied to {0} by {3}."},
    {"IAM_DENIED",
     R"(User: (\S+) is not authorized to perform: ([\w:*]+) on resource: ([^\s"'\\]+))",
     "{1} on {2} is denied to {0}."},
    {"IAM_DENIED", R"(not authorized to perform: ([\w:*]+))", "{0} is denied."},
    {"IAM_DENIED", R"((?:ecs-a-|connect(?:ing)? to ACS))", "ecs:Poll is denied."},
    {"IAM_DENIED", R"((?:ecs-t-|connecting to TCS|TCS\)))", "ecs:StartTelemetrySession is denied."},
    {"CLUSTER_MISMATCH",
     R"(saved cluster '([^']*)' does not match configured cluster '([^']*)')",
     "The state is of cluster '{0}', ECS_CLUSTER is '{1}'."},
    {"RESERVED_MEMORY",
     R"(total memory: (\d+), reserved: (\d+))",
     "{1} MiB are reserved, the host has {0}."},
    {"STALE_IDENTITY",
     R"(saved InstanceID '([^']*)' does not match current InstanceID '([^']*)')",
     "The state is of {0}, this is {1}."},
    {"STALE_IDENTITY_CLONE", R"(from saved state: '([^']+)')", "It takes itself for {0}."},
    {"STATE_VERSION",
     R"(Version (\d+) not (\d+))",
     "The state has version {0}, the agent knows {1}."},
    {"INSTANCE_DEREGISTERED", R"(instance (\S+) is inactive)", "It was {0}."},
    {"INVALID_ATTRIBUTE",
     R"(Error registering attributes(?:: | .*missingAttributes="?)([^" ]+))",
     "Refused: {0}."},
    {"REGION_MISMATCH", R"(valid region, not '([^']+)')", "It signed for {0}."},
    {"DOCKER_API_INCOMPAT",
     R"(client version ([\d.]+) is too old\. Minimum supported API version is ([\d.]+))",
     "The agent speaks version {0}, Docker wants {1} and later."},
    {"OOM", R"(Kill(?:ed)? process \d+ \(([^)]+)\))", "Killed: {0}."},
    {"NET_DNS", R"(lookup (\S+) on (\S+?): )", "The name is {0}, asked was {1}."},
    {"NET_DNS", R"(lookup (\S+?): )", "The name is {0}."},
    {"NET_PROXY", R"(proxyconnect tcp: dial tcp(?: |: lookup )(\S+?)(?::? ))", "The proxy is {0}."},
    {"NET_PROXY", R"(->([\d.]+:\d+): )", "The proxy is {0}."},
    {"NET_API_TIMEOUT", R"(dial tcp (\S+): )", "No answer from {0}."},
    {"NET_ACS_BLOCKED", R"(unable to dial (\S+) .*dial tcp (\S+): )", "No answer from {0} ({1})."},
    {"NET_TCS_ONLY", R"(unable to dial (\S+) .*dial tcp (\S+): )", "No answer from {0} ({1})."},
    {"NET_ACS_BLOCKED", R"(dial tcp (\S+): )", "No answer from {0}."},
    {"NET_TCS_ONLY", R"(dial tcp (\S+): )", "No answer from {0}."},
    {"NET_REFUSED", R"(dial tcp (\S+): )", "Refused by, or on the way to, {0}."},
    {"IMDS_UNREACHABLE", R"((?i)status ?code: (40[13]))", "It answered {0}."},
}};

std::string told(const Telling& telling, std::string_view text) {
    const RE2 pattern("(?i)" + std::string(telling.pattern), RE2::Quiet);
    constexpr int groups_max = 4;
    std::array<std::string, groups_max> groups;
    std::array<RE2::Arg, groups_max> args;
    std::array<const RE2::Arg*, groups_max> pointers{};
    for (std::size_t i = 0; i < groups.size(); ++i) {
        args[i] = &groups[i];
        pointers[i] = &args[i];
    }
    const int count = std::min(pattern.NumberOfCapturingGroups(), groups_max);
    if (!RE2::PartialMatchN({text.data(), text.size()}, pattern, pointers.data(), count)) return {};
    return fmt::format(fmt::runtime(telling.sentence), groups[0], groups[1], groups[2], groups[3]);
}

// "20260311T081500Z"
std::optional<WallTime> signing_time(const std::string& text) {
    if (text.size() < 15) return std::nullopt;
    const std::string spread = fmt::format("{}-{}-{}T{}:{}:{}Z",
                                           text.substr(0, 4),
                                           text.substr(4, 2),
                                           text.substr(6, 2),
                                           text.substr(9, 2),
                                           text.substr(11, 2),
                                           text.substr(13, 2));
    std::string_view rest = spread;
    return take_time(rest);
}

std::string lasting(std::chrono::nanoseconds time) {
    const auto seconds = std::chrono::duration_cast<Seconds>(time).count();
    constexpr std::int64_t minute = 60;
    constexpr std::int64_t hour = 60 * minute;
    constexpr std::int64_t day = 24 * hour;
    if (seconds >= 2 * day) return fmt::format("{} days", seconds / day);
    if (seconds >= 2 * hour) return fmt::format("{} h", seconds / hour);
    if (seconds >= 2 * minute) return fmt::format("{} min", seconds / minute);
    return fmt::format("{} s", seconds);
}

// The signature's time, and AWS's own in the brackets.
std::string skew_of(std::string_view text) {
    std::string ours;
    std::string theirs;
    const re2::StringPiece piece(text.data(), text.size());
    if (RE2::PartialMatch(
            piece,
            R"((\d{8}T\d{6}Z) is (?:still later|now earlier) than \d{8}T\d{6}Z \((\d{8}T\d{6}Z))",
            &ours,
            &theirs)) {
        const auto here = signing_time(ours);
        const auto there = signing_time(theirs);
        if (!here || !there) return {};
        return *here > *there ? fmt::format("The clock is {} fast.", lasting(*here - *there))
                              : fmt::format("The clock is {} slow.", lasting(*there - *here));
    }
    std::string order;
    if (!RE2::PartialMatch(
            piece, R"(current time (\S+) is (before|after) (\S+))", &ours, &order, &theirs))
        return {};
    std::string_view here = ours;
    std::string_view there = theirs;
    const auto now = take_time(here);
    const auto limit = take_time(there);
    if (!now || !limit) return {};
    return order == "before"
               ? fmt::format("The clock is at least {} slow.", lasting(*limit - *now))
               : fmt::format("The clock is {} behind the certificate's end, or that has expired.",
                             lasting(*now - *limit));
}

} // namespace

std::string particulars(std::string_view cause, std::string_view text) {
    if (cause == "CLOCK_SKEW") return skew_of(text);
    for (const Telling& telling : tellings) {
        if (telling.cause != cause) continue;
        if (std::string sentence = told(telling, text); !sentence.empty()) return sentence;
    }
    return {};
}

std::size_t steps_ruled_out(std::string_view cause, std::string_view text) {
    return cause == "IAM_DENIED" && text.find("explicit deny") != std::string_view::npos ? 1 : 0;
}

Names names_told(std::string_view text) {
    const re2::StringPiece piece(text.data(), text.size());
    static const RE2 session(
        R"(arn:aws[\w-]*:sts::(\d{12}):assumed-role/([\w+=,.@-]+)/(i-[0-9a-f]{8,17})\b)");
    static const std::array<RE2, 2> regions{
        RE2(R"(\barn:aws[\w-]*:ecs:([a-z0-9-]+):)"),
        RE2(R"(\becs(?:-[at]-\d+)?\.([a-z]{2}(?:-[a-z]+)+-\d)\.amazonaws\.com)")};
    Names names;
    RE2::PartialMatch(piece, session, &names.account, &names.role, &names.instance);
    for (const RE2& region : regions) {
        if (names.region.empty()) RE2::PartialMatch(piece, region, &names.region);
    }
    return names;
}

Names names_of_registration(std::string_view text) {
    static const RE2 arn(R"(:container-instance/([\w-]+)/[0-9a-f]+)");
    Names names = names_told(text);
    RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), arn, &names.cluster);
    return names;
}

} // namespace squall::doctor
