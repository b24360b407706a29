#include "faults/ecs_container_http.h"

#include "faults/ecs_container_http_scripts.h"
#include "faults/ecs_container_http_tunables.h"
#include "squall/base/text.h"

namespace squall::experiment {
namespace {

constexpr std::string_view common_text =
    "A transparent proxy is put in front of one TCP port of running tasks (EC2 launch type), for "
    "a while: in the\n"
    "container's network namespace, by the helper squall-host, which SSM starts on the container "
    "instance. New connections\n"
    "to the port pass through it; those from before the fault stay as they are, unless "
    "EXISTING_CONNECTIONS=reset.\n"
    "\n"
    "The proxy has its own end in it: it takes itself away at the end of the duration plus a few "
    "seconds even if squall,\n"
    "SSM or the network is gone by then, and what it put into the kernel goes with it however it "
    "ends.\n"
    "\n"
    "Tasks on Fargate cannot be reached, nor Windows containers.";

std::string whole_seconds(WallTime when) {
    return std::to_string(std::chrono::floor<Seconds>(when.time_since_epoch()).count());
}

FaultDescription description_of(const HttpKind& kind, const std::vector<HttpKind>& others) {
    return {"ecs-container-http-" + kind.name,
            kind.summary,
            kind.text + "\n\n" + std::string(common_text),
            http_tunables(kind, others),
            {"ecs:DescribeClusters",
             "ecs:DescribeServices",
             "ecs:ListTasks",
             "ecs:DescribeTasks",
             "ecs:DescribeTaskDefinition",
             "ecs:DescribeContainerInstances",
             "ssm:DescribeInstanceInformation",
             "ssm:SendCommand",
             "ssm:ListCommandInvocations",
             "ssm:GetCommandInvocation",
             "ssm:CancelCommand"},
            {.injecting = "putting the fault on the HTTP traffic",
             .injected = "the proxy is in place",
             .reverting = "taking the fault off the HTTP traffic",
             .reverted = "the proxy is gone, ended",
             .clean = "no proxy is there",
             .order = "put the proxy in place",
             .undo = "take the proxy away",
             .by_hand = "run /var/lib/squall/bin/*/squall-host status, and stop --run RUN for what "
                        "is still there"},
            EffectKnown::by_hosts};
}

} // namespace

EcsContainerHttp::EcsContainerHttp(HttpKind kind, std::vector<HttpKind> others)
    : kind_(std::move(kind)),
      others_(std::move(others)),
      described_(description_of(kind_, others_)) {}

std::string helper_key(const std::string& prefix, const std::string& sha256) {
    return prefix + sha256 + "/squall-host";
}

HttpOrder EcsContainerHttp::order_of(const Plan& plan,
                                     const std::map<std::string, std::string>& urls) const {
    HttpOrder order;
    order.fetches = plan.tunables.text("INSTALL_DEPENDENCIES") == "true";
    order.arguments = proxy_arguments(plan.tunables);
    for (const auto& helper : plan.helpers) {
        const auto url = urls.find(helper.architecture);
        order.helpers.push_back(
            {helper.architecture, helper.sha256, url == urls.end() ? std::string() : url->second});
    }
    return order;
}

std::string EcsContainerHttp::inject_script(const Plan& plan,
                                            const RunOrder& order,
                                            host::Shell /*shell*/) const {
    HttpOrder script = order_of(plan, order.words);
    script.run = order.run;
    script.issued_at = whole_seconds(order.issued_at);
    script.not_after = whole_seconds(order.not_after);
    script.restore_at = whole_seconds(order.restore_at);
    script.longest = std::to_string(order.longest.count());
    // The plan knows which container it is; the host might see several.
    std::map<std::string, std::string> containers;
    for (const auto& target : plan.targets) {
        for (const auto& task : target.tasks)
            containers[task.id] = task.container;
    }
    std::vector<std::string> tasks;
    for (const std::string& task : order.tasks) {
        const std::string& container = containers[task];
        tasks.push_back(container.empty() ? task : fmt::format("{}={}", task, container));
    }
    script.tasks = join(tasks, ",");
    return http_start_script(script);
}

std::string EcsContainerHttp::revert_script(const UndoOrder& order, host::Shell /*shell*/) const {
    return http_stop_script(order.run, whole_seconds(order.not_after));
}

std::string EcsContainerHttp::sweep_script(host::Shell /*shell*/) const {
    return http_list_script();
}

std::string EcsContainerHttp::removal_script(const std::vector<std::string>& runs,
                                             host::Shell /*shell*/) const {
    return http_removal_script(runs);
}

aws::Outcome<std::map<std::string, Sight>> EcsContainerHttp::look(World& world,
                                                                  const Plan& plan,
                                                                  std::span<const std::string> arns,
                                                                  Deadline deadline,
                                                                  std::stop_token stop) const {
    const auto now = world.ecs.describe_container_instances(plan.cluster, arns, deadline, stop);
    if (!now) return fail(now.error());
    std::map<std::string, Sight> sights;
    for (const auto& instance : now->found)
        sights[instance.arn] = {Sight::State::well, instance.running_tasks_count};
    for (const auto& failure : now->failures) {
        if (failure.reason == "MISSING") sights[failure.arn] = {Sight::State::gone, 0};
    }
    return sights;
}

std::vector<std::unique_ptr<Fault>> make_ecs_container_http_faults() {
    const std::vector<HttpKind> kinds{
        http_reset_peer(), http_status_code(), http_latency(), http_modify_body()};
    std::vector<std::unique_ptr<Fault>> faults;
    for (const auto& kind : kinds) {
        std::vector<HttpKind> others = kinds;
        std::erase_if(others, [&](const HttpKind& other) { return other.name == kind.name; });
        faults.push_back(std::make_unique<EcsContainerHttp>(kind, std::move(others)));
    }
    return faults;
}

} // namespace squall::experiment
