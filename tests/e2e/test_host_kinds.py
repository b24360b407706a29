"""Container instances that differ from the others, and virtual ones: each is what it says, and the fault knows it."""
import json
import re

import pytest

from conftest import Lab, wait_for

KINDS = ['standard', 'unmanaged', 'offline', 'agent-down', 'external', 'upstart', 'windows', 'bottlerocket']
FAULT = ('--fault', 'ecs-agent-stop', '--set', 'CLUSTER_NAME=demo')


@pytest.fixture(scope='module')
def lab():
    lab = Lab(1, ['--with', ','.join(KINDS[1:])])
    yield lab
    lab.down()


@pytest.fixture(scope='module')
def ids(lab):
    return {instance['kind']: instance['instance_id'] for instance in lab.status()['instances']}


def test_a_lab_shows_each_instance_by_its_kind(lab, ids):
    assert list(ids) == KINDS
    connected = lab.connected()
    assert [kind for kind, one in ids.items() if not connected[one]] == ['agent-down']


def test_the_apis_say_of_each_what_aws_would(lab, ids):
    managed = {one['InstanceId']: one for one in lab.client('ssm').describe_instance_information()['InstanceInformationList']}
    assert ids['unmanaged'] not in managed
    assert managed[ids['offline']]['PingStatus'] == 'ConnectionLost' and managed[ids['agent-down']]['PingStatus'] == 'Online'
    assert managed[ids['windows']]['PlatformType'] == 'Windows' and managed[ids['bottlerocket']]['PlatformName'] == 'Bottlerocket'
    assert managed[ids['upstart']]['PlatformName'] == 'Amazon Linux AMI' and managed[ids['standard']]['PlatformName'] == 'Amazon Linux'
    assert ids['external'].startswith('mi-') and managed[ids['external']]['ResourceType'] == 'ManagedInstance'
    known = {one['InstanceId'] for page in lab.client('ec2').describe_instances()['Reservations'] for one in page['Instances']}
    assert known == set(ids.values()) - {ids['external']}
    ecs = lab.client('ecs')
    arns = ecs.list_container_instances(cluster='demo')['containerInstanceArns']
    described = {one['ec2InstanceId']: one for one in ecs.describe_container_instances(cluster='demo', containerInstances=arns)['containerInstances']}
    assert set(described) == set(ids.values())
    attributes = {name: {one['name']: one.get('value') for one in described[one_id]['attributes']} for name, one_id in ids.items()}
    assert 'ecs.capability.external' in attributes['external'] and attributes['windows']['ecs.os-type'] == 'windows'


def test_a_service_of_launch_type_ec2_puts_no_task_on_an_external_instance(lab, ids):
    ecs = lab.client('ecs')
    ran = ecs.run_task(cluster='demo', taskDefinition='web', launchType='EXTERNAL')
    assert ran['tasks'][0]['launchType'] == 'EXTERNAL'
    [instance] = ecs.describe_container_instances(cluster='demo', containerInstances=[ran['tasks'][0]['containerInstanceArn']])['containerInstances']
    assert instance['ec2InstanceId'] == ids['external']
    ecs.get_waiter('tasks_running').wait(cluster='demo', tasks=[ran['tasks'][0]['taskArn']])
    ecs.stop_task(cluster='demo', task=ran['tasks'][0]['taskArn'])
    tasks = ecs.describe_tasks(cluster='demo', tasks=ecs.list_tasks(cluster='demo', serviceName='web')['taskArns'])['tasks']
    assert len(tasks) == 5 and all(task['containerInstanceArn'] != instance['containerInstanceArn'] for task in tasks)


