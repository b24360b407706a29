#include "completion.h"

#include "output.h"
#include "squall/experiment/journal.h"

#include <CLI/CLI.hpp>

#include <algorithm>

namespace squall::app {
namespace {

constexpr int runs_shown_max = 50;
// The line that asks the shell for names of files.
constexpr const char* completion_files = ":files";

constexpr std::string_view bash =
    R"sh(# squall: completion for bash. Try it: eval "$(squall completion bash)"
_squall() {
    local line
    COMPREPLY=()
    while IFS= read -r line; do
        if [ "$line" = :files ]; then
            compopt -o filenames
            while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen -f -- "${COMP_WORDS[COMP_CWORD]}")
        else
            COMPREPLY+=("$line")
        fi
    done < <(squall completion words -- "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
    [[ ${#COMPREPLY[@]} -gt 0 && ${COMPREPLY[0]} == *= ]] && compopt -o nospace
    return 0
}
complete -F _squall squall
)sh";

constexpr std::string_view zsh = R"sh(#compdef squall
# squall: completion for zsh. Try it: eval "$(squall completion zsh)"
_squall() {
    local -a found
    found=("${(@f)$(squall completion words -- "${(@)words[2,CURRENT]}" 2>/dev/null)}")
    found=("${(@)found:#}")
    if [[ ${found[1]} == :files ]]; then
        shift found
        _files
    fi
    (( ${#found} )) || return 0
    if [[ ${found[1]} == *= ]]; then compadd -S '' -- "${found[@]}"; else compadd -- "${found[@]}"; fi
}
# Found by zsh under the name _squall, this file is the function, and its first call.
if [[ ${funcstack[1]} == _squall ]]; then _squall "$@"; else compdef _squall squall; fi
)sh";

constexpr std::string_view fish =
    R"sh(# squall: completion for fish. Try it: squall completion fish | source
function __squall_words
    set -l words (commandline -opc) (commandline -ct)
    for line in (squall completion words -- $words[2..] 2>/dev/null)
        if test "$line" = :files
            __fish_complete_path (commandline -ct)
        else
            echo $line
        end
    end
end
complete -c squall -f -a '(__squall_words)'
)sh";

using Words = std::vector<std::string>;

// NAME, =, VALUE become NAME=VALUE. How much of the last word the shell takes for another one.
std::size_t join_broken(Words& words) {
    Words joined;
    std::size_t taken = 0;
    for (std::size_t i = 0; i < words.size(); ++i) {
        taken = 0;
        const bool follows = i > 0 && words[i - 1] == "=";
        if (!joined.empty() && (words[i] == "=" || follows)) {
            taken = joined.back().size() + (words[i] == "=" ? 1 : 0);
            joined.back() += words[i];
        } else {
            joined.push_back(words[i]);
        }
    }
    words = std::move(joined);
    return taken;
}

// The command that the words lead to.
const CLI::App* command_of(const CLI::App& app, const Words& words) {
    const CLI::App* within = &app;
    for (std::size_t i = 0; i + 1 < words.size(); ++i) {
        const auto commands = within->get_subcommands({});
        const auto found = std::find_if(commands.begin(), commands.end(), [&](const CLI::App* one) {
            return one->get_name() == words[i];
        });
        if (found == commands.end()) break;
        within = *found;
    }
    return within;
}

std::string value_after(const Words& words, std::string_view option) {
    const auto found = std::find(words.begin(), words.end(), option);
    return found == words.end() || found + 1 == words.end() ? "" : *(found + 1);
}

// NAME= of every tunable, or NAME=CHOICE of one with choices.
void add_tunables(const experiment::FaultTable& faults, const Words& words, Words& candidates) {
    const experiment::Fault* fault = experiment::find_fault(faults, value_after(words, "--fault"));
    if (fault == nullptr && !faults.empty()) fault = faults.front();
    if (fault == nullptr) return;
    for (const auto& spec : fault->description().tunables) {
        const std::string name = spec.name + "=";
        if (words.back().starts_with(name)) {
            for (const auto& choice : spec.choices)
                candidates.push_back(name + choice);
        } else {
            candidates.push_back(name);
        }
    }
}

void add_options(const CLI::App& command, Words& candidates) {
    for (const CLI::Option* option : command.get_options()) {
        for (const auto& name : option->get_lnames())
            candidates.push_back("--" + name);
    }
}

void append(Words& candidates, const Words& more) {
    candidates.insert(candidates.end(), more.begin(), more.end());
}

Words run_ids() {
    Words ids;
    auto journal = experiment::Journal::open_default();
    if (!journal) return ids;
    if (const auto records = journal->runs(runs_shown_max); records)
        for (const auto& record : *records)
            ids.push_back(record.id);
    return ids;
}

// What stands by itself: a command, or what the command takes without an option's name.
void add_words(const CLI::App& command, const experiment::FaultTable& faults, Words& candidates) {
    for (const CLI::App* one : command.get_subcommands({})) {
        if (!one->get_group().empty()) candidates.push_back(one->get_name());
    }
    for (const CLI::Option* option : command.get_options()) {
        if (!option->get_positional()) continue;
        const std::string name = option->get_name(/*positional=*/true);
        if (name == "FILE") candidates.emplace_back(completion_files);
        if (name == "RUN") append(candidates, run_ids());
        if (name == "NAME") append(candidates, experiment::fault_names(faults));
        if (name == "SHELL") append(candidates, {"bash", "zsh", "fish"});
    }
}

// Candidates for the last word. Bash breaks words at '=': what it gives as NAME, =, VALUE is
// understood, and completed from VALUE on.
Words complete(Words words, const experiment::FaultTable& faults) {
    if (words.empty()) words.emplace_back();
    const std::size_t taken = join_broken(words);
    const std::string& last = words.back();
    const std::string before = words.size() > 1 ? words[words.size() - 2] : "";
    Words candidates;
    with_command_tree([&](const CLI::App& app) {
        const CLI::App& command = *command_of(app, words);
        if (before == "--set") return add_tunables(faults, words, candidates);
        if (before == "--fault") return append(candidates, experiment::fault_names(faults));
        const CLI::Option* option =
            before.starts_with("--") ? command.get_option_no_throw(before) : nullptr;
        if (option != nullptr && option->get_expected_max() > 0) return; // a value of its own
        if (last.starts_with("-")) return add_options(command, candidates);
        add_words(command, faults, candidates);
    });
    Words fitting;
    for (const auto& candidate : candidates) {
        if (candidate == completion_files)
            fitting.insert(fitting.begin(), candidate);
        else if (candidate.starts_with(last))
            fitting.push_back(candidate.substr(taken));
    }
    return fitting;
}

// The command line lets no other shell through.
std::string_view completion_script(std::string_view shell) {
    if (shell == "bash") return bash;
    return shell == "zsh" ? zsh : fish;
}

} // namespace

int run_command(const CompletionCommand& command, const experiment::FaultTable& faults) {
    Output output;
    if (!command.shell.empty()) {
        output.write(std::string(completion_script(command.shell)));
        return 0;
    }
    for (const auto& candidate : complete(command.words, faults))
        output.line(candidate);
    return 0;
}

} // namespace squall::app
