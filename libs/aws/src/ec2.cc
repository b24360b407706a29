#include "squall/aws/ec2.h"

#include "ec2_decode.h"
#include "pages.h"

#include <algorithm>
#include <functional>

namespace squall::aws {
namespace {

constexpr std::size_t ids_max = 100;

using Ids = std::vector<std::string>;

wire::QueryParameters parameters_of(const Ids& ids) {
    wire::QueryParameters parameters;
    for (std::size_t i = 0; i < ids.size(); ++i)
        parameters.add(fmt::format("InstanceId.{}", i + 1), ids[i]);
    return parameters;
}

Outcome<std::vector<Ec2Instance>>
describe_batch(Client& client, const Ids& ids, Deadline deadline, const std::stop_token& stop) {
    // MaxResults cannot go with ids, and so the answer is one page.
    const auto text =
        client.call_text(ServiceId::ec2,
                         "DescribeInstances",
                         form_body(ServiceId::ec2, "DescribeInstances", parameters_of(ids)),
                         deadline,
                         stop);
    if (!text) return fail(text.error());
    auto page = decode_instances(*text);
    if (page && !page->next_token.empty())
        page = fail(Errc::failed, "the answer has a second page, which EC2 does not do for ids");
    if (!page) return fail(not_answered("ec2:DescribeInstances", page.error()));
    return std::move(page->instances);
}

Outcome<std::vector<Ec2StateChange>>
terminate_batch(Client& client, const Ids& ids, Deadline deadline, const std::stop_token& stop) {
    const auto answer =
        client.call_query(ServiceId::ec2, "TerminateInstances", parameters_of(ids), deadline, stop);
    if (!answer) return fail(answer.error());
    std::vector<Ec2StateChange> changes;
    answer->for_each("instancesSet/item", [&](const wire::XmlDocument::Reader& read) {
        changes.push_back(
            {read("instanceId"), read("previousState/name"), read("currentState/name")});
    });
    return changes;
}

// True if it took anything away.
bool drop(Ids& ids, const Ids& unknown) {
    return std::erase_if(ids,
                         [&](const std::string& id) {
                             return std::find(unknown.begin(), unknown.end(), id) != unknown.end();
                         })
           > 0;
}

// `call` for all ids that can be EC2's, in batches; without those that it refuses a batch for.
template <class T>
Outcome<std::vector<T>>
of_known_instances(std::span<const std::string> instance_ids,
                   const std::function<Outcome<std::vector<T>>(const Ids& batch)>& call) {
    Ids wanted;
    std::copy_if(instance_ids.begin(),
                 instance_ids.end(),
                 std::back_inserter(wanted),
                 [](const std::string& id) { return id.starts_with("i-"); });
    std::vector<T> all;
    for (auto& batch : batches(wanted, ids_max)) {
        // Each round takes at least one id away, so this ends.
        while (!batch.empty()) {
            auto found = call(batch);
            if (found) {
                std::move(found->begin(), found->end(), std::back_inserter(all));
                break;
            }
            const bool repeatable = found.error().code.starts_with("InvalidInstanceID.")
                                    && drop(batch, instance_ids_in(found.error().message));
            if (!repeatable) return fail(found.error());
        }
    }
    return all;
}

} // namespace

Outcome<std::vector<Ec2Instance>> Ec2::describe_instances(std::span<const std::string> instance_ids,
                                                          Deadline deadline,
                                                          const std::stop_token& stop) {
    return of_known_instances<Ec2Instance>(instance_ids, [&](const Ids& batch) {
        return describe_batch(client_, batch, deadline, stop);
    });
}

Outcome<std::vector<Ec2StateChange>> Ec2::terminate_instances(
    std::span<const std::string> instance_ids, Deadline deadline, const std::stop_token& stop) {
    return of_known_instances<Ec2StateChange>(instance_ids, [&](const Ids& batch) {
        return terminate_batch(client_, batch, deadline, stop);
    });
}

} // namespace squall::aws
