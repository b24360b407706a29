// What the scripts of every fault print, read.
#pragma once

#include "squall/experiment/fault.h"

#include <functional>

namespace squall::experiment {

// What a script says in its one line of JSON: what all faults have in common of it, and the line.
struct HostAnswer {
    HostReport report;
    json::Object line;
};

// `name` is the fault's, in what is printed. Nothing when there is no such line.
[[nodiscard]] std::optional<HostAnswer> read_host_answer(std::string_view output,
                                                         std::string_view name);

struct LeftoverWord {
    std::string text;      // for people
    bool is_fault = false; // the fault itself: it is undone, not only removed
};

// Of the list of what runs have left: a line for each thing, and one that says that this was all.
// `word_of` knows what the script calls things; an empty text is for what is none of them. Nothing
// when the list is not complete.
[[nodiscard]] std::optional<std::vector<Leftover>>
read_leftover_list(std::string_view output,
                   std::string_view name,
                   const std::function<LeftoverWord(std::string_view found)>& word_of);

} // namespace squall::experiment
