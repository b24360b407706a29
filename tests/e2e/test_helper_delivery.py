"""What can go wrong while a host fetches the real helper: each is told with its cause, and nothing is left on the host."""
import json
import os
import shutil
import struct
import subprocess
import tempfile
import time
from pathlib import Path

import pytest
from conftest import SQUALL, Lab, Run, wait_for

HELPER = Path(os.environ.get('SQUALL_HOST_BINARY', Path(__file__).resolve().parents[2] / 'build/release/squall-host'))
BUCKET = 'squall-helpers'
FOLDER = '/var/lib/squall/bin'
# Accepts one connection, says that it did, and never answers it.
SILENT = 'import socket; s = socket.create_server(("127.0.0.1", 9009)); c = s.accept()[0]; open("/run/asked", "w").close(); c.recv(1 << 20); c.recv(1)'


@pytest.fixture(scope='module', name='lab')
def lab_of_one_host():
    lab = Lab(1)
    yield lab
    lab.down()


@pytest.fixture(name='url')
def url_of_the_service(lab):
    wait_for('its target is healthy', lambda: '1 of 1 targets healthy' in lab.squall('lab', 'status').out, timeout=60)
    return lab.status()['load_balancers'][0]['url']


@pytest.fixture(name='fresh', autouse=True)
def a_host_without_the_helper(lab):
    lab.sh(1, f'rm -rf {FOLDER}; mkdir -p {FOLDER}')
    yield
    lab.sh(1, f'while mountpoint -q {FOLDER}; do umount {FOLDER}; done')


def settings(*more, seconds=5):
    words = [f'TOTAL_CHAOS_DURATION={seconds}', 'CLUSTER_NAME=demo', 'SERVICE_NAME=web', 'TARGET_SERVICE_PORT=8080', 'EXEMPT_PATHS=/health', *more]
    return ['--fault', 'ecs-container-http-status-code', *[word for value in words for word in ('--set', value)]]


def publish(lab):
    published = lab.squall('helper', 'publish', '--bucket', BUCKET)
    assert published.code == 0, published


def run(lab, *more):
    done = lab.squall('run', '--json', *settings(*more))
    return done, [json.loads(line) for line in done.out.splitlines()]


def why_not(lab, *more):
    """What the host says of a run that it could not begin."""
    done, events = run(lab, *more)
    assert done.code == 3 and events[-1]['verdict'] == 'error', done
    (refusal,) = [event['why'] for event in events if event['kind'] == 'not-injected']
    assert refusal in events[-1]['reason']
    return refusal


def status_of(url):
    return subprocess.run(['curl', '-s', '-m', '10', '-o', '/dev/null', '-w', '%{http_code}', url], capture_output=True, text=True, check=False).stdout


def is_untouched(lab, url):
    assert status_of(url) == '200'
    assert lab.sh(1, f'ls -A {FOLDER}') == ''
    assert lab.sh(1, 'pgrep -x squall-host || true') == ''
    # An undo that found nothing leaves a mark for half a minute: what comes after it does nothing.
    wait_for('the mark is gone', lambda: lab.sh(1, 'ls -A /var/run/squall 2>/dev/null || true') in ('', 'proxy'), timeout=60)
    assert lab.sh(1, 'ls -A /var/run/squall/proxy 2>/dev/null || true') == ''
    assert lab.sh(1, 'systemctl list-units --all --no-legend "squall-*"') == ''


def test_what_nobody_has_published_is_named_with_its_place(lab, url):
    objects = lab.aws('s3api', 'list-objects-v2', '--bucket', BUCKET).get('Contents', [])
    for one in objects:
        lab.aws('s3api', 'delete-object', '--bucket', BUCKET, '--key', one['Key'])
    why = why_not(lab, f'HELPER_BUCKET={BUCKET}')
    assert f'/{BUCKET}/squall/' in why and 'HTTP 404' in why and 'squall helper publish' in why
    assert 'Signature' not in why and '?' not in why
    is_untouched(lab, url)


def test_what_was_published_is_not_what_is_there(lab, url):
    """The object was replaced: a host runs only what the plan names."""
    publish(lab)
    (key,) = [one['Key'] for one in lab.aws('s3api', 'list-objects-v2', '--bucket', BUCKET)['Contents'] if 'squall-host' in one['Key']]
    with tempfile.NamedTemporaryFile() as other:
        other.write(HELPER.read_bytes() + b'\0')
        other.flush()
        lab.aws('s3api', 'put-object', '--bucket', BUCKET, '--key', key, '--body', other.name)
        assert 'its SHA-256 is' in why_not(lab, f'HELPER_BUCKET={BUCKET}')
    lab.aws('s3api', 'delete-object', '--bucket', BUCKET, '--key', key)
    is_untouched(lab, url)


def test_a_full_disk(lab, url):
    publish(lab)
    lab.sh(1, f'mount -t tmpfs -o size=1m tmpfs {FOLDER}')
    assert f'could not be written to {FOLDER}: is the disk full?' in why_not(lab, f'HELPER_BUCKET={BUCKET}')
    is_untouched(lab, url)


