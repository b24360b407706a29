// Amazon SQS of one region: queues by name, and what other services of the cloud put into them.
// Sees and gives JSON, in whichever of SQS's two protocols it is called. Single-threaded; time
// comes in with every call.
#pragma once

#include "api/delivery.h"
#include "sqs/attributes.h"
#include "sqs/queue.h"

namespace squall::lab::sqs {

class Service {
public:
    static constexpr std::size_t queues_max = 10'000;
    // A name may be used again, and a queue purged again, after this.
    static constexpr Seconds rest{60};

    Service(std::string account, std::string region)
        : account_(std::move(account)), region_(std::move(region)) {}

    [[nodiscard]] std::optional<Answer> call(const ApiCall& call);

    // Puts a message into a queue for another service, if the queue's policy lets it.
    bool deliver(const std::string& queue_arn, const Delivery& delivery);
    [[nodiscard]] bool has_queue(std::string_view queue_arn) const;

    // A ReceiveMessage that may wait: for which queue (its ARN), and how long.
    struct Wait {
        std::string queue_arn;
        Seconds time{0};
    };

    [[nodiscard]] std::optional<Wait> wait_of(const ApiCall& call) const;

    // Called with a queue's ARN when a message may be received from it at once.
    void on_message(std::function<void(const std::string&)> listener) {
        listener_ = std::move(listener);
    }

    // When the next message of a queue becomes visible by itself.
    [[nodiscard]] std::optional<WallTime> next_visible(std::string_view queue_arn) const;

private:
    struct Record {
        std::string name;
        std::string arn;
        Attributes attributes;
        json::Object tags;
        Queue queue;
        WallTime created;
        WallTime modified;
        std::optional<WallTime> purged;
        std::optional<iam::Policy> policy;
    };

    // service.cc
    Answer create_queue(const ApiCall& call);
    Answer delete_queue(const ApiCall& call);
    Answer get_queue_url(const ApiCall& call);
    Answer list_queues(const ApiCall& call);
    Answer purge_queue(const ApiCall& call);
    Answer list_dead_letter_source_queues(const ApiCall& call);
    // settings.cc
    Answer get_queue_attributes(const ApiCall& call);
    Answer set_queue_attributes(const ApiCall& call);
    Answer tag_queue(const ApiCall& call);
    Answer untag_queue(const ApiCall& call);
    Answer list_queue_tags(const ApiCall& call);
    Answer add_permission(const ApiCall& call);
    Answer remove_permission(const ApiCall& call);
    // send.cc
    Answer send_message(const ApiCall& call);
    Answer send_message_batch(const ApiCall& call);
    // receive.cc
    Answer receive_message(const ApiCall& call);
    Answer delete_message(const ApiCall& call);
    Answer delete_message_batch(const ApiCall& call);
    Answer change_message_visibility(const ApiCall& call);
    Answer change_message_visibility_batch(const ApiCall& call);

    using Outcome = Result<json::Object, wire::ServiceError>;
    using EachEntry = std::function<Outcome(const json::Object& entry)>;

    // What the three batches have in common: their limits, and what became of each entry.
    [[nodiscard]] static Answer answer_batch(const ApiCall& call, const EachEntry& each);
    [[nodiscard]] Outcome send(Record& record, const json::Object& entry, const ApiCall& call);
    [[nodiscard]] static Outcome
    remove(Record& record, const json::Object& entry, const ApiCall& call);
    [[nodiscard]] static Outcome
    change_visibility(Record& record, const json::Object& entry, const ApiCall& call);

    // Null with the refusal of a call that names no queue of this region.
    [[nodiscard]] Result<Record*, wire::ServiceError> queue_of(const ApiCall& call);
    [[nodiscard]] Record* record_at(std::string_view arn);
    [[nodiscard]] const Record* record_at(std::string_view arn) const;
    [[nodiscard]] std::string url_of(const Record& record, const ApiCall& call) const;
    // Why a queue may not have these attributes, beside the others.
    [[nodiscard]] std::optional<wire::ServiceError> conflict_of(const std::string& arn,
                                                                const Attributes& attributes) const;
    static void settle_attributes(Record& record, const Attributes& changed, WallTime now);
    [[nodiscard]] Answer page_of_queues(const ApiCall& call,
                                        const std::vector<std::string>& names,
                                        const char* member) const;
    void wake(const Record& record) const;

    std::string account_;
    std::string region_;
    std::map<std::string, Record, std::less<>> queues_; // by name
    std::map<std::string, WallTime, std::less<>> deleted_;
    std::function<void(const std::string&)> listener_;
};

} // namespace squall::lab::sqs
