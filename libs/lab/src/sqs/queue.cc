#include "sqs/queue.h"

#include "squall/base/md5.h"
#include "squall/base/text.h"

#include <algorithm>

namespace squall::lab::sqs {
namespace {

constexpr Seconds visibility_max{43'200};
constexpr std::size_t check_size = 32;

std::string check_of(const Receipt& receipt, std::string_view queue_arn) {
    return sha256_hex(fmt::format("{} {} {}", receipt.number, receipt.serial, queue_arn))
        .substr(0, check_size);
}

} // namespace

std::string Receipt::text(std::string_view queue_arn) const {
    return to_base64(fmt::format("{} {} {}", number, serial, check_of(*this, queue_arn)));
}

std::optional<Receipt> Receipt::read(std::string_view text, std::string_view queue_arn) {
    const auto plain = from_base64(text);
    if (!plain) return std::nullopt;
    const auto parts = split(*plain, ' ');
    if (parts.size() != 3) return std::nullopt;
    const auto number = to_integer(parts[0]);
    const auto serial = to_integer(parts[1]);
    if (!number || !serial || *number < 0 || *serial < 0) return std::nullopt;
    const Receipt receipt{static_cast<std::uint64_t>(*number), static_cast<std::uint64_t>(*serial)};
    return receipt.text(queue_arn) == text ? std::optional(receipt) : std::nullopt;
}

std::size_t Letter::size() const {
    std::size_t size = body.size();
    for (const auto& [name, value] : attributes) {
        size += name.size() + json::string_at(value, "DataType").size()
                + json::string_at(value, "StringValue").size()
                + json::string_at(value, "BinaryValue").size() / 4 * 3;
    }
    return size;
}

const Queue::Sent* Queue::duplicate_of(const std::string& key, WallTime now) {
    while (!duplicates_by_age_.empty() && duplicates_by_age_.front().first <= now) {
        duplicates_.erase(duplicates_by_age_.front().second);
        duplicates_by_age_.pop_front();
    }
    const auto found = duplicates_.find(key);
    return found == duplicates_.end() ? nullptr : &found->second.first;
}

std::optional<Queue::Sent> Queue::send(Letter letter, WallTime now) {
    settle(now);
    if (settings.is_fifo && letter.deduplication_id.empty())
        letter.deduplication_id = sha256_hex(letter.body);
    const std::string key = settings.deduplicates_by_group
                                ? letter.group_id + " " + letter.deduplication_id
                                : letter.deduplication_id;
    if (settings.is_fifo) {
        if (const Sent* before = duplicate_of(key, now)) {
            Sent again = *before;
            again.is_new = false;
            return again;
        }
    }
    if (messages_.size() >= messages_max || bytes_ + letter.size() > bytes_max) return std::nullopt;
    Message message;
    message.number = ++last_number_;
    message.id = random_uuid();
    message.body_md5 = md5_hex(letter.body);
    message.sent = message.kept_since = now;
    // As AWS's: twenty digits, growing, and not without gaps.
    if (settings.is_fifo)
        message.sequence_number =
            fmt::format("{:020}", 18'000'000'000'000'000'000U + message.number * 256);
    const Seconds delay = letter.delay.value_or(settings.delay);
    message.letter = std::move(letter);
    if (delay > Seconds(0)) {
        message.state = Message::State::delayed;
        message.visible_at = now + delay;
    }
    Sent sent{message.id, message.body_md5, message.sequence_number};
    keep(std::move(message));
    if (settings.is_fifo) {
        duplicates_[key] = {sent, now + deduplication_interval};
        duplicates_by_age_.emplace_back(now + deduplication_interval, key);
    }
    return sent;
}

bool Queue::take_over(Message message, WallTime now) {
    settle(now);
    if (messages_.size() >= messages_max || bytes_ + message.letter.size() > bytes_max)
        return false;
    message.number = ++last_number_;
    message.receipt = 0;
    message.state = Message::State::visible;
    if (settings.is_fifo) message.kept_since = now;
    keep(std::move(message));
    return true;
}

void Queue::keep(Message message) {
    const std::uint64_t number = message.number;
    bytes_ += message.letter.size();
    by_age_.emplace(message.kept_since, number);
    if (settings.is_fifo) groups_[message.letter.group_id].numbers.insert(number);
    enter(messages_.emplace(number, std::move(message)).first->second);
}

// Into what its state makes it part of.
void Queue::enter(const Message& message) {
    if (message.state != Message::State::visible)
        waiting_.emplace(message.visible_at, message.number);
    if (message.state == Message::State::delayed) ++delayed_;
    if (message.state == Message::State::in_flight) ++in_flight_;
    if (settings.is_fifo) {
        if (message.state == Message::State::in_flight)
            ++groups_[message.letter.group_id].in_flight;
        look_at_group(message.letter.group_id);
    } else if (message.state == Message::State::visible) {
        ready_.insert(message.number);
    }
}

void Queue::leave(const Message& message) {
    if (message.state != Message::State::visible)
        waiting_.erase({message.visible_at, message.number});
    if (message.state == Message::State::delayed) --delayed_;
    if (message.state == Message::State::in_flight) {
        --in_flight_;
        if (settings.is_fifo) --groups_[message.letter.group_id].in_flight;
    }
    ready_.erase(message.number);
}

// Puts the first message of a group among those that may be received, if it may.
void Queue::look_at_group(const std::string& id) {
    const auto found = groups_.find(id);
    if (found == groups_.end()) return;
    const Group& group = found->second;
    if (group.numbers.empty()) {
        groups_.erase(found);
        return;
    }
    const std::uint64_t first = *group.numbers.begin();
    if (group.in_flight == 0 && messages_.at(first).state == Message::State::visible)
        ready_.insert(first);
    else
        ready_.erase(first);
}

void Queue::set_state(Message& message, Message::State state, WallTime visible_at) {
    leave(message);
    message.state = state;
    message.visible_at = visible_at;
    enter(message);
}

void Queue::erase(std::uint64_t number) {
    const auto found = messages_.find(number);
    const Message& message = found->second;
    leave(message);
    bytes_ -= message.letter.size();
    by_age_.erase({message.kept_since, number});
    const std::string group_id = message.letter.group_id;
    if (settings.is_fifo) groups_[group_id].numbers.erase(number);
    messages_.erase(found);
    if (settings.is_fifo) look_at_group(group_id);
}

void Queue::settle(WallTime now) {
    while (!by_age_.empty() && by_age_.begin()->first + settings.retention <= now)
        erase(by_age_.begin()->second);
    while (!waiting_.empty() && waiting_.begin()->first <= now)
        set_state(messages_.at(waiting_.begin()->second), Message::State::visible, {});
}

std::optional<WallTime> Queue::next_visible() const {
    if (waiting_.empty()) return std::nullopt;
    return waiting_.begin()->first;
}

std::vector<const Message*> Queue::receive(std::size_t count,
                                           Seconds visibility,
                                           WallTime now,
                                           const DeadLetters& dead_letters) {
    settle(now);
    std::vector<std::uint64_t> taken;
    std::set<std::string> groups_seen; // a message that is visible again at once is not given twice
    std::uint64_t after = 0;
    while (taken.size() < count && in_flight_ < in_flight_max) {
        const auto next = ready_.upper_bound(after);
        if (next == ready_.end()) break;
        after = *next;
        const std::string group_id = messages_.at(after).letter.group_id;
        if (settings.is_fifo && groups_seen.contains(group_id)) continue;
        for (const std::uint64_t number : next_in_turn(after, count - taken.size())) {
            Message& message = messages_.at(number);
            if (is_dead(message)) {
                Message dead = message;
                erase(number);
                dead_letters(std::move(dead));
                continue;
            }
            hand_out(message, visibility, now);
            taken.push_back(number);
            groups_seen.insert(group_id);
        }
    }
    std::vector<const Message*> received;
    received.reserve(taken.size());
    for (const std::uint64_t number : taken)
        received.push_back(&messages_.at(number));
    return received;
}

// The message itself; of a FIFO queue it and those that follow it in its group.
std::vector<std::uint64_t> Queue::next_in_turn(std::uint64_t first, std::size_t count) const {
    if (!settings.is_fifo) return {first};
    std::vector<std::uint64_t> in_order;
    for (const std::uint64_t number : groups_.at(messages_.at(first).letter.group_id).numbers) {
        if (in_order.size() == count || messages_.at(number).state != Message::State::visible)
            break;
        in_order.push_back(number);
    }
    return in_order;
}

bool Queue::is_dead(const Message& message) const {
    return settings.receive_count_max > 0 && message.receive_count >= settings.receive_count_max;
}

void Queue::hand_out(Message& message, Seconds visibility, WallTime now) {
    ++message.receive_count;
    if (!message.first_received) message.first_received = now;
    message.last_received = now;
    message.receipt = ++last_receipt_;
    if (visibility > Seconds(0)) set_state(message, Message::State::in_flight, now + visibility);
}

Queue::Change Queue::remove(const Receipt& receipt, WallTime now) {
    settle(now);
    const auto found = messages_.find(receipt.number);
    if (found == messages_.end()) return Change::gone;
    const Message& message = found->second;
    // An older handle than the newest one does nothing, as AWS documents it.
    if (message.receipt != receipt.serial) return settings.is_fifo ? Change::expired : Change::gone;
    if (settings.is_fifo && message.state != Message::State::in_flight) return Change::expired;
    erase(receipt.number);
    return Change::done;
}

Queue::Change Queue::change_visibility(const Receipt& receipt, Seconds visibility, WallTime now) {
    settle(now);
    const auto found = messages_.find(receipt.number);
    if (found == messages_.end()) return Change::gone;
    Message& message = found->second;
    if (message.receipt != receipt.serial) return Change::expired;
    if (message.state != Message::State::in_flight) return Change::not_in_flight;
    // Twelve hours from the receive, however often it is put off.
    if (now + visibility > message.last_received + visibility_max) return Change::beyond_limit;
    if (visibility > Seconds(0))
        set_state(message, Message::State::in_flight, now + visibility);
    else
        set_state(message, Message::State::visible, {});
    return Change::done;
}

void Queue::purge() {
    messages_.clear();
    ready_.clear();
    waiting_.clear();
    by_age_.clear();
    groups_.clear();
    in_flight_ = delayed_ = bytes_ = 0;
}

} // namespace squall::lab::sqs
