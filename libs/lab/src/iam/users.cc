#include "iam/parameters.h"
#include "iam/service.h"
#include "squall/base/time_text.h"

namespace squall::lab::iam {
namespace {

void write_user(wire::XmlWriter& xml, const Identity& user) {
    xml.leaf("Path", "/");
    xml.leaf("UserName", user.name);
    xml.leaf("UserId", user.id);
    xml.leaf("Arn", user.arn);
    xml.leaf("CreateDate", rfc3339_seconds(user.created));
}

void write_key(wire::XmlWriter& xml, const Identity& user, const AccessKey& key) {
    xml.leaf("UserName", user.name);
    xml.leaf("AccessKeyId", key.credentials.access_key_id);
    xml.leaf("Status", key.is_active ? "Active" : "Inactive");
    xml.leaf("CreateDate", rfc3339_seconds(key.created));
}

} // namespace

Answer Service::create_user(const ApiCall& call) {
    const auto name = name_of(call, "UserName", 64);
    if (!name) return fail(name.error());
    if (auto problem = path_problem(call)) return fail(std::move(*problem));
    if (directory_.users.contains(*name))
        return refuse(
            "EntityAlreadyExists", fmt::format("User with name {} already exists.", *name), 409);
    if (directory_.users.size() >= Directory::users_max)
        return refuse(
            "LimitExceeded",
            fmt::format("Cannot exceed quota for UsersPerAccount: {}", Directory::users_max),
            409);
    const Identity& user = directory_.add_user(*name, call.now);
    return query_answer(call, xmlns, [&](wire::XmlWriter& xml) {
        xml.element("User", [&] { write_user(xml, user); });
    });
}

Answer Service::delete_user(const ApiCall& call) {
    if (auto name = name_of(call, "UserName", 128); !name) return fail(name.error());
    const auto user = user_of(call);
    if (!user) return fail(user.error());
    if (!keys_.keys_of((*user)->arn).empty())
        return delete_conflict("Cannot delete entity, must delete access keys first.");
    if (!(*user)->inline_policies.empty())
        return delete_conflict("Cannot delete entity, must delete policies first.");
    if (!(*user)->attached.empty())
        return delete_conflict("Cannot delete entity, must detach all policies first.");
    directory_.users.erase(directory_.users.find((*user)->name));
    return query_answer(call, xmlns);
}

Answer Service::get_user(const ApiCall& call) {
    const auto user = user_of(call);
    if (!user) return fail(user.error());
    return query_answer(call, xmlns, [&](wire::XmlWriter& xml) {
        xml.element("User", [&] { write_user(xml, **user); });
    });
}

Answer Service::list_users(const ApiCall& call) {
    std::vector<std::string> names;
    names.reserve(directory_.users.size());
    for (const auto& [name, user] : directory_.users)
        names.push_back(name);
    return list_answer(call, "Users", names, [&](wire::XmlWriter& xml, const std::string& name) {
        write_user(xml, directory_.users.find(name)->second);
    });
}

Answer Service::create_access_key(const ApiCall& call) {
    const auto user = user_of(call);
    if (!user) return fail(user.error());
    if (keys_.keys_of((*user)->arn).size() >= keys_of_user_max)
        return refuse(
            "LimitExceeded",
            fmt::format("Cannot exceed quota for AccessKeysPerUser: {}", keys_of_user_max),
            409);
    const AccessKey& key = keys_.add_user_key({(*user)->arn, (*user)->id}, call.now);
    return query_answer(call, xmlns, [&](wire::XmlWriter& xml) {
        xml.element("AccessKey", [&] {
            write_key(xml, **user, key);
            xml.leaf("SecretAccessKey", key.credentials.secret_access_key);
        });
    });
}

Answer Service::update_access_key(const ApiCall& call) {
    const auto user = user_of(call);
    if (!user) return fail(user.error());
    const std::string_view status = call.form.get("Status");
    if (status != "Active" && status != "Inactive")
        return refuse("ValidationError", "Status must be Active or Inactive.");
    const std::string id(call.form.get("AccessKeyId"));
    const AccessKey* key = keys_.find(id);
    if (key == nullptr || key->principal.arn != (*user)->arn)
        return no_such_entity(fmt::format("The Access Key with id {} cannot be found.", id));
    keys_.set_active(id, status == "Active");
    return query_answer(call, xmlns);
}

Answer Service::delete_access_key(const ApiCall& call) {
    const auto user = user_of(call);
    if (!user) return fail(user.error());
    const std::string id(call.form.get("AccessKeyId"));
    const AccessKey* key = keys_.find(id);
    if (key == nullptr || key->principal.arn != (*user)->arn)
        return no_such_entity(fmt::format("The Access Key with id {} cannot be found.", id));
    keys_.remove(id);
    return query_answer(call, xmlns);
}

Answer Service::list_access_keys(const ApiCall& call) {
    const auto user = user_of(call);
    if (!user) return fail(user.error());
    const auto keys = keys_.keys_of((*user)->arn);
    std::vector<std::string> ids;
    ids.reserve(keys.size());
    for (const AccessKey* key : keys)
        ids.push_back(key->credentials.access_key_id);
    return list_answer(
        call, "AccessKeyMetadata", ids, [&](wire::XmlWriter& xml, const std::string& id) {
            write_key(xml, **user, *keys_.find(id));
        });
}

} // namespace squall::lab::iam
