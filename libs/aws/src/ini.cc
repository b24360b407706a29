#include "ini.h"

#include "squall/base/text.h"

#include <optional>
#include <vector>

namespace squall::aws {
namespace {

// configparser's own oddity: what stands in here, in capitals, counts in every section.
constexpr const char* inherited_section = "DEFAULT";

struct Line {
    std::string_view text; // without its end and outer blanks
    std::size_t indent = 0;
    int number = 0;
};

// A value while its continuation lines are still coming.
struct OpenOption {
    std::string key;
    std::vector<std::string> lines;
    int number = 0;
};

class IniReader {
public:
    explicit IniReader(std::string_view name) : name_(name) {}

    Result<void> read(const Line& line);
    Result<IniFile> finish();

private:
    [[nodiscard]] tl::unexpected<Error> bad(int number, std::string_view why) const {
        return fail(Errc::invalid_input, "{}:{}: {}", name_, number, why);
    }

    Result<void> open_section(const Line& line);
    Result<void> open_option(const Line& line);
    Result<void> close_option();

    std::string_view name_;
    IniFile file_;
    std::optional<std::string> section_;
    std::optional<OpenOption> option_;
    std::size_t indent_ = 0; // of the option or section that came last
};

Result<void> IniReader::read(const Line& line) {
    if (!line.text.empty() && (line.text.front() == '#' || line.text.front() == ';')) return {};
    if (line.text.empty()) {
        if (option_) option_->lines.emplace_back();
        return {};
    }
    if (option_ && line.indent > indent_) {
        option_->lines.emplace_back(line.text);
        return {};
    }
    indent_ = line.indent;
    if (auto closed = close_option(); !closed) return closed;
    const bool is_header = line.text.front() == '[' && line.text.rfind(']') != std::string::npos;
    if (is_header) return open_section(line);
    return open_option(line);
}

Result<void> IniReader::open_section(const Line& line) {
    const std::string name(line.text.substr(1, line.text.rfind(']') - 1));
    if (name.empty()) return bad(line.number, "a section without a name");
    if (!file_.sections.emplace(name, IniSection()).second && name != inherited_section)
        return bad(line.number, fmt::format("section [{}] is there a second time", name));
    section_ = name;
    return {};
}

Result<void> IniReader::open_option(const Line& line) {
    if (!section_) return bad(line.number, "a setting before the first [section]");
    const std::size_t at = line.text.find_first_of("=:");
    if (at == std::string_view::npos) return bad(line.number, "no '=' in this line");
    std::string key = lower(trimmed(line.text.substr(0, at)));
    if (key.empty()) return bad(line.number, "no name before the '='");
    if (file_.sections[*section_].contains(key)) {
        return bad(line.number, fmt::format("'{}' is there a second time in [{}]", key, *section_));
    }
    option_ =
        OpenOption{std::move(key), {std::string(trimmed(line.text.substr(at + 1)))}, line.number};
    return {};
}

Result<void> IniReader::close_option() {
    if (!option_) return {};
    OpenOption open = std::move(*option_);
    option_.reset();
    while (open.lines.size() > 1 && open.lines.back().empty())
        open.lines.pop_back();
    IniOption option;
    option.line = open.number;
    if (open.lines.size() == 1 || !open.lines.front().empty()) {
        option.value = join(open.lines, "\n");
    } else {
        for (const auto& line : open.lines) {
            if (line.empty()) continue;
            const std::size_t at = line.find('=');
            if (at == std::string::npos) {
                return bad(open.number,
                           fmt::format("a line without '=' in the block of '{}'", open.key));
            }
            const std::string_view text = line;
            option.block.insert_or_assign(std::string(trimmed(text.substr(0, at))),
                                          std::string(trimmed(text.substr(at + 1))));
        }
    }
    file_.sections[*section_].emplace(std::move(open.key), std::move(option));
    return {};
}

Result<IniFile> IniReader::finish() {
    if (auto closed = close_option(); !closed) return fail(closed.error());
    if (const auto inherited = file_.sections.extract(inherited_section)) {
        for (auto& [name, section] : file_.sections)
            section.insert(inherited.mapped().begin(), inherited.mapped().end());
    }
    return std::move(file_);
}

} // namespace

Result<IniFile> parse_ini(std::string_view text, std::string_view name) {
    // Editors on Windows begin a UTF-8 file with a mark that is no part of it.
    if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
    IniReader reader(name);
    int number = 0;
    while (!text.empty()) {
        const auto [line, rest] = split_once(text, '\n');
        text = rest;
        const std::string_view content = trimmed(line);
        const std::size_t indent =
            content.empty() ? 0 : static_cast<std::size_t>(content.data() - line.data());
        if (auto read = reader.read({content, indent, ++number}); !read) return fail(read.error());
    }
    return reader.finish();
}

} // namespace squall::aws
