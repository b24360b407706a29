#include "catalogue/catalogue_reader.h"

#include "patterns/pattern.h"
#include "squall/base/text.h"

#include <algorithm>
#include <array>

namespace squall::doctor {
namespace {

constexpr std::array<std::pair<std::string_view, LogKind>, 7> kinds{
    {{"agent", LogKind::agent},
     {"init", LogKind::init},
     {"docker", LogKind::docker},
     {"system", LogKind::system},
     {"kernel", LogKind::kernel},
     {"cloud-init", LogKind::cloud_init},
     {"unknown", LogKind::unknown}}};

constexpr std::array<std::pair<std::string_view, Mark>, 18> mark_names{
    {{"normal", Mark::normal},
     {"connected", Mark::connected},
     {"starting", Mark::starting},
     {"loading", Mark::loading},
     {"stopping", Mark::stopping},
     {"closed", Mark::closed},
     {"ipv6-only", Mark::ipv6_only},
     {"telemetry", Mark::telemetry},
     {"telemetry-up", Mark::telemetry_up},
     {"unclear-socket", Mark::unclear_socket},
     {"registering", Mark::registering},
     {"registered", Mark::registered},
     {"proxy", Mark::proxy},
     {"no-proxy", Mark::no_proxy},
     {"unexplained", Mark::unexplained},
     {"docker-up", Mark::docker_up},
     {"terminated", Mark::terminated},
     {"of-task", Mark::of_task}}};

constexpr std::array<std::pair<std::string_view, Severity>, 3> severities{
    {{"terminal", Severity::terminal}, {"retries", Severity::retries}, {"heals", Severity::heals}}};

constexpr std::array<std::pair<std::string_view, Certainty>, 3> certainties{
    {{"certain", Certainty::certain},
     {"likely", Certainty::likely},
     {"possible", Certainty::possible}}};

// Where nothing else is said: other programs' logs have errors that are none of the agent's.
const std::vector<LogKind> usual_kinds{LogKind::agent, LogKind::init, LogKind::unknown};

template <typename Value, std::size_t count>
std::optional<Value> named(const std::array<std::pair<std::string_view, Value>, count>& all,
                           std::string_view name) {
    for (const auto& [each, value] : all) {
        if (each == name) return value;
    }
    return std::nullopt;
}

bool is_id(std::string_view text) {
    return !text.empty() && text.size() <= 64
           && text.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")
                  == std::string_view::npos;
}

} // namespace

tl::unexpected<Error> CatalogueReader::mistake(const Node& node, std::string_view what) const {
    return fail(Errc::invalid_input, "{}:{}: {}", file_name_, node.line, what);
}

Result<void> CatalogueReader::read(std::string_view yaml) {
    auto root = yaml::parse(yaml);
    if (!root)
        return fail(
            Errc::invalid_input, "{}:{}: {}", file_name_, root.error().line, root.error().what);
    if (root->kind != Node::Kind::mapping)
        return mistake(*root, "a mapping with `causes` is wanted");
    for (std::size_t i = 0; i < root->member_count(); ++i) {
        const std::string& name = root->key(i).text;
        const Node& value = root->value(i);
        Result<void> done;
        if (name == "groups") {
            done = read_groups(value);
        } else if (name == "usual") {
            auto lines = words(value);
            if (!lines) return fail(lines.error());
            catalogue_.usual_lines_.insert(
                catalogue_.usual_lines_.end(), lines->begin(), lines->end());
        } else if (name == "marks") {
            done = read_marks(value);
        } else if (name == "causes") {
            if (value.kind != Node::Kind::sequence) return mistake(value, "`causes` is a list");
            for (const Node& cause : value.children) {
                if (done = read_cause(cause); !done) break;
            }
        } else {
            return mistake(root->key(i),
                           fmt::format("'{}' is none of groups, usual, marks, causes", name));
        }
        if (!done) return done;
    }
    return {};
}

Result<void> CatalogueReader::read_groups(const Node& node) {
    if (node.kind != Node::Kind::mapping) return mistake(node, "`groups` is a mapping");
    for (std::size_t i = 0; i < node.member_count(); ++i) {
        std::vector<std::size_t> patterns;
        if (node.value(i).kind != Node::Kind::sequence)
            return mistake(node.value(i), "a group is a list of patterns");
        for (const Node& item : node.value(i).children) {
            auto found = alternatives(item);
            if (!found) return fail(found.error());
            patterns.insert(patterns.end(), found->begin(), found->end());
        }
        groups_[node.key(i).text] = std::move(patterns);
    }
    return {};
}

Result<void> CatalogueReader::read_marks(const Node& node) {
    if (node.kind != Node::Kind::mapping) return mistake(node, "`marks` is a mapping");
    for (std::size_t i = 0; i < node.member_count(); ++i) {
        const auto mark = named(mark_names, node.key(i).text);
        if (!mark)
            return mistake(node.key(i), fmt::format("there is no mark '{}'", node.key(i).text));
        if (node.value(i).kind != Node::Kind::sequence)
            return mistake(node.value(i), "a mark has a list of signs");
        for (const Node& item : node.value(i).children) {
            auto sign = read_sign(item);
            if (!sign) return fail(sign.error());
            catalogue_.marks_.push_back({*mark, std::move(*sign)});
        }
    }
    return {};
}

Result<void> CatalogueReader::read_cause(const Node& node) {
    const Node* id = node.kind == Node::Kind::mapping ? node.member("id") : nullptr;
    if (id == nullptr || !is_id(id->text))
        return mistake(node, "a cause has an `id` of A-Z, 0-9 and _");
    auto index = catalogue_.index_of(id->text);
    if (!index) {
        index = catalogue_.causes_.size();
        Cause fresh;
        fresh.id = id->text;
        catalogue_.causes_.push_back(std::move(fresh));
    }
    for (std::size_t i = 0; i < node.member_count(); ++i) {
        const std::string& name = node.key(i).text;
        const Node& value = node.value(i);
        if (name == "id") continue;
        if (name != "signs") {
            if (auto done = read_member(catalogue_.causes_[*index], name, value); !done)
                return done;
            continue;
        }
        if (value.kind != Node::Kind::sequence) return mistake(value, "`signs` is a list");
        for (const Node& item : value.children) {
            auto sign = read_sign(item);
            if (!sign) return fail(sign.error());
            sign->cause = *index;
            catalogue_.signs_.push_back(std::move(*sign));
        }
    }
    if (catalogue_.causes_[*index].means.empty())
        return mistake(node, fmt::format("{} does not say what it `means`", id->text));
    return {};
}

Result<void> CatalogueReader::read_member(Cause& cause, std::string_view name, const Node& value) {
    if (name == "rank" || name == "stage") {
        const auto number = to_integer(value.text);
        const int most = name == "rank" ? 10'000 : 9;
        if (!number || *number < 0 || *number > most)
            return mistake(value, fmt::format("`{}` is a number from 0 to {}", name, most));
        if (name == "rank")
            cause.rank = static_cast<int>(*number);
        else
            cause.stage = static_cast<int>(*number);
        return {};
    }
    if (name == "severity") {
        const auto severity = named(severities, value.text);
        if (!severity) return mistake(value, "`severity` is terminal, retries or heals");
        cause.severity = *severity;
        return {};
    }
    if (name == "symptom") {
        if (value.text != "always" && value.text != "beside-others")
            return mistake(value, "`symptom` is always or beside-others");
        cause.symptom =
            value.text == "always" ? Cause::Symptom::always : Cause::Symptom::beside_others;
        return {};
    }
    if (name == "tasks") {
        if (value.text != "too") return mistake(value, "`tasks` is too, or not there");
        cause.is_shown_by_tasks = true;
        return {};
    }
    if (name == "remedy") {
        auto lines = words(value);
        if (!lines) return fail(lines.error());
        cause.remedy = std::move(*lines);
        return {};
    }
    if (name == "means" || name == "source") {
        if (value.kind != Node::Kind::scalar) return mistake(value, "words are wanted");
        (name == "means" ? cause.means : cause.source) = value.text;
        return {};
    }
    return mistake(value, fmt::format("a cause has no '{}'", name));
}

Result<SignRule> CatalogueReader::read_sign(const Node& node) {
    SignRule rule;
    if (node.kind == Node::Kind::scalar) {
        auto found = alternatives(node);
        if (!found) return fail(found.error());
        rule.all.push_back(std::move(*found));
        rule.in = usual_kinds;
        return with_text(node, std::move(rule));
    }
    if (node.kind != Node::Kind::mapping)
        return mistake(node, "a sign is a pattern, or a mapping with `all` or `any`");
    for (std::size_t i = 0; i < node.member_count(); ++i) {
        if (auto done = read_sign_member(rule, node.key(i).text, node.value(i)); !done)
            return fail(done.error());
    }
    if (rule.all.empty()) return mistake(node, "a sign needs `all` or `any`");
    if (rule.in.empty()) rule.in = usual_kinds;
    return with_text(node, std::move(rule));
}

// Logs are searched for texts: a sign that can fit without any would never be looked at.
Result<SignRule> CatalogueReader::with_text(const Node& node, SignRule rule) const {
    const auto needs_text = [&](std::size_t pattern) {
        return !catalogue_.needed_texts_[pattern].empty();
    };
    if (std::none_of(rule.all.begin(), rule.all.end(), [&](const auto& set) {
            return std::all_of(set.begin(), set.end(), needs_text);
        }))
        return mistake(node,
                       "this can fit without any text of two characters or more: add, in an `all`, "
                       "some that is always there");
    return rule;
}

Result<void>
CatalogueReader::read_sign_member(SignRule& rule, std::string_view name, const Node& value) {
    if (name == "certainty") {
        const auto certainty = named(certainties, value.text);
        if (!certainty) return mistake(value, "`certainty` is certain, likely or possible");
        rule.certainty = *certainty;
        return {};
    }
    if (value.kind != Node::Kind::sequence)
        return mistake(value, fmt::format("`{}` is a list", name));
    std::vector<std::size_t> any;
    for (const Node& item : value.children) {
        if (name == "in") {
            if (item.text == "any") {
                for (const auto& [each, kind] : kinds)
                    rule.in.push_back(kind);
                continue;
            }
            const auto kind = named(kinds, item.text);
            if (!kind) return mistake(item, fmt::format("there is no kind of log '{}'", item.text));
            rule.in.push_back(*kind);
            continue;
        }
        if (name == "level") {
            rule.levels.push_back(item.text);
            continue;
        }
        auto found = alternatives(item);
        if (!found) return fail(found.error());
        if (name == "all")
            rule.all.push_back(std::move(*found));
        else if (name == "any")
            any.insert(any.end(), found->begin(), found->end());
        else if (name == "none")
            rule.none.insert(rule.none.end(), found->begin(), found->end());
        else
            return mistake(value, fmt::format("a sign has no '{}'", name));
    }
    if (!any.empty()) rule.all.push_back(std::move(any));
    return {};
}

Result<CatalogueReader::Words> CatalogueReader::words(const Node& node) const {
    if (node.kind == Node::Kind::scalar) return Words{node.text};
    Words lines;
    if (node.kind != Node::Kind::sequence) return mistake(node, "a list of lines is wanted");
    for (const Node& item : node.children) {
        if (item.kind != Node::Kind::scalar) return mistake(item, "a line of text is wanted");
        lines.push_back(item.text);
    }
    return lines;
}

Result<std::vector<std::size_t>> CatalogueReader::alternatives(const Node& item) {
    if (item.kind != Node::Kind::scalar) return mistake(item, "a pattern is wanted");
    if (item.text.starts_with('$')) {
        const auto group = groups_.find(std::string_view(item.text).substr(1));
        if (group == groups_.end())
            return mistake(item, fmt::format("there is no group '{}' before this", item.text));
        return group->second;
    }
    auto number = pattern(item);
    if (!number) return fail(number.error());
    return std::vector<std::size_t>{*number};
}

Result<std::size_t> CatalogueReader::pattern(const Node& item) {
    auto& patterns = catalogue_.patterns_;
    const auto known = std::find(patterns.begin(), patterns.end(), item.text);
    if (known != patterns.end()) return static_cast<std::size_t>(known - patterns.begin());
    // Said here, where the line is known.
    const Pattern meant = pattern_of(item.text);
    if (const auto sound = check(meant); !sound) return mistake(item, sound.error().message);
    patterns.push_back(item.text);
    catalogue_.needed_texts_.push_back(needed_texts(meant));
    return patterns.size() - 1;
}

} // namespace squall::doctor
