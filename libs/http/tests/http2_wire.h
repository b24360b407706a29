// A client, a session and an application that speak HTTP/2: bytes go between them as they are cut.
// Time is moved by hand.
#pragma once

#include "http2_endpoint.h"
#include "squall/http/session2.h"

#include <gtest/gtest.h>

namespace squall::http {

inline const Fields get_fields{
    {":method", "GET"}, {":scheme", "http"}, {":authority", "a"}, {":path", "/"}};
inline const Fields post_fields{
    {":method", "POST"}, {":scheme", "http"}, {":authority", "a"}, {":path", "/p"}};
inline const Fields grpc_fields{{":method", "POST"},
                                {":scheme", "http"},
                                {":authority", "a"},
                                {":path", "/Service/Method"},
                                {"te", "trailers"},
                                {"content-type", "application/grpc"}};

class Treats final : public Treater {
public:
    Treatment treat(const RequestHead& request) override {
        last_target = request.target;
        last_host = request.field("host").value_or("");
        return treatment;
    }

    std::shared_ptr<const Answer> answer_to_all() const override { return to_all; }

    Treatment treatment;
    std::shared_ptr<const Answer> to_all;
    std::string last_target;
    std::string last_host;
};

class Http2Wire {
public:
    explicit Http2Wire(Treatment treatment = {},
                       std::uint32_t client_window = 65535,
                       std::uint32_t application_window = 65535,
                       std::uint32_t application_streams = 0)
        : client(Http2Endpoint::Role::client, client_window),
          application(Http2Endpoint::Role::server, application_window, application_streams) {
        treater.treatment = std::move(treatment);
    }

    // What the client has said by now is on its way.
    void let_client_speak() { from_client_ += client.send(); }

    // Until nothing moves.
    void pump() {
        for (bool has_moved = true; has_moved;) {
            from_client_ += client.send();
            if (opened > 0 && !is_raw) from_application_ += application.send();
            has_moved = offer(from_client_, /*is_client=*/true);
            has_moved = offer(from_application_, /*is_client=*/false) || has_moved;
        }
    }

    void pass(Millis time) {
        now += time;
        Effects effects;
        session().deadline_passed(now, effects);
        apply(effects);
        pump();
    }

    void disarm() {
        Effects effects;
        session().disarm(effects);
        apply(effects);
        pump();
    }

    void client_ends() {
        Effects effects;
        session().client_ended(effects);
        apply(effects);
        pump();
    }

    void application_ends() {
        Effects effects;
        session().application_ended(effects);
        apply(effects);
        pump();
    }

    // Bytes of an application that does not speak HTTP/2.
    void application_says(const std::string& bytes) {
        is_raw = true;
        from_application_ += bytes;
        pump();
    }

    // Made when it is needed: by then the treater is as it is to be.
    Session& session() {
        if (!session_) session_ = make_session2(treater, counts, now);
        return *session_;
    }

    Treats treater;
    Counts counts;
    SteadyTime now{};
    Http2Endpoint client;
    Http2Endpoint application;
    std::size_t step = std::string::npos; // bytes at a time
    bool is_raw = false;
    int opened = 0;
    Close client_closes = Close::none;
    Close application_closes = Close::none;

private:
    bool offer(std::string& waiting, bool is_client) {
        if (waiting.empty()) return false;
        // In a place of its own: whoever looks at bytes that have gone is found out.
        const std::string bytes = waiting.substr(0, step);
        Effects effects;
        const std::size_t taken = is_client ? session().from_client(bytes, now, effects)
                                            : session().from_application(bytes, now, effects);
        apply(effects);
        waiting.erase(0, taken);
        return taken > 0;
    }

    void apply(const Effects& effects) {
        std::string to_client;
        std::string to_application;
        effects.to_client.append_to(to_client);
        effects.to_application.append_to(to_application);
        if (effects.open_application) ++opened;
        EXPECT_TRUE(client.receive(to_client)) << "the client finds it wrong";
        if (!is_raw && application_closes == Close::none) {
            EXPECT_TRUE(application.receive(to_application)) << "the application finds it wrong";
        }
        if (effects.client != Close::none) client_closes = effects.client;
        if (effects.application != Close::none) application_closes = effects.application;
    }

    std::unique_ptr<Session> session_;
    std::string from_client_;
    std::string from_application_;
};

} // namespace squall::http
