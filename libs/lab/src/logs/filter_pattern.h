// Filter patterns of CloudWatch Logs: which log events are meant.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
// Words, "quoted phrases", -exclusions, ?any of these; { $.json = "selectors" }; [space, delimited,
// columns = 5*]. Regular expressions (%...%) are refused.
#pragma once

#include "logs/filter_expression.h"

namespace squall::lab::logs {

class FilterPattern {
public:
    static constexpr std::size_t text_max = 1024; // AWS's

    // invalid_input says what is wrong with it.
    [[nodiscard]] static Result<FilterPattern> parse(std::string_view text);
    [[nodiscard]] bool matches(std::string_view message) const;

private:
    enum class Kind { words, json, columns };

    struct Column {
        std::string name; // "..." is any number of columns
        std::optional<Condition> condition;
    };

    static Result<FilterPattern> parse_words(std::string_view text);
    static Result<FilterPattern> parse_columns(std::string_view text);
    [[nodiscard]] bool matches_columns(std::string_view message) const;

    Kind kind_ = Kind::words;
    std::vector<std::string> all_;
    std::vector<std::string> any_;
    std::vector<std::string> none_;
    Condition condition_;
    std::vector<Column> columns_;
};

} // namespace squall::lab::logs
