"""The four faults on HTTP traffic with the real helper, on hosts of the lab, seen from outside through the load balancer."""
import collections
import json
import re
import time
import urllib.error
import urllib.request

import pytest
from conftest import Lab, Run, wait_for
from listener import Listener

BUCKET = 'squall-helpers'


@pytest.fixture(scope='module', name='lab')
def lab_with_a_published_helper():
    lab = Lab(3)
    published = lab.squall('helper', 'publish', '--bucket', BUCKET)
    assert published.code == 0, published
    yield lab
    lab.down()


@pytest.fixture(name='url')
def url_of_the_load_balancer(lab):
    wait_for('all targets are healthy', lambda: '3 of 3 targets healthy' in lab.squall('lab', 'status').out, timeout=60)
    return json.loads(lab.squall('lab', 'status', '--json').out)['load_balancers'][0]['url']


def ask(url):
    """(status, body, seconds)."""
    began = time.monotonic()
    try:
        with urllib.request.urlopen(url, timeout=30) as answer:
            return answer.status, answer.read().decode(), time.monotonic() - began
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode(), time.monotonic() - began


def settings(kind, *more, seconds=6, percent=34):
    words = [f'TOTAL_CHAOS_DURATION={seconds}', f'TASK_REPLICA_AFFECTED_PERC={percent}', 'CLUSTER_NAME=demo', 'SERVICE_NAME=web', 'TARGET_SERVICE_PORT=8080',
             'EXEMPT_PATHS=/health', f'HELPER_BUCKET={BUCKET}', *more]
    return ['--fault', f'ecs-container-http-{kind}', *[word for value in words for word in ('--set', value)]]


def start(lab, kind, *more, **options):
    return Run(lab.start('run', '--json', *settings(kind, *more, **options)))


def run_and_ask(lab, url, kind, *more, **options):
    """What 30 requests came to while it held; and the run, which is over."""
    run = start(lab, kind, *more, **options)
    run.until('phase', phase='hold')
    answers = [ask(url) for _ in range(30)]
    run.finish()
    return answers, run


def statuses(answers):
    return collections.Counter(status for status, _, _ in answers)


def task_of(body):
    found = re.search('<th>task</th><td>([0-9a-f]+)</td>', body)
    return found and found[1]


def is_well(lab, url):
    assert statuses([ask(url) for _ in range(6)]) == {200: 6}
    for instance in (1, 2, 3):
        assert lab.sh(instance, 'pgrep -x squall-host || true') == ''
        assert lab.sh(instance, 'ls /var/run/squall 2>/dev/null || true') in ('', 'proxy')


def test_a_third_of_the_tasks_answers_503_by_itself(lab, url):
    answers, run = run_and_ask(lab, url, 'status-code')
    assert statuses(answers) == {503: 10, 200: 20}
    assert all('made by Squall' in body for status, body, _ in answers if status == 503)
    assert run.verdict['verdict'] == 'passed'
    (task,) = [task for instance in run.verdict['instances'] for task in instance.get('tasks', [])]
    assert task['hits'] == 10 and task['counts']['answered'] == 10
    # The falsified task never saw them.
    assert task['task'] not in {task_of(body) for _, body, _ in answers}
    is_well(lab, url)


def test_the_application_s_own_body_comes_under_another_status(lab, url):
    answers, run = run_and_ask(lab, url, 'status-code', 'STATUS_CODE=429', 'MODIFY_RESPONSE_BODY=false', percent=100)
    assert statuses(answers) == {429: 30} and all(task_of(body) for _, body, _ in answers)
    assert run.verdict['verdict'] == 'passed' and len(run.of('armed')) == 3
    is_well(lab, url)


def test_responses_begin_later(lab, url):
    answers, run = run_and_ask(lab, url, 'latency', 'LATENCY=400', seconds=10)
    slow = [seconds for _, _, seconds in answers if seconds >= 0.4]
    assert len(slow) == 10 and statuses(answers) == {200: 30}
    assert run.verdict['verdict'] == 'passed'
    is_well(lab, url)


def test_bodies_are_replaced(lab, url):
    answers, run = run_and_ask(lab, url, 'modify-body', 'RESPONSE_BODY=chaos, quoted: \'"$HOME`id`')
    changed = [body for _, body, _ in answers if body == 'chaos, quoted: \'"$HOME`id`']
    assert len(changed) == 10 and statuses(answers) == {200: 30}
    assert run.verdict['verdict'] == 'passed'
    is_well(lab, url)


