#include "faults/ecs_container_http_scripts.h"

#include "faults/hold_script.h"
#include "squall/base/text.h"

namespace squall::experiment {
namespace {

constexpr std::string_view places = R"sh(bin=/var/lib/squall/bin
counts=/var/run/squall/proxy
)sh";

// Gives $helper, a program that runs here, or ends the script. A file of another architecture is
// known by its ELF head, since a shell may take it for a script.
constexpr std::string_view fetching =
    R"sh(bytes_at() { od -An -tx1 -j "$2" -N "$3" "$1" 2>/dev/null | tr -d ' \n'; }
say_unfit() { rm -f "$part"; say refused "$1"; exit 0; }
if [ -z "$sha256" ]; then say refused "squall has no helper for $machine: put squall-host-$machine beside squall"; exit 0; fi
helper=$bin/$sha256/squall-host
for part in "$bin"/part.*; do
    # Left by an order that was killed while it fetched.
    if [ -e "$part" ] && ! kill -0 "${part##*.}" 2>/dev/null; then rm -f "$part"; fi
done
if [ ! -x "$helper" ]; then
    if [ "$fetches" != yes ]; then say refused "the helper is not on this host, and INSTALL_DEPENDENCIES=false: it has to be $helper"; exit 0; fi
    if [ -z "$url" ]; then say refused "the helper is not on this host, and nothing says where it comes from: set HELPER_BUCKET or HELPER_URL, or put it at $helper"; exit 0; fi
    if ! command -v curl >/dev/null 2>&1; then say refused "there is no curl to fetch the helper with: install it, or put the helper at $helper"; exit 0; fi
    part=$bin/part.$$
    if ! mkdir -p "$bin" 2>/dev/null || ! (: >"$part") 2>/dev/null; then say refused "nothing can be written to $bin: is the disk full, or read-only?"; exit 0; fi
    # What a signed URL says after its path is nothing for a report.
    where=${url%%\?*}
    # By its standard input: a signed URL is nothing for the list of processes.
    http=$(printf 'url = "%s"\n' "$url" | curl -q -K - -g -f -sS -L --proto '=https,http,file' --proto-redir '=https,http' \
        --connect-timeout 5 --max-time 25 -o "$part" -w '%{http_code}' 2>"$part.log")
    code=$?
    why=$(last_words "$part.log")
    rm -f "$part.log"
    if [ "$code" -ne 0 ]; then
        case "$code.$http" in
        22.404) say_unfit "the helper is not at $where (HTTP 404): squall helper publish puts it there, into a bucket that exists" ;;
        22.403) say_unfit "fetching the helper from $where was refused (HTTP 403): may the runner read it (s3:GetObject), and is it published (squall helper publish)?" ;;
        22.*) say_unfit "fetching the helper from $where was answered with HTTP $http" ;;
        23.*) say_unfit "the helper could not be written to $bin: is the disk full?" ;;
        28.*) say_unfit "fetching the helper from $where took too long" ;;
        *) say_unfit "the helper could not be fetched from $where: $why" ;;
        esac
    fi
    set -- $(sha256sum "$part" 2>/dev/null) nothing
    if [ "$1" != "$sha256" ]; then say_unfit "what was fetched is not the helper: its SHA-256 is $1, and not $sha256"; fi
    if [ "$(bytes_at "$part" 0 4)" = 7f454c46 ]; then
        case "$machine.$(bytes_at "$part" 18 2)" in
        x86_64.3e00 | aarch64.b700) ;;
        *) say_unfit "the helper is for another architecture than $machine" ;;
        esac
    fi
    chmod 700 "$part"
    "$part" --version >/dev/null 2>"$part.log"
    code=$?
    why=$(last_words "$part.log")
    rm -f "$part.log"
    case "$code" in
    0) ;;
    # What a shell says of a file that it is not allowed to execute (POSIX, 2.8.2).
    126) say_unfit "the helper may not be executed in $bin: is it mounted with noexec?" ;;
    *) say_unfit "the helper does not run here: $why" ;;
    esac
    mkdir -p "$bin/$sha256" && mv -T "$part" "$helper" || say_unfit "the helper could not be put at $helper: is the disk full?"
    now=$(date +%s)
fi
)sh";

constexpr std::string_view undo =
    R"sh(# The undo is on the disk, and its timer runs, before anything is done. The helper has the same end in itself.
echo "$helper" >"$hold/helper"
what_undo='takes the fault off the HTTP traffic'
undo_command="$helper stop --run $run"
undo_again=:
)sh";

// $1 and what follows are the proxy's arguments.
constexpr std::string_view proxy = R"sh(start_proxy() {
    # What an earlier order of this run counted has been read.
    "$helper" forget --run "$run" >/dev/null 2>&1
    line=$("$helper" proxy --detach --run "$run" --tasks "$tasks" --until "$restore_at" --for "$left" "$@" 2>"$hold/proxy.log" </dev/null | tail -n 1)
    case "$line" in
    '{'*'"event":"armed"'*'}') return 0 ;;
    '{'*'}') ;;
    *) line="{\"event\":\"failed\",\"error\":\"$(last_words "$hold/proxy.log")\"}" ;;
    esac
    return 1
}
)sh";

constexpr std::string_view started = R"sh(then
    # It says that nothing is armed; what is asked for once more costs nothing.
    "$helper" stop --run "$run" >/dev/null 2>&1
    "$helper" forget --run "$run" >/dev/null 2>&1
    disarm
    give_back
    say failed '' '' ",\"helper\":$line"
    exit 0
