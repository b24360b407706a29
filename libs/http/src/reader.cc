#include "squall/http/reader.h"

#include <algorithm>

namespace squall::http {
namespace {

constexpr std::size_t empty_lines_max = 4; // before a request (RFC 9112, 2.2)
constexpr std::string_view protocol = "HTTP/";

} // namespace

void BodyReader::begin(const Framing& framing) {
    framing_ = framing;
    left_ = framing.length;
    chunks_ = ChunkReader();
}

Item BodyReader::next(std::string_view& input) {
    raw_ = content_ = {};
    switch (framing_.kind) {
    case Framing::Kind::none:
        return Item::end;
    case Framing::Kind::length:
        if (left_ == 0) return Item::end;
        raw_ =
            input.substr(0, static_cast<std::size_t>(std::min<std::uint64_t>(left_, input.size())));
        left_ -= raw_.size();
        content_ = raw_;
        break;
    case Framing::Kind::until_close:
        raw_ = content_ = input;
        break;
    case Framing::Kind::chunked: {
        if (chunks_.has_ended()) return Item::end;
        const auto taken = chunks_.take(input);
        if (chunks_.refusal()) return Item::refused;
        raw_ = input.substr(0, taken.size);
        content_ = taken.data;
        break;
    }
    }
    input.remove_prefix(raw_.size());
    return raw_.empty() ? Item::more : Item::body;
}

std::optional<std::string_view> HeadCollector::collect(std::string_view& input) {
    if (!is_within_) {
        finder_ = HeadFinder();
        held_.clear();
        is_within_ = true;
    }
    const std::size_t before = held_.size();
    // One more byte than a head may have: then it is known to be too long.
    const std::string_view part = input.substr(0, head_size_max + 1 - before);
    // Whole in one piece, as nearly always: nothing is copied.
    if (before > 0) held_ += part;
    const auto found = finder_.look(before > 0 ? std::string_view(held_) : part);
    if (found == HeadFinder::Found::whole) {
        const std::size_t size = finder_.size();
        is_within_ = false;
        const std::string_view head =
            before > 0 ? std::string_view(held_).substr(0, size) : input.substr(0, size);
        input.remove_prefix(size - before);
        return head;
    }
    if (before == 0) held_ = part;
    input.remove_prefix(part.size());
    if (found == HeadFinder::Found::refused) refusal_ = finder_.refusal();
    return std::nullopt;
}

std::optional<Item> MessageReader::next_but_head(std::string_view& input) {
    if (is_refused_) return Item::refused;
    if (!in_body_) return std::nullopt;
    const Item item = body_.next(input);
    if (item == Item::refused) return refuse(body_.refusal());
    if (item == Item::end) in_body_ = false;
    return item;
}

Item MessageReader::refuse(const Refusal& refusal) {
    refusal_ = refusal;
    is_refused_ = true;
    return Item::refused;
}

void MessageReader::begin_body(const Framing& framing) {
    in_body_ = true;
    body_.begin(framing);
}

const char* RequestReader::skip_empty_lines(std::string_view& input) {
    while (!input.empty() && (after_return_ || input.front() == '\r')) {
        if (after_return_ && input.front() != '\n') return "a carriage return before a request";
        if (!after_return_ && ++empty_lines_ > empty_lines_max)
            return "empty lines instead of a request";
        after_return_ = !after_return_;
        input.remove_prefix(1);
    }
    return nullptr;
}

Item RequestReader::next(std::string_view& input) {
    if (const auto item = next_but_head(input)) return *item;
    if (!collector().is_within()) {
        if (const char* why = skip_empty_lines(input)) return refuse({400, why});
    }
    if (input.empty()) return Item::more;
    empty_lines_ = 0;
    const auto bytes = collector().collect(input);
    auto refusal = bytes ? head_.read(*bytes) : collector().refusal();
    if (refusal) return refuse(*refusal);
    if (!bytes) return Item::more;
    begin_body(head_.framing);
    return Item::head;
}

Item ResponseReader::next(std::string_view& input) {
    if (const auto item = next_but_head(input)) return *item;
    if (input.empty()) return Item::more;
    const std::size_t before = collector().is_within() ? collector().held().size() : 0;
    // Whoever speaks another protocol may never send an empty line: the first bytes tell.
    const bool is_http =
        protocol.substr(std::min(before, protocol.size()))
            .starts_with(input.substr(0, protocol.size() - std::min(before, protocol.size())));
    const auto bytes = collector().collect(input);
    auto refusal = !is_http ? std::optional(Refusal{502, "an answer that is no HTTP"})
                   : bytes  ? head_.read(*bytes, method_)
                            : collector().refusal();
    if (refusal) {
        refused_bytes_ = bytes ? *bytes : collector().held();
        return refuse(*refusal);
    }
    if (!bytes) return Item::more;
    // After an interim one comes another head.
    if (head_.is_interim()) return Item::head;
    begin_body(head_.framing);
    return Item::head;
}

} // namespace squall::http
