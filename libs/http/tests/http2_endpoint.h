// A client or a server that speaks HTTP/2 by a library that is not ours (nghttp2): bytes in, bytes
// out. It tells what it was told, stream by stream.
#pragma once

#include <nghttp2/nghttp2.h>

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace squall::http {

using Fields = std::vector<std::pair<std::string, std::string>>;

struct Message {
    Fields fields;
    Fields interim; // of all 1xx together
    std::string body;
    Fields trailers;
    bool has_head = false;
    bool is_whole = false;
    std::optional<std::uint32_t> reset;

    [[nodiscard]] std::string field(const std::string& name) const { return find(fields, name); }

    [[nodiscard]] std::string trailer(const std::string& name) const {
        return find(trailers, name);
    }

    static std::string find(const Fields& among, const std::string& name) {
        for (const auto& [other, value] : among) {
            if (other == name) return value;
        }
        return "";
    }
};

class Http2Endpoint {
public:
    enum class Role { client, server };

    // `window`: how many bytes of a stream it takes ahead.
    explicit Http2Endpoint(Role role, std::uint32_t window = 65535, std::uint32_t streams = 0);
    Http2Endpoint(const Http2Endpoint&) = delete;
    Http2Endpoint& operator=(const Http2Endpoint&) = delete;
    ~Http2Endpoint();

    // Of a client; gives the stream's number. Without `ends` more may be added.
    std::int32_t
    request(const Fields& fields, std::string body = "", Fields trailers = {}, bool ends = true);
    // Of a server.
    void interim(std::int32_t id, const Fields& fields);
    void respond(std::int32_t id,
                 const Fields& fields,
                 std::string body = "",
                 Fields trailers = {},
                 bool ends = true);
    // More of a body that has not ended.
    void add(std::int32_t id, const std::string& body, bool ends);
    void reset(std::int32_t id, std::uint32_t code);
    void goaway(std::int32_t last, std::uint32_t code);

    // False where it found the other side to be wrong.
    [[nodiscard]] bool receive(const std::string& bytes);
    [[nodiscard]] std::string send();

    std::map<std::int32_t, Message> messages;
    std::vector<std::pair<std::int32_t, std::uint32_t>> goaways; // last stream, code
    std::function<void(std::int32_t, const Message&)> on_whole;  // a message has come

    [[nodiscard]] nghttp2_session* session() const { return session_; }

private:
    friend struct Http2Callbacks;

    struct Outgoing {
        std::string body;
        Fields trailers;
        bool ends = true;
    };

    std::map<std::int32_t, Outgoing> outgoing_;
    nghttp2_session* session_ = nullptr;
};

} // namespace squall::http
