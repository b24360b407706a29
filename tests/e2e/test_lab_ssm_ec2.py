"""Systems Manager and EC2 as the lab speaks them, through boto3."""
import datetime
import re
import uuid

import pytest
from lab_api import AWAY, FAST, SSM, Refusal, answers, call_json, client, refused


@pytest.fixture(scope='module')
def fleet(shared_lab):
    """55 managed nodes without hosts, whose agents said one word and fell silent."""
    ids = [f'i-{number:017x}' for number in range(55)]
    for one in ids:
        assert call_json(shared_lab, f'{SSM}.UpdateInstanceInformation', {'InstanceId': one, 'AgentVersion': '3.3.0', 'PlatformType': 'Linux'}, service='ssm', region=AWAY).status == 200
    return client(shared_lab, 'ssm', AWAY), ids


def command_of(ids, **more):
    return {'DocumentName': 'AWS-RunShellScript', 'InstanceIds': ids, 'Parameters': {'commands': ['true']}, **more}


def test_managed_nodes_are_listed_by_ten_unless_asked_for_up_to_fifty(fleet, shared_lab):
    ssm, ids = fleet
    for size, pages in ((None, 6), (50, 2), (5, 11)):
        settings = {} if size is None else {'PageSize': size}
        answers = [[one['InstanceId'] for one in page['InstanceInformationList']] for page in ssm.get_paginator('describe_instance_information').paginate(PaginationConfig=settings)]
        assert len(answers) == pages and sorted(sum(answers, [])) == ids, size
    for size in (4, 51, 0):
        answer = call_json(shared_lab, f'{SSM}.DescribeInstanceInformation', {'MaxResults': size}, service='ssm', region=AWAY)
        assert (answer.status, answer.json()['__type']) == (400, 'ValidationException'), size
    only = ssm.describe_instance_information(Filters=[{'Key': 'InstanceIds', 'Values': [ids[3], ids[7], 'i-ffffffffffffffff0']}])['InstanceInformationList']
    assert sorted(one['InstanceId'] for one in only) == [ids[3], ids[7]]
    assert refused(ssm.describe_instance_information, Filters=[{'Key': 'Colour', 'Values': ['red']}]) == 'InvalidFilterKey'
    home = client(shared_lab, 'ssm')
    online = home.describe_instance_information(Filters=[{'Key': 'PingStatus', 'Values': ['Online']}])['InstanceInformationList']
    assert sorted(one['InstanceId'] for one in online) == sorted(shared_lab.instance_ids())
    assert all(one['ResourceType'] == 'EC2Instance' and one['PlatformType'] == 'Linux' and isinstance(one['LastPingDateTime'], datetime.datetime) for one in online)
    assert home.describe_instance_information(Filters=[{'Key': 'PlatformTypes', 'Values': ['Windows']}])['InstanceInformationList'] == []


