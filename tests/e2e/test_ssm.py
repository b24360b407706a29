"""Run Command against real hosts: what the SSM agent does with a script, and what the service says of it."""
import re
import uuid

import botocore.exceptions
import pytest

from conftest import Lab, wait_for

OVER = ('Success', 'Failed', 'TimedOut', 'Cancelled')
KILLED = 137


class Ssm:
    """A lab of two hosts, and Run Command as boto3 gives it."""

    def __init__(self, lab):
        self.lab = lab
        self.client = lab.client('ssm')
        self.ids = lab.instance_ids()

    def send(self, *lines, host=1, parameters=None, **options):
        hosts = [host] if isinstance(host, int) else host
        sent = self.client.send_command(InstanceIds=[self.ids[one - 1] for one in hosts], DocumentName='AWS-RunShellScript',
                                        Parameters={'commands': list(lines), **(parameters or {})}, **options)
        return sent['Command']['CommandId']

    def get(self, command, host=1):
        return self.client.get_command_invocation(CommandId=command, InstanceId=self.ids[host - 1])

    def result(self, command, host=1, timeout=30):
        return wait_for('the command is over', lambda: (lambda found: found if found['Status'] in OVER else None)(self.get(command, host)), timeout)

    def run(self, *lines, host=1, **options):
        return self.result(self.send(*lines, host=host, **options), host)

    def is_in_progress(self, command, host=1):
        return self.get(command, host)['Status'] == 'InProgress'

    def plugin(self, command):
        [invocation] = self.client.list_command_invocations(CommandId=command, Details=True)['CommandInvocations']
        [plugin] = invocation['CommandPlugins']
        return plugin

    def command(self, command):
        [found] = self.client.list_commands(CommandId=command)['Commands']
        return found

    def exists(self, path, host=1):
        return self.lab.exec(host, 'test', '-e', path).code == 0

    def ping(self, host):
        [found] = self.client.describe_instance_information(Filters=[{'Key': 'InstanceIds', 'Values': [self.ids[host - 1]]}])['InstanceInformationList']
        return found['PingStatus']


@pytest.fixture(scope='module')
def ssm():
    lab = Lab(2)
    yield Ssm(lab)
    lab.down()


@pytest.fixture
def folder(ssm):
    """A folder of the test's own on both hosts."""
    path = f'/root/{uuid.uuid4().hex}'
    for host in (1, 2):
        ssm.lab.sh(host, f'mkdir {path}')
    yield path
    for host in (1, 2):
        ssm.lab.sh(host, f'rm -rf {path}')


def test_a_script_that_succeeds_is_described_in_full(ssm):
    command = ssm.send('echo out', 'echo err >&2', Comment='a comment')
    found = ssm.result(command)
    assert (found['Status'], found['StatusDetails'], found['ResponseCode']) == ('Success', 'Success', 0)
    assert found['StandardOutputContent'] == 'out\n' and found['StandardErrorContent'] == 'err\n'
    assert found['PluginName'] == 'aws:runShellScript' and found['DocumentName'] == 'AWS-RunShellScript' and found['Comment'] == 'a comment'
    for name in ('ExecutionStartDateTime', 'ExecutionEndDateTime'):
        assert re.fullmatch(r'\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z', found[name])
    assert re.fullmatch(r'PT\d+(\.\d+)?S', found['ExecutionElapsedTime'])
    plugin = ssm.plugin(command)
    assert (plugin['Name'], plugin['Status'], plugin['ResponseCode']) == ('aws:runShellScript', 'Success', 0)
    assert plugin['Output'] == 'out\n\n----------ERROR-------\nerr\n'
    whole = ssm.command(command)
    assert (whole['Status'], whole['TargetCount'], whole['CompletedCount'], whole['ErrorCount']) == ('Success', 1, 1, 0)


@pytest.mark.parametrize('code', [1, 2, 127, 169, 255])
def test_an_exit_code_is_a_failure_that_names_it(ssm, code):
    command = ssm.send('echo before', 'echo oops >&2', f'exit {code}')
    found = ssm.result(command)
    assert (found['Status'], found['StatusDetails'], found['ResponseCode']) == ('Failed', 'Failed', code)
    assert found['StandardOutputContent'] == 'before\n'
    assert found['StandardErrorContent'] == f'oops\nfailed to run commands: exit status {code}'
    whole = ssm.command(command)
    assert (whole['Status'], whole['ErrorCount']) == ('Failed', 1)


