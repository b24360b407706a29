// A host made of a folder, on which the real scripts of the faults on HTTP traffic run in a real
// shell: with a systemctl that keeps its units in files, and a squall-host that keeps its proxies
// in files.
#pragma once

#include "faults/ecs_container_http_scripts.h"
#include "squall/base/file.h"
#include "squall/base/json.h"
#include "squall/base/subprocess.h"
#include "squall/base/temporary_folder.h"
#include "squall/base/text.h"

#include <gtest/gtest.h>

namespace squall::experiment {

class HttpScriptHost : public ::testing::Test {
protected:
    static constexpr const char* fake_helper = R"sh(#!/bin/sh
verb=$1; shift
[ "$verb" != --version ] || { [ ! -e @ROOT@/version-fails ] || { echo "sh: cannot run: Permission denied" >&2; exit 126; }; exit 0; }
echo "$verb $*" >>@ROOT@/log
run=; tasks=
while [ $# -gt 0 ]; do case $1 in --run) run=$2; shift ;; --tasks) tasks=$2; shift ;; esac; shift; done
dir=@ROOT@/squall/proxy/$run
proxies() {
    [ -e "$dir/tasks" ] || return 0
    first=yes
    for task in $(tr ',' ' ' <"$dir/tasks"); do
        [ $first = yes ] || printf ,
        first=no
        printf '{"run":"%s","task":"%s","state":"%s",' "$run" "$task" "$(cat "$dir/state")"
        printf '"container_name":"web","list":"nsenter -t 7 nft list table inet squall",'
        printf '"counts":{"accepted":5,"met":3,"refused":0,"tls":0}}'
    done
}
case $verb in
proxy)
    [ ! -e @ROOT@/during-proxy ] || sh @ROOT@/during-proxy
    if [ -e @ROOT@/proxy-fails ]; then echo '{"event":"failed","error":"port 20000 is taken in \"web\""}'; exit 1; fi
    if [ -e @ROOT@/proxy-dies ]; then echo 'bad "memory"' >&2; exit 139; fi
    mkdir -p "$dir"; echo "$tasks" >"$dir/tasks"; echo armed >"$dir/state"
    printf '{"event":"armed","run":"%s","until":"2026-11-22T00:01:00Z","proxies":[' "$run"; proxies; echo '],"absent":["gone"]}' ;;
stop)
    [ ! -e @ROOT@/stop-fails ] || exit 1
    [ ! -e "$dir/state" ] || echo ended >"$dir/state"
    printf '{"event":"stopped","run":"%s","proxies":[' "$run"; proxies; echo ']}' ;;
status) printf '{"proxies":['; proxies; echo ']}' ;;
forget) if [ "$(cat "$dir/state" 2>/dev/null)" != armed ]; then rm -rf "$dir"; fi ;;
esac
)sh";
    static constexpr const char* fake_systemctl = R"sh(#!/bin/sh
verb=$1; shift
[ "$1" = --quiet ] && shift
case $verb in
is-active) [ -e "@ROOT@/units/$1" ] ;;
stop) rm -f "@ROOT@/units/$1" ;;
list-units) for unit in @ROOT@/units/*; do [ ! -e "$unit" ] || echo "${unit##*/} loaded active waiting"; done ;;
esac
)sh";
    static constexpr const char* fake_systemd_run = R"sh(#!/bin/sh
