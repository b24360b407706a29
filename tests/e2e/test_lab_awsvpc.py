"""Tasks with a network of their own (awsvpc), and what ECS shows of the ports of those without."""
import json

import pytest
from conftest import Lab, wait_for
from lab_api import FAST, Refusal, client, refused

ROLE = 'arn:aws:iam::123456789012:role/web-task'


@pytest.fixture(scope='module')
def lab():
    made = Lab(2)
    containers = [{'name': 'web', 'image': 'squall/web', 'memory': 32, 'portMappings': [{'containerPort': 8080}]},
                  {'name': 'beside', 'image': 'squall/shell', 'memory': 16}]
    client(made, 'ecs').register_task_definition(family='own', networkMode='awsvpc', taskRoleArn=ROLE, containerDefinitions=containers)
    yield made
    made.down()


def network(lab):
    subnets = [one['SubnetId'] for one in lab.aws('ec2', 'describe-subnets')['Subnets']]
    return {'awsvpcConfiguration': {'subnets': subnets}}


def task(lab, arn):
    [described] = client(lab, 'ecs').describe_tasks(cluster='demo', tasks=[arn])['tasks']
    return described


def details(described):
    [attachment] = described['attachments']
    return {one['name']: one['value'] for one in attachment['details']}


def ordinal_of(lab, described):
    return {one['container_instance_arn']: one['ordinal'] for one in lab.status()['instances']}[described['containerInstanceArn']]


class Running:
    """A task of `own`, for as long as it is needed."""

    def __init__(self, lab, **where):
        self.lab, self.ecs = lab, client(lab, 'ecs')
        self.started = self.ecs.run_task(cluster='demo', taskDefinition='own', networkConfiguration=network(lab), **where)['tasks'][0]
        self.arn = self.started['taskArn']

    def __enter__(self):
        self.ecs.get_waiter('tasks_running').wait(cluster='demo', tasks=[self.arn], WaiterConfig=FAST)
        self.described = task(self.lab, self.arn)
        self.address = details(self.described)['privateIPv4Address']
        self.host = ordinal_of(self.lab, self.described)
        return self

    def __exit__(self, *_):
        self.ecs.stop_task(cluster='demo', task=self.arn)
        self.ecs.get_waiter('tasks_stopped').wait(cluster='demo', tasks=[self.arn], WaiterConfig=FAST)

    def inside(self, script, container='beside'):
        [runtime] = [one['runtimeId'] for one in self.described['containers'] if one['name'] == container]
        answer = self.lab.sh(self.host, f'curl -s --unix-socket /var/run/docker.sock http://docker/containers/{runtime}/json')
        pid = json.loads(answer)['State']['Pid']
        return self.lab.exec(self.host, 'nsenter', '-t', str(pid), '-n', '-m', '-u', 'sh', '-c', script)

    def credentials(self):
        return self.inside('curl -sf -m 3 http://169.254.170.2$(tr "\\0" "\\n" < /proc/1/environ | sed -n s/^AWS_CONTAINER_CREDENTIALS_RELATIVE_URI=//p)')


def answers(lab, host, address):
    return lab.exec(host, 'curl', '-s', '-m', '5', f'http://{address}:8080/health').out.strip() == 'ok'


def test_a_task_has_an_interface_and_an_address_of_its_own_in_the_vpc(lab):
    with Running(lab) as one:
        assert one.started['lastStatus'] == 'PROVISIONING'
        [before] = one.started['attachments']
        assert before['status'] == 'PRECREATED' and [detail['name'] for detail in before['details']] == ['subnetId']
        [attachment] = one.described['attachments']
        assert attachment['type'] == 'ElasticNetworkInterface' and attachment['status'] == 'ATTACHED' and attachment['id'] == before['id']
        known = details(one.described)
        assert list(known) == ['subnetId', 'networkInterfaceId', 'macAddress', 'privateDnsName', 'privateIPv4Address']
        for container in one.described['containers']:
            assert container['networkBindings'] == []
            assert container['networkInterfaces'] == [{'attachmentId': attachment['id'], 'privateIpv4Address': one.address}]
        [instance] = [found for reservation in client(lab, 'ec2').describe_instances()['Reservations'] for found in reservation['Instances']
                      if found['InstanceId'] == lab.instance_ids()[one.host - 1]]
        assert instance['SubnetId'] == known['subnetId'], "it is in the subnet of its instance's zone"
        [subnet] = lab.aws('ec2', 'describe-subnets', '--subnet-ids', known['subnetId'])['Subnets']
        assert subnet['AvailabilityZone'] == instance['Placement']['AvailabilityZone']
        assert subnet['CidrBlock'].rsplit('.', 1)[0] == one.address.rsplit('.', 1)[0]

        assert answers(lab, 1, one.address) and answers(lab, 2, one.address), 'its own host and the other one reach it'
        assert one.inside('curl -s -m 5 http://127.0.0.1:8080/health').out.strip() == 'ok', 'its containers share their network'
        assert known['macAddress'] in one.inside('ip -o link show eth0').out
        assert one.inside('hostname').out.strip() == known['privateDnsName']
        interfaces = one.inside('curl -s -m 5 $(tr "\\0" "\\n" < /proc/1/environ | sed -n s/^ECS_CONTAINER_METADATA_URI_V4=//p)/task').out
        assert [found['Networks'][0]['IPv4Addresses'] for found in json.loads(interfaces)['Containers']] == [[one.address]] * 2
    after = task(lab, one.arn)
    assert after['lastStatus'] == 'STOPPED' and after['attachments'][0]['status'] == 'DELETED'
    left = lab.sh(one.host, 'ip -o link')
    assert 'eni' not in left and 'ecsveth' not in left, left
    assert not answers(lab, 1, one.address)


