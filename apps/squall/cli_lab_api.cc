#include "cli_lab_api.h"

#include "squall/base/text.h"

#include <CLI/CLI.hpp>

namespace squall::app {
namespace {

// An option whose text goes into the order as it is; what it may say, the lab knows.
void add_text(CLI::App& command,
              json::Object& order,
              const char* member,
              const char* name,
              const char* summary,
              bool is_required = false) {
    command
        .add_option_function<std::string>(
            name, [&order, member](const std::string& text) { order[member] = text; }, summary)
        ->required(is_required);
}

void add_integer(CLI::App& command,
                 json::Object& order,
                 const char* member,
                 const char* name,
                 const char* summary) {
    command.add_option_function<std::int64_t>(
        name, [&order, member](const std::int64_t& count) { order[member] = count; }, summary);
}

// "30%" and "30" are the same.
void add_share(CLI::App& command, json::Object& order) {
    command.add_option_function<std::string>(
        "--share",
        [&order](const std::string& text) {
            std::string_view digits = text;
            if (digits.ends_with('%')) digits.remove_suffix(1);
            const auto percent = to_integer(digits);
            if (!percent || *percent < 1 || *percent > 100)
                throw CLI::ValidationError("--share", "'" + text + "' is not 1% to 100%");
            order["share"] = *percent;
        },
        "only so many of a hundred calls, picked at random: 30%");
}

void add_break(CLI::App& command, json::Object& order) {
    add_text(command,
             order,
             "calls",
             "CALLS",
             "which: ssm:SendCommand, ecs:Describe*, ecs:*, or *; what ECS and SSM agents call is "
             "meant only where it is named (ecs:Poll, ec2messages:*)",
             /*is_required=*/true);
    add_text(command,
             order,
             "how",
             "HOW",
             "500, 503, throttle, slow=3s, hang, hang=30s, lost-request, lost-answer, garbage, "
             "half-answer, or an error code of AWS such as AccessDeniedException",
             /*is_required=*/true);
    add_integer(command, order, "times", "--times", "only so many calls, then it is well again");
    add_share(command, order);
    add_integer(command, order, "seed", "--seed", "pick the same calls again, with --share");
    add_text(command, order, "for", "--for", "only so long: 60s");
    add_text(command,
             order,
             "caller",
             "--caller",
             "only calls of this user, role or role session, such as an instance's id");
}

} // namespace

void add_lab_api(CLI::App& lab, LabApiCommand& into, const std::function<void()>& chosen) {
    CLI::App* api = lab.add_subcommand("api", "give its AWS endpoint a bad day");
    api->require_subcommand(1);
    const auto add = [&](const char* name, std::string verb, const char* summary) {
        CLI::App* command = api->add_subcommand(name, summary);
        command->add_flag("--json", into.as_json, "machine-readable output");
        command->final_callback([&into, chosen, verb = std::move(verb)] {
            into.verb = verb;
            chosen();
        });
        return command;
    };
    add("show", "", "show what is broken, and whether calls are throttled");
    add_break(*add("break", "break", "make calls fail, hang, or be slow"), into.order);
    add_integer(*add("mend", "mend", "mend what was broken"),
                into.order,
                "id",
                "ID",
                "its number; everything where none is given");
    add("throttle", "throttling", "hold callers to AWS's request rates, or no longer")
        ->add_option_function<std::string>(
            "STATE",
            [&into](const std::string& state) { into.order["on"] = state == "on"; },
            "on or off")
        ->required()
        ->check(CLI::IsMember({"on", "off"}));
    add_text(*add("expire", "expire", "let the temporary credentials of a role expire now"),
             into.order,
             "role",
             "ROLE",
             "the role's name",
             /*is_required=*/true);
}

} // namespace squall::app
