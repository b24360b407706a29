"""Instances of the lab that are stopped, started, rebooted and terminated through EC2, with all that hangs on them."""
import json

import pytest
from conftest import is_alive, wait_for
from lab_api import refused, watched


@pytest.fixture
def lab(make_lab):
    return make_lab(2)


def state_changes(lab):
    """What has been told of an instance's states so far, by its id."""
    seen = watched(lab, 'states', {'source': ['aws.ec2'], 'detail-type': ['EC2 Instance State-change Notification']})

    def of(node):
        told = [json.loads(line)['detail'] for line in seen()]
        return [detail['state'] for detail in told if detail['instance-id'] == node]

    return of


def state(lab, node):
    [reservation] = lab.client('ec2').describe_instances(InstanceIds=[node])['Reservations']
    return reservation['Instances'][0]['State']


def container_instance(lab, arn):
    found = lab.client('ecs').describe_container_instances(cluster='demo', containerInstances=[arn])
    return found['containerInstances'][0] if found['containerInstances'] else found['failures'][0]['reason']


def arn_of(lab, ordinal):
    return lab.status()['instances'][ordinal - 1]['container_instance_arn']


def test_a_stopped_instance_is_silent_and_comes_back_as_the_same_one(lab):
    states_of = state_changes(lab)
    ec2 = lab.client('ec2')
    node, arn = lab.instance_ids()[0], arn_of(lab, 1)
    address = lab.status()['instances'][0]['private_ip']
    lab.sh(1, 'echo kept >/root/file; sleep 1000 >/dev/null 2>&1 &')
    [change] = ec2.stop_instances(InstanceIds=[node])['StoppingInstances']
    assert change == {'InstanceId': node, 'PreviousState': {'Code': 16, 'Name': 'running'}, 'CurrentState': {'Code': 64, 'Name': 'stopping'}}
    wait_for('it is stopped', lambda: state(lab, node) == {'Code': 80, 'Name': 'stopped'}, timeout=60)
    wait_for('its agent is gone', lambda: not container_instance(lab, arn)['agentConnected'])
    assert container_instance(lab, arn)['status'] == 'ACTIVE'
    gone = lab.exec(1, 'true')
    assert gone.code != 0 and 'is not running' in gone.err
    assert lab.exec(2, 'ping', '-c', '1', '-W', '1', address).code != 0, 'nobody answers at its address'
    assert refused(ec2.reboot_instances, InstanceIds=[node]) == 'IncorrectState'
    [change] = ec2.start_instances(InstanceIds=[node])['StartingInstances']
    assert change == {'InstanceId': node, 'PreviousState': {'Code': 80, 'Name': 'stopped'}, 'CurrentState': {'Code': 0, 'Name': 'pending'}}
    wait_for('it runs', lambda: state(lab, node)['Name'] == 'running', timeout=60)
    wait_for('its agent is back', lambda: container_instance(lab, arn)['agentConnected'], timeout=60)
    assert arn_of(lab, 1) == arn and len(lab.client('ecs').list_container_instances(cluster='demo')['containerInstanceArns']) == 2
    assert lab.sh(1, 'cat /root/file') == 'kept', 'its disk outlives a stop'
    assert lab.exec(1, 'pgrep', '-x', 'sleep').code != 0, 'and no process does'
    wait_for('a task again', lambda: lab.status()['instances'][0]['running_tasks'], timeout=60)
    assert states_of(node) == ['stopping', 'stopped', 'pending', 'running']


def test_a_terminated_instance_is_deregistered_if_its_agent_was_connected(lab):
    states_of = state_changes(lab)
    ec2 = lab.client('ec2')
    (node, other), arn, ghost = lab.instance_ids(), arn_of(lab, 1), arn_of(lab, 2)
    lab.sh(2, 'systemctl stop ecs')
    wait_for('its agent is gone', lambda: not container_instance(lab, ghost)['agentConnected'])
    changes = ec2.terminate_instances(InstanceIds=[node, other])['TerminatingInstances']
    assert [(change['InstanceId'], change['CurrentState']['Name']) for change in changes] == [(node, 'shutting-down'), (other, 'shutting-down')]
    for one in (node, other):
        wait_for('it has ended', lambda one=one: state(lab, one) == {'Code': 48, 'Name': 'terminated'}, timeout=60)
        assert states_of(one) == ['shutting-down', 'terminated']
    assert container_instance(lab, arn) == 'MISSING'
    left = container_instance(lab, ghost)
    assert (left['status'], left['agentConnected'], left['runningTasksCount']) == ('ACTIVE', False, 0), 'nobody has deregistered it'
    [reservation] = ec2.describe_instances(InstanceIds=[node])['Reservations']
    assert 'PrivateIpAddress' not in reservation['Instances'][0]
    assert refused(ec2.start_instances, InstanceIds=[node]) == 'IncorrectInstanceState'
    assert [one['state'] for one in lab.status()['instances']] == ['terminated'] * 2
    assert lab.exec(1, 'true').code != 0
    lab.client('ecs').deregister_container_instance(cluster='demo', containerInstance=ghost)
    assert container_instance(lab, ghost) == 'MISSING'


