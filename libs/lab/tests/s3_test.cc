#include "lab_world.h"
#include "s3/range.h"
#include "squall/base/md5.h"
#include "squall/wire/sigv4.h"
#include "squall/wire/xml.h"

#include <filesystem>
#include <random>

namespace squall::lab {
namespace {

// A client's side of S3, written apart from the server's: its own canonical request.
class S3Test : public ::testing::Test {
protected:
    ~S3Test() override { std::filesystem::remove_all(folder_); }

    struct Wanted {
        std::string method = "GET";
        std::string path = "/";
        std::string query;
        std::string body;
        wire::Headers headers;
        std::string payload; // its hash, where it is not to be computed
    };

    [[nodiscard]] wire::HttpRequest signed_request(const Wanted& wanted) const {
        wire::HttpRequest request{wanted.method,
                                  wanted.path + (wanted.query.empty() ? "" : "?" + wanted.query),
                                  {{"Host", "127.0.0.1:4747"}},
                                  wanted.body};
        const std::string payload =
            wanted.payload.empty() ? sha256_hex(wanted.body) : wanted.payload;
        wire::Headers to_sign{{"host", "127.0.0.1:4747"},
                              {"x-amz-content-sha256", payload},
                              {"x-amz-date", compact_utc(signed_at)}};
        for (const auto& header : wanted.headers)
            to_sign.push_back({lower(header.name), header.value});
        std::sort(to_sign.begin(), to_sign.end(), [](const auto& a, const auto& b) {
            return a.name < b.name;
        });
        std::string names;
        std::string lines;
        for (const auto& header : to_sign) {
            names += (names.empty() ? "" : ";") + header.name;
            lines += header.name + ":" + header.value + "\n";
            if (header.name != "host") request.headers.push_back(header);
        }
        const std::string canonical = wanted.method + "\n" + wanted.path + "\n" + wanted.query
                                      + "\n" + lines + "\n" + names + "\n" + payload;
        const wire::CredentialScope scope{compact_utc(signed_at).substr(0, 8), "us-east-1", "s3"};
        request.headers.push_back(
            {"Authorization",
             fmt::format(
                 "AWS4-HMAC-SHA256 Credential={}/{}, SignedHeaders={}, Signature={}",
                 key.access_key_id,
                 scope.text(),
                 names,
                 wire::signature_of(wire::string_to_sign(canonical, compact_utc(signed_at), scope),
                                    key.secret_access_key,
                                    scope))});
        return request;
    }

    [[nodiscard]] wire::HttpRequest presigned(const std::string& path, int expires) const {
        const wire::CredentialScope scope{compact_utc(signed_at).substr(0, 8), "us-east-1", "s3"};
        const std::string query = fmt::format(
            "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential={}&X-Amz-Date={}&X-Amz-Expires={}"
            "&X-Amz-SignedHeaders=host",
            wire::percent_encoded(key.access_key_id + "/" + scope.text()),
            compact_utc(signed_at),
            expires);
        const std::string canonical =
            "GET\n" + path + "\n" + query + "\nhost:127.0.0.1:4747\n\nhost\nUNSIGNED-PAYLOAD";
        return {
            "GET",
            path + "?" + query + "&X-Amz-Signature="
                + wire::signature_of(wire::string_to_sign(canonical, compact_utc(signed_at), scope),
                                     key.secret_access_key,
                                     scope),
            {{"Host", "127.0.0.1:4747"}},
            {}};
    }

    wire::HttpResponse handle(const wire::HttpRequest& request) {
        return cloud.endpoint().handle(request, now);
    }

    wire::HttpResponse send(const Wanted& wanted) { return handle(signed_request(wanted)); }

    wire::HttpResponse put(const std::string& path, const std::string& body) {
        return send({"PUT", path, {}, body, {}, {}});
    }

    static std::string code(const wire::HttpResponse& response) {
        return wire::read_error(wire::Protocol::rest_xml, response).error.code;
    }

    static std::string message(const wire::HttpResponse& response) {
        return wire::read_error(wire::Protocol::rest_xml, response).error.message;
    }

