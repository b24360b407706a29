// Any text as a cluster query: what can be read must answer, and its negation the opposite.
#include "ecs/cluster_query.h"

#include <cstdint>
#include <string>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using squall::lab::ecs::ClusterQuery;
    const std::string text(reinterpret_cast<const char*>(data), size);
    const auto query = ClusterQuery::parse(text);
    if (!query) return 0;
    squall::lab::ecs::ContainerInstance instance;
    instance.ec2_instance_id = "i-0123456789abcdef0";
    instance.agent_version = "1.83.0";
    instance.attributes = {{"ecs.instance-type", "t3.medium"}, {"x", ""}};
    squall::lab::ecs::Task task;
    task.group = "service:web";
    const auto negation = ClusterQuery::parse("not (" + text + ")");
    if (!negation) return 0; // nested too deeply, or too long by these characters
    SQUALL_ASSERT(query->matches({instance, {&task}}) != negation->matches({instance, {&task}}));
    return 0;
}