def test_what_was_stopped_and_then_terminated_stays_registered(lab):
    states_of = state_changes(lab)
    ec2 = lab.client('ec2')
    node, arn = lab.instance_ids()[0], arn_of(lab, 1)
    first_process = lab.status()['instances'][0]['pid']
    ec2.stop_instances(InstanceIds=[node])
    wait_for('it is stopped', lambda: state(lab, node)['Name'] == 'stopped', timeout=60)
    [change] = ec2.terminate_instances(InstanceIds=[node])['TerminatingInstances']
    assert (change['PreviousState']['Name'], change['CurrentState']['Name']) == ('stopped', 'terminated')
    wait_for('its host has gone', lambda: not is_alive(first_process), timeout=60)
    assert container_instance(lab, arn)['status'] == 'ACTIVE' and states_of(node) == ['stopping', 'stopped', 'terminated']


def test_a_stop_in_the_middle_of_a_reboot_is_not_forgotten(lab):
    ec2 = lab.client('ec2')
    node = lab.instance_ids()[0]
    ec2.reboot_instances(InstanceIds=[node])
    ec2.stop_instances(InstanceIds=[node])
    wait_for('it is stopped', lambda: state(lab, node)['Name'] == 'stopped', timeout=60)
    ec2.start_instances(InstanceIds=[node])
    wait_for('its agent is back', lambda: lab.connected()[node], timeout=60)


def test_a_reboot_is_no_change_of_state(lab):
    states_of = state_changes(lab)
    node = lab.instance_ids()[0]
    boot = lab.agent_pid(1)
    lab.client('ec2').reboot_instances(InstanceIds=[node])
    wait_for('another agent', lambda: lab.exec(1, 'cat', '/run/ecs-agent.pid').out.strip() not in ('', boot), timeout=60)
    wait_for('it is connected', lambda: lab.connected()[node])
    assert states_of(node) == []


def test_orders_are_refused_as_ec2_refuses_them(lab):
    ec2 = lab.client('ec2')
    node = lab.instance_ids()[0]
    for order in (ec2.stop_instances, ec2.start_instances, ec2.terminate_instances, ec2.reboot_instances):
        assert refused(order, InstanceIds=[node, 'i-0ffffffffffffffff']) == 'InvalidInstanceID.NotFound'
        assert refused(order, InstanceIds=['nonsense']) == 'InvalidInstanceID.Malformed'
        assert refused(order, InstanceIds=[node], DryRun=True) == 'DryRunOperation'
    assert state(lab, node)['Name'] == 'running'
    iam = lab.client('iam')
    iam.create_user(UserName='reader')
    statement = {'Effect': 'Allow', 'Action': 'ec2:StopInstances', 'Resource': f'arn:aws:ec2:us-east-1:123456789012:instance/{node}'}
    iam.put_user_policy(UserName='reader', PolicyName='one', PolicyDocument=json.dumps({'Version': '2012-10-17', 'Statement': [statement]}))
    key = iam.create_access_key(UserName='reader')['AccessKey']
    lab.environment.update(AWS_ACCESS_KEY_ID=key['AccessKeyId'], AWS_SECRET_ACCESS_KEY=key['SecretAccessKey'])
    reader = lab.client('ec2')
    assert refused(reader.stop_instances, InstanceIds=lab.instance_ids(), DryRun=True) == 'UnauthorizedOperation'
    assert refused(reader.terminate_instances, InstanceIds=[node]) == 'UnauthorizedOperation'
    assert reader.stop_instances(InstanceIds=[node])['StoppingInstances'][0]['CurrentState']['Name'] == 'stopping'


def test_virtual_instances_are_switched_off_and_on_too(make_lab):
    lab = make_lab(1, ('--with', 'windows', '--virtual', '3'))
    ec2 = lab.client('ec2')
    node, arn = lab.instance_ids()[1], arn_of(lab, 2)
    ec2.stop_instances(InstanceIds=[node])
    wait_for('it is stopped', lambda: state(lab, node)['Name'] == 'stopped')
    assert container_instance(lab, arn)['agentConnected'] is False
    ec2.start_instances(InstanceIds=[node])
    wait_for('its agent is back', lambda: container_instance(lab, arn)['agentConnected'])
    assert state(lab, node)['Name'] == 'running'
    ec2.terminate_instances(InstanceIds=[node])
    wait_for('it has ended', lambda: container_instance(lab, arn) == 'MISSING')
    assert state(lab, node)['Name'] == 'terminated'
    crowd = [one['InstanceId'] for page in ec2.describe_instances()['Reservations'] for one in page['Instances']]
    ec2.terminate_instances(InstanceIds=crowd)
    wait_for('all have ended', lambda: lab.client('ecs').list_container_instances(cluster='demo')['containerInstanceArns'] == [], timeout=60)
