"""What the end-to-end tests share: labs of their own, the built squall, AWS's clients of two generations.

Nothing here knows the code: only the binary (SQUALL_BINARY, else build/release/squall) and what a user can see.
"""
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import boto3
import botocore.config
import pytest

# What is ignored here, as under nohup or in the background of a script, would be ignored in every squall too.
signal.signal(signal.SIGHUP, signal.SIG_DFL)
signal.signal(signal.SIGINT, signal.default_int_handler)

ROOT = Path(__file__).resolve().parents[2]
SQUALL = os.environ.get('SQUALL_BINARY', str(ROOT / 'build/release/squall'))


def wait_for(what, predicate, timeout=30.0, interval=0.1, instead=lambda: ''):
    """Asks again until the answer is true, and gives it; a lower bound on patience, never a limit on speed.
    `instead` tells what there was when it never became true."""
    end = time.monotonic() + timeout
    while True:
        answer = predicate()
        if answer:
            return answer
        assert time.monotonic() < end, f'never happened within {timeout} s: {what} {instead()}'
        time.sleep(interval)


def as_user(number):
    """What a command begins with to be this user's: nothing, if those are the tests' own."""
    return [] if number == os.getuid() else ['setpriv', f'--reuid={number}', f'--regid={number}', '--clear-groups']


class Finished:
    def __init__(self, done):
        self.code, self.out, self.err = done.returncode, done.stdout, done.stderr

    def __repr__(self):
        return f'exit {self.code}\n{self.out}\n{self.err}'


class Run:
    """A `squall run --json` on its way: its events as they come."""

    begun = []

    def __init__(self, process):
        self.process = process
        self.events = []
        self.begun.append(self)

    def next(self, timeout=120):
        line = self.process.stdout.readline()
        if not line:
            return None
        self.events.append(json.loads(line))
        return self.events[-1]

    def until(self, kind, **members):
        while True:
            event = self.next()
            assert event is not None, f'the run ended without {kind} {members}: {self.events[-3:]} {self.process.stderr.read()}'
            if event['kind'] == kind and all(event.get(name) == value for name, value in members.items()):
                return event

    def finish(self):
        while self.next() is not None:
            pass
        self.process.wait(120)
        return self.process.returncode

    def of(self, kind, target=None):
        return [event for event in self.events if event['kind'] == kind and (target is None or event.get('target') == target)]

    @property
    def verdict(self):
        return self.events[-1]


