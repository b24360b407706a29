// Answers of the query protocol: <XResponse><XResult>…</XResult><ResponseMetadata/></XResponse>.
#pragma once

#include "api/call.h"
#include "squall/wire/xml.h"

namespace squall::lab {

// Without `result` the answer says only that it is done.
[[nodiscard]] Answer query_answer(const ApiCall& call,
                                  std::string_view xmlns,
                                  const std::function<void(wire::XmlWriter&)>& result = {});

} // namespace squall::lab
