// What is broken in a lab on purpose, so that somebody may find out why an agent is disconnected:
// made true here, remembered here, and undone here. The hosts know nothing of it. Runs on the
// loop's thread.
#pragma once

#include "breaks/cause.h"
#include "breaks/work.h"

#include <list>
#include <set>

namespace squall::lab::breaks {

class Breaks {
public:
    // Everything outlives this.
    struct Ground {
        transport::Loop& loop;
        Cloud& cloud;
        Hosts& hosts;
        Ways& ways;
    };

    using Answered = std::function<void(Result<json::Object> answer)>;

    explicit Breaks(Ground ground) : ground_(ground) {}

    // {"causes": [{"cause", "summary", "sign"}]}
    [[nodiscard]] static json::Object list();
    // {"broken": [{"cause", "summary", "sign", "instance", "since"}]}, oldest first.
    [[nodiscard]] json::Object show() const;

    // Makes a cause true on a host, named by EC2 instance id. `answered` gets {"instance", "cause",
    // "summary", "sign"} when it is.
    void make(const std::string& cause_name,
              const std::string& instance_id,
              const HostFacts& host,
              Answered answered);
    // One that chance picks, of those that disconnect an agent: {"instance", "seed"}, and not a
    // word more. The same for the same seed.
    void make_random(std::uint64_t seed,
                     const std::string& instance_id,
                     const HostFacts& host,
                     Answered answered);
    // Undoes all that is broken on a host, the last first, but before all else what keeps the agent
    // or Docker stopped or suspended, so that the rest finds them running, and after all else what
    // makes the host another container instance, which the rest still puts back to what it was.
    // Waits until its agent is connected; then ECS knows no other container instance of the host
    // than that one and those that were disconnected before it was broken:
    // {"instance", "mended": [causes]}. Where nothing is broken nothing happens.
    void mend(const std::string& instance_id, Answered answered);

    // Where something is broken.
    [[nodiscard]] std::vector<std::string> broken_instances() const;

private:
    struct Broken {
        const Cause* cause = nullptr;
        Site site;
        WallTime since;
    };

    // One host's mending on its way.
    struct Mending {
        std::string instance_id;
        json::Array mended;
        json::Array ghosts; // that were there before
        std::string problem;
        std::set<const Broken*> failed;
        Answered answered;
    };

    [[nodiscard]] Result<void>
    may_make(const Cause& cause, const std::string& instance_id, const HostFacts& host) const;
    // Of the causes that are true there one beside which this one cannot be made true.
    [[nodiscard]] const Cause* obstacle_to(const Cause& cause,
                                           const std::string& instance_id) const;
    // By all that is true there but what is made or undone itself.
    [[nodiscard]] Kept kept_beside(const Site& site) const;
    [[nodiscard]] bool is_broken(const Cause& cause, const std::string& instance_id) const;
    void
    begin(const Cause& cause, const std::string& instance_id, json::Object said, Answered answered);
    void take_back(Broken& broken, Error why, const Answered& answered);
    // Container instances of the host whose agents were gone before anything was broken there:
    // ARNs.
    [[nodiscard]] json::Array ghosts_before(const Site& site) const;
    [[nodiscard]] Broken* next_to_mend(const Mending& mending);
    void mend_next(Mending mending);
    void await_agent(Mending mending);
    void start_work(Site& site, Steps steps, Work::Done done);

    Ground ground_;
    std::list<Broken> broken_;                             // oldest first
    std::map<std::string, std::unique_ptr<Work>> at_work_; // by instance id
};

} // namespace squall::lab::breaks
