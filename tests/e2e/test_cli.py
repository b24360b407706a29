"""The command line's contracts: who may read what, on a terminal, through a pipe, and when the pipe breaks."""
import json
import hashlib
import os
import re
import signal
import subprocess
import tempfile
from pathlib import Path

import pytest
from conftest import ROOT, SQUALL, squall_with, wait_for
from terminal import Terminal


@pytest.fixture(scope='module')
def lab(shared_lab):
    return shared_lab


ARGUMENTS = ('--fault', 'ecs-agent-stop', '--set', 'CLUSTER_NAME=demo', '--set', 'TOTAL_CHAOS_DURATION=6')


def test_on_a_terminal_a_run_is_a_picture_that_says_when_it_ends(lab):
    terminal = Terminal([SQUALL, 'run', *ARGUMENTS], lab.environment)
    terminal.until(r'holding, \d+s left')
    terminal.until(r'every host restores itself at \d\d:\d\d:\d\d; Ctrl-C ends the fault now')
    terminal.until(r'ECS sees it disconnected')
    assert terminal.finish() == 0
    assert 'verdict: passed' in terminal.text
    assert terminal.text.count('\x1b[?25l') == 1 and terminal.text.count('\x1b[?25h') == 1, 'the cursor is back'
    assert all(instance in terminal.text.split('\x1b[?25h')[1] for instance in lab.instance_ids()), 'and the report stands below the picture'
    last = terminal.text.rsplit('\x1b[J', 2)[-2]
    assert all(instance in last for instance in lab.instance_ids()) and 'connected again' in last


def test_ctrl_c_on_the_terminal_puts_the_hosts_back(lab):
    terminal = Terminal([SQUALL, 'run', '--fault', 'ecs-agent-stop', '--set', 'CLUSTER_NAME=demo', '--set', 'TOTAL_CHAOS_DURATION=300'], lab.environment)
    terminal.until(r'holding, \d+')
    os.killpg(terminal.process.pid, 2)
    assert terminal.finish() == 5
    assert 'verdict: aborted' in terminal.text
    assert all(lab.connected().values())


def test_a_terminal_without_colours_or_without_a_cursor_gets_none(lab):
    terminal = Terminal([SQUALL, 'run', *ARGUMENTS], {**lab.environment, 'NO_COLOR': '1'})
    assert terminal.finish() == 0
    assert 'holding' in terminal.text and '\x1b[J' in terminal.text and not re.search(r'\x1b\[[\d;]*m', terminal.text)
    terminal = Terminal([SQUALL, 'run', *ARGUMENTS], lab.environment, kind='dumb')
    assert terminal.finish() == 0
    assert 'holding' in terminal.text and '\x1b' not in terminal.text


