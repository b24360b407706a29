"""Whatever becomes of the runner, the hosts put themselves back, and `squall recover` closes the run."""
import json
import random
import signal
import time
from datetime import datetime

import pytest
from conftest import SQUALL, wait_for
from terminal import Terminal

DURATION = 20
# What the issue of a run promises: connected again this long after its planned end, with nobody's help.
PATIENCE = 15


def seconds(text):
    return datetime.fromisoformat(text.replace('Z', '+00:00')).timestamp()


def runs(lab):
    return [json.loads(line) for line in lab.squall('runs', '--json').out.splitlines()]


def agent_pids(lab):
    return {instance: lab.agent_pid(instance) for instance in (1, 2)}


def ssm_agents(lab, verb):
    """Without them nobody answers for the hosts."""
    for instance in (1, 2):
        lab.sh(instance, f'systemctl {verb} amazon-ssm-agent')


def assert_nothing_left(lab):
    """What a host keeps on guard against an order that is still on its way goes with that order's time: half a minute."""
    for instance in (1, 2):
        wait_for('nothing of the run is left on the host', lambda host=instance: lab.exec(host, 'test', '-e', '/var/run/squall').code != 0, timeout=50)


def assert_recovers_once_and_again(lab, run_id):
    pids = agent_pids(lab)
    first = lab.squall('recover')
    assert first.code == 0, first
    assert run_id in first.out, first
    assert not any(record['open'] for record in runs(lab))
    second = lab.squall('recover')
    assert second.code == 0, second
    assert run_id not in second.out, 'there is nothing left to recover'
    assert agent_pids(lab) == pids, 'agents that were back are left alone'
    assert_nothing_left(lab)


# The kind of event after which the runner dies, the members that the event has, and what had been stopped by then.
MOMENTS = {
    'before sending': ('phase', {'phase': 'ramp-before'}, 'none'),
    'about to send': ('intent', {}, 'any'),
    'after sending': ('sent', {}, 'any'),
    'after the first answer': ('injected', {}, 'all'),
    'holding': ('phase', {'phase': 'hold'}, 'all'),
    'about to revert': ('phase', {'phase': 'revert'}, 'all'),
    'after sending the undo': ('revert-sent', {}, 'all'),
}


@pytest.mark.parametrize('moment', MOMENTS)
def test_agents_come_back_though_the_runner_was_killed(make_lab, moment):
    lab = make_lab(2)
    kind, members, stopped = MOMENTS[moment]
    before = agent_pids(lab)
    ramp = ('--set', 'RAMP_TIME=5') if kind == 'phase' and members['phase'] == 'ramp-before' else ()
    run = lab.run(DURATION, *ramp)
    run.until(kind, **members)
    run.process.send_signal(signal.SIGKILL)
    run.finish()
    began = [event for event in run.events if event['kind'] == 'phase' and event['phase'] == 'inject']
    planned_end = seconds((began or run.events)[0]['at']) + DURATION
    run_id = run.events[0]['run']

    if stopped == 'all':
        wait_for('every agent is gone or back', lambda: all(lab.exec(i, 'test', '-e', f'/proc/{pid}').code != 0 for i, pid in before.items()))
    wait_for('the planned end has come', lambda: time.time() >= planned_end, timeout=DURATION + 10)
    wait_for('every agent is connected', lambda: all(lab.connected().values()), timeout=PATIENCE)
    assert time.time() <= planned_end + PATIENCE + 1
    # Not only for a moment: each host has had its say, and nothing is to come.
    wait_for('no host has an undo to do any more', lambda: all(lab.exec(i, 'sh', '-c', 'systemctl list-timers --all --no-legend | grep squall').code != 0 for i in (1, 2)))
    assert all(lab.connected().values())
    after = agent_pids(lab)
    if stopped == 'all':
        assert all(after[i] != before[i] for i in before)
    if stopped == 'none':
        assert after == before
    assert [record['open'] for record in runs(lab) if record['run'] == run_id] == [True]
    assert_recovers_once_and_again(lab, run_id)


def test_a_reboot_in_the_middle_ends_the_fault_and_leaves_nothing_of_it(make_lab):
    lab = make_lab(1)
    run = lab.run(120)
    run.until('phase', phase='hold')
    run.process.send_signal(signal.SIGKILL)
    run.finish()
    lab.exec(1, 'reboot')
    # With nobody's help: no runner, no order through SSM, and the timer went with the reboot too.
    wait_for('the agent is back', lambda: all(lab.connected().values()), timeout=30)
    assert lab.sh(1, "find /var /run /etc /tmp -path '*squall*'; systemctl list-timers --all --no-legend") == ''
    assert lab.squall('recover').code == 0


