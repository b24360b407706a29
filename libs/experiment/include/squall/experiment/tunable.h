// The settings of a fault: what there is, what a value may be, and the values of one run with where
// each came from.
#pragma once

#include "squall/base/clock.h"
#include "squall/base/json.h"
#include "squall/base/result.h"
#include "squall/experiment/problem.h"

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace squall::experiment {

struct TunableSpec {
    enum class Type { integer, text, choice };

    std::string name; // upper case, as the fault's documentation has it
    Type type = Type::text;
    bool required = false;
    std::string default_value;
    std::string meaning;    // one sentence
    std::string unit;       // "s" for seconds; empty where there is none
    std::int64_t least = 0; // integer
    std::int64_t most = 0;
    std::vector<std::string> choices; // choice
    std::string pattern;              // text: a regular expression for the whole value
    std::string pattern_meaning;      // the pattern in words: "a cluster's name or ARN"
    std::size_t list_max = 0; // text: at most so many parts between commas, each of the pattern
    // false: variables of this name are common for other things, and none is taken for it.
    bool in_environment = true;
    bool takes_control_characters = false; // text: line breaks too
};

// A value as the user gave it.
struct RawValue {
    std::string text;
    std::string where;
};

// By name; from one source or merged from several.
using RawValues = std::map<std::string, RawValue>;

struct TunableValue {
    std::string text;
    std::int64_t number = 0; // of an integer
    std::string source;      // "--set 1", "faults.yaml:7", "the environment", "default"
};

class TunableValues {
public:
    [[nodiscard]] const std::string& text(const std::string& name) const {
        return values_.at(name).text;
    }

    // Not every fault has every setting.
    [[nodiscard]] bool has(const std::string& name) const { return values_.contains(name); }

    [[nodiscard]] std::int64_t number(const std::string& name) const {
        return values_.at(name).number;
    }

    [[nodiscard]] Seconds seconds(const std::string& name) const { return Seconds(number(name)); }

    // The parts of a list; none of an empty one.
    [[nodiscard]] std::vector<std::string> list(const std::string& name) const;

    [[nodiscard]] const std::map<std::string, TunableValue>& all() const { return values_; }

    void put(const std::string& name, TunableValue value) { values_[name] = std::move(value); }

    void erase(const std::string& name) { values_.erase(name); }

    // {"NAME": value, …}, numbers as numbers.
    [[nodiscard]] json::Object to_json(const std::vector<TunableSpec>& specs) const;

private:
    std::map<std::string, TunableValue> values_;
};

// Checks every value against its spec; unknown names are told with the nearest known one. `given`
// beats `environment` (variables with the names of tunables), which beats the defaults. `where` is
// the place to name when one is missing altogether.
[[nodiscard]] Result<TunableValues, Problems>
check_tunables(const std::vector<TunableSpec>& specs,
               const RawValues& given,
               const std::string& where,
               const std::function<std::optional<std::string>(const std::string&)>& environment);

} // namespace squall::experiment
