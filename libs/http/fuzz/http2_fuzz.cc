// Any bytes from a client and from an application that begin like HTTP/2, through a session with
// one of several treatments: what comes out is frames, and it is the same however the bytes were
// cut.
#include "http2/frame.h"
#include "squall/base/result.h"
#include "squall/http/session2.h"

#include <string>

namespace {

using squall::http::Effects;
using squall::http::Treatment;
using squall::http::http2::FrameReader;

class Treats final : public squall::http::Treater {
public:
    explicit Treats(unsigned kind) {
        const auto answer =
            std::make_shared<const squall::http::Answer>(503, squall::http::FieldList{}, "chaos");
        switch (kind % 8) {
        case 0:
            break;
        case 1:
            to_all = answer;
            break;
        case 2:
            treatment.answer = answer;
            treatment.delay = squall::Millis(5);
            break;
        case 3:
            treatment.status = 503;
            break;
        case 4:
            treatment.body = std::make_shared<const std::string>(300, 'x');
            break;
        case 5:
            treatment.delay = squall::Millis(5);
            treatment.status = 204;
            break;
        case 6:
            treatment.reset = squall::http::ResetAt::response;
            break;
        default:
            treatment.answer = answer;
        }
    }

    Treatment treat(const squall::http::RequestHead& /*request*/) override { return treatment; }

    std::shared_ptr<const squall::http::Answer> answer_to_all() const override { return to_all; }

    Treatment treatment;
    std::shared_ptr<const squall::http::Answer> to_all;
};

struct Outcome {
    std::string to_client;
    std::string to_application;

    bool operator==(const Outcome&) const = default;
};

void check_frames(std::string_view bytes) {
    FrameReader reader;
    for (;;) {
        const auto found = reader.next(bytes);
        SQUALL_ASSERT(found != FrameReader::Found::too_large);
        if (found == FrameReader::Found::more) break;
    }
    SQUALL_ASSERT(reader.held().empty());
}

Outcome
run(unsigned kind, std::string_view client, std::string_view application, std::size_t step) {
    Treats treater(kind);
    squall::http::Counts counts;
    const auto session = squall::http::make_session2(treater, counts, {});
    Outcome outcome;
    bool is_opened = false;
    bool is_open = false;
    const auto apply = [&](const Effects& effects) {
        effects.to_client.append_to(outcome.to_client);
        effects.to_application.append_to(outcome.to_application);
        is_opened = is_opened || effects.open_application;
        is_open = (is_open || effects.open_application)
                  && effects.application == squall::http::Close::none;
    };
    const auto say = [&](std::string_view all, bool is_client) {
        for (std::size_t at = 0; at < all.size();) {
            if (!is_client && !is_open) return;
            // In a place of its own: whoever looks at bytes that have gone is found out.
            const std::string bytes(all.substr(at, step));
            Effects effects;
            const std::size_t taken = is_client ? session->from_client(bytes, {}, effects)
                                                : session->from_application(bytes, {}, effects);
            SQUALL_ASSERT(taken <= bytes.size() && taken > 0);
            apply(effects);
            at += taken;
        }
    };
    const auto middle = client.size() / 2;
    say(client.substr(0, middle), true);
    say(application, false);
    say(client.substr(middle), true);
    Effects late;
    session->deadline_passed(squall::SteadyTime(squall::Millis(5)), late);
    apply(late);
    Effects ends;
    session->disarm(ends);
    apply(ends);
    for (const bool is_application : {true, false}) {
        Effects end;
        if (!is_application)
            session->client_ended(end);
        else if (is_open)
            session->application_ended(end);
        apply(end);
    }
    check_frames(outcome.to_client);
    if (is_opened)
        check_frames(
            std::string_view(outcome.to_application)
                .substr(std::min(squall::http::preface.size(), outcome.to_application.size())));
    return outcome;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    if (size < 4) return 0;
    const std::string_view all(reinterpret_cast<const char*>(data) + 4, size - 4);
    const std::size_t middle = std::min<std::size_t>(data[2] * 256U + data[3], all.size());
    // Both begin as they must: else nobody would come far.
    const std::string settings{0, 0, 0, 4, 0, 0, 0, 0, 0};
    const std::string client =
        std::string(squall::http::preface) + settings + std::string(all.substr(0, middle));
    const std::string application = settings + std::string(all.substr(middle));
    const Outcome whole = run(data[1], client, application, std::string::npos);
    SQUALL_ASSERT(run(data[1], client, application, 1 + data[0] % 40) == whole);
    return 0;
}
