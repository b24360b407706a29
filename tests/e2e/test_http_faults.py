"""Faults on a container's HTTP traffic, from the command line to the hosts: the helper on them is a script of this test's own."""
import hashlib
import http.server
import json
import shutil
import subprocess
import tempfile
import threading
from pathlib import Path

import pytest
from conftest import SQUALL, Finished, Lab

HELPER = r'''#!/bin/sh
verb=$1; shift
[ "$verb" != --version ] || exit 0
echo "$verb $*" >>/var/log/helper.log
run=; tasks=
while [ $# -gt 0 ]; do case $1 in --run) run=$2; shift ;; --tasks) tasks=$2; shift ;; esac; shift; done
dir=/var/run/squall/proxy/$run
proxies() {
    first=yes
    [ ! -e "$dir/tasks" ] || for task in $(tr "," " " <"$dir/tasks"); do
        task=${task%%=*}
        [ $first = yes ] || printf ,
        first=no
        printf '{"task":"%s","container_name":"web","state":"%s","interface":"eth0","intercept":"tproxy-owner","list":"nft list table inet squall",' "$task" "$(cat "$dir/state")"
        printf '"counts":{"accepted":%s,"met":%s,"tls":0}}' "$(cat /var/hits 2>/dev/null || echo 4)" "$(cat /var/hits 2>/dev/null || echo 3)"
    done
}
case $verb in
proxy) mkdir -p "$dir"; echo "$tasks" >"$dir/tasks"; echo armed >"$dir/state"; printf '{"event":"armed","until":"2030-01-01T00:00:00Z","proxies":['; proxies; echo '],"absent":[]}' ;;
stop) [ ! -e "$dir/state" ] || echo ended >"$dir/state"; printf '{"event":"stopped","proxies":['; proxies; echo ']}' ;;
status) printf '{"proxies":['; proxies; echo ']}' ;;
forget) rm -rf "$dir" ;;
esac
'''
SHA256 = hashlib.sha256(HELPER.encode()).hexdigest()


@pytest.fixture(scope='module')
def program():
    """squall with a helper beside it."""
    folder = Path(tempfile.mkdtemp(prefix='sq-'))
    shutil.copy2(SQUALL, folder / 'squall')
    (folder / 'squall-host').write_text(HELPER)
    yield folder / 'squall'
    shutil.rmtree(folder)


@pytest.fixture(scope='module')
def lab(program):
    lab = Lab(2, binary=program)
    for instance in (1, 2):
        lab.sh(instance, f"cat >/root/helper <<'END'\n{HELPER}END")
    yield lab
    lab.down()


@pytest.fixture(scope='module')
def port(lab):
    [container] = lab.aws('ecs', 'describe-task-definition', '--task-definition', 'web')['taskDefinition']['containerDefinitions']
    return container['portMappings'][0]['containerPort']


def words(port, *settings, kind='status-code'):
    given = {'CLUSTER_NAME': 'demo', 'SERVICE_NAME': 'web', 'TARGET_SERVICE_PORT': port, 'TOTAL_CHAOS_DURATION': 5}
    given.update(setting.split('=', 1) for setting in settings)
    return ['--fault', f'ecs-container-http-{kind}', *(word for name, value in given.items() for word in ('--set', f'{name}={value}'))]


def run(lab, port, *settings):
    done = lab.squall('run', '--json', *words(port, *settings))
    return done, [json.loads(line) for line in done.out.splitlines()]


def test_a_run_counts_on_every_task_and_leaves_nothing_on_the_hosts(lab, port):
    done, events = run(lab, port, 'HELPER_URL=file:///root/helper')
    assert done.code == 0, done
    assert 'requests met the fault' in events[-1]['reason']
    armed = [event for event in events if event['kind'] == 'armed']
    counted = [event for event in events if event['kind'] == 'counted']
    assert armed and len(armed) == len(counted)
    assert all(event['hits'] == 3 for event in counted)
    status = lab.squall('status', events[0]['run'])
    assert status.out.count('SSM command of the order') == len({event['target'] for event in armed}), status
    assert 'nft list table inet squall' in status.out and 'disarms by itself at' in status.out
    for instance in (1, 2):
        assert lab.sh(instance, 'ls /var/run/squall') == 'proxy', 'the record is gone; the counts go by themselves'
        assert lab.sh(instance, 'systemctl list-units --all --no-legend "squall-*"') == ''
        assert lab.sh(instance, f'sha256sum </var/lib/squall/bin/{SHA256}/squall-host').startswith(SHA256)
    swept = lab.squall('sweep', '--fault', 'ecs-container-http-latency', '--set', 'CLUSTER_NAME=demo')
    assert swept.code == 0, swept


