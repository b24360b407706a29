#include "squall/labhost/roles.h"

#include <csignal>
#include <filesystem>
#include <string>
#include <vector>

int main(int argc, char** argv) {
    std::signal(SIGPIPE, SIG_IGN);
    const std::vector<std::string> arguments(argv + 1, argv + argc);
    const std::string program = std::filesystem::path(argv[0]).filename();
    if (squall::labhost::is_tool_name(program))
        return squall::labhost::run_role(program, arguments);
    if (arguments.size() >= 2 && arguments[0] == "lab-host") {
        return squall::labhost::run_role(arguments[1], {arguments.begin() + 2, arguments.end()});
    }
    return 64;
}
