#include "squall/wire/sigv4.h"

#include "squall/base/time_text.h"

#include <gtest/gtest.h>

namespace squall::wire {
namespace {

const SigningCredentials example{"AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", ""};
const WallTime example_day = parse_time("2015-08-30T12:36:00Z").value();

struct Vector {
    const char* name;
    const char* method;
    const char* target;
    Headers headers;
    const char* body;
    const char* signature;
};

// AWS's published signing test suite: requests as they go over the wire, and the signature each
// must have.
const std::vector<Vector> published{
    {"get-vanilla",
     "GET",
     "/",
     {},
     "",
     "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
    {"get-header-key-duplicate",
     "GET",
     "/",
     {{"My-Header1", "value2"}, {"My-Header1", "value2"}, {"My-Header1", "value1"}},
     "",
     "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea"},
    {"get-header-value-multiline",
     "GET",
     "/",
     {{"My-Header1", "value1,value2,value3"}},
     "",
     "ba17b383a53190154eb5fa66a1b836cc297cc0a3d70a5d00705980573d8ff790"},
    {"get-header-value-order",
     "GET",
     "/",
     {{"My-Header1", "value4"},
      {"My-Header1", "value1"},
      {"My-Header1", "value3"},
      {"My-Header1", "value2"}},
     "",
     "08c7e5a9acfcfeb3ab6b2185e75ce8b1deb5e634ec47601a50643f830c755c01"},
    {"get-header-value-trim",
     "GET",
     "/",
     {{"My-Header1", " value1"}, {"My-Header2", " \"a   b   c\""}},
     "",
     "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736"},
    {"get-unreserved",
     "GET",
     "/-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
     {},
     "",
     "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f"},
    {"get-utf8",
     "GET",
     "/\u1234",
     {},
     "",
     "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85"},
    {"get-relative",
     "GET",
     "/example/..",
     {},
     "",
     "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
    {"get-relative-relative",
     "GET",
     "/example1/example2/../..",
     {},
     "",
     "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
    {"get-slash",
     "GET",
     "//",
     {},
     "",
     "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
    {"get-slash-dot-slash",
     "GET",
     "/./",
     {},
     "",
     "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
    {"get-slash-pointless-dot",
     "GET",
     "/./example",
     {},
     "",
     "ef75d96142cf21edca26f06005da7988e4f8dc83a165a80865db7089db637ec5"},
    {"get-slashes",
     "GET",
     "//example//",
     {},
     "",
     "9a624bd73a37c9a373b5312afbebe7a714a789de108f0bdfe846570885f57e84"},
    {"get-space",
     "GET",
     "/example space/",
     {},
     "",
     "652487583200325589f1fba4c7e578f72c47cb61beeca81406b39ddec1366741"},
    {"get-vanilla-empty-query-key",
     "GET",
     "/?Param1=value1",
     {},
     "",
     "a67d582fa61cc504c4bae71f336f98b97f1ea3c7a6bfe1b6e45aec72011b9aeb"},
    {"get-vanilla-query",
     "GET",
     "/",
     {},
     "",
     "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
    {"get-vanilla-query-order-key-case",
     "GET",
     "/?Param2=value2&Param1=value1",
     {},
     "",
     "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"},
    {"get-vanilla-query-order-encoded",
     "GET",
     "/?Param-3=Value3&Param=Value2&%E1%88%B4=Value1",
     {},
     "",
     "371d3713e185cc334048618a97f809c9ffe339c62934c032af5a0e595648fcac"},
    {"get-vanilla-query-unreserved",
     "GET",
     "/?-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz="
     "-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
     {},
     "",
     "9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197"},
    {"get-vanilla-utf8-query",
     "GET",
     "/?\u1234=bar",
     {},
     "",
     "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04"},
    {"post-vanilla",
     "POST",
     "/",
     {},
     "",
     "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"},
    {"post-header-key-sort",
     "POST",
     "/",
     {{"My-Header1", "value1"}},
     "",
     "c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c"},
    {"post-header-value-case",
     "POST",
     "/",
     {{"My-Header1", "VALUE1"}},
     "",
     "cdbc9802e29d2942e5e10b5bccfdd67c5f22c7c4e8ae67b53629efa58b974b7d"},
    {"post-vanilla-query",
     "POST",
     "/?Param1=value1",
     {},
     "",
     "28038455d6de14eafc1f9222cf5aa6f1a96197d7deb8263271d420d138af7f11"},
    {"post-vanilla-query-nonunreserved",
     "POST",
     "/?%40%23%24%25%5E=&%2B=%2F%2C%3F%3E%3C%60%22%3B%3A%5C%7C%5D%5B%7B%7D",
     {},
     "",
     "66c82657c86e26fb25238d0e69f011edc4c6df5ae71119d7cb98ed9b87393c1e"},
    {"post-vanilla-query-space",
     "POST",
     "/?p=",
     {},
     "",
     "e71688addb58a26418614085fb730ba3faa623b461c17f48f2fbdb9361b94a9b"},
    {"post-x-www-form-urlencoded",
     "POST",
     "/",
     {{"Content-Type", "application/x-www-form-urlencoded"}},
     "Param1=value1",
     "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a"},
    {"post-x-www-form-urlencoded-parameters",
     "POST",
     "/",
     {{"Content-Type", "application/x-www-form-urlencoded; charset=utf8"}},
     "Param1=value1",
     "1a72ec8f64bd914b0e42e42607c7fbce7fb2c7465f63e3092b3b0d39fa77a6fe"},
};

HttpRequest request_of(const Vector& vector) {
    HttpRequest request{
        vector.method, vector.target, {{"Host", "example.amazonaws.com"}}, vector.body};
    request.headers.insert(request.headers.end(), vector.headers.begin(), vector.headers.end());
    return request;
}

TEST(SigV4, SignsEveryPublishedVectorAsAwsDoes) {
    for (const auto& vector : published) {
        HttpRequest request = request_of(vector);
        sign(request, example, "us-east-1", "service", example_day);
        const auto authorization =
            parse_authorization(header_value(request.headers, "Authorization"));
        ASSERT_TRUE(authorization) << vector.name;
        EXPECT_EQ(authorization->signature, vector.signature) << vector.name;
    }
}

TEST(SigV4, SignsTheSessionTokenAsAHeader) {
    SigningCredentials temporary = example;
    temporary.session_token = "6e86291e8372ff2a2260956d9b8aae1d763fbf315fa00fa31553b73ebf194267";
    HttpRequest request{"GET", "/", {{"Host", "example.amazonaws.com"}}, ""};
    sign(request, temporary, "us-east-1", "service", example_day);
    EXPECT_EQ(header_value(request.headers, "Authorization"),
              "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
              "SignedHeaders=host;x-amz-date;x-amz-security-token, "
              "Signature=07ec1639c89043aa0e3e2de82b96708f198cceab042d4a97044c66dd9f74e7f8");
}

TEST(SigV4, AServerAcceptsWhatTheClientSigned) {
    for (const auto& vector : published) {
        HttpRequest request = request_of(vector);
        sign(request, example, "us-east-1", "service", example_day);
        const auto authorization =
            parse_authorization(header_value(request.headers, "Authorization")).value();
        EXPECT_TRUE(signature_matches(request, authorization, example.secret_access_key))
            << vector.name;
        EXPECT_FALSE(signature_matches(request, authorization, "another secret")) << vector.name;
    }
}

TEST(SigV4, AServerRefusesARequestThatWasChangedOnTheWay) {
    HttpRequest request{"POST",
                        "/",
                        {{"Host", "ecs.us-east-1.amazonaws.com"}, {"X-Amz-Target", "T.Describe"}},
                        "{}"};
    sign(request, example, "us-east-1", "ecs", example_day);
    const auto authorization =
        parse_authorization(header_value(request.headers, "Authorization")).value();
    HttpRequest other_body = request;
    other_body.body = "{\"cluster\":\"prod\"}";
    HttpRequest other_target = request;
    set_header(other_target.headers, "X-Amz-Target", "T.Delete");
    EXPECT_FALSE(signature_matches(other_body, authorization, example.secret_access_key));
    EXPECT_FALSE(signature_matches(other_target, authorization, example.secret_access_key));
}

TEST(SigV4, ReadsAPlusInAQueryAsABlankAsTheEcsAgentMeansIt) {
    HttpRequest plus{
        "GET", "/acs/ws?dockerVersion=DockerVersion%3A+20.10.24%2Bdfsg1", {{"Host", "h"}}, ""};
    HttpRequest escaped{
        "GET", "/acs/ws?dockerVersion=DockerVersion%3A%2020.10.24%2Bdfsg1", {{"Host", "h"}}, ""};
    EXPECT_EQ(canonical_request(plus, {"host"}, ""), canonical_request(escaped, {"host"}, ""));
}

TEST(SigV4, SaysWhatAnAuthorizationHeaderLacks) {
    EXPECT_FALSE(parse_authorization(""));
    EXPECT_FALSE(parse_authorization("Basic dXNlcjpwYXNz"));
    EXPECT_FALSE(parse_authorization(
        "AWS4-HMAC-SHA256 Credential=AK/20150830/us-east-1/ecs, SignedHeaders=host, Signature=00"));
    EXPECT_FALSE(parse_authorization(
        "AWS4-HMAC-SHA256 Credential=AK/20150830/us-east-1/ecs/aws4_request, Signature=00"));
    const auto without_signature = parse_authorization(
        "AWS4-HMAC-SHA256 Credential=AK/20150830/us-east-1/ecs/aws4_request, SignedHeaders=host");
    ASSERT_FALSE(without_signature);
    EXPECT_EQ(without_signature.error().message, "the Authorization header has no Signature");
}

} // namespace
} // namespace squall::wire
