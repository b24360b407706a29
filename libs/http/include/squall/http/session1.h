// A session that speaks HTTP/1.x. What no treatment touches goes through byte for byte, and nothing
// is allocated for it.
#pragma once

#include "squall/http/reader.h"
#include "squall/http/session.h"
#include "squall/http/treatment.h"

#include <optional>
#include <string>

namespace squall::http {

class Session1 final : public Session {
public:
    // Both outlive the session.
    Session1(Treater& treater, Counts& counts, SteadyTime accepted)
        : treater_(treater), counts_(counts), accepted_(accepted) {}

    void add_to_requests(std::string name, std::string value) override {
        added_.emplace_back(std::move(name), std::move(value));
    }

    [[nodiscard]] std::size_t
    from_client(std::string_view bytes, SteadyTime now, Effects& effects) override;
    [[nodiscard]] std::size_t
    from_application(std::string_view bytes, SteadyTime now, Effects& effects) override;
    void client_ended(Effects& effects) override;
    void application_ended(Effects& effects) override;
    void application_failed(Effects& effects) override;
    void deadline_passed(SteadyTime now, Effects& effects) override;

    [[nodiscard]] std::optional<SteadyTime> next_deadline() const override { return due_; }

    // The connection ends with the exchange that it is in, or its next.
    void disarm(Effects& effects) override;

    // From now on bytes pass in both directions as they come, whatever they are; for a connection
    // that speaks something else. To be called before any bytes were taken.
    void pass_all(Effects& effects);

    [[nodiscard]] bool needs_linger() const override { return needs_linger_; }

    [[nodiscard]] bool is_over() const override { return is_over_; }

    // Nothing is under way: it may be closed without anybody losing an answer.
    [[nodiscard]] bool is_idle() const {
        return !in_exchange_ && !requests_.is_within() && !is_tunnel_;
    }

private:
    // What due_ is for.
    enum class Wait { nothing, answer, reset, response };

    // These give false when they can take no more for now.
    bool take_request_head(std::string_view& input, SteadyTime now, Effects& effects);
    bool take_request_body(std::string_view& input, Effects& effects);
    bool take_response(std::string_view& input, SteadyTime now, Effects& effects);
    bool take_response_head(SteadyTime now, Effects& effects);

    void pass_request_head(const RequestHead& head, Effects& effects);
    void forward(Effects& effects);
    void answer(Effects& effects);
    void refuse(const Refusal& refusal, Effects& effects);
    void pass_head(const ResponseHead& head, bool is_borrowed, Effects& effects);
    void pass_body(Effects& effects);
    void pass_held(Effects& effects);
    void hold(std::string_view head, SteadyTime until, Wait why);
    Wait stop_waiting(); // for what it was
    void end_exchange(Effects& effects);
    void end(Close how, Effects& effects);

    // The application has not been told of the request, and need not be.
    [[nodiscard]] bool holds_request() const {
        return wait_ == Wait::answer || wait_ == Wait::reset;
    }

    Treater& treater_;
    Counts& counts_;
    SteadyTime accepted_;
    FieldList added_; // to each request
    RequestReader requests_;
    ResponseReader responses_;
    bool is_armed_ = true;
    bool is_over_ = false;
    bool needs_linger_ = false;
    bool is_tunnel_ = false;
    bool application_is_open_ = false;
    bool client_has_ended_ = false;
    bool application_has_ended_ = false;

    // The exchange that is under way.
    bool in_exchange_ = false;
    bool is_forwarded_ = false; // the application has the request, or is getting it
    bool request_is_whole_ = false;
    bool response_has_begun_ = false; // its final head has gone to the client
    bool response_is_whole_ = false;
    bool drops_body_ = false;    // what the application says has been replaced
    bool has_met_fault_ = false; // and is counted as that, whatever becomes of it
    bool is_last_ = false;       // the connection ends with it
    Treatment treatment_;
    std::string method_;
    std::string held_; // a head that waits: the response's (Wait::response), or the request's
    std::optional<SteadyTime> due_;
    Wait wait_ = Wait::nothing;
};

} // namespace squall::http
