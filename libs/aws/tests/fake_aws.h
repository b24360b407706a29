// AWS in memory, at the level of HTTP: checks who signed, when, and with which keys; throttles by a
// bucket; loses connections when told to; and hands the rest to one function per operation. What
// has no function is answered as AWS answers unknown operations.
#pragma once

#include "fake_clock.h"
#include "squall/aws/client.h"
#include "squall/aws/http_sender.h"

#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace squall::aws {

struct Received {
    std::string operation; // "ecs:ListTasks"
    wire::Url server;
    wire::HttpRequest request;
    json::Object input;         // of JSON services
    wire::QueryParameters form; // of the others
    Millis patience{0};         // how long the client waits for the answer
};

class FakeAws final : public HttpSender {
public:
    using Handler = std::function<Result<wire::HttpResponse>(const Received&)>;

    struct Key {
        std::string secret;
        std::string token;
        std::optional<WallTime> expires; // by the server's clock
    };

    explicit FakeAws(FakeClock& clock) : clock_(clock) {}

    // From now on. Keys that nobody added sign nothing.
    void add_key(const std::string& id, Key key);
    void on(const std::string& operation, Handler handler);
    // Answers each of the first `times` requests of `operation` by `handler`, then as before.
    void on_first(int times, const std::string& operation, Handler handler);
    // A bucket for everything: what comes faster gets ThrottlingException.
    void throttle(Rate rate);

    // How far this server's clock is ahead of the true time.
    void set_clock_offset(Millis offset) { offset_ = offset; }

    [[nodiscard]] Result<wire::HttpResponse> send(const wire::Url& server,
                                                  const wire::HttpRequest& request,
                                                  Deadline deadline,
                                                  std::stop_token stop) override;

    [[nodiscard]] std::vector<Received> received() const;
    [[nodiscard]] std::vector<Received> received(const std::string& operation) const;
    // Requests that the bucket let through, and that it did not.
    [[nodiscard]] int throttled() const;

    // The server's own time.
    [[nodiscard]] WallTime time() const;

private:
    struct Limited {
        Handler handler;
        int left = 0;
    };

    Result<wire::HttpResponse> answer(const Received& received);
    std::optional<wire::HttpResponse> refusal(const Received& received) const;
    Handler handler_for(const std::string& operation);

    FakeClock& clock_;
    Millis offset_{0};
    mutable std::mutex mutex_; // guards what follows
    std::map<std::string, Key> keys_;
    std::map<std::string, Handler> handlers_;
    std::map<std::string, Limited> first_;
    std::optional<Pace> pace_;
    int throttled_ = 0;
    std::vector<Received> received_;
};

[[nodiscard]] std::string http_date(WallTime when);
[[nodiscard]] wire::HttpResponse json_answer(const json::Object& body);
[[nodiscard]] wire::HttpResponse xml_answer(const std::string& body);
// An error in the words of the service that was called.
[[nodiscard]] wire::HttpResponse error_answer(const Received& received,
                                              const std::string& code,
                                              const std::string& message,
                                              int status = 400);
[[nodiscard]] tl::unexpected<Error> connection_lost();

// A client of a FakeAws in us-east-1, signing with one key that never expires.
struct World {
    World();

    [[nodiscard]] Deadline soon() const { return clock.in(Seconds(300)); }

    FakeClock clock;
    FakeAws aws{clock};
    Traffic traffic{1};
    FixedCredentials credentials{
        {{"AKIDWORLD", "world-secret", ""}, std::nullopt, "the test's own keys"}};
    Client client;
};

} // namespace squall::aws
