// Lists of AWS's services, read to their end.
#pragma once

#include "squall/aws/client.h"

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace squall::aws {

struct PagedCall {
    ServiceId service = ServiceId::ecs;
    std::string_view operation;
    std::string_view token;  // "nextToken" or "NextToken": in the request and in the answer
    std::string_view member; // the array in the answer; a page without it is an error
    json::Object input;
};

// More pages than this, or a token that comes a second time, is a server that goes in circles: an
// error, because half a list must not pass for a whole one. 1000 pages of ECS are 100,000 entries.
inline constexpr int pages_max = 1000;

[[nodiscard]] Outcome<void>
for_each_entry(Client& client,
               PagedCall call,
               Deadline deadline,
               const std::stop_token& stop,
               const std::function<void(const json::Value& entry)>& each);

// Every entry that is a string.
[[nodiscard]] Outcome<std::vector<std::string>>
list_all(Client& client, PagedCall call, Deadline deadline, const std::stop_token& stop);

// The same for services that speak query or ec2. `take` reads a page, and gives the next token;
// empty where it was the last.
struct PagedQuery {
    ServiceId service = ServiceId::ec2;
    std::string_view action;
    wire::QueryParameters parameters;
};

[[nodiscard]] Outcome<void>
for_each_page(Client& client,
              const PagedQuery& query,
              Deadline deadline,
              const std::stop_token& stop,
              const std::function<Result<std::string>(std::string_view xml)>& take);

// `values` without repetitions, in their order, in pieces of at most `size_max`.
[[nodiscard]] std::vector<std::vector<std::string>> batches(std::span<const std::string> values,
                                                            std::size_t size_max);

[[nodiscard]] json::Array to_json(std::span<const std::string> values);

} // namespace squall::aws
