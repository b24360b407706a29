#include "breaks/breaks.h"

#include "breaks/catalogue.h"
#include "squall/base/log.h"
#include "squall/base/time_text.h"

#include <algorithm>
#include <random>

namespace squall::lab::breaks {
namespace {

// ecs-init waits up to 18 s between two starts of an agent, and an agent longer between two dials.
constexpr Seconds agent_patience{90};

json::Object described(const Cause& cause) {
    return {{"cause", cause.name()}, {"summary", cause.summary}, {"sign", name_of(cause.sign)}};
}

bool is_connected(const Site& site) {
    const auto* instance = site.container_instance();
    return instance != nullptr && instance->agent_connected;
}

// An agent that was restarted, by whatever else was undone, before it had written down what ECS
// had just registered it as, has been registered twice.
Step forget_new_ghosts() {
    return InCloud{[](Site& site) -> Result<void> {
        if (!is_connected(site)) return {}; // its host is gone: what is left of it is AWS's own
        forget_registrations(site, site.container_instance()->arn);
        return {};
    }};
}

// What is undone first has the highest.
int rank_in_mending(const Cause& cause) {
    if (is_of_process(cause.keeps)) return 2;
    return cause.registers_anew ? 0 : 1;
}

} // namespace

json::Object Breaks::list() {
    json::Array causes;
    for (const Cause& cause : catalogue())
        causes.push_back(described(cause));
    return {{"causes", std::move(causes)}};
}

json::Object Breaks::show() const {
    json::Array broken;
    for (const Broken& one : broken_) {
        json::Object object = described(*one.cause);
        object["instance"] = one.site.instance_id;
        object["since"] = rfc3339_seconds(one.since);
        broken.push_back(std::move(object));
    }
    return {{"broken", std::move(broken)}};
}

std::vector<std::string> Breaks::broken_instances() const {
    std::vector<std::string> ids;
    for (const Broken& one : broken_) {
        if (std::find(ids.begin(), ids.end(), one.site.instance_id) == ids.end())
            ids.push_back(one.site.instance_id);
    }
    return ids;
}

bool Breaks::is_broken(const Cause& cause, const std::string& instance_id) const {
    return std::any_of(broken_.begin(), broken_.end(), [&](const Broken& one) {
        return one.cause == &cause && one.site.instance_id == instance_id;
    });
}

const Cause* Breaks::obstacle_to(const Cause& cause, const std::string& instance_id) const {
    for (const Broken& one : broken_) {
        const bool is_lost = cause.boots_host && one.cause->keeps != Keeps::nothing;
        if (one.site.instance_id == instance_id
            && (is_lost || contradict(cause.keeps, one.cause->keeps)))
            return one.cause;
    }
    return nullptr;
}

Kept Breaks::kept_beside(const Site& site) const {
    Kept kept;
    for (const Broken& one : broken_) {
        if (one.site.instance_id == site.instance_id && &one.site != &site)
            kept.insert(one.cause->keeps);
    }
    return kept;
}

Result<void>
Breaks::may_make(const Cause& cause, const std::string& instance_id, const HostFacts& host) const {
    if (at_work_.contains(instance_id))
        return fail(Errc::conflict,
                    "{} is being broken or mended at this moment: wait for that",
                    instance_id);
    if (const auto obstacle = cause.obstacle(host))
        return fail(Errc::invalid_input,
                    "{} cannot be made true on {}: {}",
                    cause.name(),
                    instance_id,
                    *obstacle);
    if (is_broken(cause, instance_id))
        return fail(Errc::conflict,
                    "{} is true on {} already: `squall lab mend` undoes it",
                    cause.name(),
                    instance_id);
    if (const Cause* other = obstacle_to(cause, instance_id))
        return fail(Errc::conflict,
                    "{} cannot be made true on {} beside {}, which it would end: `squall lab mend` "
                    "that first",
                    cause.name(),
                    instance_id,
                    other->name());
    const auto broken = broken_instances();
    const bool is_first = std::find(broken.begin(), broken.end(), instance_id) == broken.end();
    if (is_first && !is_connected({ground_.cloud, ground_.ways, instance_id, {}}))
        return fail(Errc::conflict,
                    "the agent of {} is disconnected as it is, for a reason that is not the lab's: "
                    "nobody could tell the two apart",
                    instance_id);
    return {};
}

void Breaks::start_work(Site& site, Steps steps, Work::Done done) {
    const std::string id = site.instance_id;
    site.kept = kept_beside(site);
    at_work_[id] =
        std::make_unique<Work>(ground_.loop,
                               ground_.hosts,
                               site,
                               std::move(steps),
                               // Not from inside what is about to be destroyed.
                               [this, id, done = std::move(done)](const Result<void>& how) {
                                   ground_.loop.post([this, id, done, how] {
                                       at_work_.erase(id);
                                       done(how);
                                   });
                               });
}

void Breaks::make(const std::string& cause_name,
                  const std::string& instance_id,
                  const HostFacts& host,
                  Answered answered) {
    const auto cause = cause_named(cause_name);
    if (!cause) return answered(fail(cause.error()));
    if (auto may = may_make(**cause, instance_id, host); !may) return answered(fail(may.error()));
    json::Object said = described(**cause);
    said["instance"] = instance_id;
    begin(**cause, instance_id, std::move(said), std::move(answered));
}

void Breaks::make_random(std::uint64_t seed,
                         const std::string& instance_id,
                         const HostFacts& host,
                         Answered answered) {
    std::vector<const Cause*> candidates;
    for (const Cause& cause : catalogue()) {
        if (cause.sign == Sign::disconnected && !cause.obstacle(host)
            && !is_broken(cause, instance_id) && obstacle_to(cause, instance_id) == nullptr)
            candidates.push_back(&cause);
    }
    if (candidates.empty())
        return answered(fail(
            Errc::invalid_input, "nothing that is not broken yet can break on {}", instance_id));
    std::mt19937_64 random(seed);
    const Cause& cause = *candidates[random() % candidates.size()];
    // A refusal must not tell which it would have been.
    if (auto may = may_make(cause, instance_id, host); !may) return answered(fail(may.error()));
    begin(cause, instance_id, {{"instance", instance_id}, {"seed", seed}}, std::move(answered));
}

void Breaks::begin(const Cause& cause,
                   const std::string& instance_id,
                   json::Object said,
                   Answered answered) {
    // Remembered first: whatever becomes of the making, it can be undone.
    Broken& broken = broken_.emplace_back(
        Broken{&cause, {ground_.cloud, ground_.ways, instance_id, {}}, Wall::now()});
    if (const auto* known = broken.site.container_instance())
        broken.site.before[container_instance_member] = known->arn;
    broken.site.before[ghosts_member] = ghosts_before(broken.site);
    start_work(broken.site,
               cause.make(),
               [this, &broken, said = std::move(said), answered = std::move(answered)](
                   const Result<void>& how) {
                   if (how) return answered(said);
                   take_back(broken, how.error(), answered);
               });
}

json::Array Breaks::ghosts_before(const Site& site) const {
    for (const Broken& one : broken_) {
        if (one.site.instance_id == site.instance_id && &one.site != &site)
            return json::array_at(one.site.before, ghosts_member);
    }
    json::Array ghosts;
    for (const auto& [arn, instance] : site.cloud.home().ecs.store().instances) {
        if (instance.ec2_instance_id == site.instance_id && !instance.agent_connected)
            ghosts.emplace_back(arn);
    }
    return ghosts;
}

void Breaks::take_back(Broken& broken, Error why, const Answered& answered) {
    start_work(broken.site,
               broken.cause->undo(broken.site.before),
               [this, &broken, why = std::move(why), answered](const Result<void>& how) {
                   if (!how)
                       return answered(fail(
                           why.code,
                           "it could not be broken, nor put back ({}): `squall lab mend` tries "
                           "again; what failed first: {}",
                           how.error().message,
                           why.message));
                   broken_.remove_if([&](const Broken& one) { return &one == &broken; });
                   answered(fail(why));
               });
}

void Breaks::mend(const std::string& instance_id, Answered answered) {
    if (at_work_.contains(instance_id))
        return answered(fail(Errc::conflict,
                             "{} is being broken or mended at this moment: wait for that",
                             instance_id));
    mend_next({instance_id, {}, {}, {}, {}, std::move(answered)});
}

Breaks::Broken* Breaks::next_to_mend(const Mending& mending) {
    Broken* next = nullptr;
    for (Broken& one : broken_) {
        if (one.site.instance_id != mending.instance_id || mending.failed.contains(&one)) continue;
        if (next == nullptr || rank_in_mending(*one.cause) >= rank_in_mending(*next->cause))
            next = &one;
    }
    return next;
}

void Breaks::mend_next(Mending mending) {
    Broken* const next = next_to_mend(mending);
    if (next == nullptr) return await_agent(std::move(mending));
    Steps steps = next->cause->undo(next->site.before);
    mending.ghosts = json::array_at(next->site.before, ghosts_member);
    start_work(next->site,
               std::move(steps),
               [this, mending = std::move(mending), next](const Result<void>& how) mutable {
                   if (how) {
                       mending.mended.push_back(json::Value(next->cause->name()));
                       broken_.remove_if([&](const Broken& one) { return &one == next; });
                       return mend_next(std::move(mending));
                   }
                   // The others are mended all the same.
                   if (mending.problem.empty()) mending.problem = how.error().message;
                   mending.failed.insert(next);
                   mend_next(std::move(mending));
               });
}

void Breaks::await_agent(Mending mending) {
    if (!mending.problem.empty())
        return mending.answered(fail(
            Errc::failed, "not everything could be mended, say it again: {}", mending.problem));
    json::Object said{{"instance", mending.instance_id}, {"mended", mending.mended}};
    if (mending.mended.empty()) return mending.answered(std::move(said));
    // Nothing is broken any more, and the site is needed for the wait alone.
    const auto site =
        std::make_shared<Site>(Site{ground_.cloud, ground_.ways, mending.instance_id, {}});
    site->before[ghosts_member] = std::move(mending.ghosts);
    start_work(
        *site,
        {Awaited{"its agent is connected", is_connected, agent_patience}, forget_new_ghosts()},
        [site, said = std::move(said), answered = std::move(mending.answered)](
            const Result<void>& how) {
            if (how) return answered(said);
            answered(fail(Errc::timed_out,
                          "nothing is broken there any more, but its agent does not come "
                          "back: {}; look with `squall lab exec {} -- systemctl status ecs`",
                          how.error().message,
                          site->instance_id));
        });
}

} // namespace squall::lab::breaks
