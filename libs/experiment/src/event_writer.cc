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
    complain_of(write(kind, target, std::move(data)));
}

void EventWriter::complain_of(const Result<void>& written) {
    if (!written && !std::exchange(complained_, true))
        log::error("{}; the run goes on, the hosts end the fault by themselves",
                   written.error().message);
}

void EventWriter::begin_group() {
    // Without a group each event is written by itself: slower, and as good.
    if (groups_++ == 0) is_grouped_ = journal_.begin_group().has_value();
}

Result<void> EventWriter::end_group() {
    if (--groups_ > 0 || !std::exchange(is_grouped_, false)) return {};
    return journal_.end_group();
}

Result<void> EventWriter::Group::end() {
    if (std::exchange(is_over_, true)) return {};
    return writer_.end_group();
}

} // namespace squall::experiment
