#include "squall/monitor/random_day.h"

#include "squall/base/json.h"
#include "squall/base/time_text.h"

#include <algorithm>
#include <map>
#include <queue>
#include <random>
#include <vector>

namespace squall::monitor {
namespace {

constexpr std::int64_t day_begins_ms = 1'763'769'600'000; // 2025-11-22T00:00:00Z
constexpr std::int64_t second = 1000;
constexpr int zones = 3;
constexpr std::string_view account = "123456789012";

WallTime wall(std::int64_t ms) { return WallTime(Millis(ms)); }

json::Value seconds_of(std::int64_t ms) {
    if (ms % second == 0) return ms / second;
    return static_cast<double>(ms) / second;
}

struct RandomHost {
    std::string arn;
    std::string id;
    std::string zone;
    std::string cluster;
    std::int64_t version = 10;
    bool is_connected = true;
    bool is_gone = false;
    std::string status = "ACTIVE";
    std::string ec2_state = "running";
};

class RandomDay {
public:
    RandomDay(const RandomDayOptions& options, const std::function<void(std::string)>& line)
        : options_(options), line_(line), random_(options.seed) {}

    void write();

private:
    // What happens at a moment; in the order of time, and of its making.
    struct Step {
        std::int64_t at;
        std::uint64_t number;
        std::function<void()> run;

        bool operator>(const Step& other) const {
            return std::tie(at, number) > std::tie(other.at, other.number);
        }
    };

    // From least to most, both included.
    std::int64_t between(std::int64_t least, std::int64_t most) {
        return least
               + static_cast<std::int64_t>(random_()
                                           % static_cast<std::uint64_t>(most - least + 1));
    }

    bool chance(int percent) { return between(1, 100) <= percent; }

    void at(std::int64_t when, std::function<void()> run) {
        steps_.push({when, ++step_count_, std::move(run)});
    }

    void make_hosts();
    void plan_host(std::size_t index);
    void plan_end_of_life(std::size_t index, std::int64_t when);
    void plan_trouble();
    void plan_dark_zone();
    void plan_outage(std::size_t index, std::int64_t when, std::int64_t length);
    void gap(std::size_t index, std::int64_t from, std::int64_t length);
    void connect(std::size_t index, bool is_connected);
    void change_status(std::size_t index, const std::string& status);
    void deliver(json::Object event);
    void say(std::int64_t when, const json::Object& line);
    void patch(const RandomHost& host);
    void change_ec2(RandomHost& host, const std::string& state);
    [[nodiscard]] json::Object describe(const RandomHost& host) const;
    [[nodiscard]] static json::Object ec2(const RandomHost& host);

