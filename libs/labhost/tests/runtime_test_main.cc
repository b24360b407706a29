// The test program is also what it tests: started as `… lab-host ROLE`, it becomes that role, as
// the squall program does. So tests start real processes without another binary to look for.
#include "squall/labhost/roles.h"

#include <gtest/gtest.h>

#include <csignal>

int main(int argc, char** argv) {
    std::signal(SIGPIPE, SIG_IGN);
    const std::vector<std::string> arguments(argv + 1, argv + argc);
    if (arguments.size() >= 2 && arguments[0] == "lab-host")
        return squall::labhost::run_role(arguments[1], {arguments.begin() + 2, arguments.end()});
    testing::InitGoogleTest(&argc, argv);
    return RUN_ALL_TESTS();
}
