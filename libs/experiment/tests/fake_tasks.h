// Tasks on the hosts of the fake cluster, and a helper on each host that keeps proxies for them.
#pragma once

#include "fake_world.h"

namespace squall::experiment {

struct FakeTask {
    int host = 1; // by number
    std::string launch_type = "EC2";
    std::string status = "RUNNING";
    std::int64_t requests = 3;    // that meet the fault while it is in
    std::int64_t connections = 9; // that pass the proxy
    json::Object canary;          // what its host has got, asking by itself
    std::string ended_by;         // what ended its proxy before its time
};

// Tasks of the service "web" with ids 00…1, 00…2, …; host N has the tasks that name it.
class HttpWorld : public TestWorld {
public:
    explicit HttpWorld(const std::string& fault_name = "ecs-container-http-status-code",
                       int hosts = 3)
        : TestWorld(hosts) {
        for (auto& one : make_ecs_container_http_faults()) {
            if (one->description().name == fault_name) fault = std::move(one);
        }
        world.helpers = {{"x86_64", std::string(64, 'a'), "/squall-host"}};
        world.presign = [](const std::string& bucket,
                           const std::string& key,
                           Seconds /*valid*/,
                           Deadline /*deadline*/,
                           std::stop_token /*stop*/) -> Result<std::string> {
            return "https://s3/" + bucket + "/" + key + "?X-Amz-Signature=secret";
        };
        for (int i = 1; i <= hosts; ++i)
            tasks[id(i)].host = i;
        aws.answers = [this](const std::string& operation, const json::Object& body) {
            return answer(operation, body);
        };
        aws.runs = [this](const FakeHost& host, const std::string& script) {
            return run_script(host, script);
        };
    }

    static std::string id(int number) { return fmt::format("{:032}", number); }

    static std::string arn(const std::string& task) {
        return "arn:aws:ecs:us-east-1:123456789012:task/demo/" + task;
    }

    Result<Plan> plan_of(RawValues given) {
        if (!given.contains("TASK_REPLICA_ID"))
            given.try_emplace("SERVICE_NAME", RawValue{"web", "test"});
        return try_plan(std::move(given));
    }

    // With the cluster and its region; `variables` are the environment.
    [[nodiscard]] Result<TunableValues, Problems>
    values_of(RawValues given, const std::map<std::string, std::string>& variables = {}) const {
        given.try_emplace("CLUSTER_NAME", RawValue{"demo", "test"});
        given.try_emplace("REGION", RawValue{"us-east-1", "test"});
        return check_tunables(fault->description().tunables,
                              given,
                              "the experiment",
                              [&](const std::string& name) -> std::optional<std::string> {
                                  const auto found = variables.find(name);
                                  if (found == variables.end()) return std::nullopt;
                                  return found->second;
                              });
    }

    // What was wrong with these values; empty: nothing.
    std::string problems_of(RawValues given) {
        const auto checked = values_of(std::move(given));
        return problem_text(checked ? fault->check(*checked) : checked.error());
    }

    std::map<std::string, FakeTask> tasks; // by id
    json::Array containers{json::Object{
        {"name", "web"}, {"portMappings", json::Array{json::Object{{"containerPort", 80}}}}}};
    std::string network_mode = "awsvpc";
    json::Object service{{"serviceName", "web"}}; // what there is beside its name
    std::map<std::string, std::string> held;      // the run that has a host, by instance id
    std::map<std::string, std::string> proxies;   // the run whose proxy a task has, by task id
    std::vector<std::string> order_of_tasks;      // as their proxies came
    std::size_t proxies_at_once = 0;
    std::string cannot;             // why no host can start the helper; empty: each can
    bool forgets_to_answer = false; // the helper starts, and its report is lost
    std::string unable;             // a host that cannot do it, by instance id

private:
    std::optional<json::Object> answer(const std::string& operation, const json::Object& body) {
        if (operation == "ListTasks") {
            json::Array arns;
            for (const auto& [task, state] : tasks)
                arns.emplace_back(arn(task));
            return json::Object{{"taskArns", std::move(arns)}};
        }
        if (operation == "DescribeTasks") return describe_tasks(body);
        if (operation == "DescribeTaskDefinition")
            return json::Object{{"taskDefinition",
                                 json::Object{{"taskDefinitionArn", "td/web:1"},
                                              {"networkMode", network_mode},
                                              {"containerDefinitions", containers}}}};
        if (operation == "DescribeServices") {
            if (json::string_of(json::array_at(body, "services").at(0)) != "web")
                return json::Object{{"services", json::Array{}}};
            json::Object one = service;
            one["serviceArn"] = "arn:aws:ecs:us-east-1:123456789012:service/demo/web";
            return json::Object{{"services", json::Array{std::move(one)}}};
        }
        return std::nullopt;
    }