def end_with_signal(number):
    return lambda lab, run: run.process.send_signal(number)


def end_with_abort(lab, run):
    done = lab.squall('abort')
    assert done.code == 0, done
    assert run.events[0]['run'] in done.out


@pytest.mark.parametrize('end', [end_with_signal(signal.SIGINT), end_with_signal(signal.SIGTERM), end_with_signal(signal.SIGHUP), end_with_abort],
                         ids=['Ctrl-C', 'SIGTERM', 'SIGHUP', 'squall abort'])
@pytest.mark.parametrize('phase', ['ramp-before', 'inject', 'hold'])
def test_a_run_that_is_told_to_end_puts_its_hosts_back_at_once(make_lab, end, phase):
    lab = make_lab(2)
    run = lab.run(120, *(('--set', 'RAMP_TIME=60') if phase == 'ramp-before' else ()))
    run.until('phase', phase=phase)
    end(lab, run)
    assert run.finish() == 5, run.verdict
    assert run.verdict['verdict'] == 'aborted'
    assert all(lab.connected().values()), 'before the runner ends, not two minutes later'
    assert not any(record['open'] for record in runs(lab))
    assert_recovers_once_and_again_nothing(lab)


def test_runs_that_are_ended_at_any_moment_of_their_orders_leave_nothing(make_lab):
    """Their scripts are killed wherever they stand; and a unit that is started so often in so short a time has a limit."""
    seed = time.time_ns()
    print('seed', seed)
    moments = random.Random(seed)
    lab = make_lab(2)
    for _ in range(8):
        run = lab.run(120)
        restore_at = seconds(run.until('phase', phase='inject')['restore_at'])
        time.sleep(moments.random() * 0.25)
        run.process.send_signal(signal.SIGTERM)
        assert run.finish() == 5, run.verdict
        assert all(lab.connected().values())
        assert all(seconds(event['at']) < restore_at for event in run.of('recovered')), 'by its own undo, not when the time was up'
    assert_nothing_left(lab)


def test_a_recovery_that_is_stopped_leaves_the_run_open_and_says_so(make_lab):
    lab = make_lab(2)
    run = lab.run(DURATION)
    run.until('phase', phase='hold')
    ssm_agents(lab, 'stop')
    run.process.kill()
    run.process.wait()
    for command in ('recover', 'abort'):
        recovery = lab.start(command)
        wait_for('it is at work', lambda: any(record['open'] and json.loads(lab.squall('status', '--json').out)['runner_pid'] for record in runs(lab)))
        recovery.send_signal(signal.SIGINT)
        _, complaint = recovery.communicate(timeout=30)
        assert recovery.returncode == 5 and 'the run stays open' in complaint, (command, recovery.returncode, complaint)
    ssm_agents(lab, 'start')
    wait_for('the hosts are well', lambda: all(lab.connected().values()), timeout=DURATION + PATIENCE)
    assert_recovers_once_and_again(lab, run.events[0]['run'])


def assert_recovers_once_and_again_nothing(lab):
    pids = agent_pids(lab)
    done = lab.squall('recover')
    assert done.code == 0, done
    assert agent_pids(lab) == pids
    assert_nothing_left(lab)


def test_a_second_signal_leaves_the_rest_to_the_hosts(make_lab):
    lab = make_lab(2)
    run = lab.run(DURATION)
    run.until('phase', phase='hold')
    # Nobody answers for the hosts now, so the first signal's undo has something to wait for.
    ssm_agents(lab, 'stop')
    run.process.send_signal(signal.SIGINT)
    run.until('phase', phase='revert')
    run.process.send_signal(signal.SIGINT)
    assert run.finish() == 5, run.events[-1]
    assert [record['open'] for record in runs(lab)] == [True]
    wait_for('the hosts have put themselves back', lambda: all(lab.connected().values()), timeout=DURATION + PATIENCE + 10)
    ssm_agents(lab, 'start')
    wait_for('SSM sees the hosts again', lambda: all(one['PingStatus'] == 'Online' for one in lab.client('ssm').describe_instance_information()['InstanceInformationList']))
    assert_recovers_once_and_again(lab, run.events[0]['run'])


def test_a_run_that_was_left_early_gets_one_verdict_and_it_is_the_last_word(make_lab):
    lab = make_lab(1)
    run = lab.run(30)
    run.until('phase', phase='hold')
    lab.sh(1, 'systemctl stop amazon-ssm-agent')
    run.process.send_signal(signal.SIGINT)
    run.until('phase', phase='revert')
    run.process.send_signal(signal.SIGINT)
    assert run.finish() == 5 and run.verdict['kind'] == 'verdict', 'whoever reads the run is told'
    lab.sh(1, 'systemctl start amazon-ssm-agent')
    assert lab.squall('recover').code == 0
    told = [json.loads(line)['kind'] for line in lab.squall('runs', run.events[0]['run'], '--json').out.splitlines()]
    assert told.count('verdict') == 1 and told[-1] == 'verdict' and 'left' in told, told


