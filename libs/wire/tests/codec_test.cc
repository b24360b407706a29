#include "squall/wire/agent_message.h"
#include "squall/wire/arn.h"
#include "squall/wire/protocol.h"
#include "squall/wire/query.h"
#include "squall/wire/xml.h"

#include <gtest/gtest.h>

namespace squall::wire {
namespace {

TEST(Url, SplitsWhatPeopleWrite) {
    const auto plain = parse_url("http://127.0.0.1:4566").value();
    EXPECT_EQ(plain.host, "127.0.0.1");
    EXPECT_EQ(plain.port, 4566);
    EXPECT_EQ(plain.target, "/");
    EXPECT_EQ(plain.host_header(), "127.0.0.1:4566");
    const auto tls = parse_url("https://ECS.us-east-1.amazonaws.com/a/b?c=d#e").value();
    EXPECT_EQ(tls.port, 443);
    EXPECT_EQ(tls.host_header(), "ecs.us-east-1.amazonaws.com");
    EXPECT_EQ(tls.target, "/a/b?c=d");
    const auto v6 = parse_url("http://user:pw@[::1]:8080").value();
    EXPECT_EQ(v6.host, "::1");
    EXPECT_EQ(v6.user_info, "user:pw");
    EXPECT_EQ(v6.host_header(), "[::1]:8080");
    EXPECT_EQ(parse_url("unix:/run/docker.sock").value().host, "/run/docker.sock");
}

TEST(Url, RefusesWhatCannotBeDialled) {
    for (const char* bad : {"",
                            "localhost:80",
                            "ftp://h",
                            "http://",
                            "http://h:0",
                            "http://h:70000",
                            "http://h:x",
                            "http://[::1",
                            "http://a b"}) {
        EXPECT_FALSE(parse_url(bad)) << bad;
    }
}

TEST(Query, ReadsListsOfBothProtocols) {
    const auto form = QueryParameters::parse("Action=DescribeInstances&InstanceId.1=i-1&InstanceId."
                                             "2=i-2&Tags.member.1=a&Filter.1.Value.1=x%20y+z")
                          .value();
    EXPECT_EQ(form.get("Action"), "DescribeInstances");
    EXPECT_EQ(form.list("InstanceId"), (std::vector<std::string>{"i-1", "i-2"}));
    EXPECT_EQ(form.list("Tags"), std::vector<std::string>{"a"});
    EXPECT_EQ(form.list("Filter.1.Value"), std::vector<std::string>{"x y z"});
    EXPECT_TRUE(form.has_structure("Filter.1"));
    EXPECT_FALSE(form.has_structure("Filter.2"));
    EXPECT_TRUE(form.list("Nothing").empty());
}

TEST(Query, WritesWhatItReads) {
    QueryParameters parameters;
    parameters.add("RoleArn", "arn:aws:iam::1:role/a b&c=d");
    const auto again = QueryParameters::parse(parameters.form()).value();
    EXPECT_EQ(again.get("RoleArn"), "arn:aws:iam::1:role/a b&c=d");
}

TEST(Query, RefusesMoreParametersThanItsLimit) {
    std::string form;
    for (std::size_t i = 0; i <= QueryParameters::count_max; ++i)
        form += "a=b&";
    EXPECT_FALSE(QueryParameters::parse(form));
}

TEST(Xml, IsReadBackAsItWasWritten) {
    XmlWriter xml;
    xml.open("DescribeInstancesResponse", "http://ec2.amazonaws.com/doc/2016-11-15/");
    xml.leaf("requestId", "r-1");
    xml.element("reservationSet", [&] {
        for (const char* id : {"i-1", "i-<2>"}) {
            xml.element("item", [&] { xml.leaf("instanceId", id); });
        }
    });
    xml.close();
    const auto document = XmlDocument::parse(xml.text()).value();
    EXPECT_EQ(document.root_name(), "DescribeInstancesResponse");
    std::vector<std::string> ids;
    document.for_each("reservationSet/item",
                      [&](const XmlDocument::Reader& item) { ids.push_back(item("instanceId")); });
    EXPECT_EQ(ids, (std::vector<std::string>{"i-1", "i-<2>"}));
    EXPECT_EQ(document.text_at("requestId"), "r-1");
    EXPECT_EQ(document.text_at("nothing/here"), "");
}

TEST(Protocol, AnErrorIsReadAsItWasWrittenInEveryProtocol) {
    for (const auto protocol :
         {Protocol::json_1_0, Protocol::json_1_1, Protocol::query, Protocol::ec2}) {
        const auto response =
            error_response(protocol, {"AccessDenied", "User: a is <not> authorized", 403}, "req-1");
        const auto read = read_error(protocol, response);
        EXPECT_EQ(read.error.code, "AccessDenied");
        EXPECT_EQ(read.error.message, "User: a is <not> authorized");
        EXPECT_EQ(read.error.status, 403);
        EXPECT_EQ(read.request_id, "req-1");
    }
}

TEST(Protocol, ReadsTheCodeWithoutItsNamespace) {
    const HttpResponse response{
        400,
        {},
        R"({"__type":"com.amazonaws.ecs#ClusterNotFoundException","Message":"Cluster not found."})"};
    const auto read = read_error(Protocol::json_1_1, response);
    EXPECT_EQ(read.error.code, "ClusterNotFoundException");
    EXPECT_EQ(read.error.message, "Cluster not found.");
}

TEST(Protocol, AProxysPageIsNoAwsError) {
    for (const auto protocol : {Protocol::json_1_1, Protocol::query, Protocol::ec2}) {
        const auto read =
            read_error(protocol, {502, {{"Content-Type", "text/html"}}, "<html><body>Bad gateway"});
        EXPECT_EQ(read.error.code, "HTTP 502");
        EXPECT_EQ(read.error.message, "<html><body>Bad gateway");
    }
}

TEST(Arn, IsSplitAndJoined) {
    const auto arn =
        parse_arn("arn:aws:ecs:us-east-1:123456789012:container-instance/demo/0123").value();
    EXPECT_EQ(arn.service, "ecs");
    EXPECT_EQ(arn.id(), "0123");
    EXPECT_EQ(arn.text(), "arn:aws:ecs:us-east-1:123456789012:container-instance/demo/0123");
    EXPECT_EQ(parse_arn("arn:aws:sns:us-east-1:1:topic:with:colons").value().resource,
              "topic:with:colons");
    EXPECT_EQ(parse_arn("arn:aws:iam::1:role/ecs").value().region, "");
    EXPECT_FALSE(parse_arn("arn:aws:ecs"));
    EXPECT_FALSE(parse_arn("demo"));
}

TEST(AgentMessage, IsFoundBehindTheSignedHeadersOfTcs) {
    const std::string frame =
        "Authorization: AWS4-HMAC-SHA256 …\r\nHost: h\r\nX-Amz-Date: 20261121T000729Z\r\n\r\n"
        R"({"type":"PublishMetricsRequest","message":{"metadata":{"idle":true}}})";
    const auto message = parse_agent_message(without_signed_headers(frame)).value();
    EXPECT_EQ(message.type, "PublishMetricsRequest");
    EXPECT_TRUE(json::bool_at(json::at(message.body, "metadata"), "idle"));
    EXPECT_EQ(without_signed_headers("{}"), "{}");
    EXPECT_FALSE(parse_agent_message("{\"message\":{}}"));
    EXPECT_FALSE(parse_agent_message("junk"));
}

} // namespace
} // namespace squall::wire