def test_a_plan_says_of_each_instance_what_it_is(lab, ids):
    planned = lab.squall('plan', '--json', *FAULT)
    targets = {target['instance_id']: target for target in json.loads(planned.out)['targets']}
    skipped = {kind: targets[one]['skip'] for kind, one in ids.items() if targets[one]['skip']}
    assert set(skipped) == {'unmanaged', 'offline', 'agent-down', 'bottlerocket'}
    assert skipped['unmanaged'] == 'it is not managed by SSM' and 'AmazonSSMManagedInstanceCore' in targets[ids['unmanaged']]['advice']
    assert skipped['offline'] == 'SSM cannot reach it (ConnectionLost)'
    assert skipped['agent-down'] == 'its agent is already disconnected'
    assert skipped['bottlerocket'].startswith('unsupported: on Bottlerocket')
    assert targets[ids['windows']]['document'] == 'AWS-RunPowerShellScript' and targets[ids['upstart']]['document'] == 'AWS-RunShellScript'
    assert any('Windows' in warning for warning in json.loads(planned.out)['warnings'])


def test_a_run_does_the_rest_and_brings_them_back(lab, ids):
    run = lab.run(8)
    hold = run.until('phase', phase='hold')
    assert hold['hosts'] == 4
    done = {ids[kind] for kind in ('standard', 'external', 'upstart', 'windows')}
    wait_for('they are gone', lambda: {one for one, is_there in lab.connected().items() if not is_there} == done | {ids['agent-down']})
    assert run.finish() == 0, run.verdict
    assert {event['target'] for event in run.of('recovered')} == done
    assert {event['target'] for event in run.of('skipped')} == set(ids.values()) - done
    # The agent that was found stopped stays so.
    assert [one for one, is_there in lab.connected().items() if not is_there] == [ids['agent-down']]
    swept = lab.squall('sweep', *FAULT)
    assert 'nothing is left of any run' in swept.out


def test_hosts_of_every_kind_restore_themselves_when_the_runner_dies(lab, ids):
    run = lab.run(6)
    run.until('phase', phase='hold')
    run.process.kill()
    wait_for('the hosts have restored themselves', lambda: [one for one, there in lab.connected().items() if not there] == [ids['agent-down']], timeout=40)
    assert lab.squall('recover').code == 0


def test_an_upstart_host_has_upstarts_tools_and_no_systemd(lab):
    host = KINDS.index('upstart') + 1
    assert lab.sh(host, 'initctl status ecs').startswith('ecs start/running, process ')
    assert lab.exec(host, 'systemctl', 'status', 'ecs').code != 0 and lab.exec(host, 'test', '-d', '/run/systemd/system').code == 1
    assert lab.sh(host, 'stop ecs') == 'ecs stop/waiting' and lab.exec(host, 'stop', 'ecs').code == 1
    wait_for('its agent is gone', lambda: not lab.status()['instances'][host - 1]['agent_connected'])
    assert lab.sh(host, 'sudo initctl status ecs') == 'ecs stop/waiting'
    assert lab.sh(host, 'start ecs').startswith('ecs start/running') and lab.exec(host, 'start', 'nothing').code == 1
    wait_for('its agent is back', lambda: lab.status()['instances'][host - 1]['agent_connected'])
    assert lab.sh(host, 'restart ecs').startswith('ecs start/running')
    assert set(line.split()[0] for line in lab.sh(host, 'initctl list').splitlines()) == {'ecs', 'docker', 'amazon-ssm-agent'}


def test_an_external_instance_has_no_metadata_and_its_keys_in_a_file(lab):
    host = KINDS.index('external') + 1
    assert 'aws_session_token' in lab.sh(host, 'cat /root/.aws/credentials')
    assert lab.exec(host, 'curl', '-s', '-m', '2', 'http://169.254.169.254/latest/meta-data/').code != 0


def test_what_differs_can_be_mended_on_the_host(make_lab):
    lab = make_lab(0, ['--with', 'agent-down,offline'])
    lab.sh(1, 'systemctl start ecs')
    lab.sh(2, 'systemctl start amazon-ssm-agent')
    wait_for('both are well', lambda: all(lab.connected().values()))
    wait_for('SSM sees it', lambda: all(one['PingStatus'] == 'Online' for one in lab.client('ssm').describe_instance_information()['InstanceInformationList']))
    assert len(lab.client('ecs').list_container_instances(cluster='demo')['containerInstanceArns']) == 2


