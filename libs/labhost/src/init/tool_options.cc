#include "init/tool_options.h"

#include <algorithm>

namespace squall::labhost::init {
namespace {

using Value = OptionSpec::Value;

// One pass over a command line.
class Scan {
public:
    Scan(const OptionRules& rules, const std::vector<std::string>& arguments)
        : rules_(rules), arguments_(arguments) {}

    Result<GivenOptions> all();

private:
    Result<void> long_option(std::string_view text);
    Result<void> letters(std::string_view text);
    [[nodiscard]] Result<const OptionSpec*> find_long(std::string_view name) const;
    [[nodiscard]] const OptionSpec* find_letter(char letter) const;
    // The next argument, as an option's value.
    [[nodiscard]] std::optional<std::string> take_argument();

    void add(const OptionSpec& spec, std::string value) {
        given_.options.push_back({spec.name, std::move(value)});
    }

    const OptionRules& rules_;
    const std::vector<std::string>& arguments_;
    std::size_t at_ = 0;
    GivenOptions given_;
};

Result<GivenOptions> Scan::all() {
    while (at_ < arguments_.size()) {
        const std::string& argument = arguments_[at_++];
        const bool is_option = argument.size() > 1 && argument.front() == '-';
        if (argument == "--" || (!is_option && rules_.stops_at_first_word)) {
            if (!is_option) --at_;
            given_.rest.insert(given_.rest.end(),
                               arguments_.begin() + static_cast<std::ptrdiff_t>(at_),
                               arguments_.end());
            break;
        }
        if (!is_option) {
            given_.rest.push_back(argument);
            continue;
        }
        const auto read = argument.starts_with("--")
                              ? long_option(std::string_view(argument).substr(2))
                              : letters(std::string_view(argument).substr(1));
        if (!read) return fail(read.error());
    }
    return std::move(given_);
}

Result<void> Scan::long_option(std::string_view text) {
    const auto equals = text.find('=');
    const auto spec = find_long(text.substr(0, equals));
    if (!spec) return fail(spec.error());
    const OptionSpec& found = **spec;
    if (equals != std::string_view::npos) {
        if (found.value == Value::none)
            return fail(Errc::invalid_input,
                        "{}: option '--{}' doesn't allow an argument",
                        rules_.program,
                        found.name);
        add(found, std::string(text.substr(equals + 1)));
        return {};
    }
    if (found.value != Value::needed) {
        add(found, "");
        return {};
    }
    auto value = take_argument();
    if (!value)
        return fail(Errc::invalid_input,
                    "{}: option '--{}' requires an argument",
                    rules_.program,
                    found.name);
    add(found, std::move(*value));
    return {};
}

Result<void> Scan::letters(std::string_view text) {
    while (!text.empty()) {
        const char letter = text.front();
        text.remove_prefix(1);
        const OptionSpec* spec = find_letter(letter);
        if (spec == nullptr)
            return fail(Errc::invalid_input, "{}: invalid option -- '{}'", rules_.program, letter);
        if (spec->value == Value::none) {
            add(*spec, "");
            continue;
        }
        std::optional<std::string> value;
        if (!text.empty() || spec->value == Value::optional)
            value = std::string(text);
        else
            value = take_argument();
        if (!value)
            return fail(Errc::invalid_input,
                        "{}: option requires an argument -- '{}'",
                        rules_.program,
                        letter);
        add(*spec, std::move(*value));
        return {};
    }
    return {};
}

Result<const OptionSpec*> Scan::find_long(std::string_view name) const {
    // A beginning that only one option has is enough.
    std::vector<const OptionSpec*> candidates;
    for (const OptionSpec& spec : rules_.specs) {
        if (spec.name == name) return &spec;
        if (!name.empty() && spec.name.starts_with(name)) candidates.push_back(&spec);
    }
    if (candidates.size() == 1) return candidates.front();
    return fail(Errc::invalid_input,
                "{}: {} '--{}'",
                rules_.program,
                candidates.empty() ? "unrecognized option" : "ambiguous option",
                name);
}

const OptionSpec* Scan::find_letter(char letter) const {
    const auto found = std::find_if(rules_.specs.begin(),
                                    rules_.specs.end(),
                                    [&](const OptionSpec& spec) { return spec.letter == letter; });
    return found == rules_.specs.end() ? nullptr : &*found;
}

std::optional<std::string> Scan::take_argument() {
    if (at_ >= arguments_.size()) return std::nullopt;
    return arguments_[at_++];
}

} // namespace

bool GivenOptions::has(std::string_view name) const { return value(name).has_value(); }

std::optional<std::string> GivenOptions::value(std::string_view name) const {
    std::optional<std::string> last;
    for (const GivenOption& option : options)
        if (option.name == name) last = option.value;
    return last;
}

std::vector<std::string> GivenOptions::values(std::string_view name) const {
    std::vector<std::string> all;
    for (const GivenOption& option : options)
        if (option.name == name) all.push_back(option.value);
    return all;
}

Result<GivenOptions> parse_options(const OptionRules& rules,
                                   const std::vector<std::string>& arguments) {
    return Scan(rules, arguments).all();
}

} // namespace squall::labhost::init
