// Reading parameters of an ECS call, with AWS's own words for what is wrong with them.
#pragma once

#include "api/call.h"

#include <string_view>
#include <vector>

namespace squall::lab::ecs {

[[nodiscard]] inline tl::unexpected<wire::ServiceError> invalid_parameter(std::string message) {
    return refuse("InvalidParameterException", std::move(message));
}

// A list of texts under `name`, at most `count_max` of them.
[[nodiscard]] Result<std::vector<std::string>, wire::ServiceError>
texts_at(const json::Object& body, std::string_view name, std::size_t count_max);

// maxResults of the ListX calls: 1 to 100, else InvalidParameterException.
[[nodiscard]] Result<std::size_t, wire::ServiceError> page_size_of(const json::Object& body,
                                                                   std::size_t otherwise = 100);

// Letters, digits, '-' and '_', at most 255: what clusters, services and families may be called.
[[nodiscard]] bool is_name(std::string_view text);

// {"NAME": [keys…], "nextToken": …}; InvalidParameterException when there is no such page.
[[nodiscard]] Answer list_answer(std::string_view name, const std::optional<Page>& page);

// The tags a resource is to have: at most 50.
[[nodiscard]] Result<json::Array, wire::ServiceError> tags_of(const json::Object& body);

// True if `include` of a DescribeX call names this.
[[nodiscard]] bool includes(const json::Object& body, std::string_view what);

} // namespace squall::lab::ecs