def test_nobody_can_enter_a_virtual_instance(lab):
    entered = lab.exec(KINDS.index('windows') + 1, 'true')
    assert entered.code == 3 and 'is virtual: nothing runs there' in entered.err


def test_virtual_instances_are_broken_and_come_back_like_others(make_lab):
    lab = make_lab(1, ['--virtual', '300', '--virtual-failing', '10', '--virtual-silent', '5', '--virtual-latency', '20'])
    assert lab.status()['virtual_instances'] == {'count': 300, 'connected': 300}
    run = lab.run(40)
    hold = run.until('phase', phase='hold')
    answered = len(run.of('injected'))
    assert 200 < answered < 301 and hold['hosts'] <= 301
    assert lab.status()['virtual_instances']['connected'] == 301 - answered
    silent = {event['target'] for event in run.of('no-answer')}
    assert silent, 'some fail, or never answer'
    run.finish()
    assert len(run.of('recovered')) >= answered
    assert lab.status()['virtual_instances']['connected'] == 300
    calls = run.verdict['api_calls']
    # By hundreds and fifties, never by instance.
    assert calls['ssm:SendCommand'] <= 40 and calls['ssm:DescribeInstanceInformation'] == 7


def test_the_report_of_a_run_accounts_for_every_instance_that_it_told(make_lab):
    lab = make_lab(1, ['--virtual', '12', '--virtual-failing', '30', '--virtual-silent', '30', '--virtual-latency', '20'])
    done = lab.squall('run', *FAULT, '--set', 'TOTAL_CHAOS_DURATION=10')
    table = done.out[done.out.index('verdict:'):]
    failed, never = table.count('said nothing we know'), table.count('SSM had no answer from it in time')
    assert failed and never, done
    affected = len(re.findall(r'^  i-\S+ +<1s ', table, re.M))
    assert affected + failed + never == 13 and f'{affected} of 13 hosts were affected' in table
    # What was never away does not come back.
    assert done.out.count('is connected, and was never seen gone') == failed + never
    assert done.out.count('connected again after') == affected


def test_instances_are_spread_over_as_many_zones_as_are_asked_for(make_lab):
    lab = make_lab(3, ['--zones', '2', '--virtual', '4'])
    zones = [instance['availability_zone'] for instance in lab.status()['instances']]
    assert zones == ['us-east-1a', 'us-east-1b', 'us-east-1a']
    spread = lab.client('ecs').list_container_instances(cluster='demo', filter='attribute:ecs.availability-zone == us-east-1b')['containerInstanceArns']
    assert len(spread) == 3


@pytest.mark.parametrize('options, why', [
    (['--with', 'mainframe'], "'mainframe' is no kind of instance"),
    (['--with', 'windows=x'], "'x' is no number of them"),
    (['--with', 'windows=0'], "'0' is no number of them"),
    (['--virtual-failing', '10'], '--virtual-failing requires --virtual'),
    (['--with', 'upstart=250'], 'up to 250 of them together'),
    (['--instances', '0'], 'at least one container instance'),
    (['--virtual', '20001'], 'up to 20000'),
    (['--virtual', '5', '--virtual-failing', '60', '--virtual-silent', '60'], 'no more than 100 together'),
    (['--virtual', '5', '--virtual-latency', '0'], '1 to 60000 ms'),
    (['--zones', '7'], '--zones: 1 to 6'),
])
def test_what_no_lab_has_is_refused(state, options, why):
    from conftest import squall_with
    done = squall_with(state[1], 'lab', 'up', '--detach', '--port', '0', *options)
    assert done.code == 64 and why in done.err, done
