#include "squall/experiment/runner.h"

#include "announcement.h"
#include "canary.h"
#include "fault_window.h"
#include "guards.h"
#include "judgement.h"
#include "squall/base/time_text.h"

#include <algorithm>

namespace squall::experiment {
namespace {

json::Object counts_of(World& world) {
    json::Object counts;
    for (const auto& [operation, count] : world.call_counts())
        counts[operation] = count;
    return counts;
}

void tell_plan(EventWriter& events, const Plan& plan, const HostStates& hosts) {
    events.tell("run",
                {{"fault", plan.fault},
                 {"experiment", plan.experiment},
                 {"cluster", plan.cluster},
                 {"region", plan.region},
                 {"endpoint", plan.endpoint},
                 {"principal", plan.principal},
                 {"plan_hash", plan.hash()},
                 {"targets", plan.targets.size()},
                 {"hosts", hosts.all().size()},
                 {"tasks", plan.task_count()},
                 {"duration_s", plan.duration.count()},
                 {"registered", plan.selection.registered},
                 {"selection", plan.selection.how},
                 {"sequence", plan.sequence},
                 {"waves", plan.wave_count()}});
    for (const auto& target : plan.targets) {
        if (!target.is_injected())
            events.tell(
                "skipped", target.instance_id, {{"why", target.skip}, {"advice", target.advice}});
    }
}

void tell_verdict(EventWriter& events,
                  const RunResult& result,
                  const HostStates& hosts,
                  World& world,
                  const Canary* canary = nullptr,
                  const Announcement* announcement = nullptr) {
    json::Array instances;
    for (const auto& [instance_id, host] : hosts.all())
        instances.push_back(host.to_json());
    json::Object data{{"verdict", verdict_word(result.verdict)},
                      {"score", nullptr},
                      {"reason", result.reason},
                      {"api_calls", counts_of(world)},
                      {"instances", std::move(instances)}};
    if (auto proof = proof_of(hosts, canary); !proof.empty()) data["proof"] = std::move(proof);
    if (auto summary = canary == nullptr ? std::nullopt : canary->summary())
        data["canary"] = std::move(*summary);
    if (auto told = announcement == nullptr ? std::nullopt : announcement->summary())
        data["announced"] = std::move(*told);
    events.tell("verdict", std::move(data));
}

// A parallel run orders all of its hosts, or none.
void tell_passed_over(EventWriter& events, const Plan& plan, const HostStates& hosts) {
    if (plan.wave_count() < 2) return;
    for (const auto& target : hosts.ids_where([](const HostState& host) { return !host.ordered; }))
        events.tell("not-injected", target, {{"why", "the run ended before its turn"}});
}

// A window for each wave, until the last one or until something ends the run.
Ending go_through_waves(const WindowParts& parts) {
    Ending ending;
    const std::stop_token& abort = parts.stops.abort;
    // What the plan has looked at a moment ago need not be looked at again.
    bool is_news = parts.plan.ramp.count() > 0;
    std::size_t number = 0;
    for (const auto& wave : parts.plan.waves()) {
        ++number;
        if (abort.stop_requested() || ending.problem || parts.hosts.owes_recovery()) break;
        if (std::exchange(is_news, true)) ending.since = parts.guards->against(wave, abort);
        if (ending.since || abort.stop_requested()) break;
        FaultWindow window(parts, wave, number);
        if (auto held = window.inject_and_hold(); !held && held.error().code != Errc::interrupted) {
            ending.problem = held.error();
            parts.events.tell("error", {{"text", ending.problem->message}});
        }
        window.revert();
        ending.since = window.ended_since();
        if (ending.since) break;
    }
    return ending;
}

// Nothing begins before those who watch know of it, and they are told of its end. Whoever leaves
// early cannot tell when that is: the window ends by itself.
Ending go_through_announced(const WindowParts& parts, Announcement& announcement) {
    Ending ending;
    if (auto announced = announcement.begin(parts.stops.abort); announced)
        ending = go_through_waves(parts);
    else if (!parts.stops.abort.stop_requested())
        ending.since = announced.error().message;
    if (!parts.stops.quit.stop_requested()) announcement.end(parts.stops.quit);
    return ending;
}

// What a dead runner knew of its hosts, and which of them it may have told. When the last of its
// orders is void, and when the last host restores itself.
std::pair<WallTime, WallTime>
take_intents(const std::vector<Event>& past, WallTime begun_at, HostStates& hosts) {
    WallTime not_after = begun_at;
    WallTime restore_at = begun_at;
    const auto latest = [](WallTime& so_far, const json::Object& data, std::string_view name) {
        so_far = std::max(so_far, parse_time(json::string_at(data, name)).value_or(so_far));
    };
    for (const auto& event : past) {
        if (!hosts.all().contains(event.target)) continue;
        HostState& host = hosts.at(event.target);
        if (event.kind == "not-injected") host.may_hold = false;
        if (event.kind == "injected") {
            host.answer = HostReport::Did::injected;
            host.injected_at = event.at;
        }
        if (event.kind == "armed") {
            const auto task = host.tasks.find(std::string(json::string_at(event.data, "task")));
            if (task != host.tasks.end()) task->second.armed = true;
        }
        if (event.kind != "intent") continue;
        host.ordered = host.may_hold = true;
        latest(not_after, event.data, "not_after");
        latest(restore_at, event.data, "restore_at");
    }
    return {not_after, restore_at};
}

} // namespace

Runner::Runner(World& world,
               Journal& journal,
               const Fault& fault,
               std::vector<EventSink*> sinks,
               Stops stops,
               RunTimes times)
    : world_(world),
      journal_(journal),
      fault_(fault),
      sinks_(std::move(sinks)),
      stops_(std::move(stops)),
      times_(times) {}

RunResult Runner::run(const std::string& id, const Plan& plan) {
    const auto refuse = [&](const std::string& why) {
        return RunResult{id, Verdict::refused, "not injecting: " + why};
    };
    HostStates hosts(plan);
    if (hosts.all().empty())
        return refuse("no container instance of this plan can be affected; `squall plan` says why "
                      "for each");
    if (const auto against = refusal_of(plan.guards)) return refuse(*against);
    if (auto made = make_directories(journal_.lock_path(id).parent_path(), 0700); !made)
        return refuse(made.error().message);
    const auto lock = FileLock::try_take(journal_.lock_path(id));
    if (!lock || !*lock)
        return refuse(lock ? "another process runs this run" : lock.error().message);
    if (auto begun = journal_.begin(id, plan, world_.clock.wall()); !begun)
        return refuse(begun.error().message);

    EventWriter events(journal_, world_.clock, sinks_, id, 0);
    tell_plan(events, plan, hosts);
    Guards guards(world_, plan, events);
    guards.judge(plan.guards);
    Canary canary(world_, events, fault_.canary(plan));
    const auto ramp = [&](const char* which) {
        if (plan.ramp.count() == 0 || stops_.abort.stop_requested()) return;
        events.tell("phase",
                    {{"phase", which}, {"until", rfc3339_millis(world_.clock.wall() + plan.ramp)}});
        world_.clock.wait_for(plan.ramp, stops_.abort);
    };

    ramp("ramp-before");
    canary.ask_before(stops_.abort);
    Announcement announcement(world_, plan, events, times_);
    const Ending ending = go_through_announced(
        {world_, fault_, plan, events, hosts, stops_, times_, &guards, &canary}, announcement);
    tell_passed_over(events, plan, hosts);
    canary.ask_after(stops_.abort);
    ramp("ramp-after");

    RunResult result = judge(id, hosts, stops_, ending, fault_, plan);
    if (result.verdict == Verdict::passed || result.verdict == Verdict::no_effect)
        result.reason += canary_remark(canary, hosts);
    // Whoever leaves early leaves the run open, without a verdict, so that finish() gives it one.
    if (stops_.quit.stop_requested()) {
        events.tell("left", {{"why", result.reason}});
        return result;
    }
    if (auto closed =
            journal_.close(id, std::string(verdict_word(result.verdict)), world_.clock.wall());
        !closed) {
        result.is_open = true;
        events.tell(
            "warning",
            {{"text",
              closed.error().message + ": the run stays open, `squall recover` closes it"}});
    }
    tell_verdict(events, result, hosts, world_, &canary, &announcement);
    std::error_code ignored;
    std::filesystem::remove(journal_.lock_path(id), ignored);
    return result;
}

RunResult Runner::finish(const RunRecord& record) {
    const auto problem = [&](const std::string& why) {
        return RunResult{record.id, Verdict::error, why};
    };
    if (auto made = make_directories(journal_.lock_path(record.id).parent_path(), 0700); !made)
        return problem(made.error().message);
    const auto lock = FileLock::try_take(journal_.lock_path(record.id));
    if (!lock || !*lock)
        return {record.id,
                Verdict::refused,
                lock ? "its runner is still at work: use squall abort" : lock.error().message};
    const auto plan = Plan::from_json(record.plan);
    if (!plan) return problem(plan.error().message);
    if (plan->endpoint != world_.endpoint) {
        return {record.id,
                Verdict::refused,
                fmt::format("this run was made at {}, and AWS now means {}: set AWS_ENDPOINT_URL "
                            "(or unset it) as it was then",
                            plan->endpoint,
                            world_.endpoint)};
    }
    const auto past = journal_.events(record.id);
    if (!past) return problem(past.error().message);
    HostStates hosts(*plan);
    const auto may_hold = [](const HostState& host) {
        return host.may_hold;
    };
    const auto [not_after, restore_at] = take_intents(*past, record.created_at, hosts);
    EventWriter events(
        journal_, world_.clock, sinks_, record.id, past->empty() ? 0 : past->back().sequence);
    events.tell("phase", {{"phase", "recover"}, {"hosts", hosts.count_where(may_hold)}});
    FaultWindow window({world_, fault_, *plan, events, hosts, stops_, times_},
                       hosts.ids_where(may_hold),
                       /*wave=*/0);
    window.take_over(not_after, restore_at);
    window.revert();
    const auto held = hosts.count_where(may_hold);
    const auto recovered =
        hosts.count_where([](const HostState& host) { return host.may_hold && host.recovered_at; });
    if (stops_.abort.stop_requested() && recovered < held)
        return {record.id,
                Verdict::aborted,
                "stopped before recovery was seen: the run stays open",
                /*is_open=*/true};
    RunResult result = judge_recovered(record.id, hosts);
    tell_verdict(events, result, hosts, world_);
    if (auto closed = journal_.close(
            record.id, std::string(verdict_word(result.verdict)), world_.clock.wall());
        !closed)
        return problem(closed.error().message);
    std::error_code ignored;
    std::filesystem::remove(journal_.lock_path(record.id), ignored);
    return result;
}

} // namespace squall::experiment
