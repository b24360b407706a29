#include "views.h"

#include "squall/base/time_text.h"

#include <algorithm>
#include <condition_variable>
#include <cstdlib>

namespace squall::app {
namespace {

constexpr std::size_t hosts_shown_max = 20;
constexpr Millis repaint_interval{250};

constexpr std::string_view dim = "\x1b[2m";
constexpr std::string_view bold = "\x1b[1m";
constexpr std::string_view red = "\x1b[31m";
constexpr std::string_view green = "\x1b[32m";
constexpr std::string_view yellow = "\x1b[33m";
constexpr std::string_view plain = "\x1b[0m";

// A line no wider than the terminal; colours do not count.
std::string cut(const std::string& line, int width) {
    std::string out;
    int used = 0;
    for (std::size_t i = 0; i < line.size(); ++i) {
        if (line[i] == '\x1b') {
            const auto end = line.find('m', i);
            if (end == std::string::npos) break;
            out.append(line, i, end - i + 1);
            i = end;
            continue;
        }
        // The bytes after the first of a UTF-8 letter take no room of their own.
        if ((static_cast<unsigned char>(line[i]) & 0xc0U) != 0x80U && ++used > width) break;
        out.push_back(line[i]);
    }
    return out + std::string(plain);
}

// Colours are for those who want them: https://no-color.org.
std::string painted(std::string line) {
    static const bool is_plain = [] {
        const char* value = std::getenv("NO_COLOR");
        return value != nullptr && value[0] != '\0';
    }();
    if (!is_plain) return line;
    std::string text;
    for (std::size_t i = 0; i < line.size(); ++i) {
        const auto end = line[i] == '\x1b' ? line.find('m', i) : std::string::npos;
        if (end == std::string::npos)
            text.push_back(line[i]);
        else
            i = end;
    }
    return text;
}

std::string left_text(WallTime until) {
    const auto left = std::max(Millis(0), std::chrono::duration_cast<Millis>(until - Wall::now()));
    return short_duration(std::chrono::ceil<Seconds>(left));
}

// Lines that stay on the screen above the picture.
bool stays(const std::string& kind) {
    return kind == "run" || kind == "guard" || kind == "warning" || kind == "error"
           || kind == "verdict" || kind == "not-recovered" || kind == "revert-failed"
           || kind == "no-answer" || kind == "left";
}

} // namespace

bool can_be_redrawn(const Output& output) {
    const char* terminal = std::getenv("TERM");
    return output.is_terminal() && terminal != nullptr && terminal[0] != '\0'
           && std::string_view(terminal) != "dumb";
}

void JsonView::on_event(const experiment::Event& event) {
    output_.line(json::text(event.to_json()));
}

void LineView::on_event(const experiment::Event& event) {
    const std::string text = event_text(event);
    if (text.empty()) return;
    output_.line(fmt::format(
        "{} {}{}", clock_time(event.at), event.target.empty() ? "" : event.target + " ", text));
}

LiveView::LiveView(Output& output,
                   const experiment::Plan& plan,
                   const experiment::FaultWords& words)
    : output_(output),
      words_(words),
      title_(
          fmt::format("{} on {}", plan.fault, plan.cluster.substr(plan.cluster.rfind('/') + 1))) {
    for (const auto& target : plan.targets)
        hosts_[target.instance_id].note = target.availability_zone;
    output_.write("\x1b[?25l"); // no cursor in a picture
    painter_ = std::jthread([this](const std::stop_token& stop) {
        std::unique_lock lock(mutex_);
        while (!stop.stop_requested()) {
            if (!output_.is_behind()) draw();
            changed_.wait_for(lock, stop, repaint_interval, [] { return false; });
        }
    });
}

LiveView::~LiveView() {
    painter_.request_stop();
    painter_.join();
    output_.write("\x1b[?25h");
}

void LiveView::on_event(const experiment::Event& event) {
    const std::lock_guard lock(mutex_);
    if (event.kind == "phase") take_phase(event);
    if (!event.target.empty()) take_host(event);
    if (stays(event.kind)) {
        erase();
        const std::string_view color =
            event.kind == "verdict"
                ? (json::string_at(event.data, "verdict") == "passed" ? green : yellow)
            : event.kind == "run" ? bold
                                  : yellow;
        output_.line(painted(fmt::format("{}{}{}{}",
                                         color,
                                         event.target.empty() ? "" : event.target + " ",
                                         event_text(event),
                                         plain)));
    }
    if (event.kind == "verdict") {
        // The last picture stays, without a countdown.
        phase_ = "over";
        until_.reset();
    }
    draw();
}

void LiveView::take_phase(const experiment::Event& event) {
    phase_ = json::string_at(event.data, "phase");
    const auto until = parse_time(json::string_at(event.data, "until"));
    const auto restore = parse_time(json::string_at(event.data, "restore_at"));
    until_ = until ? std::optional(*until) : std::nullopt;
    if (restore) restore_at_ = *restore;
}

void LiveView::take_host(const experiment::Event& event) {
    HostLine& host = hosts_[event.target];
    const auto set = [&](std::string state, std::string_view color) {
        host.state = std::move(state);
        host.color = color;
    };
    if (event.kind == "skipped" || event.kind == "not-injected")
        set(event_text(event), dim);
    else if (event.kind == "intent" || event.kind == "sent")
        set("told to " + words_.order, plain);
    else if (event.kind == "injected")
        set(words_.injected, yellow);
    else if (event.kind == "revert-sent")
        set("told to " + words_.undo, plain);
    else if (event.kind == "reverted")
        set(words_.reverted, yellow);
    else if (event.kind == "recovered")
        set(event_text(event), green);
    else if (event.kind == "affected" || event.kind == "not-recovered" || event.kind == "gone"
             || event.kind == "revert-failed")
        set(event_text(event), red);
}

std::string LiveView::phase_line() const {
    const std::string end = until_ ? fmt::format(", {} left", left_text(*until_)) : "";
    if (phase_ == "inject") return words_.injecting;
    if (phase_ == "hold") return "holding" + end;
    if (phase_ == "revert") return words_.reverting;
    if (phase_ == "over") return "over";
    return phase_.empty() ? "starting" : phase_ + end;
}

std::vector<std::string> LiveView::picture() const {
    std::vector<std::string> lines{fmt::format("{}{}{}  {}", bold, title_, plain, phase_line())};
    if (hosts_.size() <= hosts_shown_max) {
        for (const auto& [id, host] : hosts_)
            lines.push_back(fmt::format("  {:<20} {}{:<12}{} {}{}{}",
                                        id,
                                        dim,
                                        host.note,
                                        plain,
                                        host.color,
                                        host.state,
                                        plain));
    } else {
        std::map<std::string, std::size_t> counts;
        for (const auto& [id, host] : hosts_)
            ++counts[host.state.substr(0, host.state.find(" after "))];
        for (const auto& [state, count] : counts)
            lines.push_back(fmt::format("  {:>6} {}", count, state));
    }
    if (restore_at_ && phase_ != "over")
        lines.push_back(fmt::format("{}every host restores itself at {}{}{}",
                                    dim,
                                    clock_time(*restore_at_),
                                    phase_ == "revert" ? "" : "; Ctrl-C ends the fault now",
                                    plain));
    return lines;
}

void LiveView::erase() {
    if (drawn_lines_ > 0) output_.write(fmt::format("\x1b[{}A\r\x1b[J", drawn_lines_));
    drawn_lines_ = 0;
}

void LiveView::draw() {
    const auto lines = picture();
    std::string frame;
    if (drawn_lines_ > 0) frame += fmt::format("\x1b[{}A\r", drawn_lines_);
    for (const auto& line : lines)
        frame += painted(cut(line, output_.width() - 1)) + "\x1b[K\n";
    frame += "\x1b[J";
    output_.write(frame);
    drawn_lines_ = lines.size();
}

} // namespace squall::app