    const RandomDayOptions& options_;
    const std::function<void(std::string)>& line_;
    std::mt19937_64 random_;
    std::vector<RandomHost> hosts_;
    std::priority_queue<Step, std::vector<Step>, std::greater<>> steps_;
    std::uint64_t step_count_ = 0;
    std::int64_t now_ = day_begins_ms;
    std::int64_t end_ = 0;
    std::string dark_zone_; // empty: none on this day
    std::int64_t dark_from_ = 0;
    std::int64_t dark_length_ = 0;
    json::Array truth_;
};

void RandomDay::say(std::int64_t when, const json::Object& line) {
    // A library's own way to write a number, 1.763769E9, is not what people look for in a file.
    line_(fmt::format("{{\"at\":{},{}", decimal_seconds(Millis(when)), json::text(line).substr(1)));
}

json::Object RandomDay::describe(const RandomHost& host) const {
    return {{"containerInstanceArn", host.arn},
            {"clusterArn", host.cluster},
            {"ec2InstanceId", host.id},
            {"agentConnected", host.is_connected},
            {"status", host.status},
            {"version", host.version},
            {"registeredAt", "2025-11-01T00:00:00Z"},
            {"attributes",
             json::Array{json::Object{{"name", "ecs.availability-zone"}, {"value", host.zone}}}},
            {"versionInfo", json::Object{{"agentVersion", "1.90.0"}}}};
}

json::Object RandomDay::ec2(const RandomHost& host) {
    return {{"InstanceId", host.id},
            {"State", host.ec2_state},
            {"AvailabilityZone", host.zone},
            {"LaunchTime", "2025-11-01T00:00:00Z"}};
}

void RandomDay::patch(const RandomHost& host) {
    say(now_,
        {{"world",
          json::Object{{"patch", true}, {"containerInstances", json::Array{describe(host)}}}}});
}

void RandomDay::change_ec2(RandomHost& host, const std::string& state) {
    host.ec2_state = state;
    say(now_, {{"world", json::Object{{"patch", true}, {"instances", json::Array{ec2(host)}}}}});
}

// At least once, late, and not in order.
void RandomDay::deliver(json::Object event) {
    const int copies = chance(10) ? static_cast<int>(between(2, 3)) : 1;
    for (int copy = 0; copy < copies; ++copy) {
        std::int64_t delay = between(50, 900);
        if (chance(10)) delay = between(second, 20 * second);
        at(now_ + delay, [this, event] { say(now_, {{"event", event}}); });
    }
}

void RandomDay::connect(std::size_t index, bool is_connected) {
    RandomHost& host = hosts_[index];
    if (host.is_gone) return;
    host.is_connected = is_connected;
    ++host.version;
    patch(host);
    json::Object detail = describe(host);
    detail["updatedAt"] = rfc3339_millis(wall(now_));
    deliver({{"source", "aws.ecs"},
             {"detail-type", "ECS Container Instance State Change"},
             {"detail", std::move(detail)}});
}

void RandomDay::change_status(std::size_t index, const std::string& status) {
    hosts_[index].status = status;
    connect(index, hosts_[index].is_connected);
}

void RandomDay::gap(std::size_t index, std::int64_t from, std::int64_t length) {
    at(from, [this, index] { connect(index, /*is_connected=*/false); });
    at(from + length, [this, index] { connect(index, /*is_connected=*/true); });
    // Tasks stop while it is away: events that are no edges.
    for (std::int64_t n = between(0, length > 60 * second ? 3 : 0); n > 0; --n)
        at(from + between(1, length - 1),
           [this, index] { connect(index, /*is_connected=*/false); });
}

void RandomDay::make_hosts() {
    for (int i = 0; i < options_.instances; ++i) {
        RandomHost host;
        const std::string cluster = fmt::format("cluster-{}", i % 2 == 0 ? "a" : "b");
        host.cluster = fmt::format("arn:aws:ecs:us-east-1:{}:cluster/{}", account, cluster);
        host.arn = fmt::format(
            "arn:aws:ecs:us-east-1:{}:container-instance/{}/{:032x}", account, cluster, i + 1);
        host.id = fmt::format("i-{:017x}", i + 1);
        host.zone = fmt::format("us-east-1{}", static_cast<char>('a' + i % zones));
        hosts_.push_back(std::move(host));
    }
    json::Array described;
    json::Array instances;
    for (const auto& host : hosts_) {
        described.push_back(describe(host));
        instances.push_back(ec2(host));
    }
    say(now_,
        {{"world",
          json::Object{{"containerInstances", std::move(described)},
                       {"instances", std::move(instances)}}}});
}

// Drained, announced by EC2, or just terminated: an end that nobody is told of.
void RandomDay::plan_end_of_life(std::size_t index, std::int64_t when) {
    const auto kind = between(0, 2);
    std::int64_t off = when;
    if (kind == 0) {
        at(when, [this, index] { change_status(index, "DRAINING"); });
        off = when + between(60, 900) * second;
    } else if (kind == 1) {
        at(when, [this, index] {
            deliver({{"source", "aws.ec2"},
                     {"detail-type", "EC2 Spot Instance Interruption Warning"},
                     {"detail",
                      json::Object{{"instance-id", hosts_[index].id},
                                   {"instance-action", "terminate"}}}});
        });
        off = when + 120 * second;
    }
    at(off, [this, index] { connect(index, /*is_connected=*/false); });
    at(off + between(1, 30) * second, [this, index] { change_ec2(hosts_[index], "terminated"); });
    at(off + between(60, 3600) * second, [this, index] {
        hosts_[index].is_gone = true;
        say(now_,
            {{"world", json::Object{{"patch", true}, {"gone", json::Array{hosts_[index].arn}}}}});
    });
}

void RandomDay::plan_outage(std::size_t index, std::int64_t when, std::int64_t length) {
    truth_.push_back(json::Object{{"node", hosts_[index].id},
                                  {"since", seconds_of(when)},
                                  {"duration_s", seconds_of(length)}});
    gap(index, when, length);
}

void RandomDay::plan_host(std::size_t index) {
    const std::int64_t grace = options_.grace_s * second;
    std::int64_t when = day_begins_ms + between(60, 1500) * second;
    // Nothing begins so late that it could not be told, and its end neither.
    const std::int64_t last = end_ - 2 * 3600 * second;
    std::int64_t connected_from = 0;
    bool is_zone_outage_to_come = hosts_[index].zone == dark_zone_;
    while (when < last) {
        if (is_zone_outage_to_come && when >= dark_from_) {
            is_zone_outage_to_come = false;
            if (dark_from_ <= connected_from) continue; // it is away as it is
            when = dark_from_ + between(0, 30) * second;
            plan_outage(index, when, dark_length_);
            connected_from = when + dark_length_;
            when = connected_from + between(1320, 1680) * second;
            continue;
        }
        const auto what = options_.is_calm ? between(0, 899) : between(0, 999);
        std::int64_t length = between(400, 600); // the connection's routine renewal
        if (what < 2) {
            plan_end_of_life(index, when);
            return;
        }
        if (what < 20) length = between(second, grace - second); // restarts, updates, blinks
        if (what >= 900) {
            length = between(grace + second, 4 * grace);
            plan_outage(index, when, length);
        } else {
            gap(index, when, length);
        }
        connected_from = when + length;
        when = connected_from + between(1320, 1680) * second; // 22 to 28 minutes
    }
}

void RandomDay::plan_trouble() {
    const std::int64_t hours = options_.hours;
    for (std::int64_t n = between(0, 2); n > 0; --n) {
        const std::int64_t from = day_begins_ms + between(300, hours * 3600) * second;
        at(from, [this] { say(now_, {{"api", chance(70) ? "throttled" : "denied"}}); });
        at(from + between(5, 240) * second, [this] { say(now_, {{"api", "ok"}}); });
    }
    for (std::int64_t n = between(0, 3); n > 0; --n) {
        const std::int64_t down = chance(50) ? 0 : between(1, 600);
        at(day_begins_ms + between(300, hours * 3600) * second, [this, down] {
            say(now_, {{"restart", true}, {"down", down}});
        });
    }
}

void RandomDay::plan_dark_zone() {
    if (!chance(25)) return;
    dark_zone_ = hosts_[static_cast<std::size_t>(between(0, options_.instances - 1))].zone;
    dark_from_ = day_begins_ms + between(600, (options_.hours - 2) * 3600) * second;
    dark_length_ = between(options_.grace_s + 1, 4 * options_.grace_s) * second;
}

void RandomDay::write() {
    end_ = day_begins_ms + static_cast<std::int64_t>(options_.hours) * 3600 * second;
    make_hosts();
    if (!options_.is_calm) {
        plan_trouble();
        plan_dark_zone();
    }
    for (std::size_t i = 0; i < hosts_.size(); ++i)
        plan_host(i);
    while (!steps_.empty() && steps_.top().at <= end_) {
        const Step step = steps_.top();
        steps_.pop();
        now_ = step.at;
        step.run();
    }
    std::stable_sort(truth_.begin(), truth_.end(), [](const auto& a, const auto& b) {
        return json::number_at(a, "since") < json::number_at(b, "since");
    });
    say(end_, {{"end", true}, {"truth", std::move(truth_)}});
}

} // namespace

void random_day(const RandomDayOptions& options, const std::function<void(std::string)>& line) {
    RandomDay(options, line).write();
}

} // namespace squall::monitor
