#include "squall/experiment/check.h"

#include <algorithm>

namespace squall::experiment {

std::string_view state_word(CheckItem::State state) {
    switch (state) {
    case CheckItem::State::good:
        return "good";
    case CheckItem::State::bad:
        return "bad";
    case CheckItem::State::unknown:
        return "unknown";
    }
    return "unknown";
}

bool is_ready(const std::vector<CheckItem>& items) {
    return std::none_of(items.begin(), items.end(), [](const CheckItem& item) {
        return item.needed && item.state != CheckItem::State::good;
    });
}

json::Object to_json(const CheckItem& item) {
    return {{"what", item.what},
            {"state", state_word(item.state)},
            {"text", item.text},
            {"advice", item.advice},
            {"needed", item.needed}};
}

} // namespace squall::experiment
