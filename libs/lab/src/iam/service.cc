#include "iam/service.h"

#include "iam/parameters.h"

namespace squall::lab::iam {

std::optional<Answer> Service::call(const ApiCall& call) {
    static const OperationTable<Service> operations{
        {"CreateUser", &Service::create_user},
        {"DeleteUser", &Service::delete_user},
        {"GetUser", &Service::get_user},
        {"ListUsers", &Service::list_users},
        {"CreateAccessKey", &Service::create_access_key},
        {"UpdateAccessKey", &Service::update_access_key},
        {"DeleteAccessKey", &Service::delete_access_key},
        {"ListAccessKeys", &Service::list_access_keys},
        {"CreateRole", &Service::create_role},
        {"DeleteRole", &Service::delete_role},
        {"GetRole", &Service::get_role},
        {"ListRoles", &Service::list_roles},
        {"UpdateAssumeRolePolicy", &Service::update_assume_role_policy},
        {"PutUserPolicy", &Service::put_policy},
        {"PutRolePolicy", &Service::put_policy},
        {"GetUserPolicy", &Service::get_policy_of},
        {"GetRolePolicy", &Service::get_policy_of},
        {"DeleteUserPolicy", &Service::delete_policy_of},
        {"DeleteRolePolicy", &Service::delete_policy_of},
        {"ListUserPolicies", &Service::list_policies_of},
        {"ListRolePolicies", &Service::list_policies_of},
        {"CreatePolicy", &Service::create_policy},
        {"DeletePolicy", &Service::delete_policy},
        {"GetPolicy", &Service::get_policy},
        {"GetPolicyVersion", &Service::get_policy_version},
        {"ListPolicies", &Service::list_policies},
        {"AttachUserPolicy", &Service::attach_policy},
        {"AttachRolePolicy", &Service::attach_policy},
        {"DetachUserPolicy", &Service::detach_policy},
        {"DetachRolePolicy", &Service::detach_policy},
        {"ListAttachedUserPolicies", &Service::list_attached_policies},
        {"ListAttachedRolePolicies", &Service::list_attached_policies},
    };
    return call_operation(*this, operations, call);
}

Result<Identity*, wire::ServiceError> Service::user_of(const ApiCall& call) {
    if (call.form.get("UserName").empty()) {
        const auto caller = directory_.users.find(
            std::string_view(call.caller.arn).substr(call.caller.arn.rfind('/') + 1));
        if (caller != directory_.users.end() && caller->second.arn == call.caller.arn)
            return &caller->second;
        return refuse("ValidationError",
                      "Must specify userName when calling with non-User credentials");
    }
    const auto name = name_of(call, "UserName", 128);
    if (!name) return fail(name.error());
    const auto found = directory_.users.find(*name);
    if (found == directory_.users.end())
        return no_such_entity(fmt::format("The user with name {} cannot be found.", *name));
    return &found->second;
}

Result<Role*, wire::ServiceError> Service::role_of(const ApiCall& call) {
    const auto name = name_of(call, "RoleName", 64);
    if (!name) return fail(name.error());
    const auto found = directory_.roles.find(*name);
    if (found == directory_.roles.end())
        return no_such_entity(fmt::format("The role with name {} cannot be found.", *name));
    return &found->second;
}

Result<Identity*, wire::ServiceError> Service::holder_of(const ApiCall& call) {
    if (call.form.has("RoleName")) {
        const auto role = role_of(call);
        if (!role) return fail(role.error());
        return *role;
    }
    if (auto name = name_of(call, "UserName", 128); !name) return fail(name.error());
    return user_of(call);
}

} // namespace squall::lab::iam
