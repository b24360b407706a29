#include "sqs/service.h"

#include "squall/base/text.h"

#include <algorithm>
#include <cctype>

namespace squall::lab::sqs {
namespace {

constexpr std::size_t name_max = 80;
constexpr std::string_view fifo_suffix = ".fifo";
constexpr std::int64_t page_max = 1000;

bool is_plain_name(std::string_view name) {
    return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
        return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_';
    });
}

std::optional<wire::ServiceError> name_problem(std::string_view name, bool is_fifo) {
    std::string_view plain = name;
    if (is_fifo && plain.ends_with(fifo_suffix)) {
        plain.remove_suffix(fifo_suffix.size());
    } else if (is_fifo) {
        return invalid_parameter(
                   "The name of a FIFO queue can only include alphanumeric characters, hyphens, or "
                   "underscores, must end with .fifo suffix and be 1 to 80 in length.")
            .value();
    }
    if (is_plain_name(plain) && name.size() <= name_max) return std::nullopt;
    return invalid_parameter("Can only include alphanumeric characters, hyphens, or underscores. 1 "
                             "to 80 in length")
        .value();
}

} // namespace

std::optional<Answer> Service::call(const ApiCall& call) {
    static const OperationTable<Service> operations{
        {"CreateQueue", &Service::create_queue},
        {"DeleteQueue", &Service::delete_queue},
        {"GetQueueUrl", &Service::get_queue_url},
        {"ListQueues", &Service::list_queues},
        {"PurgeQueue", &Service::purge_queue},
        {"ListDeadLetterSourceQueues", &Service::list_dead_letter_source_queues},
        {"GetQueueAttributes", &Service::get_queue_attributes},
        {"SetQueueAttributes", &Service::set_queue_attributes},
        {"TagQueue", &Service::tag_queue},
        {"UntagQueue", &Service::untag_queue},
        {"ListQueueTags", &Service::list_queue_tags},
        {"AddPermission", &Service::add_permission},
        {"RemovePermission", &Service::remove_permission},
        {"SendMessage", &Service::send_message},
        {"SendMessageBatch", &Service::send_message_batch},
        {"ReceiveMessage", &Service::receive_message},
        {"DeleteMessage", &Service::delete_message},
        {"DeleteMessageBatch", &Service::delete_message_batch},
        {"ChangeMessageVisibility", &Service::change_message_visibility},
        {"ChangeMessageVisibilityBatch", &Service::change_message_visibility_batch},
    };
    return call_operation(*this, operations, call);
}

const Service::Record* Service::record_at(std::string_view arn) const {
    const auto found = queues_.find(arn.substr(arn.rfind(':') + 1));
    return found == queues_.end() || found->second.arn != arn ? nullptr : &found->second;
}

Service::Record* Service::record_at(std::string_view arn) {
    return const_cast<Record*>(std::as_const(*this).record_at(arn));
}

bool Service::has_queue(std::string_view queue_arn) const {
    return record_at(queue_arn) != nullptr;
}

std::optional<WallTime> Service::next_visible(std::string_view queue_arn) const {
    const Record* record = record_at(queue_arn);
    return record == nullptr ? std::nullopt : record->queue.next_visible();
}

// http://HOST/ACCOUNT/NAME: by which host does not matter.
Result<Service::Record*, wire::ServiceError> Service::queue_of(const ApiCall& call) {
    const std::string_view url = json::string_at(call.body, "QueueUrl");
    if (url.empty()) return missing_parameter("QueueUrl");
    const auto parts = split(url, '/');
    if (parts.size() < 3)
        return refuse("InvalidAddress",
                      fmt::format("The address {} is not valid for this endpoint.", url),
                      404);
    const auto found = queues_.find(parts.back());
    if (parts[parts.size() - 2] != account_ || found == queues_.end()) return no_such_queue();
    return &found->second;
}

std::string Service::url_of(const Record& record, const ApiCall& call) const {
    return fmt::format("http://{}/{}/{}", call.host, account_, record.name);
}

void Service::wake(const Record& record) const {
    if (listener_ && record.queue.has_visible()) listener_(record.arn);
}

std::optional<wire::ServiceError> Service::conflict_of(const std::string& arn,
                                                       const Attributes& attributes) const {
    const auto redrive = redrive_policy_of(attributes);
    if (!redrive) return std::nullopt;
    const Record* target = record_at(redrive->target_arn);
    const std::string& text = attributes.find("RedrivePolicy")->second;
    const auto problem = [&](std::string_view why) {
        return invalid_parameter("RedrivePolicy", text, why).value();
    };
    if (target == nullptr) return problem("Dead letter target does not exist.");
    if (target->arn == arn) return problem("Dead letter target owner should be another queue.");
    if (target->queue.settings.is_fifo != arn.ends_with(fifo_suffix))
        return problem("Dead-letter queue must be same type of queue as the source.");
    if (!allows_redrive(target->attributes, arn))
        return problem("Queue does not have permission to use the dead-letter queue.");
    return std::nullopt;
}

void Service::settle_attributes(Record& record, const Attributes& changed, WallTime now) {
    for (const auto& [name, value] : changed) {
        if (value.empty())
            record.attributes.erase(name);
        else
            record.attributes[name] = value;
    }
    record.queue.settings = settings_of(record.attributes);
    record.policy = policy_of(record.attributes);
    record.modified = now;
}