    Path folder_ = std::filesystem::temp_directory_path() / ("squall-s3-" + random_hex(12));
    Cloud cloud{"123456789012", "us-east-1", folder_};
    wire::SigningCredentials key = cloud.keys().add_user("lab").credentials;
    WallTime now = start_of_test;
    WallTime signed_at = start_of_test;
};

TEST_F(S3Test, GivesBackTheBytesThatWerePutAndWhatCameWithThem) {
    EXPECT_EQ(put("/files", {}).status, 200);
    std::string bytes;
    for (int i = 0; i < 100'000; ++i)
        bytes.push_back(static_cast<char>(i * 7));
    const auto stored = send({"PUT",
                              "/files/a/b%20c.bin",
                              {},
                              bytes,
                              {{"Content-Type", "text/x-test"}, {"x-amz-meta-who", "me"}},
                              {}});
    ASSERT_EQ(stored.status, 200) << stored.body;
    const std::string digest = md5(bytes);
    EXPECT_EQ(wire::header_value(stored.headers, "ETag"),
              "\"" + to_hex({reinterpret_cast<const unsigned char*>(digest.data()), digest.size()})
                  + "\"");
    const auto got = send({"GET", "/files/a/b%20c.bin", {}, {}, {}, {}});
    EXPECT_EQ(got.status, 200);
    EXPECT_EQ(got.body, bytes);
    EXPECT_EQ(wire::header_value(got.headers, "Content-Type"), "text/x-test");
    EXPECT_EQ(wire::header_value(got.headers, "x-amz-meta-who"), "me");
    EXPECT_EQ(wire::header_value(got.headers, "Last-Modified"), "Sat, 21 Nov 2026 00:00:00 GMT");
    const auto head = send({"HEAD", "/files/a/b%20c.bin", {}, {}, {}, {}});
    EXPECT_EQ(head.status, 200);
    EXPECT_EQ(head.body, "");
    EXPECT_EQ(wire::header_value(head.headers, "Content-Length"), "100000");
}

TEST_F(S3Test, SaysWhatIsNotThereInItsOwnWords) {
    const auto no_bucket = send({"GET", "/files/x", {}, {}, {}, {}});
    EXPECT_EQ(no_bucket.status, 404);
    EXPECT_EQ(code(no_bucket), "NoSuchBucket");
    EXPECT_EQ(message(no_bucket), "The specified bucket does not exist");
    put("/files", {});
    EXPECT_EQ(code(send({"GET", "/files/x", {}, {}, {}, {}})), "NoSuchKey");
    EXPECT_EQ(send({"HEAD", "/files/x", {}, {}, {}, {}}).status, 404);
    EXPECT_EQ(send({"DELETE", "/files/x", {}, {}, {}, {}}).status, 204);
    EXPECT_EQ(code(put("/Files", {})), "InvalidBucketName");
    EXPECT_EQ(code(send({"GET", "/files", "acl=", {}, {}, {}})), "NotImplemented");
    put("/files/x", "1");
    EXPECT_EQ(code(send({"DELETE", "/files", {}, {}, {}, {}})), "BucketNotEmpty");
}

TEST_F(S3Test, AReplacedOrDeletedObjectLeavesNoFileBehind) {
    put("/files", {});
    const auto count = [&] {
        int files = 0;
        for (const auto& entry : std::filesystem::directory_iterator(folder_))
            files += entry.is_regular_file() ? 1 : 0;
        return files;
    };
    put("/files/x", "one");
    put("/files/x", "another");
    EXPECT_EQ(count(), 1);
    EXPECT_EQ(send({"GET", "/files/x", {}, {}, {}, {}}).body, "another");
    send({"DELETE", "/files/x", {}, {}, {}, {}});
    EXPECT_EQ(count(), 0);
}

TEST_F(S3Test, APresignedUrlNeedsNoKeysAndEnds) {
    put("/files", {});
    put("/files/helper", "bytes");
    const auto url = presigned("/files/helper", 60);
    EXPECT_EQ(handle(url).body, "bytes");
    now += Seconds(60);
    EXPECT_EQ(handle(url).status, 200);
    now += Seconds(1);
    const auto late = handle(url);
    EXPECT_EQ(late.status, 403);
    EXPECT_EQ(code(late), "AccessDenied");
    EXPECT_EQ(message(late), "Request has expired");
    EXPECT_EQ(code(handle(presigned("/files/helper", 604'801))),
              "AuthorizationQueryParametersError");
}

// What boto3 1.26 gives for it, with these keys, this host and this time.
TEST_F(S3Test, TakesUrlsOfTheFirstSignatureVersion) {
    put("/files", {});
    put("/files/helper", "bytes");
    cloud.keys().add({{"AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", {}},
                      {"arn:aws:iam::123456789012:user/lab", "AIDALAB"},
                      std::nullopt,
                      now});
    const std::string url = "/files/"
                            "helper?AWSAccessKeyId=AKIDEXAMPLE&Signature="
                            "OIQd98ImcXnePaGcgPslvUN6hCE%3D&Expires=1795219260";
    wire::HttpRequest request{"GET", url, {{"Host", "127.0.0.1:4747"}}, {}};
    EXPECT_EQ(handle(request).body, "bytes");
    request.target.replace(request.target.find("helper"), 6, "other1");
    EXPECT_EQ(code(handle(request)), "SignatureDoesNotMatch");
    now = from_epoch_seconds(1795219261);
    EXPECT_EQ(message(handle({"GET", url, {{"Host", "127.0.0.1:4747"}}, {}})),
              "Request has expired");
}

TEST_F(S3Test, EveryPartOfAPresignedUrlIsSigned) {
    put("/files", {});
    put("/files/helper", "bytes");
    put("/files/other", "secret");
    auto another_key = presigned("/files/helper", 60);
    another_key.target.replace(another_key.target.find("helper"), 6, "other");
    EXPECT_EQ(code(handle(another_key)), "SignatureDoesNotMatch");
    auto longer = presigned("/files/helper", 60);
    longer.target.replace(longer.target.find("Expires=60"), 10, "Expires=99");
    EXPECT_EQ(code(handle(longer)), "SignatureDoesNotMatch");
    auto another_host = presigned("/files/helper", 60);
    wire::set_header(another_host.headers, "Host", "10.0.0.1");
    EXPECT_EQ(code(handle(another_host)), "SignatureDoesNotMatch");
    auto another_method = presigned("/files/helper", 60);
    another_method.method = "DELETE";
    EXPECT_EQ(code(handle(another_method)), "SignatureDoesNotMatch");
    EXPECT_EQ(handle(presigned("/files/helper", 60)).body, "bytes");
}

TEST_F(S3Test, RefusesAPayloadThatIsNotTheSignedOne) {
    put("/files", {});
    auto request = signed_request({"PUT", "/files/x", {}, "true", {}, {}});
    request.body = "false";
    EXPECT_EQ(code(handle(request)), "XAmzContentSHA256Mismatch");
    EXPECT_EQ(send({"PUT", "/files/x", {}, "anything", {}, "UNSIGNED-PAYLOAD"}).status, 200);
    EXPECT_EQ(code(send({"PUT", "/files/x", {}, "b", {{"Content-MD5", to_base64(md5("a"))}}, {}})),
              "BadDigest");
    // sha256("b"), by another implementation
    const std::string sha256 = "PiPnFgWGTFmO7ipsf/LnFAyT3Dj3Tj7tKZ9FHIPP+dE=";
    EXPECT_EQ(code(send({"PUT", "/files/x", {}, "a", {{"x-amz-checksum-sha256", sha256}}, {}})),
              "BadDigest");
    auto with = signed_request({"PUT", "/files/x", {}, "a", {}, {}});
    with.headers.push_back({"x-amz-meta-added", "on its way"});
    EXPECT_EQ(message(handle(with)),
              "There were headers present in the request which were not signed");
}

TEST_F(S3Test, RefusesStrangersAndWrongClocks) {
    EXPECT_EQ(code(handle({"GET", "/files/x", {{"Host", "127.0.0.1:4747"}}, {}})), "AccessDenied");
    key.secret_access_key += "x";
    EXPECT_EQ(code(put("/files", {})), "SignatureDoesNotMatch");
    key.access_key_id = "AKIANOBODY";
    EXPECT_EQ(code(put("/files", {})), "InvalidAccessKeyId");
    key = cloud.keys().add_user("lab").credentials;
    now += Seconds(901);
    EXPECT_EQ(code(put("/files", {})), "RequestTimeTooSkewed");
}

TEST_F(S3Test, PoliciesDecideByBucketAndKey) {
    put("/files", {});
    put("/files/open/x", "1");
    put("/files/shut/x", "2");
    const auto iam = [&](const std::string& form) {
        wire::HttpRequest request{
            "POST",
            "/",
            {{"Host", "127.0.0.1:4747"}, {"Content-Type", "application/x-www-form-urlencoded"}},
            form + "&Version=2010-05-08"};
        wire::sign(request, key, "us-east-1", "iam", now);
        return cloud.endpoint().handle(request, now).status;
    };
    ASSERT_EQ(iam("Action=CreateUser&UserName=reader"), 200);
    ASSERT_EQ(
        iam("Action=PutUserPolicy&UserName=reader&PolicyName=p&PolicyDocument="
            + wire::percent_encoded(
                R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::files/open/*"}]})")),
        200);
    key = cloud.keys().add_user("reader").credentials;
    EXPECT_EQ(send({"GET", "/files/open/x", {}, {}, {}, {}}).body, "1");
    EXPECT_EQ(send({"HEAD", "/files/open/x", {}, {}, {}, {}}).status, 200);
    EXPECT_EQ(handle(presigned("/files/shut/x", 60)).status, 403);
    const auto refused = send({"GET", "/files/shut/x", {}, {}, {}, {}});
    EXPECT_EQ(refused.status, 403);
    EXPECT_EQ(code(refused), "AccessDenied");
    EXPECT_EQ(message(refused),
              "User: arn:aws:iam::123456789012:user/reader is not authorized to perform: "
              "s3:GetObject on resource: \"arn:aws:s3:::files/shut/x\" because no identity-based "
              "policy allows the s3:GetObject action");
    EXPECT_EQ(code(put("/files/open/x", "3")), "AccessDenied");
    EXPECT_NE(message(send({"GET", "/files", "list-type=2", {}, {}, {}})).find("s3:ListBucket"),
              std::string::npos);
}

TEST_F(S3Test, ListsInPagesAndByCommonPrefixes) {
    put("/files", {});
    for (const char* name : {"a", "dir/x", "dir/y", "e", "f"})
        put(std::string("/files/") + name, "1");
    std::vector<std::string> seen;
    std::string token;
    int pages = 0;
    do {
        const auto page = send({"GET",
                                "/files",
                                (token.empty() ? "" : "continuation-token=" + token + "&")
                                    + std::string("delimiter=%2F&list-type=2&max-keys=2"),
                                {},
                                {},
                                {}});
        ASSERT_EQ(page.status, 200) << page.body;
        const auto document = wire::XmlDocument::parse(page.body).value();
        document.for_each("Contents", [&](const auto& at) { seen.push_back(at("Key")); });
        document.for_each("CommonPrefixes", [&](const auto& at) { seen.push_back(at("Prefix")); });
        token = document.text_at("NextContinuationToken");
        ++pages;
    } while (!token.empty() && pages < 9);
    EXPECT_EQ(seen, (std::vector<std::string>{"a", "dir/", "e", "f"}));
    EXPECT_EQ(pages, 2);
}

TEST_F(S3Test, PutsPartsTogetherInTheirOrder) {
    put("/files", {});
    const auto begun = send({"POST", "/files/big", "uploads=", {}, {}, {}});
    const std::string id = wire::XmlDocument::parse(begun.body).value().text_at("UploadId");
    const std::string first(s3::Service::part_min, 'a');
    const auto part = [&](int number, const std::string& body) {
        return std::string(
            wire::header_value(send({"PUT",
                                     "/files/big",
                                     fmt::format("partNumber={}&uploadId={}", number, id),
                                     body,
                                     {},
                                     {}})
                                   .headers,
                               "ETag"));
    };
    const std::string two = part(2, "end");
    const std::string one = part(1, first);
    const auto complete = [&](const std::string& a, int na, const std::string& b, int nb) {
        return send(
            {"POST",
             "/files/big",
             "uploadId=" + id,
             fmt::format("<CompleteMultipartUpload><Part><PartNumber>{}</PartNumber><ETag>{}"
                         "</ETag></Part><Part><PartNumber>{}</PartNumber><ETag>{}</ETag>"
                         "</Part></CompleteMultipartUpload>",
                         na,
                         a,
                         nb,
                         b),
             {},
             {}});
    };
    EXPECT_EQ(code(complete(two, 2, one, 1)), "InvalidPartOrder");
    EXPECT_EQ(code(complete(two, 1, one, 2)), "InvalidPart");
    ASSERT_EQ(complete(one, 1, two, 2).status, 200);
    EXPECT_EQ(send({"GET", "/files/big", {}, {}, {}, {}}).body, first + "end");
    EXPECT_EQ(code(complete(one, 1, two, 2)), "NoSuchUpload");
}

TEST(S3RangeTest, GivesWhatAStringWouldGive) {
    const std::size_t seed = std::random_device{}();
    SCOPED_TRACE(fmt::format("seed {}", seed));
    std::mt19937_64 random(seed);
    for (int i = 0; i < 2000; ++i) {
        const std::size_t size = random() % 20;
        const std::size_t a = random() % 25;
        const std::size_t b = random() % 25;
        const auto closed = s3::range_of(fmt::format("bytes={}-{}", a, b), size);
        if (b < a) {
            EXPECT_FALSE(closed);
        } else {
            ASSERT_TRUE(closed);
            EXPECT_EQ(closed->count, a >= size ? 0 : std::min(b + 1, size) - a);
        }
        const auto last = s3::range_of(fmt::format("bytes=-{}", b), size);
        ASSERT_TRUE(last);
        EXPECT_EQ(last->first + last->count, size);
        EXPECT_EQ(last->count, std::min(b, size));
        EXPECT_EQ(s3::range_of(fmt::format("bytes={}-", a), size)->count, a >= size ? 0 : size - a);
    }
    for (const char* other :
         {"", "bytes=", "bytes=-", "bytes=1", "bytes=0-1,3-4", "lines=1-2", "bytes=+1-2"})
        EXPECT_FALSE(s3::range_of(other, 10)) << other;
}

} // namespace
} // namespace squall::lab
