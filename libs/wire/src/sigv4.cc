#include "squall/wire/sigv4.h"

#include "squall/base/text.h"
#include "squall/base/time_text.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <array>

namespace squall::wire {
namespace {

constexpr std::string_view algorithm = "AWS4-HMAC-SHA256";

std::string hmac_sha256(std::string_view key, std::string_view data) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned int size = 0;
    const unsigned char* done = HMAC(EVP_sha256(),
                                     key.data(),
                                     static_cast<int>(key.size()),
                                     reinterpret_cast<const unsigned char*>(data.data()),
                                     data.size(),
                                     digest.data(),
                                     &size);
    SQUALL_ASSERT(done != nullptr);
    return {reinterpret_cast<const char*>(digest.data()), size};
}

// RFC 3986 section 5.2.4, and runs of slashes count as one.
std::string normalized_path(std::string_view path) {
    std::vector<std::string> kept;
    const auto segments = split(path, '/');
    for (const auto& segment : segments) {
        if (segment.empty() || segment == ".") continue;
        if (segment != "..")
            kept.push_back(segment);
        else if (!kept.empty())
            kept.pop_back();
    }
    if (kept.empty()) return "/";
    const bool is_folder =
        segments.back().empty() || segments.back() == "." || segments.back() == "..";
    return "/" + join(kept, "/") + (is_folder ? "/" : "");
}

std::string canonical_query(std::string_view query) {
    if (query.empty()) return {};
    std::vector<std::pair<std::string, std::string>> parameters;
    for (const auto& part : split(query, '&')) {
        if (part.empty()) continue;
        const auto [name, value] = split_once(part, '=');
        parameters.emplace_back(percent_encoded(percent_decoded(name, /*plus_is_space=*/true)),
                                percent_encoded(percent_decoded(value, /*plus_is_space=*/true)));
    }
    std::sort(parameters.begin(), parameters.end());
    std::string out;
    for (const auto& [name, value] : parameters)
        out += fmt::format("{}{}={}", out.empty() ? "" : "&", name, value);
    return out;
}

// Outer blanks go, inner runs become one blank, a folded line is one line.
std::string canonical_value(std::string_view value) {
    std::string out;
    for (const char c : trimmed(value)) {
        const bool blank = c == ' ' || c == '\t' || c == '\r' || c == '\n';
        if (!blank)
            out.push_back(c);
        else if (out.back() != ' ')
            out.push_back(' ');
    }
    return out;
}

std::string payload_hash_of(const HttpRequest& request) {
    // What the client says it sent, when it says so: UNSIGNED-PAYLOAD is a legal value too.
    const std::string_view given = header_value(request.headers, "x-amz-content-sha256");
    return given.empty() ? sha256_hex(request.body) : std::string(given);
}

std::string scope_day(std::string_view amz_date) { return std::string(amz_date.substr(0, 8)); }

} // namespace

std::string CredentialScope::text() const {
    return fmt::format("{}/{}/{}/aws4_request", date, region, service);
}

std::string canonical_request(const HttpRequest& request,
                              const std::vector<std::string>& signed_headers,
                              std::string_view payload_sha256) {
    const auto [path, query] = split_once(request.target, '?');
    std::string headers;
    for (const auto& name : signed_headers) {
        std::string values;
        bool first = true;
        for (const auto& header : request.headers) {
            if (!equal_ignoring_case(header.name, name)) continue;
            if (!first) values += ',';
            values += canonical_value(header.value);
            first = false;
        }
        headers += fmt::format("{}:{}\n", name, values);
    }
    return fmt::format("{}\n{}\n{}\n{}\n{}\n{}",
                       request.method,
                       percent_encoded(normalized_path(path), /*keep_slash=*/true),
                       canonical_query(query),
                       headers,
                       join(signed_headers, ";"),
                       payload_sha256);
}

std::string string_to_sign(std::string_view canonical_request,
                           std::string_view amz_date,
                           const CredentialScope& scope) {
    return fmt::format(
        "{}\n{}\n{}\n{}", algorithm, amz_date, scope.text(), sha256_hex(canonical_request));
}

