// Any bytes as the policy of an endpoint: the order of its statements is nothing to the judgement,
// what allows everybody everything closes no way, and a Deny of everything always does.
#include "afar/vpc.h"
#include "squall/base/json.h"

#include <algorithm>
#include <cstdint>

namespace {

namespace json = squall::json;
using Way = squall::host::Passage::Way;

Way judged(const json::Array& statements) {
    std::string refused;
    const auto way = squall::host::allowed_by(
        json::text(json::Object{{"Statement", statements}}), {"ecs:Poll"}, refused);
    SQUALL_ASSERT((way == Way::closed) == !refused.empty());
    return way;
}

// Better is more.
int rank(Way way) { return way == Way::closed ? 0 : way == Way::unknown ? 1 : 2; }

json::Value about_everything(const char* effect) {
    return json::Object{{"Effect", effect}, {"Principal", "*"}, {"Action", "*"}, {"Resource", "*"}};
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    std::string refused;
    const auto whole = squall::host::allowed_by(text, {"ecs:Poll"}, refused);
    const auto document = json::parse_object(text);
    if (!document) {
        SQUALL_ASSERT(whole == Way::unknown);
        return 0;
    }
    const json::Value& member = json::at(*document, "Statement");
    json::Array statements;
    if (member.is_array()) statements = member.get_array();
    if (member.is_object()) statements.push_back(member);
    const Way way = judged(statements);
    SQUALL_ASSERT(way == whole);
    std::reverse(statements.begin(), statements.end());
    SQUALL_ASSERT(judged(statements) == way);

    const bool denies =
        std::any_of(statements.begin(), statements.end(), [](const json::Value& statement) {
            return json::string_at(statement, "Effect") == "Deny";
        });
    statements.push_back(about_everything("Allow"));
    const Way allowed = judged(statements);
    SQUALL_ASSERT(rank(allowed) >= rank(way));
    SQUALL_ASSERT(denies || allowed == Way::open);
    statements.back() = about_everything("Deny");
    SQUALL_ASSERT(judged(statements) == Way::closed);
    return 0;
}
