// Any bytes from a client and from an application, cut anywhere, through a session without faults:
// each side gets what the other has said, in order, and nothing else but a refusal.
#include "squall/base/result.h"
#include "squall/http/session1.h"

#include <string>

namespace {

using squall::http::Effects;

class TreatsNothing final : public squall::http::Treater {
public:
    squall::http::Treatment treat(const squall::http::RequestHead& /*request*/) override {
        return {};
    }
};

bool is_subsequence(std::string_view part, std::string_view of) {
    for (const char c : of) {
        if (!part.empty() && part.front() == c) part.remove_prefix(1);
    }
    return part.empty();
}

struct Side {
    std::string waits; // for the session to take
    std::string got;
};

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    if (size < 2) return 0;
    const std::size_t step = 1 + data[0] % 40;
    const std::string_view all(reinterpret_cast<const char*>(data) + 1, size - 1);
    // The first zero byte separates what the two say.
    const std::size_t middle = std::min(all.find('\0'), all.size());
    const std::string_view from_client = all.substr(0, middle);
    const std::string_view from_application = all.substr(std::min(middle + 1, all.size()));

    TreatsNothing treater;
    squall::http::Counts counts;
    squall::http::Session1 session(treater, counts, {});
    Side client;
    Side application;
    bool is_opened = false;
    const auto apply = [&](const Effects& effects) {
        effects.to_client.append_to(client.got);
        effects.to_application.append_to(application.got);
        is_opened = is_opened || effects.open_application;
    };
    const auto offer = [&](Side& side, bool is_client) {
        const std::string bytes = side.waits; // whoever looks at it later is found out
        Effects effects;
        const std::size_t taken = is_client ? session.from_client(bytes, {}, effects)
                                            : session.from_application(bytes, {}, effects);
        SQUALL_ASSERT(taken <= bytes.size());
        apply(effects);
        side.waits.erase(0, taken);
        return taken > 0;
    };
    const auto pump = [&] {
        bool has_moved = true;
        while (has_moved) {
            has_moved = !client.waits.empty() && offer(client, true);
            if (is_opened && !application.waits.empty())
                has_moved = offer(application, false) || has_moved;
        }
    };
    for (std::size_t at = 0; at < std::max(from_client.size(), from_application.size());
         at += step) {
        client.waits += from_client.substr(std::min(at, from_client.size()), step);
        application.waits += from_application.substr(std::min(at, from_application.size()), step);
        pump();
    }
    SQUALL_ASSERT(is_subsequence(application.got, from_client));
    SQUALL_ASSERT(counts.refused > 0 || is_subsequence(client.got, from_application));
    Effects effects;
    session.client_ended(effects);
    session.application_ended(effects);
    session.disarm(effects);
    apply(effects);
    return 0;
}
