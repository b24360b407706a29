// reboot, shutdown, poweroff and halt, which in a lab host come down to a reboot or to a clear no.
#include "init/init.h"
#include "init/roles.h"
#include "init/systemctl.h"
#include "squall/base/result.h"
#include "squall/base/text.h"

#include <algorithm>
#include <cerrno>
#include <csignal>

namespace squall::labhost::init {
namespace {

// A flag by its letter, also among others (-rf), or by its word.
bool has_flag(const std::vector<std::string>& arguments, char letter, const std::string& word) {
    return std::any_of(arguments.begin(), arguments.end(), [&](const std::string& argument) {
        const bool is_short = argument.size() > 1 && argument[0] == '-' && argument[1] != '-';
        return argument == word || (is_short && argument.find(letter) != std::string::npos);
    });
}

} // namespace

int reboot_host() {
    // Init answers at once, and the caller is among what it ends.
    if (::kill(1, reboot_signal()) == 0) return 0;
    return complain(fmt::format("Failed to reboot: {}", errno_text(errno)));
}

int run_reboot(const std::vector<std::string>& /*arguments*/) { return reboot_host(); }

int run_shutdown(const std::vector<std::string>& arguments) {
    if (!has_flag(arguments, 'r', "--reboot")) return run_poweroff(arguments);
    const bool is_now = std::any_of(arguments.begin(), arguments.end(), [](const auto& argument) {
        return argument == "now" || argument == "+0";
    });
    if (is_now) return reboot_host();
    return complain("Failed to schedule shutdown: a lab host reboots at once or not at all "
                    "(shutdown -r now)");
}

int run_poweroff(const std::vector<std::string>& /*arguments*/) {
    return complain("Failed to power off: a lab host cannot be switched off; `systemctl reboot` "
                    "starts it anew");
}

} // namespace squall::labhost::init
