"""The load balancer in front of a service: from outside by HTTP, from inside by its API, and what ECS does with what its health checks say."""
import json
import subprocess
import urllib.error
import urllib.request

import conftest
import lab_api
import pytest

# Well by its health checks; what else it does, its caller says. `trouble` is what happens to a request, by its path.
ODD = '''
import socket, struct, sys, time
server = socket.create_server(("0.0.0.0", 9001))
while True:
    client, _ = server.accept()
    head = client.recv(65536).decode()
    path = head.split()[1]
    if path == "/reset":
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    elif path == "/rubbish":
        client.sendall(b"I am no HTTP at all\\r\\n\\r\\n")
    elif path == "/hang":
        time.sleep(3)
    else:
        body = head.encode()
        client.sendall(b"HTTP/1.1 %s X\\r\\nContent-Length: %d\\r\\nKeep-Alive: 5\\r\\n\\r\\n%s" % (b"404" if path == "/missing" else b"200", len(body), body))
    client.close()
'''


@pytest.fixture(scope='module')
def lab():
    one = conftest.Lab(3)
    yield one
    one.down()


def balancer(lab, name='web'):
    return next(one for one in lab.status()['load_balancers'] if one['name'] == name)


def get(url, headers=None, timeout=30):
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers or {}), timeout=timeout) as answer:
            return answer.status, answer.headers, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read().decode()


def task_that_answers(lab):
    return json.loads(get(balancer(lab)['url'], {'Accept': 'application/json'})[2])['task']


def states(lab, group):
    described = lab.client('elbv2').describe_target_health(TargetGroupArn=group)['TargetHealthDescriptions']
    return {(one['Target']['Id'], one['Target']['Port']): one['TargetHealth'] for one in described}


def sample_group(lab):
    return lab.client('elbv2').describe_target_groups(Names=['web'])['TargetGroups'][0]['TargetGroupArn']


def test_requests_from_outside_reach_every_task_in_turn(lab):
    line = next(line for line in lab.squall('lab', 'status').out.splitlines() if 'load balancer' in line)
    assert balancer(lab)['url'] in line and '3 of 3 targets healthy' in line
    seen = [task_that_answers(lab) for _ in range(6)]
    ecs = lab.client('ecs')
    running = {arn.rsplit('/', 1)[1] for arn in ecs.list_tasks(cluster='demo', serviceName='web')['taskArns']}
    assert set(seen) == running and seen[:3] == seen[3:], 'one after the other'
    balanced = ecs.describe_services(cluster='demo', services=['web'])['services'][0]['loadBalancers']
    assert balanced == [{'targetGroupArn': sample_group(lab), 'containerName': 'web', 'containerPort': 8080}]
    assert {state['State'] for state in states(lab, sample_group(lab)).values()} == {'healthy'}
    metrics = balancer(lab)['metrics']
    assert metrics['HTTPCode_Target_2XX_Count'] >= 6 and metrics['HealthyHostCount'] == 3 and metrics['HTTPCode_ELB_5XX_Count'] == 0


def test_head_post_and_large_bodies_pass(lab):
    url = balancer(lab)['url']
    body = 'x' * 3_000_000
    with urllib.request.urlopen(urllib.request.Request(url + '/echo', data=body.encode(), method='POST'), timeout=30) as answer:
        assert answer.read().decode() == body
    assert subprocess.run(['curl', '-sS', '--max-time', '20', '-o', '/dev/null', '-w', '%{http_code}', '-I', url + '/health'], capture_output=True, text=True, timeout=30, check=True).stdout in ('200', '404')
    assert get(url + '/nothing')[0] == 404


