"""The monitor and hosts that are stopped, that end, or that never were: what EC2 and Auto Scaling do in the lab, and who hears of it."""
import datetime

import pytest
from conftest import wait_for
from monitor_pipeline import Monitor, Pipeline

GROUP = 'demo-hosts'
HASTY = ('--grace', '2', '--boot-grace', '0', '--hold', '0', '--poll', '10')


@pytest.fixture
def lab(make_lab):
    return make_lab(2)


def subjects(pipeline):
    return [mail['subject'] for mail in pipeline.mail()]


def state(lab, ordinal):
    return lab.status()['instances'][ordinal - 1]['state']


def wait_until_it_has_polled(monitor, times=2):
    """So often from now on."""
    polls = lambda: monitor.status()['polls']  # noqa: E731
    begun = polls()
    wait_for('polls', lambda: polls() >= begun + times, timeout=60)


def explained(monitor, node, words):
    return wait_for(words, lambda: words in monitor.squall('explain', node).out, timeout=60, instead=lambda: monitor.squall('explain', node).out)


def test_a_stopped_instance_is_no_incident_and_neither_is_its_return(lab):
    pipeline = Pipeline(lab)
    monitor = Monitor(pipeline, '--grace', '2', '--boot-grace', '120', '--hold', '0', '--poll', '10')
    monitor.wait_until_it_has_looked(2)
    node = lab.instance_ids()[0]
    lab.client('ec2').stop_instances(InstanceIds=[node])
    explained(monitor, node, 'suppressed (stopped)')
    assert state(lab, 1) == 'stopped'
    lab.client('ec2').start_instances(InstanceIds=[node])
    wait_for('it runs', lambda: state(lab, 1) == 'running', timeout=60)
    monitor.wait_until_it_has_looked(2)
    assert pipeline.mail() == []


def test_an_old_instance_that_is_started_again_has_a_boot_grace(lab):
    pipeline = Pipeline(lab)
    monitor = Monitor(pipeline, '--grace', '2', '--boot-grace', '15', '--hold', '0', '--poll', '10')
    monitor.wait_until_it_has_looked(2)
    node, other = lab.instance_ids()
    ecs = lab.client('ecs')

    def youngest():
        arns = ecs.list_container_instances(cluster='demo')['containerInstanceArns']
        return max(one['registeredAt'] for one in ecs.describe_container_instances(cluster='demo', containerInstances=arns)['containerInstances'])

    wait_for('both are older than their boot grace', lambda: datetime.datetime.now(datetime.timezone.utc) - youngest() > datetime.timedelta(seconds=16), timeout=60)
    # Its agent takes longer to come than anybody takes to judge.
    lab.sh(1, 'systemctl disable ecs')
    lab.client('ec2').stop_instances(InstanceIds=[node])
    explained(monitor, node, 'suppressed (stopped)')
    lab.client('ec2').start_instances(InstanceIds=[node])
    wait_for('it runs', lambda: state(lab, 1) == 'running', timeout=60)
    lab.sh(2, 'systemctl stop ecs')
    wait_for('the word of the other one', lambda: any(other in subject for subject in subjects(pipeline)), timeout=60)
    lab.sh(1, 'systemctl start ecs')
    monitor.wait_until_it_has_looked(1)
    assert not [subject for subject in subjects(pipeline) if node in subject]


def test_a_host_that_never_registers_is_told_of_once(lab):
    node = lab.instance_ids()[0]
    arn = lab.status()['instances'][0]['container_instance_arn']
    lab.sh(1, 'systemctl stop ecs')
    lab.client('ecs').deregister_container_instance(cluster='demo', containerInstance=arn, force=True)
    pipeline = Pipeline(lab)
    monitor = Monitor(pipeline, '--grace', '120', '--boot-grace', '1', '--hold', '1', '--poll', '10')
    [mail] = wait_for('a mail', pipeline.mail, timeout=90)
    assert mail['subject'] == f'[ISSUE] ECS Instance - {node}' and 'has never registered' in mail['body']
    wait_until_it_has_polled(monitor)
    assert len(pipeline.mail()) == 1
    # As a new one: its agent keeps the old identity, which ECS refuses.
    lab.sh(1, 'rm -rf /var/lib/ecs/data/*; systemctl start ecs')
    wait_for('the word of its registration', lambda: len(pipeline.mail()) == 2, timeout=60)
    assert subjects(pipeline)[1] == f'[RECOVERED] ECS Instance - {node}'


def test_an_instance_is_terminated_where_that_was_asked_for_and_replaced(lab):
    pipeline = Pipeline(lab)
    monitor = Monitor(pipeline, *HASTY, '--actions', 'terminate')
    monitor.wait_until_it_has_looked(2)
    node = lab.instance_ids()[0]
    lab.sh(1, 'systemctl stop ecs')
    wait_for('it is terminated', lambda: state(lab, 1) == 'terminated', timeout=90)
    explained(monitor, node, 'its Auto Scaling group replaces it')
    wait_for('both mails', lambda: len(pipeline.mail()) >= 2, timeout=60)
    wait_for('another host in its place', lambda: list(lab.connected().values()) == [False, True, True], timeout=60)
    monitor.wait_until_it_has_looked(2)
    wait_until_it_has_polled(monitor)
    assert subjects(pipeline) == [f'[ISSUE] ECS Instance - {node}', f'[RECOVERED] ECS Instance - {node}']
    assert 'terminated' in pipeline.mail()[1]['body']
    # ECS keeps what was disconnected when it ended.
    assert len(lab.client('ecs').list_container_instances(cluster='demo')['containerInstanceArns']) == 3


@pytest.mark.parametrize('has_heard_of_it', [True, False])
def test_a_host_that_its_group_takes_away_is_no_incident(lab, has_heard_of_it):
    scaling = lab.client('autoscaling')
    scaling.put_lifecycle_hook(AutoScalingGroupName=GROUP, LifecycleHookName='drain', LifecycleTransition='autoscaling:EC2_INSTANCE_TERMINATING', HeartbeatTimeout=600)
    node = lab.instance_ids()[0]
    pipeline = Pipeline(lab) if has_heard_of_it else None
    scaling.terminate_instance_in_auto_scaling_group(InstanceId=node, ShouldDecrementDesiredCapacity=True)
    pipeline = pipeline or Pipeline(lab)
    monitor = Monitor(pipeline, *HASTY)
    monitor.wait_until_it_has_looked(2)
    lab.sh(1, 'systemctl stop ecs')
    explained(monitor, node, 'suppressed (scale-in)')
    assert state(lab, 1) == 'running', 'its hook holds it'
    scaling.complete_lifecycle_action(AutoScalingGroupName=GROUP, LifecycleHookName='drain', LifecycleActionResult='CONTINUE', InstanceId=node)
    wait_for('it is terminated', lambda: state(lab, 1) == 'terminated', timeout=60)
    wait_until_it_has_polled(monitor)
    assert pipeline.mail() == []


def test_an_instance_that_somebody_terminates_is_no_incident(lab):
    pipeline = Pipeline(lab)
    monitor = Monitor(pipeline, *HASTY)
    monitor.wait_until_it_has_looked(2)
    lab.client('ec2').terminate_instances(InstanceIds=[lab.instance_ids()[0]])
    wait_for('it is terminated', lambda: state(lab, 1) == 'terminated', timeout=60)
    monitor.wait_until_it_has_looked(1)
    wait_until_it_has_polled(monitor)
    assert pipeline.mail() == []
