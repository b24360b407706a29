// A run as somebody reads it: lines for a log, a picture for a terminal, JSON for a program. All
// are views of the one stream of events.
#pragma once

#include "output.h"
#include "squall/experiment/event.h"
#include "squall/experiment/fault.h"
#include "squall/experiment/plan.h"

#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>
#include <vector>

namespace squall::app {

// One JSON object a line, as it is in the journal.
class JsonView final : public experiment::EventSink {
public:
    explicit JsonView(Output& output) : output_(output) {}

    void on_event(const experiment::Event& event) override;

private:
    Output& output_;
};

// What happened, in a line for people: "agent stopped", "ECS sees it disconnected after 1.2s".
// Empty for what is not worth one.
[[nodiscard]] std::string event_text(const experiment::Event& event);

// One plain line for each event that is worth it.
class LineView final : public experiment::EventSink {
public:
    explicit LineView(Output& output) : output_(output) {}

    void on_event(const experiment::Event& event) override;

private:
    Output& output_;
};

// True for a terminal that can move its cursor.
[[nodiscard]] bool can_be_redrawn(const Output& output);

// Phases, hosts and time left, redrawn in place four times a second by a thread of its own. The
// lines that matter after it (warnings, the verdict) stay on the screen.
class LiveView final : public experiment::EventSink {
public:
    // `words` outlive the view.
    LiveView(Output& output, const experiment::Plan& plan, const experiment::FaultWords& words);
    LiveView(const LiveView&) = delete;
    LiveView& operator=(const LiveView&) = delete;
    ~LiveView() override;

    void on_event(const experiment::Event& event) override;

private:
    struct HostLine {
        std::string state = "waiting";
        std::string color;
        std::string note;
    };

    void draw();
    void erase();
    [[nodiscard]] std::vector<std::string> picture() const;
    [[nodiscard]] std::string phase_line() const;
    void take_phase(const experiment::Event& event);
    void take_host(const experiment::Event& event);

    Output& output_;
    const experiment::FaultWords& words_;
    std::mutex mutex_; // guards what follows
    std::string title_;
    std::string phase_;
    std::optional<WallTime> until_;
    std::optional<WallTime> restore_at_;
    std::map<std::string, HostLine> hosts_;
    std::size_t drawn_lines_ = 0;
    std::condition_variable_any changed_;
    std::jthread painter_;
};

} // namespace squall::app
