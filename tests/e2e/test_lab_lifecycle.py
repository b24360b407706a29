"""A lab comes up, is found by later commands, and goes away without a trace, however it ends."""
import contextlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
from pathlib import Path

import pytest

from conftest import SQUALL, Finished, Lab, as_user, is_alive, wait_for
from namespaces import OURS

USAGE, ERROR = 64, 3


class Place:
    """A state directory, and a copy of the program, by which its processes are told from those of every other lab."""

    def __init__(self, user=None):
        """`user`: who is to work in it, if not the tests' own user."""
        self.folder = Path(tempfile.mkdtemp(prefix='sq-'))
        self.folder.chmod(0o711)
        self.binary = self.folder / 'squall'
        shutil.copy(SQUALL, self.binary)
        self.state = self.folder / 'st'
        self.temporary = self.folder / 'tmp'
        self.state.mkdir()
        self.temporary.mkdir()
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith('AWS_')}
        self.environment.update(XDG_STATE_HOME=str(self.state), TMPDIR=str(self.temporary))
        self.running = []
        self.program = [*as_user(os.getuid() if user is None else user), str(self.binary)]
        if user is not None:
            for path in (self.folder, self.binary, self.state, self.temporary):
                os.chown(path, user, user)

    def squall(self, *arguments, **options):
        done = subprocess.run([*self.program, *arguments], env=self.environment, capture_output=True, text=True, timeout=150, **options)
        return Finished(done)

    def start(self, *arguments):
        process = subprocess.Popen([*self.program, *arguments], env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                   start_new_session=True)
        self.running.append(process)
        return process

    def up(self, *arguments):
        done = self.squall('lab', 'up', '--detach', '--port', '0', '--instances', '1', *arguments)
        assert done.code == 0, done
        return re.search(r'^ready (\S+)', done.out).group(1)

    def up_in_foreground(self):
        process = self.start('lab', 'up', '--port', '0', '--instances', '1')
        for line in process.stdout:
            if line.startswith('ready '):
                return process
        raise AssertionError(f'ended before it was ready: {process.stderr.read()}')

    def status(self):
        done = self.squall('lab', 'status', '--json')
        assert done.code == 0, done
        return json.loads(done.out)

    def processes(self):
        mine = self.binary.stat()
        found = []
        for pid in all_processes():
            try:
                program = Path(f'/proc/{pid}/exe').stat()
            except OSError:
                continue
            if (program.st_dev, program.st_ino) == (mine.st_dev, mine.st_ino):
                found.append(pid)
        return found

    def residents(self):
        """Every process of its hosts, with its time of birth: what runs our program, and what shares a process namespace with it."""
        own = os.readlink('/proc/self/ns/pid')
        of_ours = {process_namespace(pid) for pid in self.processes()} - {own, None}
        return {(pid, born(pid)) for pid in all_processes() if process_namespace(pid) in of_ours}

    def files(self):
        """What lies in its folders, but for the state directory itself."""
        return sorted(str(path.relative_to(self.folder)) for top in (self.state, self.temporary) for path in top.rglob('*') if path != self.state / 'squall')

    def assert_nothing_is_left(self, residents, before):
        assert self.processes() == []
        assert [(pid, time) for pid, time in residents if is_alive(pid) and born(pid) == time] == []
        assert str(self.folder) not in Path('/proc/mounts').read_text(encoding='utf-8')
        assert self.files() == []
        wait_for('the machine is as it was', lambda: machine() == before, timeout=10)

    def remove(self):
        for process in self.running:
            if process.poll() is None:
                process.kill()
            process.communicate()
        self.squall('lab', 'down')
        shutil.rmtree(self.folder, ignore_errors=True)


def all_processes():
    return [int(entry.name) for entry in Path('/proc').iterdir() if entry.name.isdigit()]


def process_namespace(pid):
    try:
        return os.readlink(f'/proc/{pid}/ns/pid')
    except OSError:
        return None


def stat_of(pid):
    """The fields of /proc/PID/stat from the third on."""
    try:
        return Path(f'/proc/{pid}/stat').read_text(encoding='utf-8').rsplit(')', 1)[1].split()
    except OSError:
        return None


def born(pid):
    fields = stat_of(pid)
    return fields and fields[19]


def said_by(*command):
    if not shutil.which(command[0]):
        return ''
    return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False).stdout