def test_a_disk_that_is_read_only(lab, url):
    publish(lab)
    lab.sh(1, f'mount -t tmpfs -o ro tmpfs {FOLDER}')
    assert f'nothing can be written to {FOLDER}: is the disk full, or read-only?' in why_not(lab, f'HELPER_BUCKET={BUCKET}')
    is_untouched(lab, url)


def test_a_disk_that_runs_no_programs(lab, url):
    publish(lab)
    lab.sh(1, f'mount -t tmpfs -o noexec tmpfs {FOLDER}')
    assert f'may not be executed in {FOLDER}: is it mounted with noexec?' in why_not(lab, f'HELPER_BUCKET={BUCKET}')
    is_untouched(lab, url)


def test_a_helper_for_another_architecture(lab, url):
    """Somebody has put the wrong file beside squall, and published it."""
    folder = Path(tempfile.mkdtemp(prefix='sq-'))
    try:
        shutil.copy2(SQUALL, folder / 'squall')
        words = bytearray(HELPER.read_bytes())
        machine = 62 if os.uname().machine == 'aarch64' else 183  # e_machine of an ELF head: x86-64, AArch64
        words[18:20] = struct.pack('<H', machine)
        (folder / f'squall-host-{os.uname().machine}').write_bytes(words)
        own, lab.program = lab.program, [str(folder / 'squall')]
        try:
            published = lab.squall('helper', 'publish', '--bucket', BUCKET)
            done, events = run(lab, f'HELPER_BUCKET={BUCKET}')
        finally:
            lab.program = own
        assert published.code == 0 and 'aarch64' in published.out + published.err, published
        assert done.code == 6 and f'there is no helper for {os.uname().machine}' in events[-1]['reason'], done
    finally:
        shutil.rmtree(folder)
    is_untouched(lab, url)


def fetching_run(lab):
    lab.sh(1, 'rm -f /run/asked; systemctl stop "silent-*" 2>/dev/null || true')
    lab.sh(1, f"systemd-run --unit silent-{time.monotonic_ns()} /usr/bin/python3 -c '{SILENT}'")
    wait_for('it listens', lambda: lab.exec(1, 'sh', '-c', 'ss -ltn | grep -q :9009').code == 0)
    running = Run(lab.start('run', '--json', *settings('HELPER_URL=http://127.0.0.1:9009/squall-host')))
    wait_for('the host fetches', lambda: lab.exec(1, 'test', '-e', '/run/asked').code == 0, timeout=60)
    return running


def hang_up(lab):
    lab.sh(1, 'pkill -f "^/usr/bin/python3 -c import socket" || true')


def no_fetch_is_left(lab):
    return lab.sh(1, f'pgrep -x curl || true; ls -A {FOLDER}') == ''


def test_ssm_cancelled_while_the_helper_is_fetched(lab, url):
    running = fetching_run(lab)
    (command,) = [one['CommandId'] for one in lab.aws('ssm', 'list-commands')['Commands'] if one['Status'] in ('Pending', 'InProgress')]
    lab.aws('ssm', 'cancel-command', '--command-id', command)
    running.finish()
    # Whether it had begun nobody knows: it is undone all the same.
    assert running.verdict['verdict'] == 'no-effect' and 'Cancelled' in running.verdict['instances'][0]['no_answer'], running.verdict
    hang_up(lab)
    assert status_of(url) == '200'
    # The next one removes what the killed order had begun to write.
    publish(lab)
    done, events = run(lab, f'HELPER_BUCKET={BUCKET}')
    assert events[-1]['verdict'] in ('no-effect', 'passed'), done
    assert lab.sh(1, f'ls {FOLDER} | grep -c part || true') == '0'
    lab.sh(1, f'{FOLDER}/*/squall-host forget --run {events[0]["run"]}; rm -rf {FOLDER}/*')
    is_untouched(lab, url)


def test_an_abort_while_the_helper_is_fetched(lab, url):
    running = fetching_run(lab)
    aborted = lab.squall('abort', running.next()['run'])
    assert aborted.code == 0, aborted
    running.finish()
    assert running.verdict['verdict'] == 'aborted', running.verdict
    hang_up(lab)
    wait_for('nothing fetches', lambda: lab.sh(1, 'pgrep -x curl || true') == '')
    lab.sh(1, f'rm -f {FOLDER}/part.*')
    is_untouched(lab, url)


def test_a_runner_that_is_killed_while_the_helper_is_fetched(lab, url):
    running = fetching_run(lab)
    running.process.kill()
    running.process.wait(30)
    # The order goes on without it until its own limit, and then has nothing to run.
    hang_up(lab)
    recovered = lab.squall('recover')
    assert recovered.code in (0, 5), recovered
    wait_for('nothing fetches', lambda: no_fetch_is_left(lab), timeout=40)
    is_untouched(lab, url)
