#include "squall/aws/s3.h"

#include "fake_clock.h"
#include "squall/base/text.h"

#include <gtest/gtest.h>

#include <map>

namespace squall::aws {
namespace {

// A store in memory that checks signatures as S3 does.
class FakeS3 final : public HttpSender {
public:
    Result<wire::HttpResponse> send(const wire::Url& /*server*/,
                                    const wire::HttpRequest& request,
                                    Deadline /*deadline*/,
                                    std::stop_token /*stop*/) override {
        ++requests;
        if (failures > 0) {
            --failures;
            return fail(Errc::unavailable, "no connection");
        }
        const auto authorization =
            wire::parse_authorization(wire::header_value(request.headers, "Authorization"));
        if (!authorization || authorization->scope.service != "s3"
            || !wire::signature_matches(request, *authorization, secret)
            || wire::header_value(request.headers, "X-Amz-Content-SHA256")
                   != sha256_hex(request.body))
            return refuse("SignatureDoesNotMatch", 403);
        // The answer to a HEAD has no body that could say why.
        const bool is_told = request.method != "HEAD";
        if (!request.target.starts_with("/tools/"))
            return is_told ? refuse("NoSuchBucket", 404) : wire::HttpResponse{404, {}, {}};
        if (request.method == "PUT") {
            objects[request.target] = request.body;
            return wire::HttpResponse{200, {}, {}};
        }
        const bool is_there = objects.contains(request.target);
        return wire::HttpResponse{is_there ? 200 : 404, {{"x-amz-request-id", "r"}}, {}};
    }

    static wire::HttpResponse refuse(const std::string& code, int status) {
        return wire::error_response(wire::Protocol::rest_xml, {code, "why", status}, "r");
    }

    std::map<std::string, std::string> objects;
    std::string secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
    int requests = 0;
    int failures = 0;
};

class S3Test : public ::testing::Test {
protected:
    S3 s3(const std::string& token = "") {
        credentials_.emplace(Credentials{
            {"AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", token}, {}, "test"});
        return {{store, *credentials_, clock},
                {wire::parse_url("https://s3.us-east-1.amazonaws.com/").value(), ""},
                "us-east-1"};
    }

    FakeClock clock;
    FakeS3 store;
    const S3Object helper{"tools", "squall/abc/squall-host"};

private:
    std::optional<FixedCredentials> credentials_;
};

TEST_F(S3Test, PutsAnObjectAndFindsIt) {
    auto client = s3();
    EXPECT_FALSE(client.has_object(helper, Deadline::never(), {}).value());
    ASSERT_TRUE(client.put_object(helper, "ELF", Deadline::never(), {}));
    EXPECT_EQ(store.objects.at("/tools/squall/abc/squall-host"), "ELF");
    EXPECT_TRUE(client.has_object(helper, Deadline::never(), {}).value());
}

TEST_F(S3Test, TellsAMissingBucketFromAMissingObject) {
    const auto found = s3().has_object({"other", "squall/a"}, Deadline::never(), {});
    ASSERT_FALSE(found);
    EXPECT_EQ(found.error().code, "NoSuchBucket");
}

// As botocore signs it, at this time and with these keys.
TEST_F(S3Test, SignsAUrlAsBotocoreDoes) {
    EXPECT_EQ(
        s3().presigned_get(helper, Seconds(300), Deadline::never(), {}).value(),
        "https://s3.us-east-1.amazonaws.com/tools/squall/abc/squall-host?"
        "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIDEXAMPLE%2F20261121%2Fus-east-1%2F"
        "s3%2Faws4_request&X-Amz-Date=20261121T020000Z&X-Amz-Expires=300&"
        "X-Amz-SignedHeaders=host&X-Amz-Signature="
        "9ff892590e4c134f191c9c8146f543a09ecd211ee86333643f8be0848827b5ee");
    EXPECT_TRUE(s3("tok/en+=")
                    .presigned_get(helper, Seconds(300), Deadline::never(), {})
                    .value()
                    .ends_with("&X-Amz-Security-Token=tok%2Fen%2B%3D&X-Amz-Signature="
                               "8524d12858061fba6e9d9e1f31354b2b8f8147f0a8b23c33bc83d5f1515472f9"));
    EXPECT_EQ(store.requests, 0) << "it asks nobody";
}

TEST_F(S3Test, RepeatsWhatDidNotGetThroughAndSaysWhatWasRefused) {
    auto client = s3();
    store.failures = 2;
    EXPECT_TRUE(client.put_object(helper, "ELF", Deadline::never(), {}));
    EXPECT_EQ(store.requests, 3);
    const auto elsewhere = client.put_object({"other", "a"}, "x", Deadline::never(), {});
    ASSERT_FALSE(elsewhere);
    EXPECT_EQ(elsewhere.error().code, "NoSuchBucket");
    EXPECT_NE(to_error(elsewhere.error()).message.find("make the bucket"), std::string::npos);
    store.secret = "another";
    EXPECT_EQ(client.has_object(helper, Deadline::never(), {}).error().kind, Errc::denied);
}

TEST_F(S3Test, TakesNoKeyWhosePathWouldBeReadInTwoWays) {
    auto client = s3();
    for (const char* key : {"", "/a", "a//b", "a/../b", "a b", "a%20b", "ü"}) {
        const auto put = client.put_object({"tools", key}, "x", Deadline::never(), {});
        ASSERT_FALSE(put) << key;
        EXPECT_EQ(put.error().kind, Errc::invalid_input) << key;
    }
    EXPECT_EQ(store.requests, 0);
}

} // namespace
} // namespace squall::aws
