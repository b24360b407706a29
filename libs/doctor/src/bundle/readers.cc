#include "bundle/readers.h"

#include "logs/record.h"
#include "squall/base/printable.h"
#include "squall/base/text.h"
#include "squall/doctor/redact.h"

namespace squall::doctor {

std::vector<TextLine> lines_of(const TextFile& file) {
    std::vector<TextLine> lines;
    std::string_view rest = file.text;
    for (std::uint64_t number = 1; !rest.empty(); ++number) {
        const std::size_t end = std::min(rest.find('\n'), rest.size());
        std::string_view line = rest.substr(0, end);
        if (line.ends_with('\r')) line.remove_suffix(1);
        lines.push_back({line, number});
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    return lines;
}

std::vector<std::string_view> words_of(std::string_view line) {
    constexpr std::string_view blanks = " \t";
    std::vector<std::string_view> words;
    for (std::size_t begin = line.find_first_not_of(blanks); begin != std::string_view::npos;
         begin = line.find_first_not_of(blanks, begin)) {
        const std::size_t end = std::min(line.find_first_of(blanks, begin), line.size());
        words.push_back(line.substr(begin, end - begin));
        begin = end;
    }
    return words;
}

Evidence evidence_at(const TextFile& file, const TextLine& line) {
    return {file.path,
            line.number,
            printable(shown(redacted(trimmed(line.text))), Evidence::text_max),
            {}};
}

Look healthy(std::string check, std::string summary) {
    Look look;
    look.check = std::move(check);
    look.state = Look::State::healthy;
    look.summary = std::move(summary);
    return look;
}

Look finding(std::string check, std::string summary, std::vector<Sign> signs) {
    Look look = healthy(std::move(check), std::move(summary));
    look.state = Look::State::finding;
    look.signs = std::move(signs);
    return look;
}

} // namespace squall::doctor
