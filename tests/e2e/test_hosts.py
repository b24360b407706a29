"""A lab's hosts look and behave like container instances: namespaces, files, metadata, units, timers, tasks."""
import json
import os
import re
import shutil
import socket

import boto3
import pytest

from conftest import Lab, wait_for

RULE = '-d 169.254.170.2/32 -p tcp -m tcp --dport 80 -j DNAT --to-destination 127.0.0.1:51679'
LOG_LINE = re.compile(r'level=(debug|info|warn|error|critical) time=\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ msg="(\\.|[^"\\])*"( \w+=("(\\.|[^"\\])*"|\S+))*')


class Hosts:
    """A lab of two, and what one asks its hosts."""

    def __init__(self, lab):
        self.lab = lab
        self.sh = lab.sh
        self.exec = lab.exec

    def instance(self, host):
        return self.lab.status()['instances'][host - 1]

    def show(self, host, unit, *names):
        found = dict(line.split('=', 1) for line in self.sh(host, f'systemctl show -p {",".join(names)} {unit}').splitlines())
        return [found[name] for name in names]

    def state(self, host, unit):
        return '/'.join(self.show(host, unit, 'ActiveState', 'SubState'))

    def nat(self, host):
        return self.sh(host, 'iptables -w 5 -t nat -S').splitlines()

    def has_rule(self, host):
        return f'-A PREROUTING {RULE}' in self.nat(host)

    def containers(self, host):
        return json.loads(self.sh(host, 'curl -s --unix-socket /var/run/docker.sock http://docker/containers/json'))

    def containers_of(self, host, task):
        return [one['Id'] for one in self.containers(host) if one['Labels']['com.amazonaws.ecs.task-arn'] == task]

    def task_pid(self, host):
        [container] = self.containers(host)
        inspected = self.sh(host, f'curl -s --unix-socket /var/run/docker.sock http://docker/containers/{container["Id"]}/json')
        return json.loads(inspected)['State']['Pid']

    def task(self, host):
        """The one task that runs there, as the lab tells; nothing while it is being replaced."""
        tasks = self.instance(host)['running_tasks']
        return tasks[0] if len(tasks) == 1 and tasks[0]['network_bindings'] else None

    def address(self, host):
        return f'{self.instance(host)["private_ip"]}:{self.task(host)["network_bindings"][0]["hostPort"]}'

    def account(self):
        looks = [self.exec(host, 'sh', '-c', 'systemctl status ecs docker; tail -n 15 /var/log/ecs/ecs-init.log /var/log/ecs/ecs-agent.log').out for host in (1, 2)]
        return json.dumps(self.lab.status(), indent=1) + '\n' + '\n'.join(looks)

    def until_well(self):
        """Every agent connected, and one task on each host: as in ECS, a replacement stays where it was placed, so the one that
        a host has too many is stopped."""
        def is_well():
            instances = self.lab.status()['instances']
            if not all(one['agent_connected'] for one in instances):
                return False
            counts = [len(one['running_tasks']) for one in instances]
            if sum(counts) == len(counts) and max(counts) > 1:
                crowded = instances[counts.index(max(counts))]
                self.lab.client('ecs').stop_task(cluster='demo', task=crowded['running_tasks'][0]['task_arn'])
            return counts == [1] * len(counts)

        # ecs-init waits up to 18 s between two restarts of an agent.
        wait_for('every host is well again', is_well, timeout=60, instead=self.account)

    def metadata(self, host, path, token=None):
        """Status and body."""
        header = f'-H "X-aws-ec2-metadata-token: {token}"' if token else ''
        *body, status = self.sh(host, f'curl -s -m 5 -w "\\n%{{http_code}}" {header} http://169.254.169.254/latest/{path}').split('\n')
        return int(status), '\n'.join(body)

    def token(self, host, seconds=60):
        return self.sh(host, f'curl -sf -m 5 -X PUT -H "X-aws-ec2-metadata-token-ttl-seconds: {seconds}" http://169.254.169.254/latest/api/token')