Answer Service::create_queue(const ApiCall& call) {
    const std::string name(json::string_at(call.body, "QueueName"));
    if (name.empty()) return missing_parameter("QueueName");
    const json::Object& given = json::object_at(call.body, "Attributes");
    const auto attributes = read_attributes(given, {}, /*is_new=*/true);
    if (!attributes) return fail(attributes.error());
    const bool is_fifo = attributes->contains("FifoQueue");
    if (auto problem = name_problem(name, is_fifo)) return fail(std::move(*problem));
    if (const auto known = queues_.find(name); known != queues_.end()) {
        for (const auto& [attribute, value] : *attributes) {
            const auto has = known->second.attributes.find(attribute);
            if (has == known->second.attributes.end() ? !value.empty() : has->second != value)
                return refuse("QueueNameExists",
                              fmt::format("A queue already exists with the same name and a "
                                          "different value for attribute {}",
                                          attribute));
        }
        return answer({{"QueueUrl", url_of(known->second, call)}});
    }
    if (const auto deleted = deleted_.find(name); deleted != deleted_.end()) {
        if (call.now < deleted->second + rest)
            return refuse("QueueDeletedRecently",
                          "You must wait 60 seconds after deleting a queue before you can create "
                          "another with the same name.");
        deleted_.erase(deleted);
    }
    if (queues_.size() >= queues_max)
        return refuse("OverLimit", "This lab keeps no more queues in a region.", 403);
    const std::string arn = fmt::format("arn:aws:sqs:{}:{}:{}", region_, account_, name);
    if (auto conflict = conflict_of(arn, *attributes)) return fail(std::move(*conflict));
    Record& record = queues_[name];
    record.name = name;
    record.arn = arn;
    record.attributes = default_attributes();
    record.tags = json::object_at(call.body, "tags");
    record.created = call.now;
    settle_attributes(record, *attributes, call.now);
    return answer({{"QueueUrl", url_of(record, call)}});
}

Answer Service::delete_queue(const ApiCall& call) {
    const auto record = queue_of(call);
    if (!record) return fail(record.error());
    std::erase_if(deleted_, [&](const auto& one) { return one.second + rest <= call.now; });
    const std::string name = (*record)->name;
    deleted_[name] = call.now;
    // Whoever waits for a message of it is to hear that it is gone.
    if (listener_) listener_((*record)->arn);
    queues_.erase(name);
    return answer({});
}

Answer Service::get_queue_url(const ApiCall& call) {
    const auto found = queues_.find(json::string_at(call.body, "QueueName"));
    const std::string_view owner = json::string_at(call.body, "QueueOwnerAWSAccountId", account_);
    if (found == queues_.end() || owner != account_) return no_such_queue();
    return answer({{"QueueUrl", url_of(found->second, call)}});
}

Answer Service::page_of_queues(const ApiCall& call,
                               const std::vector<std::string>& names,
                               const char* member) const {
    const auto size = json::integer_at(call.body, "MaxResults", page_max);
    if (size < 1 || size > page_max)
        return invalid_parameter("MaxResults",
                                 std::to_string(size),
                                 "MaxResults must be an integer between 1 and 1000.");
    const auto page =
        page_of(names, json::string_at(call.body, "NextToken"), static_cast<std::size_t>(size));
    if (!page) return invalid_parameter("Invalid or expired next token.");
    json::Array urls;
    for (const auto& name : page->keys)
        urls.emplace_back(url_of(queues_.find(name)->second, call));
    json::Object answered;
    // A token is for those who asked for pages.
    if (!page->next_token.empty() && call.body.contains("MaxResults"))
        answered["NextToken"] = page->next_token;
    if (!urls.empty()) answered[member] = std::move(urls);
    return answer(std::move(answered));
}

Answer Service::list_queues(const ApiCall& call) {
    const std::string_view prefix = json::string_at(call.body, "QueueNamePrefix");
    std::vector<std::string> names;
    for (const auto& [name, record] : queues_) {
        if (name.starts_with(prefix)) names.push_back(name);
    }
    return page_of_queues(call, names, "QueueUrls");
}

Answer Service::list_dead_letter_source_queues(const ApiCall& call) {
    const auto record = queue_of(call);
    if (!record) return fail(record.error());
    std::vector<std::string> names;
    for (const auto& [name, other] : queues_) {
        const auto redrive = redrive_policy_of(other.attributes);
        if (redrive && redrive->target_arn == (*record)->arn) names.push_back(name);
    }
    return page_of_queues(call, names, "queueUrls");
}

Answer Service::purge_queue(const ApiCall& call) {
    const auto found = queue_of(call);
    if (!found) return fail(found.error());
    Record& record = **found;
    if (record.purged && call.now < *record.purged + rest)
        return refuse(
            "PurgeQueueInProgress",
            fmt::format("Only one PurgeQueue operation on {} is allowed every 60 seconds.",
                        record.name),
            403);
    record.purged = call.now;
    record.queue.purge();
    return answer({});
}

} // namespace squall::lab::sqs
