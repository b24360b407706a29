#include "init/journal.h"

#include "squall/base/text.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace squall::labhost::init {
namespace {

// JSON is UTF-8 and nothing else: what is none is shown as '?', as `journalctl` shows a blob.
std::string readable(std::string_view text) {
    if (is_valid_utf8(text)) return std::string(text);
    std::string result(text);
    for (char& c : result)
        if (static_cast<unsigned char>(c) >= 0x80) c = '?';
    return result;
}

JournalEntry entry_from(const json::Object& object) {
    JournalEntry entry;
    entry.wall_micros = json::integer_at(object, "t");
    entry.monotonic_micros = json::integer_at(object, "m");
    entry.unit = json::string_at(object, "u");
    entry.identifier = json::string_at(object, "i");
    entry.pid = static_cast<pid_t>(json::integer_at(object, "p"));
    entry.priority = static_cast<int>(json::integer_at(object, "l", 6));
    entry.text = json::string_at(object, "s");
    entry.is_about_unit = json::bool_at(object, "o");
    return entry;
}

} // namespace

void JournalWriter::append(JournalEntry entry) {
    while (entry.text.size() > journal_line_max) {
        JournalEntry piece = entry;
        // Not within a character, where that can be told.
        std::size_t end = journal_line_max;
        while (end > journal_line_max - 4
               && (static_cast<unsigned char>(entry.text[end]) & 0xc0) == 0x80)
            --end;
        piece.text.resize(end);
        write_line(piece);
        entry.text.erase(0, end);
    }
    write_line(entry);
}

void JournalWriter::write_line(const JournalEntry& entry) {
    if (!fd_) {
        if (!make_directories(file_.parent_path())) return;
        fd_ = Fd(::open(file_.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640));

        struct stat info {};

        if (!fd_ || ::fstat(fd_.get(), &info) != 0) return;
        size_ = static_cast<std::size_t>(info.st_size);
    }
    json::Object object{{"t", entry.wall_micros},
                        {"m", entry.monotonic_micros},
                        {"u", entry.unit},
                        {"i", readable(entry.identifier)},
                        {"p", entry.pid},
                        {"l", entry.priority},
                        {"s", readable(entry.text)}};
    if (entry.is_about_unit) object["o"] = true;
    const std::string line = json::text(object) + "\n";
    if (size_ + line.size() > size_max_) drop_older_half();
    const ssize_t written = ::write(fd_.get(), line.data(), line.size());
    if (written > 0) size_ += static_cast<std::size_t>(written);
}

void JournalWriter::drop_older_half() {
    const auto text = read_file(file_, size_max_);
    std::string kept;
    if (text) {
        const auto cut = text->find('\n', text->size() / 2);
        if (cut != std::string::npos) kept = text->substr(cut + 1);
    }
    // What cannot be replaced is emptied: the bound comes before the history.
    if (write_file(file_, kept, 0640)) {
        fd_ = Fd(::open(file_.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC));
        size_ = kept.size();
    } else if (::ftruncate(fd_.get(), 0) == 0) {
        size_ = 0;
    }
}

Result<std::vector<JournalEntry>>
read_journal(const Path& file, const std::function<bool(const JournalEntry&)>& wanted) {
    std::vector<JournalEntry> entries;
    const auto text = read_file(file, journal_size_max + journal_line_max * 8);
    if (!text && text.error().code == Errc::not_found) return entries;
    if (!text) return fail(text.error());
    std::string_view rest = *text;
    while (!rest.empty()) {
        const auto [line, after] = split_once(rest, '\n');
        const auto object = json::parse_object(line);
        rest = after;
        if (!object) continue;
        JournalEntry entry = entry_from(*object);
        if (wanted(entry)) entries.push_back(std::move(entry));
    }
    return entries;
}

} // namespace squall::labhost::init
