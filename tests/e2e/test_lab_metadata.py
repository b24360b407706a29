"""How something on a host finds a container: the agent's metadata files, and Docker's API on its socket."""
import json
import urllib.parse

import conftest
import pytest


@pytest.fixture(scope='module')
def tasks(shared_lab):
    """A running task in each network mode, by mode."""
    ecs = shared_lab.client('ecs')
    instance = ecs.list_container_instances(cluster='demo')['containerInstanceArns'][0]
    subnets = [one['SubnetId'] for one in shared_lab.client('ec2').describe_subnets()['Subnets']]
    arns = {}
    for mode in ('bridge', 'host', 'awsvpc'):
        mapping = {'containerPort': 8200 if mode == 'host' else 8080}
        ecs.register_task_definition(family=f'found-{mode}', networkMode=mode, containerDefinitions=[
            {'name': 'web', 'image': 'squall/web:latest', 'memory': 64, 'portMappings': [mapping], 'environment': [{'name': 'PORT', 'value': str(mapping['containerPort'])}]}])
        more = {'networkConfiguration': {'awsvpcConfiguration': {'subnets': subnets}}} if mode == 'awsvpc' else {}
        arns[mode] = ecs.start_task(cluster='demo', taskDefinition=f'found-{mode}', containerInstances=[instance], **more)['tasks'][0]['taskArn']
    conftest.wait_for('the tasks run', lambda: all(one['lastStatus'] == 'RUNNING' for one in ecs.describe_tasks(cluster='demo', tasks=list(arns.values()))['tasks']))
    yield {one['taskArn'].rsplit('/', 1)[1]: one for one in ecs.describe_tasks(cluster='demo', tasks=list(arns.values()))['tasks']}, arns
    for arn in arns.values():
        ecs.stop_task(cluster='demo', task=arn)


def number_of(lab, task):
    """Of the host that runs a task, among the lab's."""
    for number, instance in enumerate(lab.status()['instances'], 1):
        if instance['container_instance_arn'] == task['containerInstanceArn']:
            return number
    raise AssertionError(task)


@pytest.mark.parametrize('mode', ['bridge', 'host', 'awsvpc'])
def test_the_metadata_file_tells_a_container_by_its_task(shared_lab, tasks, mode):
    by_id, arns = tasks
    task_id = arns[mode].rsplit('/', 1)[1]
    host = number_of(shared_lab, by_id[task_id])
    file = json.loads(shared_lab.sh(host, f'cat /var/lib/ecs/data/metadata/demo/{task_id}/web/ecs-container-metadata.json'))
    assert file['MetadataFileStatus'] == 'READY'
    assert file['TaskARN'] == arns[mode] and file['ContainerName'] == 'web'
    assert file['TaskDefinitionFamily'] == f'found-{mode}' and file['ImageName'] == 'squall/web:latest' and file['ImageID'].startswith('sha256:')
    assert file['ContainerInstanceARN'] == by_id[task_id]['containerInstanceArn'] and file['AvailabilityZone'].startswith('us-east-1')
    assert file['HostPrivateIPv4Address'].startswith('10.0.')
    inspected = inspect(shared_lab, host, file['ContainerID'])
    assert inspected['Name'] == file['DockerContainerName']
    network = file['Networks'][0]
    if mode == 'bridge':
        binding = by_id[task_id]['containers'][0]['networkBindings'][0]
        assert [(one['ContainerPort'], one['HostPort']) for one in file['PortMappings']] == [(8080, binding['hostPort'])]
        assert network == {'NetworkMode': 'bridge', 'IPv4Addresses': [inspected['NetworkSettings']['IPAddress']]}
    elif mode == 'host':
        assert network['NetworkMode'] == 'host'
    else:
        assert network['NetworkMode'].startswith('container:')
    # The same file inside the container.
    pid = inspected['State']['Pid']
    variable = shared_lab.sh(host, f"tr '\\0' '\\n' </proc/{pid}/environ | grep ^ECS_CONTAINER_METADATA_FILE=")
    inside = shared_lab.sh(host, f"cat /proc/{pid}/root{variable.split('=', 1)[1]}")
    assert json.loads(inside) == file


def docker(lab, host, target):
    return json.loads(lab.sh(host, f"curl -fsS --unix-socket /var/run/docker.sock 'http://docker{target}'"))


def inspect(lab, host, container):
    return docker(lab, host, f'/containers/{container}/json')


@pytest.mark.parametrize('mode', ['bridge', 'host', 'awsvpc'])
def test_docker_finds_a_container_by_its_labels(shared_lab, tasks, mode):
    by_id, arns = tasks
    host = number_of(shared_lab, by_id[arns[mode].rsplit('/', 1)[1]])
    filters = urllib.parse.quote(json.dumps({'label': [f'com.amazonaws.ecs.task-arn={arns[mode]}', 'com.amazonaws.ecs.container-name=web']}))
    listed = docker(shared_lab, host, f'/containers/json?filters={filters}')
    assert len(listed) == 1 and listed[0]['State'] == 'running'
    inspected = inspect(shared_lab, host, listed[0]['Id'])
    assert inspected['Config']['Labels']['com.amazonaws.ecs.task-arn'] == arns[mode]
    network_mode = inspected['HostConfig']['NetworkMode']
    pid = inspected['State']['Pid']
    # The pid is one of the host's own, and its network the task's.
    assert 'squall' in shared_lab.sh(host, f'cat /proc/{pid}/cmdline')
    own, of_host = shared_lab.sh(host, f'readlink /proc/{pid}/ns/net /proc/1/ns/net').split()
    assert (own == of_host) == (mode == 'host')
    if mode == 'awsvpc':
        assert network_mode.startswith('container:')
        pause = inspect(shared_lab, host, network_mode.split(':', 1)[1])
        assert shared_lab.sh(host, f'readlink /proc/{pause["State"]["Pid"]}/ns/net') == own
        address = by_id[arns[mode].rsplit('/', 1)[1]]['containers'][0]['networkInterfaces'][0]['privateIpv4Address']
        assert address in shared_lab.sh(host, f'nsenter -t {pid} -n ip -4 -o address show eth0')
    else:
        assert network_mode == mode
    if mode == 'bridge':
        assert inspected['NetworkSettings']['Networks']['bridge']['IPAddress'] in shared_lab.sh(host, f'nsenter -t {pid} -n ip -4 -o address show')
