// Who the host is for ECS, and who it says that it is.
#include "breaks/families.h"
#include "breaks/scripts.h"
#include "breaks/units.h"
#include "squall/base/text.h"

namespace squall::lab::breaks {
namespace {

Result<void> no_instance(const Site& site) {
    return fail(Errc::not_found, "{} is no EC2 instance any more", site.instance_id);
}

Step deregister() {
    return InCloud{[](Site& site) {
        forget_registrations(site, {});
        return Result<void>();
    }};
}

// The host registers anew, as one that has just been launched; nothing of its old tasks is left.
Steps register_anew() {
    return {stop_agent(),
            deregister(),
            script(remove_saved_state()),
            start_docker(),
            script(remove_task_containers()),
            start_agent()};
}

constexpr Cause instance_deregistered{
    "INSTANCE_DEREGISTERED",
    "",
    "the container instance is deregistered by force, and its agent goes on with what it was",
    Need::nothing,
    Sign::disconnected,
    [] { return Steps{deregister()}; },
    [](const json::Object&) { return register_anew(); },
    Keeps::nothing,
    /*boots_host=*/false,
    /*registers_anew=*/true};

constexpr std::string_view other_type = "m5.large";

// An instance's type can be changed while it is stopped, and not otherwise.
Steps change_type(const std::string& type) {
    const auto is = [](std::string_view state) {
        return [state](Site& site) {
            return site.ec2() == nullptr || site.ec2()->state == state;
        };
    };
    return {InCloud{[type](Site& site) -> Result<void> {
                if (site.ec2() == nullptr) return no_instance(site);
                if (site.ec2()->type != type)
                    site.cloud.home().ec2.stop(site.instance_id, Wall::now());
                return {};
            }},
            Awaited{"EC2 has stopped it",
                    [type, is_stopped = is("stopped")](Site& site) {
                        return is_stopped(site) || site.ec2()->type == type;
                    }},
            InCloud{[type](Site& site) -> Result<void> {
                if (site.ec2() == nullptr) return no_instance(site);
                if (!site.before.contains("type")) site.before["type"] = site.ec2()->type;
                site.ec2()->type = type;
                site.cloud.home().ec2.start(site.instance_id, Wall::now());
                return {};
            }},
            Awaited{"EC2 has started it", is("running")}};
}

constexpr Cause instance_type_changed{
    "INSTANCE_TYPE_CHANGED",
    "",
    "the EC2 instance is stopped, made one of another type, and started",
    Need::ec2,
    Sign::disconnected,
    [] { return change_type(std::string(other_type)); },
    [](const json::Object& before) {
        Steps steps;
        if (before.contains("type"))
            steps = change_type(std::string(json::string_at(before, "type")));
        steps.push_back(start_agent());
        // Somebody may have registered it anew as what it was made.
        steps.push_back(restart_agent());
        return steps;
    },
    Keeps::nothing,
    /*boots_host=*/true};

constexpr Cause stale_identity{
    "STALE_IDENTITY",
    "",
    "the agent's saved state is that of another EC2 instance, as on an image with state in it",
    Need::ec2,
    Sign::ghost,
    [] {
        return Steps{
            stop_agent(), script(rename_saved_instance("i-0" + random_hex(16))), restart_agent()};
    },
    [](const json::Object&) { return register_anew(); },
    Keeps::nothing,
    /*boots_host=*/false,
    /*registers_anew=*/true};

} // namespace

std::vector<Cause> identity_causes() {
    return {instance_deregistered, instance_type_changed, stale_identity};
}

} // namespace squall::lab::breaks
