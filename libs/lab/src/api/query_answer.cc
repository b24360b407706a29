#include "api/query_answer.h"

namespace squall::lab {

Answer query_answer(const ApiCall& call,
                    std::string_view xmlns,
                    const std::function<void(wire::XmlWriter&)>& result) {
    wire::XmlWriter xml;
    xml.open(call.operation + "Response", xmlns);
    if (result) xml.element(call.operation + "Result", [&] { result(xml); });
    xml.element("ResponseMetadata", [&] { xml.leaf("RequestId", call.request_id); });
    xml.close();
    return AnswerBody(xml.text());
}

} // namespace squall::lab
