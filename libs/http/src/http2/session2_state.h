// The inside of a session that speaks HTTP/2 (session2.h).
#pragma once

#include "squall/base/text.h"
#include "squall/http/session2.h"
#include "stream.h"

#include <array>
#include <deque>
#include <map>
#include <set>
#include <unordered_map>

namespace squall::http::http2 {

class Session2 final : public Session {
public:
    Session2(Treater& treater, Counts& counts, SteadyTime accepted)
        : treater_(treater),
          counts_(counts),
          accepted_(accepted),
          answer_to_all_(treater.answer_to_all()) {}

    void add_to_requests(std::string name, std::string value) override {
        added_.emplace_back(lower(name), std::move(value));
    }

    [[nodiscard]] std::size_t
    from_client(std::string_view bytes, SteadyTime now, Effects& effects) override;
    [[nodiscard]] std::size_t
    from_application(std::string_view bytes, SteadyTime now, Effects& effects) override;
    void client_ended(Effects& effects) override;
    void application_ended(Effects& effects) override;
    void application_failed(Effects& effects) override;
    void deadline_passed(SteadyTime now, Effects& effects) override;
    [[nodiscard]] std::optional<SteadyTime> next_deadline() const override;
    void disarm(Effects& effects) override;

    [[nodiscard]] bool needs_linger() const override { return !client_has_ended_; }

    [[nodiscard]] bool is_over() const override { return is_over_; }

private:
    // What the client says (requests.cc).
    void greet(Effects& effects);
    void on_client(const Event& event, SteadyTime now, Effects& effects);
    void on_request(const Event& event, SteadyTime now, Effects& effects);
    void on_request_trailers(const Event& event, Effects& effects);
    void on_request_data(const Event& event, Effects& effects);
    void on_client_reset(const Event& event, Effects& effects);
    void on_client_window(const Event& event, Effects& effects);
    [[nodiscard]] bool read_fields(std::string_view block, bool& is_too_large, Effects& effects);
    void begin(const Event& event, SteadyTime now, Effects& effects);
    void forward(Stream& stream, Effects& effects);
    void send_waiting(Effects& effects);
    void send_request(Stream& stream, Effects& effects);

    // What it is answered with (answers.cc).
    [[nodiscard]] bool
    answer_at_once(std::uint32_t id, const Answer& answer, bool is_head, bool is_grpc, Pieces& out);
    void answer(Stream& stream, const std::shared_ptr<const Answer>& answer, Effects& effects);
    // Where the application does not speak HTTP/2.
    void answer_wrong(Stream& stream, Effects& effects);

    // What the application says (responses.cc).
    void on_application(const Event& event, SteadyTime now, Effects& effects);
    void on_response(const Event& event, SteadyTime now, Effects& effects);
    void on_response_trailers(Stream& stream, const Event& event, Effects& effects);
    void on_response_data(const Event& event, Effects& effects);
    void on_application_reset(const Event& event, Effects& effects);
    void on_application_window(const Event& event, Effects& effects);
    void on_application_goaway(const Event& event, Effects& effects);
    void on_application_broken(const Event& event, Effects& effects);
    void begin_response(Stream& stream, const FieldBlock& fields, Effects& effects);
    void finish_response(Stream& stream);
    void reset_in_mid_body(Stream& stream, std::string_view bytes, Effects& effects);
    void refuse_response(Stream& stream, Effects& effects);
    void cut_off_responses(Effects& effects);

    // Streams, and the ends of things (session2.cc).
    [[nodiscard]] Stream* find(std::uint32_t id);
    [[nodiscard]] Stream* find_application(std::uint32_t id);
    void wait(Stream& stream, SteadyTime until, Stream::Wait why);
    Stream::Wait stop_waiting(Stream& stream); // for what it was
    void flush_to_client(Stream& stream, Effects& effects);
    void flush_to_application(Stream& stream, Effects& effects);
    void flush_all(bool is_to_client, Effects& effects);
    [[nodiscard]] bool widen_all(bool is_to_client, std::int64_t change);
    // Erases it when it is done: it is not to be used afterwards.
    void settle(Stream& stream, Effects& effects);
    void erase(Stream& stream, Effects& effects);
    void break_stream(Stream& stream, Code code, Effects& effects);
    void reset_client_stream(std::uint32_t id, Code code, Effects& effects);
    [[nodiscard]] bool is_ignored(std::uint32_t id) const;
    // No stream after those that have begun: when the last of them is over, so is the connection.
    void leave(Code code, Effects& effects);
    void fail(Code code, const char* why, Effects& effects);
    void end_if_left(Effects& effects);
    void end(Close how, Effects& effects);

    Treater& treater_;
    Counts& counts_;
    SteadyTime accepted_;
    std::shared_ptr<const Answer> answer_to_all_; // null as soon as it is disarmed
    FieldList added_;                             // to each request
    Peer client_{Role::client};
    Peer application_{Role::application};
    std::map<std::uint32_t, Stream> streams_;
    std::unordered_map<std::uint32_t, std::uint32_t> by_application_; // their id of ours
    std::deque<std::uint32_t> waiting_; // for the application to take them
    std::set<std::pair<SteadyTime, std::uint32_t>> dues_;
    std::size_t preface_left_ = preface.size();
    std::uint32_t last_stream_ = 0; // the client's newest
    std::uint32_t next_application_id_ = 1;
    std::uint32_t turn_ = 0;                     // the stream that was flushed last
    std::optional<std::uint32_t> leaves_after_;  // streams after it are not looked at
    std::array<std::uint32_t, 64> were_reset_{}; // by us: what was on its way is passed over
    std::size_t resets_ = 0;

    // A header block that means the same whenever it comes again.
    struct Known {
        std::string block; // empty: none
        bool is_head = false;
        bool is_grpc = false;
    };

    Known known_;

    FieldBlock fields_; // of the block that is looked at
    RequestHead head_;
    bool is_greeted_ = false;
    bool is_armed_ = true;
    bool is_over_ = false;
    bool is_leaving_ = false; // the client has been told that the end is near
    bool client_has_ended_ = false;
    bool application_is_open_ = false;
    bool application_is_gone_ = false;  // it takes no more streams
    bool application_is_wrong_ = false; // it does not speak HTTP/2
};

} // namespace squall::http::http2
