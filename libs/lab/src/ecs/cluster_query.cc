#include "ecs/cluster_query.h"

#include "ecs/cluster_query_parser.h"
#include "squall/base/text.h"
#include "squall/base/time_text.h"

#include <algorithm>

namespace squall::lab::ecs {
namespace {

using Node = ClusterQuery::Node;

// What the subject says of an instance: nothing, one value, or (task:group) several.
std::vector<std::string> values_of(const Node& test, const QueriedInstance& asked) {
    const ContainerInstance& instance = asked.instance;
    std::vector<std::string> values;
    switch (test.subject) {
    case Subject::agent_connected:
        return {instance.agent_connected ? "true" : "false"};
    case Subject::agent_version:
        return {instance.agent_version};
    case Subject::ec2_instance_id:
        return {instance.ec2_instance_id};
    case Subject::registered_at:
        return {rfc3339_seconds(instance.registered_at)};
    case Subject::running_tasks_count:
        return {std::to_string(
            std::count_if(asked.tasks.begin(), asked.tasks.end(), [](const Task* task) {
                return task->last_status == "RUNNING";
            }))};
    case Subject::task_group:
        for (const Task* task : asked.tasks)
            values.push_back(task->group);
        return values;
    case Subject::attribute:
        for (const auto& attribute : instance.attributes) {
            if (attribute.name == test.attribute) values.push_back(attribute.value);
        }
        return values;
    }
    return values;
}

template <class T>
int order_of(const T& a, const T& b) {
    return a < b ? -1 : (b < a ? 1 : 0);
}

std::vector<std::int64_t> version_of(std::string_view text) {
    std::vector<std::int64_t> parts;
    for (const auto& part : split(text, '.'))
        parts.push_back(to_integer(part).value_or(0));
    return parts;
}

// Numbers as numbers, versions part by part, times as times, the rest as text.
int compare(Subject subject, const std::string& value, const std::string& argument) {
    if (subject == Subject::agent_version) return order_of(version_of(value), version_of(argument));
    if (subject == Subject::registered_at) {
        const auto argument_time = parse_query_time(argument);
        const auto value_time = parse_query_time(value);
        SQUALL_ASSERT(argument_time.has_value() && value_time.has_value());
        return order_of(*value_time, *argument_time);
    }
    const auto a = to_integer(value);
    const auto b = to_integer(argument);
    return a && b ? order_of(*a, *b) : order_of(value, argument);
}

bool passes(const Node& test, const std::string& value) {
    const auto order = [&] {
        return compare(test.subject, value, test.arguments.front());
    };
    switch (test.relation) {
    case Relation::exists:
        return true;
    case Relation::equals:
        return test.subject == Subject::registered_at || test.subject == Subject::agent_version
                   ? order() == 0
                   : value == test.arguments.front();
    case Relation::less:
        return order() < 0;
    case Relation::less_or_equal:
        return order() <= 0;
    case Relation::greater:
        return order() > 0;
    case Relation::greater_or_equal:
        return order() >= 0;
    case Relation::in:
        return std::find(test.arguments.begin(), test.arguments.end(), value)
               != test.arguments.end();
    case Relation::matches:
        return matches_pattern(*test.pattern, value);
    }
    return false;
}

bool holds(const Node& node, const QueriedInstance& asked) {
    const auto child_holds = [&](const std::unique_ptr<Node>& child) {
        return holds(*child, asked);
    };
    switch (node.kind) {
    case Node::Kind::all:
        return std::all_of(node.children.begin(), node.children.end(), child_holds);
    case Node::Kind::any:
        return std::any_of(node.children.begin(), node.children.end(), child_holds);
    case Node::Kind::negation:
        return !child_holds(node.children.front());
    case Node::Kind::test:
        break;
    }
    const auto values = values_of(node, asked);
    return std::any_of(values.begin(), values.end(), [&](const std::string& value) {
        return passes(node, value);
    });
}

} // namespace

ClusterQuery::ClusterQuery(std::unique_ptr<const Node> root) : root_(std::move(root)) {}

Result<ClusterQuery> ClusterQuery::parse(std::string_view text) {
    auto root = parse_cluster_query(text);
    if (!root) return fail(root.error());
    return ClusterQuery(std::move(*root));
}

bool ClusterQuery::matches(const QueriedInstance& asked) const { return holds(*root_, asked); }

} // namespace squall::lab::ecs