def test_nothing_met_is_no_effect(lab, port):
    for instance in (1, 2):
        lab.sh(instance, 'echo 0 >/var/hits')
    try:
        done, events = run(lab, port, 'HELPER_URL=file:///root/helper')
        assert done.code == 4 and events[-1]['verdict'] == 'no-effect', done
        assert 'EXISTING_CONNECTIONS=reset' in events[-1]['reason']
    finally:
        for instance in (1, 2):
            lab.sh(instance, 'rm /var/hits')


def test_a_helper_that_is_not_what_was_published_is_not_run(lab, port):
    for instance in (1, 2):
        lab.sh(instance, 'rm -rf /var/lib/squall; echo "exit 0" >/root/other; rm -f /var/log/helper.log')
    done, events = run(lab, port, 'HELPER_URL=file:///root/other')
    assert done.code == 3, done
    refusals = [event['why'] for event in events if event['kind'] == 'not-injected']
    assert refusals and all('its SHA-256 is' in why for why in refusals)
    for instance in (1, 2):
        assert 'proxy' not in lab.sh(instance, 'cat /var/log/helper.log 2>/dev/null || true')
        assert lab.sh(instance, 'ls -A /var/lib/squall/bin') == ''


def test_the_plan_names_tasks_and_errors_come_before_anything_is_touched(lab, port):
    done = lab.squall('plan', *words(port))
    assert done.code == 0 and f'port {port}' in done.out and 'task ' in done.out and SHA256[:16] in done.out, done
    assert 'HELPER_BUCKET' in done.out
    for settings, text in ((['TARGET_SERVICE_PORT=9'], 'no container exposes TARGET_SERVICE_PORT=9'), (['SERVICE_NAME=nobody'], "no service 'nobody'"),
                           ([f'TASK_REPLICA_ID={"0" * 32}'], 'has no task')):
        done = lab.squall('run', *words(port, *settings))
        assert done.code == 3 and text in done.err, done
    done = lab.squall('run', *words(port, 'STATUS_CODE=99', 'HELPER_URL=gopher://x'))
    assert done.code == 64 and 'STATUS_CODE' in done.err and 'HELPER_URL' in done.err, done


def test_a_run_with_the_printed_policy_goes_through(lab, port):
    done = lab.squall('policy', *words(port, 'HELPER_BUCKET=tools'))
    assert done.code == 0, done
    actions = json.dumps(json.loads(done.out))
    for action in ('ecs:DescribeTasks', 'ecs:DescribeTaskDefinition', 'ssm:SendCommand', 's3:GetObject', 'arn:aws:s3:::tools/squall/*'):
        assert action in actions


class Bucket(http.server.BaseHTTPRequestHandler):
    objects = {}
    puts = []

    def log_message(self, *arguments):
        pass

    def answer(self, status, body=b''):
        self.send_response(status)
        self.send_header('x-amz-request-id', 'r')
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_HEAD(self):
        self.answer(200 if self.path in self.objects else 404)

    def do_GET(self):
        # Which of the two is not there: an answer to HEAD has no words.
        self.answer(404, b'<Error><Code>NoSuchKey</Code><Message>The specified key does not exist.</Message></Error>')

    def do_PUT(self):
        body = self.rfile.read(int(self.headers['Content-Length']))
        assert self.headers['x-amz-content-sha256'] == hashlib.sha256(body).hexdigest()
        assert '/s3/aws4_request' in self.headers['Authorization']
        self.objects[self.path] = body
        self.puts.append(self.path)
        self.answer(200)


def test_publish_sends_the_helper_once_under_its_hash(program, state):
    _, environment = state
    server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Bucket)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    environment.update(AWS_ENDPOINT_URL=f'http://127.0.0.1:{server.server_port}', AWS_ACCESS_KEY_ID='AKIDEXAMPLE', AWS_SECRET_ACCESS_KEY='secret', AWS_REGION='us-east-1')
    try:
        def publish():
            return Finished(subprocess.run([program, 'helper', 'publish', '--bucket', 'tools', '--json'], env=environment, capture_output=True, text=True, timeout=60, check=False))

        first = publish()
        assert first.code == 0 and json.loads(first.out)['sent'] is True, first
        assert json.loads(first.out)['place'] == f's3://tools/squall/{SHA256}/squall-host'
        again = publish()
        assert again.code == 0 and json.loads(again.out)['sent'] is False, again
        assert Bucket.puts == [f'/tools/squall/{SHA256}/squall-host'] and Bucket.objects[Bucket.puts[0]] == HELPER.encode()
    finally:
        server.shutdown()
        server.server_close()

