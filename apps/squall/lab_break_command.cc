// squall lab break, squall lab mend
#include "complaint.h"
#include "lab_commands.h"
#include "output.h"

namespace squall::app {
namespace {

void print_causes(const json::Array& causes, Output& output) {
    for (const auto& cause : causes)
        output.line(fmt::format(
            "{:<40} {}", json::string_at(cause, "cause"), json::string_at(cause, "summary")));
}

void print_broken(const json::Array& broken, Output& output) {
    if (broken.empty()) return output.line("nothing is broken on purpose");
    for (const auto& one : broken)
        output.line(fmt::format("{} {} since {}: {}",
                                json::string_at(one, "instance"),
                                json::string_at(one, "cause"),
                                json::string_at(one, "since"),
                                json::string_at(one, "summary")));
}

void print_made(const json::Object& made, Output& output) {
    const auto instance = json::string_at(made, "instance");
    if (made.contains("seed")) {
        output.line(fmt::format("something is broken on {} (seed {}); `squall lab break --show` "
                                "tells what, `squall lab mend` mends it",
                                instance,
                                json::integer_at(made, "seed")));
        return;
    }
    output.line(fmt::format("{} is true on {}: {}",
                            json::string_at(made, "cause"),
                            instance,
                            json::string_at(made, "summary")));
}

void print_mended(const json::Array& hosts, Output& output) {
    std::size_t count = 0;
    for (const auto& host : hosts) {
        for (const auto& cause : json::array_at(host, "mended")) {
            ++count;
            output.line(fmt::format(
                "{} {} is mended", json::string_at(host, "instance"), json::string_of(cause)));
        }
    }
    if (count == 0) output.line("nothing was broken");
}

} // namespace

int run_command(const LabBreakCommand& command) {
    const auto done = lab::order_break(command.verb, command.order);
    if (!done) return complain(done.error());
    Output output;
    if (command.as_json)
        output.line(json::text(*done));
    else if (command.verb == "list")
        print_causes(json::array_at(*done, "causes"), output);
    else if (command.verb == "show")
        print_broken(json::array_at(*done, "broken"), output);
    else if (command.verb == "make")
        print_made(*done, output);
    else
        print_mended(json::array_at(*done, "hosts"), output);
    return 0;
}

} // namespace squall::app
