#include "calls.h"

#include "squall/monitor/simulation.h"

#include <algorithm>
#include <cstdio>
#include <map>
#include <sstream>

namespace squall::bench {
namespace {

// A page of a list, and what one describe takes.
constexpr std::size_t page = 100;
constexpr std::size_t scaling_page = 50;
// How long an answer of AWS's takes: looks that are asked for meanwhile are made together.
constexpr Millis latency{100};

std::int64_t pages(std::size_t count, std::size_t size = page) {
    return static_cast<std::int64_t>((count + size - 1) / size);
}

// Whose place in a group is asked for: as Observer::add_lifecycles has it.
bool is_asked_of_its_group(const monitor::LookAnswer& answer) {
    const auto is_connected = [](const monitor::InstanceReport& report) {
        return report.agent_connected;
    };
    return answer.outcome == monitor::ApiOutcome::ok
           && answer.reports.size() + answer.missing.size() > 0 && answer.ec2
           && answer.ec2->state == "running"
           && std::none_of(answer.reports.begin(), answer.reports.end(), is_connected);
}

class CallCounter {
public:
    CallCounter(Seconds from, Seconds until) : from_(from), until_(until) {}

    void hear(WallTime now, const monitor::Input& input) {
        if (first_ == monitor::unknown_time) first_ = now;
        now_ = now;
        if (const auto* clusters = std::get_if<monitor::ClustersSeen>(&input))
            add("ecs:ListClusters", std::max<std::int64_t>(1, pages(clusters->clusters.size())));
        if (const auto* polled = std::get_if<monitor::Polled>(&input)) {
            add("ecs:ListContainerInstances",
                std::max<std::int64_t>(1, pages(polled->reports.size())));
            add("ecs:DescribeContainerInstances", pages(polled->reports.size()));
        }
        if (std::holds_alternative<monitor::GroupMembersSeen>(input))
            add("autoscaling:DescribeAutoScalingGroups", 1);
        if (const auto* looked = std::get_if<monitor::Looked>(&input)) look(now, *looked);
    }

    [[nodiscard]] json::Object calls() {
        while (waiting_ > 0)
            run(busy_until_);
        json::Object calls;
        for (const auto& [operation, count] : calls_)
            calls[operation] = count;
        return calls;
    }

private:
    void add(std::string_view operation, std::int64_t count) {
        if (count == 0 || now_ < first_ + from_ || now_ >= first_ + until_) return;
        calls_[std::string(operation)] += count;
    }

    // The daemon has one thread that looks. What it is asked for while it waits is its next look.
    void look(WallTime now, const monitor::Looked& looked) {
        while (waiting_ > 0 && busy_until_ <= now)
            run(busy_until_);
        for (const auto& answer : looked.answers) {
            arns_[answer.host.substr(0, answer.host.find('|'))] +=
                answer.reports.size() + answer.missing.size();
            ++waiting_;
            if (is_asked_of_its_group(answer)) ++grouped_;
        }
        if (busy_until_ <= now) run(now);
    }

    void run(WallTime now) {
        std::int64_t describes = 0;
        for (const auto& [cluster, count] : arns_)
            describes += pages(count);
        const std::int64_t machines = pages(waiting_);
        add("ecs:DescribeContainerInstances", describes);
        add("ec2:DescribeInstances", machines);
        const std::int64_t groups = pages(grouped_, scaling_page);
        add("autoscaling:DescribeAutoScalingInstances", groups);
        busy_until_ = now + latency * (describes + machines + groups);
        arns_.clear();
        waiting_ = 0;
        grouped_ = 0;
    }

    Seconds from_;
    Seconds until_;
    std::map<std::string, std::int64_t> calls_;
    WallTime first_ = monitor::unknown_time;
    WallTime now_ = monitor::unknown_time;
    WallTime busy_until_ = monitor::unknown_time;
    std::map<std::string, std::size_t> arns_; // of waiting looks, by cluster
    std::size_t waiting_ = 0;                 // hosts to look at
    std::size_t grouped_ = 0;                 // of these, those whose group is asked
};

} // namespace

Result<json::Object> count_calls(std::istream& scenario, Seconds from, Seconds until) {
    CallCounter counter(from, until);
    monitor::SimulationOptions options;
    options.on_input = [&](WallTime now, const monitor::Input& input) {
        counter.hear(now, input);
    };
    const auto lines =
        monitor::simulate(scenario, "standard input", options, [](const std::string& what) {
            std::fputs((what + "\n").c_str(), stderr);
        });
    if (!lines) return fail(lines.error());
    json::Object decisions;
    std::istringstream each(*lines);
    for (std::string line; std::getline(each, line);) {
        const auto decision = json::parse(line);
        if (!decision) return fail(decision.error());
        const auto kind = json::string_at(*decision, "kind");
        decisions[kind] = json::integer_at(decisions, kind) + 1;
    }
    return json::Object{{"calls", counter.calls()}, {"decisions", std::move(decisions)}};
}

} // namespace squall::bench
