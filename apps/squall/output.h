// Standard output that may go away: a reader who leaves (`squall run | head`) must not end a run.
#pragma once

#include <unistd.h>

#include <string>
#include <string_view>

namespace squall::app {

class Output {
public:
    explicit Output(int fd = STDOUT_FILENO) : fd_(fd), is_terminal_(::isatty(fd) == 1) {}

    void write(std::string_view text);

    void line(std::string_view text) { write(std::string(text) + "\n"); }

    [[nodiscard]] bool is_terminal() const { return is_terminal_; }

    // Columns of the terminal; 80 where it does not say.
    [[nodiscard]] int width() const;

private:
    int fd_;
    bool is_terminal_;
    bool is_broken_ = false;
};

} // namespace squall::app
