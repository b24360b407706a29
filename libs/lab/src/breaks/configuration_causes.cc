// What /etc/ecs/ecs.config says.
#include "breaks/families.h"
#include "breaks/scripts.h"
#include "breaks/units.h"

namespace squall::lab::breaks {
namespace {

Steps change_and_restart(std::string_view name, std::string_view value) {
    return {script(change_setting(name, value), std::string(name)), restart_agent()};
}

Steps restore_and_restart(std::string_view name, const json::Object& before) {
    return {script(restore_setting(name, json::string_at(before, name))),
            start_agent(),
            restart_agent()};
}

// Else the agent would look for the other region's endpoint. Prints the line that there was.
std::string keep_endpoint() {
    return fmt::format(
        "file={}\ngrep -m 1 '^ECS_BACKEND_HOST=' \"$file\" && exit 0\n"
        "region=$(sed -n 's/^AWS_DEFAULT_REGION=//p' \"$file\" | tail -n 1)\n"
        "printf 'ECS_BACKEND_HOST=https://ecs.%s.amazonaws.com\\n' \"$region\" >>\"$file\"\n",
        agent_configuration);
}

constexpr Cause cluster_mismatch{
    "CLUSTER_MISMATCH",
    "",
    "ECS_CLUSTER names another cluster than the one that the agent's saved state is of",
    Need::nothing,
    Sign::disconnected,
    [] { return change_and_restart("ECS_CLUSTER", "batch"); },
    [](const json::Object& before) {
        return restore_and_restart("ECS_CLUSTER", before);
    }};

constexpr Cause cluster_not_found{
    "CLUSTER_NOT_FOUND",
    "",
    "ECS_CLUSTER names a cluster that does not exist, on a host without saved state",
    Need::nothing,
    Sign::disconnected,
    [] {
        return Steps{stop_agent(),
                     script(print_saved_state(), "state"),
                     script(remove_saved_state()),
                     script(change_setting("ECS_CLUSTER", "batch-2024"), "ECS_CLUSTER"),
                     restart_agent()};
    },
    [](const json::Object& before) {
        return Steps{stop_agent(),
                     script(restore_setting("ECS_CLUSTER", json::string_at(before, "ECS_CLUSTER"))),
                     script(put_saved_state(json::string_at(before, "state"))),
                     // Somebody may have made a cluster of that name.
                     forget_other_registrations(),
                     start_agent()};
    }};

constexpr Cause invalid_attribute{
    "INVALID_ATTRIBUTE",
    "",
    "ECS_INSTANCE_ATTRIBUTES has an attribute whose name has characters that ECS does not take",
    Need::nothing,
    Sign::disconnected,
    [] { return change_and_restart("ECS_INSTANCE_ATTRIBUTES", R"({"rack #4":"r12"})"); },
    [](const json::Object& before) {
        return restore_and_restart("ECS_INSTANCE_ATTRIBUTES", before);
    }};

constexpr Cause invalid_tag{
    "INVALID_TAG",
    "",
    "ECS_CONTAINER_INSTANCE_TAGS has a tag whose key begins with aws:",
    Need::nothing,
    Sign::disconnected,
    [] { return change_and_restart("ECS_CONTAINER_INSTANCE_TAGS", R"({"aws:owner":"platform"})"); },
    [](const json::Object& before) {
        return restore_and_restart("ECS_CONTAINER_INSTANCE_TAGS", before);
    }};

// Each of its own, and one more than a resource may have.
std::string many_tags() {
    constexpr int count = 51;
    std::string tags;
    for (int number = 1; number <= count; ++number)
        tags += fmt::format("{}\"cost-center-{}\":\"{}\"", number == 1 ? "{" : ",", number, number);
    return tags + "}";
}

constexpr Cause invalid_parameter{
    "INVALID_PARAMETER",
    "",
    "ECS_CONTAINER_INSTANCE_TAGS has 51 tags, and a resource can have 50",
    Need::nothing,
    Sign::disconnected,
    [] { return change_and_restart("ECS_CONTAINER_INSTANCE_TAGS", many_tags()); },
    [](const json::Object& before) {
        return restore_and_restart("ECS_CONTAINER_INSTANCE_TAGS", before);
    }};

constexpr Cause reserved_memory{
    "RESERVED_MEMORY",
    "",
    "ECS_RESERVED_MEMORY asks for more memory than the host has",
    Need::nothing,
    Sign::disconnected,
    [] { return change_and_restart("ECS_RESERVED_MEMORY", "16777216"); },
    [](const json::Object& before) {
        return restore_and_restart("ECS_RESERVED_MEMORY", before);
    }};

constexpr Cause data_dir{"DATA_DIR",
                         "",
                         "ECS_DATADIR names a folder that does not exist",
                         Need::nothing,
                         Sign::disconnected,
                         [] { return change_and_restart("ECS_DATADIR", "/data"); },
                         [](const json::Object& before) {
                             return restore_and_restart("ECS_DATADIR", before);
                         }};

constexpr Cause region_mismatch{
    "REGION_MISMATCH",
    "",
    "AWS_DEFAULT_REGION is another region than the one whose endpoint the agent calls",
    Need::nothing,
    Sign::disconnected,
    [] {
        Steps steps = change_and_restart("AWS_DEFAULT_REGION", "eu-central-1");
        steps.insert(steps.begin(), script(keep_endpoint(), "ECS_BACKEND_HOST"));
        return steps;
    },
    [](const json::Object& before) {
        Steps steps = restore_and_restart("AWS_DEFAULT_REGION", before);
        steps.insert(steps.begin(),
                     script(restore_setting("ECS_BACKEND_HOST",
                                            json::string_at(before, "ECS_BACKEND_HOST"))));
        return steps;
    }};

constexpr Cause region_missing{
    "REGION_MISSING",
    "",
    "AWS_DEFAULT_REGION is not set, and there is no instance metadata to tell the region",
    Need::ec2,
    Sign::disconnected,
    [] {
        return Steps{script(change_setting("AWS_DEFAULT_REGION", ""), "AWS_DEFAULT_REGION"),
                     switch_metadata(/*is_on=*/false),
                     restart_agent()};
    },
    [](const json::Object& before) {
        Steps steps = restore_and_restart("AWS_DEFAULT_REGION", before);
        steps.insert(steps.begin(), switch_metadata(/*is_on=*/true));
        return steps;
    }};

} // namespace

std::vector<Cause> configuration_causes() {
    return {cluster_mismatch,
            cluster_not_found,
            invalid_attribute,
            invalid_tag,
            invalid_parameter,
            reserved_memory,
            data_dir,
            region_mismatch,
            region_missing};
}

} // namespace squall::lab::breaks