@pytest.fixture(scope='module')
def lab_of_two():
    lab = Lab(2)
    yield Hosts(lab)
    lab.down()


@pytest.fixture
def hosts(lab_of_two):
    # One test after the other starts the same units more often within seconds than their start limit allows.
    for host in (1, 2):
        lab_of_two.sh(host, 'systemctl reset-failed ecs docker')
    yield lab_of_two
    lab_of_two.until_well()


def test_every_host_has_namespaces_of_its_own(hosts):
    found = {host: {kind: os.readlink(f'/proc/{hosts.instance(host)["pid"]}/ns/{kind}') for kind in ('net', 'mnt', 'pid', 'uts')} for host in (1, 2)}
    for kind in ('net', 'mnt', 'pid', 'uts'):
        assert len({found[1][kind], found[2][kind], os.readlink(f'/proc/self/ns/{kind}')}) == 3
    names = [hosts.sh(host, 'hostname') for host in (1, 2)]
    assert names == ['ip-' + hosts.instance(host)['private_ip'].replace('.', '-') for host in (1, 2)]
    assert socket.gethostname() not in names
    hosts.sh(1, 'echo mine >/root/mine; sleep 1000 >/dev/null 2>&1 & echo $! >/root/pid')
    assert hosts.exec(2, 'test', '-e', '/root/mine').code != 0 and hosts.exec(2, 'pgrep', '-x', 'sleep').code != 0
    hosts.sh(1, 'kill $(cat /root/pid); rm /root/mine /root/pid')
    assert 'init' in hosts.sh(1, 'tr "\\0" " " </proc/1/cmdline')
    assert hosts.sh(1, "ip -o -4 address show dev eth0 | awk '{print $4}'").split('/')[0] == hosts.instance(1)['private_ip']


def test_a_host_has_the_files_that_agents_and_scripts_look_for(hosts):
    config = hosts.sh(1, 'cat /etc/ecs/ecs.config').splitlines()
    assert 'ECS_CLUSTER=demo' in config
    hosts.sh(1, 'test -d /var/lib/ecs/data && test -d /var/log/ecs && test -d /var/lib/amazon/ssm && test -w /tmp && test -c /dev/null')
    assert 'Amazon Linux' in hosts.sh(1, '. /etc/os-release; echo "$NAME"')
    assert hosts.exec(1, 'touch', '/usr/bin/x').code != 0, "the machine's programs are not the host's to change"
    assert hosts.exec(1, 'sh', '-c', 'getent hosts $(hostname)').out.startswith(hosts.instance(1)['private_ip'])


def test_the_agent_logs_as_the_real_one_does(hosts):
    lines = hosts.sh(1, 'cat /var/log/ecs/ecs-agent.log').splitlines()
    assert lines and [line for line in lines if not LOG_LINE.fullmatch(line)] == []
    arn = hosts.instance(1)['container_instance_arn']
    assert any('Connected to ACS endpoint' in line and arn in line for line in lines)
    assert [line for line in hosts.sh(1, 'cat /var/log/ecs/ecs-init.log').splitlines() if not LOG_LINE.fullmatch(line)] == []
    assert 'Connected to ACS endpoint' in hosts.sh(1, 'journalctl -u ecs --no-pager -o cat')


