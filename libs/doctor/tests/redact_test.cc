#include "squall/doctor/redact.h"

#include "squall/base/clock.h"
#include "squall/base/json.h"
#include "squall/base/text.h"

#include <gtest/gtest.h>

#include <array>
#include <random>

namespace squall::doctor {
namespace {

constexpr std::string_view key_id = "AKIAIOSFODNN7EXAMPLE";
constexpr std::string_view session_id = "ASIAQWERTYUIOPASDFGH";
constexpr std::string_view secret_key = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
constexpr std::string_view session_token =
    "IQoJb3JpZ2luX2VjEJv//////////"
    "wEaCXVzLWVhc3QtMSJHMEUCIQDx1qY3c9rWtkR5hQzvWcO2ZlYb7XnS8A4gKpUeTm6"
    "fJ0IgL5sVhBwD2yQzXrE9aPtOqGk7MiNnCu1dFj4lSb8ZxYoq6QMIcBAAGgwxMjM0NTY3ODkwMTIiDK==";

// The text, and what must still be in it.
struct Case {
    std::string text;
    std::vector<std::string> secrets;
    std::vector<std::string> kept = {};
};

void check(const Case& each) {
    const std::string out = redacted(each.text);
    for (const std::string& secret : each.secrets) {
        ASSERT_NE(each.text.find(secret), std::string::npos) << "the test plants it: " << secret;
        EXPECT_EQ(out.find(secret), std::string::npos)
            << secret << "\n  in  " << each.text << "\n  out " << out;
    }
    for (const std::string& kept : each.kept)
        EXPECT_NE(out.find(kept), std::string::npos)
            << kept << "\n  in  " << each.text << "\n  out " << out;
    EXPECT_EQ(redacted(out), out) << each.text;
}

std::string text(std::string_view word) { return std::string(word); }

TEST(Redact, TakesOutKeysWhereverTheyStand) {
    for (const std::string_view key : {key_id, session_id, secret_key, session_token}) {
        const std::string k = text(key);
        check({"the key " + k + " is used", {k}, {"the key [redacted] is used"}});
        check({k, {k}});
        check({"error=\"calling with " + k + "\\nstatus code: 400\" module=x",
               {k},
               {"status code: 400\" module=x"}});
        check({"first line\\n" + k + "\\tnext", {k}, {"next"}});
        check({"\xff\xfe" + k + std::string("\0x", 2), {k}});
        check({"a," + k + ";b", {k}, {"a,", ";b"}});
        check({"%22" + k + "%22", {k}});
    }
}

TEST(Redact, TakesOutPasswordsBehindTheLetterOfAnOption) {
    check({"/usr/bin/mysql -uroot -phunter2 web", {"hunter2"}, {"mysql -uroot -p", " web"}});
    check({"Cmd: [\"mysqldump\", \"-phunter2\", \"web\"]", {"hunter2"}, {"web"}});
    check({"mariadb-admin -phunter2", {"hunter2"}});
    check({"docker login -u me -phunter2 registry", {"hunter2"}, {"registry"}});
    check({"sshpass -p hunter2 ssh h", {"hunter2"}, {"ssh h"}});
    check({"aws configure set aws_secret_access_key hunter2/x --profile p",
           {"hunter2"},
           {"aws configure set aws_secret_access_key ", " --profile p"}});
    check({"aws configure set profile.a.aws_session_token 'hunter2'; aws configure set region x",
           {"hunter2"},
           {"set region x"}});
    check({"redis-cli -a hunter2 ping", {"hunter2"}, {"ping"}});
    check({"psk=hunter2 WIFI_PSK=hunter2", {"hunter2"}});
    check({"mkdir -p /data; mysqld -P 3306 -p", {}, {"mkdir -p /data", "-P 3306 -p"}});
}

TEST(Redact, TakesOutKeysWhoseSlashesAreEscaped) {
    const std::string json = replace_all(text(secret_key), "/", "\\/");
    const std::string url = replace_all(replace_all(text(secret_key), "/", "%2F"), "+", "%2B");
    check({"[\"" + json + "\"]", {json, "bPxRfiCYEXAMPLEKEY"}});
    check({"key " + url + " end", {url, "bPxRfiCYEXAMPLEKEY"}, {"end"}});
    check({"in base64 " + to_base64(secret_key), {to_base64(secret_key)}});
    check({"in base64 " + to_base64(session_token), {to_base64(session_token).substr(0, 60)}});
}

TEST(Redact, TakesOutWhatIsLeftOfAKeyWhenItsLineWasCut) {
    check({"… and the key AKIAIOSFODNN", {"AKIAIOSFODNN"}});
    const std::string tail = text(session_token.substr(40));
    check({tail + "\" module=x", {tail}, {"module=x"}});
    const std::string head = text(session_token.substr(0, 50));
    check({"X-Amz-Security-Token: " + head, {head}});
    check({R"("SecretAccessKey" : "wJalrXUtn)", {"wJalrXUtn"}});
    check({R"(ASSWORD":"hunter2)"
           "\nnext",
           {},
           {"next"}});
    check({R"(DB_PASSWORD="hunter2)", {"hunter2"}});
}

TEST(Redact, TakesOutValuesOfSettings) {
    for (const char* name : {"DB_PASSWORD",
                             "db.passwd",
                             "AWS_SECRET_ACCESS_KEY",
                             "AWS_SESSION_TOKEN",
                             "GITHUB_TOKEN",
                             "API_KEY",
                             "MyApiKey",
                             "REDIS_PASS",
                             "MYSQL_PWD",
                             "CLIENT_SECRET",
                             "SSH_PASSPHRASE",
                             "auth",
                             "_auth",
                             "STRIPE_AUTH_KEY"}) {
        const std::string n = name;
        check({n + "=hunter2", {"hunter2"}, {n + "=[redacted]"}});
        check({"export " + n + "='hunter2'\nPATH=/bin", {"hunter2"}, {n, "PATH=/bin"}});
        check({"start " + n + "=hunter2 PATH=/bin", {"hunter2"}, {n, "PATH=/bin"}});
        check({"x\n" + n + " = hunter2 and blanks\ny", {"hunter2", "blanks"}, {n, "x\n", "\ny"}});
        check({"A=b" + std::string(1, '\0') + n + "=hunter2" + std::string(1, '\0') + "C=d",
               {"hunter2"},
               {"A=b", "C=d"}});
        check({"map[" + n + ":hunter2 LANG:C]", {"hunter2"}, {"LANG:C]"}});
        check({"{" + n + ":\"hunter2\", Lang:\"C\"}", {"hunter2"}, {"Lang:\"C\"}"}});
        check({n + ": hunter2\nnext: line", {"hunter2"}, {"next: line"}});
    }
    check({"PASSWORD=a,b;c)d", {"a,b", "c)d"}});
    check({"x PASSWORD=ab\"cd&ef y", {"ab", "cd", "ef"}, {" y"}});
    check({"password: correct horse battery", {"correct", "horse", "battery"}});
    check({"the proxy's password is hunter2, and it goes on", {"hunter2"}, {"and it goes on"}});
    check({"password is \"hunter2 and more\" now", {"hunter2", "more"}, {" now"}});
    check({"# the old password was hunter2", {"hunter2"}, {"# the old password was "}});
    check({"password hunter2 is wrong, try again", {"hunter2"}, {"is wrong, try again"}});
    check({"ECS_INSTANCE_ATTRIBUTES={\"dbpw\":\"hunter2\",\"rack\":\"7\"}",
           {"hunter2"},
           {"\"rack\":\"7\""}});
    check({"start ROOT_PW=hunter2 rootpw=hunter2 now", {"hunter2"}, {"ROOT_PW", "rootpw", "now"}});
    check({"the password of user2 is invalid; password authentication is required",
           {},
           {"user2", "authentication"}});
    check({"the password is required. The password is incorrect", {}, {"required", "incorrect"}});
    check({"the token is expired; credential is refreshed", {}, {"expired", "refreshed"}});
}

TEST(Redact, TakesOutMembersOfJson) {
    check({R"({"Password": "hun\"ter2", "Name": "x"})", {"ter2"}, {R"("Name": "x"})"}});
    check({R"({"secret":"hunter2","n":1})", {"hunter2"}, {R"(,"n":1})"}});
    check({R"("log":"{\"token\":\"hunter2\",\"a\":\"b\"}\n","stream":"stdout")",
           {"hunter2"},
           {R"(\"a\":\"b\"}\n","stream":"stdout")"}});
    check({R"(x="{\\\"token\\\":\\\"hunter2\\\",\\\"a\\\":\\\"b\\\"}")",
           {"hunter2"},
           {R"(\\\"a\\\":\\\"b\\\")"}});
    check({R"({"password":["hunter2","second"],"a":1})", {"hunter2", "second"}, {R"("a":1})"}});
    check({R"({"secrets":{"db":"hunter2"},"a":1})", {"hunter2"}, {R"("a":1})"}});
    check({R"([{"name":"DB_PASSWORD","value":"hunter2"},{"name":"COLOR","value":"blue"}])",
           {"hunter2"},
           {"COLOR", "blue"}});
    check({"{\n  \"name\": \"API_TOKEN\",\n  \"value\": \"hunter2\"\n}", {"hunter2"}});
    check({R"({'password': 'hunter2', 'a': 'b'})", {"hunter2"}, {"'a': 'b'"}});
    check({R"({"pin":1,"passcode":1234567})", {"1234567"}});
    check({"<Password>hunter2</Password><User>me</User>", {"hunter2"}, {"<User>me</User>"}});
}

TEST(Redact, TakesOutEnvironmentOfContainers) {
    check({R"("Env": ["DB_PASSWORD=my pass \"word\" x", "COLOR=blue"])",
           {"my pass", "word"},
           {R"("COLOR=blue")"}});
    check(
        {R"("Cmd": ["server", "--password", "hunter2", "--verbose"])", {"hunter2"}, {"--verbose"}});
    check({R"(Env:[DB_PASSWORD=hunter2 COLOR=blue])", {"hunter2"}, {"COLOR=blue]"}});
}

TEST(Redact, TakesOutRegistryCredentials) {
    const std::string data =
        R"({"https://index.docker.io/v1/":{"username":"me","password":"hunter2","email":"me@x.org"}})";
    const std::string escaped = replace_all(data, "\"", "\\\"");
    const std::string twice = replace_all(replace_all(escaped, "\\", "\\\\"), "\"", "\\\"");
    check({"ECS_CLUSTER=c\nECS_ENGINE_AUTH_DATA=" + data + "\nECS_LOGLEVEL=info",
           {"hunter2", "me@x.org"},
           {"ECS_CLUSTER=c", "ECS_LOGLEVEL=info"}});
    check({"\"Env\": [\"ECS_ENGINE_AUTH_DATA=" + escaped + "\",\"A=b\"]",
           {"hunter2", "me@x.org"},
           {"\"A=b\""}});
    check({"msg=\"env is [\\\"ECS_ENGINE_AUTH_DATA=" + twice + "\\\"]\" module=x", {"hunter2"}});
    check({R"({"auths":{"https://index.docker.io/v1/":{"auth":"bWU6aHVudGVyMg=="}}})",
           {"bWU6aHVudGVyMg"}});
    check({R"({"https://index.docker.io/v1/":{"auth":"bWU6aHVudGVyMg==","email":"x"}})",
           {"bWU6aHVudGVyMg"}});
    check(
        {"{\n\t\"auths\": {\n\t\t\"r.io\": {\n\t\t\t\"auth\": \"bWU6aHVudGVyMg==\"\n\t\t}\n\t}\n}",
         {"bWU6aHVudGVyMg"},
         {"r.io"}});
}

TEST(Redact, TakesOutPasswordsOfUrls) {
    check({"HTTP_PROXY=http://user:hunter2@proxy.local:3128",
           {"hunter2", "user"},
           {"http://[redacted]@proxy.local:3128"}});
    check({"HTTP_PROXY=user:hunter2@10.0.0.1:3128", {"hunter2"}, {"@10.0.0.1:3128"}});
    check({R"(proxyconnect tcp: dial tcp: lookup user:hunter2@proxy)", {"hunter2"}, {"@proxy"}});
    check({"http://user:hun/ter2@proxy:3128/", {"ter2"}, {"proxy:3128"}});
    check({"http://user:hun@ter2@proxy:3128/", {"ter2", "hun"}, {"proxy:3128"}});
    check({R"(parse \"http://user:hunter2@proxy:3128\": bad)", {"hunter2"}, {"proxy:3128", "bad"}});
    check({R"("http:\/\/user:hunter2@proxy:3128")", {"hunter2"}, {"proxy:3128"}});
    check({"u=http%3A%2F%2Fuser%3Ahunter2%40proxy%3A3128", {"hunter2"}, {"proxy%3A3128"}});
    // A password with an '@' in it, encoded as it has to be.
    check(
        {"HTTP_PROXY=http://svc:hun%40ter2@10.0.0.20:3128", {"hun", "ter2"}, {"@10.0.0.20:3128"}});
    check({"proxyconnect tcp http://u:hun%40ter2%40x@10.9.9.9:3128: dial",
           {"hun", "ter2"},
           {"@10.9.9.9:3128"}});
    // Not encoded as it has to be.
    check({"dial https://u:ZQX2/a@b#ZQX3@10.0.0.1:3128: refused",
           {"ZQX2", "ZQX3"},
           {"https://[redacted]@10.0.0.1:3128: refused"}});
    check({"http://bob:hunter@TopSecretPw/x@10.0.0.20:3128",
           {"hunter", "TopSecretPw"},
           {"@10.0.0.20:3128"}});
    check({"https://me:hunter2@host.local/path@v2", {"hunter2"}, {"host.local/path@v2"}});
    check({"https://x-token@github.com/a/b", {"x-token"}, {"github.com/a/b"}});
    check({"postgres://me:hunter2@db.local/x?sslmode=no redis://:hunter2@r:6379",
           {"hunter2"},
           {"db.local/x?sslmode=no", "r:6379"}});
}

TEST(Redact, TakesOutPresignedQueries) {
    check({"GET "
           "https://b.s3.us-east-1.amazonaws.com/"
           "agent.tar?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=ASIAQWERTYUIOPASDFGH%"
           "2F20260101%2Fus-east-1%2Fs3%2Faws4_request"
           "&X-Amz-Date=20260101T000000Z&X-Amz-Expires=300&X-Amz-Security-Token=IQoJb3JpZ2lu%2F%2F&"
           "X-Amz-SignedHeaders=host&X-Amz-Signature="
           "fe5f80f77d5fa3beca038a248ff027d0445342fe2855ddc963176630326f1024 HTTP/1.1",
           {"ASIAQWERTYUIOPASDFGH", "IQoJb3JpZ2lu", "fe5f80f77d"},
           {"https://b.s3.us-east-1.amazonaws.com/agent.tar?X-Amz-Algorithm",
            "X-Amz-Date=20260101T000000Z",
            "HTTP/1.1"}});
    check({R"("url":"https://b/x?X-Amz-Signature=fe5f80f77d5f\u0026X-Amz-Date=2026","a":"b")",
           {"fe5f80f77d"},
           {"X-Amz-Date=2026", "\"a\":\"b\""}});
}

TEST(Redact, TakesOutHeaders) {
    check({"> Authorization: Bearer abc.def ghi\r\n> Host: x", {"abc.def", "ghi"}, {"> Host: x"}});
    check({"Authorization: AWS4-HMAC-SHA256 "
           "Credential=AKIAIOSFODNN7EXAMPLE/20260101/us-east-1/ecs/aws4_request, "
           "SignedHeaders=host, Signature=fe5f80f77d5fa3\nnext",
           {"AKIA", "fe5f80"},
           {"next"}});
    check(
        {R"(map[Authorization:[AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/2026, Signature=fe5f80f77d5fa3] Host:[ecs.us-east-1.amazonaws.com]])",
         {"fe5f80"},
         {"ecs.us-east-1.amazonaws.com"}});
    check({R"({"Authorization":["Basic bWU6aHVudGVyMg==","Basic c2Vjb25k"],"Host":["h"]})",
           {"bWU6aHVudGVyMg", "c2Vjb25k"},
           {R"("Host":["h"])"}});
    check({"curl -H 'X-aws-ec2-metadata-token: AQAEALKz-Ch8_w==' "
           "http://169.254.169.254/latest/meta-data",
           {"AQAEALKz"},
           {"http://169.254.169.254/latest/meta-data"}});
    check({"GET /\\r\\nX-Amz-Security-Token: IQoJb3JpZ2lu\\r\\nHost: h",
           {"IQoJb3JpZ2lu"},
           {"Host: h"}});
    check({"Proxy-Authorization: Digest username=\"me\", "
           "response=\"6629fae49393a05397450978507c4ef1\"",
           {"6629fae4"}});
    check({"Set-Cookie: id=abc; Path=/", {"abc"}});
}

TEST(Redact, TakesOutCredentialDocuments) {
    check({"{\n  \"Code\" : \"Success\",\n  \"LastUpdated\" : \"2026-01-01T00:00:00Z\",\n  "
           "\"Type\" : \"AWS-HMAC\",\n  \"AccessKeyId\" : \"ASIAQWERTYUIOPASDFGH\",\n  "
           "\"SecretAccessKey\" : \""
               + text(secret_key)
               + "\",\n  \"Token\" : \"short\",\n  \"Expiration\" : \"2026-01-01T06:00:00Z\"\n}",
           {"ASIAQWERTYUIOPASDFGH", text(secret_key), "short"},
           {"\"Code\" : \"Success\"", "2026-01-01T06:00:00Z", "\"Type\" : \"AWS-HMAC\""}});
    check({"[default]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = "
           "abc\nregion = eu-west-1",
           {"AKIAIOSFODNN7EXAMPLE", "abc"},
           {"region = eu-west-1"}});
    check({"token eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.dozjgNryP4J3 end",
           {"eyJhbGciOi", "eyJzdWIi", "dozjgNryP4J3"},
           {"end"}});
    check({"docker login: dckr_pat_abcDEF0123456789abcd was refused",
           {"abcDEF0123456789"},
           {"was refused"}});
}

TEST(Redact, TakesOutPrivateKeys) {
    const std::string body =
        "MIIEpAIBAAKCAQEA0Z3VS5JJcds3xfn/ygWyF8PbnGy0AHB7MhgHcTz6sE2I2yPB\naFDrBz9vFqU4yK1CEjX3\n";
    const std::string key =
        "-----BEGIN RSA PRIVATE KEY-----\n" + body + "-----END RSA PRIVATE KEY-----";
    check({"before\n" + key + "\nafter", {"MIIEpAIB", "aFDrBz9v"}, {"before", "after"}});
    const std::string escaped = replace_all(key, "\n", "\\n");
    check({"{\"k\":\"" + escaped + "\",\"a\":1}", {"MIIEpAIB", "aFDrBz9v"}, {"\",\"a\":1}"}});
    check({"before\n-----BEGIN PRIVATE KEY-----\n" + body, {"MIIEpAIB", "aFDrBz9v"}});
    check({"-----BEGIN PRIVATE KEY-----\\nMIIE\nlevel=error msg=\"x\"",
           {"MIIE"},
           {"level=error msg=\"x\""}});
    check({"aJcds3xfnAygWyF8PbnGy0AHB7MhgHcTz6sE2I2yPBaFDrBz9vFqU4yK1CEjX3ab\n-----END RSA PRIVATE "
           "KEY-----",
           {"aJcds3xfnAyg"}});
}

TEST(Redact, TakesOutOptionsOfCommands) {
    check({"mysqld --password hunter2 --port 3306", {"hunter2"}, {"--port 3306"}});
    check({"x --db-password=hunter2 -v", {"hunter2"}, {"-v"}});
    check({"x --api-token 'hun ter2' -v", {"ter2"}, {"-v"}});
    check({"docker login -u me -p hunter2 r.io", {"hunter2"}, {"r.io"}});
    check({"curl -u me:hunter2 http://h/", {"hunter2"}, {"http://h/"}});
    for (const char* user : {"-U me:hunter2",
                             "-Ume:hunter2",
                             "-ume:hunter2",
                             "-sSu me:hunter2",
                             "-sU 'me:hunter2'",
                             "-su\", \"me:hunter2\""}) {
        const std::string call = fmt::format("curl -o /dev/null {} http://h/", user);
        check({call, {"hunter2"}, {"-o /dev/null", "http://h/"}});
    }
    check({"curl -Hauthority:x -xu:1 -u me -o u:1", {}, {"-Hauthority:x -xu:1 -u me -o u:1"}});
    check({std::string("x\0--password\0hunter2\0-v", 23), {"hunter2"}, {"-v"}});
}

TEST(Redact, KeepsWhatADiagnosisNeeds) {
    for (const char* line :
         {"arn:aws:iam::123456789012:role/ecsInstanceRole",
          "arn:aws:secretsmanager:us-east-1:123456789012:secret:my-secret-AbCdEf",
          "arn:aws:sts::123456789012:assumed-role/Admin/me@example.com is not authorized to "
          "perform: ecs:Poll",
          "arn:aws:ecs:us-east-1:123456789012:container-instance/MyCluster1/"
          "0123456789abcdef0123456789abcdef",
          "UnrecognizedClientException: The security token included in the request is invalid.",
          "ExpiredTokenException: The security token included in the request is expired",
          "ExpiredToken: The provided token has expired. status code: 400, request id: "
          "4d0d8a2e-6f0f-4a3e-9c3f-0123456789ab",
          "InvalidClientTokenId: The security token included in the request is invalid",
          "NoCredentialProviders: no valid providers in chain. Deprecated.",
          "NoCredentialProviders: no valid providers in chain\ncaused by: EC2MetadataError: failed "
          "to make EC2Metadata request",
          "Error getting ECS instance credentials from credentials chain: no valid providers in "
          "chain:",
          "InvalidSignatureException: Signature not yet current: 20180809T191906Z is still later "
          "than 20180809T190906Z",
          "InvalidSignatureException: Signature expired: 20180809T190906Z is now earlier than "
          "20180809T191906Z",
          "SignatureDoesNotMatch: The request signature we calculated does not match",
          "failed to get API token: operation error ec2imds: getToken, http response error "
          "StatusCode: 401",
          "Put \"http://169.254.169.254/latest/api/token\": context deadline exceeded "
          "(Client.Timeout exceeded)",
          "failed to refresh cached credentials, no EC2 IMDS role found, operation error ec2imds: "
          "GetMetadata",
          "unable to get token: dial tcp 169.254.169.254:80: connect: connection refused",
          "unable to retrieve credentials: EC2MetadataError: failed to make request",
          "level=error time=2026-06-30T17:02:14Z msg=\"Failed to connect to ACS\" module=agent.go "
          "error=\"websocket client: unable to dial ecs-a-1.us-east-1.amazonaws.com: i/o timeout\"",
          "dial tcp 10.0.1.2:43210->52.94.1.2:443: i/o timeout",
          "lookup ecs.us-east-1.amazonaws.com on 10.0.0.2:53: no such host",
          "/var/lib/ecs/data/metadata/MyCluster1/0123456789abcdef0123456789abcdef/WebServer/"
          "ecs-container-metadata.json",
          "docker pull "
          "r.io/name:tag@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
          "Data mismatch; saved InstanceID 'i-0123456789abcdef0' does not match current InstanceID "
          "'i-0fedcba9876543210'",
          "write unix @->/var/run/docker.sock: write: broken pipe",
          "HttpTokens=required",
          "\"HttpTokens\": \"optional\"",
          "PWD=/root",
          "iptables -p tcp --dport 443 -j REJECT",
          "user=AIDAQWERTYUIOPASDFGHJ role=AROAQWERTYUIOPASDFGHJ",
          "InstanceRegistrationAttemptWithInvalidAt",
          "policy arn:aws:iam::aws:policy/service-role/AmazonEC2ContainerServiceforEC2Role",
          "X-aws-ec2-metadata-token-ttl-seconds: 21600",
          "da39a3ee5e6b4b0d3255bfef95601890afd80709"})
        EXPECT_EQ(redacted(line), line);
}

TEST(Redact, KeepsOnlyHarmlessSettings) {
    EXPECT_EQ(redacted_settings("# a comment\nECS_CLUSTER=prod\nMY_THING=abc def\n\nexport "
                                "NAME=x\nECS_LOG_OPTS={\"splunk-token\":\"abc\"}\n"),
              "# a comment\nECS_CLUSTER=prod\nMY_THING=[redacted]\n\nexport "
              "NAME=[redacted]\nECS_LOG_OPTS={\"splunk-token\":\"[redacted]\"}\n");
    EXPECT_EQ(redacted_settings("HTTP_PROXY=http://me:hunter2@p:1\nAWS_SECRET_ACCESS_KEY=a"),
              "HTTP_PROXY=http://[redacted]@p:1\nAWS_SECRET_ACCESS_KEY=[redacted]");
    using std::string_literals::operator""s;
    EXPECT_EQ(redacted_settings("PATH=/bin\0KEY=two\nlines\0"s), "PATH=/bin\0KEY=[redacted]\0"s);
    EXPECT_EQ(redacted_settings("KEY=two\nlines and more"), "KEY=[redacted]\n[redacted]");
    EXPECT_EQ(redacted_settings("EMPTY="), "EMPTY=");
}

// Text without sense, out of everything that matters to a finder.
std::string random_text(std::mt19937& random, std::size_t parts_max) {
    static constexpr std::array<std::string_view, 34> parts{" ",
                                                            "\n",
                                                            "\"",
                                                            "'",
                                                            "\\",
                                                            "\\\"",
                                                            "=",
                                                            ":",
                                                            ": ",
                                                            ",",
                                                            "{",
                                                            "}",
                                                            "[",
                                                            "]",
                                                            "&",
                                                            "@",
                                                            "://",
                                                            "/",
                                                            "%40",
                                                            "%3A%2F%2F",
                                                            "password",
                                                            "token",
                                                            "name",
                                                            "value",
                                                            "Authorization",
                                                            "-----BEGIN PRIVATE KEY-----",
                                                            "-----END ",
                                                            "AKIA",
                                                            "[redacted]",
                                                            "level=error",
                                                            "--secret",
                                                            "\\n",
                                                            "x",
                                                            std::string_view("\0\xff", 2)};
    std::string result;
    for (std::size_t n = random() % (parts_max + 1); n > 0; --n)
        result += parts[random() % parts.size()];
    return result;
}

TEST(Redact, LeavesNoPlantedSecretInAnyText) {
    std::mt19937 random(20260630);
    constexpr std::string_view letters =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (int round = 0; round < 20'000; ++round) {
        std::string secret;
        for (int i = 0; i < 40; ++i)
            secret += letters[random() % letters.size()];
        std::string id = "AKIA";
        for (int i = 0; i < 16; ++i)
            id += letters[random() % 26];
        const std::string plain = "pw" + std::to_string(random());
        const std::vector<std::string> plants{" " + secret + " ",
                                              "\"" + secret + "\"",
                                              id,
                                              "\\n" + id + "\\n",
                                              "\n" + to_base64(secret) + "\n",
                                              "\nDB_PASSWORD=" + plain + "\n",
                                              "\n{\"password\":\"" + plain + "\"}\n",
                                              "\nhttp://u:" + plain + "@h:1 \n",
                                              "\nX-Amz-Security-Token: " + plain + "\n"};
        const std::size_t which = random() % plants.size();
        const std::string before = random_text(random, 12);
        const std::string all = before + plants[which] + random_text(random, 12);
        const std::string once = redacted(all);
        for (const std::string& each : {secret, id, plain, to_base64(secret)})
            ASSERT_EQ(once.find(each), std::string::npos) << "round " << round << "\n"
                                                          << all << "\n"
                                                          << once;
        ASSERT_EQ(redacted(once), once) << "round " << round << "\n" << all;
    }
}

TEST(Redact, TakesTimeThatGrowsWithTheTextAlone) {
    for (const std::string_view unit : {"-----BEGIN PRIVATE KEY-----",
                                        "password={",
                                        "\"key\":'",
                                        "@",
                                        "token: ",
                                        "user:@",
                                        "secret=[\"",
                                        "\\",
                                        "a/B1",
                                        "--x y",
                                        "\\\"name\\\":\\\"",
                                        "{\"token\":{",
                                        "password=\"x\"y",
                                        "ssm-agent -code x ",
                                        "?sig=x "}) {
        std::string all;
        while (all.size() < (std::size_t{1} << 20U))
            all += unit;
        const auto begin = Steady::now();
        EXPECT_FALSE(redacted(all).empty());
        // Milliseconds where it is linear, and minutes where it is not.
        EXPECT_LT(Steady::now() - begin, std::chrono::seconds(20)) << unit;
    }
}

} // namespace
} // namespace squall::doctor