@pytest.fixture(scope='module')
def odd(lab):
    """A load balancer in front of one target that does as its caller says."""
    server = lab.start('lab', 'exec', '1', '--', '/usr/bin/python3', '-c', ODD)
    elb = lab.client('elbv2')
    subnets = [one['SubnetId'] for one in lab.client('ec2').describe_subnets()['Subnets']]
    made = elb.create_load_balancer(Name='odd', Subnets=subnets)['LoadBalancers'][0]
    elb.modify_load_balancer_attributes(LoadBalancerArn=made['LoadBalancerArn'], Attributes=[{'Key': 'idle_timeout.timeout_seconds', 'Value': '1'}])
    group = elb.create_target_group(Name='odd', Protocol='HTTP', Port=9001, VpcId=made['VpcId'], TargetType='ip', HealthCheckIntervalSeconds=5, HealthCheckTimeoutSeconds=2)['TargetGroups'][0]['TargetGroupArn']
    address = lab.status()['instances'][0]['private_ip']
    elb.register_targets(TargetGroupArn=group, Targets=[{'Id': address}])
    assert states(lab, group)[(address, 9001)]['Reason'] == 'Target.NotInUse'
    elb.create_listener(LoadBalancerArn=made['LoadBalancerArn'], Protocol='HTTP', Port=80, DefaultActions=[{'Type': 'forward', 'TargetGroupArn': group}])
    conftest.wait_for('the target is healthy', lambda: states(lab, group)[(address, 9001)]['State'] == 'healthy')
    yield balancer(lab, 'odd')['url'], group, address
    server.kill()


def test_a_target_is_told_who_asks(lab, odd):
    _, headers, seen = get(odd[0] + '/seen', {'X-Forwarded-For': '192.0.2.7'})
    lines = dict(line.split(': ', 1) for line in seen.split('\r\n') if ': ' in line)
    assert lines['X-Forwarded-For'] == '192.0.2.7, 127.0.0.1' and lines['X-Forwarded-Proto'] == 'http' and lines['X-Forwarded-Port'] == '80'
    assert lines['X-Amzn-Trace-Id'].startswith('Root=1-') and lines['Host'] == odd[0].removeprefix('http://')
    assert 'Keep-Alive' not in headers


@pytest.mark.parametrize('path, status, metric', [('/missing', 404, 'HTTPCode_Target_4XX_Count'), ('/reset', 502, 'HTTPCode_ELB_502_Count'), ('/rubbish', 502, 'HTTPCode_ELB_502_Count'),
                                                  ('/hang', 504, 'HTTPCode_ELB_504_Count')])
def test_each_trouble_of_a_target_has_its_status_and_its_count(lab, odd, path, status, metric):
    before = balancer(lab, 'odd')['metrics'][metric]
    got, headers, _ = get(odd[0] + path)
    assert got == status
    assert (headers['Server'] == 'awselb/2.0') == (status >= 500), 'who says it'
    assert balancer(lab, 'odd')['metrics'][metric] == before + 1


def test_without_targets_it_says_503_and_a_target_drains(lab, odd):
    url, group, address = odd
    elb = lab.client('elbv2')
    elb.deregister_targets(TargetGroupArn=group, Targets=[{'Id': address}])
    assert states(lab, group)[(address, 9001)] == {'State': 'draining', 'Reason': 'Target.DeregistrationInProgress', 'Description': 'Target deregistration is in progress'}
    status, headers, body = get(url)
    assert status == 503 and headers['Server'] == 'awselb/2.0' and '503 Service Temporarily Unavailable' in body
    assert lab_api.refused(elb.delete_target_group, TargetGroupArn=group) == 'ResourceInUse'
    assert lab_api.refused(elb.register_targets, TargetGroupArn=group, Targets=[{'Id': 'nonsense'}]) == 'ValidationError'
    assert lab_api.refused(elb.create_target_group, Name='bad', Protocol='HTTP', Port=80, VpcId='vpc-0squalllab', HealthCheckIntervalSeconds=5, HealthCheckTimeoutSeconds=5) == 'ValidationError'


