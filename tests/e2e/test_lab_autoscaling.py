"""EC2 Auto Scaling as the lab speaks it: the groups that its instances are in, through boto3 and the AWS CLI."""
import json

import pytest
from conftest import wait_for
from lab_api import ACCOUNT, AWAY, Refusal, client, refused, watched

GROUP = 'demo-hosts'


@pytest.fixture
def lab(make_lab):
    return make_lab(2)


def group(lab, name=GROUP):
    [found] = lab.client('autoscaling').describe_auto_scaling_groups(AutoScalingGroupNames=[name])['AutoScalingGroups']
    return found


def members(lab):
    return {one['InstanceId']: one['LifecycleState'] for one in group(lab)['Instances']}


def activities(lab):
    return lab.client('autoscaling').describe_scaling_activities(AutoScalingGroupName=GROUP)['Activities']


def told(lab):
    seen = watched(lab, 'scaling', {'source': ['aws.autoscaling']})
    return lambda: [json.loads(line) for line in seen()]


def test_the_hosts_are_in_one_group_and_the_crowd_in_another(make_lab):
    lab = make_lab(2, ('--with', 'external', '--virtual', '120'))
    scaling = lab.client('autoscaling')
    hosts, crowd = scaling.describe_auto_scaling_groups()['AutoScalingGroups']
    assert hosts['AutoScalingGroupName'] == GROUP and crowd['AutoScalingGroupName'] == 'demo-virtual'
    assert sorted(members(lab)) == sorted(lab.instance_ids()[:2]), 'an external instance is in none'
    assert (hosts['MinSize'], hosts['DesiredCapacity'], hosts['HealthCheckType']) == (0, 2, 'EC2')
    assert hosts['AutoScalingGroupARN'].startswith(f'arn:aws:autoscaling:us-east-1:{ACCOUNT}:autoScalingGroup:')
    assert hosts['AvailabilityZones'] == ['us-east-1a', 'us-east-1b', 'us-east-1c'] and hosts['VPCZoneIdentifier'].count(',') == 2
    assert [process['ProcessName'] for process in hosts['SuspendedProcesses']] == ['HealthCheck']
    one = hosts['Instances'][0]
    assert (one['HealthStatus'], one['LifecycleState'], one['ProtectedFromScaleIn'], one['AvailabilityZone']) == ('Healthy', 'InService', False, 'us-east-1a')
    [reservation] = lab.client('ec2').describe_instances(InstanceIds=[one['InstanceId']])['Reservations']
    assert {'Key': 'aws:autoscaling:groupName', 'Value': GROUP} in reservation['Instances'][0]['Tags']
    pages = [page['AutoScalingInstances'] for page in scaling.get_paginator('describe_auto_scaling_instances').paginate()]
    assert [len(page) for page in pages] == [50, 50, 22]
    assert len({one['InstanceId'] for page in pages for one in page}) == 122
    assert {one['HealthStatus'] for page in pages for one in page} == {'HEALTHY'}
    asked = [lab.instance_ids()[0], 'i-0ffffffffffffffff', lab.instance_ids()[2]]
    assert [one['AutoScalingGroupName'] for one in scaling.describe_auto_scaling_instances(InstanceIds=asked)['AutoScalingInstances']] == [GROUP]


def test_groups_are_found_by_name_tag_and_page(shared_lab):
    scaling = shared_lab.client('autoscaling')

    def names(**parameters):
        return [one['AutoScalingGroupName'] for one in scaling.describe_auto_scaling_groups(**parameters)['AutoScalingGroups']]

    assert names() == [GROUP] and names(AutoScalingGroupNames=['other']) == [] and names(AutoScalingGroupNames=['other', GROUP]) == [GROUP]
    for filters, found in (([{'Name': 'tag:cluster', 'Values': ['demo']}], True), ([{'Name': 'tag:cluster', 'Values': ['other']}], False),
                           ([{'Name': 'tag-key', 'Values': ['cluster']}], True), ([{'Name': 'tag-value', 'Values': ['x', 'demo']}], True),
                           ([{'Name': 'tag-key', 'Values': ['cluster']}, {'Name': 'tag-value', 'Values': ['x']}], False)):
        assert names(Filters=filters) == [GROUP] * found, filters
    assert refused(scaling.describe_auto_scaling_groups, Filters=[{'Name': 'colour', 'Values': ['red']}]) == 'ValidationError'
    assert refused(scaling.describe_auto_scaling_groups, MaxRecords=101) == 'ValidationError'
    assert refused(scaling.describe_auto_scaling_groups, NextToken='x') == 'InvalidNextToken'
    assert refused(scaling.describe_auto_scaling_instances, InstanceIds=[f'i-{number:017x}' for number in range(51)]) == 'ValidationError'
    assert client(shared_lab, 'autoscaling', AWAY).describe_auto_scaling_groups()['AutoScalingGroups'] == []
    assert shared_lab.aws('autoscaling', 'describe-auto-scaling-groups')['AutoScalingGroups'][0]['AutoScalingGroupName'] == GROUP