def test_a_terminal_that_was_stopped_holds_up_nothing(make_lab):
    """Ctrl-S in a window that somebody forgot."""
    lab = make_lab(2)
    terminal = Terminal([SQUALL, 'run', '--fault', 'ecs-agent-stop', '--set', 'CLUSTER_NAME=demo', '--set', 'TOTAL_CHAOS_DURATION=120'], lab.environment)
    terminal.until('holding')
    terminal.type(b'\x13')
    wait_for('the picture stands still', lambda: len(terminal.text) == len(terminal.read()), interval=1)
    done = lab.squall('abort', timeout=60)
    assert done.code == 0 and 'aborted' in done.out, done
    assert all(lab.connected().values())
    assert not any(record['open'] for record in runs(lab))
    assert 'aborted' not in terminal.read(), 'it was stopped indeed'
    terminal.type(b'\x11')
    assert terminal.finish() == 5 and 'verdict: aborted' in terminal.text


def test_abort_ends_a_runner_that_was_suspended(make_lab):
    """Ctrl-Z, or a debugger."""
    lab = make_lab(1)
    run = lab.run(120)
    run.until('phase', phase='hold')
    run.process.send_signal(signal.SIGSTOP)
    done = lab.squall('abort', timeout=60)
    assert done.code == 0 and 'aborted' in done.out, done
    assert all(lab.connected().values())
    assert run.finish() == 5


def test_the_next_run_closes_what_a_dead_runner_left(make_lab):
    lab = make_lab(2)
    run = lab.run(8)
    run.until('phase', phase='hold')
    run.process.kill()
    run.finish()
    wait_for('the hosts have put themselves back', lambda: all(lab.connected().values()), timeout=60)
    following = lab.run(6)
    assert following.finish() == 0, following.verdict
    assert run.events[0]['run'] in following.process.stderr.read()
    assert not any(record['open'] for record in runs(lab))


def test_a_host_that_was_away_and_comes_back_late_is_never_touched(make_lab):
    lab = make_lab(2)
    first, second = lab.instance_ids()
    pid = lab.agent_pid(2)
    log = lab.sh(2, 'cat /var/log/ecs/ecs-init.log | wc -l')
    run = lab.run(8, '--set', 'RAMP_TIME=4')
    run.until('phase', phase='ramp-before')
    lab.sh(2, 'systemctl stop amazon-ssm-agent')
    code = run.finish()
    assert code == 0 and '1 of 2 hosts' in run.verdict['reason'], run.verdict
    assert [event['target'] for event in run.of('injected')] == [first]
    assert lab.connected()[second] and lab.agent_pid(2) == pid
    lab.sh(2, 'systemctl start amazon-ssm-agent')
    wait_for('SSM sees the host again', lambda: all(one['PingStatus'] == 'Online' for one in lab.client('ssm').describe_instance_information()['InstanceInformationList']))
    # What was waiting for the host has been delivered, refused or has expired by the time a new command is through.
    ssm = lab.client('ssm')
    command = ssm.send_command(InstanceIds=[second], DocumentName='AWS-RunShellScript', Parameters={'commands': ['true']})['Command']['CommandId']
    wait_for('a command goes through', lambda: ssm.list_commands(CommandId=command)['Commands'][0]['Status'] == 'Success')
    wait_for('nothing is on its way', lambda: all(one['Status'] not in ('Pending', 'InProgress', 'Delayed') for one in ssm.list_command_invocations(InstanceId=second)['CommandInvocations']), timeout=60)
    assert lab.agent_pid(2) == pid and lab.connected()[second]
    assert lab.sh(2, 'cat /var/log/ecs/ecs-init.log | wc -l') == log, 'the unit was never stopped'


def test_a_second_run_on_the_same_hosts_is_refused(make_lab, tmp_path):
    lab = make_lab(2)
    run = lab.run(25)
    run.until('phase', phase='hold')
    second = lab.squall('run', '--fault', 'ecs-agent-stop', '--set', 'CLUSTER_NAME=demo', '--set', 'TOTAL_CHAOS_DURATION=6')
    assert second.code == 6, second
    assert 'not injecting' in second.err and run.events[0]['run'] in second.err, second
    # From another computer, which knows nothing of the first run.
    elsewhere = {**lab.environment, 'XDG_STATE_HOME': str(tmp_path)}
    third = lab.squall('run', '--json', '--fault', 'ecs-agent-stop', '--set', 'CLUSTER_NAME=demo', '--set', 'TOTAL_CHAOS_DURATION=6', environment=elsewhere)
    assert third.code == 6, third
    assert run.finish() == 0, run.verdict
    assert all(lab.connected().values())