def test_instance_metadata_wants_a_token(hosts):
    assert hosts.metadata(1, 'meta-data/instance-id')[0] == 401
    assert hosts.metadata(1, 'meta-data/instance-id', 'AQAEnonsense==')[0] == 401
    instance = hosts.instance(1)
    token = hosts.token(1)
    assert hosts.metadata(1, 'meta-data/instance-id', token) == (200, instance['instance_id'])
    assert hosts.metadata(1, 'meta-data/local-ipv4', token) == (200, instance['private_ip'])
    assert hosts.metadata(1, 'meta-data/placement/availability-zone', token) == (200, instance['availability_zone'])
    assert hosts.metadata(1, 'meta-data/no-such-thing', token)[0] == 404
    assert hosts.metadata(2, 'meta-data/instance-id', token)[0] == 401, 'a token is for one instance'
    put = 'curl -s -o /dev/null -w "%{http_code}" -X PUT http://169.254.169.254/latest/api/token'
    assert hosts.sh(1, put) == '400', 'a lifetime must be given'
    for seconds in ('0', '21601', '-1', 'x'):
        assert hosts.sh(1, f'{put} -H "X-aws-ec2-metadata-token-ttl-seconds: {seconds}"') == '400'
    assert len(hosts.token(1, 21600)) > 20
    brief = hosts.token(1, 1)
    wait_for('a token ends', lambda: hosts.metadata(1, 'meta-data/instance-id', brief)[0] == 401)


def test_instance_metadata_gives_identity_and_credentials_that_work(hosts):
    token = hosts.token(1)
    document = json.loads(hosts.metadata(1, 'dynamic/instance-identity/document', token)[1])
    instance = hosts.instance(1)
    assert (document['instanceId'], document['region'], document['privateIp']) == (instance['instance_id'], 'us-east-1', instance['private_ip'])
    role = hosts.metadata(1, 'meta-data/iam/security-credentials/', token)[1].strip()
    found = json.loads(hosts.metadata(1, f'meta-data/iam/security-credentials/{role}', token)[1])
    assert (found['Code'], found['Type']) == ('Success', 'AWS-HMAC')
    assert re.fullmatch(r'\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ', found['Expiration'])
    client = boto3.client('sts', endpoint_url=hosts.lab.endpoint, region_name='us-east-1', aws_access_key_id=found['AccessKeyId'],
                          aws_secret_access_key=found['SecretAccessKey'], aws_session_token=found['Token'])
    assert client.get_caller_identity()['Arn'] == f'arn:aws:sts::123456789012:assumed-role/{role}/{instance["instance_id"]}'


def test_systemctl_answers_as_the_real_one(hosts):
    for unit in ('ecs', 'docker', 'amazon-ssm-agent', 'ecs.service'):
        active = hosts.exec(1, 'systemctl', 'is-active', unit)
        assert (active.code, active.out) == (0, 'active\n')
        assert hosts.exec(1, 'systemctl', 'is-enabled', unit).out == 'enabled\n'
        status = hosts.exec(1, 'systemctl', 'status', unit)
        assert status.code == 0 and 'Active: active (running) since ' in status.out and 'Main PID: ' in status.out
        assert 'Loaded: loaded (/etc/systemd/system/' in status.out
    for verb, code, out, err in (('is-active', 3, 'inactive\n', ''), ('start', 5, '', 'Failed to start nope.service: Unit nope.service not found.\n'),
                                 ('stop', 5, '', 'Failed to stop nope.service: Unit nope.service not loaded.\n'),
                                 ('status', 4, '', 'Unit nope.service could not be found.\n')):
        done = hosts.exec(1, 'systemctl', verb, 'nope')
        assert (done.code, done.out, done.err) == (code, out, err), verb
    several = hosts.exec(1, 'systemctl', 'is-active', 'ecs', 'nope')
    assert (several.code, several.out) == (0, 'active\ninactive\n'), 'one that is active is enough'
    assert hosts.exec(1, 'systemctl', 'is-active', '--quiet', 'nope').out == ''
    unknown = hosts.exec(1, 'systemctl', 'frobnicate', 'ecs')
    assert unknown.code == 1 and 'Unknown command verb' in unknown.err
    assert hosts.show(1, 'ecs', 'LoadState', 'ActiveState', 'SubState', 'Result', 'UnitFileState') == ['loaded', 'active', 'running', 'success', 'enabled']
    assert hosts.show(1, 'nope', 'LoadState', 'ActiveState', 'SubState') == ['not-found', 'inactive', 'dead']
    pid = hosts.sh(1, 'systemctl show -p MainPID --value ecs')
    assert hosts.exec(1, 'test', '-d', f'/proc/{pid}').code == 0


