// Numbers the events of one run, puts each into the journal, then shows it to the sinks.
#pragma once

#include "squall/base/clock.h"
#include "squall/experiment/journal.h"

#include <vector>

namespace squall::experiment {

class EventWriter {
public:
    EventWriter(Journal& journal,
                Clock& clock,
                const std::vector<EventSink*>& sinks,
                std::string run,
                std::int64_t last_sequence)
        : journal_(journal),
          clock_(clock),
          sinks_(sinks),
          run_(std::move(run)),
          sequence_(last_sequence) {}

    // An error means that the event is not in the journal. The sinks have seen it all the same.
    Result<void> write(const std::string& kind, const std::string& target, json::Object data);
    // For what has already happened: if it cannot be journalled, that is said once, and things go
    // on.
    void tell(const std::string& kind, const std::string& target, json::Object data);

    void tell(const std::string& kind, json::Object data) { tell(kind, {}, std::move(data)); }

    // What is written while this lives reaches the disk together, at its end: for many hosts at
    // once, and never over a call of anybody's.
    class Group {
    public:
        explicit Group(EventWriter& writer) : writer_(writer) { writer_.begin_group(); }

        Group(const Group&) = delete;
        Group& operator=(const Group&) = delete;

        ~Group() { writer_.complain_of(end()); }

        // Ends it before its time. An error: what was written is not in the journal.
        Result<void> end();

    private:
        EventWriter& writer_;
        bool is_over_ = false;
    };

    [[nodiscard]] const std::string& run() const { return run_; }

private:
    void begin_group();
    Result<void> end_group();
    void complain_of(const Result<void>& written);

    Journal& journal_;
    Clock& clock_;
    const std::vector<EventSink*>& sinks_;
    std::string run_;
    std::int64_t sequence_ = 0;
    bool complained_ = false;
    int groups_ = 0; // of which the outermost counts
    bool is_grouped_ = false;
};

} // namespace squall::experiment