def test_a_command_goes_to_fifty_nodes_at_most_and_to_known_ones_only(fleet, shared_lab):
    ssm, ids = fleet
    command = ssm.send_command(**command_of(ids[:50], Comment='all'))['Command']
    assert command['Status'] == 'Pending' and command['TargetCount'] == 50
    assert command['ExpiresAfter'] - command['RequestedDateTime'] == datetime.timedelta(seconds=7200), 'delivery and execution, an hour each'
    pages = [[one['InstanceId'] for one in page['CommandInvocations']] for page in
             ssm.get_paginator('list_command_invocations').paginate(CommandId=command['CommandId'], PaginationConfig={'PageSize': 20})]
    assert [len(page) for page in pages] == [20, 20, 10] and sorted(sum(pages, [])) == ids[:50]
    pending = ssm.get_command_invocation(CommandId=command['CommandId'], InstanceId=ids[0])
    assert (pending['Status'], pending['ResponseCode'], pending['ExecutionStartDateTime']) == ('Pending', -1, '')
    ssm.cancel_command(CommandId=command['CommandId'])
    assert ssm.get_command_invocation(CommandId=command['CommandId'], InstanceId=ids[0])['Status'] == 'Cancelled'
    sent = len(ssm.list_commands()['Commands'])
    for wrong, code in ((command_of(ids[:51]), 'ValidationException'), (command_of([ids[0], ids[0]]), 'DuplicateInstanceId'), (command_of([ids[0], 'i-ffffffffffffffff0']), 'InvalidInstanceId'),
                        (command_of(['nonsense']), 'ValidationException'), (command_of(ids[:1], DocumentName='Nothing'), 'InvalidDocument'), (command_of(ids[:1], Parameters={}), 'InvalidParameters'),
                        (command_of(ids[:1], Parameters={'commands': ['x'], 'other': ['y']}), 'InvalidParameters'), (command_of(ids[:1], TimeoutSeconds=29), 'ValidationException'),
                        (command_of(ids[:1], TimeoutSeconds=2_592_001), 'ValidationException'), (command_of(ids[:1], Comment='x' * 101), 'ValidationException'),
                        (command_of(ids[:1], MaxErrors='101%'), 'ValidationException'), (command_of(ids[:1], MaxConcurrency='none'), 'ValidationException')):
        answer = call_json(shared_lab, f'{SSM}.SendCommand', wrong, service='ssm', region=AWAY)
        assert (answer.status, answer.json()['__type']) == (400, code), wrong
    unknown = Refusal(ssm.send_command, **command_of([ids[0], 'i-ffffffffffffffff0']))
    assert 'i-ffffffffffffffff0' in unknown.response['Message'] and ids[0] not in unknown.message
    assert len(ssm.list_commands()['Commands']) == sent, 'nothing was sent by any of them'


def test_commands_are_listed_newest_first_and_by_filter(fleet, shared_lab):
    ssm, ids = fleet
    commands = [ssm.send_command(**command_of([ids[number]], Comment=f'number {number}'))['Command']['CommandId'] for number in range(7)]
    pages = [[one['CommandId'] for one in page['Commands']] for page in ssm.get_paginator('list_commands').paginate(PaginationConfig={'PageSize': 3})]
    listed = sum(pages, [])
    assert len(listed) == len(set(listed)) and listed[:7] == commands[::-1] and all(len(page) == 3 for page in pages[:-1])
    assert [one['CommandId'] for one in ssm.list_commands(CommandId=commands[2])['Commands']] == [commands[2]]
    assert commands[3] in [one['CommandId'] for one in ssm.list_commands(InstanceId=ids[3])['Commands']]
    assert commands[3] not in [one['CommandId'] for one in ssm.list_commands(InstanceId=ids[4])['Commands']]
    ssm.cancel_command(CommandId=commands[0])

    def ids_by(key, value):
        return {one['CommandId'] for one in ssm.list_commands(Filters=[{'key': key, 'value': value}])['Commands']}

    assert commands[0] in ids_by('Status', 'Cancelled') and commands[1] not in ids_by('Status', 'Cancelled')
    assert commands[1] in ids_by('Status', 'Pending') and commands[0] not in ids_by('Status', 'Pending')
    assert commands[0] in ids_by('ExecutionStage', 'Complete') and commands[1] in ids_by('ExecutionStage', 'Executing')
    assert set(commands) <= ids_by('DocumentName', 'AWS-RunShellScript') and ids_by('DocumentName', 'AWS-RunPowerShellScript') == set()
    assert set(commands) <= ids_by('InvokedAfter', '2020-01-01T00:00:00Z') and ids_by('InvokedBefore', '2020-01-01T00:00:00Z') == set()
    assert refused(ssm.list_commands, Filters=[{'key': 'Colour', 'value': 'red'}]) == 'InvalidFilterKey'
    cancelled = ssm.list_command_invocations(Filters=[{'key': 'Status', 'value': 'Cancelled'}])['CommandInvocations']
    assert commands[0] in {one['CommandId'] for one in cancelled} and {one['Status'] for one in cancelled} == {'Cancelled'}
    for size in (0, 51):
        assert call_json(shared_lab, f'{SSM}.ListCommands', {'MaxResults': size}, service='ssm', region=AWAY).json()['__type'] == 'ValidationException'
    nobody = str(uuid.uuid4())
    assert refused(ssm.get_command_invocation, CommandId=nobody, InstanceId=ids[0]) == 'InvocationDoesNotExist'
    assert refused(ssm.get_command_invocation, CommandId=commands[0], InstanceId=ids[30]) == 'InvocationDoesNotExist'
    for call in (ssm.cancel_command, ssm.list_commands, ssm.list_command_invocations):
        assert refused(call, CommandId=nobody) == 'InvalidCommandId'
    for command in commands[1:]:
        ssm.cancel_command(CommandId=command)


