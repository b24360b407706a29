// From the text of a cluster query to its tree. Only for cluster_query.cc.
#pragma once

#include "ecs/cluster_query.h"

#include <regex>

namespace squall::lab::ecs {

enum class Subject {
    agent_connected,
    agent_version,
    attribute,
    ec2_instance_id,
    registered_at,
    running_tasks_count,
    task_group,
};

// The negative ones (!=, !in, !~, !exists) are negations of these.
enum class Relation {
    exists,
    equals,
    less,
    less_or_equal,
    greater,
    greater_or_equal,
    in,
    matches,
};

struct ClusterQuery::Node {
    enum class Kind { all, any, negation, test };

    Kind kind = Kind::test;
    std::vector<std::unique_ptr<Node>> children;
    // Of a test:
    Subject subject = Subject::attribute;
    std::string attribute; // its name
    Relation relation = Relation::exists;
    std::vector<std::string> arguments; // one, except for `in`
    std::optional<std::regex> pattern;  // of `matches`
};

[[nodiscard]] Result<std::unique_ptr<ClusterQuery::Node>>
parse_cluster_query(std::string_view text);

// 2018-06-18T22:28:28+00:00, 2018-06-18T22:28:28Z, 2018-06-18T22:28:28 (UTC) or 2018-06-18.
[[nodiscard]] Result<WallTime> parse_query_time(std::string_view text);

// The whole of `value`; in time that grows with its length, whatever the pattern.
[[nodiscard]] bool matches_pattern(const std::regex& pattern, const std::string& value);

} // namespace squall::lab::ecs