for word; do case $word in --unit=*) : >"@ROOT@/units/${word#--unit=}.timer" ;; esac; done
)sh";

    void SetUp() override {
        for (const char* folder : {"bin", "units", "systemd", "store"})
            ASSERT_TRUE(make_directories(root_ / folder));
        put_program("bin/systemctl", fake_systemctl);
        put_program("bin/systemd-run", fake_systemd_run);
        helper_ = replace_all(fake_helper, "@ROOT@", root_.string());
        ASSERT_TRUE(write_file(root_ / "store/squall-host", helper_));
    }

    void put_program(const char* name, const char* text) {
        ASSERT_TRUE(write_file(root_ / name, replace_all(text, "@ROOT@", root_.string()), 0755));
    }

    // The script, with this folder in place of the host's.
    [[nodiscard]] std::string on_this_host(std::string script) const {
        script = replace_all(script,
                             "PATH=/usr/local/sbin",
                             "PATH=" + (root_ / "bin").string() + ":/usr/local/sbin");
        script = replace_all(script, "/var/run/squall", (root_ / "squall").string());
        script = replace_all(script, "/var/lib/squall", (root_ / "lib").string());
        // Nothing goes behind a test's back.
        script = replace_all(script, "sleep 120;", "exit 0;");
        return replace_all(script, "/run/systemd/system", (root_ / "systemd").string());
    }

    std::string execute_for_text(const std::string& script) {
        const auto finished =
            squall::run({{"sh", "-c", on_this_host(script)}, {}, {}, {}}, Deadline::in(Seconds(30)))
                .value();
        EXPECT_EQ(finished.errors, "");
        return finished.output;
    }

    json::Object execute(const std::string& script) {
        const std::string output = execute_for_text(script);
        const auto object = json::parse_object(trimmed(output));
        EXPECT_TRUE(object) << output;
        return object.value_or(json::Object{});
    }

    [[nodiscard]] HttpOrder order(const std::string& run_id) const {
        HttpOrder order;
        order.run = run_id;
        order.issued_at = seconds_from_now(0);
        order.not_after = seconds_from_now(30);
        order.restore_at = seconds_from_now(60);
        order.longest = "100";
        order.tasks = "t1,t2";
        order.helpers = {{"x86_64", sha256_hex(helper_), url()},
                         {"aarch64", sha256_hex(helper_), url()}};
        order.arguments = {"--port", "80", "--fault", "status-code", "--set", "LOCATION=$(id)'\";"};
        return order;
    }

    [[nodiscard]] std::string url() const {
        return "file://" + (root_ / "store/squall-host").string();
    }

    std::string start(const HttpOrder& order) {
        last_ = execute(http_start_script(order));
        return did();
    }

    std::string stop(const std::string& run_id, int valid = 30) {
        last_ = execute(http_stop_script(run_id, seconds_from_now(valid)));
        return did();
    }

    [[nodiscard]] std::string did() const { return std::string(json::string_at(last_, "did")); }

    [[nodiscard]] std::string why() const { return std::string(json::string_at(last_, "why")); }

    static std::string seconds_from_now(int seconds) {
        return std::to_string(
            std::chrono::duration_cast<Seconds>(Wall::now().time_since_epoch()).count() + seconds);
    }

    // Runs the script in a shell that kills itself before its `step`th command, as a cancelled SSM
    // command may be killed anywhere. True when the script was over before that.
    bool survives(const std::string& script, int step) {
        EXPECT_TRUE(write_file(root_ / "killed.sh",
                               "set -T\nsteps=0\ntrap '[ $((steps += 1)) -eq "
                                   + std::to_string(step) + " ] && kill -9 $BASHPID' DEBUG\n"
                                   + on_this_host(script)));
        const auto finished = squall::run({{"bash", (root_ / "killed.sh").string()}, {}, {}, {}},
                                          Deadline::in(Seconds(30)));
        EXPECT_TRUE(finished);
        return finished && finished->exit_code == 0;
    }

    [[nodiscard]] bool exists(const std::string& name) const {
        return std::filesystem::exists(root_ / name);
    }

    [[nodiscard]] std::string text_of(const std::string& name) const {
        return read_file(root_ / name, 1U << 20U).value_or("");
    }

    [[nodiscard]] bool is_armed(const std::string& run_id) const {
        return trimmed(text_of("squall/proxy/" + run_id + "/state")) == "armed";
    }

    [[nodiscard]] bool is_held() const { return exists("squall/ecs-container-http"); }

    [[nodiscard]] bool timer_runs(const std::string& run_id) const {
        return exists("units/squall-" + run_id + "-undo.timer");
    }

    // Of what is being fetched.
    [[nodiscard]] int parts() const {
        int count = 0;
        std::error_code ignored;
        for (const auto& entry : std::filesystem::directory_iterator(root_ / "lib/bin", ignored)) {
            if (entry.path().filename().string().starts_with("part.")) ++count;
        }
        return count;
    }

    void touch(const char* name) { ASSERT_TRUE(write_file(root_ / name, "")); }

    TemporaryFolder folder_;
    const Path& root_ = folder_.path();
    std::string helper_;
    json::Object last_;
};

} // namespace squall::experiment