std::string signature_of(std::string_view string_to_sign,
                         std::string_view secret_access_key,
                         const CredentialScope& scope) {
    const std::string day_key = hmac_sha256("AWS4" + std::string(secret_access_key), scope.date);
    const std::string service_key = hmac_sha256(hmac_sha256(day_key, scope.region), scope.service);
    const std::string digest =
        hmac_sha256(hmac_sha256(service_key, "aws4_request"), string_to_sign);
    return to_hex({reinterpret_cast<const unsigned char*>(digest.data()), digest.size()});
}

void sign(HttpRequest& request,
          const SigningCredentials& credentials,
          std::string_view region,
          std::string_view service,
          WallTime now) {
    const std::string amz_date = compact_utc(now);
    set_header(request.headers, "X-Amz-Date", amz_date);
    if (!credentials.session_token.empty())
        set_header(request.headers, "X-Amz-Security-Token", credentials.session_token);
    Authorization authorization{credentials.access_key_id,
                                {scope_day(amz_date), std::string(region), std::string(service)},
                                {},
                                {}};
    for (const auto& header : request.headers)
        authorization.signed_headers.push_back(lower(header.name));
    std::sort(authorization.signed_headers.begin(), authorization.signed_headers.end());
    authorization.signed_headers.erase(
        std::unique(authorization.signed_headers.begin(), authorization.signed_headers.end()),
        authorization.signed_headers.end());
    const std::string canonical =
        canonical_request(request, authorization.signed_headers, payload_hash_of(request));
    const std::string signature =
        signature_of(string_to_sign(canonical, amz_date, authorization.scope),
                     credentials.secret_access_key,
                     authorization.scope);
    set_header(request.headers,
               "Authorization",
               fmt::format("{} Credential={}/{}, SignedHeaders={}, Signature={}",
                           algorithm,
                           credentials.access_key_id,
                           authorization.scope.text(),
                           join(authorization.signed_headers, ";"),
                           signature));
}

Result<Authorization> parse_authorization(std::string_view header) {
    const auto bad = [](std::string_view why) {
        return fail(Errc::invalid_input, "the Authorization header {}", why);
    };
    if (!header.starts_with(algorithm)) return bad("does not begin with AWS4-HMAC-SHA256");
    header.remove_prefix(algorithm.size());
    std::string_view credential;
    std::string_view signed_headers;
    Authorization authorization;
    while (!header.empty()) {
        const auto [part, rest] = split_once(header, ',');
        header = rest;
        const auto [name, value] = split_once(trimmed(part), '=');
        if (name == "Credential")
            credential = value;
        else if (name == "SignedHeaders")
            signed_headers = value;
        else if (name == "Signature")
            authorization.signature = value;
    }
    // The access key may hold no '/', the scope is the last four parts.
    const auto parts = split(credential, '/');
    if (parts.size() != 5 || parts[4] != "aws4_request")
        return bad("has no Credential=KEY/DATE/REGION/SERVICE/aws4_request");
    if (signed_headers.empty()) return bad("has no SignedHeaders");
    if (authorization.signature.empty()) return bad("has no Signature");
    authorization.access_key_id = parts[0];
    authorization.scope = {parts[1], parts[2], parts[3]};
    authorization.signed_headers = split(signed_headers, ';');
    return authorization;
}

bool signature_matches(const HttpRequest& request,
                       const Authorization& authorization,
                       std::string_view secret_access_key) {
    const std::string canonical =
        canonical_request(request, authorization.signed_headers, payload_hash_of(request));
    const std::string expected = signature_of(
        string_to_sign(canonical, header_value(request.headers, "X-Amz-Date"), authorization.scope),
        secret_access_key,
        authorization.scope);
    return expected.size() == authorization.signature.size()
           && CRYPTO_memcmp(expected.data(), authorization.signature.data(), expected.size()) == 0;
}

} // namespace squall::wire