def test_sudo_runs_what_a_remedy_says_as_it_stands(hosts):
    assert hosts.exec(1, 'sudo', 'systemctl', 'is-active', 'ecs').out == 'active\n'
    done = hosts.exec(1, 'sudo', '-n', '-u', 'root', '--', 'LEVEL=3', 'sh', '-c', 'id -u; exit $LEVEL')
    assert (done.code, done.out) == (3, '0\n')
    done = hosts.exec(1, 'sudo', 'sh', '-c', 'systemctl is-active nope')
    assert (done.code, done.out) == (3, 'inactive\n')
    refused = hosts.exec(1, 'sudo', '-u', 'ec2-user', 'id')
    assert refused.code == 1 and 'unknown user ec2-user' in refused.err
    usage = hosts.exec(1, 'sudo')
    assert usage.code == 1 and usage.err.startswith('usage: sudo')


def test_a_clean_stop_of_ecs_is_final_and_takes_its_route_along(hosts):
    before = hosts.nat(1)
    assert before.count(f'-A PREROUTING {RULE}') == 1
    restarts = hosts.show(1, 'ecs', 'NRestarts')
    task = hosts.task_pid(1)
    stopped = hosts.exec(1, 'systemctl', 'stop', 'ecs')
    assert (stopped.code, stopped.out, stopped.err) == (0, '', '')
    assert hosts.state(1, 'ecs') == 'inactive/dead', 'not waiting for a restart'
    assert hosts.show(1, 'ecs', 'Result', 'MainPID', 'NRestarts') == ['success', '0', *restarts]
    done = hosts.exec(1, 'systemctl', 'is-active', 'ecs')
    assert (done.code, done.out) == (3, 'inactive\n')
    status = hosts.exec(1, 'systemctl', 'status', 'ecs')
    assert status.code == 3 and 'Active: inactive (dead) since ' in status.out
    assert hosts.nat(1) == [line for line in before if RULE not in line], 'one rule less, and no other touched'
    assert hosts.task_pid(1) == task, 'its tasks live on'
    assert hosts.exec(1, 'systemctl', 'stop', 'ecs').code == 0, 'twice is harmless'
    wait_for('ECS sees it', lambda: not hosts.instance(1)['agent_connected'])
    assert hosts.sh(2, f'curl -s -m 5 http://{hosts.address(1)}/health') == 'ok'
    hosts.sh(1, 'systemctl start ecs')
    assert hosts.has_rule(1) and hosts.exec(1, 'systemctl', 'start', 'ecs').code == 0
    wait_for('the agent is back', lambda: hosts.instance(1)['agent_connected'])
    assert hosts.task_pid(1) == task and sorted(hosts.nat(1)) == sorted(before)
    hosts.sh(1, 'systemctl restart ecs')
    wait_for('the agent is back', lambda: hosts.instance(1)['agent_connected'])
    assert hosts.task_pid(1) == task


def test_an_agent_that_is_killed_is_started_again_by_ecs_init(hosts):
    unit = hosts.show(1, 'ecs', 'MainPID', 'NRestarts')
    agent = hosts.lab.agent_pid(1)
    hosts.sh(1, f'kill -9 {agent}')
    wait_for('another agent', lambda: hosts.exec(1, 'cat', '/run/ecs-agent.pid').out.strip() not in ('', agent))
    assert hosts.show(1, 'ecs', 'MainPID', 'NRestarts') == unit, 'the unit did not notice'
    assert 'Agent exited with code 137' in hosts.sh(1, 'cat /var/log/ecs/ecs-init.log')