def test_several_faults_meet_the_same_requests(lab, url):
    answers, run = run_and_ask(lab, url, 'latency', 'LATENCY=300', 'WITH_FAULTS=status-code,modify-body', 'STATUS_CODE=418', 'MODIFY_RESPONSE_BODY=false', 'RESPONSE_BODY=tea',
                               seconds=10)
    changed = [(body, seconds >= 0.3) for status, body, seconds in answers if status == 418]
    assert changed == [('tea', True)] * 10 and statuses(answers) == {418: 10, 200: 20}
    (task,) = [task for instance in run.verdict['instances'] for task in instance.get('tasks', [])]
    assert task['hits'] == 10, 'a request that meets two of them is one request'
    is_well(lab, url)


def test_connections_are_reset(lab, url):
    answers, run = run_and_ask(lab, url, 'reset-peer', 'RESET_TIMEOUT=0')
    assert statuses(answers) == {502: 10, 200: 20}
    assert run.verdict['verdict'] == 'passed'
    is_well(lab, url)


@pytest.mark.parametrize('kind, words, seen', [('status-code', (), '503'), ('reset-peer', ('RESET_TIMEOUT=0',), 'reset'), ('reset-peer', ('RESET_TIMEOUT=700',), 'reset'),
                                               ('latency', ('LATENCY=300',), '200'), ('modify-body', (), '200')])
def test_each_host_asks_its_tasks_by_itself(lab, url, kind, words, seen):
    """Nobody else does: so there is a proof that the fault was in place, and no effect all the same."""
    run = start(lab, kind, *words, percent=100)
    assert run.finish() == 4 and run.verdict['verdict'] == 'no-effect'
    assert 'no request met the fault but those of the hosts themselves' in run.verdict['reason']
    assert run.verdict['proof'] == ['the hosts\' own requests']
    tasks = [task for instance in run.verdict['instances'] for task in instance['tasks']]
    assert len(tasks) == 3
    for task in tasks:
        canary = task['canary']
        assert (canary['before'], canary['during'], canary['after'], canary['met']) == ('200', seen, '200', True), task
        assert canary.get('during_ms', 0) >= int(words[0].partition('=')[2] if words else 0) and task['hits'] == 0
    told = lab.squall('runs', run.events[0]['run']).out
    assert len(re.findall(f'200 → {seen}( in [0-9]+ ms| [(]affected[)])? → 200', told)) == 3, told
    is_well(lab, url)


def test_when_nothing_was_hit_there_was_no_effect(lab, url):
    answers, run = run_and_ask(lab, url, 'status-code', 'METHODS=DELETE', percent=100)
    assert statuses(answers) == {200: 30}
    assert run.verdict['verdict'] == 'no-effect' and run.process.returncode == 4
    is_well(lab, url)


def test_one_task_after_another(lab, url):
    run = start(lab, 'status-code', 'SEQUENCE=serial', percent=100, seconds=5)
    for _ in range(3):
        run.until('phase', phase='hold')
        assert statuses([ask(url) for _ in range(12)]) == {503: 4, 200: 8}
    assert run.finish() == 0 and len(run.of('armed')) == 3
    is_well(lab, url)


def test_a_killed_runner_s_fault_ends_by_itself(lab, url):
    run = start(lab, 'status-code', percent=100, seconds=8)
    run.until('phase', phase='hold')
    assert statuses([ask(url) for _ in range(6)]) == {503: 6}
    run.process.kill()
    run.process.wait(30)
    wait_for('the service answers', lambda: ask(url)[0] == 200, timeout=8 + 8 + 15)
    wait_for('status says that this is over', lambda: 'was to restore itself at' in lab.squall('status').out, timeout=5)
    recovered = lab.squall('recover')
    assert recovered.code in (0, 5), recovered
    is_well(lab, url)


def test_abort_gives_the_traffic_back_at_once(lab, url):
    run = start(lab, 'latency', 'LATENCY=60000', percent=100, seconds=120)
    run.until('phase', phase='hold')
    aborted = lab.squall('abort', run.events[0]['run'])
    assert aborted.code == 0, aborted
    run.finish()
    assert run.verdict['verdict'] == 'aborted'
    is_well(lab, url)


