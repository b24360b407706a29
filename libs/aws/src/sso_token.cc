#include "sso_token.h"

#include "answer_time.h"
#include "squall/base/json.h"
#include "squall/base/sha1.h"

namespace squall::aws {

std::string sso_cache_name(std::string_view session_or_start_url) {
    return sha1_hex(session_or_start_url) + ".json";
}

Result<SsoToken> read_sso_token(std::string_view text) {
    const auto file = json::parse_object(text);
    if (!file) return fail(file.error());
    SsoToken token;
    token.access_token = json::string_at(*file, "accessToken");
    if (token.access_token.empty()) return fail(Errc::failed, "there is no accessToken in it");
    if (token.access_token.find_first_of("\r\n") != std::string::npos)
        return fail(Errc::failed, "its accessToken holds a line break");
    std::string expires(json::string_at(*file, "expiresAt"));
    // Older versions of AWS's tools wrote "2020-06-17T10:02:08UTC".
    if (expires.ends_with("UTC")) expires.replace(expires.size() - 3, 3, "Z");
    const auto when = parse_answer_time(expires);
    if (!when) return fail("its expiresAt", when.error());
    token.expires = *when;
    return token;
}

Result<Credentials> read_role_credentials(std::string_view body, std::string source) {
    const auto answer = json::parse_object(body);
    if (!answer) return fail(answer.error());
    const auto& given = json::object_at(*answer, "roleCredentials");
    Credentials found{{std::string(json::string_at(given, "accessKeyId")),
                       std::string(json::string_at(given, "secretAccessKey")),
                       std::string(json::string_at(given, "sessionToken"))},
                      std::nullopt,
                      std::move(source)};
    if (found.keys.access_key_id.empty() || found.keys.secret_access_key.empty())
        return fail(Errc::failed, "the answer holds no keys");
    constexpr std::int64_t millis_max = 9'200'000'000'000; // the year 2261
    const auto millis = json::integer_at(given, "expiration", -1);
    if (millis < 0 || millis > millis_max)
        return fail(Errc::failed, "the answer's expiration is no time");
    found.expires = WallTime(Millis(millis));
    return found;
}

} // namespace squall::aws