def test_a_task_that_the_agent_could_not_write_down_is_sent_to_the_next_agent(hosts):
    ecs = hosts.lab.client('ecs')
    agent, instance = hosts.lab.agent_pid(1), hosts.instance(1)
    [running] = ecs.describe_tasks(cluster='demo', tasks=[hosts.task(1)['task_arn']])['tasks']
    # No file can be made there now, as on a full disk.
    hosts.sh(1, 'mv /var/lib/ecs/data /var/lib/ecs/away && : >/var/lib/ecs/data')
    [task] = ecs.start_task(cluster='demo', taskDefinition=running['taskDefinitionArn'], containerInstances=[instance['container_instance_arn']])['tasks']
    wait_for('the agent has it', lambda: hosts.containers_of(1, task['taskArn']) and 'Error saving state' in hosts.sh(1, 'cat /var/log/ecs/ecs-agent.log'))
    hosts.sh(1, f'rm /var/lib/ecs/data && mv /var/lib/ecs/away /var/lib/ecs/data; kill -9 {agent}')
    for unknown in hosts.containers_of(1, task['taskArn']):
        hosts.sh(1, f'curl -sf --unix-socket /var/run/docker.sock -X DELETE "http://docker/containers/{unknown}?force=1"')
    wait_for('the next agent runs it', lambda: task['taskArn'] in hosts.exec(1, 'curl', '-s', '-m', '5', 'localhost:51678/v1/tasks').out)
    wait_for('its container', lambda: hosts.containers_of(1, task['taskArn']))
    ecs.stop_task(cluster='demo', task=task['taskArn'])
    wait_for('it is stopped', lambda: not hosts.containers_of(1, task['taskArn']))


def test_an_ecs_init_that_is_killed_is_started_again_by_the_unit_ten_seconds_later(hosts):
    [main, restarts] = hosts.show(1, 'ecs', 'MainPID', 'NRestarts')
    agent, task = hosts.lab.agent_pid(1), hosts.task_pid(1)
    uptime = float(hosts.sh(1, f'kill -9 {main}; cut -d " " -f 1 /proc/uptime'))
    wait_for('it waits for its restart', lambda: hosts.state(1, 'ecs') == 'activating/auto-restart')
    assert hosts.exec(1, 'systemctl', 'is-active', 'ecs').code == 3
    assert not hosts.has_rule(1), 'the post-stop step runs after a crash too'
    assert hosts.exec(1, 'test', '-d', f'/proc/{agent}').code != 0, 'nothing of the unit lives on'
    wait_for('it is back', lambda: hosts.state(1, 'ecs') == 'active/running')
    assert float(hosts.sh(1, 'cut -d " " -f 1 /proc/uptime')) - uptime >= 9.9
    assert hosts.has_rule(1) and hosts.task_pid(1) == task
    assert hosts.show(1, 'ecs', 'NRestarts') == [str(int(restarts) + 1)]
    assert 'status=9/KILL' in hosts.sh(1, 'journalctl -u ecs --no-pager')


def test_an_agent_that_gives_up_for_good_is_not_started_again(hosts):
    hosts.sh(2, 'cp /etc/ecs/ecs.config /root/; sed -i s/ECS_CLUSTER=.*/ECS_CLUSTER=other/ /etc/ecs/ecs.config; systemctl restart ecs')
    wait_for('it has given up', lambda: hosts.state(2, 'ecs') == 'failed/failed')
    assert hosts.show(2, 'ecs', 'Result', 'ExecMainStatus') == ['exit-code', '5']
    assert hosts.exec(2, 'systemctl', 'is-failed', 'ecs').out == 'failed\n'
    status = hosts.exec(2, 'systemctl', 'status', 'ecs')
    assert status.code == 3 and 'Active: failed (Result: exit-code)' in status.out
    assert not hosts.has_rule(2)
    hosts.sh(2, 'cp /root/ecs.config /etc/ecs/ecs.config; systemctl start ecs')


