// Any bytes as what a server reads of a signed request: the Authorization header, the target, an
// agent's frame, an answer of AWS. Nothing may crash; a signature that was just made must be
// accepted.
#include "squall/base/time_text.h"
#include "squall/wire/agent_message.h"
#include "squall/wire/arn.h"
#include "squall/wire/protocol.h"
#include "squall/wire/sigv4.h"
#include "squall/wire/xml.h"

#include <cstdint>

// Names of one namespace only, and a file without any of its own.
namespace wire = squall::wire;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string text(reinterpret_cast<const char*>(data), size);
    static_cast<void>(wire::parse_authorization(text));
    static_cast<void>(wire::parse_arn(text));
    static_cast<void>(wire::parse_url(text));
    static_cast<void>(wire::XmlDocument::parse(text));
    static_cast<void>(squall::parse_time(text));
    static_cast<void>(wire::parse_agent_message(wire::without_signed_headers(text)));
    for (const auto protocol :
         {wire::Protocol::json_1_1, wire::Protocol::query, wire::Protocol::ec2})
        static_cast<void>(wire::read_error(protocol, {400, {}, text}));

    wire::HttpRequest request{"POST", "/" + text, {{"Host", "h"}, {"X-Test", text}}, text};
    wire::sign(request, {"AKID", "secret", ""}, "us-east-1", "ecs", squall::WallTime{});
    const auto authorization =
        wire::parse_authorization(wire::header_value(request.headers, "Authorization"));
    SQUALL_ASSERT(authorization.has_value()
                  && wire::signature_matches(request, *authorization, "secret"));
    return 0;
}
