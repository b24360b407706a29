#include "ecs/parameters.h"

#include "squall/base/text.h"

#include <algorithm>
#include <cctype>
#include <set>

namespace squall::lab::ecs {

Result<std::vector<std::string>, wire::ServiceError>
texts_at(const json::Object& body, std::string_view name, std::size_t count_max) {
    std::vector<std::string> texts;
    for (const auto& element : json::array_at(body, name)) {
        if (!element.is_string())
            return invalid_parameter(fmt::format("{} must be a list of strings", name));
        texts.emplace_back(json::string_of(element));
    }
    if (texts.size() > count_max)
        return invalid_parameter(fmt::format("{} can have at most {} items.", name, count_max));
    return texts;
}

Result<std::size_t, wire::ServiceError> page_size_of(const json::Object& body,
                                                     std::size_t otherwise) {
    const auto size = json::integer_at(body, "maxResults", static_cast<std::int64_t>(otherwise));
    if (size < 1 || size > 100) return invalid_parameter("maxResults must be between 1 and 100.");
    return static_cast<std::size_t>(size);
}

bool is_name(std::string_view text) {
    return !text.empty() && text.size() <= 255 && std::all_of(text.begin(), text.end(), [](char c) {
        return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_';
    });
}

Answer list_answer(std::string_view name, const std::optional<Page>& page) {
    if (!page) return invalid_parameter("Invalid token");
    json::Object object{{name, json::Array(page->keys.begin(), page->keys.end())}};
    if (!page->next_token.empty()) object["nextToken"] = page->next_token;
    return answer(std::move(object));
}

Result<json::Array, wire::ServiceError> tags_of(const json::Object& body) {
    constexpr std::size_t tags_max = 50;
    // In bytes here: four are a character at the most.
    constexpr std::size_t key_max = 4 * 128;
    constexpr std::size_t value_max = 4 * 256;
    json::Array tags = json::array_at(body, "tags");
    if (tags.size() > tags_max) return invalid_parameter("A resource can have at most 50 tags.");
    std::set<std::string_view> keys;
    for (const auto& tag : tags) {
        const std::string_view key = json::string_at(tag, "key");
        if (key.empty()) return invalid_parameter("The key of a tag must not be empty.");
        if (key.size() > key_max || json::string_at(tag, "value").size() > value_max)
            return invalid_parameter("A tag's key can have at most 128 characters, its value 256.");
        if (equal_ignoring_case(key.substr(0, 4), "aws:"))
            return invalid_parameter("Tag key must not start with aws:");
        if (!keys.insert(key).second)
            return invalid_parameter(fmt::format("The tag key '{}' is given twice.", key));
    }
    return tags;
}

bool includes(const json::Object& body, std::string_view what) {
    const json::Array& include = json::array_at(body, "include");
    return std::any_of(include.begin(), include.end(), [&](const json::Value& one) {
        return json::string_of(one) == what;
    });
}

} // namespace squall::lab::ecs
