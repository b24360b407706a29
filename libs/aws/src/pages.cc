#include "pages.h"

#include <set>

namespace squall::aws {

Outcome<void> for_each_entry(Client& client,
                             PagedCall call,
                             Deadline deadline,
                             const std::stop_token& stop,
                             const std::function<void(const json::Value& entry)>& each) {
    const auto unusable = [&](std::string_view why) {
        return fail(not_answered(fmt::format("{}:{}", service(call.service).name, call.operation),
                                 {Errc::failed, fmt::format("the list is unusable: {}", why)}));
    };
    std::set<std::string, std::less<>> seen;
    for (int page = 0; page < pages_max; ++page) {
        const auto answer =
            client.call_json(call.service, call.operation, call.input, deadline, stop);
        if (!answer) return fail(answer.error());
        const json::Value& entries = json::at(*answer, call.member);
        if (!entries.is_array()) return unusable(fmt::format("a page without {}", call.member));
        for (const auto& entry : entries.as_array())
            each(entry);
        const json::Value& token = json::at(*answer, call.token);
        if (token.is_null()) return {};
        if (!token.is_string()) return unusable("its next token is no text");
        // SSM ends some lists with an empty token.
        const std::string next(json::string_of(token));
        if (next.empty()) return {};
        if (!seen.insert(next).second) return unusable("a token came a second time");
        call.input[call.token] = next;
    }
    return unusable(fmt::format("it does not end after {} pages", pages_max));
}

Outcome<void> for_each_page(Client& client,
                            const PagedQuery& query,
                            Deadline deadline,
                            const std::stop_token& stop,
                            const std::function<Result<std::string>(std::string_view xml)>& take) {
    const auto unusable = [&](std::string_view why) {
        return fail(not_answered(fmt::format("{}:{}", service(query.service).name, query.action),
                                 {Errc::failed, fmt::format("the list is unusable: {}", why)}));
    };
    std::set<std::string, std::less<>> seen;
    std::string token;
    for (int page = 0; page < pages_max; ++page) {
        wire::QueryParameters asked = query.parameters;
        if (!token.empty()) asked.add("NextToken", token);
        const auto text = client.call_text(query.service,
                                           query.action,
                                           form_body(query.service, query.action, asked),
                                           deadline,
                                           stop);
        if (!text) return fail(text.error());
        auto next = take(*text);
        if (!next) return unusable(next.error().message);
        token = std::move(*next);
        if (token.empty()) return {};
        if (!seen.insert(token).second) return unusable("a token came a second time");
    }
    return unusable(fmt::format("it does not end after {} pages", pages_max));
}

Outcome<std::vector<std::string>>
list_all(Client& client, PagedCall call, Deadline deadline, const std::stop_token& stop) {
    std::vector<std::string> all;
    const auto take = [&](const json::Value& entry) {
        if (const auto text = json::string_of(entry); !text.empty()) all.emplace_back(text);
    };
    if (auto done = for_each_entry(client, std::move(call), deadline, stop, take); !done)
        return fail(done.error());
    return all;
}

std::vector<std::vector<std::string>> batches(std::span<const std::string> values,
                                              std::size_t size_max) {
    std::vector<std::vector<std::string>> result;
    std::set<std::string_view> seen;
    for (const auto& value : values) {
        if (!seen.insert(value).second) continue;
        if (result.empty() || result.back().size() == size_max) result.emplace_back();
        result.back().push_back(value);
    }
    return result;
}

json::Array to_json(std::span<const std::string> values) {
    json::Array array;
    array.reserve(values.size());
    for (const auto& value : values)
        array.emplace_back(value);
    return array;
}

} // namespace squall::aws
