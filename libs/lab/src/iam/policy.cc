#include "iam/policy.h"

#include "squall/base/text.h"
#include "squall/base/wildcards.h"

#include <algorithm>
#include <set>

namespace squall::lab::iam {
namespace {

constexpr std::string_view newest_version = "2012-10-17";
constexpr std::string_view oldest_version = "2008-10-17";

tl::unexpected<Error> malformed(std::string message) {
    return fail(Error{Errc::invalid_input, std::move(message)});
}

// One text, or a list of them.
Result<std::vector<std::string>> texts_of(const json::Value& value) {
    std::vector<std::string> texts;
    const json::Array one{value};
    for (const auto& element : value.is_array() ? value.get_array() : one) {
        if (!element.is_string()) return malformed("Syntax errors in policy.");
        const std::string_view text = json::string_of(element);
        if (text.find("${") != std::string_view::npos)
            return malformed(
                fmt::format("This lab knows no policy variables: {}", text.substr(0, 80)));
        texts.emplace_back(text);
    }
    return texts;
}

Result<void> read_actions(const json::Object& object, Statement& into) {
    const bool has_not = object.contains("NotAction");
    if (has_not == object.contains("Action"))
        return has_not ? malformed("Syntax errors in policy.")
                       : malformed("Policy statement must contain actions.");
    into.is_not_action = has_not;
    auto actions = texts_of(object.at(has_not ? "NotAction" : "Action"));
    if (!actions) return fail(actions.error());
    if (actions->empty()) return malformed("Policy statement must contain actions.");
    for (const auto& action : *actions) {
        const auto colons = std::count(action.begin(), action.end(), ':');
        if (action != "*" && colons == 0)
            return malformed(
                "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.");
        if (colons > 1) return malformed("Actions/Condition can contain only one colon.");
        into.actions.push_back(lower(action));
    }
    return {};
}

Result<void> read_resources(const json::Object& object, Statement& into) {
    const bool has_not = object.contains("NotResource");
    if (has_not == object.contains("Resource"))
        return has_not ? malformed("Syntax errors in policy.")
                       : malformed("Policy statement must contain resources.");
    into.is_not_resource = has_not;
    auto resources = texts_of(object.at(has_not ? "NotResource" : "Resource"));
    if (!resources) return fail(resources.error());
    if (resources->empty()) return malformed("Policy statement must contain resources.");
    for (const auto& resource : *resources) {
        if (resource != "*" && !resource.starts_with("arn:"))
            return malformed(fmt::format("Resource {} must be in ARN format or \"*\".", resource));
    }
    into.resources = std::move(*resources);
    return {};
}

Result<void> read_principals(const json::Object& object, Statement& into) {
    if (object.contains("NotPrincipal")) return malformed("This lab knows no NotPrincipal.");
    const json::Value& principal = json::at(object, "Principal");
    if (principal.is_null()) return malformed("Missing required field Principal");
    if (principal.is_string()) {
        if (json::string_of(principal) != "*") return malformed("Invalid principal in policy");
        into.principals.push_back({"AWS", "*"});
        return {};
    }
    if (!principal.is_object()) return malformed("Syntax errors in policy.");
    for (const auto& [type, value] : principal.get_object()) {
        const std::string_view name = type;
        if (name != "AWS" && name != "Service" && name != "Federated")
            return malformed(fmt::format("Invalid principal in policy: \"{}\"", name));
        auto values = texts_of(value);
        if (!values) return fail(values.error());
        for (auto& one : *values)
            into.principals.push_back({std::string(name), std::move(one)});
    }
    if (into.principals.empty()) return malformed("Missing required field Principal");
    return {};
}

Result<Statement> parse_statement(const json::Value& value, PolicyKind kind) {
    static const std::set<std::string_view> members{"Sid",
                                                    "Effect",
                                                    "Action",
                                                    "NotAction",
                                                    "Resource",
                                                    "NotResource",
                                                    "Principal",
                                                    "NotPrincipal",
                                                    "Condition"};
    if (!value.is_object()) return malformed("Syntax errors in policy.");
    const json::Object& object = value.get_object();
    for (const auto& [name, ignored] : object) {
        if (!members.contains(std::string_view(name))) return malformed("Syntax errors in policy.");
    }
    Statement statement;
    const std::string_view effect = json::string_at(object, "Effect");
    if (effect != "Allow" && effect != "Deny") return malformed("Syntax errors in policy.");
    statement.is_deny = effect == "Deny";
    if (auto read = read_actions(object, statement); !read) return fail(read.error());
    if (kind == PolicyKind::identity) {
        if (object.contains("Principal") || object.contains("NotPrincipal"))
            return malformed("Policy document should not specify a principal.");
        if (auto read = read_resources(object, statement); !read) return fail(read.error());
    } else {
        if (kind == PolicyKind::resource) {
            if (auto read = read_resources(object, statement); !read) return fail(read.error());
        } else if (object.contains("Resource") || object.contains("NotResource")) {
            return malformed("Has prohibited field Resource");
        }
        if (auto read = read_principals(object, statement); !read) return fail(read.error());
    }
    const json::Value& block = json::at(object, "Condition");
    if (!block.is_null() && !block.is_object()) return malformed("Syntax errors in policy.");
    for (const auto& [test, keys] : json::object_at(object, "Condition")) {
        auto conditions = parse_conditions(test, keys);
        if (!conditions) return fail(conditions.error());
        std::move(conditions->begin(), conditions->end(), std::back_inserter(statement.conditions));
    }
    return statement;
}

Result<void> check_sids(const json::Array& statements) {
    std::set<std::string_view> sids;
    for (const auto& statement : statements) {
        const std::string_view sid = json::string_at(statement, "Sid");
        if (!sid.empty() && !sids.insert(sid).second)
            return malformed("Statement IDs (SID) in a single policy must be unique.");
    }
    return {};
}

bool any_matches(const std::vector<std::string>& patterns, std::string_view text) {
    return std::any_of(patterns.begin(), patterns.end(), [&](const std::string& pattern) {
        return matches_pattern(pattern, text);
    });
}

} // namespace

Result<Policy> parse_policy(std::string_view document, PolicyKind kind) {
    if (document.size() > Policy::document_max) return malformed("The policy is too long.");
    const auto object = json::parse_object(document);
    if (!object) return malformed("Syntax errors in policy.");
    for (const auto& [name, ignored] : *object) {
        if (name != "Version" && name != "Statement" && name != "Id")
            return malformed("Syntax errors in policy.");
    }
    const std::string_view version = json::string_at(*object, "Version", oldest_version);
    if (version != newest_version && (kind == PolicyKind::identity || version != oldest_version))
        return malformed("Policy document must be version 2012-10-17 or greater.");
    const json::Value& given = json::at(*object, "Statement");
    const json::Array one{given};
    const json::Array& statements = given.is_array() ? given.get_array() : one;
    if (given.is_null() || statements.empty()) return malformed("Syntax errors in policy.");
    if (auto checked = check_sids(statements); !checked) return fail(checked.error());
    Policy policy;
    for (const auto& statement : statements) {
        auto parsed = parse_statement(statement, kind);
        if (!parsed) return fail(parsed.error());
        policy.statements.push_back(std::move(*parsed));
    }
    return policy;
}

bool Policy::is_unlimited() const {
    const auto allows_all = [](const Statement& one) {
        const auto is_star = [](const std::string& text) {
            return text == "*";
        };
        return !one.is_not_action && !one.is_not_resource && one.conditions.empty()
               && std::any_of(one.actions.begin(), one.actions.end(), is_star)
               && std::any_of(one.resources.begin(), one.resources.end(), is_star);
    };
    return std::none_of(statements.begin(),
                        statements.end(),
                        [](const Statement& one) { return one.is_deny; })
           && std::any_of(statements.begin(), statements.end(), allows_all);
}

bool applies(const Statement& statement, const AccessRequest& request, const Context& context) {
    // A trust policy has no resources: it is about the role that it belongs to.
    const bool is_resource =
        statement.resources.empty()
        || any_matches(statement.resources, request.resource) != statement.is_not_resource;
    return any_matches(statement.actions, lower(request.action)) != statement.is_not_action
           && is_resource
           && std::all_of(statement.conditions.begin(),
                          statement.conditions.end(),
                          [&](const Condition& one) { return holds(one, context); });
}

Decision decide_for_service(const Policy& policy,
                            std::string_view service_principal,
                            const AccessRequest& request,
                            const Context& context) {
    const auto is_meant = [&](const PrincipalName& one) {
        return one.value == "*" || (one.type == "Service" && one.value == service_principal);
    };
    Policy meant;
    for (const auto& statement : policy.statements) {
        if (std::any_of(statement.principals.begin(), statement.principals.end(), is_meant))
            meant.statements.push_back(statement);
    }
    return decide(meant, request, context);
}

Decision decide(const Policy& policy, const AccessRequest& request, const Context& context) {
    Decision decision = Decision::implicit_deny;
    for (const auto& statement : policy.statements) {
        if (!applies(statement, request, context)) continue;
        if (statement.is_deny) return Decision::explicit_deny;
        decision = Decision::allow;
    }
    return decision;
}

} // namespace squall::lab::iam