def test_exit_codes_that_mean_something_else_to_the_agent(ssm):
    assert ssm.run('exit 168')['Status'] == 'Success', 'no failure: skip the rest'
    found = ssm.run(f'exit {KILLED}')
    assert (found['Status'], found['StatusDetails'], found['ResponseCode']) == ('TimedOut', 'ExecutionTimedOut', KILLED), \
        'the agent cannot tell it from its own kill'


def test_a_script_that_asks_for_a_reboot_runs_again_after_it(make_lab):
    ssm = Ssm(make_lab(1))
    ssm.lab.sh(1, 'touch /run/volatile /tmp/volatile /root/stays; systemd-run --unit=old --on-active=600 true')
    [task] = ssm.lab.status()['instances'][0]['running_tasks']
    command = ssm.send('echo run >>/root/runs', 'echo "run $(wc -l </root/runs)"', '[ $(wc -l </root/runs) -ge 2 ] || exit 194', 'ls /run/volatile /tmp/volatile',
                       'systemctl is-active old.timer', 'ls /root/stays')
    found = ssm.result(command, timeout=90)
    assert (found['Status'], found['ResponseCode']) == ('Success', 0), found
    assert found['StandardOutputContent'].splitlines() == ['run 1', 'run 2', 'inactive', '/root/stays'], 'files stay, what is in memory does not'
    wait_for('the agent is back', lambda: all(ssm.lab.connected().values()))
    wait_for('another task', lambda: [one['task_arn'] for one in ssm.lab.status()['instances'][0]['running_tasks']] not in ([], [task['task_arn']]), timeout=60)
    assert ssm.lab.sh(1, 'systemctl is-active ecs docker amazon-ssm-agent').split() == ['active'] * 3


def test_a_script_ended_by_a_signal_of_somebody_else_has_failed(ssm):
    found = ssm.run('echo begun', 'kill -KILL 0')
    assert (found['Status'], found['ResponseCode']) == ('Failed', -1)
    assert found['StandardOutputContent'] == 'begun\n' and 'signal: killed' in found['StandardErrorContent']


def test_lines_are_one_script_and_the_last_one_counts(ssm):
    found = ssm.run('cd /var', 'name=value', 'false', 'echo "$PWD $name"', 'cat <<END', 'two', 'lines', 'END')
    assert found['Status'] == 'Success' and found['StandardOutputContent'] == '/var value\ntwo\nlines\n'
    stopped = ssm.run('set -e', 'echo one', 'false', 'echo never')
    assert (stopped['Status'], stopped['ResponseCode'], stopped['StandardOutputContent']) == ('Failed', 1, 'one\n')
    assert ssm.run('#!/bin/bash', 'a=(x y z)', 'echo ${#a[@]}')['StandardOutputContent'] == '3\n', 'its first line may name an interpreter'
    assert ssm.run('no-such-program')['ResponseCode'] == 127


def test_a_script_knows_its_command_its_instance_and_its_region(ssm):
    command = ssm.send('echo $SSM_COMMAND_ID $AWS_SSM_INSTANCE_ID $AWS_SSM_REGION_NAME', 'id -u', 'hostname', 'command -v systemctl', 'cat')
    found = ssm.result(command)
    name, user, host, systemctl = found['StandardOutputContent'].splitlines()
    assert name.split() == [command, ssm.ids[0], 'us-east-1']
    assert user == '0' and host == ssm.lab.sh(1, 'hostname') and systemctl.endswith('/systemctl')


def test_a_script_runs_where_it_is_told_to(ssm):
    assert ssm.run('pwd', parameters={'workingDirectory': ['/var/log/ecs']})['StandardOutputContent'] == '/var/log/ecs\n'
    missing = ssm.run('echo never', parameters={'workingDirectory': ['/no/such']})
    assert (missing['Status'], missing['ResponseCode'], missing['StandardOutputContent']) == ('Failed', 1, '')
    assert '/no/such' in missing['StandardErrorContent'] and 'no such file or directory' in missing['StandardErrorContent']


