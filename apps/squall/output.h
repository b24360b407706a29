// Standard output that may go away or stand still: neither a reader who leaves (`squall run |
// head`) nor a terminal that was stopped (Ctrl-S) may hold up a run.
#pragma once

#include <unistd.h>

#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

namespace squall::app {

class Output {
public:
    explicit Output(int fd = STDOUT_FILENO) : fd_(fd), is_terminal_(::isatty(fd) == 1) {}

    // After write_in_background() it never waits. What cannot be written is dropped, and told by
    // failure().
    void write(std::string_view text);

    void line(std::string_view text) { write(std::string(text) + "\n"); }

    // From now on a thread of its own writes.
    void write_in_background();
    // True while the reader is slower than we are.
    [[nodiscard]] bool is_behind() const;
    // Waits until all is written; once told to leave, two seconds more at the most.
    void flush(const std::stop_token& leave) const;

    // True once a write has failed: nobody reads on.
    [[nodiscard]] bool is_broken() const { return is_broken_; }

    [[nodiscard]] bool is_terminal() const { return is_terminal_; }

    // Columns of the terminal; 80 where it does not say.
    [[nodiscard]] int width() const;

    // The errno with which the first write in this process failed, if one did: a full disk, a
    // closed descriptor. A reader who has left is no failure.
    [[nodiscard]] static std::optional<int> failure();

private:
    struct Writer;

    int fd_;
    bool is_terminal_;
    bool is_broken_ = false;
    std::shared_ptr<Writer> writer_;
};

} // namespace squall::app
