#include "squall/host/remote_command.h"

#include <algorithm>
#include <regex>

namespace squall::host {
namespace {

// 2,500 characters are listed, with the words that say so.
constexpr std::size_t cut_short_from = 2400;

HostResult::State state_of(const aws::CommandInvocation& invocation) {
    if (!invocation.is_over()) return HostResult::State::sent;
    if (invocation.status == "Success") return HostResult::State::succeeded;
    // It did run when there is an exit code, or when SSM says that the script itself failed or took
    // too long.
    const std::string& details = invocation.status_details;
    if (details == "Failed" || details == "ExecutionTimedOut" || details == "InvalidPlatform"
        || details == "AccessDenied")
        return HostResult::State::failed;
    return HostResult::State::lost;
}

} // namespace

std::vector<std::string> instance_ids_in(std::string_view text) {
    static const std::regex pattern("\\bm?i-[0-9a-f]{8,17}\\b");
    const std::string owned(text);
    std::vector<std::string> ids;
    for (std::sregex_iterator match(owned.begin(), owned.end(), pattern), end; match != end;
         ++match)
        ids.push_back(match->str());
    return ids;
}

aws::Outcome<void> RemoteCommand::send(const std::vector<std::string>& instance_ids,
                                       const Script& script,
                                       Deadline deadline,
                                       std::stop_token stop) {
    for (std::size_t from = 0; from < instance_ids.size();
         from += aws::SendCommandRequest::instances_max) {
        const auto to =
            std::min(instance_ids.size(), from + aws::SendCommandRequest::instances_max);
        const auto first = instance_ids.begin() + static_cast<std::ptrdiff_t>(from);
        auto sent = send_batch({first, instance_ids.begin() + static_cast<std::ptrdiff_t>(to)},
                               script,
                               deadline,
                               stop);
        if (!sent) return sent;
    }
    return {};
}

aws::Outcome<void> RemoteCommand::send_batch(std::vector<std::string> instance_ids,
                                             const Script& script,
                                             Deadline deadline,
                                             const std::stop_token& stop) {
    while (!instance_ids.empty()) {
        aws::SendCommandRequest request;
        request.document_name = document_of(script.shell);
        request.instance_ids = instance_ids;
        request.parameters = {{"commands", {script.text}},
                              {"executionTimeout", {std::to_string(script.time_limit.count())}}};
        request.comment = script.comment;
        const auto sent = ssm_.send_command(request, deadline, stop);
        if (sent) {
            for (const auto& id : instance_ids) {
                results_[id] = HostResult{};
                results_[id].command_id = *sent;
            }
            open_commands_.insert(*sent);
            return {};
        }
        if (sent.error().code != "InvalidInstanceId") {
            const bool is_clear_no = sent.error().status >= 400 && sent.error().status < 500
                                     && !sent.error().may_have_arrived;
            if (!is_clear_no) uncertain_.insert(instance_ids.begin(), instance_ids.end());
            return fail(sent.error());
        }
        // One id that SSM does not take refuses the whole call: again without those it names.
        const auto named = instance_ids_in(sent.error().message);
        const auto is_named = [&](const std::string& id) {
            return std::find(named.begin(), named.end(), id) != named.end();
        };
        const auto kept =
            std::stable_partition(instance_ids.begin(),
                                  instance_ids.end(),
                                  [&](const std::string& id) { return !is_named(id); });
        // It names none of ours, or there is only one that it can mean.
        if (kept == instance_ids.end() && instance_ids.size() > 1) return fail(sent.error());
        const auto refused_from = kept == instance_ids.end() ? instance_ids.begin() : kept;
        for (auto id = refused_from; id != instance_ids.end(); ++id) {
            results_[*id].state = HostResult::State::refused;
            results_[*id].details = sent.error().message;
        }
        instance_ids.erase(refused_from, instance_ids.end());
    }
    return {};
}

aws::Outcome<std::vector<std::string>> RemoteCommand::look(Deadline deadline,
                                                           std::stop_token stop) {
    for (auto command = open_commands_.begin(); command != open_commands_.end();) {
        const auto invocations = invocations_of(*command, deadline, stop);
        if (!invocations) return fail(invocations.error());
        for (const auto& invocation : *invocations) {
            const auto known = results_.find(invocation.instance_id);
            if (known == results_.end() || known->second.command_id != *command
                || known->second.is_over() || !invocation.is_over())
                continue;
            HostResult& result = known->second;
            result.state = state_of(invocation);
            result.details = invocation.status_details;
            result.exit_code = invocation.response_code;
            result.output = invocation.output;
            complete(result, invocation.instance_id, deadline, stop);
            untold_.push_back(invocation.instance_id);
        }
        const bool over = std::all_of(results_.begin(), results_.end(), [&](const auto& entry) {
            return entry.second.command_id != *command || entry.second.is_over();
        });
        command = over ? open_commands_.erase(command) : std::next(command);
    }
    return std::exchange(untold_, {});
}

// A list cuts what a host says short; asked for by itself, the same answer is ten times as long.
// Where that is not to be had, the beginning is better than nothing.
void RemoteCommand::complete(HostResult& result,
                             const std::string& instance_id,
                             Deadline deadline,
                             const std::stop_token& stop) {
    if (!may_list_ || result.output.size() < cut_short_from) return;
    auto whole = ssm_.get_command_invocation(result.command_id, instance_id, {}, deadline, stop);
    if (whole && whole->output.size() > result.output.size())
        result.output = std::move(whole->output);
}

aws::Outcome<std::vector<aws::CommandInvocation>> RemoteCommand::invocations_of(
    const std::string& command_id, Deadline deadline, const std::stop_token& stop) {
    if (!may_list_) return ask_each(command_id, deadline, stop);
    auto listed = ssm_.list_command_invocations(command_id, /*with_details=*/true, deadline, stop);
    if (listed || listed.error().kind != Errc::denied) return listed;
    auto asked = ask_each(command_id, deadline, stop);
    // Who may do neither is told of the one that suffices.
    if (!asked && asked.error().kind == Errc::denied) return fail(listed.error());
    may_list_ = false;
    return asked;
}

aws::Outcome<std::vector<aws::CommandInvocation>> RemoteCommand::ask_each(
    const std::string& command_id, Deadline deadline, const std::stop_token& stop) {
    std::vector<aws::CommandInvocation> invocations;
    for (const auto& [id, result] : results_) {
        if (result.command_id != command_id || result.is_over()) continue;
        auto invocation = ssm_.get_command_invocation(command_id, id, {}, deadline, stop);
        if (invocation)
            invocations.push_back(std::move(*invocation));
        else if (invocation.error().code != "InvocationDoesNotExist") // which may still come
            return fail(invocation.error());
    }
    return invocations;
}

aws::Outcome<void> RemoteCommand::cancel(Deadline deadline, std::stop_token stop) {
    for (const auto& command : open_commands_) {
        auto cancelled = ssm_.cancel_command(command, {}, deadline, stop);
        if (!cancelled) return cancelled;
    }
    return {};
}

bool RemoteCommand::is_over() const {
    return std::all_of(
        results_.begin(), results_.end(), [](const auto& entry) { return entry.second.is_over(); });
}

} // namespace squall::host