def test_a_terminated_instance_is_replaced_by_a_real_one(lab):
    events = told(lab)
    node, other = lab.instance_ids()
    activity = lab.client('autoscaling').terminate_instance_in_auto_scaling_group(InstanceId=node, ShouldDecrementDesiredCapacity=False)['Activity']
    assert (activity['StatusCode'], activity['Description'], activity['AutoScalingGroupName']) == ('InProgress', f'Terminating EC2 instance: {node}', GROUP)
    assert 'in response to a user request' in activity['Cause'] and 'shrinking' not in activity['Cause']
    assert members(lab)[node] == 'Terminating'
    new = wait_for('another instance', lambda: set(members(lab)) - {node, other}, timeout=60).pop()
    wait_for('it serves', lambda: members(lab) == {other: 'InService', new: 'InService'}, timeout=60)
    wait_for('its agent is connected', lambda: lab.connected().get(new), timeout=60)
    assert lab.sh(3, 'hostname') and lab.status()['instances'][0]['state'] == 'terminated'
    assert len(lab.client('ecs').list_container_instances(cluster='demo')['containerInstanceArns']) == 2
    launched, terminated = activities(lab)
    assert (launched['Description'], launched['StatusCode']) == (f'Launching a new EC2 instance: {new}', 'Successful')
    assert (terminated['ActivityId'], terminated['StatusCode'], terminated['Progress']) == (activity['ActivityId'], 'Successful', 100)
    assert [(event['detail-type'], event['detail']['EC2InstanceId']) for event in events()] == [('EC2 Instance Terminate Successful', node), ('EC2 Instance Launch Successful', new)]
    assert events()[0]['resources'] == [group(lab)['AutoScalingGroupARN'], f'arn:aws:ec2:us-east-1:{ACCOUNT}:instance/{node}']
    # What cleans up after a killed lab knows of the new host, too.
    assert lab.status()['instances'][2]['pid'] in [one['pid'] for one in json.loads((lab.state / 'squall/lab/lab.json').read_text())['hosts']]


def test_a_group_shrinks_and_grows_as_it_is_told(lab):
    scaling = lab.client('autoscaling')
    node, other = lab.instance_ids()
    activity = scaling.terminate_instance_in_auto_scaling_group(InstanceId=node, ShouldDecrementDesiredCapacity=True)['Activity']
    assert 'shrinking the capacity from 2 to 1' in activity['Cause']
    wait_for('it is gone', lambda: members(lab) == {other: 'InService'}, timeout=60)
    assert group(lab)['DesiredCapacity'] == 1
    scaling.set_desired_capacity(AutoScalingGroupName=GROUP, DesiredCapacity=3)
    wait_for('two more', lambda: list(members(lab).values()) == ['InService'] * 3, timeout=60)
    scaling.set_desired_capacity(AutoScalingGroupName=GROUP, DesiredCapacity=0)
    wait_for('none', lambda: members(lab) == {}, timeout=60)
    assert 'selected for termination' in activities(lab)[0]['Cause']
    assert refused(scaling.set_desired_capacity, AutoScalingGroupName=GROUP, DesiredCapacity=251) == 'ValidationError'
    unknown = Refusal(scaling.terminate_instance_in_auto_scaling_group, InstanceId='i-0ffffffffffffffff', ShouldDecrementDesiredCapacity=False)
    assert unknown.code == 'ValidationError' and 'No managed instance found' in unknown.message


