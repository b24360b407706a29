// What is to be done with one exchange of a request and its response, and who decides it. Faults
// decide; sessions carry it out. That is the whole of what they know of each other.
#pragma once

#include "squall/base/clock.h"
#include "squall/http/head.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace squall::http {

using FieldList = std::vector<std::pair<std::string, std::string>>;

// A response that the proxy gives by itself: made once, sent as often as wanted. Immutable.
class Answer {
public:
    Answer(int status, FieldList fields, std::string body);

    // As HTTP/1.x. The answer to HEAD ends after its head; so does one whose status has no body.
    // An answer that says that its connection closes says so.
    [[nodiscard]] std::string_view bytes(bool is_to_head, bool closes) const;

    [[nodiscard]] int status() const { return status_; }

    // As HTTP/2: a block of HPACK that leaves the header table alone, and so fits any connection.
    [[nodiscard]] const std::string& field_block() const { return field_block_; }

    // The same for a client of gRPC, to whom it is the whole response: HTTP status 200, and the
    // status as gRPC has it.
    [[nodiscard]] const std::string& grpc_block() const { return grpc_block_; }

    [[nodiscard]] const FieldList& fields() const { return fields_; }

    [[nodiscard]] const std::string& body() const { return body_; }

private:
    struct Form {
        std::string text;
        std::size_t head_size = 0;
    };

    [[nodiscard]] Form make(bool closes) const;

    int status_;
    FieldList fields_;
    std::string body_;
    Form keeps_;
    Form closes_;
    std::string field_block_;
    std::string grpc_block_;
};

// Where in an exchange its connection is reset.
enum class ResetAt {
    request,  // the application has the whole request, and has begun to answer
    response, // the client has a part of the body
};

struct Treatment {
    // Instead of asking the application. Null: it is asked.
    std::shared_ptr<const Answer> answer;
    // So much later than it would, the response begins.
    Millis delay{0};
    // Of the application's answer:
    std::optional<int> status;
    std::shared_ptr<const std::string> body; // in place of its own
    std::shared_ptr<const FieldList> fields; // put in place of those of the same name
    std::optional<ResetAt> reset;
    // The connection is reset so long after it was accepted, and the application sees nothing of
    // the request.
    std::optional<Millis> reset_after_accept;

    [[nodiscard]] bool changes_response() const { return status || body || fields; }

    [[nodiscard]] bool is_any() const {
        return answer || delay > Millis(0) || changes_response() || reset || reset_after_accept;
    }
};

// Asked once for each request. Called by one session at a time; what it decides from is immutable,
// or belongs to the sessions' thread.
class Treater {
public:
    Treater() = default;
    Treater(const Treater&) = delete;
    Treater& operator=(const Treater&) = delete;
    virtual ~Treater() = default;

    [[nodiscard]] virtual Treatment treat(const RequestHead& request) = 0;

    // No request is ever treated: connections need not be understood.
    [[nodiscard]] virtual bool treats_nothing() const { return false; }

    // What every request is answered with at once, whatever it says; null where it depends, or
    // where more than that is done. Whoever uses it does not ask treat().
    [[nodiscard]] virtual std::shared_ptr<const Answer> answer_to_all() const { return nullptr; }
};

} // namespace squall::http