def test_long_output_is_cut_where_aws_cuts_it(ssm):
    command = ssm.send('head -c 100000 /dev/zero | tr "\\0" o', 'head -c 100000 /dev/zero | tr "\\0" e >&2')
    found = ssm.result(command)
    assert found['Status'] == 'Success'
    output, errors = found['StandardOutputContent'], found['StandardErrorContent']
    assert len(output) == 24000 and output.endswith('o--output truncated--')
    assert len(errors) == 8000 and errors.endswith('e--output truncated--')
    both = ssm.plugin(command)['Output']
    assert 2000 < len(both) <= 2500
    assert re.fullmatch(r'o+\n---Output truncated---\n----------ERROR-------\ne+\n---Error truncated----', both)
    whole = ssm.run('head -c 23000 /dev/zero | tr "\\0" o')
    assert whole['StandardOutputContent'] == 'o' * 23000


def test_output_that_is_no_text_does_not_spoil_the_answer(ssm):
    found = ssm.run("printf 'a\\377\\376b\\001c'")
    assert found['Status'] == 'Success'
    assert re.fullmatch('a\ufffd+b\x01c', found['StandardOutputContent'])
    many = ssm.run('i=0; while [ $i -lt 10000 ]; do printf "\\303\\244\\303\\274\\342\\202\\254"; i=$((i+1)); done')
    assert many['Status'] == 'Success' and many['StandardOutputContent'].startswith('äü€'), 'cut within a character, maybe'


def test_what_holds_the_output_holds_the_command(ssm, folder):
    command = ssm.send(f'(until [ -e {folder}/go ]; do sleep 0.05; done; echo late) &', f'echo soon; touch {folder}/ended')
    wait_for('the script itself has ended', lambda: ssm.exists(f'{folder}/ended'))
    assert ssm.is_in_progress(command)
    ssm.lab.sh(1, f'touch {folder}/go')
    assert ssm.result(command)['StandardOutputContent'] == 'soon\nlate\n'
    found = ssm.run('sleep 1000 >/dev/null 2>&1 & echo $!')
    assert found['Status'] == 'Success', 'what does not hold it does not'
    ssm.lab.sh(1, f'kill {found["StandardOutputContent"]}')


def test_five_commands_run_at_a_time_and_a_sixth_waits(ssm, folder):
    script = f'date +%s%N >{folder}/$SSM_COMMAND_ID.begun; until [ -e {folder}/$SSM_COMMAND_ID.go ]; do sleep 0.05; done; date +%s%N'
    first = [ssm.send(script) for _ in range(5)]
    for command in first:
        wait_for('it runs', lambda one=command: ssm.exists(f'{folder}/{one}.begun'))
    sixth, seventh = ssm.send(script), ssm.send(script)
    for command in (sixth, seventh):
        wait_for('the agent has it', lambda one=command: ssm.is_in_progress(one))
    assert ssm.client.cancel_command(CommandId=seventh)['ResponseMetadata']['HTTPStatusCode'] == 200
    assert ssm.result(seventh)['Status'] == 'Cancelled', 'one that waits can be cancelled'
    ssm.lab.sh(1, f'touch {folder}/{first[2]}.go {folder}/{sixth}.go')
    ended = int(ssm.result(first[2])['StandardOutputContent'])
    assert ssm.result(sixth)['Status'] == 'Success'
    assert int(ssm.lab.sh(1, f'cat {folder}/{sixth}.begun')) > ended, 'a place had to become free'
    assert not ssm.exists(f'{folder}/{seventh}.begun')
    ssm.lab.sh(1, ' '.join(f'touch {folder}/{command}.go;' for command in first))
    assert [ssm.result(command)['Status'] for command in first] == ['Success'] * 5


def start_with_children(ssm, folder, **options):
    """A script with a trap, a child in its process group, and one in a session of its own."""
    command = ssm.send(f'trap "touch {folder}/trapped" EXIT TERM INT HUP',
                       f'setsid sh -c "echo \\$\\$ >{folder}/survivor.new; mv {folder}/survivor.new {folder}/survivor; exec sleep 1000" >/dev/null 2>&1 &',
                       f'sleep 1000 & echo $! >{folder}/child.new; mv {folder}/child.new {folder}/child; echo begun; wait', **options)
    for name in ('survivor', 'child'):
        wait_for(f'{name} runs', lambda one=name: ssm.exists(f'{folder}/{one}'))
    return command, ssm.lab.sh(1, f'cat {folder}/survivor'), ssm.lab.sh(1, f'cat {folder}/child')


