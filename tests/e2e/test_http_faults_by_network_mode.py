"""A fault on HTTP traffic of tasks in each network mode, with a second container beside the one that serves, for clients elsewhere."""
import pytest
from conftest import Lab, Run, wait_for
from lab_api import FAST, client

ROLE = 'arn:aws:iam::123456789012:role/web-task'
BUCKET = 'squall-helpers'
MODES = ('bridge', 'awsvpc', 'host')
KINDS = ('auto', 'tproxy-lease', 'redirect', 'iptables')


@pytest.fixture(scope='module', name='lab')
def lab_with_definitions():
    lab = Lab(2)
    assert lab.squall('helper', 'publish', '--bucket', BUCKET).code == 0
    for mode in MODES:
        web = {'name': 'web', 'image': 'squall/web', 'memory': 32, 'portMappings': [{'containerPort': 8080}]}
        client(lab, 'ecs').register_task_definition(family=mode, networkMode=mode, taskRoleArn=ROLE, containerDefinitions=[web, {'name': 'beside', 'image': 'squall/shell', 'memory': 16}])
    yield lab
    lab.down()


class Running:
    """A task of this network mode, where others reach it, and a host that is not its own."""

    def __init__(self, lab, mode):
        self.ecs = client(lab, 'ecs')
        subnets = [one['SubnetId'] for one in lab.aws('ec2', 'describe-subnets')['Subnets']]
        where = {'networkConfiguration': {'awsvpcConfiguration': {'subnets': subnets}}} if mode == 'awsvpc' else {}
        self.arn = self.ecs.run_task(cluster='demo', taskDefinition=mode, **where)['tasks'][0]['taskArn']
        self.ecs.get_waiter('tasks_running').wait(cluster='demo', tasks=[self.arn], WaiterConfig=FAST)
        [task] = self.ecs.describe_tasks(cluster='demo', tasks=[self.arn])['tasks']
        [host] = [one for one in lab.status()['instances'] if one['container_instance_arn'] == task['containerInstanceArn']]
        self.host, self.elsewhere = host['ordinal'], 3 - host['ordinal']
        self.instance = host['instance_id']
        [web] = [one for one in task['containers'] if one['name'] == 'web']
        self.url = {'bridge': lambda: f'http://{host["private_ip"]}:{web["networkBindings"][0]["hostPort"]}', 'host': lambda: f'http://{host["private_ip"]}:8080',
                    'awsvpc': lambda: f'http://{dict((one["name"], one["value"]) for one in task["attachments"][0]["details"])["privateIPv4Address"]}:8080'}[mode]()
        self.lab = lab

    def status(self):
        return self.lab.exec(self.elsewhere, 'curl', '-s', '-m', '5', '-o', '/dev/null', '-w', '%{http_code}', self.url).out

    def rules(self):
        """Those of the host, in their order. (The iptables program leaves the empty tables that it once needed.)"""
        return sorted([program, *[line for line in self.lab.sh(self.host, program).splitlines() if line.startswith('-A')]] for program in ('iptables-save', 'ip6tables-save'))

    def __enter__(self):
        wait_for('it answers', lambda: self.status() == '200')
        return self

    def __exit__(self, *_):
        self.ecs.stop_task(cluster='demo', task=self.arn)
        self.ecs.get_waiter('tasks_stopped').wait(cluster='demo', tasks=[self.arn], WaiterConfig=FAST)


def start(lab, task, kind):
    settings = ['CLUSTER_NAME=demo', f'TASK_REPLICA_ID={task.arn}', 'TARGET_SERVICE_PORT=8080', 'TOTAL_CHAOS_DURATION=5', f'HELPER_BUCKET={BUCKET}', f'INTERCEPT={kind}']
    return Run(lab.start('run', '--json', '--fault', 'ecs-container-http-status-code', *[word for value in settings for word in ('--set', value)]))


@pytest.mark.parametrize('kind', KINDS)
@pytest.mark.parametrize('mode', MODES)
def test_a_task_of_two_containers_meets_the_fault_and_is_well_after_it(lab, mode, kind):
    with Running(lab, mode) as task:
        before = task.rules()
        run = start(lab, task, kind)
        run.until('phase', phase='hold')
        assert task.status() == '503'
        assert kind in ('auto', run.of('armed')[0]['intercept'])
        assert mode == 'host' or task.rules() == before
        run.finish()
        assert run.verdict['verdict'] == 'passed', run.verdict
        assert task.status() == '200' and task.rules() == before
        assert lab.sh(task.host, 'pgrep -x squall-host || true') == ''
