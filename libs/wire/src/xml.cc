#include "squall/wire/xml.h"

#include "squall/base/text.h"

#include <pugixml.hpp>

namespace squall::wire {
namespace {

std::string escaped(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (const char c : text) {
        switch (c) {
        case '&':
            out += "&amp;";
            break;
        case '<':
            out += "&lt;";
            break;
        case '>':
            out += "&gt;";
            break;
        case '"':
            out += "&quot;";
            break;
        default:
            if (static_cast<unsigned char>(c) >= 0x20 || c == '\n' || c == '\t')
                out.push_back(c);
            else if (c == '\r')
                out += "&#13;";
            else
                out += "\xEF\xBF\xBD";
        }
    }
    return out;
}

// Elements at a path below `node`: every one of the last name, the first one of each name before
// it.
template <class Each>
void visit(pugi::xml_node node, std::string_view path, const Each& each) {
    const auto [name, rest] = split_once(path, '/');
    const std::string wanted(name);
    if (rest.empty()) {
        for (const auto child : node.children(wanted.c_str()))
            each(child);
        return;
    }
    for (const auto child : node.children(wanted.c_str()))
        visit(child, rest, each);
}

std::string first_text(pugi::xml_node node, std::string_view path) {
    std::string found;
    bool have = false;
    visit(node, path, [&](pugi::xml_node child) {
        if (!have) found = child.text().get();
        have = true;
    });
    return found;
}

} // namespace

void XmlWriter::open(std::string_view name, std::string_view xmlns) {
    text_ += xmlns.empty() ? fmt::format("<{}>", name)
                           : fmt::format("<{} xmlns=\"{}\">", name, escaped(xmlns));
    open_.emplace_back(name);
}

void XmlWriter::close() {
    SQUALL_ASSERT(!open_.empty());
    text_ += fmt::format("</{}>", open_.back());
    open_.pop_back();
}

void XmlWriter::leaf(std::string_view name, std::string_view text) {
    text_ += fmt::format("<{0}>{1}</{0}>", name, escaped(text));
}

void XmlWriter::element(std::string_view name, const std::function<void()>& body) {
    open(name);
    body();
    close();
}

struct XmlDocument::Tree {
    pugi::xml_document document;
};

XmlDocument::XmlDocument(std::unique_ptr<Tree> tree) : tree_(std::move(tree)) {}

XmlDocument::XmlDocument(XmlDocument&&) noexcept = default;
XmlDocument& XmlDocument::operator=(XmlDocument&&) noexcept = default;
XmlDocument::~XmlDocument() = default;

Result<XmlDocument> XmlDocument::parse(std::string_view text) {
    auto tree = std::make_unique<Tree>();
    const auto parsed = tree->document.load_buffer(
        text.data(), text.size(), pugi::parse_default, pugi::encoding_utf8);
    if (!parsed)
        return fail(Errc::invalid_input,
                    "not valid XML: {} at byte {}",
                    parsed.description(),
                    parsed.offset);
    return XmlDocument(std::move(tree));
}

std::string XmlDocument::root_name() const { return tree_->document.document_element().name(); }

std::string XmlDocument::text_at(std::string_view path) const {
    return first_text(tree_->document.document_element(), path);
}

void XmlDocument::for_each(std::string_view path,
                           const std::function<void(const Reader&)>& each) const {
    visit(tree_->document.document_element(), path, [&](pugi::xml_node node) {
        each([node](std::string_view below) { return first_text(node, below); });
    });
}

} // namespace squall::wire
