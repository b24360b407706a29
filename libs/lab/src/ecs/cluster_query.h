// The cluster query language: which container instances a filter or a memberOf constraint means.
//     attribute:ecs.instance-type =~ t3.* and not (task:group == service:web or runningTasksCount >
//     3)
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/cluster-query-language.html
// Patterns are ECMAScript's, which agree with Java's for what people write here. Pure.
#pragma once

#include "ecs/model.h"
#include "squall/base/result.h"

#include <memory>
#include <string_view>

namespace squall::lab::ecs {

// What a query is asked about.
struct QueriedInstance {
    const ContainerInstance& instance;
    std::vector<const Task*> tasks; // those on it that have not stopped
};

class ClusterQuery {
public:
    static constexpr std::size_t text_max = 16'384;
    static constexpr std::size_t depth_max = 32;    // of parentheses and nots
    static constexpr std::size_t pattern_max = 200; // characters of a regular expression

    // The error says what was expected and where.
    [[nodiscard]] static Result<ClusterQuery> parse(std::string_view text);

    [[nodiscard]] bool matches(const QueriedInstance& asked) const;

    struct Node; // the source file's own

private:
    explicit ClusterQuery(std::unique_ptr<const Node> root);

    // Shared by copies: a query never changes.
    std::shared_ptr<const Node> root_;
};

} // namespace squall::lab::ecs
