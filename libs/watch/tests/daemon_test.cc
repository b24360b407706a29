// The daemon with all of its threads, on a region in memory and the machine's own clock.
#include "squall/watch/daemon.h"

#include "fake_process.h"
#include "fake_region.h"
#include "squall/base/temporary_folder.h"
#include "squall/base/text.h"
#include "squall/base/time_text.h"
#include "squall/transport/http_client.h"

#include <gtest/gtest.h>

#include <condition_variable>
#include <mutex>
#include <set>
#include <thread>

namespace squall::watch {
namespace {

constexpr Seconds patience{60};

// A region with a queue: what is put into it is given out until somebody deletes it.
class RegionWithQueue final : public aws::HttpSender {
public:
    FakeRegion region; // under the mutex, once the daemon runs

    void put(const std::string& body) {
        const std::lock_guard lock(mutex_);
        messages_[fmt::format("r-{}", ++last_)] = body;
        changed_.notify_all();
    }

    void change(const std::function<void(FakeRegion&)>& how) {
        const std::lock_guard lock(mutex_);
        how(region);
    }

    [[nodiscard]] bool becomes_empty() {
        std::unique_lock lock(mutex_);
        return changed_.wait_for(lock, patience, [this] { return messages_.empty(); });
    }

    Result<wire::HttpResponse> send(const wire::Url& server,
                                    const wire::HttpRequest& request,
                                    Deadline deadline,
                                    std::stop_token stop) override {
        const auto target = wire::header_value(request.headers, "X-Amz-Target");
        const auto [service, operation] = split_once(target, '.');
        std::unique_lock lock(mutex_);
        if (service != "AmazonSQS") return region.send(server, request, deadline, stop);
        const auto input = json::parse_object(request.body);
        if (!input) return fail(input.error());
        json::Object answer;
        if (operation == "ReceiveMessage") {
            // A long poll, of a server that is quick to end it.
            changed_.wait_for(lock, Millis(100), [this] { return !messages_.empty(); });
            answer["Messages"] = given_out();
        } else if (operation == "DeleteMessageBatch") {
            for (const auto& entry : json::array_at(*input, "Entries"))
                messages_.erase(std::string(json::string_at(entry, "ReceiptHandle")));
            changed_.notify_all();
        } else if (operation == "GetQueueAttributes") {
            answer["Attributes"] =
                json::Object{{"VisibilityTimeout", "30"}, {"RedrivePolicy", "{}"}};
        }
        return wire::HttpResponse{
            200, {{"Content-Type", "application/x-amz-json-1.0"}}, json::text(answer)};
    }

private:
    json::Array given_out() {
        json::Array messages;
        for (const auto& [receipt, body] : messages_) {
            if (!seen_.insert(receipt).second || messages.size() == 10) continue;
            messages.push_back(json::Object{{"MessageId", receipt},
                                            {"ReceiptHandle", receipt},
                                            {"Body", body},
                                            {"Attributes", json::Object()}});
        }
        return messages;
    }

    std::mutex mutex_;
    std::condition_variable changed_;
    std::map<std::string, std::string> messages_; // by receipt
    std::set<std::string> seen_;                  // out of sight
    int last_ = 0;
};

// What a channel was sent, and who waits for it.
class Sent {
public:
    void add(std::string what) {
        const std::lock_guard lock(mutex_);
        all_.push_back(std::move(what));
        changed_.notify_all();
    }

    // The phases of all incidents, in their order, as soon as there are so many.
    [[nodiscard]] std::string first(std::size_t count) {
        std::unique_lock lock(mutex_);
        changed_.wait_for(lock, patience, [&] { return all_.size() >= count; });
        return join(all_, " ");
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<std::string> all_;
};

class SentChannel final : public Channel {
public:
    SentChannel(std::string name, Sent& sent, int failures)
        : name_(std::move(name)), sent_(sent), failures_(failures) {}

    [[nodiscard]] std::string_view name() const override { return name_; }

    [[nodiscard]] bool takes(const monitor::Decision& decision) const override {
        return is_notice(decision.kind);
    }

    Result<std::string> send(const OutboxEntry& entry, const std::stop_token& /*stop*/) override {
        if (failures_-- > 0) return fail(Errc::unavailable, "not now");
        sent_.add(entry.idempotency_key.substr(entry.idempotency_key.find('/') + 1));
        return std::string();
    }

private:
    std::string name_;
    Sent& sent_;
    int failures_;
};

class DaemonTest : public testing::Test {
protected:
    DaemonTest() {
        aws.region.add(1);
        options.settings.grace = Seconds(1);
        options.settings.boot_grace = Seconds(0);
        options.settings.hold = Seconds(0);
        options.queue_url = "https://sqs.us-east-1.amazonaws.com/123456789012/events";
        options.store = folder / "monitor.db";
        options.control_socket = folder / "monitor.sock";
        options.poll_interval = Millis(200);
    }

    ~DaemonTest() override { end(); }

    void begin(int failures_of_the_second = 0) {
        std::vector<std::unique_ptr<Channel>> channels;
        channels.push_back(std::make_unique<SentChannel>("first", first, 0));
        channels.push_back(std::make_unique<SentChannel>("second", second, failures_of_the_second));
        std::mutex mutex;
        std::condition_variable changed;
        bool is_ready = false;
        daemon_ =
            std::jthread([&, channels = std::move(channels)](const std::stop_token& stop) mutable {
                ended = run_daemon(
                    options,
                    process.client,
                    process.clock,
                    std::move(channels),
                    [&, is_told = false](const std::string& /*line*/) mutable {
                        if (std::exchange(is_told, true)) return;
                        const std::lock_guard lock(mutex);
                        is_ready = true;
                        changed.notify_all();
                    },
                    stop);
            });
        std::unique_lock lock(mutex);
        ASSERT_TRUE(changed.wait_for(lock, patience, [&] { return is_ready; }));
    }