def test_two_runs_at_the_same_moment_do_not_share_a_host(make_lab, tmp_path):
    """Planned from two computers while every agent was connected: the host itself decides."""
    lab = make_lab(2)
    folders = [tmp_path / 'a', tmp_path / 'b']
    arguments = ('run', '--json', '--fault', 'ecs-agent-stop', '--set', 'CLUSTER_NAME=demo', '--set', 'TOTAL_CHAOS_DURATION=8', '--set', 'RAMP_TIME=2')
    started = []
    for folder in folders:
        folder.mkdir()
        started.append(lab.start(*arguments, environment={**lab.environment, 'XDG_STATE_HOME': str(folder)}))
    events = []
    for process in started:
        out, _ = process.communicate(timeout=120)
        events.append([json.loads(line) for line in out.splitlines()])
    taken = [sorted(event['target'] for event in stream if event['kind'] == 'injected') for stream in events]
    refused = [sorted(event['target'] for event in stream if event['kind'] == 'not-injected') for stream in events]
    assert sorted(taken[0] + taken[1]) == sorted(lab.instance_ids()), 'each host by one run'
    # A run that finds one host held ends at once, and need not hear of the other.
    assert refused[0] + refused[1] and set(refused[0] + refused[1]) <= set(lab.instance_ids())
    wait_for('every agent is back', lambda: all(lab.connected().values()))


def test_a_run_that_is_told_to_end_again_and_again_still_puts_its_hosts_back(make_lab):
    lab = make_lab(2)
    run = lab.run(120)
    run.until('phase', phase='hold')
    assert lab.squall('lab', 'api', 'break', 'ssm:SendCommand', 'slow=2s').code == 0
    run.process.send_signal(signal.SIGINT)
    assert run.until('phase', phase='revert')['told_to_end']
    aborts = [lab.start('abort') for _ in range(2)]
    run.process.send_signal(signal.SIGTERM)
    assert run.finish() == 5, run.verdict
    assert run.verdict['verdict'] == 'aborted' and not run.of('left'), 'only a hand at the keyboard makes it leave'
    for abort in aborts:
        out, err = abort.communicate(timeout=30)
        assert abort.returncode == 0 and 'is over: aborted' in out, (out, err)
    assert all(lab.connected().values())
    assert_recovers_once_and_again_nothing(lab)


def test_an_abort_says_when_the_runner_has_left(make_lab):
    lab = make_lab(2)
    run = lab.run(12)
    run.until('phase', phase='hold')
    assert lab.squall('lab', 'api', 'break', 'ssm:SendCommand', 'slow=3s').code == 0
    abort = lab.start('abort')
    run.until('phase', phase='revert')
    run.process.send_signal(signal.SIGINT)
    out, err = abort.communicate(timeout=30)
    assert abort.returncode == 3 and 'has left it open' in err and 'squall recover' in err, (out, err)
    assert run.finish() == 5 and run.of('left')
    assert lab.squall('lab', 'api', 'mend').code == 0
    assert lab.squall('recover').code == 0 and all(lab.connected().values())
    assert_recovers_once_and_again_nothing(lab)


def test_a_second_recovery_says_who_is_at_it(make_lab):
    lab = make_lab(1)
    run = lab.run(DURATION)
    run.until('phase', phase='hold')
    run.process.kill()
    run.process.wait()
    assert lab.squall('lab', 'api', 'break', 'ssm:SendCommand', 'slow=3s').code == 0
    first = lab.start('recover')
    wait_for('it is at work', lambda: json.loads(lab.squall('status', '--json').out)['runner_pid'])
    second = lab.squall('recover')
    assert second.code == 0 and f'is still carried out by process {first.pid}' in second.out, second
    out, err = first.communicate(timeout=60)
    assert first.returncode == 0, (out, err)
    assert all(lab.connected().values())


def test_a_reboot_during_a_run_stands_in_its_verdict(make_lab):
    lab = make_lab(2)
    run = lab.run(15)
    run.until('phase', phase='hold')
    lab.exec(1, 'reboot')
    assert run.finish() == 0, run.verdict
    assert 'both hosts were affected, and well again; 1 of them before the fault\'s end' in run.verdict['reason'], run.verdict
    early = {one['instance_id']: one.get('back_early', False) for one in run.verdict['instances']}
    assert list(early.values()).count(True) == 1
    for one in run.verdict['instances']:
        assert ('time_to_recover_ms' in one) != early[one['instance_id']]