def test_docker_takes_ecs_along_when_it_stops_and_comes_with_it_when_it_starts(hosts):
    hosts.sh(2, 'systemctl stop docker')
    assert [hosts.state(2, unit) for unit in ('docker', 'ecs')] == ['inactive/dead'] * 2
    assert hosts.exec(2, 'pgrep', '-f', 'lab-host web').code != 0, 'without its engine no task lives'
    hosts.sh(2, 'systemctl start ecs')
    assert [hosts.state(2, unit) for unit in ('docker', 'ecs')] == ['active/running'] * 2


def test_docker_that_is_restarted_restarts_ecs_and_the_service_replaces_its_task(hosts):
    agent, task = hosts.lab.agent_pid(2), hosts.task(2)['task_arn']
    hosts.sh(2, 'systemctl restart docker')
    assert hosts.state(2, 'docker') == 'active/running'
    wait_for('ecs follows, though nobody waits for it', lambda: hosts.state(2, 'ecs') == 'active/running')
    wait_for('another task', lambda: (hosts.task(2) or {}).get('task_arn') not in (None, task))
    assert hosts.lab.agent_pid(2) != agent
    assert hosts.sh(1, f'curl -s -m 5 http://{hosts.address(2)}/health') == 'ok'


def test_docker_that_is_killed_comes_back_with_ecs_and_without_the_old_tasks(hosts):
    [main] = hosts.show(2, 'docker', 'MainPID')
    agent, task, pid = hosts.lab.agent_pid(2), hosts.task(2)['task_arn'], hosts.task_pid(2)
    hosts.sh(2, f'kill -9 {main}')
    wait_for('a new engine', lambda: hosts.state(2, 'docker') == 'active/running' and hosts.show(2, 'docker', 'MainPID') != [main])
    wait_for('another task', lambda: (hosts.task(2) or {}).get('task_arn') not in (None, task))
    assert hosts.exec(2, 'test', '-d', f'/proc/{pid}').code != 0
    assert hosts.lab.agent_pid(2) != agent, 'the restart of docker is one of what is part of it'
    assert len(hosts.containers(2)) == 1
    forwards = [line for line in hosts.nat(2) if line.startswith('-A DOCKER ')]
    assert len(forwards) == 1, 'nothing is left of the old one'


def test_a_timer_fires_no_earlier_than_asked_and_is_gone_after_it(hosts):
    script = 'cut -d " " -f 1 /proc/uptime >/root/fired.new; mv /root/fired.new /root/fired'
    hosts.sh(1, 'rm -f /root/fired')
    begun = float(hosts.sh(1, 'cut -d " " -f 1 /proc/uptime'))
    armed = hosts.exec(1, 'systemd-run', '--unit=once', '--on-active=3', '--timer-property=AccuracySec=100ms', 'sh', '-c', script)
    assert armed.code == 0 and armed.out == ''
    assert armed.err == 'Running timer as unit: once.timer\nWill run service as unit: once.service\n'
    assert re.search(r'^.* UTC \S+ left .* once\.timer +once\.service$', hosts.sh(1, 'systemctl list-timers'), re.M)
    assert hosts.state(1, 'once.timer') == 'active/waiting'
    taken = hosts.exec(1, 'systemd-run', '--unit=once', '--on-active=3', 'true')
    assert taken.code == 1 and taken.err == 'Failed to start transient timer unit: Unit once.timer was already loaded or has a fragment file.\n'
    wait_for('it fires', lambda: hosts.exec(1, 'test', '-e', '/root/fired').code == 0)
    assert float(hosts.sh(1, 'cat /root/fired')) - begun >= 2.99
    wait_for('both units are gone', lambda: [hosts.show(1, unit, 'LoadState') for unit in ('once.timer', 'once.service')] == [['not-found']] * 2)
    assert 'once' not in hosts.sh(1, 'systemctl list-timers --all')


