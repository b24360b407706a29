#include "iam/parameters.h"
#include "iam/service.h"

namespace squall::lab::iam {
namespace {

bool is_of_role(const ApiCall& call) { return call.form.has("RoleName"); }

tl::unexpected<wire::ServiceError> no_such_policy(const ApiCall& call, const std::string& name) {
    return no_such_entity(fmt::format(
        "The {} policy with name {} cannot be found.", is_of_role(call) ? "role" : "user", name));
}

} // namespace

Answer Service::put_policy(const ApiCall& call) {
    const auto holder = holder_of(call);
    if (!holder) return fail(holder.error());
    const auto name = name_of(call, "PolicyName", 128);
    if (!name) return fail(name.error());
    const std::size_t size_max = is_of_role(call) ? role_policies_max : user_policies_max;
    auto read = policy_at(call, "PolicyDocument", PolicyKind::identity, Policy::document_max);
    if (!read) return fail(read.error());
    std::size_t size = policy_size(read->document);
    for (const auto& [other, policy] : (*holder)->inline_policies) {
        if (other != *name) size += policy_size(policy.document);
    }
    if (size > size_max)
        return refuse("LimitExceeded",
                      fmt::format("Maximum policy size of {} bytes exceeded for {} {}",
                                  size_max,
                                  is_of_role(call) ? "role" : "user",
                                  (*holder)->name),
                      409);
    (*holder)->inline_policies.insert_or_assign(
        *name, InlinePolicy{std::move(read->document), std::move(read->policy)});
    return query_answer(call, xmlns);
}

Answer Service::get_policy_of(const ApiCall& call) {
    const auto holder = holder_of(call);
    if (!holder) return fail(holder.error());
    const std::string name(call.form.get("PolicyName"));
    const auto found = (*holder)->inline_policies.find(name);
    if (found == (*holder)->inline_policies.end()) return no_such_policy(call, name);
    return query_answer(call, xmlns, [&](wire::XmlWriter& xml) {
        xml.leaf(is_of_role(call) ? "RoleName" : "UserName", (*holder)->name);
        xml.leaf("PolicyName", name);
        xml.leaf("PolicyDocument", wire::percent_encoded(found->second.document));
    });
}

Answer Service::delete_policy_of(const ApiCall& call) {
    const auto holder = holder_of(call);
    if (!holder) return fail(holder.error());
    const std::string name(call.form.get("PolicyName"));
    const auto found = (*holder)->inline_policies.find(name);
    if (found == (*holder)->inline_policies.end()) return no_such_policy(call, name);
    (*holder)->inline_policies.erase(found);
    return query_answer(call, xmlns);
}

Answer Service::list_policies_of(const ApiCall& call) {
    const auto holder = holder_of(call);
    if (!holder) return fail(holder.error());
    std::vector<std::string> names;
    names.reserve((*holder)->inline_policies.size());
    for (const auto& [name, policy] : (*holder)->inline_policies)
        names.push_back(name);
    // These members are plain names.
    const auto page = page_of(names, call.form.get("Marker"), names.size() + 1);
    if (!page) return refuse("ValidationError", "Invalid Marker.");
    return query_answer(call, xmlns, [&](wire::XmlWriter& xml) {
        xml.element("PolicyNames", [&] {
            for (const auto& name : page->keys)
                xml.leaf("member", name);
        });
        xml.leaf("IsTruncated", "false");
    });
}

} // namespace squall::lab::iam
