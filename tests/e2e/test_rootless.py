"""The lab of an ordinary user does what root's does. Where root runs the tests, the user is another one."""
import json
import os
import re
import shutil
import subprocess
import tempfile
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from conftest import SQUALL, Lab, as_user, is_alive, wait_for
from test_lab_lifecycle import ERROR, Place, kill_all, machine

USER = os.getuid() or 1000
HAS_NAMESPACES = subprocess.run([*as_user(USER), 'unshare', '--user', '--map-root-user', 'true'], capture_output=True, check=False).returncode == 0

pytestmark = pytest.mark.skipif(not HAS_NAMESPACES, reason='NOT TESTED: this machine allows an ordinary user no namespaces')


@pytest.fixture(scope='module')
def binary():
    """One that everybody may read."""
    folder = Path(tempfile.mkdtemp(prefix='sq-'))
    folder.chmod(0o755)
    yield shutil.copy(SQUALL, folder)
    shutil.rmtree(folder)


@pytest.fixture(scope='module')
def mine(binary):
    """For tests that leave it as they found it."""
    lab = Lab(2, user=USER, binary=binary)
    yield lab
    lab.down()


@pytest.fixture
def place():
    made = Place(USER)
    yield made
    made.remove()


def test_nothing_of_it_is_root_and_its_hosts_think_they_are(mine):
    owners = set()
    for entry in Path('/proc').iterdir():
        try:
            if entry.name.isdigit() and (entry / 'exe').samefile(mine.program[-1]):
                owners.add(re.search(r'^Uid:\s+(.*)$', (entry / 'status').read_text(encoding='utf-8'), re.M).group(1))
        except OSError:
            continue
    assert owners == {'\t'.join([str(USER)] * 4)}
    assert mine.sh(1, 'id -u; cat /proc/self/uid_map').split() == ['0', '0', str(USER), '1']
    # What is the machine's is out of its reach all the same.
    for script in ('touch /usr/x', 'echo 1 >/proc/sys/vm/swappiness', 'mount -o remount,bind,rw /usr && touch /usr/x', 'date -s @0', 'cat /dev/vda'):
        assert mine.exec(1, 'sh', '-c', script).code != 0, script


def test_its_endpoint_is_on_everybodys_loopback(mine):
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(mine.endpoint, timeout=10)
    assert refused.value.code < 500
    assert len(mine.aws('ecs', 'list-container-instances', '--cluster', 'demo')['containerInstanceArns']) == 2


def test_its_hosts_work(mine):
    for unit in ('ecs', 'docker', 'amazon-ssm-agent'):
        assert mine.sh(1, f'systemctl is-active {unit}') == 'active'
    assert 'Connected to ACS endpoint' in mine.sh(1, 'journalctl -u ecs')
    assert mine.exec(1, 'sh', '-c', 'exit 7').code == 7
    for instance in mine.status()['instances']:
        port = instance['running_tasks'][0]['network_bindings'][0]['hostPort']
        for host in (1, 2):
            assert mine.sh(host, f'curl -sf -m 5 http://{instance["private_ip"]}:{port}/health'), 'a task is reached on its port, from its own host too'
    token = mine.sh(1, "curl -sf -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 60' http://169.254.169.254/latest/api/token")
    assert mine.sh(1, f"curl -sf -H 'X-aws-ec2-metadata-token: {token}' http://169.254.169.254/latest/meta-data/instance-id") == mine.instance_ids()[0]


def test_a_run_passes_there(mine):
    run = mine.run(5)
    assert run.finish() == 0, run.verdict
    assert run.verdict['verdict'] == 'passed'
    assert all(mine.connected().values())
    clean = mine.squall('sweep', '--json', '--fault', 'ecs-agent-stop', '--set', 'CLUSTER_NAME=demo')
    assert clean.code == 0 and json.loads(clean.out)['items'] == []


def test_a_run_there_can_be_aborted(mine):
    run = mine.run(120)
    run.until('phase', phase='hold')
    assert mine.squall('abort').code == 0
    assert run.finish() == 5 and all(mine.connected().values())


def test_its_hosts_restore_themselves_when_the_runner_dies(mine):
    before = [mine.agent_pid(1), mine.agent_pid(2)]
    run = mine.run(6)
    run.until('phase', phase='hold')
    run.process.kill()
    run.finish()
    wait_for('every agent is back', lambda: all(mine.connected().values()) and mine.agent_pid(1) != before[0] and mine.agent_pid(2) != before[1], timeout=60)
    recovered = mine.squall('recover')
    assert recovered.code == 0 and run.events[0]['run'] in recovered.out, recovered


def test_it_goes_away_without_a_trace(place):
    before = machine()
    place.up()
    residents = place.residents()
    assert len(residents) >= 6, 'init, three services, the agent and a task'
    assert place.squall('lab', 'down').out == 'the lab is down\n'
    place.assert_nothing_is_left(residents, before)


