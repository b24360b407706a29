#include "squall/yaml/document.h"

#include "squall/base/printable.h"
#include "squall/base/text.h"

#include <yaml.h>

#include <algorithm>
#include <optional>

namespace squall::yaml {
namespace {

constexpr std::size_t line_shown_max = 80; // bytes

// The line with this number, the first being 1.
std::string_view line_of(std::string_view text, int number) {
    for (; number > 1; --number) {
        const auto end = text.find('\n');
        if (end == std::string_view::npos) return {};
        text.remove_prefix(end + 1);
    }
    return trimmed(text.substr(0, text.find('\n')));
}

int line_at(std::string_view text, std::size_t offset) {
    const auto before = text.substr(0, offset);
    return 1 + static_cast<int>(std::count(before.begin(), before.end(), '\n'));
}

int line_of(const yaml_mark_t& mark) { return static_cast<int>(mark.line) + 1; }

// libyaml's text, which is empty where it is not told.
std::string_view told(const char* words) { return words == nullptr ? "" : words; }

std::string text_of(const yaml_char_t* text, std::size_t size) {
    return {reinterpret_cast<const char*>(text), size};
}

std::string text_of(const yaml_char_t* text) { return reinterpret_cast<const char*>(text); }

class Event {
public:
    Event() = default;

    ~Event() { yaml_event_delete(&event_); }

    Event(const Event&) = delete;
    Event& operator=(const Event&) = delete;

    yaml_event_t* out() { return &event_; }

    const yaml_event_t* operator->() const { return &event_; }

private:
    yaml_event_t event_{};
};

class Parser {
public:
    explicit Parser(std::string_view text) : text_(text) {
        is_ready_ = yaml_parser_initialize(&parser_) == 1;
        if (!is_ready_) return;
        yaml_parser_set_input_string(
            &parser_, reinterpret_cast<const unsigned char*>(text.data()), text.size());
    }

    ~Parser() {
        if (is_ready_) yaml_parser_delete(&parser_);
    }

    Parser(const Parser&) = delete;
    Parser& operator=(const Parser&) = delete;

    Result<Node, Mistake> read() {
        if (!is_ready_) return tl::unexpected(Mistake{1, "there is no memory for reading it"});
        for (;;) {
            Event event;
            if (yaml_parser_parse(&parser_, event.out()) == 0) return tl::unexpected(mistake());
            if (event->type == YAML_STREAM_END_EVENT) return std::move(root_);
            if (auto refused = take(event)) return tl::unexpected(std::move(*refused));
        }
    }

private:
    std::optional<Mistake> take(const Event& event) {
        const int line = line_of(event->start_mark);
        switch (event->type) {
        case YAML_DOCUMENT_START_EVENT:
            if (root_.kind != Node::Kind::nothing)
                return Mistake{line, "a second document begins here: one file is one experiment"};
            return std::nullopt;
        case YAML_SCALAR_EVENT:
            add({Node::Kind::scalar,
                 line,
                 text_of(event->data.scalar.value, event->data.scalar.length),
                 {}});
            return std::nullopt;
        case YAML_ALIAS_EVENT:
            add({Node::Kind::alias, line, text_of(event->data.alias.anchor), {}});
            return std::nullopt;
        case YAML_SEQUENCE_START_EVENT:
            return open(Node::Kind::sequence, line);
        case YAML_MAPPING_START_EVENT:
            return open(Node::Kind::mapping, line);
        case YAML_SEQUENCE_END_EVENT:
        case YAML_MAPPING_END_EVENT:
            close();
            return std::nullopt;
        default:
            return std::nullopt;
        }
    }

    std::optional<Mistake> open(Node::Kind kind, int line) {
        if (open_.size() == depth_max)
            return Mistake{line, fmt::format("this nests deeper than {} levels", depth_max)};
        open_.push_back({kind, line, {}, {}});
        return std::nullopt;
    }

    void close() {
        Node done = std::move(open_.back());
        open_.pop_back();
        add(std::move(done));
    }

    void add(Node node) {
        if (open_.empty())
            root_ = std::move(node);
        else
            open_.back().children.push_back(std::move(node));
    }

    [[nodiscard]] Mistake mistake() const {
        if (parser_.error == YAML_MEMORY_ERROR) return {1, "there is no memory for reading it"};
        // libyaml has no mark for a character that cannot stand in YAML, but its place.
        const int line = parser_.error == YAML_READER_ERROR ? line_at(text_, parser_.problem_offset)
                                                            : line_of(parser_.problem_mark);
        const auto context = told(parser_.context);
        return {line,
                fmt::format("this is not YAML: {}{}{}, at '{}'",
                            told(parser_.problem),
                            context.empty() ? "" : " ",
                            context,
                            printable(line_of(text_, line), line_shown_max))};
    }

    std::string_view text_;
    yaml_parser_t parser_{};
    bool is_ready_ = false;
    Node root_;
    std::vector<Node> open_; // the outermost first
};

} // namespace

const Node* Node::member(std::string_view name) const {
    if (kind != Kind::mapping) return nullptr;
    for (std::size_t i = 0; i < member_count(); ++i)
        if (key(i).kind == Kind::scalar && key(i).text == name) return &value(i);
    return nullptr;
}

Result<Node, Mistake> parse(std::string_view text) { return Parser(text).read(); }

} // namespace squall::yaml