fi
# A host that stood still may have had its undo before its order.
if [ "$(cat "$hold/run" 2>/dev/null)" != "$run" ]; then "$helper" stop --run "$run" >/dev/null 2>&1; say too-late 'its undo came first'; exit 0; fi
rm -f "$hold/busy"
now=$(date +%s)
say injected '' '' ",\"helper\":$line"
)sh";

// Somebody may have removed the record, and the host's own end may have come first: the helper
// knows of the run all the same, and is asked in every case.
constexpr std::string_view stop = R"sh(
helper=$(cat "$hold/helper" 2>/dev/null)
if ! is_ours || [ ! -x "$helper" ]; then
    helper=
    for one in "$bin"/*/squall-host; do [ ! -x "$one" ] || helper=$one; done
fi
line='{"event":"stopped","proxies":[]}'
if [ -n "$helper" ]; then
    tries=1
    until line=$("$helper" stop --run "$run" 2>/dev/null </dev/null | tail -n 1); case "$line" in '{'*'"event":"stopped"'*'}') true ;; *) false ;; esac; do
        if [ "$tries" -ge 3 ]; then
            say failed 'the helper could not stop what it does; it ends by itself'
            exit 1
        fi
        tries=$((tries + 1))
        sleep 1
    done
    # What is zero need not be told: SSM passes on no more than a few thousand characters.
    line=$(printf %s "$line" | sed 's/"[a-z_0-9]*":0,//g; s/,"[a-z_0-9]*":0}/}/g')
    # Whoever asks again within two minutes gets the same numbers.
    setsid /bin/sh -c "sleep 120; '$helper' forget --run '$run'" >/dev/null 2>&1 </dev/null &
fi
if ! is_ours; then
    rm -rf "$hold.$run".*
    rmdir "$base" 2>/dev/null
    say clean '' '' ",\"helper\":$line"
    exit 0
fi
)sh";

constexpr std::string_view stopped = R"sh(say reverted '' '' ",\"helper\":$line"
)sh";

// What helpers know of beside the hold.
constexpr std::string_view list_proxies = R"sh(helper=
for one in "$bin"/*/squall-host; do [ ! -x "$one" ] || helper=$one; done
for one in "$counts"/*; do
    [ -d "$one" ] && [ -n "$helper" ] || continue
    name=${one##*/}
    case "$("$helper" status --run "$name" 2>/dev/null </dev/null)" in
    *'"state":"armed"'* | *'"state":"draining"'* | *'"state":"frozen"'*) [ "$name" = "$held" ] || tell proxy "$name" ;;
    # Those of a run that has just ended go by themselves.
    *) [ -z "$(find "$one" -maxdepth 0 -mmin +5 2>/dev/null)" ] || tell counts "$name" ;;
    esac
done
)sh";

constexpr std::string_view forgetting = R"sh(forget_run() {
    for one in "$bin"/*/squall-host; do [ ! -x "$one" ] || "$one" forget --run "$run" >/dev/null 2>&1; done
}
)sh";

std::string setting(std::string_view name, std::string_view value) {
    return fmt::format("{}={}\n", name, shell_quoted(value));
}

// The words of a host's own architecture, chosen on the host.
std::string helper_choice(const HttpOrder& order) {
    std::string text = "machine=$(uname -m)\nsha256=\nurl=\ncase \"$machine\" in\n";
    for (const auto& helper : order.helpers)
        text += fmt::format("{}) sha256={} url={} ;;\n",
                            helper.architecture,
                            shell_quoted(helper.sha256),
                            shell_quoted(helper.url));
    return text + "esac\n";
}

std::string proxy_call(const HttpOrder& order) {
    std::string words;
    for (const auto& argument : order.arguments)
        words += " " + shell_quoted(argument);
    return "if ! start_proxy" + words + "\n";
}

std::string begin(std::string_view verb) {
    return fmt::format("# squall {} {}\n", http_hold_name, verb);
}

std::string all_places() { return hold_places(http_hold_name) + std::string(places); }

} // namespace

std::string http_start_script(const HttpOrder& order) {
    std::string text = begin("start");
    text += setting("run", order.run) + setting("issued_at", order.issued_at)
            + setting("not_after", order.not_after) + setting("restore_at", order.restore_at)
            + setting("longest", order.longest) + setting("tasks", order.tasks)
            + setting("fetches", order.fetches ? "yes" : "no");
    text += all_places() + std::string(hold_functions) + std::string(hold_not_too_late)
            + helper_choice(order) + std::string(fetching);
    // Fetching may have taken the time that there was.
    text += std::string(hold_not_too_late) + std::string(hold_take) + std::string(undo)
            + std::string(hold_undo) + std::string(hold_arm) + std::string(proxy)
            + proxy_call(order) + std::string(started);
    return text;
}

std::string http_stop_script(const std::string& run, const std::string& not_after) {
    std::string text = begin("stop") + setting("run", run) + setting("not_after", not_after);
    return text + all_places() + std::string(hold_functions) + std::string(undo_tombstone)
           + std::string(undo_wait) + std::string(stop) + std::string(undo_end)
           + std::string(stopped);
}

std::string http_list_script() {
    return begin("list") + all_places() + std::string(list_hold) + std::string(list_proxies)
           + std::string(list_rest);
}

std::string http_removal_script(const std::vector<std::string>& runs) {
    return begin("remove") + setting("runs", join(runs, " ")) + all_places()
           + std::string(forgetting) + std::string(remove_left);
}

} // namespace squall::experiment