def test_a_killed_one_is_taken_over(place):
    before = machine()
    place.up()
    old = place.residents()
    kill_all([place.status()['pid']])
    place.up()
    assert place.status()['instances'][0]['agent_connected']
    wait_for('nothing of the first lab lives', lambda: not any(is_alive(pid) for pid, _ in old), timeout=10)
    residents = place.residents()
    assert place.squall('lab', 'down').code == 0
    place.assert_nothing_is_left(residents, before)


# What a user namespace may not take from a mount, and what the kernel wants of the /proc that is mounted there.
MACHINE = """
mount --bind /usr /usr && mount -o remount,bind,ro,nosuid,nodev,noatime /usr
mount --bind /etc /etc && mount -o remount,bind,nosuid,nodev,noexec /etc
mount -o remount,bind,ro,nosuid,noexec,nodev /sys
mount -o remount,bind,nosuid,noexec,{} /proc
exec "$@"
"""


@pytest.mark.skipif(os.getuid() != 0, reason='NOT TESTED: only root can mount a machine in another way')
@pytest.mark.parametrize('access_times', ['noatime', 'strictatime', 'nodiratime'])
def test_it_comes_up_on_a_machine_that_is_mounted_in_another_way(place, access_times):
    up = subprocess.run(['unshare', '--mount', 'sh', '-euc', MACHINE.format(access_times), 'sh', *place.program, 'lab', 'up', '--detach', '--port', '0',
                         '--instances', '1'], env=place.environment, capture_output=True, text=True, timeout=150, check=False)
    assert up.returncode == 0, up
    mounts = place.squall('lab', 'exec', '1', '--', 'cat', '/proc/mounts').out
    assert re.search(r' /usr \S+ ro,nosuid,nodev,noatime', mounts) and re.search(r' /sys \S+ ro,nosuid,nodev,noexec', mounts), mounts


@pytest.mark.skipif(os.getuid() != 0, reason='NOT TESTED: only root can have a lab of root beside this one')
def test_it_stands_beside_a_lab_of_root(mine, make_lab):
    roots = make_lab(1)
    assert roots.sh(1, 'cat /proc/self/uid_map').split() == ['0', '0', '4294967295'], 'root stays the real one'
    assert roots.endpoint != mine.endpoint and not set(roots.instance_ids()) & set(mine.instance_ids())
    assert all(roots.connected().values()) and all(mine.connected().values())
    # Root who enters it is its user there, and no more.
    entered = subprocess.run([SQUALL, 'lab', 'exec', '1', '--', 'sh', '-c', 'touch /root/here; cat /proc/self/uid_map; grep Groups: /proc/self/status'],
                             env=mine.environment, capture_output=True, text=True, timeout=60, check=True).stdout.split()
    assert entered == ['0', str(USER), '1', 'Groups:'], entered
    assert mine.sh(1, 'stat -c %u /root/here; rm /root/here') == '0'
    assert roots.squall('lab', 'down').code == 0
    assert all(mine.connected().values())


def test_a_port_that_is_roots_is_named_with_the_way_out(place):
    if int(Path('/proc/sys/net/ipv4/ip_unprivileged_port_start').read_text(encoding='utf-8')) <= 80:
        pytest.skip('NOT TESTED: on this machine port 80 is anybody\'s')
    done = place.squall('lab', 'up', '--port', '80', '--instances', '1')
    assert done.code == ERROR and 'port 80 ' in done.err and '--port 0' in done.err, done
    assert place.files() == [] and place.processes() == []


# A machine that forbids it, made of namespaces: a root without its rights is as poor as any user. (CAP_SETFCAP is what
# the kernel wants of a root before that root may be mapped again.)
POOR = 'exec setpriv --bounding-set=-all,+setfcap --inh-caps=-all "$@"'
FORBIDDEN = {
    'no user namespaces': (['--user', '--map-root-user'], f'echo 0 >/proc/sys/user/max_user_namespaces && {POOR}', r'max_user_namespaces is 0.*sysctl -w'),
    'a masked /proc': (['--user', '--map-root-user', '--mount'], f'mount -t tmpfs none /proc/irq && {POOR}', r'/proc are hidden.*--privileged'),
}


@pytest.mark.parametrize('detach', [[], ['--detach']], ids=['foreground', 'detached'])
@pytest.mark.parametrize('how', FORBIDDEN)
def test_where_it_is_forbidden_it_says_why_and_what_to_do_and_leaves_nothing(place, how, detach):
    namespaces, script, words = FORBIDDEN[how]
    done = subprocess.run([*place.program[:-1], 'unshare', *namespaces, 'sh', '-euc', script, 'sh', place.binary, 'lab', 'up', '--port', '0', *detach],
                          env=place.environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == ERROR and done.stdout == '', done
    assert re.search(words, done.stderr) and 'CAP_SYS_ADMIN' in done.stderr, done.stderr
    assert place.files() == [] and place.processes() == []
