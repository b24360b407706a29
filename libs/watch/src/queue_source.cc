#include "squall/watch/queue_source.h"

#include "squall/base/log.h"
#include "squall/base/text.h"
#include "squall/monitor/event_parser.h"

namespace squall::watch {
namespace {

constexpr Seconds poll_wait{20};
constexpr Seconds call_limit{60};
constexpr Millis after_failure{2000};
constexpr Millis acknowledge_interval{1000};

} // namespace

Result<std::optional<monitor::Input>> input_of_message(std::string_view body) {
    auto parsed = json::parse(body);
    if (!parsed) return fail(parsed.error());
    if (json::string_at(*parsed, "Type") == "Notification") {
        parsed = json::parse(json::string_at(*parsed, "Message"));
        if (!parsed) return fail("the topic's message", parsed.error());
    }
    return monitor::parse_event(*parsed);
}

QueueSource::QueueSource(aws::Client& client, Clock& clock, std::string queue_url, Inbox& inbox)
    : sqs_(client), clock_(clock), queue_url_(std::move(queue_url)), inbox_(inbox) {}

Result<void> QueueSource::check(const std::stop_token& stop) {
    const auto attributes = sqs_.queue_attributes(queue_url_, Deadline::in(call_limit), stop);
    if (!attributes)
        return fail("reading the settings of " + queue_url_, aws::to_error(attributes.error()));
    const auto attribute = [&](const char* name) {
        const auto found = attributes->find(name);
        return found == attributes->end() ? std::string() : found->second;
    };
    counts_.last_answer =
        std::chrono::duration_cast<Millis>(clock_.now().time_since_epoch()).count();
    if (const auto seconds = to_integer(attribute("VisibilityTimeout")))
        visibility_ = Seconds(*seconds);
    has_dead_letter_queue_ = !attribute("RedrivePolicy").empty();
    if (!has_dead_letter_queue_)
        log::warning("{} has no dead-letter queue: messages that cannot be read are dropped after "
                     "{} receipts",
                     queue_url_,
                     receipts_max);
    if (const auto delay = to_integer(attribute("DelaySeconds")); delay && *delay > 0)
        log::warning("{} delays messages by {} s: the monitor keeps the grace by itself, and a "
                     "delay only makes it slower",
                     queue_url_,
                     *delay);
    return {};
}

void QueueSource::receive(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
        const auto messages = sqs_.receive_messages(
            queue_url_, {10, poll_wait, std::nullopt}, Deadline::in(call_limit + poll_wait), stop);
        if (!messages) {
            if (stop.stop_requested()) return;
            const std::string what = aws::to_error(messages.error()).message;
            // Not every two seconds: `status` and /healthz say for how long it has been so.
            if (trouble_.failed(what, clock_.now()))
                log::error("receiving events from {}: {}", queue_url_, what);
            clock_.wait_for(after_failure, stop);
            continue;
        }
        trouble_.ended();
        counts_.last_answer =
            std::chrono::duration_cast<Millis>(clock_.now().time_since_epoch()).count();
        take(*messages, stop);
    }
}

void QueueSource::take(const std::vector<aws::SqsMessage>& messages, const std::stop_token& stop) {
    Delivered delivered;
    const SteadyTime now = clock_.now();
    for (const auto& message : messages) {
        ++counts_.received;
        auto input = input_of_message(message.body);
        if (input) {
            delivered.receipts.push_back(message.receipt_handle);
            if (*input) delivered.inputs.push_back(std::move(**input));
            continue;
        }
        ++counts_.unreadable;
        const bool is_dropped =
            !has_dead_letter_queue_ && message.approximate_receive_count >= receipts_max;
        log::error("message {} cannot be read: {}; {}",
                   message.message_id,
                   input.error().message,
                   is_dropped ? "dropped" : "left in the queue");
        if (is_dropped) delivered.receipts.push_back(message.receipt_handle);
    }
    if (delivered.receipts.empty()) return;
    {
        const std::lock_guard lock(mutex_);
        for (const auto& receipt : delivered.receipts)
            in_flight_[receipt] = now;
    }
    inbox_.put(std::move(delivered), stop);
}

void QueueSource::done(std::vector<std::string> receipts) {
    if (receipts.empty()) return;
    {
        const std::lock_guard lock(mutex_);
        for (auto& receipt : receipts) {
            in_flight_.erase(receipt);
            done_.push_back(std::move(receipt));
        }
    }
    bell_.ring();
}

void QueueSource::acknowledge(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
        bell_.wait(acknowledge_interval, stop);
        std::vector<std::string> receipts;
        {
            const std::lock_guard lock(mutex_);
            receipts = std::exchange(done_, {});
        }
        delete_done(std::move(receipts), stop);
        keep_invisible(stop);
    }
}

void QueueSource::delete_done(std::vector<std::string> receipts, const std::stop_token& stop) {
    if (receipts.empty()) return;
    const auto failures =
        sqs_.delete_messages(queue_url_, receipts, Deadline::in(call_limit), stop);
    // One that is not deleted comes again, and is known then.
    if (!failures && !stop.stop_requested())
        log::warning("deleting what was read: {}", aws::to_error(failures.error()).message);
}

// What waits for its turn for longer than the queue expects is not to be given to others.
void QueueSource::keep_invisible(const std::stop_token& stop) {
    std::vector<aws::VisibilityChange> changes;
    {
        const std::lock_guard lock(mutex_);
        const SteadyTime now = clock_.now();
        for (auto& [receipt, since] : in_flight_) {
            if (now - since < visibility_ / 2) continue;
            since = now;
            changes.push_back({receipt, visibility_});
        }
    }
    if (changes.empty()) return;
    const auto failures =
        sqs_.change_visibility(queue_url_, changes, Deadline::in(call_limit), stop);
    if (!failures && !stop.stop_requested())
        log::warning("keeping messages invisible: {}", aws::to_error(failures.error()).message);
}

} // namespace squall::watch
