#include "doctor_command.h"

#include "process.h"

#include <unistd.h>

#include <cstdio>

namespace squall::host_app {
namespace {

constexpr int exit_unknown = 2;

bool write_out(const std::string& text, std::FILE* into) {
    static_cast<void>(std::fwrite(text.data(), 1, text.size(), into));
    if (std::fflush(into) == 0) return true;
    static_cast<void>(complain({Errc::failed, "writing to standard output: " + errno_text(errno)}));
    return false;
}

int complain_as_doctor(const Error& error) {
    static_cast<void>(complain(error));
    return error.code == Errc::invalid_input ? exit_usage : exit_unknown;
}

} // namespace

int run_doctor(const host::DoctorOrder& order, bool tells_all) {
    const auto catalogue = host::catalogue_with(order.signatures);
    if (!catalogue) return complain_as_doctor(catalogue.error());
    const auto answer = host::examine(
        order, *catalogue, {.has_colour = ::isatty(STDOUT_FILENO) == 1, .tells_all = tells_all});
    if (!answer) return complain_as_doctor(answer.error());
    // A diagnosis that nobody could be told is none.
    return write_out(answer->text, stdout) ? answer->exit_code : exit_unknown;
}

int run_collect(const std::string& output) {
    const auto told = host::collect_evidence(output, {});
    if (!told) return complain_as_doctor(told.error());
    // Where the archive itself has gone to standard output.
    return write_out(*told, output == "-" ? stderr : stdout) ? 0 : exit_unknown;
}

} // namespace squall::host_app
