// Scenarios in few words, and what the simulation says to them. Times are seconds from a fixed
// moment; the world follows what happens unless a test holds it back.
#pragma once

#include "squall/base/json.h"
#include "squall/base/time_text.h"
#include "squall/monitor/simulation.h"

#include <gtest/gtest.h>

#include <map>
#include <sstream>
#include <string>
#include <vector>

namespace squall::monitor {

struct Told {
    double at = 0;
    std::string kind;
    std::string node;
    std::string reason; // its first word
    std::string incident;
    double since = 0;
    double duration = -1;
    std::string action;
    json::Object line;
};

class Scenario {
public:
    static constexpr double epoch = 1.7e9;

    Settings settings;

    static std::string cluster_arn(const std::string& cluster = "demo") {
        return "arn:aws:ecs:us-east-1:123456789012:cluster/" + cluster;
    }

    static std::string node(int i) { return fmt::format("i-{:017x}", i); }

    static std::string arn(int i, const std::string& cluster = "demo") {
        return fmt::format(
            "arn:aws:ecs:us-east-1:123456789012:container-instance/{}/{:032x}", cluster, i);
    }

    static json::Object
    instance(int i, bool is_connected, std::int64_t version, const std::string& status = "ACTIVE") {
        const std::string zone = fmt::format("us-east-1{}", static_cast<char>('a' + i % 3));
        return {{"containerInstanceArn", arn(i)},
                {"clusterArn", cluster_arn()},
                {"ec2InstanceId", node(i)},
                {"agentConnected", is_connected},
                {"status", status},
                {"version", version},
                {"registeredAt", "2020-01-01T00:00:00Z"},
                {"attributes",
                 json::Array{json::Object{{"name", "ecs.availability-zone"}, {"value", zone}},
                             json::Object{{"name", "ecs.capability.task-eni"}}}},
                {"aMemberOfTomorrow", json::Object{{"nested", true}}}};
    }

    static json::Object ec2(int i, const std::string& state = "running") {
        return {{"InstanceId", node(i)},
                {"State", state},
                {"AvailabilityZone", fmt::format("us-east-1{}", static_cast<char>('a' + i % 3))},
                {"LaunchTime", "2020-01-01T00:00:00Z"}};
    }

    Scenario& line(double at, json::Object what) {
        what["at"] = epoch + at;
        lines_.emplace(at, json::text(what));
        return *this;
    }

    // Connected, since long.
    Scenario& fleet(double at, int count) {
        json::Array instances;
        json::Array machines;
        for (int i = 1; i <= count; ++i) {
            instances.push_back(instance(i, true, 10));
            machines.push_back(ec2(i));
        }
        return line(at,
                    {{"world",
                      json::Object{{"containerInstances", std::move(instances)},
                                   {"instances", std::move(machines)}}}});
    }

    Scenario& patch(double at, const char* list, json::Object entry) {
        return line(
            at, {{"world", json::Object{{"patch", true}, {list, json::Array{std::move(entry)}}}}});
    }

    Scenario& describe(double at, json::Object entry) {
        return patch(at, "containerInstances", std::move(entry));
    }

    Scenario& machine(double at, json::Object entry) {
        return patch(at, "instances", std::move(entry));
    }

    // Only the event; `late`: seconds until it arrives.
    Scenario& event(double at, json::Object detail, double late = 0) {
        detail["updatedAt"] = rfc3339_millis(from_epoch_seconds(epoch + at));
        return line(at + late,
                    {{"event",
                      json::Object{{"version", "0"},
                                   {"source", "aws.ecs"},
                                   {"detail-type", "ECS Container Instance State Change"},
                                   {"detail", std::move(detail)}}}});
    }

    // It happens: the event, and the world from then on.
    Scenario& change(double at, const json::Object& detail, double late = 0) {
        describe(at, detail);
        return event(at, detail, late);
    }

    Scenario& gone(double at, int i, std::int64_t version = 11, double late = 0) {
        return change(at, instance(i, false, version), late);
    }

    Scenario& back(double at, int i, std::int64_t version = 12, double late = 0) {
        return change(at, instance(i, true, version), late);
    }

    // Over these nodes of the cluster; none: over all.
    Scenario& window(double at, double until, const std::vector<int>& nodes = {}) {
        json::Object window{{"cluster", "demo"}, {"until", epoch + until}, {"why", "game day"}};
        if (!nodes.empty()) {
            json::Array ids;
            for (const int i : nodes)
                ids.emplace_back(node(i));
            window["nodes"] = std::move(ids);
        }
        return line(at, {{"window", std::move(window)}});
    }

    // Everything that was said until `end`.
    std::vector<Told> run(double end) {
        line(end, {{"end", true}});
        std::string text;
        for (const auto& [at, line] : lines_)
            text += line + "\n";
        std::istringstream input(text);
        auto said = simulate(input, "scenario", {settings, false}, [this](const std::string& what) {
            complaints.push_back(what);
        });
        EXPECT_TRUE(said) << (said ? "" : said.error().message);
        std::vector<Told> all;
        std::istringstream lines(said.value_or(""));
        for (std::string one; std::getline(lines, one);)
            all.push_back(told(one));
        return all;
    }

    std::vector<std::string> complaints;

private:
    static Told told(const std::string& text) {
        Told told;
        told.line = json::parse_object(text).value_or(json::Object{});
        told.at = json::number_at(told.line, "at") - epoch;
        told.kind = json::string_at(told.line, "kind");
        told.node = json::string_at(told.line, "node");
        told.reason = json::string_at(told.line, "reason");
        told.reason = told.reason.substr(0, told.reason.find(':'));
        told.incident = json::string_at(told.line, "incident");
        told.since = json::number_at(told.line, "since") - epoch;
        told.duration = json::number_at(told.line, "duration_s", -1);
        told.action = json::string_at(told.line, "action");
        return told;
    }

    std::multimap<double, std::string> lines_; // in the order of time, then of their making
};

// "opened recovered": what people are told, in order.
inline std::string notices(const std::vector<Told>& all) {
    std::string text;
    for (const auto& told : all) {
        if (told.kind == "suppressed" || told.kind == "info" || told.kind == "unverified"
            || told.kind == "action")
            continue;
        text += (text.empty() ? "" : " ") + told.kind;
    }
    return text;
}

inline bool speaks_of(const Told& told, std::string_view words) {
    return json::text(told.line).find(words) != std::string::npos;
}

inline std::vector<Told> of_kind(const std::vector<Told>& all, const std::string& kind) {
    std::vector<Told> found;
    for (const auto& told : all) {
        if (told.kind == kind) found.push_back(told);
    }
    return found;
}

// The reasons of all that was kept quiet: "planned reconnected".
inline std::string reasons(const std::vector<Told>& all, const std::string& kind = "suppressed") {
    std::string text;
    for (const auto& told : of_kind(all, kind))
        text += (text.empty() ? "" : " ") + told.reason;
    return text;
}

} // namespace squall::monitor
