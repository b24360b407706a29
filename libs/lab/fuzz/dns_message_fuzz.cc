// Any bytes as a datagram to the lab's name server: what is answered is a whole message, is about
// the question, and is never answered itself.
#include "names/zone.h"

#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    namespace names = squall::lab::names;
    static const names::Zone zone("us-east-1");
    const std::string_view message(reinterpret_cast<const char*>(data), size);
    const auto answer = [](const names::Question& question) {
        return zone.answer(question);
    };
    const std::string reply = names::reply_to(message, answer);
    if (reply.empty()) return 0;
    SQUALL_ASSERT(reply.size() >= 12 && reply.size() <= 512);
    SQUALL_ASSERT(reply.substr(0, 2) == message.substr(0, 2));
    SQUALL_ASSERT(names::reply_to(reply, answer).empty());
    const auto question = names::parse_question(message);
    if (!question) return 0;
    // The question comes back as it was asked.
    const std::size_t asked = question->name.size() + 2 + 4;
    SQUALL_ASSERT(reply.substr(12, asked) == message.substr(12, asked));
    return 0;
}
