"""AWS's own clients of two generations, unmodified, against the lab."""
import json
import os
import re
import shutil
import subprocess

import pytest


def version_of(command):
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    numbers = re.search(r'(\d+)\.(\d+)\.(\d+)', done.stdout)
    return tuple(int(number) for number in numbers.groups()) if done.returncode == 0 and numbers else None


def programs(*names):
    found = [shutil.which(name, path=folder) for folder in os.environ['PATH'].split(':') for name in names]
    return [path for path in dict.fromkeys(found) if path]


def newer_python():
    """A python whose boto3 knows AWS_ENDPOINT_URL (1.28 and later)."""
    for path in programs('python3', 'python'):
        if (version_of([path, '-c', 'import boto3; print(boto3.__version__)']) or (0,)) >= (1, 28):
            return path
    return pytest.skip('no python on PATH has a boto3 that knows AWS_ENDPOINT_URL (1.28 or later)')


def newer_cli():
    for path in programs('aws'):
        version = version_of([path, '--version'])
        if version and (version >= (2, 13) or (1, 29) <= version < (2, 0)):
            return path
    return pytest.skip('no aws on PATH knows AWS_ENDPOINT_URL (1.29, 2.13 or later)')


FLOW = '''
import boto3, json
ecs, ssm, ec2, sts = (boto3.client(name) for name in ("ecs", "ssm", "ec2", "sts"))
arns = [arn for page in ecs.get_paginator("list_container_instances").paginate(cluster="demo", PaginationConfig={"PageSize": 1}) for arn in page["containerInstanceArns"]]
try:
    ecs.list_tasks(cluster="none")
except ecs.exceptions.ClusterNotFoundException as error:
    code = error.response["Error"]["Code"]
command = ssm.send_command(DocumentName="AWS-RunShellScript", InstanceIds=[one["InstanceId"] for one in ssm.describe_instance_information()["InstanceInformationList"]], Parameters={"commands": ["echo \\u00fc"]})["Command"]
try:
    ssm.send_command(DocumentName="AWS-RunShellScript", InstanceIds=["i-ffffffffffffffff0"], Parameters={"commands": ["true"]})
except ssm.exceptions.InvalidInstanceId as error:
    named = error.response["Message"]
ids = [one["InstanceId"] for one in ssm.list_command_invocations(CommandId=command["CommandId"])["CommandInvocations"]]
for one in ids:
    ssm.get_waiter("command_executed").wait(CommandId=command["CommandId"], InstanceId=one, WaiterConfig={"Delay": 1, "MaxAttempts": 60})
print(json.dumps({
    "connected": [one["agentConnected"] for one in ecs.describe_container_instances(cluster="demo", containerInstances=arns)["containerInstances"]],
    "code": code, "named": named, "ids": sorted(ids), "output": ssm.get_command_invocation(CommandId=command["CommandId"], InstanceId=ids[0])["StandardOutputContent"].strip(),
    "ec2": sorted(one["InstanceId"] for each in ec2.describe_instances()["Reservations"] for one in each["Instances"]),
    "arn": sts.get_caller_identity()["Arn"], "role": sts.assume_role(RoleArn="arn:aws:iam::123456789012:role/squall-experiment", RoleSessionName="me")["AssumedRoleUser"]["Arn"]}))
'''


def test_a_newer_boto3_needs_nothing_but_the_environment(shared_lab):
    python = newer_python()
    done = subprocess.run([python, '-c', FLOW], env=shared_lab.environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    assert seen['connected'] == [True, True] and seen['code'] == 'ClusterNotFoundException' and 'i-ffffffffffffffff0' in seen['named']
    assert seen['ids'] == seen['ec2'] == sorted(shared_lab.instance_ids()) and seen['output'] == 'ü'
    assert seen['arn'] == 'arn:aws:iam::123456789012:user/lab' and seen['role'] == 'arn:aws:sts::123456789012:assumed-role/squall-experiment/me'


def cli_flow(lab, program, *options):
    def aws(*arguments):
        done = subprocess.run([program, *arguments, *options, '--output', 'json'], env=lab.environment, capture_output=True, text=True, timeout=120, check=False)
        return json.loads(done.stdout) if done.returncode == 0 else done.stderr

    arns = aws('ecs', 'list-container-instances', '--cluster', 'demo', '--page-size', '1')['containerInstanceArns']
    assert len(arns) == 2
    assert all(one['agentConnected'] for one in aws('ecs', 'describe-container-instances', '--cluster', 'demo', '--container-instances', *arns)['containerInstances'])
    assert '(ClusterNotFoundException)' in aws('ecs', 'list-tasks', '--cluster', 'none')
    command = aws('ssm', 'send-command', '--document-name', 'AWS-RunShellScript', '--instance-ids', *lab.instance_ids(), '--parameters', 'commands=true')['Command']['CommandId']
    assert len(aws('ssm', 'list-command-invocations', '--command-id', command)['CommandInvocations']) == 2
    assert '(InvalidInstanceID.NotFound)' in aws('ec2', 'describe-instances', '--instance-ids', 'i-0123456789abcdef0')
    assert aws('sts', 'get-caller-identity')['Account'] == '123456789012'


def test_a_newer_aws_cli_needs_nothing_but_the_environment(shared_lab):
    cli_flow(shared_lab, newer_cli())


def test_debians_older_aws_cli_is_told_the_endpoint(shared_lab):
    if version_of(['/usr/bin/aws', '--version']) is None:
        pytest.skip('there is no /usr/bin/aws')
    cli_flow(shared_lab, '/usr/bin/aws', '--endpoint-url', shared_lab.endpoint)
