#include "squall/doctor/redact.h"

#include "redact/spans.h"

#include <algorithm>

namespace squall::doctor {
namespace {

std::string without(std::string_view text, Spans& spans) {
    std::sort(spans.begin(), spans.end(), [](const Span& a, const Span& b) {
        return a.begin != b.begin ? a.begin < b.begin : a.end < b.end;
    });
    std::string result;
    result.reserve(text.size());
    std::size_t done = 0;
    for (std::size_t i = 0; i < spans.size();) {
        const std::size_t begin = spans[i].begin;
        std::size_t end = spans[i].end;
        // What touches is one secret.
        for (++i; i < spans.size() && spans[i].begin <= end; ++i)
            end = std::max(end, spans[i].end);
        result.append(text, done, begin - done);
        result += redaction_mark;
        done = end;
    }
    return result.append(text, done);
}

} // namespace

std::string redacted(std::string_view text) {
    std::string result(text);
    // What is taken out may bring two parts together that look like a third. Rarely is there
    // anything left for the second look, and never for many more.
    constexpr int looks_max = 6;
    for (int look = 0; look < looks_max; ++look) {
        Spans spans;
        find_keys(result, spans);
        find_private_keys(result, spans);
        find_user_infos(result, spans);
        find_proxy_users(result, spans);
        find_named_values(result, spans);
        find_arguments(result, spans);
        if (spans.empty()) break;
        std::string next = without(result, spans);
        if (next == result) break;
        result = std::move(next);
    }
    return result;
}

} // namespace squall::doctor