def test_status_says_where_the_rule_is_and_the_command_there_lists_it(lab, url):
    run = start(lab, 'status-code', percent=100, seconds=8)
    run.until('phase', phase='hold')
    told = lab.squall('status', run.events[0]['run']).out
    armed = run.of('armed')
    for event in armed:
        assert event['list'] in told
        assert 'tproxy to :20000' in lab.sh(event['target'], event['list'])
    assert len(armed) == 3 and run.finish() in (0, 4)
    is_well(lab, url)


def test_exempt_clients_meet_no_fault(lab, url):
    """The load balancer's addresses are of the VPC."""
    answers, run = run_and_ask(lab, url, 'status-code', 'EXEMPT_SOURCES=10.0.0.0/8', percent=100)
    assert statuses(answers) == {200: 30} and run.verdict['verdict'] == 'no-effect'
    refused = lab.squall('plan', *settings('status-code', 'EXEMPT_SOURCES=10.0.0.0/8,elsewhere'))
    assert refused.code == 64 and 'elsewhere' in refused.err
    is_well(lab, url)


def test_a_proxy_that_dies_is_told_with_what_it_had_counted(lab, url):
    run = start(lab, 'status-code', percent=100, seconds=8)
    run.until('phase', phase='hold')
    assert statuses([ask(url) for _ in range(6)]) == {503: 6}
    target = run.of('armed')[0]['target']
    wait_for('it is written down', lambda: '"answered":2' in lab.sh(target, 'cat /var/run/squall/proxy/*/*.json'))
    lab.sh(target, 'kill -9 $(pgrep -o -x squall-host)')
    wait_for('it is gone', lambda: lab.sh(target, 'pgrep -x squall-host || true') == '')
    assert statuses([ask(url) for _ in range(6)]) == {503: 4, 200: 2}
    run.finish()
    (killed,) = run.of('counted', target)
    assert killed['ended_by'] == 'death' and killed['why'] == 'it died before its time' and killed['hits'] == 2 and killed['container'] == 'web'
    assert run.verdict['verdict'] == 'passed'
    is_well(lab, url)


@pytest.mark.parametrize('kind, words, seen', [('status-code', (), '503'), ('reset-peer', ('RESET_TIMEOUT=0',), '502'), ('latency', ('LATENCY=300',), '200'),
                                               ('modify-body', (), '200')])
def test_the_canary_sees_the_fault_as_a_client_does(lab, url, kind, words, seen):
    run = start(lab, kind, f'CANARY_URL={url}', *words, percent=100, seconds=8)
    assert run.finish() == 0, run.verdict
    canary = run.verdict['canary']
    assert canary['before']['outcomes'] == {'200': 3} and canary['after']['outcomes'] == {'200': 3}, canary
    assert set(canary['during']['outcomes']) == {seen} and canary['during']['outcomes'][seen] == canary['different'] >= 2, canary
    assert canary['differed'] and run.verdict['proof'] == ['the proxies\' counts', 'the hosts\' own requests', 'the canary']
    assert kind != 'latency' or canary['during']['slowest_ms'] >= 300 > canary['before']['slowest_ms']
    # Nobody else was asking: what was counted is the canary's, and the report says that it may be.
    assert 'its own requests are among those counted' in run.verdict['reason']
    assert [event['phase'] for event in run.of('canary')] == ['before'] * 3 + ['during'] * canary['different'] + ['after'] * 3
    told = lab.squall('runs', run.events[0]['run']).out
    assert 'proof of effect: by the proxies\' counts and by the hosts\' own requests and by the canary' in told and f'canary during  {seen} (' in told
    assert not run.of('warning')
    is_well(lab, url)


def test_a_canary_that_the_fault_does_not_concern_sees_no_difference(lab, url):
    run = start(lab, 'status-code', f'CANARY_URL={url}/health', percent=100)
    run.until('phase', phase='hold')
    assert statuses([ask(url) for _ in range(3)]) == {503: 3}
    assert run.finish() == 0
    assert not run.verdict['canary']['differed'] and run.verdict['proof'] == ['the proxies\' counts', 'the hosts\' own requests']
    assert 'the canary saw no difference' in run.verdict['reason']
    is_well(lab, url)


