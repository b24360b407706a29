"""`lab up --runtime docker`: hosts with a real Docker Engine each; the same agents, tasks and experiments as on the lab's own runtime."""
import collections
import json
import os
import re
import shutil
import subprocess
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from conftest import SQUALL, Lab, Run, processes_of, squall_with, wait_for

PROGRAMS = ('dockerd', 'containerd', 'runc')
MISSING = [program for program in PROGRAMS if not shutil.which(program)]
pytestmark = pytest.mark.skipif(os.geteuid() != 0 or bool(MISSING), reason=f'root only; missing: {MISSING}')


@pytest.fixture(scope='module', name='within')
def a_place_with_cgroups():
    """What a command begins with to have cgroups mounted, on machines that have none, too."""
    script = 'mountpoint -q /sys/fs/cgroup || mount -t cgroup2 none /sys/fs/cgroup; echo ready; read end'
    process = subprocess.Popen(['unshare', '-m', 'sh', '-c', script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == 'ready\n'
    yield ['nsenter', f'--mount=/proc/{process.pid}/ns/mnt', '--']
    process.communicate('\n')


def cgroup_of(lab):
    """The name of the one that all containers of this lab are below."""
    pid = lab.sh(1, "docker inspect -f '{{.State.Pid}}' $(docker ps -q | head -n 1)")
    (name,) = {one for line in lab.sh(1, f'cat /proc/{pid}/cgroup').splitlines() for one in re.findall('/(squall-lab-[0-9a-f]+)/', line)}
    return name


def is_there(within, cgroup):
    done = subprocess.run([*within, 'find', '/sys/fs/cgroup', '-maxdepth', '2', '-name', cgroup], capture_output=True, text=True, check=True)
    return done.stdout != ''


@pytest.fixture(scope='module', name='lab')
def lab_with_docker(within):
    lab = Lab(2, ['--runtime', 'docker'], within=within)
    published = lab.squall('helper', 'publish', '--bucket', 'squall-helpers')
    assert published.code == 0, published
    cgroup = cgroup_of(lab)
    assert is_there(within, cgroup)
    yield lab
    state = lab.state
    lab.down()
    assert processes_of(state) == [] and not is_there(within, cgroup)


def ask(url):
    try:
        with urllib.request.urlopen(url, timeout=30) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


def url_of(lab):
    wait_for('all targets are healthy', lambda: '2 of 2 targets healthy' in lab.squall('lab', 'status').out, timeout=60)
    return lab.status()['load_balancers'][0]['url']


def containers(lab, instance):
    """Docker's own words for those that run."""
    shown = lab.sh(instance, "docker ps --format '{{.Image}} {{.Names}}'")
    return [line for line in shown.splitlines() if line]


def test_tasks_are_containers_of_the_docker_engine(lab):
    assert lab.status()['runtime'] == 'docker'
    for instance in (1, 2):
        (one,) = containers(lab, instance)
        assert one.startswith('squall/web:latest ecs-web-1-web-')
        version = json.loads(lab.sh(instance, "docker version --format '{{json .Server}}'"))
        assert version['Version'].split('.')[0].isdigit() and 'Components' in version
        assert lab.sh(instance, 'pgrep -x dockerd') != ''
    assert ask(url_of(lab)) == 200


def test_a_fault_on_http_traffic_runs_unchanged(lab):
    url = url_of(lab)
    rules = [lab.sh(instance, 'iptables-save | grep -v "^[#:]"; nft list tables') for instance in (1, 2)]
    words = ['--fault', 'ecs-container-http-status-code', '--set', 'CLUSTER_NAME=demo', '--set', 'SERVICE_NAME=web', '--set', 'TARGET_SERVICE_PORT=8080', '--set', 'EXEMPT_PATHS=/health',
             '--set', 'HELPER_BUCKET=squall-helpers', '--set', 'TOTAL_CHAOS_DURATION=6', '--set', 'TASK_REPLICA_AFFECTED_PERC=50']
    run = Run(lab.start('run', '--json', *words))
    run.until('phase', phase='hold')
    during = collections.Counter(ask(url) for _ in range(10))
    assert run.finish() == 0
    assert during == {503: 5, 200: 5}
    assert run.verdict['verdict'] == 'passed'
    (task,) = [task for instance in run.verdict['instances'] for task in instance.get('tasks', [])]
    assert task['hits'] == 5
    assert [ask(url) for _ in range(4)] == [200] * 4
    assert [lab.sh(instance, 'iptables-save | grep -v "^[#:]"; nft list tables') for instance in (1, 2)] == rules


def test_a_stop_of_the_agent_runs_unchanged_and_leaves_the_containers(lab):
    before = [containers(lab, instance) for instance in (1, 2)]
    run = lab.run(5)
    run.until('phase', phase='hold')
    assert [containers(lab, instance) for instance in (1, 2)] == before
    assert run.finish() == 0 and run.verdict['verdict'] == 'passed'
    assert [containers(lab, instance) for instance in (1, 2)] == before


def test_a_task_in_awsvpc_mode_has_its_own_interface(lab):
    ecs, ec2 = lab.client('ecs'), lab.client('ec2')
    ecs.register_task_definition(family='own', networkMode='awsvpc', containerDefinitions=[
        {'name': 'web', 'image': 'squall/web', 'memory': 64, 'essential': True, 'portMappings': [{'containerPort': 8080}]}])
    subnet = ec2.describe_subnets()['Subnets'][0]['SubnetId']
    (task,) = ecs.run_task(cluster='demo', taskDefinition='own', networkConfiguration={'awsvpcConfiguration': {'subnets': [subnet]}})['tasks']

    def running():
        (now,) = ecs.describe_tasks(cluster='demo', tasks=[task['taskArn']])['tasks']
        assert now['lastStatus'] != 'STOPPED', now
        return now if now['lastStatus'] == 'RUNNING' else None

    now = wait_for('the task runs', running, timeout=60)
    address = next(detail['value'] for detail in now['attachments'][0]['details'] if detail['name'] == 'privateIPv4Address')
    assert '200' in lab.sh(1, f'curl -s -o /dev/null -w "%{{http_code}}" http://{address}:8080/health')
    ecs.stop_task(cluster='demo', task=task['taskArn'])
    wait_for('its containers have gone', lambda: not any('own-1' in one for instance in (1, 2) for one in containers(lab, instance)), timeout=60)


def test_an_engine_that_is_killed_comes_back_with_its_images(lab):
    service = lab.sh(1, 'systemctl show -p MainPID --value docker')
    lab.sh(1, f'kill -9 {service}')

    def is_back():
        done = lab.exec(1, 'docker', 'image', 'inspect', '-f', '{{.RepoTags}}', 'squall/web')
        return done.code == 0 and 'squall/web:latest' in done.out and lab.sh(1, 'systemctl is-active docker || true') == 'active'

    wait_for('the engine is back', is_back, timeout=60)
    wait_for('the service is whole', lambda: lab.status()['services'][0]['running'] == 2 and len(containers(lab, 1)) >= 1, timeout=90)
    assert ask(url_of(lab)) == 200


def test_a_lab_that_was_killed_leaves_nothing(within):
    lab = Lab(1, ['--runtime', 'docker'], within=within)
    cgroup = cgroup_of(lab)
    os.kill(lab.status()['pid'], 9)
    state = lab.state
    lab.down()
    wait_for('no process is left', lambda: processes_of(state) == [], timeout=30)
    assert not is_there(within, cgroup)


@pytest.mark.skipif(not shutil.which('setpriv'), reason='no setpriv')
def test_it_is_refused_where_it_cannot_work(state, tmp_path):
    _, environment = state
    refused = squall_with(environment, 'lab', 'up', '--runtime', 'podman', '--port', '0')
    assert refused.code == 64 and "'podman' is none: built-in or docker" in refused.err
    program = Path(shutil.which('setpriv'))
    home = tmp_path / 'home'
    done = subprocess.run([program, '--reuid=65534', '--regid=65534', '--clear-groups', SQUALL, 'lab', 'up', '--runtime', 'docker', '--port', '0'],
                          env=environment | {'HOME': str(home), 'XDG_STATE_HOME': str(home)}, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 3 and 'the Docker Engine works for root only' in done.stderr
    hidden = subprocess.run(['unshare', '-m', 'sh', '-c', f'mount --bind /dev/null {shutil.which("dockerd")}; exec "$@"', 'sh', SQUALL, 'lab', 'up', '--runtime', 'docker', '--port', '0'],
                            env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert hidden.returncode == 64 and 'dockerd not found in /usr/sbin or /usr/bin' in hidden.stderr and 'docker.io' in hidden.stderr