def assert_killed(ssm, folder, survivor, child):
    wait_for('the child in the group is dead', lambda: not ssm.exists(f'/proc/{child}'))
    assert not ssm.exists(f'{folder}/trapped'), 'SIGKILL: no trap runs'
    assert ssm.lab.sh(1, f'cat /proc/{survivor}/comm') == 'sleep', 'another session is out of reach'
    ssm.lab.sh(1, f'kill {survivor}')


def test_cancelling_kills_the_process_group_and_nothing_else(ssm, folder):
    command, survivor, child = start_with_children(ssm, folder)
    ssm.client.cancel_command(CommandId=command, InstanceIds=[ssm.ids[0]])
    found = ssm.result(command)
    assert (found['Status'], found['StatusDetails'], found['ResponseCode']) == ('Cancelled', 'Cancelled', KILLED)
    assert found['StandardOutputContent'] == 'begun\n'
    assert_killed(ssm, folder, survivor, child)
    assert ssm.command(command)['Status'] == 'Cancelled'
    ssm.client.cancel_command(CommandId=command)
    assert ssm.get(command)['Status'] == 'Cancelled', 'twice is harmless'


def test_running_out_of_time_kills_the_process_group_and_nothing_else(ssm, folder):
    command, survivor, child = start_with_children(ssm, folder, parameters={'executionTimeout': ['5']})
    found = ssm.result(command)
    assert (found['Status'], found['StatusDetails'], found['ResponseCode']) == ('TimedOut', 'ExecutionTimedOut', KILLED)
    assert float(found['ExecutionElapsedTime'][2:-1]) >= 5
    assert_killed(ssm, folder, survivor, child)
    whole = ssm.command(command)
    assert (whole['Status'], whole['StatusDetails'], whole['ErrorCount']) == ('TimedOut', 'ExecutionTimedOut', 1)


def test_an_execution_timeout_below_five_seconds_does_not_count(ssm):
    found = ssm.run('sleep 2', parameters={'executionTimeout': ['1']})
    assert found['Status'] == 'Success' and float(found['ExecutionElapsedTime'][2:-1]) >= 2


def test_a_command_for_a_host_that_is_offline_waits_and_is_delivered_when_it_comes_back(ssm, folder):
    ssm.lab.sh(2, 'systemctl stop amazon-ssm-agent')
    sent = ssm.send(f'touch {folder}/ran; echo here', host=2, TimeoutSeconds=600)
    cancelled = ssm.send(f'touch {folder}/cancelled', host=2, TimeoutSeconds=600)
    found = ssm.get(sent, 2)
    assert found['Status'] in ('Pending', 'Delayed') and found['ResponseCode'] == -1
    assert found['ExecutionStartDateTime'] == found['ExecutionEndDateTime'] == found['ExecutionElapsedTime'] == ''
    assert ssm.command(sent)['Status'] == 'Pending'
    ssm.client.cancel_command(CommandId=cancelled)
    assert ssm.result(cancelled, 2)['Status'] == 'Cancelled', 'nobody has to be told'
    assert not ssm.exists(f'{folder}/ran', 2)
    ssm.lab.sh(2, 'systemctl start amazon-ssm-agent')
    assert ssm.result(sent, 2)['StandardOutputContent'] == 'here\n'
    assert not ssm.exists(f'{folder}/cancelled', 2)
    assert ssm.ping(2) == 'Online'


