#include "ecs/cluster_query_parser.h"

#include "squall/base/text.h"
#include "squall/base/time_text.h"

#include <algorithm>
#include <array>

namespace squall::lab::ecs {
namespace {

using Node = ClusterQuery::Node;
using NodeResult = Result<std::unique_ptr<Node>>;

struct KnownRelation {
    std::string_view word;
    Relation relation;
    bool is_negative;
};

// A sign comes before those that it begins with.
constexpr std::array known_relations{
    KnownRelation{"==", Relation::equals, false},
    KnownRelation{"equals", Relation::equals, false},
    KnownRelation{"!=", Relation::equals, true},
    KnownRelation{"not_equals", Relation::equals, true},
    KnownRelation{">=", Relation::greater_or_equal, false},
    KnownRelation{"greater_than_equal", Relation::greater_or_equal, false},
    KnownRelation{">", Relation::greater, false},
    KnownRelation{"greater_than", Relation::greater, false},
    KnownRelation{"<=", Relation::less_or_equal, false},
    KnownRelation{"less_than_equal", Relation::less_or_equal, false},
    KnownRelation{"<", Relation::less, false},
    KnownRelation{"less_than", Relation::less, false},
    KnownRelation{"!exists", Relation::exists, true},
    KnownRelation{"not_exists", Relation::exists, true},
    KnownRelation{"exists", Relation::exists, false},
    KnownRelation{"!in", Relation::in, true},
    KnownRelation{"not_in", Relation::in, true},
    KnownRelation{"in", Relation::in, false},
    KnownRelation{"!~", Relation::matches, true},
    KnownRelation{"not_matches", Relation::matches, true},
    KnownRelation{"=~", Relation::matches, false},
    KnownRelation{"matches", Relation::matches, false},
};

struct KnownSubject {
    std::string_view word;
    Subject subject;
    bool has_order; // compared by size; else by equality, lists and patterns
};

constexpr std::array known_subjects{
    KnownSubject{"agentConnected", Subject::agent_connected, false},
    KnownSubject{"agentVersion", Subject::agent_version, true},
    KnownSubject{"ec2InstanceId", Subject::ec2_instance_id, false},
    KnownSubject{"registeredAt", Subject::registered_at, true},
    KnownSubject{"runningTasksCount", Subject::running_tasks_count, true},
    KnownSubject{"task:group", Subject::task_group, false},
};

constexpr std::string_view attribute_prefix = "attribute:";

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }

bool orders(Relation relation) {
    return relation == Relation::less || relation == Relation::less_or_equal
           || relation == Relation::greater || relation == Relation::greater_or_equal;
}

// Which operators AWS documents for a subject; an attribute and a group take any that text takes.
bool is_allowed(const KnownSubject* subject, Relation relation) {
    if (subject == nullptr) return true;
    if (subject->has_order) return relation == Relation::equals || orders(relation);
    if (subject->subject == Subject::task_group) return !orders(relation);
    return relation == Relation::equals || relation == Relation::in
           || relation == Relation::matches;
}

// libstdc++ reads the numbers of repetitions and back references without looking for an overflow.
bool has_huge_number(std::string_view pattern) {
    constexpr int digits_max = 4;
    bool counts = false; // a number that begins here is one of these
    bool in_braces = false;
    int digits = 0;
    for (const char c : pattern) {
        const bool is_digit = c >= '0' && c <= '9';
        digits = is_digit && (counts || in_braces) ? digits + 1 : 0;
        if (digits > digits_max) return true;
        if (c == '{' || c == '}') in_braces = c == '{';
        counts = c == '\\' || (is_digit && counts);
    }
    return false;
}

Result<std::regex> compile(const std::string& pattern) {
    constexpr std::ptrdiff_t groups_max = 20;
    if (pattern.size() > ClusterQuery::pattern_max
        || std::count(pattern.begin(), pattern.end(), '(') > groups_max)
        return fail(Errc::invalid_input, "the pattern '{}' is too long", pattern);
    if (has_huge_number(pattern))
        return fail(Errc::invalid_input, "'{}' is no regular expression", pattern);
    try {
        // Without back references, libstdc++ can match in linear time, and needs no stack for it.
        return std::regex(pattern,
                          std::regex::ECMAScript | std::regex::nosubs
                              | std::regex_constants::__polynomial);
    } catch (const std::regex_error&) {
        return fail(Errc::invalid_input, "'{}' is no regular expression", pattern);
    }
}

class Parser {
public:
    explicit Parser(std::string_view text) : text_(text) {}

    NodeResult whole() {
        auto node = any(0);
        if (!node) return node;
        skip_space();
        if (at_ != text_.size()) return expected("'and', 'or' or the end");
        return node;
    }

private:
    [[nodiscard]] tl::unexpected<Error> expected(std::string_view what) const {
        return fail(Errc::invalid_input, "{} is expected at position {}", what, at_ + 1);
    }

    void skip_space() {
        while (at_ < text_.size() && is_space(text_[at_]))
            ++at_;
    }

    bool take(std::string_view sign) {
        skip_space();
        if (!text_.substr(at_).starts_with(sign)) return false;
        // A word ends where no letter follows.
        const bool is_word = is_letter(sign.back());
        const std::size_t end = at_ + sign.size();
        if (is_word && end < text_.size() && is_letter(text_[end])) return false;
        at_ = end;
        return true;
    }

    NodeResult
    joined(std::size_t depth, Node::Kind kind, std::string_view sign, std::string_view word) {
        const auto one = [&] {
            return kind == Node::Kind::any ? all(depth) : term(depth);
        };
        auto first = one();
        if (!first) return first;
        auto node = std::make_unique<Node>();
        node->kind = kind;
        node->children.push_back(std::move(*first));
        while (take(sign) || take(word)) {
            auto next = one();
            if (!next) return next;
            node->children.push_back(std::move(*next));
        }
        return node;
    }

