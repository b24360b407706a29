"""How far a run goes, and what keeps it from going: narrowing, waves, guards, alarms, and what `squall check` finds beforehand."""
import json
import re

import pytest

from conftest import Lab, wait_for

FAULT = ('--fault', 'ecs-agent-stop', '--set', 'CLUSTER_NAME=demo')


def plan(lab, *settings):
    done = lab.squall('plan', '--json', *FAULT, *(word for setting in settings for word in ('--set', setting)))
    assert done.code == 0, done
    return json.loads(done.out)


def hosts_of(plan):
    return [target['instance_id'] for target in plan['targets'] if not target['skip']]


@pytest.fixture(scope='module')
def lab():
    lab = Lab(4)
    # A new service rolls out at first, which a guard would tell.
    wait_for('the service is deployed', lambda: lab.client('ecs').describe_services(cluster='demo', services=['web'])['services'][0]['deployments'][0]['rolloutState'] == 'COMPLETED')
    yield lab
    lab.down()


@pytest.fixture
def whole(lab):
    """Whatever a test did, its hosts are well and no alarm is left."""
    yield lab
    for host in (1, 2, 3, 4):
        lab.sh(host, 'systemctl start ecs amazon-ssm-agent')
    wait_for('the hosts are well', lambda: all(lab.connected().values()), timeout=60)
    cloudwatch = lab.client('cloudwatch')
    cloudwatch.delete_alarms(AlarmNames=[alarm['AlarmName'] for alarm in cloudwatch.describe_alarms()['MetricAlarms']])


def put_alarm(lab, name, state='OK'):
    cloudwatch = lab.client('cloudwatch')
    cloudwatch.put_metric_alarm(AlarmName=name, MetricName='5xx', Namespace='demo', Statistic='Sum', Period=60, EvaluationPeriods=1,
                                Threshold=1, ComparisonOperator='GreaterThanThreshold')
    cloudwatch.set_alarm_state(AlarmName=name, StateValue=state, StateReason='a test')
    [alarm] = cloudwatch.describe_alarms(AlarmNames=[name])['MetricAlarms']
    return alarm['AlarmArn']


def test_a_run_takes_the_hosts_that_are_named_and_no_other(whole):
    first, second, *others = whole.instance_ids()
    run = whole.run(6, '--set', f'CONTAINER_INSTANCE_IDS={first},{second}')
    run.until('phase', phase='hold')
    connected = whole.connected()
    assert [connected[one] for one in (first, second, *others)] == [False, False, True, True]
    assert run.finish() == 0, run.verdict
    assert run.events[0]['registered'] == 4 and run.events[0]['hosts'] == 2
    assert not any(run.of('skipped', one) for one in others)


def test_a_zone_a_share_and_a_seed_choose_and_the_plan_repeats_it(whole):
    zones = {one['ec2InstanceId']: next(a['value'] for a in one['attributes'] if a['name'] == 'ecs.availability-zone')
             for one in whole.client('ecs').describe_container_instances(cluster='demo', containerInstances=whole.client('ecs').list_container_instances(cluster='demo')['containerInstanceArns'])['containerInstances']}
    zone = sorted(zones.values())[0]
    assert hosts_of(plan(whole, f'AVAILABILITY_ZONE={zone}')) == sorted(one for one in zones if zones[one] == zone)
    assert hosts_of(plan(whole, f'ATTRIBUTE=attribute:ecs.availability-zone == {zone}')) == hosts_of(plan(whole, f'AVAILABILITY_ZONE={zone}'))
    nonsense = whole.squall('plan', *FAULT, '--set', 'ATTRIBUTE=attribute:ecs.availability-zone ==')
    assert nonsense.code == 64 and 'Invalid query' in nonsense.err, nonsense
    half = plan(whole, 'INSTANCE_AFFECTED_PERC=50')
    assert len(hosts_of(half)) == 2
    seed = half['tunables']['SEED']
    assert hosts_of(plan(whole, 'INSTANCE_AFFECTED_PERC=50', f'SEED={seed}')) == hosts_of(half)
    settings = ('--set', 'INSTANCE_AFFECTED_PERC=50', '--set', 'TOTAL_CHAOS_DURATION=30')
    refused = whole.squall('run', *FAULT, *settings, '--plan', half['hash'][:12])
    assert refused.code == 6 and 'SEED' in refused.err, refused
    run = whole.run(30, '--set', 'INSTANCE_AFFECTED_PERC=50', '--set', f'SEED={seed}', '--plan', half['hash'][:12])
    run.until('phase', phase='hold')
    assert sorted(event['target'] for event in run.of('injected')) == hosts_of(half)
    assert whole.squall('abort').code == 0
    assert run.finish() == 5


def test_waves_come_one_after_another_and_each_is_well_before_the_next(whole):
    run = whole.run(6, '--set', 'WAVES=1,100%')
    assert run.finish() == 0, run.verdict
    begun = [event['hosts'] for event in run.of('phase') if event['phase'] == 'inject']
    assert begun == [1, 3]
    kinds = [event['kind'] for event in run.events]
    assert kinds.index('recovered') < len(kinds) - 1 - kinds[::-1].index('intent')


