// The columns of a line of /proc.
#pragma once

#include "squall/base/text.h"

#include <string>
#include <string_view>
#include <vector>

namespace squall::host {

[[nodiscard]] inline std::vector<std::string> words_of(std::string_view line) {
    std::vector<std::string> words;
    for (auto& word : split(line, ' ')) {
        if (!word.empty()) words.push_back(std::move(word));
    }
    return words;
}

} // namespace squall::host