def test_its_credentials_are_cut_off_while_the_agent_is_stopped_and_nothing_else_is(lab):
    with Running(lab) as one:
        assert 'SecretAccessKey' in one.credentials().out
        lab.sh(one.host, 'systemctl stop ecs')
        try:
            assert one.credentials().code != 0
            assert answers(lab, 1, one.address) and answers(lab, 2, one.address)
        finally:
            lab.sh(one.host, 'systemctl start ecs')
        wait_for('the agent is back', lambda: all(lab.connected().values()))
        assert 'SecretAccessKey' in one.credentials().out
        assert task(lab, one.arn)['lastStatus'] == 'RUNNING'


def test_tasks_with_a_network_of_their_own_and_others_reach_each_other(lab):
    with Running(lab) as one, Running(lab) as other:
        assert one.inside(f'curl -s -m 5 http://{other.address}:8080/health').out.strip() == 'ok'
        ecs = client(lab, 'ecs')
        bridged = ecs.list_tasks(cluster='demo', serviceName='web')['taskArns']
        for found in ecs.describe_tasks(cluster='demo', tasks=bridged)['tasks']:
            port = found['containers'][0]['networkBindings'][0]['hostPort']
            host = ordinal_of(lab, found)
            address = lab.sh(host, "ip -4 -o address show eth0 | sed 's|.* inet \\([0-9.]*\\)/.*|\\1|'")
            assert one.inside(f'curl -s -m 5 http://{address}:{port}/health').out.strip() == 'ok'
            runtime = found['containers'][0]['runtimeId']
            pid = json.loads(lab.sh(host, f'curl -s --unix-socket /var/run/docker.sock http://docker/containers/{runtime}/json'))['State']['Pid']
            assert lab.sh(host, f'nsenter -t {pid} -n curl -s -m 5 http://{other.address}:8080/health') == 'ok'


def test_an_instance_has_no_more_interfaces_than_its_type(lab):
    ecs = client(lab, 'ecs')
    instance = ecs.list_container_instances(cluster='demo')['containerInstanceArns'][0]
    [described] = ecs.describe_container_instances(cluster='demo', containerInstances=[instance])['containerInstances']
    attributes = {one['name']: one.get('value') for one in described['attributes']}
    assert attributes['ecs.instance-type'] == 't3.medium' and 'ecs.capability.task-eni' in attributes
    on = {'cluster': 'demo', 'taskDefinition': 'own', 'containerInstances': [instance], 'networkConfiguration': network(lab)}
    started = [ecs.start_task(**on)['tasks'][0]['taskArn'] for _ in range(2)]
    try:
        assert [failure['reason'] for failure in ecs.start_task(**on)['failures']] == ['RESOURCE:ENI']
    finally:
        for arn in started:
            ecs.stop_task(cluster='demo', task=arn)
        ecs.get_waiter('tasks_stopped').wait(cluster='demo', tasks=started, WaiterConfig=FAST)


