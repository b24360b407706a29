#include "iam/parameters.h"

#include "squall/base/text.h"

#include <algorithm>
#include <cctype>

namespace squall::lab::iam {
namespace {

constexpr std::int64_t items_max = 1000;
constexpr std::int64_t items_unless_told = 100;

bool is_name_character(char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0
           || std::string_view("_+=,.@-").find(c) != std::string_view::npos;
}

} // namespace

Result<std::string, wire::ServiceError>
name_of(const ApiCall& call, const char* parameter, std::size_t length_max) {
    std::string name(call.form.get(parameter));
    std::string member(parameter);
    member.front() = static_cast<char>(std::tolower(static_cast<unsigned char>(member.front())));
    const auto problem = [&](std::string_view constraint) {
        return refuse("ValidationError",
                      fmt::format("1 validation error detected: Value {} at '{}' failed to satisfy "
                                  "constraint: {}",
                                  name.empty() ? "null" : "'" + name + "'",
                                  member,
                                  constraint));
    };
    if (name.empty()) return problem("Member must not be null");
    if (name.size() > length_max)
        return problem(fmt::format("Member must have length less than or equal to {}", length_max));
    if (!std::all_of(name.begin(), name.end(), is_name_character))
        return problem("Member must satisfy regular expression pattern: [\\w+=,.@-]+");
    return name;
}

std::optional<wire::ServiceError> path_problem(const ApiCall& call) {
    const std::string_view path = call.form.get("Path");
    if (path.empty() || path == "/") return std::nullopt;
    return wire::ServiceError{
        "ValidationError", "In this lab everything has the path /, and no other.", 400};
}

std::size_t policy_size(std::string_view document) {
    return static_cast<std::size_t>(std::count_if(document.begin(), document.end(), [](char c) {
        return std::isspace(static_cast<unsigned char>(c)) == 0;
    }));
}

Result<ReadPolicy, wire::ServiceError>
policy_at(const ApiCall& call, const char* parameter, PolicyKind kind, std::size_t size_max) {
    std::string document(call.form.get(parameter));
    auto policy = parse_policy(document, kind);
    if (!policy) return refuse("MalformedPolicyDocument", policy.error().message);
    if (policy_size(document) > size_max)
        return refuse(
            "LimitExceeded", fmt::format("Cannot exceed quota for PolicySize: {}", size_max), 409);
    return ReadPolicy{std::move(document), std::move(*policy)};
}

Answer list_answer(const ApiCall& call,
                   std::string_view list,
                   const std::vector<std::string>& keys,
                   const std::function<void(wire::XmlWriter&, const std::string&)>& write) {
    const auto size = call.form.has("MaxItems") ? to_integer(call.form.get("MaxItems")).value_or(0)
                                                : items_unless_told;
    if (size < 1 || size > items_max)
        return refuse("ValidationError", "MaxItems must be between 1 and 1000.");
    const auto page = page_of(keys, call.form.get("Marker"), static_cast<std::size_t>(size));
    if (!page) return refuse("ValidationError", "Invalid Marker.");
    return query_answer(call, xmlns, [&](wire::XmlWriter& xml) {
        xml.element(list, [&] {
            for (const auto& key : page->keys)
                xml.element("member", [&] { write(xml, key); });
        });
        xml.leaf("IsTruncated", page->next_token.empty() ? "false" : "true");
        if (!page->next_token.empty()) xml.leaf("Marker", page->next_token);
    });
}

} // namespace squall::lab::iam
