"""Container health checks on the lab's hosts, seen with the aws program as a user would."""
import json

import pytest
from conftest import Lab, wait_for
from lab_api import FAST, client, refused


@pytest.fixture(scope='module')
def lab():
    made = Lab(1)
    yield made
    made.down()


def register(lab, family, command, **check):
    """A shell that runs until it is stopped, checked every five seconds; one failure is enough."""
    check = {'command': command, 'interval': 5, 'timeout': 2, 'retries': 1, **check}
    containers = [{'name': 'main', 'image': 'squall/shell', 'memory': 16, 'healthCheck': check},
                  {'name': 'beside', 'image': 'squall/shell', 'memory': 16, 'essential': False}]
    return lab.aws('ecs', 'register-task-definition', '--family', family, '--container-definitions', json.dumps(containers))['taskDefinition']['taskDefinitionArn']


def task(lab, arn):
    [described] = lab.aws('ecs', 'describe-tasks', '--cluster', 'demo', '--tasks', arn)['tasks']
    return described


def messages(lab, name):
    [service] = lab.aws('ecs', 'describe-services', '--cluster', 'demo', '--services', name)['services']
    return [event['message'] for event in service['events']]


def docker(lab, path):
    return json.loads(lab.sh(1, f'curl -s --unix-socket /var/run/docker.sock http://docker{path}'))


def test_a_check_inside_the_container_decides_what_ecs_says_of_its_task(lab):
    register(lab, 'checked', ['CMD-SHELL', 'test ! -e /tmp/ill'])
    [started] = client(lab, 'ecs').run_task(cluster='demo', taskDefinition='checked')['tasks']
    arn = started['taskArn']
    assert started['healthStatus'] == 'UNKNOWN'
    wait_for('it is healthy', lambda: task(lab, arn)['healthStatus'] == 'HEALTHY', timeout=60)
    containers = {one['name']: one for one in task(lab, arn)['containers']}
    assert containers['main']['healthStatus'] == 'HEALTHY' and containers['beside']['healthStatus'] == 'UNKNOWN'

    runtime = containers['main']['runtimeId']
    health = docker(lab, f'/containers/{runtime}/json')['State']['Health']
    assert health['Status'] == 'healthy' and health['FailingStreak'] == 0 and 1 <= len(health['Log']) <= 5
    [listed] = [one for one in docker(lab, '/containers/json') if one['Id'] == runtime]
    assert listed['Status'].endswith(' (healthy)')

    pid = docker(lab, f'/containers/{runtime}/json')['State']['Pid']
    lab.sh(1, f'touch /proc/{pid}/root/tmp/ill')
    wait_for('it is unhealthy', lambda: task(lab, arn)['healthStatus'] == 'UNHEALTHY', timeout=60)
    assert task(lab, arn)['lastStatus'] == 'RUNNING', 'nobody stops a task that belongs to no service'
    lab.sh(1, f'rm /proc/{pid}/root/tmp/ill')
    wait_for('it is well again', lambda: task(lab, arn)['healthStatus'] == 'HEALTHY', timeout=60)
    client(lab, 'ecs').stop_task(cluster='demo', task=arn)
    client(lab, 'ecs').get_waiter('tasks_stopped').wait(cluster='demo', tasks=[arn], WaiterConfig=FAST)


def test_a_service_replaces_a_task_that_fails_its_checks(lab):
    ecs = client(lab, 'ecs')
    register(lab, 'replaced', ['CMD-SHELL', 'test ! -e /tmp/ill'])
    ecs.create_service(cluster='demo', serviceName='replaced', taskDefinition='replaced', desiredCount=1)
    wait_for('it is steady', lambda: '(service replaced) has reached a steady state.' in messages(lab, 'replaced'), timeout=60)
    [arn] = ecs.list_tasks(cluster='demo', serviceName='replaced')['taskArns']
    [runtime] = [one['runtimeId'] for one in task(lab, arn)['containers'] if one['name'] == 'main']
    pid = docker(lab, f'/containers/{runtime}/json')['State']['Pid']
    lab.sh(1, f'touch /proc/{pid}/root/tmp/ill')
    text = f'(service replaced) (task {arn.rsplit("/", 1)[1]}) failed container health checks.'
    wait_for('the events say so', lambda: text in messages(lab, 'replaced'), timeout=90)
    ecs.get_waiter('tasks_stopped').wait(cluster='demo', tasks=[arn], WaiterConfig=FAST)
    assert task(lab, arn)['stoppedReason'] == 'Task failed container health checks'
    [successor] = ecs.list_tasks(cluster='demo', serviceName='replaced')['taskArns']
    wait_for('its successor is healthy', lambda: task(lab, successor)['healthStatus'] == 'HEALTHY', timeout=60)
    ecs.delete_service(cluster='demo', service='replaced', force=True)


