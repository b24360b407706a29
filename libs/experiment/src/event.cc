#include "squall/experiment/event.h"

#include "squall/base/time_text.h"

namespace squall::experiment {

json::Object Event::to_json() const {
    json::Object object{
        {"seq", sequence}, {"at", rfc3339_millis(at)}, {"run", run}, {"kind", kind}};
    if (!target.empty()) object["target"] = target;
    for (const auto& [name, value] : data)
        object[name] = value;
    return object;
}

} // namespace squall::experiment
