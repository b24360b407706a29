#include "monitoring.h"

#include "own_call.h"
#include "squall/base/c_strings.h"
#include "squall/base/text.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>

namespace squall::lab {
namespace {

constexpr const char* name = "squall-monitor";
constexpr Millis end_timeout{5000};

class Maker {
public:
    Maker(Cloud& cloud, std::string host) : cloud_(cloud), host_(std::move(host)) {}

    Result<json::Object>
    operator()(const std::string& service, const std::string& operation, json::Object body) {
        ApiCall call = own_call(cloud_, service, operation);
        call.host = host_;
        call.body = std::move(body);
        auto& home = cloud_.home();
        const auto answered = service == "sqs"   ? home.sqs.call(call)
                              : service == "sns" ? home.sns.call(call)
                                                 : home.events.call(call);
        SQUALL_ASSERT(answered.has_value());
        if (!*answered) return fail(Errc::failed, "{}: {}", operation, answered->error().message);
        const auto* value = std::get_if<json::Value>(&**answered);
        SQUALL_ASSERT(value != nullptr);
        return value->is_object() ? value->get_object() : json::Object{};
    }

private:
    Cloud& cloud_;
    std::string host_;
};

// NOLINTNEXTLINE(readability-function-size): a list of calls
Result<Monitoring> make(Maker& maker, const std::string& account, const std::string& region) {
    const auto arn = [&](const char* service, const std::string& what) {
        return fmt::format("arn:aws:{}:{}:{}:{}", service, region, account, what);
    };
    const std::string dead_letters = std::string(name) + "-dead-letters";
    const std::string rule_arn = arn("events", fmt::format("rule/{}", name));
    const json::Object redrive{{"deadLetterTargetArn", arn("sqs", dead_letters)},
                               {"maxReceiveCount", 5}};
    const json::Object statement{
        {"Effect", "Allow"},
        {"Principal", json::Object{{"Service", "events.amazonaws.com"}}},
        {"Action", "sqs:SendMessage"},
        {"Resource", arn("sqs", name)},
        {"Condition", json::Object{{"ArnEquals", json::Object{{"aws:SourceArn", rule_arn}}}}}};
    const json::Object policy{{"Version", "2012-10-17"}, {"Statement", json::Array{statement}}};
    const json::Object pattern{
        {"source", json::Array{"aws.ecs", "aws.ec2", "aws.autoscaling", "squall"}}};

    if (auto made = maker("sqs", "CreateQueue", {{"QueueName", dead_letters}}); !made)
        return fail(made.error());
    const auto queue = maker(
        "sqs",
        "CreateQueue",
        {{"QueueName", name},
         {"Attributes",
          json::Object{{"RedrivePolicy", json::text(redrive)}, {"Policy", json::text(policy)}}}});
    if (!queue) return fail(queue.error());
    if (auto made =
            maker("events", "PutRule", {{"Name", name}, {"EventPattern", json::text(pattern)}});
        !made)
        return fail(made.error());
    const json::Object target{{"Id", "queue"}, {"Arn", arn("sqs", name)}};
    if (auto made =
            maker("events", "PutTargets", {{"Rule", name}, {"Targets", json::Array{target}}});
        !made)
        return fail(made.error());
    const auto topic = maker("sns", "CreateTopic", {{"Name", name}});
    if (!topic) return fail(topic.error());
    const std::string topic_arn(json::string_at(*topic, "TopicArn"));
    if (auto made = maker(
            "sns",
            "Subscribe",
            {{"TopicArn", topic_arn}, {"Protocol", "email"}, {"Endpoint", "oncall@example.com"}});
        !made)
        return fail(made.error());
    return Monitoring{std::string(json::string_at(*queue, "QueueUrl")), topic_arn};
}

// Ours, without what would lead it to another AWS.
std::vector<std::string> environment_for(const LabState& lab) {
    std::vector<std::string> environment;
    for (char** variable = environ; *variable != nullptr; ++variable) {
        const std::string_view text(*variable);
        if (!text.starts_with("AWS_") && !text.starts_with("NO_PROXY=")
            && !text.starts_with("no_proxy="))
            environment.emplace_back(text);
    }
    for (const auto& [variable, value] : lab.variables())
        environment.push_back(fmt::format("{}={}", variable, value));
    environment.emplace_back("NO_PROXY=127.0.0.1");
    return environment;
}

// In the child: nothing but calls of the kernel.
[[noreturn]] void become(char* const* argv, char* const* environment, int log, pid_t lab) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != lab) ::_exit(1);
    // The lab's handlers write into a pipe that is the lab's, too.
    for (const int number : {SIGINT, SIGTERM, SIGHUP})
        std::signal(number, SIG_DFL);
    sigset_t none;
    sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    ::dup2(log, STDOUT_FILENO);
    ::dup2(log, STDERR_FILENO);
    ::execve("/proc/self/exe", argv, environment);
    ::_exit(127);
}

} // namespace

Result<Monitoring> make_monitoring(Cloud& cloud, const std::string& host) {
    Maker maker(cloud, host);
    auto made = make(maker, cloud.keys().account(), cloud.region());
    if (!made) return fail("making the monitor's queue, rule and topic", made.error());
    return made;
}

Result<std::unique_ptr<MonitorProcess>> MonitorProcess::start(transport::Loop& loop,
                                                              const Monitoring& monitoring,
                                                              const LabState& lab,
                                                              const Settings& settings,
                                                              std::function<void()> ended) {
    const Fd log(::open(settings.log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
    if (!log) return fail(Errc::failed, "opening {}: {}", settings.log.string(), errno_text(errno));
    const std::vector<std::string> words{"squall",
                                         "monitor",
                                         "run",
                                         "--queue",
                                         monitoring.queue_url,
                                         "--topic",
                                         monitoring.topic_arn,
                                         "--cloudwatch",
                                         "--grace",
                                         settings.grace,
                                         // Nothing in a lab is older than minutes.
                                         "--boot-grace",
                                         settings.grace,
                                         "--store",
                                         settings.store.string()};
    const auto environment = environment_for(lab);
    const auto argv = c_strings(words);
    const auto variables = c_strings(environment);
    const pid_t self = ::getpid();
    // Nothing reaches the child before it is somebody else.
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before);
    const pid_t pid = ::fork();
    if (pid == 0) become(argv.data(), variables.data(), log.get(), self);
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
    if (pid < 0) return fail(Errc::failed, "starting the monitor: {}", errno_text(errno));
    Fd process(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
    std::unique_ptr<MonitorProcess> started(new MonitorProcess(pid, std::move(process)));
    started->watch_ =
        std::make_unique<transport::ReadWatch>(loop, started->process_.get(), std::move(ended));
    return started;
}

MonitorProcess::~MonitorProcess() {
    watch_.reset();
    ::syscall(SYS_pidfd_send_signal, process_.get(), SIGTERM, nullptr, 0);
    pollfd ended{process_.get(), POLLIN, 0};
    if (::poll(&ended, 1, static_cast<int>(end_timeout.count())) <= 0)
        ::syscall(SYS_pidfd_send_signal, process_.get(), SIGKILL, nullptr, 0);
    ::waitpid(pid_, nullptr, 0);
}

} // namespace squall::lab
