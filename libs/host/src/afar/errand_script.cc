#include "afar/errand_script.h"

#include "squall/base/text.h"

namespace squall::host {
namespace {

// Secrets are taken out before anything leaves: SSM keeps what a command prints.
constexpr std::string_view tools = R"sh(LC_ALL=C; export LC_ALL; umask 077
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin; export PATH
within() { seconds=$1; shift; timeout -k 1 "$seconds" "$@" </dev/null 2>&1; }
section() { printf '\n=== %s %s\n' "$boundary" "$1"; }
mask() {
    secrets='(secret|token|passw(or)?d|auth_data|credential|signature|activation_?code)[a-z_-]*'
    secret_members='(secret|token|passw(or)?d|auth|auth_data|secretaccesskey|activation_?code)[a-z_-]*'
    # Behind a quote that was not escaped: neither what a value ends with, nor what follows one.
    goes_on='"[^][:space:],;:<>(){}|\\&"]'
    value='[^][:space:]"'"'"',;\\]+'
    sed -E ${known:+-f "$known"} -e 's#^([[:space:]]*[a-z_]*proxy=([a-z0-9]+://)?).*@#\1[redacted]@#I' \
        -e 's#(proxy["\\]*[=:]["\\]*([a-z0-9]+://)?)[^[:space:]"\\]*@#\1[redacted]@#Ig' \
        -e 's#(://)[^/@[:space:]"]*:[^/[:space:]"]*@#\1[redacted]@#g' \
        -e 's/(AKIA|ASIA)[A-Z0-9]{12,}/[redacted]/g' \
        -e "s/($secrets=\")[^\"]*($goes_on[^\"]*)*/\\1[redacted]/Ig" \
        -e "s/($secrets=\\\\+\")[^\"\\\\]*/\\1[redacted]/Ig" \
        -e "s/($secrets[\"\\\\]*=[\"\\\\]*)[^[:space:]\"]+/\\1[redacted]/Ig" \
        -e "s/($secret_members\"[[:space:]]*:[[:space:]]*\")([^\"\\\\]|\\\\.)+($goes_on([^\"\\\\]|\\\\.)*)*/\\1[redacted]/Ig" \
        -e "s/($secret_members\\\\+\"[[:space:]]*:[[:space:]]*\\\\+\")[^\"\\\\]+/\\1[redacted]/Ig" \
        -e "s/(activation[_-]?code[\"'\\\\]*[[:space:]]*[=:,][^[:alnum:][]*)$value/\\1[redacted]/Ig" \
        -e "s/(-activation-code[[:space:]]+[^[:alnum:][]*)$value/\\1[redacted]/Ig" \
        -e "s/(ssm-agent[^;|&]*register[^;|&]*-code[^[:alnum:][]+)$value/\\1[redacted]/Ig" \
        -e "s/(ssm-agent[^;|&]*-code[^[:alnum:][]+)$value([^;|&]*register)/\\1[redacted]\\2/Ig" \
        -e 's/(([?&]|\\u0026|%26|%3F)sig(=|%3D))[^&%[:space:]"\\]([^&[:space:]"\\])*/\1[redacted]/Ig' \
        -e 's/((x-amz-[a-z-]*|x-aws-ec2-metadata-token)["\\]*[:=] *["\\]*)[^[:space:]",;&]+/\1[redacted]/Ig' \
        -e 's#(FwoG|IQoJ)[A-Za-z0-9+/=_-]{20,}#[redacted]#g' \
        -e 's/(authorization:? ?)[^",]+/\1[redacted]/Ig'
}
# Of a proxy's value, all before the last '@' is the user's. What must be percent-encoded in it leads programs to other
# parts, which they repeat: as a host's name, in any case, or in what they complain of.
free="-A-Za-z0-9._~!\$&'()*+,;="
wrong_escape='%($|.$|[^0-9A-Fa-f]|[0-9A-Fa-f][^0-9A-Fa-f])'
proxy_user() { printf '%s\n' "$1" | sed -n -e 's#^[A-Za-z0-9]*://##' -e 's/@[^@]*$//p'; }
is_unreadable() { proxy_user "$1" | grep -aqE "[^${free}%@:]|$wrong_escape"; }
unit_files() { ls /etc/systemd/system/"$1".service.d/*.conf 2>/dev/null; }
proxy_users() {
    cat /etc/ecs/ecs.config /var/lib/ecs/ecs.config /etc/environment /etc/default/docker /etc/sysconfig/docker /etc/docker/daemon.json \
        /root/.docker/config.json $(unit_files ecs) $(unit_files docker) 2>/dev/null | tr -d '\000\r' | grep -ai proxy |
        sed -nE -e 's/no_?proxy"?[[:space:]]*[=:][^@]*$//I' -e 's/no_?proxy"?[[:space:]]*[=:][[:space:]]*[^[:space:]]*//Ig' \
            -e 's/[a-z_-]*proxy"?[[:space:]]*[=:][[:space:]]*["'"'"']?/\n/Ig' -e 's/^[^\n]*\n//p' |
        sed -nE -e '/^[^"'"'"']*@/s/["'"'"'].*//' -e 's/[[:space:]]+[A-Za-z_]+=.*//' -e 's#^[a-z0-9]*:\\?/\\?/##I' -e 's/@[^@]*$//p'
}
# What is taken out of all texts, as sed's orders: the whole of such a user's part, and its pieces.
learn_secrets() {
    edges='[^A-Za-z0-9:._-]'
    proxy_users | grep -aE "[^${free}%:]|:.*:|$wrong_escape" >"$folder/users"
    { cat "$folder/users"; sed -E "s/^[${free}%]*://" "$folder/users" | sed -E 's/%(.{0,2})([^%]*)/%\1\2%\2%/g' | tr -c -- "$free" '[\n*]' | sort -r; } | grep -aE '....' |
        grep -vaixE 'admin|agent|amazon|docker|error|https?|info|level|pass|password|proxy|root|secret|time|user' |
        sed -E -e 's/[][\\.*^$/+?(){}|]/\\&/g' -e '/^[0-9]+$/!s/.*/s\/&\/[redacted]\/Ig/' \
            -e "s/^[0-9]+$/s\/(^|$edges)&($edges|$)\/\\\\1[redacted]\\\\2\/g/" >"$folder/known.sed"
    known=$folder/known.sed
}
packed() { if command -v gzip >/dev/null 2>&1 && command -v base64 >/dev/null 2>&1; then gzip -9 | base64 -w 0; else cat; fi; }
setting() { sed -n "s/^[[:space:]]*\(export \)\{0,1\}$1=//p" /var/lib/ecs/ecs.config /etc/ecs/ecs.config 2>/dev/null | tail -n 1 | tr -d '"'"'"'\r'; }
)sh";

// By one letter each: what takes long runs beside the others.
constexpr std::string_view looks = R"sh(
services() {
    for unit in ecs docker; do
        within 5 systemctl show "$unit" -p Id -p LoadState -p ActiveState -p SubState -p Result -p ExecMainStatus -p NRestarts -p InactiveEnterTimestamp \
            -p MainPID -p ExecStart >"$folder/unit"
        grep -v '^ExecStart=' "$folder/unit"
        program=$(sed -n 's/^ExecStart={ path=\([^ ;]*\) .*/\1/p' "$folder/unit" | head -n 1)
        if [ -n "$program" ] && [ ! -e "$program" ]; then echo "program_missing=$program"
        elif [ -n "$program" ] && [ ! -x "$program" ]; then echo "program_closed=$program"; fi
        main=$(sed -n 's/^MainPID=\([1-9][0-9]*\)$/\1/p' "$folder/unit" | head -n 1)
        [ -z "$main" ] || sed -n -e 's/^Name:[[:space:]]*\([A-Za-z0-9_.-]*\)$/main_name=\1/p' -e 's/^State:[[:space:]]*\(.\).*/main_state=\1/p' "/proc/$main/status" 2>/dev/null
        echo
    done
}
agents() { cat /run/ecs-agent.pid 2>/dev/null || pgrep -o -x agent 2>/dev/null || pgrep -o -x amazon-ecs-agen 2>/dev/null; }
processes() {
    ended=
    for pid in $(agents) ''; do
        grep -q '^State:[[:space:]]*Z' "/proc/$pid/status" 2>/dev/null || break
        ended=$pid
    done
    [ -n "$pid" ] && [ -d "/proc/$pid" ] || { echo agent=none; [ -z "$ended" ] || echo "ended=$ended"; return; }
    echo "agent=$pid"
    sed -n 's/^State:[[:space:]]*\(.\).*/state=\1/p' "/proc/$pid/status"
    sed -n 's/^Max open files[[:space:]]*\([0-9a-z]*\).*/open_files_max=\1/p' "/proc/$pid/limits"
    echo "open_files=$(ls "/proc/$pid/fd" 2>/dev/null | wc -l)"
}
docker_state() {
    if [ ! -S /var/run/docker.sock ]; then echo socket=none; return; fi
    answer=$(within 10 curl -sS -m 8 -o /dev/null -w 'http=%{http_code} seconds=%{time_total}' --unix-socket /var/run/docker.sock http://docker/_ping)
    echo "exit=$? $answer"
    within 5 curl -sS -m 4 --unix-socket /var/run/docker.sock http://docker/version | head -c 400
}
metadata() {
    url=http://169.254.169.254/latest
    token=$(within 5 curl -sS -m 4 -D "$folder/metadata.head" -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 60' -w '\n%{http_code}' "$url/api/token")
    exit=$?
    echo "put_exit=$exit put_http=$(printf '%s' "$token" | tail -n 1)"
    # Who does not answer once would not answer the other questions.
    case $exit in 7 | 28 | 124 | 137) echo 169.254.169.254:80 >"$folder/metadata.tried"; return ;; esac
    token=$(printf '%s' "$token" | head -n 1)
    for path in iam/info placement/region instance-id; do
        echo "$path=$(within 4 curl -sS -m 3 -H "X-aws-ec2-metadata-token: $token" -w ' %{http_code}' "$url/meta-data/$path" | tr -d '\n' | head -c 400)"
    done
    role=$(within 4 curl -sS -f -m 3 -H "X-aws-ec2-metadata-token: $token" "$url/meta-data/iam/security-credentials/" | head -n 1)
    case "$role" in
    *[!A-Za-z0-9+=,.@_-]* | '') echo role=none ;;
    *) echo "role=$role"
        within 4 curl -sS -m 3 -H "X-aws-ec2-metadata-token: $token" "$url/meta-data/iam/security-credentials/$role" |
        sed -n -e 's/.*"Code" *: *"\([A-Za-z]*\)".*/code=\1/p' -e 's/.*"Expiration" *: *"\([0-9TZ:-]*\)".*/expiration=\1/p' | head -n 2 ;;
    esac
}
# The host's own for the agent: in its files with settings or, where these have none, in its unit's.
find_proxy() {
    from=
    for name in HTTPS_PROXY HTTP_PROXY; do
        proxy=$(setting "$name")
        file=$(grep -lsE "^[[:space:]]*(export )?$name=." /etc/ecs/ecs.config /var/lib/ecs/ecs.config | head -n 1)
        if [ -z "$proxy" ]; then
            file=$(unit_files ecs | xargs -r grep -lsE "^[[:space:]]*Environment=.*$name=." 2>/dev/null | tail -n 1)
            [ -z "$file" ] || proxy=$(sed -nE "s/^[[:space:]]*Environment=(.*[[:space:]])?(\"$name=([^\"]*)\"|$name=([^[:space:]\"]*)).*/\3\4/p" "$file" | sed 's/%%/%/g' | tail -n 1)
        fi
        [ -z "$proxy" ] || { from="proxy_setting=$name proxy_file=$file "; return; }
    done
}
reach() {
    # The host's own proxy settings for the agent, and none of this shell's.
    unset http_proxy https_proxy HTTP_PROXY HTTPS_PROXY no_proxy NO_PROXY
    find_proxy
    if is_unreadable "$proxy"; then echo "exit=5 ${from}proxy_unreadable=yes"; return; fi
    trace=${2%.head}.trace
    # What it tries is told by -v alone. The trace may have a proxy's password in it: it stays here.
    set -- -sS -v --stderr "$trace" -m 6 -o /dev/null -D "$2" -w 'http=%{http_code} address=%{remote_ip} dns=%{time_namelookup} tcp=%{time_connect} tls=%{time_appconnect} connect=%{http_connect}' "$1"
    ca=$(setting SSL_CERT_FILE)
    [ -z "$ca" ] || set -- --cacert "$ca" "$@"
    if [ -n "$proxy" ]; then
        # As the agent reads it: an '@' may be a part of the password.
        user=$(proxy_user "$proxy")
        case "$proxy" in *://*) scheme=${proxy%%://*} ;; *) scheme=http ;; esac
        case "$user" in '') proxy=$scheme://${proxy#*://} ;; *) proxy=$scheme://$(printf '%s' "$user" | sed 's/@/%40/g')@${proxy##*@} ;; esac
        answer=$(within 8 curl -x "$proxy" "$@")
    else
        answer=$(within 8 curl "$@")
    fi
    exit=$?
    tried=$(sed -n 's/^\* *Trying \([0-9.]*\)\(:[0-9]*\)\{0,1\}\.\.\..*/\1\2/p' "$trace" 2>/dev/null | sort -u | tr '\n' ,)
    case $exit in 7 | 28) printf '%s' "$tried" | tr , '\n' >"${trace%.trace}.tried" ;; esac
    # Where TCP has connected, and TLS was never answered, curl tells no time of either.
    greeted=
    if [ "$exit" = 28 ] && grep -qi 'client hello' "$trace" 2>/dev/null; then greeted='greeted=yes '; fi
    servers=
    case $exit:$tried in
        6:* | 28:) servers="servers=$(sed -n 's/^nameserver[[:space:]]*//p' /etc/resolv.conf 2>/dev/null | head -n 3 | tr '\n' ,) " ;;
    esac
    echo "exit=$exit ${from}tried=${tried%,} $greeted$servers$({ printf '%s ' "$answer"; grep -a '^curl: ' "$trace" 2>/dev/null | head -n 1; } | tr '\n' ' ' | mask)"
}
# Who has an open file with a lock on this one, be it inherited: of its /proc/PID/fdinfo. flock names the file by its
# device and its inode. What the agent holds, and what one held that ends at once each time, keeps nobody waiting.
state_lock() {
    device=$(stat -L -c %d "$1" 2>/dev/null) || return
    id=$(printf '%02x:%02x:%s' $((device >> 8 & 4095)) $((device & 255 | device >> 12 & 1048320)) "$(stat -L -c %i "$1")")
    holder=$(within 3 grep -rlsE "FLOCK.* $id " /proc/[0-9]*/fdinfo | sed -n '1s#.*/proc/\([0-9]*\)/.*#\1#p')
    [ -n "$holder" ] || return
    locker=$(tr -cd 'A-Za-z0-9_.:/-' 2>/dev/null <"/proc/$holder/comm")
    ! agents | grep -qx "$holder" || return
    within 3 grep -rqsE "FLOCK.* $id " "/proc/$holder/fdinfo" || return
    printf 'lock=%s\nlocker=%s\n' "$holder" "$locker"
}
hex() { within 2 od -An -v -tx1 -j "$1" -N "$2" "$file" | tr -d ' \n'; }
# Only what judges the saved state: it holds tasks, and these hold secrets. Of a database its meta pages, of JSON its
# form (every string empty, every other value a #; what follows an open quote is left out), and who the agent is.
state() {
    data=$(setting ECS_DATADIR)
    { [ -n "$data" ] && [ -d "$data" ]; } || data=/var/lib/ecs/data
    echo "folder=$data"
    [ -e /etc/ecs ] && echo has_agent=yes
    [ ! -e "$data" ] || [ -d "$data" ] || echo is_no_folder=yes
    [ -d "$data" ] || return
    echo has_folder=yes
    for file in "$data/agent.db" "$data/agent.json" "$data/ecs_agent_data.json" ''; do [ ! -e "$file" ] || break; done
    [ -n "$file" ] || return
    echo "file=$file"
    [ ! -d "$file" ] || echo is_folder=yes
    [ -f "$file" ] || return
    state_lock "$file"
    first=$(hex 0 1)
    echo "first=$first"
    for at in 0 1024 2048 4096 8192 16384 32768 65536; do
        page=$(hex "$at" 80)
        case $page in ????????????????????????????????edda0ced*) echo "page$at=$page" ;; esac
    done
    # After its pages: it grows before one of them says so.
    size=$(wc -c <"$file")
    printf 'size=%d\n' "$size"
    [ "$first" = 7b ] || return
    echo "last=$(tail -c 256 "$file" | tr -d ' \t\r\n' | tail -c 1 | od -An -v -tx1 | tr -d ' ')"
    [ "$size" -le 4194304 ] || return
    echo "controls=$(tr -d '\t\n\r\040-\176\200-\377' <"$file" | wc -c)"
    names='cluster-name|ec2-instance-id|container-instance-arn|Cluster|EC2InstanceID|ContainerInstanceArn'
    within 3 grep -aoE "\"($names)\"[[:space:]]*:[[:space:]]*\"[A-Za-z0-9:/_.-]{1,300}\"" "$file" | sort -u | head -n 20 |
        sed 's/^"\([^"]*\)"[[:space:]]*:[[:space:]]*"\([^"]*\)"$/saved.\1=\2/'
    # What was not read to its end would look as if it were cut.
    within 5 sed -E -e 's/"([^"\\]|\\.)*"/""/g' -e 's/^((""|[^"])*)"([^"].*)?$/\1"/' -e 's/#/?/g' \
        -e 's/(^|[][{},:[:space:]])(true|false|null|-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?)/\1#/g' \
        -e 's/[^][{},:"#?[:space:]]+/?/g' "$file" >"$folder/form" || return
    [ "$(packed <"$folder/form" | wc -c)" -gt 4000 ] || echo "form=$(tr '\n' ' ' <"$folder/form")"
}
# The rules of the table filter that a packet of this host's own, or the answer to it, may meet: in chains that
# OUTPUT and INPUT lead to, and of rules for one address only those for one that was tried. Where a chain is both
# packets' way, only what keeps away is known to be another's. To ask for another table may load its module.
rules() {
    { timeout -k 1 2 iptables -w 1 -S </dev/null 2>"$folder/complaints"; echo "exit=$? $(tr '\n' ' ' <"$folder/complaints" | head -c 200)"; } |
        if command -v awk >/dev/null 2>&1; then timeout -k 1 3 awk -v "tried=$1" '
BEGIN { for (n = split(tried, words, " "); n > 0; n--) { sub(/:.*/, "", words[n]); is_tried[words[n] "/32"] = 1 } }
/^exit=/ { exit_line = $0 }
$1 == "-P" && ($2 == "OUTPUT" || $2 == "INPUT") { line[++lines] = $0; chain[lines] = $2 }
$1 == "-N" { line[++lines] = $0; chain[lines] = $2 }
$1 == "-A" {
    line[++lines] = $0; chain[lines] = $2
    to = ($3 == "-s") ? 5 : 3
    to_another[lines] = $to == "-d" && $(to + 1) ~ /[/]32$/ && !($(to + 1) in is_tried)
    of_another[lines] = $3 == "-s" && $4 ~ /[/]32$/ && !($4 in is_tried)
    bare = $0
    gsub(/"([^"\\]|\\.)*"/, "", bare)
    keeps_away[lines] = bare ~ / -j (DROP|REJECT)( |$)/
    for (i = 3; i < NF; i++) if ($i == "-j" || $i == "-g") leads[lines] = leads[lines] " " $(i + 1)
}
function follow(is_met) {
    do {
        grows = 0
        for (i = 1; i <= lines; i++) {
            if (!(chain[i] in is_met)) continue
            for (n = split(leads[i], words, " "); n > 0; n--) if (!(words[n] in is_met)) { is_met[words[n]] = 1; grows = 1 }
        }
    } while (grows)
}
END {
    out["OUTPUT"] = 1; follow(out)
    back["INPUT"] = 1; follow(back)
    for (i = 1; i <= lines; i++) {
        goes_out = (chain[i] in out) && !to_another[i]
        comes_back = (chain[i] in back) && !of_another[i]
        is_known = keeps_away[i] && (to_another[i] || of_another[i])
        if ((goes_out || comes_back) && !is_known) print line[i]
    }
    print exit_line
}'; else cat; fi
}
firewall() {
    tried=$(cat "$folder"/*.tried 2>/dev/null | tr '\n' ' ')
    [ -n "$tried" ] || { echo not asked; return; }
    rules "$tried" | mask >"$folder/rules"
    # Logs make room for them, but not all of it.
    if [ "$(packed <"$folder/rules" | wc -c)" -le 8000 ]; then cat "$folder/rules"; else echo "too_many=$(wc -l <"$folder/rules")"; fi
}
# Rules of other tables that drop or reject: nobody follows them. A table that the kernel has not is not asked for.
others() {
    [ -n "$(cat "$folder"/*.tried 2>/dev/null)" ] || return
    names=$(cat /proc/net/ip_tables_names 2>/dev/null)
    {
        for table in raw mangle; do
            [ -z "$names" ] || printf '%s\n' "$names" | grep -qx "$table" || continue
            timeout -k 1 2 iptables -w 1 -t "$table" -S </dev/null 2>/dev/null |
                sed -nE -e 'h; s/"[^"]*"//g; /^-P [^ ]+ DROP|^-A .* -j (DROP|REJECT)/!d; /^-[AP] FORWARD /d' -e "g; s/^/iptables -t $table /p"
        done
        timeout -k 1 2 nft list ruleset </dev/null 2>/dev/null | awk '
$1 == "table" { table = $2 " " $3; is_own = ($2 == "ip") ? $3 ~ /^(filter|nat|mangle|raw|security)$/ : ($2 != "inet" && $2 != "netdev") }
$1 == "chain" { chain = $2; is_forwarding = 0 }
/hook forward/ { is_forwarding = 1 }
{ bare = $0; gsub(/"[^"]*"/, "", bare); sub(/^[ \t]+/, "") }
!is_own && !is_forwarding && bare ~ /[ \t](drop|reject)([ ;]|$)/ { print "nft " table " " chain ": " $0 }' 2>/dev/null
    } | mask | cut -c 1-300 | head -n 20
}
# Of the mounts that these folders are in, those that nobody can write to; root may try, and `test -w` says yes.
read_only() {
    places=
    for place in /var/lib/ecs /var/lib/ecs/data /var/lib/docker /var/log/ecs; do [ ! -d "$place" ] || places="$places $place"; done
    timeout -k 1 3 awk -v "all=$places" '
BEGIN { n = split(all, place, " ") }
{ for (i = 1; i <= n; i++) if (($2 == "/" || index(place[i] "/", $2 "/") == 1) && length($2) >= length(at[i])) { at[i] = $2; how[i] = $4 } }
END { for (i = 1; i <= n; i++) if (how[i] ~ /^ro(,|$)/ && !told[at[i]]++) print "read_only=" place[i], at[i] }' /proc/self/mounts 2>/dev/null
}
# Any answer has a date, whatever else it says; of a proxy's and a server's the server's comes last.
# The metadata service's is of the machine below.
clock() {
    for server in api acs tcs metadata; do
        head=$folder/$server.head
        theirs=$(sed -n 's/^[Dd][Aa][Tt][Ee]: *//p' "$head" 2>/dev/null | tr -d '\r' | tail -n 1)
        [ -n "$theirs" ] || continue
        echo "now=$(stat -c %Y "$head")"
        echo "date=$theirs"
        echo "of=$server"
        return
    done
    date -u +now=%s
}
region() {
    found=$(setting AWS_DEFAULT_REGION)
    [ -n "$found" ] || found=$(sed -n 's#^placement/region=\([a-z0-9-]*\) 200$#\1#p' "$folder/metadata")
    printf '%s' "$found"
}
logs() { # bytes of each
    for log in /var/log/ecs/ecs-agent.log /var/log/ecs/ecs-init.log; do
        newest=$(ls -t "$log"* 2>/dev/null | head -n 3)
        for file in $newest; do
            [ -r "$file" ] || continue
            size=$(wc -c <"$file")
            lines=$(within 3 wc -l "$file" | sed 's/[^0-9].*//')
            tail -c "$1" "$file" >"$folder/tail"
            section "ecs_agent_logs/${file##*/} $((${lines:-0} - $(wc -l <"$folder/tail"))) $((size > $1))"
            mask <"$folder/tail"
        done
    done
    section "kernel/dmesg.current"
    within 3 dmesg 2>/dev/null | grep -aiE 'out of memory|oom-kill|result of limit of|I/O error|no space|segfault' | tail -n 20 | mask
    section "docker_log/docker"
    within 5 journalctl -u docker --no-pager -n 60 -o short-iso 2>/dev/null | tail -c "$1" | mask
    section "system.log"
    within 5 journalctl -u ecs --no-pager -n 60 -o short-iso 2>/dev/null | tail -c "$1" | mask
}
)sh";

