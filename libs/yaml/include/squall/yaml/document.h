// One YAML document as a tree, with the line of every word. Values stay the text that was written:
// what "60" or "yes" means is for whoever reads them.
#pragma once

#include "squall/base/result.h"

#include <string>
#include <string_view>
#include <vector>

namespace squall::yaml {

struct Node {
    enum class Kind { nothing, scalar, sequence, mapping, alias };

    // As they were written, each key before its value.
    [[nodiscard]] std::size_t member_count() const { return children.size() / 2; }

    [[nodiscard]] const Node& key(std::size_t index) const { return children[2 * index]; }

    [[nodiscard]] const Node& value(std::size_t index) const { return children[2 * index + 1]; }

    // Of a mapping, the first with this name; else null.
    [[nodiscard]] const Node* member(std::string_view name) const;

    Kind kind = Kind::nothing;
    int line = 1;               // of its first character, the first line being 1
    std::string text;           // of a scalar; of an alias its name
    std::vector<Node> children; // of a sequence its items, of a mapping its keys and values
};

struct Mistake {
    int line;
    std::string what;
};

// What nests deeper is refused.
constexpr std::size_t depth_max = 64;

// Kind::nothing where there is no document. A second document is a mistake. `text` is UTF-8.
[[nodiscard]] Result<Node, Mistake> parse(std::string_view text);

} // namespace squall::yaml
