// Reads HTTP/1.x messages, one after another, from the bytes of a connection: heads, then raw
// bodies, then ends. It changes nothing and keeps nothing but a head that came in pieces (at most
// head_size_max bytes). For one thread at a time.
#pragma once

#include "squall/http/chunk_reader.h"
#include "squall/http/head.h"

#include <string>

namespace squall::http {

enum class Item {
    more,    // the input has been taken, and says no more than this
    head,    // head() is there
    body,    // body() is the next part, framing of chunks included
    end,     // of the message: what follows is the next one's
    refused, // refusal() says why; nothing more can be read
};

// Where in a message's body a connection is.
class BodyReader {
public:
    void begin(const Framing& framing);

    // Takes from the front of `input`. Gives body, end, more, or refused.
    [[nodiscard]] Item next(std::string_view& input);

    // The bytes as they were, and, of them, what is the content's own (the same, but for chunks).
    [[nodiscard]] std::string_view raw() const { return raw_; }

    [[nodiscard]] std::string_view content() const { return content_; }

    [[nodiscard]] const Refusal& refusal() const { return *chunks_.refusal(); }

    [[nodiscard]] const Framing& framing() const { return framing_; }

private:
    Framing framing_;
    std::uint64_t left_ = 0;
    ChunkReader chunks_;
    std::string_view raw_;
    std::string_view content_;
};

// A head that may come in pieces.
class HeadCollector {
public:
    // The whole head, taken from the front of `input`; nothing while it is not whole, or when it is
    // refused. The view is into `input`, or, where the head came in pieces, into this object until
    // the next call. `input` must not be empty.
    [[nodiscard]] std::optional<std::string_view> collect(std::string_view& input);

    [[nodiscard]] const std::optional<Refusal>& refusal() const { return refusal_; }

    // What was taken of a head that is not whole, or is refused.
    [[nodiscard]] std::string_view held() const { return held_; }

    // A head has begun, and is not whole.
    [[nodiscard]] bool is_within() const { return is_within_; }

private:
    HeadFinder finder_;
    std::string held_;
    std::optional<Refusal> refusal_;
    bool is_within_ = false;
};

// What a request reader and a response reader have in common: heads that may come in pieces, each
// with its body behind it.
class MessageReader {
public:
    [[nodiscard]] const BodyReader& body() const { return body_; }

    [[nodiscard]] const Refusal& refusal() const { return refusal_; }

    // A message has begun and not ended.
    [[nodiscard]] bool is_within() const { return in_body_ || collector_.is_within(); }

protected:
    MessageReader() = default;

    // What is next where it can be no head: in a body, or after a refusal. Nothing: a head is.
    [[nodiscard]] std::optional<Item> next_but_head(std::string_view& input);
    [[nodiscard]] Item refuse(const Refusal& refusal);
    void begin_body(const Framing& framing);

    [[nodiscard]] HeadCollector& collector() { return collector_; }

private:
    HeadCollector collector_;
    BodyReader body_;
    Refusal refusal_;
    bool in_body_ = false;
    bool is_refused_ = false;
};

class RequestReader : public MessageReader {
public:
    [[nodiscard]] Item next(std::string_view& input);

    // From Item::head on, until the input that held it goes or next() begins another head.
    [[nodiscard]] const RequestHead& head() const { return head_; }

private:
    // Before a request. Null, or why it is refused.
    [[nodiscard]] const char* skip_empty_lines(std::string_view& input);

    RequestHead head_;
    bool after_return_ = false;
    std::size_t empty_lines_ = 0;
};

class ResponseReader : public MessageReader {
public:
    // What the next response answers: its method decides whether there is a body. To be called
    // before each response's first byte is read (not again after an interim one).
    void expect(std::string_view request_method) { method_ = request_method; }

    [[nodiscard]] Item next(std::string_view& input);

    [[nodiscard]] const ResponseHead& head() const { return head_; }

    // What was taken of a head that is refused: so that it can be passed on all the same.
    [[nodiscard]] std::string_view refused_bytes() const { return refused_bytes_; }

private:
    ResponseHead head_;
    std::string method_;
    std::string_view refused_bytes_;
};

} // namespace squall::http
