#include "squall/base/temporary_folder.h"
#include "squall/transport/http_server.h"
#include "squall/transport/socket.h"

#include <gtest/gtest.h>

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <semaphore>
#include <thread>

namespace squall::transport {
namespace {

// A server that gives a head at once, and the body when it is told to; and a client that sees
// bytes.
class EarlyHead : public ::testing::Test {
protected:
    void SetUp() override {
        const Path socket = folder_ / "server.sock";
        server_.emplace(loop_,
                        listen_unix(socket).value(),
                        [this](const wire::HttpRequest&, Responder responder) {
                            responder.respond_head({201, {{"X-Early", "yes"}}, {}});
                            later_.emplace(std::move(responder));
                            asked_.release();
                        });
        thread_ = std::jthread([this] { loop_.run(); });
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        socket.string().copy(static_cast<char*>(address.sun_path), sizeof address.sun_path - 1);
        client_ = Fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
        ASSERT_EQ(
            ::connect(client_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address),
            0);
    }

    void TearDown() override {
        loop_.stop();
        thread_.join();
        later_.reset();
        server_.reset();
    }

    void ask(const std::string& method = "GET", const std::string& version = "1.1") {
        const std::string request =
            fmt::format("{} / HTTP/{}\r\nHost: here\r\n\r\n", method, version);
        ASSERT_EQ(::write(client_.get(), request.data(), request.size()),
                  static_cast<ssize_t>(request.size()));
    }

    void answer(const std::string& body) {
        asked_.acquire();
        loop_.post([this, body] { later_->respond({200, {{"X-Late", "yes"}}, body}); });
    }

    // What comes until there is `end` in it, or the server has nothing more to say.
    std::string heard_until(std::string_view end) {
        std::string text;
        while (text.find(end) == std::string::npos) {
            std::array<char, 4096> bytes{};
            pollfd waited{client_.get(), POLLIN, 0};
            if (::poll(&waited, 1, 20'000) != 1) return text + "[nothing more]";
            const ssize_t got = ::read(client_.get(), bytes.data(), bytes.size());
            if (got <= 0) return text + "[closed]";
            text.append(bytes.data(), static_cast<std::size_t>(got));
        }
        return text;
    }

    const TemporaryFolder folder_;
    Loop loop_;
    std::optional<Responder> later_;
    std::binary_semaphore asked_{0}; // there is somebody to be answered later
    std::optional<HttpServer> server_;
    std::jthread thread_;
    Fd client_;
};

TEST_F(EarlyHead, ComesBeforeAnybodyKnowsTheBody) {
    for (int request = 0; request < 2; ++request) {
        ask();
        const std::string head = heard_until("\r\n\r\n");
        EXPECT_TRUE(head.starts_with("HTTP/1.1 201 Created\r\n")) << head;
        EXPECT_NE(head.find("X-Early: yes\r\n"), std::string::npos) << head;
        EXPECT_TRUE(head.ends_with("\r\n\r\n")) << head;
        answer("seventeen bytes..");
        EXPECT_EQ(heard_until("\r\n0\r\n\r\n"), "11\r\nseventeen bytes..\r\n0\r\n\r\n");
    }
}

TEST_F(EarlyHead, OfAnEmptyBodyIsFollowedByItsEndAlone) {
    ask();
    heard_until("\r\n\r\n");
    answer("");
    EXPECT_EQ(heard_until("\r\n\r\n"), "0\r\n\r\n");
}

TEST_F(EarlyHead, WithoutABodyInTheEndIsAConnectionThatEnds) {
    ask();
    heard_until("\r\n\r\n");
    asked_.acquire();
    loop_.post([this] { later_.reset(); });
    EXPECT_EQ(heard_until("\r\n"), "[closed]");
}

TEST_F(EarlyHead, IsNothingForWhoWantsAllInOnePiece) {
    ask("GET", "1.0");
    answer("late");
    const std::string whole = heard_until("late");
    EXPECT_EQ(whole.find("X-Early"), std::string::npos) << whole;
    EXPECT_NE(whole.find("Content-Length: 4\r\n"), std::string::npos) << whole;
}

} // namespace
} // namespace squall::transport
