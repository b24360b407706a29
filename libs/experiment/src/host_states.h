// What a run knows of each of its hosts, and the words and times of it.
#pragma once

#include "squall/base/clock.h"
#include "squall/experiment/fault.h"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace squall::experiment {

struct TaskState {
    TargetTask task;
    bool armed = false;
    std::optional<json::Object> counts; // nothing while the undo has not brought them
    std::int64_t hits = 0;
    json::Object canary;  // what the host itself has got; empty where it did not ask
    std::string ended_by; // what ended its proxy before its time, in a word; else empty

    // The host's own request met the fault.
    [[nodiscard]] bool has_met_canary() const { return json::bool_at(canary, "met"); }
};

struct HostState {
    Target target;
    std::map<std::string, TaskState> tasks; // by id; of all waves
    // What the host has said of the order; nothing while it has not.
    std::optional<HostReport::Did> answer;
    bool ordered = false;        // the intent is in the journal: it may have been told
    bool may_hold = false;       // it may have the fault now: it has to be undone
    bool undo_confirmed = false; // the host has said that the undo is done
    std::optional<WallTime> sent_at;
    std::optional<WallTime> injected_at; // when we heard that it is done
    std::optional<WallTime> affected_at; // when the effect was seen
    std::optional<WallTime> revert_sent_at;
    std::optional<WallTime> reverted_at;  // when we heard that it is undone
    std::optional<WallTime> recovered_at; // when it was seen to be well again
    std::optional<WallTime> stop_ran_at;  // by the host's clock, to the second
    std::optional<WallTime> start_ran_at; // by the host's clock; unknown where its own timer did it
    std::string why_not;                  // nothing was done there; empty where it was
    std::string no_answer;                // why it is not known what was done; empty where it is
    bool silent = false; // its order is over and it said nothing: it may have followed it
    bool gone = false;
    bool unseen = false; // at the end it could not be looked at: whether it is well is not known
    bool back_early = false; // seen well again before its undo: somebody else's doing
    std::optional<std::int64_t> tasks_during; // the fewest that were seen
    std::optional<std::int64_t> tasks_after;

    [[nodiscard]] bool is_injected() const { return answer == HostReport::Did::injected; }

    // The host is told of a wave, and maybe not of its first: what is known of its tasks stays.
    void begin_wave();

    // Only then is what is seen of it our doing.
    [[nodiscard]] bool should_show() const { return is_injected() || (silent && may_hold); }

    // How long running tasks could not renew their role's credentials: from the stop of the agent
    // to its start, on the host.
    [[nodiscard]] std::optional<Seconds> credentials_cut_off() const;

    [[nodiscard]] json::Object to_json() const;
};

class HostStates {
public:
    explicit HostStates(const Plan& plan);

    [[nodiscard]] HostState& at(const std::string& instance_id) { return hosts_.at(instance_id); }

    [[nodiscard]] std::map<std::string, HostState>& all() { return hosts_; }

    [[nodiscard]] const std::map<std::string, HostState>& all() const { return hosts_; }

    // Some host that may have had the fault has not been seen well again since.
    [[nodiscard]] bool owes_recovery() const;

    // Null where no host has this container instance ARN.
    [[nodiscard]] HostState* by_arn(const std::string& arn);

    // These instances by the shell of their hosts: each shell has scripts of its own.
    [[nodiscard]] std::map<host::Shell, std::vector<std::string>>
    by_shell(const std::vector<std::string>& instance_ids) const;

    template <class Condition>
    [[nodiscard]] std::vector<std::string> ids_where(const Condition& condition) const {
        std::vector<std::string> ids;
        for (const auto& [id, host] : hosts_) {
            if (condition(host)) ids.push_back(id);
        }
        return ids;
    }

    template <class Condition>
    [[nodiscard]] std::size_t count_where(const Condition& condition) const {
        return ids_where(condition).size();
    }

    // Over all tasks of all hosts.
    template <class Take>
    void for_each_task(const Take& take) const {
        for (const auto& [id, host] : hosts_) {
            for (const auto& [task_id, task] : host.tasks)
                take(task);
        }
    }

private:
    std::map<std::string, HostState> hosts_; // by instance id: those that the plan injects
    std::map<std::string, std::string, std::less<>> id_of_arn_;
};

} // namespace squall::experiment