def test_a_command_that_was_not_delivered_in_time_is_never_delivered(make_lab):
    ssm = Ssm(make_lab(2))
    running = ssm.send('touch /root/begun; sleep 1000', host=2, TimeoutSeconds=30)
    wait_for('it runs', lambda: ssm.exists('/root/begun', 2))
    ssm.lab.sh(2, 'systemctl stop amazon-ssm-agent')
    alone = ssm.send('touch /root/ran', host=2, TimeoutSeconds=30)
    both = ssm.send('touch /root/ran', host=[1, 2], TimeoutSeconds=30)
    assert ssm.result(both, 1)['Status'] == 'Success', 'the other host does not wait for it'
    wait_for('the silence is noticed', lambda: ssm.ping(2) == 'ConnectionLost', timeout=90)
    assert ssm.ping(1) == 'Online'
    for command in (alone, both):
        found = ssm.result(command, 2, timeout=60)
        assert (found['Status'], found['StatusDetails'], found['ResponseCode']) == ('TimedOut', 'DeliveryTimedOut', -1)
    assert ssm.is_in_progress(running, 2), 'it was delivered: only both timeouts together end it'
    assert ssm.lab.sh(2, 'pgrep -x sleep'), 'a script does not end with its agent'
    one, two = ssm.command(alone), ssm.command(both)
    assert (one['Status'], one['StatusDetails']) == ('TimedOut', 'DeliveryTimedOut')
    assert (two['StatusDetails'], two['ErrorCount'], two['DeliveryTimedOutCount']) == ('Incomplete', 0, 1), 'no error, and not all of it'
    assert (one['ExpiresAfter'] - one['RequestedDateTime']).total_seconds() == pytest.approx(30 + 3600)
    ssm.lab.sh(2, 'systemctl start amazon-ssm-agent')
    wait_for('it is back', lambda: ssm.ping(2) == 'Online')
    assert ssm.run('test ! -e /root/ran', host=2)['Status'] == 'Success', 'later ones arrive, the old ones do not'


def test_one_instance_after_another_where_asked_and_none_after_an_error(ssm, folder):
    command = ssm.send(f'touch {folder}/begun; sleep 0.3; date +%s%N >{folder}/time', host=[1, 2], MaxConcurrency='1')
    for host in (1, 2):
        assert ssm.result(command, host)['Status'] == 'Success'
    first, second = sorted((ssm.get(command, host) for host in (1, 2)), key=lambda found: found['ExecutionStartDateTime'])
    assert first['ExecutionEndDateTime'] <= second['ExecutionStartDateTime']
    failing = ssm.send('exit 1', host=[1, 2], MaxConcurrency='1', MaxErrors='0')
    assert {ssm.result(failing, host)['StatusDetails'] for host in (1, 2)} == {'Failed', 'Terminated'}
    whole = ssm.command(failing)
    assert (whole['Status'], whole['ErrorCount']) == ('Failed', 1)


def test_twenty_commands_at_once_all_have_their_turn(ssm):
    commands = [ssm.send(f'echo {number}', host=[1, 2]) for number in range(20)]
    for host in (1, 2):
        assert [ssm.result(command, host)['StandardOutputContent'] for command in commands] == [f'{number}\n' for number in range(20)]


def test_an_invocation_that_was_never_made_does_not_exist(ssm):
    command = ssm.send('true', host=1)
    for identity, host in ((command, 2), (str(uuid.uuid4()), 1)):
        with pytest.raises(botocore.exceptions.ClientError) as refused:
            ssm.get(identity, host)
        assert refused.value.response['Error']['Code'] == 'InvocationDoesNotExist'


def test_an_unmanaged_instance_refuses_the_whole_command(ssm, folder):
    with pytest.raises(botocore.exceptions.ClientError) as refused:
        ssm.client.send_command(InstanceIds=[ssm.ids[0], 'i-0123456789abcdef0'], DocumentName='AWS-RunShellScript',
                                Parameters={'commands': [f'touch {folder}/ran']})
    assert refused.value.response['Error']['Code'] == 'InvalidInstanceId'
    assert ssm.run(f'test ! -e {folder}/ran')['Status'] == 'Success', 'nobody got it'


def test_a_script_may_restart_the_agent_of_ecs_and_arm_timers(ssm):
    found = ssm.run('systemctl stop ecs', 'systemctl is-active ecs', 'systemd-run --unit=lab-test --on-active=300 true', 'systemctl is-active lab-test.timer',
                    'systemctl stop lab-test.timer', 'systemctl start ecs', 'systemctl is-active ecs')
    assert found['StandardOutputContent'].split() == ['inactive', 'active', 'active'], found
    assert 'Running timer as unit: lab-test.timer' in found['StandardErrorContent']
    wait_for('the agent is back', lambda: ssm.lab.connected()[ssm.ids[0]])


def test_the_agent_comes_back_when_it_is_killed(ssm):
    pid = ssm.lab.sh(2, 'systemctl show -p MainPID --value amazon-ssm-agent')
    ssm.lab.sh(2, f'kill -9 {pid}')
    wait_for('the unit is started again', lambda: ssm.lab.sh(2, 'systemctl show -p NRestarts --value amazon-ssm-agent') == '1')
    assert ssm.run('echo well', host=2)['StandardOutputContent'] == 'well\n'
