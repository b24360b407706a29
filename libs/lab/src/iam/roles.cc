#include "iam/parameters.h"
#include "iam/service.h"
#include "squall/base/text.h"
#include "squall/base/time_text.h"

namespace squall::lab::iam {
namespace {

constexpr std::int64_t session_min = 3600;
constexpr std::int64_t session_max = 43'200;

void write_role(wire::XmlWriter& xml, const Role& role) {
    xml.leaf("Path", "/");
    xml.leaf("RoleName", role.name);
    xml.leaf("RoleId", role.id);
    xml.leaf("Arn", role.arn);
    xml.leaf("CreateDate", rfc3339_seconds(role.created));
    xml.leaf("AssumeRolePolicyDocument", wire::percent_encoded(role.trust_document));
    if (!role.description.empty()) xml.leaf("Description", role.description);
    xml.leaf("MaxSessionDuration", std::to_string(role.session_max.count()));
}

// IAM takes only users and roles that are there: a mistyped one would be trusted once somebody
// makes it.
std::optional<wire::ServiceError> unknown_principal(const Directory& directory,
                                                    const Policy& trust) {
    for (const auto& statement : trust.statements) {
        for (const auto& principal : statement.principals) {
            const std::string& value = principal.value;
            const std::string name = value.substr(value.rfind('/') + 1);
            const bool is_missing =
                (value.starts_with(directory.arn("user/")) && !directory.users.contains(name))
                || (value.starts_with(directory.arn("role/")) && !directory.roles.contains(name));
            if (principal.type == "AWS" && is_missing)
                return wire::ServiceError{
                    "MalformedPolicyDocument",
                    fmt::format("Invalid principal in policy: \"AWS\":\"{}\"", value),
                    400};
        }
    }
    return std::nullopt;
}

} // namespace

Answer Service::create_role(const ApiCall& call) {
    const auto name = name_of(call, "RoleName", 64);
    if (!name) return fail(name.error());
    if (auto problem = path_problem(call)) return fail(std::move(*problem));
    auto trust = policy_at(call, "AssumeRolePolicyDocument", PolicyKind::trust, trust_policy_max);
    if (!trust) return fail(trust.error());
    if (auto problem = unknown_principal(directory_, trust->policy))
        return fail(std::move(*problem));
    const auto session = call.form.has("MaxSessionDuration")
                             ? to_integer(call.form.get("MaxSessionDuration")).value_or(0)
                             : session_min;
    if (session < session_min || session > session_max)
        return refuse("ValidationError",
                      "MaxSessionDuration must be between 3600 and 43200 seconds.");
    if (directory_.roles.contains(*name))
        return refuse(
            "EntityAlreadyExists", fmt::format("Role with name {} already exists.", *name), 409);
    if (directory_.roles.size() >= Directory::roles_max)
        return refuse(
            "LimitExceeded",
            fmt::format("Cannot exceed quota for RolesPerAccount: {}", Directory::roles_max),
            409);
    Role& role = directory_.add_role(*name, trust->document, call.now);
    role.description = call.form.get("Description");
    role.session_max = Seconds(session);
    return query_answer(call, xmlns, [&](wire::XmlWriter& xml) {
        xml.element("Role", [&] { write_role(xml, role); });
    });
}

Answer Service::delete_role(const ApiCall& call) {
    const auto role = role_of(call);
    if (!role) return fail(role.error());
    if (!(*role)->inline_policies.empty())
        return delete_conflict("Cannot delete entity, must delete policies first.");
    if (!(*role)->attached.empty())
        return delete_conflict("Cannot delete entity, must detach all policies first.");
    directory_.roles.erase(directory_.roles.find((*role)->name));
    return query_answer(call, xmlns);
}

Answer Service::get_role(const ApiCall& call) {
    const auto role = role_of(call);
    if (!role) return fail(role.error());
    return query_answer(call, xmlns, [&](wire::XmlWriter& xml) {
        xml.element("Role", [&] { write_role(xml, **role); });
    });
}

Answer Service::list_roles(const ApiCall& call) {
    std::vector<std::string> names;
    names.reserve(directory_.roles.size());
    for (const auto& [name, role] : directory_.roles)
        names.push_back(name);
    return list_answer(call, "Roles", names, [&](wire::XmlWriter& xml, const std::string& name) {
        write_role(xml, directory_.roles.find(name)->second);
    });
}

Answer Service::update_assume_role_policy(const ApiCall& call) {
    const auto role = role_of(call);
    if (!role) return fail(role.error());
    auto trust = policy_at(call, "PolicyDocument", PolicyKind::trust, trust_policy_max);
    if (!trust) return fail(trust.error());
    if (auto problem = unknown_principal(directory_, trust->policy))
        return fail(std::move(*problem));
    (*role)->trust_document = std::move(trust->document);
    (*role)->trust = std::move(trust->policy);
    return query_answer(call, xmlns);
}

} // namespace squall::lab::iam