def test_a_timer_is_as_late_as_its_accuracy_allows(hosts):
    hosts.sh(1, 'rm -f /root/late')
    begun = float(hosts.sh(1, 'cut -d " " -f 1 /proc/uptime'))
    hosts.sh(1, "systemd-run --unit=late --on-active=1 --timer-property=AccuracySec=4s sh -c 'cut -d \" \" -f 1 /proc/uptime >/root/n; mv /root/n /root/late'")
    assert hosts.show(1, 'late.timer', 'AccuracyUSec') == ['4s']
    hosts.sh(1, 'systemd-run --unit=careless --on-active=1 touch /root/careless')
    assert hosts.show(1, 'careless.timer', 'AccuracyUSec') == ['1min'], 'who does not say gets a minute'
    wait_for('it fires', lambda: hosts.exec(1, 'test', '-e', '/root/late').code == 0)
    assert float(hosts.sh(1, 'cat /root/late')) - begun >= 4.99
    assert hosts.exec(1, 'test', '-e', '/root/careless').code != 0
    hosts.sh(1, 'systemctl stop careless.timer')


def test_a_timer_that_is_stopped_never_fires(hosts):
    hosts.sh(1, 'systemd-run --unit=stopped --on-active=1 --timer-property=AccuracySec=100ms touch /root/stopped')
    hosts.sh(1, 'systemctl stop stopped.timer')
    assert hosts.exec(1, 'systemctl', 'is-active', 'stopped.timer').code == 3 and 'stopped' not in hosts.sh(1, 'systemctl list-timers --all')
    hosts.sh(1, 'systemd-run --unit=later --on-active=2 --timer-property=AccuracySec=100ms touch /root/later')
    wait_for('a later one fires', lambda: hosts.exec(1, 'test', '-e', '/root/later').code == 0)
    assert hosts.exec(1, 'test', '-e', '/root/stopped').code != 0
    again = hosts.exec(1, 'systemd-run', '--unit=stopped', '--on-active=100', 'true')
    assert again.code == 0, 'its name is free again'
    hosts.sh(1, 'systemctl stop stopped.timer; rm /root/later')


def test_the_journal_is_asked_by_unit(hosts):
    lines = hosts.sh(1, 'journalctl -u docker --no-pager').splitlines()
    name = hosts.sh(1, 'hostname')
    assert all(re.fullmatch(rf'\w{{3}} [ \d]\d \d\d:\d\d:\d\d {name} \S+\[\d+\]: .*', line) for line in lines), lines
    assert any('Started Docker Application Container Engine' in line for line in lines)
    assert hosts.sh(1, 'journalctl -u ecs -n 2 --no-pager -o cat').count('\n') == 1, 'two lines'
    assert '-- No entries --' in hosts.sh(1, 'journalctl -u nope --no-pager')


def test_a_task_is_a_process_in_namespaces_of_its_own_behind_a_port_of_its_host(hosts):
    pid = hosts.task_pid(1)
    for kind in ('net', 'mnt', 'pid', 'uts'):
        assert hosts.sh(1, f'readlink /proc/{pid}/ns/{kind}') != hosts.sh(1, f'readlink /proc/1/ns/{kind}')
    assert re.search(r'172\.17\.0\.\d+', hosts.sh(1, f'nsenter --net=/proc/{pid}/ns/net ip -4 address show dev eth0'))
    task = hosts.task(1)
    [binding] = task['network_bindings']
    assert binding['containerPort'] == 8080 and 32768 <= binding['hostPort'] <= 60999
    for host in (1, 2):
        assert hosts.sh(host, f'curl -s -m 5 http://{hosts.address(1)}/health') == 'ok', f'from host {host}'
    shown = json.loads(hosts.sh(2, f'curl -s -m 5 -H "Accept: application/json" http://{hosts.address(1)}/'))
    assert shown['task'] == task['task_arn'].rsplit('/', 1)[1], 'it is that task and no other'
    from_task = f'nsenter --net=/proc/{pid}/ns/net curl -s -m 5 http://{hosts.address(2)}/health'
    assert hosts.sh(1, from_task) == 'ok', 'a task reaches another host'