def test_a_canary_that_nobody_answers_is_a_warning_before(lab, url):
    # Port 1 of loopback: nobody listens.
    run = start(lab, 'status-code', 'CANARY_URL=http://127.0.0.1:1/', percent=100)
    run.until('phase', phase='hold')
    ask(url)
    assert run.finish() == 0
    assert any('does not answer well before the fault: no connection' in event['text'] for event in run.of('warning'))
    assert run.verdict['canary']['before']['outcomes'] == {'no connection': 1} and not run.verdict['canary']['differed']
    is_well(lab, url)


class FallsSilent(Listener):
    """Answers three times, and then never again."""

    def serve(self, connection):
        if self.connections > 3:
            connection.settimeout(60)
            while connection.recv(4096):
                pass
            return
        connection.recv(4096)
        connection.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n')


def test_a_canary_that_falls_silent_holds_up_no_abort(lab, url):
    # It would be waited for for 30 s.
    silent = FallsSilent()
    run = start(lab, 'latency', 'LATENCY=60000', f'CANARY_URL=http://127.0.0.1:{silent.port}/', percent=100, seconds=120)
    run.until('phase', phase='hold')
    wait_for('it is asked', lambda: silent.connections == 4)
    aborted = lab.squall('abort', run.events[0]['run'], timeout=25)
    assert aborted.code == 0, aborted
    run.finish()
    assert run.verdict['verdict'] == 'aborted' and [event['phase'] for event in run.of('canary')] == ['before'] * 3
    is_well(lab, url)


def test_a_plan_asks_no_canary(lab, url):
    silent = FallsSilent()
    assert lab.squall('plan', *settings('latency', f'CANARY_URL=http://127.0.0.1:{silent.port}/')).code == 0
    assert silent.connections == 0


def credentials_file(lab, path):
    keys = {name: lab.environment[name] for name in ('AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY')}
    path.write_text('[default]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = ' + 'y' * 40 + '\n'
                    f'[chaos]\naws_access_key_id = {keys["AWS_ACCESS_KEY_ID"]}\naws_secret_access_key = {keys["AWS_SECRET_ACCESS_KEY"]}\n', encoding='utf-8')
    path.chmod(0o600)
    without = {name: value for name, value in lab.environment.items() if name not in keys}
    return {**without, 'AWS_EC2_METADATA_DISABLED': 'true', 'HOME': str(path.parent)}, keys['AWS_SECRET_ACCESS_KEY']


def test_a_credentials_file_stands_in_place_of_everything_else(lab, tmp_path):
    environment, _ = credentials_file(lab, tmp_path / 'keys')
    chaos = {**environment, 'AWS_PROFILE': 'chaos'}
    words = settings('latency', 'AWS_AUTHENTICATION_SECRET=keys')
    planned = lab.squall('plan', '--json', *words, environment=chaos, cwd=tmp_path)
    assert planned.code == 0 and json.loads(planned.out)['tunables']['AWS_AUTHENTICATION_SECRET'] == str(tmp_path / 'keys'), planned
    # Not even good keys in the environment are taken: those of the file are nobody's in its first profile.
    other = lab.squall('plan', *words, environment={**lab.environment, 'HOME': str(tmp_path)}, cwd=tmp_path)
    assert other.code == 3 and 'AWS does not know this access key' in other.err, other
    missing = lab.squall('plan', *words, environment=chaos, cwd='/')
    assert missing.code != 0 and '/keys' in missing.err, missing
    unknown = lab.squall('plan', *words, environment={**chaos, 'AWS_PROFILE': 'nobody'}, cwd=tmp_path)
    assert unknown.code != 0 and 'nobody' in unknown.err, unknown


def test_a_run_and_its_recovery_act_by_the_credentials_file(lab, url, tmp_path):
    environment, secret = credentials_file(lab, tmp_path / 'keys')
    environment['AWS_PROFILE'] = 'chaos'
    run = Run(lab.start('run', '--json', *settings('status-code', f'AWS_AUTHENTICATION_SECRET={tmp_path}/keys', percent=100, seconds=8), environment=environment))
    run.until('phase', phase='hold')
    run.process.kill()
    run.process.wait(30)
    recovered = lab.squall('recover', environment=environment, cwd='/')
    assert recovered.code in (0, 5), recovered
    assert lab.squall('status', environment=environment).out == 'no run is open\n'
    journal = b''.join(path.read_bytes() for path in (lab.state / 'squall').glob('journal.db*'))
    assert b'/keys' in journal and secret.encode() not in journal
    is_well(lab, url)