constexpr std::string_view errand = R"sh(
folder=
for place in /dev/shm /run /tmp /var/tmp; do
    folder=$(mktemp -d "$place/doctor.XXXXXXXX" 2>&1) && break
    why=$folder
    folder=
done
[ -n "$folder" ] || { echo "no folder can be made in /dev/shm, /run, /tmp or /var/tmp: $why"; exit 3; }
trap 'rm -rf "$folder"' EXIT
find /dev/shm /run /tmp /var/tmp -maxdepth 1 -name 'doctor.????????' -user "$(id -un)" -mmin +60 -exec rm -rf {} + 2>/dev/null
learn_secrets
services >"$folder/services" &
docker_state >"$folder/docker" &
metadata >"$folder/metadata"
backend=$(setting ECS_BACKEND_HOST)
region=$(region)
case "$region" in cn-*) domain=amazonaws.com.cn ;; *) domain=amazonaws.com ;; esac
api=https://ecs.$region.$domain/
acs=$(grep -aohE 'ecs-a-[0-9]+\.[a-z0-9.-]+' /var/log/ecs/ecs-agent.log 2>/dev/null | tail -n 1)
tcs=$(grep -aohE 'ecs-t-[0-9]+\.[a-z0-9.-]+' /var/log/ecs/ecs-agent.log 2>/dev/null | tail -n 1)
if [ -n "$backend" ]; then
    case "$backend" in *://*) api=$backend ;; *) api=https://$backend ;; esac
    reach "$api" "$folder/api.head" >"$folder/api" &
