// `squall monitor run`: the daemon, put together from its options.
#include "complaint.h"
#include "monitor_commands.h"
#include "monitor_paths.h"
#include "monitor_session.h"
#include "monitor_settings.h"
#include "output.h"
#include "signals.h"
#include "squall/aws/sns.h"
#include "squall/aws/sqs.h"
#include "squall/base/log.h"
#include "squall/base/text.h"
#include "squall/base/time_text.h"
#include "squall/watch/daemon.h"

#include <unistd.h>

namespace squall::app {
namespace {

constexpr Seconds open_limit{30};
constexpr Seconds poll_min{10};
constexpr Seconds poll_max{3600};

struct Listening {
    std::string address = "127.0.0.1";
    std::optional<std::uint16_t> port;
};

// "9120", "0.0.0.0:9120", "[::]:9120"; empty: not at all.
Result<Listening> listening_of(const std::string& text) {
    Listening listening;
    if (text.empty()) return listening;
    const auto colon = text.rfind(':');
    const auto port = to_integer(colon == std::string::npos ? text : text.substr(colon + 1));
    if (!port || *port < 0 || *port > 65'535)
        return fail(Errc::invalid_input,
                    "--listen {}: a port, or ADDRESS:PORT with a numeric address",
                    text);
    listening.port = static_cast<std::uint16_t>(*port);
    if (colon == std::string::npos) return listening;
    listening.address = text.substr(0, colon);
    if (listening.address.starts_with('[') && listening.address.ends_with(']'))
        listening.address = listening.address.substr(1, listening.address.size() - 2);
    return listening;
}

Result<std::map<std::string, std::string>> groups_of(const std::vector<std::string>& settings) {
    std::map<std::string, std::string> groups;
    for (const auto& setting : settings) {
        const auto [group, cluster] = split_once(setting, '=');
        if (group.empty() || cluster.empty())
            return fail(Errc::invalid_input, "--group {}: GROUP=CLUSTER", setting);
        groups.emplace(group, cluster);
    }
    return groups;
}

// A queue's name is enough where it is this account's.
Result<std::string>
queue_url_of(const std::string& queue, aws::Client& client, const std::stop_token& stop) {
    if (queue.empty() || queue.starts_with("http://") || queue.starts_with("https://"))
        return queue;
    auto url = aws::Sqs(client).get_queue_url(queue, Deadline::in(open_limit), stop);
    if (!url) return fail("--queue " + queue, aws::to_error(url.error()));
    return std::move(*url);
}

// arn:aws:sns:us-east-1:123456789012:oncall. That nobody could be told is found out now, and not in
// the night.
Result<void> check_topic(const std::string& arn, aws::Client& client, const std::stop_token& stop) {
    const std::string& region = client.region();
    const auto parts = split(arn, ':');
    if (parts.size() != 6 || parts[0] != "arn" || parts[2] != "sns" || parts[5].empty())
        return fail(Errc::invalid_input,
                    "--topic {}: the ARN of an SNS topic, arn:aws:sns:REGION:ACCOUNT:NAME",
                    arn);
    if (parts[3] != region)
        return fail(Errc::invalid_input,
                    "--topic {}: it is in {}, and the monitor works in {}: SNS takes messages in "
                    "the topic's own region only",
                    arn,
                    parts[3],
                    region);
    const auto found = aws::Sns(client).has_topic(arn, Deadline::in(open_limit), stop);
    if (found && !*found)
        return fail(Errc::not_found,
                    "--topic {}: there is no such topic; `aws sns list-topics` has those that "
                    "there are",
                    arn);
    // Who may publish need not be allowed to look.
    if (!found)
        log::warning("whether there is a topic {} is not known: {}",
                     arn,
                     aws::to_error(found.error()).message);
    return {};
}

Result<std::vector<std::unique_ptr<watch::Channel>>> channels_of(const MonitorRunCommand& command,
                                                                 aws::Client& client,
                                                                 Clock& clock,
                                                                 const std::stop_token& stop) {
    std::vector<std::unique_ptr<watch::Channel>> channels;
    if (!command.topic.empty()) {
        if (auto checked = check_topic(command.topic, client, stop); !checked)
            return fail(checked.error());
        channels.push_back(watch::sns_channel(client, command.topic));
    }
    if (!command.webhook.empty()) {
        auto url = wire::parse_url(command.webhook);
        if (!url) return fail("--webhook", url.error());
        channels.push_back(watch::webhook_channel(std::move(*url)));
    }
    if (!command.hook.empty()) {
        std::error_code ignored;
        if (std::filesystem::is_directory(command.hook, ignored))
            return fail(Errc::invalid_input, "--command {}: it is a folder", command.hook);
        if (::access(command.hook.c_str(), X_OK) != 0)
            return fail(Errc::invalid_input,
                        "--command {}: {}: it is the path of a program",
                        command.hook,
                        errno_text(errno));
        const auto limit = parse_duration(command.hook_limit);
        if (!limit) return fail("--command-limit", limit.error());
        if (*limit < Seconds(1))
            return fail(Errc::invalid_input, "--command-limit {}: 1 s or more", command.hook_limit);
        channels.push_back(watch::command_channel(std::filesystem::absolute(command.hook),
                                                  std::chrono::ceil<Seconds>(*limit)));
    }
    if (command.cloudwatch) channels.push_back(watch::metrics_channel(client, clock));
    if (!command.settings.actions.empty()) channels.push_back(watch::action_channel(client, clock));
    return channels;
}

Result<watch::DaemonOptions> options_of(const MonitorRunCommand& command) {
    watch::DaemonOptions options;
    auto settings = monitor_settings(command.settings);
    if (!settings) return fail(settings.error());
    options.settings = std::move(*settings);
    options.observer.cluster_tag = options.settings.cluster_tag;
    auto groups = groups_of(command.groups);
    if (!groups) return fail(groups.error());
    options.observer.group_clusters = std::move(*groups);
    const auto interval = parse_duration(command.poll);
    if (!interval) return fail("--poll", interval.error());
    if (*interval < poll_min || *interval > poll_max)
        return fail(Errc::invalid_input,
                    "--poll {}: from {} to {}",
                    command.poll,
                    short_duration(poll_min),
                    short_duration(poll_max));
    options.poll_interval = *interval;
    const auto listening = listening_of(command.listen);
    if (!listening) return fail(listening.error());
    options.listen_address = listening->address;
    options.listen_port = listening->port;
    const auto paths = MonitorPaths::find(command.store);
    if (!paths) return fail(paths.error());
    options.store = paths->store;
    options.control_socket = paths->control_socket;
    options.explain = command.explain;
    return options;
}

Result<void> run_monitor(const MonitorRunCommand& command, const std::stop_token& stop) {
    auto options = options_of(command);
    if (!options) return fail(options.error());
    SystemClock clock;
    const auto session = open_monitor_session(command.region, command.role_arn, clock, stop);
    if (!session) return fail(session.error());
    aws::Client& client = (*session)->client();
    auto url = queue_url_of(command.queue, client, stop);
    if (!url) return fail(url.error());
    options->queue_url = std::move(*url);
    auto channels = channels_of(command, client, clock, stop);
    if (!channels) return fail(channels.error());
    Output output;
    output.write_in_background();
    std::mutex turn;
    return watch::run_daemon(
        *options,
        client,
        clock,
        std::move(*channels),
        [&](const std::string& line) {
            const std::lock_guard lock(turn);
            output.line(line);
        },
        stop);
}

} // namespace

int run_command(const MonitorRunCommand& command, const SignalStops& signals) {
    const auto ended = run_monitor(command, signals.first());
    if (!ended && !signals.first().stop_requested()) return complain(ended.error());
    return 0;
}

} // namespace squall::app