    void end() {
        if (!daemon_.joinable()) return;
        daemon_.request_stop();
        daemon_.join();
        EXPECT_TRUE(ended) << ended.error().message;
    }

    // The agent goes or comes back, and an event tells of it.
    void connect(bool is_connected) {
        aws.change([&](FakeRegion& region) { region.add(1).is_connected = is_connected; });
        // As the region describes it: an event of the same version is no older.
        const json::Object detail{{"containerInstanceArn", FakeRegion::arn(FakeRegion::id(1))},
                                  {"clusterArn", demo_cluster},
                                  {"ec2InstanceId", FakeRegion::id(1)},
                                  {"agentConnected", is_connected},
                                  {"status", "ACTIVE"},
                                  {"updatedAt", rfc3339_millis(process.clock.wall())},
                                  {"version", 7}};
        aws.put(json::text({{"source", "aws.ecs"},
                            {"detail-type", "ECS Container Instance State Change"},
                            {"detail", detail}}));
    }

    json::Object ask(const std::string& method, const std::string& target, std::string body = {}) {
        wire::Url url;
        url.scheme = "unix";
        url.host = options.control_socket;
        transport::HttpClient http(transport::ClientSettings{});
        const auto answer =
            http.send(url, {method, target, {}, std::move(body)}, Deadline::in(patience));
        if (!answer) return {{"error", answer.error().message}};
        return json::parse_object(answer->body).value_or(json::Object{{"text", answer->body}});
    }

    TemporaryFolder folder;
    RegionWithQueue aws;
    FakeProcess<SystemClock> process{aws};
    DaemonOptions options;
    Sent first;
    Sent second;
    Result<void> ended;

private:
    std::jthread daemon_;
};

TEST_F(DaemonTest, TellsEveryChannelOfADisconnectionAndOfItsEnd) {
    begin(/*failures_of_the_second=*/2);
    connect(false);
    EXPECT_EQ(first.first(1), "opened");
    connect(true);
    EXPECT_EQ(first.first(2), "opened recovered");
    EXPECT_EQ(second.first(2), "opened recovered") << "it failed twice, and nothing was lost";
    EXPECT_TRUE(aws.becomes_empty()) << "what was judged is deleted";
}

TEST_F(DaemonTest, GoesOnWhereItWasStopped) {
    begin();
    connect(false);
    EXPECT_EQ(first.first(1), "opened");
    end();
    begin();
    connect(true);
    EXPECT_EQ(first.first(2), "opened recovered");
}

TEST_F(DaemonTest, AnswersQuestionsWhileItWorks) {
    begin();
    connect(false);
    EXPECT_EQ(first.first(1), "opened");
    std::vector<std::jthread> askers;
    askers.reserve(3);
    for (int i = 0; i < 3; ++i)
        askers.emplace_back([this] {
            for (int round = 0; round < 10; ++round) {
                EXPECT_TRUE(ask("GET", "/v1/status").contains("incidents"));
                EXPECT_EQ(json::string_at(ask("GET", "/v1/explain/" + FakeRegion::id(1)), "node"),
                          FakeRegion::id(1));
                EXPECT_TRUE(ask("GET", "/metrics").contains("text"));
                EXPECT_TRUE(ask("GET", "/healthz").contains("status"));
            }
        });
    askers.clear();
    const auto muted =
        ask("POST",
            "/v1/windows",
            json::text({{"cluster", "demo"},
                        {"until", rfc3339_millis(process.clock.wall() + Seconds(3600))},
                        {"why", "a new disk"}}));
    EXPECT_EQ(json::string_at(muted, "cluster"), "demo") << json::text(muted);
    EXPECT_EQ(json::array_at(ask("GET", "/v1/status"), "windows").size(), 1U);
    EXPECT_FALSE(ask("DELETE", "/v1/windows/" + std::string(json::string_at(muted, "id")))
                     .contains("error"));
}

TEST_F(DaemonTest, SaysWhatKeepsItFromItsWork) {
    aws.change(
        [](FakeRegion& region) { region.refusals["ecs:ListClusters"] = "AccessDeniedException"; });
    begin();
    std::string problem;
    // Asked again until the first poll has had its answer.
    for (const Deadline deadline = Deadline::in(patience);
         problem.find("AccessDenied") == std::string::npos && !deadline.passed();) {
        const auto health = ask("GET", "/healthz");
        EXPECT_EQ(json::string_at(health, "status"), "failing");
        problem = json::string_of(json::array_at(health, "problems").at(0));
    }
    EXPECT_NE(problem.find("no poll has succeeded yet: "), std::string::npos) << problem;
    EXPECT_NE(problem.find("AccessDeniedException"), std::string::npos) << problem;
    EXPECT_TRUE(ask("GET", "/v1/incidents").contains("error")) << "that is no answer to trust";
    std::filesystem::remove(options.store);
    const auto status = ask("GET", "/v1/status");
    EXPECT_NE(json::string_of(json::array_at(status, "problems").at(1)).find("is gone"),
              std::string::npos);
}

} // namespace
} // namespace squall::watch