elif [ -n "$region" ]; then
    reach "$api" "$folder/api.head" >"$folder/api" &
    reach "https://${acs:-ecs-a-1.$region.$domain}/" "$folder/acs.head" >"$folder/acs" &
    reach "https://${tcs:-ecs-t-1.$region.$domain}/" "$folder/tcs.head" >"$folder/tcs" &
fi
wait
{
    section facts/services; cat "$folder/services"
    section facts/agent; processes
    section facts/docker; cat "$folder/docker"
    section facts/state; state
    section facts/metadata; mask <"$folder/metadata"
    section facts/disk; set -- / /var/lib/ecs /var/lib/ecs/data /var/lib/docker /var/log /var/log/ecs
    case $(setting ECS_DATADIR) in /*) set -- "$@" "$(setting ECS_DATADIR)" ;; esac
    within 3 df -P "$@" 2>/dev/null; within 3 df -Pi "$@" 2>/dev/null; read_only
    section facts/clock; clock
    section facts/endpoint/api; echo "url=$api region=$region"; cat "$folder/api" 2>/dev/null
    section facts/endpoint/acs; cat "$folder/acs" 2>/dev/null
    section facts/endpoint/tcs; cat "$folder/tcs" 2>/dev/null
    section facts/firewall; firewall
    section facts/firewall_others; others
    section facts/introspection; within 3 curl -sS -m 2 http://127.0.0.1:51678/v1/metadata
    section facts/holds
    for hold in /var/run/squall/*/run; do
        [ -r "$hold" ] || continue
        place=${hold%/run}
        case "${place##*/}" in *.*) ;; *) echo "fault=${place##*/} run=$(head -c 64 "$hold" | head -n 1) until=$(head -n 1 "$place/until" 2>/dev/null)" ;; esac
    done
    section facts/memory; grep -E '^(MemTotal|MemAvailable|SwapFree):' /proc/meminfo; cat /proc/loadavg
    section ecs-agent/ecs.config
    names='ECS_CLUSTER|ECS_BACKEND_HOST|AWS_DEFAULT_REGION|HTTPS?_PROXY|NO_PROXY|ECS_DATADIR|ECS_RESERVED_MEMORY|ECS_EXTERNAL'
    names="$names|ECS_INSTANCE_ATTRIBUTES|ECS_CONTAINER_INSTANCE_TAGS|ECS_LOG[A-Z_]*|SSL_CERT_FILE|ECS_INSTANCE_IP_COMPATIBILITY|ECS_CHECKPOINT"
    grep -aE "^[[:space:]]*($names)=" /etc/ecs/ecs.config 2>/dev/null | grep -v ECS_LOG_OPTS | mask
} >"$folder/facts"
for bytes in 400000 150000 60000 25000 10000 4000; do
    { cat "$folder/facts"; logs "$bytes"; } >"$folder/all"
    packed <"$folder/all" >"$folder/out"
    [ "$(wc -c <"$folder/out")" -gt 22000 ] || break
done
echo "squall-doctor 1 $boundary"
head -c 23000 "$folder/out"
echo
)sh";

} // namespace

std::string errand_script(const std::string& boundary) {
    return fmt::format("boundary={}\n", shell_quoted(boundary)) + std::string(tools)
           + std::string(looks) + std::string(errand);
}

} // namespace squall::host