def test_ecs_replaces_a_task_that_hangs_and_nobody_else_waits(lab):
    ecs = lab.client('ecs')
    group = sample_group(lab)
    victim = task_that_answers(lab)
    described = ecs.describe_tasks(cluster='demo', tasks=[victim])['tasks'][0]
    number = next(one['ordinal'] for one in lab.status()['instances'] if one['container_instance_arn'] == described['containerInstanceArn'])
    port = described['containers'][0]['networkBindings'][0]['hostPort']
    runtime = described['containers'][0]['runtimeId']
    pid = json.loads(lab.sh(number, f"curl -fsS --unix-socket /var/run/docker.sock http://docker/containers/{runtime}/json"))['State']['Pid']
    lab.sh(number, f'kill -STOP {pid}')
    # Requests that hang at it keep neither the API nor other tasks from answering.
    stuck = subprocess.Popen(['curl', '-sS', '--max-time', '5', f'{balancer(lab)["url"]}/[1-3]'], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    assert lab_api.answers(lab)
    health = conftest.wait_for('the load balancer calls it unhealthy', lambda: next((one for (_, at), one in states(lab, group).items() if at == port and one['State'] == 'unhealthy'), None))
    assert health == {'State': 'unhealthy', 'Reason': 'Target.Timeout', 'Description': 'Request timed out'}
    stuck.wait()
    assert victim not in {task_that_answers(lab) for _ in range(6)}
    stopped = conftest.wait_for('ECS stops it', lambda: next((one for one in ecs.describe_tasks(cluster='demo', tasks=[victim])['tasks'] if one['desiredStatus'] == 'STOPPED'), None))
    assert stopped['stoppedReason'] == f'Task failed ELB health checks in (target-group {group})'
    messages = [one['message'] for one in ecs.describe_services(cluster='demo', services=['web'])['services'][0]['events']]
    assert any(f'(port {port}) is unhealthy in (target-group {group}) due to (reason Request timed out).' in message for message in messages)
    assert any(message == f'(service web) deregistered 1 targets in (target-group {group})' for message in messages)
    conftest.wait_for('three are healthy again', lambda: balancer(lab)['metrics']['HealthyHostCount'] == 3, timeout=60)


def test_tasks_with_their_own_interface_are_targets_by_their_address(lab):
    ecs, elb = lab.client('ecs'), lab.client('elbv2')
    subnets = [one['SubnetId'] for one in lab.client('ec2').describe_subnets()['Subnets']]
    ecs.register_task_definition(family='own', networkMode='awsvpc', containerDefinitions=[{'name': 'web', 'image': 'squall/web:latest', 'memory': 64, 'portMappings': [{'containerPort': 8080}]}])
    made = elb.create_load_balancer(Name='own', Subnets=subnets)['LoadBalancers'][0]
    wrong = elb.create_target_group(Name='own-wrong', Protocol='HTTP', Port=80, VpcId=made['VpcId'])['TargetGroups'][0]['TargetGroupArn']
    group = elb.create_target_group(Name='own', Protocol='HTTP', Port=80, VpcId=made['VpcId'], TargetType='ip', HealthCheckIntervalSeconds=5)['TargetGroups'][0]['TargetGroupArn']

    def service(target_group):
        return {'cluster': 'demo', 'serviceName': 'own', 'taskDefinition': 'own', 'desiredCount': 1, 'networkConfiguration': {'awsvpcConfiguration': {'subnets': subnets}},
                'loadBalancers': [{'targetGroupArn': target_group, 'containerName': 'web', 'containerPort': 8080}]}

    seen = lab_api.Refusal(ecs.create_service, **service(group))
    assert seen.code == 'InvalidParameterException' and 'does not have an associated load balancer' in seen.message
    for each in (group, wrong):
        elb.create_listener(LoadBalancerArn=made['LoadBalancerArn'], Protocol='HTTP', Port=80 if each == group else 81, DefaultActions=[{'Type': 'forward', 'TargetGroupArn': each}])
    assert 'which is incompatible with the awsvpc network mode' in lab_api.Refusal(ecs.create_service, **service(wrong)).message
    ecs.create_service(**service(group))
    conftest.wait_for('its task is healthy', lambda: [one['State'] for one in states(lab, group).values()] == ['healthy'], timeout=60)
    (address, port), = states(lab, group)
    assert address.startswith('10.0.') and port == 8080
    url = next(one['url'] for one in lab.status()['load_balancers'] if one['target_group'] == 'own')
    assert get(url + '/health')[2] == 'ok'
    ecs.delete_service(cluster='demo', service='own', force=True)
    conftest.wait_for('it drains', lambda: [one['State'] for one in states(lab, group).values()] == ['draining'])