def test_a_hook_holds_an_instance_until_somebody_lets_it_go(lab):
    events = told(lab)
    scaling = lab.client('autoscaling')
    scaling.put_lifecycle_hook(AutoScalingGroupName=GROUP, LifecycleHookName='drain', LifecycleTransition='autoscaling:EC2_INSTANCE_TERMINATING', HeartbeatTimeout=600)
    node = lab.instance_ids()[0]
    scaling.terminate_instance_in_auto_scaling_group(InstanceId=node, ShouldDecrementDesiredCapacity=True)
    assert members(lab)[node] == 'Terminating:Wait'
    [event] = events()
    assert event['detail-type'] == 'EC2 Instance-terminate Lifecycle Action' and event['detail']['LifecycleHookName'] == 'drain'
    assert lab.connected()[node], 'nothing has happened to it'
    assert refused(scaling.terminate_instance_in_auto_scaling_group, InstanceId=node, ShouldDecrementDesiredCapacity=False) == 'ScalingActivityInProgress'
    scaling.complete_lifecycle_action(AutoScalingGroupName=GROUP, LifecycleHookName='drain', LifecycleActionResult='CONTINUE', LifecycleActionToken=event['detail']['LifecycleActionToken'])
    wait_for('it is gone', lambda: node not in members(lab), timeout=60)
    assert lab.status()['instances'][0]['state'] == 'terminated'


def test_what_is_unhealthy_is_replaced_unless_that_is_suspended(lab):
    scaling = lab.client('autoscaling')
    node, other = lab.instance_ids()
    lab.client('ec2').stop_instances(InstanceIds=[node])
    wait_for('it is stopped', lambda: lab.status()['instances'][0]['state'] == 'stopped', timeout=60)
    assert members(lab) == {node: 'InService', other: 'InService'}
    scaling.resume_processes(AutoScalingGroupName=GROUP, ScalingProcesses=['HealthCheck'])
    wait_for('it is replaced', lambda: len(members(lab)) == 2 and node not in members(lab), timeout=60)
    assert 'health check indicating it has been terminated or stopped' in activities(lab)[1]['Cause']
    scaling.suspend_processes(AutoScalingGroupName=GROUP, ScalingProcesses=['Launch'])
    scaling.set_instance_health(InstanceId=other, HealthStatus='Unhealthy')
    wait_for('it is gone', lambda: other not in members(lab), timeout=60)
    assert len(members(lab)) == 1 and group(lab)['DesiredCapacity'] == 2
    scaling.resume_processes(AutoScalingGroupName=GROUP, ScalingProcesses=['Launch'])
    wait_for('another one', lambda: len(members(lab)) == 2, timeout=60)


def test_a_detached_instance_lives_on(lab):
    scaling = lab.client('autoscaling')
    node, other = lab.instance_ids()
    [activity] = scaling.detach_instances(InstanceIds=[node], AutoScalingGroupName=GROUP, ShouldDecrementDesiredCapacity=True)['Activities']
    assert 'was detached in response to a user request, shrinking the capacity from 2 to 1' in activity['Cause']
    assert members(lab) == {other: 'InService'} and lab.connected()[node]
    assert refused(scaling.detach_instances, InstanceIds=[node], AutoScalingGroupName=GROUP, ShouldDecrementDesiredCapacity=True) == 'ValidationError'
    assert refused(scaling.set_instance_health, InstanceId=node, HealthStatus='Unhealthy') == 'ValidationError'


def test_policies_decide_who_may_terminate(lab):
    iam = lab.client('iam')
    iam.create_user(UserName='scaler')
    arn = group(lab)['AutoScalingGroupARN']
    statement = {'Effect': 'Allow', 'Action': 'autoscaling:SetDesiredCapacity', 'Resource': arn}
    iam.put_user_policy(UserName='scaler', PolicyName='one', PolicyDocument=json.dumps({'Version': '2012-10-17', 'Statement': [statement]}))
    key = iam.create_access_key(UserName='scaler')['AccessKey']
    scaler = client(lab, 'autoscaling', aws_access_key_id=key['AccessKeyId'], aws_secret_access_key=key['SecretAccessKey'])
    scaler.set_desired_capacity(AutoScalingGroupName=GROUP, DesiredCapacity=2)
    for call, parameters in ((scaler.describe_auto_scaling_groups, {}), (scaler.set_desired_capacity, {'AutoScalingGroupName': 'other', 'DesiredCapacity': 1}),
                             (scaler.terminate_instance_in_auto_scaling_group, {'InstanceId': lab.instance_ids()[0], 'ShouldDecrementDesiredCapacity': False})):
        refusal = Refusal(call, **parameters)
        assert (refusal.code, refusal.status) == ('AccessDenied', 403), parameters