def test_checks_that_fail_from_the_beginning_open_the_circuit_breaker(lab):
    ecs = client(lab, 'ecs')
    good = register(lab, 'deployed', ['CMD', 'true'])
    ecs.create_service(cluster='demo', serviceName='deployed', taskDefinition=good, desiredCount=1,
                       deploymentConfiguration={'deploymentCircuitBreaker': {'enable': True, 'rollback': True}})
    wait_for('it is deployed', lambda: any('deployment completed.' in text for text in messages(lab, 'deployed')), timeout=60)
    bad = register(lab, 'deployed', ['CMD', 'no-such-program'])
    failed = ecs.update_service(cluster='demo', service='deployed', taskDefinition=bad)['service']['deployments'][0]['id']
    text = f'(service deployed) (deployment {failed}) deployment failed: tasks failed to start.'
    wait_for('the breaker opens', lambda: text in messages(lab, 'deployed'), timeout=240, interval=1, instead=lambda: messages(lab, 'deployed'))
    [service] = ecs.describe_services(cluster='demo', services=['deployed'])['services']
    assert service['taskDefinition'] == good and service['runningCount'] >= 1, 'and the old tasks were kept'
    ecs.delete_service(cluster='demo', service='deployed', force=True)


def test_a_container_waits_until_the_one_it_depends_on_is_healthy(lab):
    ecs = client(lab, 'ecs')
    check = {'command': ['CMD-SHELL', 'test -e /tmp/well'], 'interval': 5, 'retries': 10}
    ecs.register_task_definition(family='ordered', containerDefinitions=[
        {'name': 'second', 'image': 'squall/shell', 'memory': 16, 'dependsOn': [{'containerName': 'first', 'condition': 'HEALTHY'}]},
        {'name': 'first', 'image': 'squall/shell', 'memory': 16, 'command': ['sh', '-c', 'touch /tmp/well; exec sleep 600'], 'healthCheck': check}])
    [started] = ecs.run_task(cluster='demo', taskDefinition='ordered')['tasks']
    ecs.get_waiter('tasks_running').wait(cluster='demo', tasks=[started['taskArn']], WaiterConfig=FAST)
    ids = {one['name']: one['runtimeId'] for one in task(lab, started['taskArn'])['containers']}
    began = {name: docker(lab, f'/containers/{runtime}/json')['State']['StartedAt'] for name, runtime in ids.items()}
    assert began['first'] < began['second']
    first_log = docker(lab, f'/containers/{ids["first"]}/json')['State']['Health']['Log']
    assert first_log[0]['End'] <= began['second']
    ecs.stop_task(cluster='demo', task=started['taskArn'])


def test_checks_beyond_awss_limits_are_refused(lab):
    def definition(**check):
        return {'family': 'x', 'containerDefinitions': [{'name': 'main', 'image': 'squall/shell', 'memory': 16, 'healthCheck': {'command': ['CMD', 'true'], **check}}]}

    ecs = client(lab, 'ecs')
    for check in ({'interval': 4}, {'interval': 301}, {'timeout': 1}, {'timeout': 61}, {'retries': 0}, {'retries': 11}, {'startPeriod': 301}, {'command': []}):
        assert refused(ecs.register_task_definition, **definition(**check)) == 'ClientException', check
    [container] = ecs.register_task_definition(**definition())['taskDefinition']['containerDefinitions']
    assert container['healthCheck'] == {'command': ['CMD', 'true'], 'interval': 30, 'timeout': 5, 'retries': 3}
