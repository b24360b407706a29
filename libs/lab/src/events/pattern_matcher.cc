#include "events/pattern.h"
#include "squall/base/text.h"
#include "squall/base/wildcards.h"

#include <algorithm>

namespace squall::lab::eventbridge {
namespace {

bool equals(const json::Value& wanted, const json::Value& value) {
    if (!wanted.is_number() || !value.is_number()) return wanted == value;
    // As integers where both are: doubles would take large neighbours for one.
    if (!wanted.is_double() && !value.is_double()) return wanted == value;
    return wanted.to_number<double>() == value.to_number<double>();
}

bool matches_text(const Matcher& matcher, std::string_view text) {
    const std::string wanted = matcher.ignores_case ? lower(matcher.text) : matcher.text;
    const std::string given = matcher.ignores_case ? lower(text) : std::string(text);
    switch (matcher.kind) {
    case Matcher::Kind::prefix:
        return given.starts_with(wanted);
    case Matcher::Kind::suffix:
        return given.ends_with(wanted);
    case Matcher::Kind::equals:
        return given == wanted;
    case Matcher::Kind::wildcard:
        return matches_pattern(wanted, given, Wildcards::stars_and_escapes);
    default:
        return false;
    }
}

// One leaf of an event against one matcher.
bool matches_leaf(const Matcher& matcher, const json::Value& leaf) {
    switch (matcher.kind) {
    case Matcher::Kind::exact:
        return equals(matcher.value, leaf);
    case Matcher::Kind::numeric:
        return leaf.is_number() && matcher.range.contains(leaf.to_number<double>());
    case Matcher::Kind::cidr:
        return leaf.is_string() && matcher.cidr.contains(std::string(json::string_of(leaf)));
    case Matcher::Kind::exists:
        return matcher.exists;
    case Matcher::Kind::anything_but:
        return std::none_of(matcher.none_of.begin(),
                            matcher.none_of.end(),
                            [&](const Matcher& one) { return matches_leaf(one, leaf); });
    default:
        return leaf.is_string() && matches_text(matcher, json::string_of(leaf));
    }
}

// The values of an array, and of arrays in it: one after the other, they are what it stands for.
template <class Each>
void for_each_in(const json::Value& value, const Each& each) {
    if (!value.is_array()) return each(value);
    for (const auto& element : value.as_array())
        for_each_in(element, each);
}

// Whether there is a leaf at this path, through whatever arrays are on the way.
bool has_leaf(const json::Object& object,
              const std::vector<std::string_view>& path,
              std::size_t at = 0) {
    const auto* value = object.if_contains(path[at]);
    if (value == nullptr) return false;
    bool found = false;
    for_each_in(*value, [&](const json::Value& one) {
        if (found) return;
        const auto* below = one.if_object();
        if (at + 1 == path.size())
            found = below == nullptr;
        else if (below != nullptr)
            found = has_leaf(*below, path, at + 1);
    });
    return found;
}

class Matching {
public:
    explicit Matching(const json::Object& event) : event_(event) {}

    // `object` is null where the event has none there.
    bool all(const Pattern& pattern, const json::Object* object) {
        return std::all_of(pattern.fields.begin(),
                           pattern.fields.end(),
                           [&](const auto& field) { return one(field, object); })
               && std::all_of(pattern.alternatives.begin(),
                              pattern.alternatives.end(),
                              [&](const auto& alternatives) {
                                  return std::any_of(alternatives.begin(),
                                                     alternatives.end(),
                                                     [&](const auto& p) { return all(p, object); });
                              });
    }

private:
    bool one(const Pattern::Field& field, const json::Object* object) {
        const json::Value* value = object == nullptr ? nullptr : object->if_contains(field.name);
        path_.push_back(field.name);
        const bool is_match =
            field.matchers.empty() ? below(field.below, value) : leaf(field.matchers, value);
        path_.pop_back();
        return is_match;
    }

    // Of several objects in an array one has to match as a whole.
    bool below(const Pattern& pattern, const json::Value* value) {
        bool is_match = false;
        bool has_object = false;
        if (value != nullptr) {
            for_each_in(*value, [&](const json::Value& element) {
                const auto* object = element.if_object();
                has_object = has_object || object != nullptr;
                if (!is_match && object != nullptr) is_match = all(pattern, object);
            });
        }
        return has_object ? is_match : all(pattern, nullptr);
    }

    bool leaf(const std::vector<Matcher>& matchers, const json::Value* value) const {
        return std::any_of(matchers.begin(), matchers.end(), [&](const Matcher& matcher) {
            // Of an event as a whole, not of one of the objects in an array.
            if (matcher.kind == Matcher::Kind::exists && !matcher.exists)
                return !has_leaf(event_, path_);
            bool is_match = false;
            if (value != nullptr) {
                for_each_in(*value, [&](const json::Value& element) {
                    if (!element.is_object()) is_match = is_match || matches_leaf(matcher, element);
                });
            }
            return is_match;
        });
    }

    const json::Object& event_;
    std::vector<std::string_view> path_;
};

} // namespace

bool NumericRange::contains(double number) const {
    return (has_low ? number >= low : number > low) && (has_high ? number <= high : number < high);
}

bool matches(const Pattern& pattern, const json::Object& event) {
    return Matching(event).all(pattern, &event);
}

} // namespace squall::lab::eventbridge