RUN_AND_WAIT = '''
import http.client, json, socket
def call(method, path, body=None):
    line = http.client.HTTPConnection("docker")
    line.sock = socket.socket(socket.AF_UNIX)
    line.sock.settimeout(30)
    line.sock.connect("/var/run/docker.sock")
    line.request(method, "/v1.41" + path, body and json.dumps(body), {"Content-Type": "application/json"} if body else {})
    answer = line.getresponse()
    assert answer.status in (200, 201, 204), (answer.status, answer.read())
    return answer
one = json.load(call("POST", "/containers/create", {"Image": "squall/web"}))["Id"]
waiting = call("POST", f"/containers/{one}/wait?condition=next-exit")
print("waits", flush=True)
call("POST", f"/containers/{one}/start")
call("POST", f"/containers/{one}/kill")
print(json.load(waiting)["StatusCode"])
call("DELETE", f"/containers/{one}")
'''


def test_a_container_of_ones_own_is_waited_for_before_it_is_started(hosts):
    # As `docker run` does, with -d too: it wants the head of the answer first.
    assert hosts.sh(1, f"python3 -c '{RUN_AND_WAIT}'").split() == ['waits', '137']


@pytest.mark.skipif(not shutil.which('docker'), reason='the client of Docker is not installed')
def test_dockers_own_client_runs_a_container_where_the_agent_is_stopped(hosts):
    hosts.sh(1, 'systemctl stop ecs')
    try:
        one = hosts.sh(1, 'timeout -s KILL 60 docker run -d -e A=b squall/web:latest')
        shown = hosts.sh(1, f"docker inspect -f '{{{{.State.Status}}}} {{{{.Config.Env}}}}' {one}")
        assert shown.startswith('running [') and shown.endswith(' A=b]')
        hosts.sh(1, f'docker rm -f {one}')
    finally:
        hosts.sh(1, 'systemctl start ecs')
        hosts.until_well()


def test_a_task_that_is_killed_is_replaced_by_its_service(hosts):
    task, pid = hosts.task(1)['task_arn'], hosts.task_pid(1)
    hosts.sh(1, f'kill -9 {pid}')
    wait_for('another task', lambda: (hosts.task(1) or {}).get('task_arn') not in (None, task))
    ecs = hosts.lab.client('ecs')
    [dead] = ecs.describe_tasks(cluster='demo', tasks=[task])['tasks']
    assert (dead['lastStatus'], dead['stopCode']) == ('STOPPED', 'EssentialContainerExited')
    assert dead['containers'][0]['exitCode'] == 137
    assert hosts.sh(2, f'curl -s -m 5 http://{hosts.address(1)}/health') == 'ok'


def test_the_machine_below_cannot_be_changed_from_a_host(hosts):
    for script in ('cat /proc/sys/vm/swappiness > /proc/sys/vm/swappiness', 'echo h > /proc/sysrq-trigger', 'mkdir /sys/fs/cgroup/squall-test',
                   'touch /usr/share/squall-test', 'mount -o remount,rw /sys/fs/cgroup && false'):
        assert hosts.exec(1, 'sh', '-c', script).code != 0, script
    assert hosts.exec(1, 'sh', '-c', 'echo 1 > /proc/sys/net/ipv4/ip_forward').code == 0, 'its network is its own'


def test_a_host_is_rebooted_by_every_name_and_never_switched_off(hosts):
    for words in (['shutdown', '-h', 'now'], ['shutdown', '-r', '+5'], ['poweroff'], ['halt'], ['systemctl', 'poweroff']):
        done = hosts.exec(2, *words)
        assert done.code == 1 and done.out == '' and done.err.startswith('Failed to'), (words, done)
    for words in (['reboot'], ['shutdown', '-r', 'now']):
        hosts.sh(2, 'touch /run/before')
        hosts.exec(2, *words)
        wait_for('it has started anew', lambda: hosts.exec(2, 'sh', '-c', 'systemctl is-active ecs && ! test -e /run/before').code == 0)
        hosts.until_well()