def test_a_host_that_is_not_there_is_an_error_that_names_it(whole):
    done = whole.squall('plan', *FAULT, '--set', 'CONTAINER_INSTANCE_IDS=i-00000000000000bad')
    assert done.code == 3 and 'i-00000000000000bad' in done.err, done
    done = whole.squall('plan', *FAULT, '--set', 'WAVES=1,50%')
    assert done.code == 64 and '100%' in done.err, done


def test_strict_guards_refuse_and_nothing_is_done(whole):
    before = [whole.agent_pid(one) for one in (1, 2, 3, 4)]
    done = whole.squall('run', *FAULT, '--set', 'GUARDS=strict', '--set', 'MIN_CONNECTED=1')
    assert done.code == 6 and 'MIN_CONNECTED=1' in done.out, done
    whole.sh(4, 'systemctl stop ecs')
    wait_for('ECS sees it', lambda: list(whole.connected().values()).count(False) == 1)
    one = whole.instance_ids()[0]
    done = whole.squall('run', *FAULT, '--set', 'GUARDS=strict', '--set', f'CONTAINER_INSTANCE_IDS={one}')
    assert done.code == 6 and whole.instance_ids()[3] in done.out, done
    warned = plan(whole, f'CONTAINER_INSTANCE_IDS={one}')
    assert [(finding['guard'], finding['refuses']) for finding in warned['guards']] == [('disconnected', False)]
    whole.sh(4, 'systemctl start ecs')
    assert [whole.agent_pid(one) for one in (1, 2, 3)] == before[:3], 'nobody was stopped'


def test_an_alarm_that_fires_ends_the_run(whole):
    arn = put_alarm(whole, 'too many errors')
    run = whole.run(60, '--set', f'STOP_ALARMS={arn}')
    run.until('phase', phase='hold')
    whole.client('cloudwatch').set_alarm_state(AlarmName='too many errors', StateValue='ALARM', StateReason='it burns')
    guard = run.until('guard')
    assert guard['refuses'] and 'it burns' in guard['text']
    assert run.finish() == 5 and 'too many errors' in run.verdict['reason']
    assert all(whole.connected().values())
    assert run.verdict['api_calls']['cloudwatch:DescribeAlarms'] >= 2


def test_an_alarm_that_fires_already_or_is_not_there_refuses_the_run(whole):
    arn = put_alarm(whole, 'errors', 'ALARM')
    for alarm, text in ((arn, 'is in ALARM'), (arn + '2', 'there is no alarm')):
        done = whole.squall('run', *FAULT, '--set', f'STOP_ALARMS={alarm}')
        assert done.code == 6 and text in done.out, done


def test_check_looks_at_everything_and_does_nothing(whole):
    before = [whole.agent_pid(one) for one in (1, 2, 3, 4)]
    commands = len(whole.client('ssm').list_commands()['Commands'])
    done = whole.squall('check', *FAULT)
    assert done.code == 0 and done.out.endswith('ready\n'), done
    assert re.search(r'good +ssm:SendCommand', done.out) and '4 of 4 container instances' in done.out
    whole.sh(2, 'systemctl stop amazon-ssm-agent')
    offline = whole.instance_ids()[1]
    wait_for('SSM sees it', lambda: any(one['PingStatus'] != 'Online' for one in whole.client('ssm').describe_instance_information()['InstanceInformationList']), timeout=60)
    found = json.loads(whole.squall('check', '--json', *FAULT).out)
    assert found['ready'] and [item for item in found['items'] if item['what'] == offline and item['state'] == 'bad' and not item['needed']]
    whole.sh(2, 'systemctl start amazon-ssm-agent')
    wait_for('SSM sees it', lambda: all(one['PingStatus'] == 'Online' for one in whole.client('ssm').describe_instance_information()['InstanceInformationList']))
    nowhere = whole.squall('check', '--fault', 'ecs-agent-stop', '--set', 'CLUSTER_NAME=nothing')
    assert nowhere.code == 1 and "no cluster 'nothing'" in nowhere.out and 'not ready' in nowhere.out, nowhere
    assert [whole.agent_pid(one) for one in (1, 2, 3, 4)] == before
    assert len(whole.client('ssm').list_commands()['Commands']) == commands, 'no command was sent'


def test_a_run_ends_with_a_table_of_its_hosts(whole):
    done = whole.squall('run', *FAULT, '--set', 'TOTAL_CHAOS_DURATION=6', '--set', f'CONTAINER_INSTANCE_IDS={whole.instance_ids()[0]}')
    assert done.code == 0, done
    table = done.out[done.out.index('verdict: passed'):].splitlines()[1:]
    assert re.fullmatch(r' +i-\w+ +\S+ +\S+ +\d+s +1 / 1 / 1', table[1]), table
    run = re.search(r'run (r-\S+):', done.out).group(1)
    assert table[1] in whole.squall('runs', run).out
