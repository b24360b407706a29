#include "fleet/fleet.h"

#include "squall/base/text.h"

namespace squall::lab::fleet {
namespace {

constexpr int hundred = 100;

} // namespace

Fleet::Fleet(Cloud& cloud, Rules rules)
    : cloud_(cloud), rules_(std::move(rules)), dice_(rules_.seed) {
    cloud_.home().ssm.on_message([this](const std::string& instance_id) {
        if (members_.contains(instance_id)) woken_.insert(instance_id);
    });
}

void Fleet::add(const ec2::Instance& instance, Platform platform, WallTime now) {
    Member& member = members_[instance.id];
    member.instance = instance;
    member.platform = platform;
    const int share = std::uniform_int_distribution<int>(0, hundred - 1)(dice_);
    // The shares are of the crowd; instances of other platforms are there one by one.
    if (platform == Platform::amazon_linux) {
        member.is_failing = share < rules_.failing_percent;
        member.is_silent =
            !member.is_failing && share < rules_.failing_percent + rules_.silent_percent;
    }
    cloud_.home().ec2.launch(instance, now);
    report_in(member, now);
    register_member(member, now);
    connect(member, now);
    // Not all at the same moment, ever after.
    const auto phase =
        std::uniform_int_distribution<std::int64_t>(0, Millis(contact_interval).count())(dice_);
    due_.emplace(now + Millis(phase),
                 [this, &member](WallTime then) { keep_contact(member, then); });
}

void Fleet::tick(WallTime now) {
    // What it sets off is for the next turn, however soon it is due.
    std::vector<Task> tasks;
    while (!due_.empty() && due_.begin()->first <= now) {
        tasks.push_back(std::move(due_.begin()->second));
        due_.erase(due_.begin());
    }
    for (const auto& task : tasks)
        task(now);
    for (const auto& id : std::exchange(woken_, {})) {
        later(now,
              [this, &member = members_.at(id)](WallTime then) { take_messages(member, then); });
    }
    for (auto& [member, text] : std::exchange(received_, {})) {
        if (!text.empty()) {
            handle(*member, text, now);
        } else if (member->session) {
            disconnect(*member, now);
            later(now, [this, &again = *member](WallTime then) { connect(again, then); });
        }
    }
}

void Fleet::later(WallTime now, Task task) {
    const auto delay = std::uniform_int_distribution<std::int64_t>(
        rules_.latency_least.count(), rules_.latency_most.count())(dice_);
    due_.emplace(now + Millis(delay), std::move(task));
}

ApiCall Fleet::call_of(const Member& member,
                       const std::string& service,
                       const std::string& operation,
                       json::Object body,
                       WallTime now) const {
    return {service,
            operation,
            cloud_.region(),
            wire::Protocol::json_1_1,
            std::move(body),
            {},
            {fmt::format("arn:aws:sts::{}:assumed-role/{}/{}",
                         cloud_.keys().account(),
                         member.instance.role,
                         member.instance.id),
             "AROAVIRTUAL:" + member.instance.id},
            {},
            random_uuid(),
            now};
}

} // namespace squall::lab::fleet
