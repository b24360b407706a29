// SSM in memory, and what a client of it, and of its neighbours, works with.
#pragma once

#include "squall/aws/ssm.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace squall::host {

// Stands still until somebody waits for it.
class TestClock final : public Clock {
public:
    [[nodiscard]] SteadyTime now() const override { return now_; }

    [[nodiscard]] WallTime wall() const override {
        return WallTime(std::chrono::seconds(1'795'226'400)) + now_.time_since_epoch();
    }

    bool wait_until(SteadyTime when, std::stop_token stop) override {
        now_ = std::max(now_, when);
        return !stop.stop_requested();
    }

private:
    SteadyTime now_{};
};

// SSM's Run Command in memory: it takes at most fifty hosts at once, knows which it manages, and
// remembers what every host's script came to.
class FakeSsm final : public aws::HttpSender {
public:
    struct Outcome {
        std::string status;
        std::string details;
        int exit_code = -1;
        std::string output;
    };

    Result<wire::HttpResponse> send(const wire::Url& /*server*/,
                                    const wire::HttpRequest& request,
                                    Deadline /*deadline*/,
                                    std::stop_token /*stop*/) override {
        const auto target = wire::header_value(request.headers, "X-Amz-Target");
        const std::string operation(target.substr(target.find('.') + 1));
        const json::Object input = json::parse_object(request.body).value();
        ++calls[operation];
        if (denied.contains(operation))
            return refusal("AccessDeniedException",
                           "User: arn:aws:iam::123456789012:user/test is not authorized to "
                           "perform: ssm:"
                               + operation);
        if (operation == "SendCommand") return send_command(input);
        if (operation == "GetCommandInvocation") return invocation(input);
        if (operation == "ListCommandInvocations") return invocations(input);
        cancelled.emplace_back(json::string_at(input, "CommandId"));
        return wire::HttpResponse{200, {}, ""};
    }

    std::set<std::string> denied; // operations
    std::set<std::string> unmanaged;
    bool names_them = true;             // in the message that refuses them
    std::set<std::string> lost_for;     // a call to one of these gets no answer
    std::set<std::string> forbidden_to; // and to one of these a clear no
    int losses_left = 0;                // so many calls are taken, and their answers lost
    std::map<std::string, Outcome> outcomes;
    std::map<std::string, int> calls;
    std::vector<json::Object> sent; // the commands that were taken
    std::vector<std::string> cancelled;

private:
    static wire::HttpResponse answer(const json::Object& body) {
        return {200, {{"Content-Type", "application/x-amz-json-1.1"}}, json::text(body)};
    }

    static wire::HttpResponse refusal(const std::string& code, const std::string& message) {
        return {400,
                {{"Content-Type", "application/x-amz-json-1.1"}},
                json::text(json::Object{{"__type", code}, {"message", message}})};
    }

    Result<wire::HttpResponse> send_command(const json::Object& input) {
        if (losses_left > 0) {
            --losses_left;
            sent.push_back(input);
            return fail(Errc::unavailable, "the connection was lost");
        }
        std::string unknown;
        const auto& ids = json::array_at(input, "InstanceIds");
        if (ids.size() > 50) return refusal("ValidationException", "more than 50 instances");
        for (const auto& value : ids) {
            const std::string id(json::string_of(value));
            if (lost_for.contains(id)) return fail(Errc::unavailable, "the connection was lost");
            if (forbidden_to.contains(id))
                return refusal("AccessDeniedException",
                               "User: arn:aws:iam::123456789012:user/test is not authorized to "
                               "perform: ssm:SendCommand on resource: *");
            if (unmanaged.contains(id)) unknown += (unknown.empty() ? "" : ", ") + id;
        }
        if (!unknown.empty())
            return refusal("InvalidInstanceId",
                           names_them ? "Instances [[" + unknown + "]] not in a valid state"
                                      : "Instances not in a valid state");
        sent.push_back(input);
        const std::string id = "command-" + std::to_string(sent.size());
        return answer({{"Command", json::Object{{"CommandId", id}}}});
    }

    // Until its agent has taken the command, SSM has no invocation of a host.
    wire::HttpResponse invocation(const json::Object& input) {
        const auto found = outcomes.find(std::string(json::string_at(input, "InstanceId")));
        if (found == outcomes.end()) return refusal("InvocationDoesNotExist", "");
        const Outcome& outcome = found->second;
        return answer({{"CommandId", json::string_at(input, "CommandId")},
                       {"InstanceId", found->first},
                       {"Status", outcome.status},
                       {"StatusDetails", outcome.details},
                       {"ResponseCode", outcome.exit_code},
                       {"StandardOutputContent", outcome.output},
                       {"StandardErrorContent", ""}});
    }

    wire::HttpResponse invocations(const json::Object& input) {
        const std::string command(json::string_at(input, "CommandId"));
        const auto number = static_cast<std::size_t>(std::stoul(command.substr(8)));
        json::Array list;
        for (const auto& value : json::array_at(sent.at(number - 1), "InstanceIds")) {
            const auto found = outcomes.find(std::string(json::string_of(value)));
            const Outcome outcome =
                found == outcomes.end() ? Outcome{"InProgress", "InProgress"} : found->second;
            list.push_back(json::Object{
                {"CommandId", command},
                {"InstanceId", value},
                {"Status", outcome.status},
                {"StatusDetails", outcome.details},
                {"CommandPlugins",
                 json::Array{json::Object{{"Name", "aws:runShellScript"},
                                          {"Status", outcome.status},
                                          {"ResponseCode", outcome.exit_code},
                                          {"Output", outcome.output.substr(0, 2500)}}}}});
        }
        return answer({{"CommandInvocations", list}, {"NextToken", ""}});
    }
};

// A client in us-east-1 of whatever answers.
struct TestClient {
    explicit TestClient(aws::HttpSender& sender)
        : client({sender, credentials, traffic, clock},
                 aws::Endpoints::resolve("us-east-1",
                                         aws::Environment(),
                                         aws::SharedConfig::load(aws::Environment()).value())
                     .value()) {}

    [[nodiscard]] Deadline soon() const { return Deadline::at(clock.now() + Seconds(300)); }

    TestClock clock;
    aws::Traffic traffic{1};
    aws::FixedCredentials credentials{
        {{"AKIDTEST", "secret", ""}, std::nullopt, "the test's own keys"}};
    aws::Client client;
};

} // namespace squall::host
