#include "init/command_line.h"

#include "init/words.h"
#include "squall/base/text.h"

#include <utility>

namespace squall::labhost::init {
namespace {

// Takes the prefixes off the program and checks what is left.
Result<CommandLine> finished(CommandLine command) {
    std::string& program = command.words.front();
    constexpr std::string_view prefixes = "-+!:@|";
    while (!program.empty() && prefixes.find(program.front()) != std::string_view::npos) {
        const char prefix = program.front();
        if (prefix == '@' || prefix == '|')
            return fail(
                Errc::invalid_input, "the prefix '{}' is not available in a lab host", prefix);
        if (prefix == '-') command.ignores_failure = true;
        if (prefix == ':') command.expands_variables = false;
        program.erase(0, 1);
    }
    if (program.empty() || (program.find('/') != std::string::npos && program.front() != '/'))
        return fail(Errc::invalid_input,
                    "Neither a valid executable name nor an absolute path: {}",
                    program);
    return command;
}

} // namespace

std::string CommandLine::text() const { return join(words, " "); }

Result<std::vector<CommandLine>> parse_commands(std::string_view text, std::string_view unit) {
    const auto words = split_marked_words(text);
    if (!words) return fail(Errc::invalid_input, "{}: {}", words.error().message, text);
    std::vector<CommandLine> commands;
    CommandLine command;
    const auto finish = [&]() -> Result<void> {
        if (command.words.empty()) return {};
        auto done = finished(std::exchange(command, {}));
        if (!done) return fail(std::move(done.error()));
        commands.push_back(std::move(*done));
        return {};
    };
    for (const Word& word : *words) {
        if (word.text == ";" && !word.quoted) {
            if (auto done = finish(); !done) return fail(std::move(done.error()));
            continue;
        }
        const bool is_escaped = word.text == "\\;" && !word.quoted;
        auto resolved = resolve_specifiers(is_escaped ? ";" : word.text, unit);
        if (!resolved) return fail(std::move(resolved.error()));
        command.words.push_back(std::move(*resolved));
    }
    if (auto done = finish(); !done) return fail(std::move(done.error()));
    return commands;
}

} // namespace squall::labhost::init