def machine():
    """What a lab could leave outside its own namespaces: links, named network namespaces, packet rules, files."""
    rules = re.sub(r'\[\d+:\d+\]|^#.*$', '', said_by('iptables-save'), flags=re.M)
    # Fault proxies that other tests start beside this one have their folder on the machine itself, and networks of their own.
    files = [str(path) for folder in ('/run', '/dev/shm', '/var/lib') for path in Path(folder).iterdir() if 'squall' in path.name and path != Path('/run/squall')]
    links = [name for name in re.findall(r'^\d+: (\S+):', said_by('ip', '-o', 'link'), re.M) if not name.startswith(OURS)]
    named = [line for line in said_by('ip', 'netns').splitlines() if not line.startswith(OURS)]
    return {'links': links, 'named': named, 'iptables': rules,
            'nft': re.sub(r'packets \d+ bytes \d+', '', said_by('nft', 'list', 'ruleset')), 'files': sorted(files)}


@pytest.fixture
def place():
    made = Place()
    yield made
    made.remove()


@pytest.fixture(scope='module')
def standing():
    lab = Lab(2)
    yield lab
    lab.down()


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_foreground_lab_ends_with_a_signal_to_its_group_and_takes_everything_down(place, number):
    before = machine()
    process = place.up_in_foreground()
    residents = place.residents()
    assert len(residents) >= 6, 'init, three services, the agent and a task'
    os.killpg(process.pid, number)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    assert errors == ''
    place.assert_nothing_is_left(residents, before)


def test_a_foreground_lab_ends_with_down_from_elsewhere(place):
    before = machine()
    process = place.up_in_foreground()
    residents = place.residents()
    done = place.squall('lab', 'down')
    assert (done.code, done.out) == (0, 'the lab is down\n')
    process.communicate(timeout=60)
    assert process.returncode == 0
    place.assert_nothing_is_left(residents, before)


def test_a_detached_lab_is_ready_when_up_returns_and_outlives_it(place):
    before = machine()
    done = place.squall('lab', 'up', '--detach', '--port', '0', '--instances', '2', '--cluster', 'my_cluster-1', '--region', 'eu-central-1')
    assert done.code == 0, done
    endpoint = re.match(r'ready (http://127\.0\.0\.1:\d+) cluster my_cluster-1 region eu-central-1\n', done.out).group(1)
    assert 'squall lab env' in done.out, 'it says what to do next'
    status = place.status()
    assert status['ready'] and status['endpoint'] == endpoint
    assert [(one['ordinal'], one['agent_connected'], len(one['running_tasks'])) for one in status['instances']] == [(1, True, 1), (2, True, 1)]
    text = place.squall('lab', 'status').out
    for one in status['instances']:
        assert one['instance_id'] in text and one['private_ip'] in text
    assert 'my_cluster-1' in text and endpoint in text and text.count('agent connected') == 2 and '2 of 2 tasks' in text
    residents = place.residents()
    for name in ('lab.json', 'lab.log'):
        assert (place.state / 'squall/lab' / name).stat().st_mode & 0o777 == 0o600, 'it holds the keys, and what is said of them'
    assert place.squall('lab', 'down').code == 0
    place.assert_nothing_is_left(residents, before)


def test_down_without_a_lab_is_harmless_and_says_so(place):
    for _ in range(2):
        done = place.squall('lab', 'down')
        assert (done.code, done.out, done.err) == (0, 'no lab is running\n', '')
    assert place.files() == []
    place.up()
    assert place.squall('lab', 'down').out == 'the lab is down\n'
    done = place.squall('lab', 'down')
    assert (done.code, done.out) == (0, 'no lab is running\n')


@pytest.mark.parametrize('command', [['status'], ['status', '--json'], ['env'], ['exec', '1', '--', 'true'], ['events'], ['mail']])
def test_every_other_command_says_that_there_is_no_lab(place, command):
    done = place.squall('lab', *command)
    assert done.code == ERROR and done.out == ''
    assert 'no lab is running' in done.err and 'squall lab up' in done.err
    assert place.files() == []


def test_a_busy_port_is_named_with_the_way_out(place):
    with socket.create_server(('127.0.0.1', 0)) as taken:
        port = taken.getsockname()[1]
        for detach in ([], ['--detach']):
            done = place.squall('lab', 'up', '--port', str(port), '--instances', '1', *detach)
            assert done.code == ERROR and 'ready' not in done.out
            assert str(port) in done.err and '--port 0' in done.err
            assert place.files() == [] and place.processes() == []


def test_the_port_asked_for_is_the_port_one_gets(place):
    with socket.create_server(('127.0.0.1', 0)) as free:
        port = free.getsockname()[1]
    done = place.squall('lab', 'up', '--detach', '--port', str(port), '--instances', '1')
    assert done.out.startswith(f'ready http://127.0.0.1:{port} '), done