def test_a_command_runs_on_the_hosts_and_its_waiter_sees_it(shared_lab):
    ssm = client(shared_lab, 'ssm')
    ids = shared_lab.instance_ids()
    command = ssm.send_command(**command_of(ids, Parameters={'commands': ['echo out', 'echo err >&2', 'hostname >/dev/null']}, TimeoutSeconds=600))['Command']
    assert command['ExpiresAfter'] - command['RequestedDateTime'] == datetime.timedelta(seconds=4200)
    for one in ids:
        ssm.get_waiter('command_executed').wait(CommandId=command['CommandId'], InstanceId=one, WaiterConfig=FAST)
        done = ssm.get_command_invocation(CommandId=command['CommandId'], InstanceId=one, PluginName='aws:runShellScript')
        assert (done['Status'], done['StatusDetails'], done['ResponseCode']) == ('Success', 'Success', 0)
        assert (done['StandardOutputContent'].strip(), done['StandardErrorContent'].strip()) == ('out', 'err')
        assert re.fullmatch(r'\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{1,3}Z', done['ExecutionStartDateTime']) and re.fullmatch(r'PT[\d.]+S', done['ExecutionElapsedTime'])
    [listed] = ssm.list_commands(CommandId=command['CommandId'])['Commands']
    assert (listed['Status'], listed['CompletedCount'], listed['ErrorCount']) == ('Success', 2, 0)
    [first, _] = ssm.list_command_invocations(CommandId=command['CommandId'], Details=True)['CommandInvocations']
    assert first['CommandPlugins'][0]['Output'] == 'out\n\n----------ERROR-------\nerr\n'
    assert refused(ssm.get_command_invocation, CommandId=command['CommandId'], InstanceId=ids[0], PluginName='other') == 'InvalidPluginName'


def test_instances_are_described_by_id_and_filter(shared_lab):
    ec2 = client(shared_lab, 'ec2')
    ids = shared_lab.instance_ids()

    def found(**parameters):
        return sorted(one['InstanceId'] for reservation in ec2.describe_instances(**parameters)['Reservations'] for one in reservation['Instances'])

    assert found() == sorted(ids) and found(InstanceIds=ids[:1]) == ids[:1]
    assert found(Filters=[{'Name': 'instance-state-name', 'Values': ['running', 'pending']}]) == sorted(ids)
    assert found(Filters=[{'Name': 'instance-state-name', 'Values': ['stopped']}]) == []
    assert found(Filters=[{'Name': 'instance-id', 'Values': [ids[1]]}], MaxResults=5) == [ids[1]]
    [first] = ec2.describe_instances(InstanceIds=ids[:1])['Reservations'][0]['Instances']
    assert first['State'] == {'Code': 16, 'Name': 'running'} and first['Placement']['AvailabilityZone'].startswith('us-east-1') and isinstance(first['LaunchTime'], datetime.datetime)
    missing = Refusal(ec2.describe_instances, InstanceIds=[ids[0], 'i-0123456789abcdef0'])
    assert (missing.code, missing.message, missing.status) == ('InvalidInstanceID.NotFound', "The instance ID 'i-0123456789abcdef0' does not exist", 400)
    assert refused(ec2.describe_instances, InstanceIds=['nonsense']) == 'InvalidInstanceID.Malformed'
    assert refused(ec2.describe_instances, InstanceIds=ids, MaxResults=5) == 'InvalidParameterCombination'
    for size in (4, 1001):
        assert refused(ec2.describe_instances, MaxResults=size) == 'InvalidParameterValue'
    assert refused(ec2.describe_instances, Filters=[{'Name': 'colour', 'Values': ['red']}]) == 'InvalidParameterValue'
    assert client(shared_lab, 'ec2', AWAY).describe_instances()['Reservations'] == []
    ec2.get_waiter('instance_running').wait(InstanceIds=ids, WaiterConfig=FAST)