def test_what_cannot_be_is_refused_in_awss_words(lab):
    ecs = client(lab, 'ecs')
    known = network(lab)['awsvpcConfiguration']['subnets'][0]

    def words(definition='own', **awsvpc):
        more = {'networkConfiguration': {'awsvpcConfiguration': awsvpc}} if awsvpc else {}
        refusal = Refusal(ecs.run_task, cluster='demo', taskDefinition=definition, **more)
        assert refusal.code == 'InvalidParameterException'
        return refusal.message

    assert words() == "Network Configuration must be provided when networkMode 'awsvpc' is specified."
    assert words('web', subnets=[known]) == 'Network Configuration is not valid for the given networkMode of this task definition.'
    assert words(subnets=[known], assignPublicIp='ENABLED') == 'Assign public IP is not supported for this launch type.'
    assert words(subnets=['subnet-1']) == "Error retrieving subnet information for [subnet-1]: The subnet ID 'subnet-1' does not exist (ErrorCode: InvalidSubnetID.NotFound)"
    assert refused(client(lab, 'ec2').describe_subnets, SubnetIds=['subnet-1']) == 'InvalidSubnetID.NotFound'
    assert refused(ecs.create_service, cluster='demo', serviceName='x', taskDefinition='own', desiredCount=1) == 'InvalidParameterException'


def test_a_service_keeps_tasks_with_networks_of_their_own_through_a_deployment(lab):
    ecs = client(lab, 'ecs')
    [group] = lab.aws('ec2', 'describe-security-groups')['SecurityGroups']
    chosen = {'awsvpcConfiguration': {**network(lab)['awsvpcConfiguration'], 'securityGroups': [group['GroupId']]}}
    ecs.create_service(cluster='demo', serviceName='own', taskDefinition='own', desiredCount=2, networkConfiguration=chosen)
    stable = ecs.get_waiter('services_stable')
    stable.wait(cluster='demo', services=['own'], WaiterConfig=FAST)
    first = set(ecs.list_tasks(cluster='demo', serviceName='own')['taskArns'])
    ecs.update_service(cluster='demo', service='own', forceNewDeployment=True)
    wait_for('other tasks do its work', lambda: not first & set(ecs.list_tasks(cluster='demo', serviceName='own')['taskArns']), timeout=90)
    stable.wait(cluster='demo', services=['own'], WaiterConfig=FAST)
    [service] = ecs.describe_services(cluster='demo', services=['own'])['services']
    shown = {**chosen['awsvpcConfiguration'], 'assignPublicIp': 'DISABLED'}
    assert service['networkConfiguration'] == {'awsvpcConfiguration': shown} == service['deployments'][0]['networkConfiguration']
    for arn in ecs.list_tasks(cluster='demo', serviceName='own')['taskArns']:
        address = details(task(lab, arn))['privateIPv4Address']
        wait_for('it answers', lambda: answers(lab, 1, address))
    ecs.delete_service(cluster='demo', service='own', force=True)
    wait_for('they are gone', lambda: all('eni' not in lab.sh(host, 'ip -o link') and 'ecsveth' not in lab.sh(host, 'ip -o link') for host in (1, 2)), timeout=60)


def test_what_dies_on_its_host_leaves_no_interface_behind(lab):
    ecs = client(lab, 'ecs')
    arn = ecs.run_task(cluster='demo', taskDefinition='own', networkConfiguration=network(lab))['tasks'][0]['taskArn']
    host = ordinal_of(lab, task(lab, arn))
    lab.sh(host, 'kill -9 $(cat /run/ecs-agent.pid)')
    wait_for('an agent that was killed goes on where it was', lambda: task(lab, arn)['lastStatus'] == 'RUNNING', timeout=60)
    lab.sh(host, 'systemctl restart docker')
    wait_for('its task ends with the container engine', lambda: task(lab, arn)['lastStatus'] == 'STOPPED', timeout=60)
    assert task(lab, arn)['attachments'][0]['status'] == 'DELETED'
    left = lab.sh(host, 'ip -o link')
    assert 'eni' not in left and 'ecsveth' not in left, left
    wait_for('the agent is back', lambda: all(lab.connected().values()), timeout=60)
    with Running(lab) as one:
        assert answers(lab, one.host, one.address)


def test_a_task_in_host_mode_shows_no_bindings_as_its_ports_are_those_of_the_instance(lab):
    ecs = client(lab, 'ecs')
    ecs.register_task_definition(family='on-host', networkMode='host', containerDefinitions=[{'name': 'web', 'image': 'squall/web', 'memory': 32, 'portMappings': [{'containerPort': 8080}]}])
    [started] = ecs.run_task(cluster='demo', taskDefinition='on-host')['tasks']
    ecs.get_waiter('tasks_running').wait(cluster='demo', tasks=[started['taskArn']], WaiterConfig=FAST)
    described = task(lab, started['taskArn'])
    assert described['containers'][0]['networkBindings'] == [] and described['attachments'] == []
    ecs.stop_task(cluster='demo', task=started['taskArn'])
    ecs.get_waiter('tasks_stopped').wait(cluster='demo', tasks=[started['taskArn']], WaiterConfig=FAST)
