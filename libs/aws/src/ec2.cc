#include "squall/aws/ec2.h"

#include "ec2_decode.h"
#include "pages.h"

#include <algorithm>

namespace squall::aws {
namespace {

constexpr std::size_t ids_max = 100;

Outcome<std::vector<Ec2Instance>> describe_batch(Client& client,
                                                 const std::vector<std::string>& ids,
                                                 Deadline deadline,
                                                 const std::stop_token& stop) {
    wire::QueryParameters parameters;
    for (std::size_t i = 0; i < ids.size(); ++i)
        parameters.add(fmt::format("InstanceId.{}", i + 1), ids[i]);
    // MaxResults cannot go with ids, and so the answer is one page.
    const auto text =
        client.call_text(ServiceId::ec2,
                         "DescribeInstances",
                         form_body(ServiceId::ec2, "DescribeInstances", std::move(parameters)),
                         deadline,
                         stop);
    if (!text) return fail(text.error());
    auto page = decode_instances(*text);
    if (page && !page->next_token.empty())
        page = fail(Errc::failed, "the answer has a second page, which EC2 does not do for ids");
    if (!page) return fail(not_answered("ec2:DescribeInstances", page.error()));
    return std::move(page->instances);
}

// True if it took anything away.
bool drop(std::vector<std::string>& ids, const std::vector<std::string>& unknown) {
    return std::erase_if(ids,
                         [&](const std::string& id) {
                             return std::find(unknown.begin(), unknown.end(), id) != unknown.end();
                         })
           > 0;
}

} // namespace

Outcome<std::vector<Ec2Instance>> Ec2::describe_instances(std::span<const std::string> instance_ids,
                                                          Deadline deadline,
                                                          const std::stop_token& stop) {
    std::vector<std::string> wanted;
    std::copy_if(instance_ids.begin(),
                 instance_ids.end(),
                 std::back_inserter(wanted),
                 [](const std::string& id) { return id.starts_with("i-"); });
    std::vector<Ec2Instance> all;
    for (auto& batch : batches(wanted, ids_max)) {
        // Each round takes at least one id away, so this ends.
        while (!batch.empty()) {
            auto found = describe_batch(client_, batch, deadline, stop);
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

} // namespace squall::aws