    NodeResult any(std::size_t depth) { return joined(depth, Node::Kind::any, "||", "or"); }

    NodeResult all(std::size_t depth) { return joined(depth, Node::Kind::all, "&&", "and"); }

    NodeResult term(std::size_t depth) {
        if (depth > ClusterQuery::depth_max)
            return fail(Errc::invalid_input, "the query is nested too deeply");
        if (take("!") || take("not")) {
            auto inner = term(depth + 1);
            if (!inner) return inner;
            return negated(std::move(*inner));
        }
        if (!take("(")) return test();
        auto inner = any(depth + 1);
        if (inner && !take(")")) return expected("')'");
        return inner;
    }

    static std::unique_ptr<Node> negated(std::unique_ptr<Node> inner) {
        auto node = std::make_unique<Node>();
        node->kind = Node::Kind::negation;
        node->children.push_back(std::move(inner));
        return node;
    }

    NodeResult test() {
        skip_space();
        const std::size_t begin = at_;
        const std::string subject = plain_word("=!<>~()[],'\"");
        auto node = std::make_unique<Node>();
        const auto* known = std::find_if(known_subjects.begin(),
                                         known_subjects.end(),
                                         [&](const auto& one) { return one.word == subject; });
        if (known == known_subjects.end()) {
            known = nullptr;
            if (!subject.starts_with(attribute_prefix) || subject == attribute_prefix) {
                at_ = begin;
                return expected("attribute:NAME, task:group, agentConnected, agentVersion, "
                                "ec2InstanceId, registeredAt or runningTasksCount");
            }
            node->attribute = subject.substr(attribute_prefix.size());
        } else {
            node->subject = known->subject;
        }
        const auto* relation = std::find_if(known_relations.begin(),
                                            known_relations.end(),
                                            [&](const auto& one) { return take(one.word); });
        if (relation == known_relations.end()) return expected("an operator");
        if (!is_allowed(known, relation->relation))
            return fail(Errc::invalid_input,
                        "{} does not go with the operator {}",
                        subject,
                        relation->word);
        node->relation = relation->relation;
        if (auto read = arguments(*node); !read) return fail(read.error());
        if (relation->is_negative) return negated(std::move(node));
        return node;
    }

    Result<void> arguments(Node& node) {
        if (node.relation == Relation::exists) return {};
        if (node.relation == Relation::in) return list(node.arguments);
        // Only a pattern holds brackets without quotes.
        auto argument = value(node.relation == Relation::matches ? "()" : "()[],");
        if (!argument) return fail(argument.error());
        if (node.relation == Relation::matches) {
            auto pattern = compile(*argument);
            if (!pattern) return fail(pattern.error());
            node.pattern = std::move(*pattern);
        }
        if (node.subject == Subject::registered_at && !parse_query_time(*argument))
            return fail(Errc::invalid_input, "'{}' is no date such as 2018-06-18", *argument);
        if (node.subject == Subject::running_tasks_count && !to_integer(*argument))
            return fail(Errc::invalid_input, "'{}' is no number", *argument);
        node.arguments.push_back(std::move(*argument));
        return {};
    }

    Result<void> list(std::vector<std::string>& values) {
        if (!take("[")) return expected("'['");
        do {
            auto one = value("()[],");
            if (!one) return fail(one.error());
            values.push_back(std::move(*one));
        } while (take(","));
        if (!take("]")) return expected("',' or ']'");
        return {};
    }

    // Up to a blank or one of these signs; or in quotes of either kind.
    Result<std::string> value(std::string_view ends) {
        skip_space();
        if (at_ < text_.size() && (text_[at_] == '\'' || text_[at_] == '"')) {
            const std::size_t close = text_.find(text_[at_], at_ + 1);
            if (close == std::string_view::npos) return expected("the closing quote of a value");
            const auto quoted = text_.substr(at_ + 1, close - at_ - 1);
            at_ = close + 1;
            return std::string(quoted);
        }
        std::string word = plain_word(ends);
        if (word.empty()) return expected("a value");
        return word;
    }

    std::string plain_word(std::string_view ends) {
        const std::size_t begin = at_;
        while (at_ < text_.size() && !is_space(text_[at_])
               && ends.find(text_[at_]) == std::string_view::npos)
            ++at_;
        return std::string(text_.substr(begin, at_ - begin));
    }

    std::string_view text_;
    std::size_t at_ = 0;
};

} // namespace

NodeResult parse_cluster_query(std::string_view text) {
    if (text.size() > ClusterQuery::text_max)
        return fail(Errc::invalid_input, "it is longer than {} characters", ClusterQuery::text_max);
    return Parser(text).whole();
}

Result<WallTime> parse_query_time(std::string_view text) {
    constexpr std::size_t date_size = 10;      // 2018-06-18
    constexpr std::size_t date_time_size = 19; // 2018-06-18T22:28:28
    // What does not fit into a WallTime is no date of a container instance.
    const auto year = to_integer(text.substr(0, 4)).value_or(0);
    if (year < 1970 || year > 2200)
        return fail(Errc::invalid_input, "'{}' is not of this time", text);
    std::string complete(text);
    if (text.size() == date_size) complete += "T00:00:00Z";
    if (text.size() == date_time_size) complete += "Z";
    return parse_time(complete);
}

bool matches_pattern(const std::regex& pattern, const std::string& value) {
    constexpr std::size_t value_max = 1024;
    return value.size() <= value_max && std::regex_match(value, pattern);
}

} // namespace squall::lab::ecs
