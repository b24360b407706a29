// One script on many hosts, through SSM Run Command: sent in batches, looked after by a few calls a
// round. Only where ssm:ListCommandInvocations is denied, or cuts an answer short, is a host asked
// for by itself. The
// script has to be short: an SSM agent runs five commands at a time.
//
// Belongs to one thread. The SSM client must outlive it.
#pragma once

#include "squall/aws/ssm.h"
#include "squall/host/shell.h"

#include <map>
#include <set>
#include <string>
#include <vector>

namespace squall::host {

// What became of the script on one host.
struct HostResult {
    // sent: SSM has it, nothing is known yet. refused: SSM would not take it for this host.
    // succeeded: it ran and exited with 0. failed: it ran and did not, or could not be run. lost:
    // SSM gave up on it (the host did not answer in time, or it was cancelled): whether it ran is
    // not known.
    enum class State { sent, refused, succeeded, failed, lost };

    State state = State::sent;
    std::string command_id;
    std::string details; // SSM's own word: Success, Failed, DeliveryTimedOut, Undeliverable, …
    int exit_code = -1;
    std::string output; // what the script printed, 24,000 characters at the most

    [[nodiscard]] bool is_over() const { return state != State::sent; }
};

struct Script {
    std::string text;
    std::string comment;     // shown in the SSM console; 100 characters
    Seconds time_limit{100}; // SSM kills it after this
    Shell shell = Shell::posix;
};

class RemoteCommand {
public:
    explicit RemoteCommand(aws::Ssm& ssm) : ssm_(ssm) {}

    // Sends to all of these instances. Hosts that SSM refuses by name are marked and the others are
    // sent to again. An error means that not all hosts were sent to: results() tells which were,
    // uncertain() which may have been.
    [[nodiscard]] aws::Outcome<void> send(const std::vector<std::string>& instance_ids,
                                          const Script& script,
                                          Deadline deadline,
                                          std::stop_token stop);

    // Looks once after what is not over. Returns the hosts with news; those that an error kept back
    // come with the next look.
    [[nodiscard]] aws::Outcome<std::vector<std::string>> look(Deadline deadline,
                                                              std::stop_token stop);

    // Takes back what has not begun. Best effort.
    [[nodiscard]] aws::Outcome<void> cancel(Deadline deadline, std::stop_token stop);

    // By instance id; a host that send() never got to is not in it.
    [[nodiscard]] const std::map<std::string, HostResult>& results() const { return results_; }

    [[nodiscard]] bool is_over() const;

    // Hosts of a call that failed without a clear answer (a timeout, a 500): they may have been
    // sent to.
    [[nodiscard]] const std::set<std::string>& uncertain() const { return uncertain_; }

private:
    aws::Outcome<void> send_batch(std::vector<std::string> instance_ids,
                                  const Script& script,
                                  Deadline deadline,
                                  const std::stop_token& stop);

    void complete(HostResult& result,
                  const std::string& instance_id,
                  Deadline deadline,
                  const std::stop_token& stop);
    aws::Outcome<std::vector<aws::CommandInvocation>>
    invocations_of(const std::string& command_id, Deadline deadline, const std::stop_token& stop);
    aws::Outcome<std::vector<aws::CommandInvocation>>
    ask_each(const std::string& command_id, Deadline deadline, const std::stop_token& stop);

    aws::Ssm& ssm_;
    bool may_list_ = true;
    std::map<std::string, HostResult> results_;
    std::set<std::string> open_commands_;
    std::set<std::string> uncertain_;
    std::vector<std::string> untold_; // news
};

// The instance ids (i-…, mi-…) that a text of SSM's names.
[[nodiscard]] std::vector<std::string> instance_ids_in(std::string_view text);

} // namespace squall::host
