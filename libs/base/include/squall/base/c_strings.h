// Words as exec and its like take them.
#pragma once

#include <string>
#include <vector>

namespace squall {

// Pointers to the texts, and a null pointer behind them. Good as long as the texts are, which exec
// does not change whatever its types say.
[[nodiscard]] inline std::vector<char*> c_strings(const std::vector<std::string>& texts) {
    std::vector<char*> pointers;
    pointers.reserve(texts.size() + 1);
    for (const auto& text : texts)
        pointers.push_back(const_cast<char*>(text.c_str()));
    pointers.push_back(nullptr);
    return pointers;
}

} // namespace squall