def test_a_second_lab_in_the_same_place_is_refused_and_the_first_lives_on(place):
    endpoint = place.up()
    for detach in ([], ['--detach']):
        done = place.squall('lab', 'up', '--port', '0', '--instances', '1', *detach)
        assert done.code == ERROR
        assert 'already running' in done.err and 'squall lab down' in done.err
    status = place.status()
    assert status['endpoint'] == endpoint and status['instances'][0]['agent_connected']
    assert place.squall('lab', 'exec', '1', '--', 'true').code == 0


def test_of_many_that_start_at_once_one_wins_and_works(place):
    before = machine()
    racing = [place.start('lab', 'up', '--detach', '--port', '0', '--instances', '1') for _ in range(5)]
    ended = [(process.communicate(timeout=150), process.returncode) for process in racing]
    winners = [said for said, code in ended if code == 0]
    assert len(winners) == 1, ended
    assert all('already running' in errors for (_, errors), code in ended if code != 0), ended
    assert place.status()['endpoint'] in winners[0][0]
    assert place.squall('lab', 'exec', '1', '--', 'true').code == 0
    residents = place.residents()
    assert place.squall('lab', 'down').code == 0
    place.assert_nothing_is_left(residents, before)


def parent_of(pid):
    return int(stat_of(pid)[1])


def processes_that_run(place, role):
    found = []
    for pid in place.processes():
        words = Path(f'/proc/{pid}/cmdline').read_bytes().split(b'\0')
        if role.encode() in words or any(word.endswith(role.encode()) for word in words[:1]):
            found.append(pid)
    assert found, f'nobody runs {role}'
    return found


PARTS = {
    'the lab itself': lambda place: [place.status()['pid']],
    "a host's first process": lambda place: [place.status()['instances'][0]['pid']],
    "the holder of a host's namespaces": lambda place: [parent_of(place.status()['instances'][0]['pid'])],
    'the container engine of a host': lambda place: processes_that_run(place, 'dockerd'),
    'the supervisor of the ECS agent': lambda place: processes_that_run(place, 'amazon-ecs-init'),
    'a task': lambda place: processes_that_run(place, 'web'),
    'everything at once': lambda place: place.processes(),
}


def kill_all(pids):
    for pid in pids:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue


@pytest.mark.parametrize('part', PARTS)
def test_down_leaves_nothing_after_kill_9_of(place, part):
    before = machine()
    place.up()
    residents = place.residents()
    kill_all(PARTS[part](place))
    done = place.squall('lab', 'down')
    assert (done.code, done.out) == (0, 'the lab is down\n'), done
    place.assert_nothing_is_left(residents, before)


@pytest.mark.parametrize('part', ['the lab itself', 'everything at once'])
def test_the_next_up_cleans_up_and_works_after_kill_9_of(place, part):
    before = machine()
    place.up()
    old = place.residents()
    kill_all(PARTS[part](place))
    assert place.squall('lab', 'status').code == ERROR, 'a dead lab is no lab'
    place.up()
    assert not old & place.residents(), 'nothing of the first lab lives'
    assert place.status()['instances'][0]['agent_connected']
    residents = place.residents()
    assert place.squall('lab', 'down').code == 0
    place.assert_nothing_is_left(residents, before)


@pytest.mark.parametrize('processes', [2, 4, 8])
@pytest.mark.parametrize('number', [signal.SIGKILL, signal.SIGTERM])
def test_a_lab_that_ends_while_it_comes_up_leaves_nothing(place, processes, number):
    before = machine()
    process = place.start('lab', 'up', '--port', '0', '--instances', '2')
    wait_for('it is on its way', lambda: len(place.processes()) >= processes, interval=0.001)
    process.send_signal(number)
    process.communicate(timeout=60)
    assert process.returncode == (0 if number == signal.SIGTERM else -number)
    assert place.squall('lab', 'down').code == 0
    wait_for('nobody is left', lambda: place.processes() == [], timeout=10)
    place.assert_nothing_is_left(set(), before)


def on_its_way(place):
    """As far as the lab can be asked yet."""
    done = place.squall('lab', 'status', '--json')
    return json.loads(done.out) if done.code == 0 else {'instances': []}


def signal_all_below(first_process, number):
    namespace = process_namespace(first_process)
    for pid in all_processes():
        if process_namespace(pid) == namespace:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)


