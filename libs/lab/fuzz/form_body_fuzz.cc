// Any form as the body of a call of SQS or SNS: what is read can be asked of the services, and
// whatever they say can be written as XML.
#include "api/form_body.h"
#include "cloud/cloud.h"

#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    namespace lab = squall::lab;
    const auto form =
        squall::wire::QueryParameters::parse({reinterpret_cast<const char*>(data), size});
    if (!form) return 0;
    lab::Cloud cloud("123456789012", "us-east-1");
    for (const char* service : {"sqs", "sns"}) {
        lab::ApiCall call;
        call.service = service;
        call.operation = form->get("Action");
        call.region = "us-east-1";
        call.protocol = squall::wire::Protocol::query;
        call.host = "127.0.0.1";
        call.body = lab::body_of_form(call.service, call.operation, *form);
        const auto response = lab::Endpoint::encode(call, cloud.endpoint().ask(call));
        SQUALL_ASSERT(!response.body.empty());
    }
    return 0;
}
