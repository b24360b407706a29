// XML as AWS's query and ec2 protocols answer it: written by a small writer, read through pugixml.
#pragma once

#include "squall/base/result.h"

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace squall::wire {

// Elements in the order of the calls. Text is escaped; characters that XML 1.0 cannot hold become
// U+FFFD.
class XmlWriter {
public:
    void open(std::string_view name, std::string_view xmlns = {});
    void close();
    void leaf(std::string_view name, std::string_view text);
    // An element around what `body` writes.
    void element(std::string_view name, const std::function<void()>& body);

    [[nodiscard]] const std::string& text() const { return text_; }

private:
    std::string text_ = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
    std::vector<std::string> open_;
};

// A parsed document, read by path: "GetCallerIdentityResult/Arn". Namespaces are not looked at.
class XmlDocument {
public:
    [[nodiscard]] static Result<XmlDocument> parse(std::string_view text);
    XmlDocument(XmlDocument&&) noexcept;
    XmlDocument& operator=(XmlDocument&&) noexcept;
    XmlDocument(const XmlDocument&) = delete;
    XmlDocument& operator=(const XmlDocument&) = delete;
    ~XmlDocument();

    [[nodiscard]] std::string root_name() const;
    // The text of the first element at `path` below the root; empty where there is none.
    [[nodiscard]] std::string text_at(std::string_view path) const;
    // Calls `each` for every element at `path`, with a reader for what is below that element.
    using Reader = std::function<std::string(std::string_view path)>;
    void for_each(std::string_view path, const std::function<void(const Reader&)>& each) const;

private:
    struct Tree;
    explicit XmlDocument(std::unique_ptr<Tree> tree);

    std::unique_ptr<Tree> tree_;
};

} // namespace squall::wire