def test_a_host_that_is_late_has_its_task_too(place):
    process = place.start('lab', 'up', '--port', '0', '--instances', '2')
    late = wait_for('the second host runs', lambda: [one['pid'] for one in on_its_way(place)['instances'][1:] if one['pid']], interval=0.001)[0]
    signal_all_below(late, signal.SIGSTOP)
    wait_for('the first one is connected', lambda: on_its_way(place)['instances'][0]['agent_connected'], timeout=60)
    now = wait_for('ECS has placed what there is', lambda: (now := on_its_way(place)) and (not now['services'] or now['instances'][0]['running_tasks']) and now, timeout=60)
    assert not now['instances'][1]['agent_connected'], 'it was stopped too late'
    signal_all_below(late, signal.SIGCONT)
    assert any(line.startswith('ready ') for line in process.stdout), process.stderr.read()
    assert [len(one['running_tasks']) for one in place.status()['instances']] == [1, 1]


def test_a_lab_that_loses_a_host_says_so_and_keeps_the_others(place):
    done = place.squall('lab', 'up', '--detach', '--port', '0', '--instances', '2')
    assert done.code == 0, done
    first, second = place.status()['instances']
    os.kill(first['pid'], signal.SIGKILL)
    wait_for('the first host is gone', lambda: place.status()['instances'][0]['state'] == 'terminated')
    wait_for('its agent too', lambda: not place.status()['instances'][0]['agent_connected'])
    refused = place.squall('lab', 'exec', '1', '--', 'true')
    assert refused.code == ERROR and 'not running' in refused.err
    assert place.status()['instances'][1]['pid'] == second['pid']
    assert place.squall('lab', 'exec', '2', '--', 'true').code == 0
    assert re.search(rf'{first["instance_id"]} .*terminated', place.squall('lab', 'status').out)
    wait_for('its task runs on the other host', lambda: len(place.status()['instances'][1]['running_tasks']) == 2, timeout=60)
    assert place.status()['instances'][0]['container_instance_arn'] is None, 'ECS has deregistered what EC2 has terminated'


def test_two_labs_with_different_state_directories_do_not_disturb_each_other(place, standing):
    pids = [instance['pid'] for instance in standing.status()['instances']]
    agents = [standing.agent_pid(1), standing.agent_pid(2)]
    endpoint = place.up()
    assert endpoint != standing.endpoint
    assert not {one['instance_id'] for one in place.status()['instances']} & set(standing.instance_ids())
    unknown = place.squall('lab', 'exec', standing.instance_ids()[0], '--', 'true')
    assert unknown.code == ERROR and 'no container instance' in unknown.err
    kill_all(place.processes())
    assert place.squall('lab', 'down').code == 0
    assert [instance['pid'] for instance in standing.status()['instances']] == pids
    assert [standing.agent_pid(1), standing.agent_pid(2)] == agents
    assert all(standing.connected().values())


@pytest.mark.parametrize('arguments, word', [
    (['--instances', '0'], '0'), (['--instances', '-1'], '-1'), (['--instances', 'abc'], 'abc'), (['--instances', '251'], '250'),
    (['--instances', '1.5'], '1.5'), (['--port', '70000'], '70000'), (['--port', '-1'], '-1'), (['--region', 'us east'], 'us east'),
    (['--region', ''], 'region'), (['--region', "x'; touch /tmp/y; '"], 'region'), (['--cluster', 'a b'], 'a b'), (['--cluster', ''], 'cluster'),
    (['--cluster', 'x/y'], 'x/y'), (['--cluster', 'a' * 256], '255'), (['--nonsense'], '--nonsense'), (['extra'], 'extra')])
@pytest.mark.parametrize('detach', [[], ['--detach']], ids=['foreground', 'detached'])
def test_bad_options_are_refused_before_anything_begins(place, arguments, word, detach):
    port = [] if '--port' in arguments else ['--port', '0']
    done = place.squall('lab', 'up', *port, *arguments, *detach)
    assert done.code == USAGE, done
    assert word in done.err and done.out == ''
    assert place.files() == [] and place.processes() == []


def test_a_state_directory_that_cannot_be_written_is_named(place):
    a_file = place.folder / 'file'
    a_file.write_text('x', encoding='utf-8')
    for folder in ('/proc', str(a_file)):
        place.environment['XDG_STATE_HOME'] = folder
        for detach in ([], ['--detach']):
            done = place.squall('lab', 'up', '--port', '0', '--instances', '1', *detach)
            assert done.code == ERROR and f'{folder}/squall' in done.err, done
    place.environment['XDG_STATE_HOME'] = str(place.state)
    assert place.processes() == []


def test_without_xdg_state_home_the_state_lies_below_home(place):
    del place.environment['XDG_STATE_HOME']
    place.environment['HOME'] = str(place.state)
    place.up()
    assert (place.state / '.local/state/squall/lab/lab.json').exists()
    assert place.squall('lab', 'down').out == 'the lab is down\n'
    assert not (place.state / '.local/state/squall/lab').exists()