class Lab:
    def __init__(self, instances=1, options=(), user=None, binary=SQUALL, within=()):
        """`user`: whose lab it is, if not the tests' own; the binary has to be theirs to read. `within`: what every command begins with."""
        self.program = [*within, *as_user(os.getuid() if user is None else user), str(binary)]
        # Short: a socket's path has 107 characters at the most.
        self.state = Path(tempfile.mkdtemp(prefix='sq-'))
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith('AWS_')}
        self.environment['XDG_STATE_HOME'] = str(self.state)
        if user is not None:
            os.chown(self.state, user, user)
            self.environment['HOME'] = str(self.state)
        self.environment['TZ'] = 'UTC'
        self.processes = []
        up = self.squall('lab', 'up', '--detach', '--port', '0', '--instances', str(instances), *options)
        assert up.code == 0, up
        self.endpoint = re.search(r'^ready (http://127\.0\.0\.1:\d+) ', up.out, re.M).group(1)
        self.read_environment()

    def read_environment(self):
        lines = self.squall('lab', 'env')
        assert lines.code == 0, lines
        for name, value in re.findall(r"^export (AWS_\w+)='([^']*)'$", lines.out, re.M):
            self.environment[name] = value

    def squall(self, *arguments, environment=None, timeout=300, **options):
        done = subprocess.run([*self.program, *arguments], env=environment or self.environment, capture_output=True, text=True, timeout=timeout, **options)
        return Finished(done)

    def start(self, *arguments, environment=None, ignored=()):
        def ignore():
            for number in ignored:
                signal.signal(number, signal.SIG_IGN)

        process = subprocess.Popen([*self.program, *arguments], env=environment or self.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, preexec_fn=ignore)
        self.processes.append(process)
        return process

    def run(self, duration=10, *more, **options):
        return Run(self.start('run', '--json', '--fault', 'ecs-agent-stop', '--set', 'CLUSTER_NAME=demo', '--set', f'TOTAL_CHAOS_DURATION={duration}', *more, **options))

    def exec(self, instance, *command):
        return self.squall('lab', 'exec', str(instance), '--', *command)

    def sh(self, instance, script):
        done = self.exec(instance, 'sh', '-c', script)
        assert done.code == 0, f'{script}: {done}'
        return done.out.strip()

    def status(self):
        done = self.squall('lab', 'status', '--json')
        assert done.code == 0, done
        return json.loads(done.out)

    def client(self, service):
        return boto3.client(service, endpoint_url=self.endpoint, region_name='us-east-1', aws_access_key_id=self.environment['AWS_ACCESS_KEY_ID'],
                            aws_secret_access_key=self.environment['AWS_SECRET_ACCESS_KEY'], config=botocore.config.Config(retries={'max_attempts': 0}))

    def aws(self, *arguments):
        """The AWS CLI; a version that does not know AWS_ENDPOINT_URL is told by --endpoint-url."""
        done = subprocess.run(['aws', *arguments, '--output', 'json', '--endpoint-url', self.endpoint], env=self.environment, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, f'aws {arguments}: {done.stderr}'
        return json.loads(done.stdout) if done.stdout.strip() else {}

    def instance_ids(self):
        return [instance['instance_id'] for instance in self.status()['instances']]

    def connected(self):
        return {instance['instance_id']: instance['agent_connected'] for instance in self.status()['instances']}

    def agent_pid(self, instance):
        return self.sh(instance, 'cat /run/ecs-agent.pid')

    def down(self):
        for process in self.processes:
            if process.poll() is None:
                process.kill()
            process.wait()
        self.environment.pop('AWS_PROFILE', None)
        done = self.squall('lab', 'down')
        shutil.rmtree(self.state, ignore_errors=True)
        assert done.code == 0, done


@pytest.fixture(autouse=True)
def no_run_goes_on():
    """A test that failed in the middle of a run leaves the hosts of a shared lab as the next one expects them."""
    yield
    for run in Run.begun:
        if run.process.poll() is None:
            run.process.send_signal(signal.SIGINT)
            run.process.send_signal(signal.SIGCONT)
            run.finish()
    Run.begun.clear()


@pytest.fixture
def make_lab():
    labs = []

    def make(*arguments, **options):
        labs.append(Lab(*arguments, **options))
        return labs[-1]

    yield make
    for lab in labs:
        lab.down()


@pytest.fixture
def lab(make_lab):
    return make_lab(1)


@pytest.fixture(scope='module')
def shared_lab():
    """For tests that leave it as they found it."""
    lab = Lab(2)
    yield lab
    lab.down()


@pytest.fixture
def state():
    """A state directory without a lab, and the environment that leads to it."""
    folder = Path(tempfile.mkdtemp(prefix='sq-'))
    environment = {name: value for name, value in os.environ.items() if not name.startswith('AWS_')}
    environment['XDG_STATE_HOME'] = str(folder)
    yield folder, environment
    subprocess.run([SQUALL, 'lab', 'down'], env=environment, capture_output=True, timeout=60, check=False)
    shutil.rmtree(folder, ignore_errors=True)


def squall_with(environment, *arguments, **options):
    return Finished(subprocess.run([SQUALL, *arguments], env=environment, capture_output=True, text=True, timeout=120, **options))


def processes_of(state_folder):
    """Every process whose environment carries this state directory, and the hosts' processes below them."""
    found = []
    for entry in Path('/proc').iterdir():
        if not entry.name.isdigit():
            continue
        try:
            if f'XDG_STATE_HOME={state_folder}'.encode() in (entry / 'environ').read_bytes():
                found.append(int(entry.name))
        except OSError:
            continue
    return [pid for pid in found if pid != os.getpid()]


def is_alive(pid):
    try:
        with open(f'/proc/{pid}/stat', encoding='utf-8') as stat:
            has_ended = stat.read().rpartition(')')[2].split()[0] == 'Z'
        # Its first thread may have ended while others still have its sockets open.
        return not has_ended or len(os.listdir(f'/proc/{pid}/task')) > 1
    except OSError:
        return False


def kill(pid, number=signal.SIGKILL):
    os.kill(pid, number)


__all__ = ['Finished', 'Lab', 'Run', 'ROOT', 'SQUALL', 'as_user', 'is_alive', 'kill', 'processes_of', 'squall_with', 'wait_for']
assert sys.version_info >= (3, 9)
