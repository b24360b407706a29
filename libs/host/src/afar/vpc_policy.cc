// The policy of an endpoint, as far as it can be judged without knowing who asks: a statement with
// a condition, or for some principals or resources alone, may or may not be about the agent.
#include "afar/vpc.h"
#include "squall/base/text.h"
#include "squall/base/wildcards.h"

#include <algorithm>

namespace squall::host {
namespace {

std::vector<std::string> texts_of(const json::Value& value) {
    std::vector<std::string> texts;
    if (value.is_string()) texts.emplace_back(json::string_of(value));
    if (value.is_array()) {
        for (const auto& each : value.get_array())
            texts.emplace_back(json::string_of(each));
    }
    return texts;
}

bool names(const json::Value& statement, std::string_view member, std::string_view action) {
    const auto patterns = texts_of(json::at(statement, member));
    return std::any_of(patterns.begin(), patterns.end(), [&](const std::string& pattern) {
        return matches_pattern(lower(pattern), lower(action)); // compared without case
    });
}

bool is_about(const json::Value& statement, std::string_view action) {
    if (!json::at(statement, "NotAction").is_null()) return !names(statement, "NotAction", action);
    return names(statement, "Action", action);
}

bool is_everybody(const json::Value& principal) {
    const auto is_star = [](const json::Value& value) {
        const auto all = texts_of(value);
        return std::find(all.begin(), all.end(), "*") != all.end();
    };
    return is_star(principal) || is_star(json::at(principal, "AWS"));
}

// Whoever asks, and on whatever.
bool is_plain(const json::Value& statement) {
    const auto resources = texts_of(json::at(statement, "Resource"));
    return json::object_at(statement, "Condition").empty()
           && is_everybody(json::at(statement, "Principal"))
           && std::find(resources.begin(), resources.end(), "*") != resources.end();
}

Passage::Way allowed_by(const std::vector<json::Value>& statements, std::string_view action) {
    bool may_deny = false;
    bool may_allow = false;
    bool allows = false;
    for (const auto& statement : statements) {
        if (!is_about(statement, action)) continue;
        const bool is_sure = is_plain(statement);
        if (json::string_at(statement, "Effect") == "Deny") {
            if (is_sure) return Passage::Way::closed;
            may_deny = true;
        } else {
            may_allow = true;
            allows |= is_sure;
        }
    }
    if (!may_allow) return Passage::Way::closed;
    return allows && !may_deny ? Passage::Way::open : Passage::Way::unknown;
}

} // namespace

Passage::Way allowed_by(std::string_view policy_document,
                        const std::vector<std::string_view>& actions,
                        std::string& refused_action) {
    const auto document = json::parse_object(policy_document);
    if (!document) return Passage::Way::unknown;
    const json::Value& member = json::at(*document, "Statement");
    std::vector<json::Value> statements;
    if (member.is_object()) statements.push_back(member);
    if (member.is_array()) statements.assign(member.get_array().begin(), member.get_array().end());
    Passage::Way way = Passage::Way::open;
    for (const auto action : actions) {
        const auto one = allowed_by(statements, action);
        if (one == Passage::Way::closed) {
            refused_action = action;
            return one;
        }
        if (one == Passage::Way::unknown) way = one;
    }
    return way;
}

} // namespace squall::host
