#include "http2_endpoint.h"

#include <algorithm>

namespace squall::http {
namespace {

std::vector<nghttp2_nv> list_of(const Fields& fields) {
    std::vector<nghttp2_nv> list;
    for (const auto& [name, value] : fields) {
        list.push_back({reinterpret_cast<std::uint8_t*>(const_cast<char*>(name.data())),  // NOLINT
                        reinterpret_cast<std::uint8_t*>(const_cast<char*>(value.data())), // NOLINT
                        name.size(),
                        value.size(),
                        NGHTTP2_NV_FLAG_NONE});
    }
    return list;
}

std::string text_of(const std::uint8_t* bytes, std::size_t size) {
    return {reinterpret_cast<const char*>(bytes), size}; // NOLINT
}

} // namespace

struct Http2Callbacks {
    static Http2Endpoint& self(void* user) { return *static_cast<Http2Endpoint*>(user); }

    static int header(nghttp2_session* /*session*/,
                      const nghttp2_frame* frame,
                      const std::uint8_t* name,
                      std::size_t name_size,
                      const std::uint8_t* value,
                      std::size_t value_size,
                      std::uint8_t /*flags*/,
                      void* user) {
        Message& message = self(user).messages[frame->hd.stream_id];
        const std::string key = text_of(name, name_size);
        const std::string text = text_of(value, value_size);
        if (key == ":status" && text.front() == '1')
            message.interim.emplace_back(key, text);
        else if (message.has_head)
            message.trailers.emplace_back(key, text);
        else
            message.fields.emplace_back(key, text);
        return 0;
    }

    static int data(nghttp2_session* /*session*/,
                    std::uint8_t /*flags*/,
                    std::int32_t id,
                    const std::uint8_t* bytes,
                    std::size_t size,
                    void* user) {
        self(user).messages[id].body += text_of(bytes, size);
        return 0;
    }

    static int frame(nghttp2_session* /*session*/, const nghttp2_frame* frame, void* user) {
        Http2Endpoint& endpoint = self(user);
        const std::int32_t id = frame->hd.stream_id;
        if (frame->hd.type == NGHTTP2_RST_STREAM)
            endpoint.messages[id].reset = frame->rst_stream.error_code;
        if (frame->hd.type == NGHTTP2_GOAWAY)
            endpoint.goaways.emplace_back(frame->goaway.last_stream_id, frame->goaway.error_code);
        if (frame->hd.type == NGHTTP2_HEADERS) {
            Message& message = endpoint.messages[id];
            message.has_head = !message.fields.empty();
        }
        const bool may_end = frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA;
        if (!may_end || (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) == 0) return 0;
        Message& message = endpoint.messages[id];
        message.is_whole = true;
        if (endpoint.on_whole) endpoint.on_whole(id, message);
        return 0;
    }

    static ssize_t read(nghttp2_session* session,
                        std::int32_t id,
                        std::uint8_t* into,
                        std::size_t size,
                        std::uint32_t* flags,
                        nghttp2_data_source* /*source*/,
                        void* user) {
        auto& out = self(user).outgoing_[id];
        const std::size_t taken = std::min(size, out.body.size());
        std::copy_n(out.body.begin(), taken, into);
        out.body.erase(0, taken);
        if (!out.body.empty()) return static_cast<ssize_t>(taken);
        if (!out.ends && taken == 0) return NGHTTP2_ERR_DEFERRED;
        if (!out.ends) return static_cast<ssize_t>(taken);
        *flags |= NGHTTP2_DATA_FLAG_EOF;
        if (out.trailers.empty()) return static_cast<ssize_t>(taken);
        *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
        const auto list = list_of(out.trailers);
        nghttp2_submit_trailer(session, id, list.data(), list.size());
        return static_cast<ssize_t>(taken);
    }
};

Http2Endpoint::Http2Endpoint(Role role, std::uint32_t window, std::uint32_t streams) {
    nghttp2_session_callbacks* callbacks = nullptr;
    nghttp2_session_callbacks_new(&callbacks);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, Http2Callbacks::header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, Http2Callbacks::data);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, Http2Callbacks::frame);
    if (role == Role::client)
        nghttp2_session_client_new(&session_, callbacks, this);
    else
        nghttp2_session_server_new(&session_, callbacks, this);
    nghttp2_session_callbacks_del(callbacks);
    std::vector<nghttp2_settings_entry> settings{{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, window}};
    if (streams > 0) settings.push_back({NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, streams});
    nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, settings.data(), settings.size());
}

Http2Endpoint::~Http2Endpoint() { nghttp2_session_del(session_); }

std::int32_t
Http2Endpoint::request(const Fields& fields, std::string body, Fields trailers, bool ends) {
    const auto list = list_of(fields);
    const bool has_body = !body.empty() || !trailers.empty() || !ends;
    nghttp2_data_provider provider{};
    provider.read_callback = Http2Callbacks::read;
    const std::int32_t id = nghttp2_submit_request(
        session_, nullptr, list.data(), list.size(), has_body ? &provider : nullptr, nullptr);
    outgoing_[id] = {std::move(body), std::move(trailers), ends};
    return id;
}

void Http2Endpoint::interim(std::int32_t id, const Fields& fields) {
    const auto list = list_of(fields);
    nghttp2_submit_headers(
        session_, NGHTTP2_FLAG_NONE, id, nullptr, list.data(), list.size(), nullptr);
}

void Http2Endpoint::respond(
    std::int32_t id, const Fields& fields, std::string body, Fields trailers, bool ends) {
    const auto list = list_of(fields);
    const bool has_body = !body.empty() || !trailers.empty() || !ends;
    outgoing_[id] = {std::move(body), std::move(trailers), ends};
    nghttp2_data_provider provider{};
    provider.read_callback = Http2Callbacks::read;
    nghttp2_submit_response(session_, id, list.data(), list.size(), has_body ? &provider : nullptr);
}

void Http2Endpoint::add(std::int32_t id, const std::string& body, bool ends) {
    outgoing_[id].body += body;
    outgoing_[id].ends = ends;
    nghttp2_session_resume_data(session_, id);
}

void Http2Endpoint::reset(std::int32_t id, std::uint32_t code) {
    nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, id, code);
}

void Http2Endpoint::goaway(std::int32_t last, std::uint32_t code) {
    nghttp2_submit_goaway(session_, NGHTTP2_FLAG_NONE, last, code, nullptr, 0);
}

bool Http2Endpoint::receive(const std::string& bytes) {
    const auto* begin = reinterpret_cast<const std::uint8_t*>(bytes.data()); // NOLINT
    return nghttp2_session_mem_recv(session_, begin, bytes.size()) >= 0;
}

std::string Http2Endpoint::send() {
    std::string all;
    for (;;) {
        const std::uint8_t* bytes = nullptr;
        const auto size = nghttp2_session_mem_send(session_, &bytes);
        if (size <= 0) return all;
        all += text_of(bytes, static_cast<std::size_t>(size));
    }
}

} // namespace squall::http
