#include "monitor_table.h"

#include "monitor_session.h"
#include "squall/base/text.h"
#include "squall/watch/dynamo_store.h"
#include "squall/watch/report.h"

#include <algorithm>

namespace squall::app {
namespace {

constexpr Seconds call_limit{20};

// A function's monitor, as far as it can be seen from outside.
class TableView {
public:
    [[nodiscard]] static Result<std::unique_ptr<TableView>>
    open(const MonitorPlaceArguments& place);

    [[nodiscard]] const monitor::State& state() const { return state_; }

    [[nodiscard]] watch::Store& store() { return *store_; }

    // By AWS's clock, as the function's.
    [[nodiscard]] WallTime now() { return clock_.wall() + session_->client().server_ahead(); }

    [[nodiscard]] Result<json::Object> tell(const monitor::Window& window);

private:
    explicit TableView(const MonitorPlaceArguments& place) : place_(place) {}

    const MonitorPlaceArguments& place_;
    SystemClock clock_;
    std::unique_ptr<aws::Session> session_;
    std::unique_ptr<watch::Store> store_;
    monitor::State state_;
};

Result<std::unique_ptr<TableView>> TableView::open(const MonitorPlaceArguments& place) {
    std::unique_ptr<TableView> view(new TableView(place));
    auto session = open_monitor_session(place.region, place.role_arn, view->clock_, {});
    if (!session) return fail(session.error());
    view->session_ = std::move(*session);
    view->store_ =
        watch::dynamo_store(view->session_->client(), view->clock_, {place.table, call_limit});
    if (auto loaded = view->store_->load(view->state_); !loaded)
        return fail("reading the table " + place.table, loaded.error());
    return view;
}

// The bus takes it; the function hears of it within seconds.
Result<json::Object> TableView::tell(const monitor::Window& window) {
    aws::Events events(session_->client());
    const Deadline deadline = Deadline::in(call_limit);
    const auto there = events.has_event_bus(place_.bus, deadline, {});
    if (there && !*there)
        return fail(Errc::not_found, "--bus {}: there is no such event bus", place_.bus);
    const aws::EventEntry entry = watch::event_of(window);
    const auto told = aws::all_taken(events.put_events(place_.bus, {&entry, 1}, deadline, {}));
    if (!told) return fail(told.error());
    return watch::window_json(window);
}

} // namespace

Result<json::Object> status_of_table(const MonitorPlaceArguments& place) {
    const auto view = TableView::open(place);
    if (!view) return fail(view.error());
    return watch::overview((*view)->state(), (*view)->store(), (*view)->now());
}

Result<json::Object> explanation_of_table(const MonitorPlaceArguments& place,
                                          const std::string& node) {
    const auto view = TableView::open(place);
    if (!view) return fail(view.error());
    return watch::explanation((*view)->state(), (*view)->store(), node);
}

Result<json::Object> mute_by_bus(const MonitorMuteCommand& command, Millis length) {
    const auto view = TableView::open(command.place);
    if (!view) return fail(view.error());
    monitor::Window window;
    window.id = "mute-" + random_hex(8);
    window.cluster = command.cluster;
    window.nodes = command.nodes;
    window.from = (*view)->now();
    window.until = window.from + length;
    window.why = command.why;
    if (const auto wrong = watch::not_a_window(window))
        return fail(Errc::invalid_input, "{}", *wrong);
    if (const auto unknown = watch::unknown_in((*view)->state(), window))
        return fail(Errc::not_found, "{}", *unknown);
    return (*view)->tell(window);
}

Result<json::Object> unmute_by_bus(const MonitorUnmuteCommand& command) {
    const auto view = TableView::open(command.place);
    if (!view) return fail(view.error());
    const auto& windows = (*view)->state().windows;
    const auto found = std::find_if(windows.begin(), windows.end(), [&](const auto& window) {
        return window.id == command.id;
    });
    if (found == windows.end()) return fail(Errc::not_found, "there is no window {}", command.id);
    monitor::Window window = *found;
    window.until = (*view)->now();
    return (*view)->tell(window);
}

} // namespace squall::app