def test_env_is_for_every_shell_and_leaves_other_settings_alone(standing):
    environment = dict(standing.environment, AWS_PROFILE='other', AWS_SESSION_TOKEN='old', NO_PROXY='example.com', KEEP="it's")
    script = 'eval "$("$SQUALL" lab env)" && env && aws sts get-caller-identity --endpoint-url "$AWS_ENDPOINT_URL" --output text --query Arn'
    done = subprocess.run(['sh', '-euc', script], env={**environment, 'SQUALL': SQUALL}, capture_output=True, text=True, timeout=120, check=True)
    found = dict(line.split('=', 1) for line in done.stdout.splitlines() if '=' in line)
    assert found['AWS_ENDPOINT_URL'] == standing.endpoint
    assert found['AWS_REGION'] == found['AWS_DEFAULT_REGION'] == 'us-east-1'
    assert 'AWS_PROFILE' not in found and 'AWS_SESSION_TOKEN' not in found, 'what would lead elsewhere is gone'
    assert found['NO_PROXY'] == 'example.com,127.0.0.1' and found['KEEP'] == "it's"
    assert done.stdout.splitlines()[-1] == 'arn:aws:iam::123456789012:user/lab'


def test_exec_passes_exit_codes_on(standing):
    for script, code in (('exit 0', 0), ('exit 1', 1), ('exit 42', 42), ('exit 255', 255), ('kill -KILL $$', 137), ('kill -TERM $$', 143)):
        done = standing.exec(1, 'sh', '-c', script)
        assert done.code == code and done.out == '', (script, done)
    missing = standing.exec(1, 'no-such-program')
    assert missing.code == 127 and 'no-such-program' in missing.err
    assert standing.exec(1, '/etc/hostname').code == 126, 'not a program'


def test_exec_passes_all_three_streams_byte_for_byte(standing):
    data = bytes(range(256)) * 4096
    done = subprocess.run([SQUALL, 'lab', 'exec', '1', '--', 'sh', '-c', 'tee /dev/stderr'], env=standing.environment, input=data, capture_output=True,
                          timeout=60, check=True)
    assert done.stdout == data and done.stderr == data


def test_exec_takes_words_as_they_are(standing):
    words = ['two words', '', "it's", '$HOME', '*', '--help', '-x', 'a\nb']
    done = standing.exec(1, 'printf', '<%s>', *words)
    assert done.out == ''.join(f'<{word}>' for word in words)


def test_exec_takes_words_in_brackets_as_they_are(standing):
    words = ['["a","b"]', '[x]', '[]']
    assert standing.exec(1, 'printf', '<%s>', *words).out == ''.join(f'<{word}>' for word in words)


def test_exec_finds_an_instance_by_every_name_it_has(standing):
    one = standing.status()['instances'][1]
    arn = one['container_instance_arn']
    for name in (2, one['instance_id'], arn, arn.rsplit('/', 1)[1]):
        assert standing.sh(name, 'hostname') == 'ip-' + one['private_ip'].replace('.', '-')


@pytest.mark.parametrize('name', ['0', '3', '-1', 'i-00000000000000000', 'web', ''])
def test_exec_says_which_instances_there_are_when_it_knows_none_of_that_name(standing, name):
    done = standing.exec(name, 'true')
    assert done.code in (ERROR, USAGE) and done.out == ''
    if done.code == ERROR:
        assert 'no container instance' in done.err and all(one in done.err for one in standing.instance_ids())


def test_exec_passes_signals_on_and_its_command_does_not_outlive_it(standing):
    script = 'trap "echo told; exit 5" TERM; echo $$; while :; do sleep 0.1; done'
    told = subprocess.Popen([SQUALL, 'lab', 'exec', '1', '--', 'sh', '-c', script], env=standing.environment, stdout=subprocess.PIPE, text=True)
    told.stdout.readline()
    told.send_signal(signal.SIGTERM)
    assert told.communicate(timeout=30)[0] == 'told\n' and told.returncode == 5
    killed = subprocess.Popen([SQUALL, 'lab', 'exec', '1', '--', 'sh', '-c', script], env=standing.environment, stdout=subprocess.PIPE, text=True)
    pid = killed.stdout.readline().strip()
    assert standing.exec(1, 'test', '-e', f'/proc/{pid}').code == 0
    killed.kill()
    killed.communicate(timeout=30)
    wait_for('the command is gone', lambda: standing.exec(1, 'test', '-e', f'/proc/{pid}').code != 0)