    json::Object describe_tasks(const json::Object& body) {
        json::Array found;
        json::Array failures;
        for (const auto& asked : json::array_at(body, "tasks")) {
            const std::string text(json::string_of(asked));
            const std::string task = text.substr(text.rfind('/') + 1);
            const auto known = tasks.find(task);
            if (known == tasks.end()) {
                failures.push_back(json::Object{{"arn", arn(task)}, {"reason", "MISSING"}});
                continue;
            }
            found.push_back(
                json::Object{{"taskArn", arn(task)},
                             {"taskDefinitionArn", "td/web:1"},
                             {"containerInstanceArn", aws.host(known->second.host).arn()},
                             {"lastStatus", known->second.status},
                             {"launchType", known->second.launch_type}});
        }
        return {{"tasks", std::move(found)}, {"failures", std::move(failures)}};
    }

    static std::string report(const std::string& run,
                              const std::string& did,
                              json::Object helper,
                              const std::string& other = "") {
        return json::text(json::Object{{"squall", "ecs-container-http"},
                                       {"run", run},
                                       {"did", did},
                                       {"why", ""},
                                       {"other_run", other},
                                       {"helper", std::move(helper)}})
               + "\n";
    }

    std::optional<std::string> run_script(const FakeHost& host, const std::string& script) {
        if (!script.starts_with("# squall ecs-container-http ")) return std::nullopt;
        const std::string run = FakeAws::setting(script, "run");
        if (split_once(script, '\n').first.ends_with(" list")) return list(host);
        if (split_once(script, '\n').first.ends_with(" stop")) return stop(host, run);
        if (held.contains(host.id) && held[host.id] != run)
            return report(run, "busy", {}, held[host.id]);
        if (!cannot.empty() || host.id == unable) return report(run, "failed", {{"error", cannot}});
        held[host.id] = run;
        json::Array armed;
        json::Array absent;
        for (const auto& named : split(FakeAws::setting(script, "tasks"), ',')) {
            // As the helper reads it: TASK=CONTAINER.
            const std::string task = named.substr(0, named.find('='));
            if (aws.host(tasks.at(task).host).id != host.id) {
                absent.emplace_back(task);
                continue;
            }
            proxies[task] = run;
            order_of_tasks.push_back(task);
            armed.push_back(json::Object{{"task", task},
                                         {"container_name", "web"},
                                         {"interface", "eth0"},
                                         {"intercept", "tproxy-owner"},
                                         {"list", "nft list table inet squall"}});
        }
        proxies_at_once = std::max(proxies_at_once, proxies.size());
        if (forgets_to_answer) return "";
        return report(run,
                      "injected",
                      {{"event", "armed"},
                       {"until", "2026-11-21T00:01:08Z"},
                       {"proxies", std::move(armed)},
                       {"absent", std::move(absent)}});
    }

    [[nodiscard]] std::string list(const FakeHost& host) const {
        std::string text;
        if (const auto holder = held.find(host.id); holder != held.end())
            text = json::text(json::Object{{"squall", "ecs-container-http"},
                                           {"found", "hold"},
                                           {"run", holder->second},
                                           {"until", 0},
                                           {"host_time", 1}})
                   + "\n";
        return text + R"({"squall":"ecs-container-http","did":"listed"})" + "\n";
    }

    std::string stop(const FakeHost& host, const std::string& run) {
        json::Array ended;
        for (const auto& [task, holder] : proxies) {
            if (holder != run || aws.host(tasks.at(task).host).id != host.id) continue;
            ended.push_back(json::Object{{"task", task},
                                         {"container_name", "web"},
                                         {"canary", tasks.at(task).canary},
                                         {"ended_by", tasks.at(task).ended_by},
                                         {"counts",
                                          json::Object{{"accepted", tasks.at(task).connections},
                                                       {"met", tasks.at(task).requests}}}});
        }
        std::erase_if(proxies, [&](const auto& entry) {
            return entry.second == run && aws.host(tasks.at(entry.first).host).id == host.id;
        });
        const bool was_held = held.contains(host.id) && held[host.id] == run;
        if (was_held) held.erase(host.id);
        return report(run, was_held ? "reverted" : "clean", {{"proxies", std::move(ended)}});
    }
};

[[nodiscard]] inline RawValues
with(std::initializer_list<std::pair<std::string, std::string>> values) {
    RawValues raw;
    for (const auto& [name, value] : values)
        raw[name] = {value, "test"};
    return raw;
}

} // namespace squall::experiment