def test_what_cannot_be_written_is_an_error_and_no_verdict(lab):
    with open('/dev/full', 'w', encoding='utf-8') as full:
        for command in (['faults'], ['runs'], ['status'], ['plan', *ARGUMENTS], ['lab', 'env'], ['lab', 'status'], ['--version']):
            done = subprocess.run([SQUALL, *command], env=lab.environment, stdout=full, stderr=subprocess.PIPE, text=True, timeout=60)
            assert done.returncode == 3 and 'No space left on device' in done.stderr, (command, done)
        done = subprocess.run([SQUALL, 'run', *ARGUMENTS], env=lab.environment, stdout=full, stderr=subprocess.PIPE, text=True, timeout=60)
        assert done.returncode == 0 and 'No space left on device' in done.stderr, 'it passed, and that nobody was told is said'
    done = subprocess.run(['sh', '-c', 'exec "$0" faults >&-', SQUALL], env=lab.environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 3 and 'Bad file descriptor' in done.stderr, done
    done = subprocess.run(['sh', '-c', 'exec "$0" "$@" >&- <&-', SQUALL, 'run', *ARGUMENTS], env=lab.environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, 'no socket and no journal got what was meant for a reader'
    assert all(lab.connected().values())


def test_a_complaint_that_nobody_can_read_changes_no_exit_code(lab):
    for words, code in (('faults nope', 64), ('plan /nowhere/x.yaml', 64), ('status r-nobody', 64), ('lab exec 99 -- true', 3), ('nonsense', 64)):
        for nowhere in ('2>/dev/full', '2>&-'):
            done = subprocess.run(['sh', '-c', f'exec "$0" {words} {nowhere}', SQUALL], env=lab.environment, stdout=subprocess.DEVNULL, timeout=60)
            assert done.returncode == code, (words, nowhere)
    done = subprocess.run(['sh', '-c', 'exec "$0" "$@" >/dev/full 2>/dev/full', SQUALL, 'run', *ARGUMENTS], env=lab.environment, timeout=60)
    assert done.returncode == 0, 'the verdict stays what it is'
    assert lab.exec(1, 'sh', '-c', 'systemctl nonsense 2>/dev/full').code == 1


def test_a_terminal_that_is_closed_ends_the_run_in_order(lab):
    terminal = Terminal([SQUALL, 'run', '--fault', 'ecs-agent-stop', '--set', 'CLUSTER_NAME=demo', '--set', 'TOTAL_CHAOS_DURATION=300'], lab.environment)
    terminal.until(r'holding, \d+')
    os.close(terminal.master)
    assert terminal.process.wait(60) == 5
    assert all(lab.connected().values()) and lab.squall('status').out == 'no run is open\n'


def test_under_nohup_a_run_outlives_its_terminal(lab):
    run = lab.run(6, ignored=[signal.SIGHUP])
    run.until('phase', phase='hold')
    run.process.send_signal(signal.SIGHUP)
    assert run.finish() == 0, run.verdict


@pytest.mark.parametrize('command', ['plan', 'run'])
def test_a_file_that_is_a_pipe_can_be_waited_for_and_given_up(lab, command):
    with tempfile.TemporaryDirectory() as folder:
        pipe = os.path.join(folder, 'pipe')
        os.mkfifo(pipe)
        waiting = lab.start(command, pipe)
        wait_for('it opens the pipe', lambda: 'fifo' in Path(f'/proc/{waiting.pid}/wchan').read_text() or 'wait_for_partner' in Path(f'/proc/{waiting.pid}/wchan').read_text())
        waiting.send_signal(signal.SIGINT)
        assert waiting.wait(10) == -signal.SIGINT
    text = (ROOT / 'examples/ecs-agent-stop.yaml').read_text()
    done = subprocess.run([SQUALL, 'plan', '/dev/stdin'], input=text, env=lab.environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done


def test_without_a_terminal_it_is_plain_lines(lab):
    done = lab.squall('run', *ARGUMENTS)
    assert done.code == 0, done
    assert '\x1b' not in done.out and done.err == ''
    lines = done.out.splitlines()
    end = next(number for number, line in enumerate(lines) if 'verdict: passed' in line)
    assert all(re.match(r'\d\d:\d\d:\d\d ', line) for line in lines[:end + 1]), done.out
    assert all(line.startswith('  ') for line in lines[end + 1:]), 'then the table'
    assert re.search(r'restore themselves at \d\d:\d\d:\d\d', done.out)


def test_a_reader_that_leaves_does_not_end_the_fault_half_way(lab):
    """`squall run | head -1`: the run goes on to its end, and the hosts are back."""
    process = subprocess.Popen([SQUALL, 'run', *ARGUMENTS], env=lab.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    process.stdout.readline()
    process.stdout.close()
    assert process.wait(120) == 0
    process.stderr.close()
    assert all(lab.connected().values())
    newest = json.loads(lab.squall('runs', '-n', '1', '--json').out)
    assert newest['verdict'] == 'passed' and not newest['open']


def test_status_tells_another_terminal_what_runs(lab):
    assert lab.squall('status').out == 'no run is open\n'
    run = lab.run(8)
    run.until('phase', phase='hold')
    shown = lab.squall('status')
    assert shown.code == 0 and run.events[0]['run'] in shown.out
    assert re.search(r'every host restores itself at \d\d:\d\d:\d\d', shown.out)
    assert all(instance in shown.out for instance in lab.instance_ids())
    machine = json.loads(lab.squall('status', '--json').out)
    assert machine['run'] == run.events[0]['run'] and set(machine['hosts']) == set(lab.instance_ids())
    assert run.finish() == 0
    assert lab.squall('status').out == 'no run is open\n'


def test_plan_changes_nothing_and_shows_what_would_be(lab):
    before = [lab.agent_pid(instance) for instance in (1, 2)]
    runs = lab.squall('runs', '--json').out
    done = lab.squall('plan', *ARGUMENTS, '--scripts')
    assert done.code == 0, done
    for word in ('ssm:SendCommand', 'systemctl stop ecs', 'systemd-run', '169.254.170.2', 'arn:aws:iam::123456789012:user/lab', *lab.instance_ids()):
        assert word in done.out, word
    assert [lab.agent_pid(instance) for instance in (1, 2)] == before
    assert lab.squall('runs', '--json').out == runs
    ssm = lab.client('ssm')
    hold = lab.exec(1, 'test', '-e', '/var/run/squall')
    assert hold.code != 0 and ssm.list_commands(MaxResults=1)['ResponseMetadata']['HTTPStatusCode'] == 200


def test_the_example_file_runs(lab):
    plan = lab.squall('plan', str(ROOT / 'examples/ecs-agent-stop.yaml'), '--set', 'TOTAL_CHAOS_DURATION=6')
    assert plan.code == 0 and 'a-minute-without-agents' in plan.out, plan
    done = lab.squall('run', str(ROOT / 'examples/ecs-agent-stop.yaml'), '--set', 'TOTAL_CHAOS_DURATION=6')
    assert done.code == 0, done


@pytest.mark.parametrize('cluster, words', [('nowhere', ['nowhere', 'us-east-1', 'no cluster']), ('arn:aws:ecs:us-east-1:123456789012:cluster/nowhere', ['nowhere'])])
def test_a_cluster_that_is_not_there_is_named_with_its_region(lab, cluster, words):
    done = lab.squall('run', '--fault', 'ecs-agent-stop', '--set', f'CLUSTER_NAME={cluster}')
    assert done.code == 3 and all(word in done.out + done.err for word in words), done


def test_a_cluster_without_container_instances_is_an_error_before_anything(lab):
    lab.client('ecs').create_cluster(clusterName='fargate-only')
    done = lab.squall('run', '--fault', 'ecs-agent-stop', '--set', 'CLUSTER_NAME=fargate-only')
    assert done.code == 3 and 'container instances' in done.err, done


def test_without_credentials_it_says_where_it_looked(lab):
    environment = {name: value for name, value in lab.environment.items() if not name.startswith('AWS_')}
    environment.update(AWS_ENDPOINT_URL=lab.endpoint, HOME=str(lab.state), AWS_EC2_METADATA_DISABLED='true')
    done = lab.squall('plan', *ARGUMENTS, '--set', 'REGION=us-east-1', environment=environment)
    assert done.code == 3 and 'credentials' in done.err and 'AWS_ACCESS_KEY_ID' in done.err, done


def test_a_journal_that_cannot_be_written_refuses_the_run(lab, tmp_path):
    blocked = tmp_path / 'squall'
    blocked.write_text('a file where a folder should be')
    done = lab.squall('run', *ARGUMENTS, environment={**lab.environment, 'XDG_STATE_HOME': str(tmp_path)})
    assert done.code == 6 and 'not injecting' in done.err, done
    assert all(lab.connected().values())


@pytest.mark.parametrize('words, meant', [(['runns'], 'did you mean runs?'), (['lab', 'upp'], 'did you mean lab up?'), (['xyzzy'], 'there are')])
def test_a_mistyped_command_is_named_with_the_one_that_was_meant(state, words, meant):
    done = squall_with(state[1], *words)
    assert done.code == 64 and words[-1] in done.err and meant in done.err, done


def test_a_ruined_journal_is_named_with_what_to_do(state):
    folder, environment = state
    (folder / 'squall').mkdir()
    journal = folder / 'squall/journal.db'
    journal.write_bytes(b'not a database, whatever its name says' * 100)
    for command in ('runs', 'status', 'recover'):
        done = squall_with(environment, command)
        assert done.code == 3 and str(journal) in done.err and 'move the file away' in done.err, done
    assert journal.read_bytes().startswith(b'not a database'), 'and it is left as it is'


def test_help_and_version_answer_anywhere(state):
    _, environment = state
    version = squall_with(environment, '--version').out
    assert re.fullmatch(r'squall \d+\.\d+\.\d+\ncommit ([0-9a-f]{7,40}(-dirty)?|unknown)\nsha256 [0-9a-f]{64}\n', version), version
    assert hashlib.sha256(Path(SQUALL).read_bytes()).hexdigest() in version
    for command in ([], ['plan'], ['run'], ['lab'], ['lab', 'up'], ['recover']):
        done = squall_with(environment, *command, '--help')
        assert done.code == 0 and '--help' in done.out and done.err == '', done
    done = squall_with(environment, 'runs', 'r-20200101-0000-abcd')
    assert done.code != 0 and 'r-20200101-0000-abcd' in done.err
    assert squall_with(environment, 'recover').out == 'nothing to recover\n'
