#include "event_writer.h"

#include "squall/base/log.h"

namespace squall::experiment {

Result<void>
EventWriter::write(const std::string& kind, const std::string& target, json::Object data) {
    const Event event{++sequence_, clock_.wall(), run_, kind, target, std::move(data)};
    auto written = journal_.append(event);
    for (EventSink* sink : sinks_)
        sink->on_event(event);
    return written;
}

void EventWriter::tell(const std::string& kind, const std::string& target, json::Object data) {
    const auto written = write(kind, target, std::move(data));
    if (!written && !std::exchange(complained_, true))
        log::error("{}; the run goes on, the hosts end the fault by themselves",
                   written.error().message);
}

} // namespace squall::experiment
