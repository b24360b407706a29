"""What the helper sees on a host of the lab by itself: nothing where all is well, and the right cause where something is broken."""
import base64
import json
import os
import time
from pathlib import Path

import pytest
from conftest import SQUALL, Lab, wait_for

HELPER = Path(os.environ.get('SQUALL_HOST_BINARY', Path(SQUALL).parent / 'squall-host'))
DOCTOR = '/root/squall-host'
CHECKUP_MAX = 15


class Checkup:
    def __init__(self, done, took):
        assert done.code in (0, 1), done
        self.code, self.took = done.code, took
        # As archives keep them.
        self.looks = {look['check']: look | {'state': look['state'].replace('-', '_')} for look in json.loads(done.out)['looks']}

    def state(self, check):
        return self.looks[check]['state']

    def causes(self):
        return {sign['cause'] for look in self.looks.values() for sign in look.get('signs', [])}

    def sign(self, check, cause):
        (found,) = [sign for sign in self.looks[check].get('signs', []) if sign['cause'] == cause]
        return found

    def __repr__(self):
        return '\n'.join(f"{name} {look['state']} {look['took_ms']} ms: {look['summary']} {look.get('signs', '')}" for name, look in self.looks.items())


def check_up(lab):
    begun = time.monotonic()
    done = lab.squall('lab', 'exec', '1', '--', DOCTOR, 'doctor', '--looks', timeout=60)
    return Checkup(done, time.monotonic() - begun)


def install(lab):
    done = lab.squall('lab', 'exec', '1', '--', 'sh', '-c', f'cat > {DOCTOR}.b64 && base64 -d {DOCTOR}.b64 > {DOCTOR} && rm {DOCTOR}.b64 && chmod +x {DOCTOR}', input=encoded())
    assert done.code == 0, done


def encoded():
    return base64.b64encode(HELPER.read_bytes()).decode()


def is_well(lab):
    wait_for('the agent is connected', lambda: all(lab.connected().values()), timeout=60, instead=lambda: lab.exec(1, 'systemctl', 'status', 'ecs'))


@pytest.fixture(scope='module', name='lab')
def lab_of_one_host():
    lab = Lab(1)
    install(lab)
    yield lab
    lab.down()


@pytest.fixture(autouse=True)
def well_before_and_after(lab):
    is_well(lab)
    yield
    lab.sh(1, 'kill -CONT $(cat /run/docker.pid) $(cat /run/ecs-agent.pid) 2>/dev/null; iptables -F OUTPUT; systemctl reset-failed; systemctl start docker ecs')
    is_well(lab)


def test_a_host_that_is_well_has_no_findings(lab):
    found = check_up(lab)
    assert found.code == 0 and not found.causes(), found
    here = {name for name, look in found.looks.items() if look['state'] == 'healthy'}
    assert {'ecs-service', 'docker-service', 'docker', 'agent-process', 'introspection', 'config', 'agent-state', 'imds', 'role', 'permissions', 'permission-poll',
            'permission-telemetry', 'endpoint-api', 'endpoint-acs', 'endpoint-tcs', 'routes', 'memory', 'disk', 'descriptors', 'run-marks'} <= here, found
    assert found.state('agent-container') == 'not_here'
    assert 'demo' in found.looks['introspection']['summary']


def test_looking_does_not_disturb_the_agent(lab):
    pid = lab.agent_pid(1)
    connections = 'grep -c "Connected to ACS endpoint" /var/log/ecs/ecs-agent.log'
    before = lab.sh(1, connections)
    instances = lab.aws('ecs', 'list-container-instances', '--cluster', 'demo')['containerInstanceArns']
    for _ in range(3):
        check_up(lab)
    assert lab.sh(1, connections) == before and lab.agent_pid(1) == pid
    assert lab.aws('ecs', 'list-container-instances', '--cluster', 'demo')['containerInstanceArns'] == instances


def test_an_agent_that_was_stopped(lab):
    lab.sh(1, 'systemctl stop ecs')
    found = check_up(lab)
    assert found.code == 1 and found.causes() == {'AGENT_STOPPED'}, found
    sign = found.sign('ecs-service', 'AGENT_STOPPED')
    assert sign['certainty'] == 'certain' and sign['remedy'] == ['sudo systemctl start ecs']
    assert sign['evidence'][0]['file'] == 'systemctl show ecs.service' and 'inactive (dead)' in sign['evidence'][0]['text']


def test_an_agent_that_a_run_has_stopped_names_the_run(lab):
    run = lab.run(30)
    run.until('injected')
    found = check_up(lab)
    run_id = lab.sh(1, 'cat /var/run/squall/ecs-agent-stop/run')
    assert run_id in found.looks['ecs-service']['summary'] and found.sign('ecs-service', 'AGENT_STOPPED')['remedy'] == [f'squall abort {run_id}'], found
    assert run_id in found.looks['run-marks']['summary']
    assert lab.squall('abort', run_id).code == 0
    run.finish()
    assert check_up(lab).state('run-marks') == 'healthy'


def test_docker_that_was_stopped(lab):
    lab.sh(1, 'systemctl stop docker')
    found = check_up(lab)
    assert found.causes() == {'DOCKER_DOWN', 'AGENT_STOPPED'}, found
    assert found.sign('docker-service', 'DOCKER_DOWN')['certainty'] == 'certain'
    assert 'docker.sock' in found.sign('docker', 'DOCKER_DOWN')['evidence'][0]['file']


def test_docker_that_hangs_is_told_in_time(lab):
    lab.sh(1, 'kill -STOP $(cat /run/docker.pid)')
    found = check_up(lab)
    assert found.causes() == {'DOCKER_UNRESPONSIVE'}, found
    assert found.took < CHECKUP_MAX + 5, 'a checkup ends whatever hangs'
    assert [seen['text'] for seen in found.sign('docker', 'DOCKER_UNRESPONSIVE')['evidence']] == ['no answer within 2s', 'no answer within 10s']


def test_an_agent_that_hangs(lab):
    lab.sh(1, 'kill -STOP $(cat /run/ecs-agent.pid)')
    found = check_up(lab)
    assert found.causes() == {'AGENT_HUNG'}, found
    assert found.sign('agent-process', 'AGENT_HUNG')['evidence'][0]['text'] == 'state T'


def test_another_cluster_in_its_configuration(lab):
    lab.sh(1, 'sed -i s/ECS_CLUSTER=demo/ECS_CLUSTER=other/ /etc/ecs/ecs.config && systemctl restart ecs')
    try:
        wait_for('the agent has given up', lambda: lab.sh(1, 'systemctl show ecs -p ActiveState --value') == 'failed')
        found = check_up(lab)
        assert {'CLUSTER_MISMATCH', 'AGENT_TERMINAL', 'CLUSTER_NOT_FOUND'} >= found.causes() >= {'CLUSTER_MISMATCH', 'AGENT_TERMINAL'}, found
        assert "'demo'" in found.sign('agent-state', 'CLUSTER_MISMATCH')['summary'] and "'other'" in found.sign('agent-state', 'CLUSTER_MISMATCH')['summary']
    finally:
        lab.sh(1, 'sed -i s/ECS_CLUSTER=other/ECS_CLUSTER=demo/ /etc/ecs/ecs.config')


def test_a_state_that_is_no_state(lab):
    state = lab.sh(1, 'ls /var/lib/ecs/data/agent.*')
    lab.sh(1, f'systemctl stop ecs; cp {state} /root/state; echo nonsense > {state}')
    try:
        assert 'STATE_CORRUPT' in check_up(lab).causes()
    finally:
        lab.sh(1, f'mv /root/state {state}')


def test_a_file_that_cannot_be_read_to_its_end(lab):
    """As on a file system whose server is gone: what is not in that file is looked at all the same, and the command ends."""
    lab.sh(1, 'mv /etc/ecs/ecs.config /root/ecs.config && mkfifo /etc/ecs/ecs.config')
    try:
        found = check_up(lab)
        assert found.looks['config']['summary'] == 'not read in time' and found.state('config') == 'could_not_look', found
        assert found.state('ecs-service') == found.state('docker') == found.state('imds') == 'healthy', found
        assert not found.causes() and found.took < CHECKUP_MAX + 5, found
    finally:
        lab.sh(1, 'mv /root/ecs.config /etc/ecs/ecs.config')


def drop(lab, *rule):
    lab.sh(1, f'iptables -I OUTPUT {" ".join(rule)}')


def follow_first_step(lab, sign, begins='sudo iptables -D OUTPUT '):
    step = sign['remedy'][0]
    assert step.startswith(begins), sign
    lab.sh(1, step)


def test_packets_that_are_dropped(lab):
    drop(lab, '-p tcp --dport 443', '-j DROP')
    found = check_up(lab)
    assert found.causes() == {'NET_API_TIMEOUT'}, found
    assert found.sign('endpoint-api', 'NET_API_TIMEOUT')['evidence'][0]['text'].startswith('no answer within')
    assert found.took < CHECKUP_MAX + 5
    assert not any('--cluster' in step for step in found.sign('endpoint-api', 'NET_API_TIMEOUT')['remedy']), 'what it is, is known here'
    follow_first_step(lab, found.sign('endpoint-api', 'NET_API_TIMEOUT'))
    assert check_up(lab).state('endpoint-api') == 'healthy'


@pytest.mark.parametrize('rules, opening', [('iptables -I INPUT -p tcp --sport 443 -j DROP', 'sudo iptables -D INPUT -p tcp '),
                                            ('iptables -P INPUT DROP; iptables -A INPUT -p udp -j ACCEPT; iptables -A INPUT -p tcp --sport 80 -j ACCEPT; iptables -A INPUT -i lo -j ACCEPT',
                                             'sudo iptables -I INPUT -m conntrack ')], ids=['rule', 'policy'])
def test_answers_that_are_dropped(lab, rules, opening):
    lab.sh(1, rules)
    try:
        found = check_up(lab)
        assert found.causes() == {'NET_API_TIMEOUT'}, found
        follow_first_step(lab, found.sign('endpoint-api', 'NET_API_TIMEOUT'), opening)
        assert check_up(lab).state('endpoint-api') == 'healthy'
    finally:
        lab.sh(1, 'iptables -P INPUT ACCEPT; iptables -F INPUT')


@pytest.mark.parametrize('name, check, cause', [('ecs-a-1', 'endpoint-acs', 'NET_ACS_BLOCKED'), ('ecs-t-1', 'endpoint-tcs', 'NET_TCS_ONLY')])
def test_packets_to_one_endpoint_that_are_dropped(lab, name, check, cause):
    address = lab.sh(1, f"getent ahostsv4 {name}.us-east-1.amazonaws.com | head -n 1 | cut -d' ' -f1")
    drop(lab, f'-d {address} -p tcp --dport 443', '-j DROP')
    found = check_up(lab)
    assert found.causes() == {cause} and found.sign(check, cause)['certainty'] == 'certain', found


def test_packets_that_are_refused(lab):
    drop(lab, '-p tcp --dport 443', '-j REJECT --reject-with tcp-reset')
    found = check_up(lab)
    assert found.causes() == {'NET_REFUSED'}, found
    follow_first_step(lab, found.sign('endpoint-api', 'NET_REFUSED'))
    assert check_up(lab).state('endpoint-api') == 'healthy'


def test_no_way_out(lab):
    route = lab.sh(1, 'ip route show default')
    lab.sh(1, 'ip route del default; iptables -I OUTPUT -p tcp --dport 443 -j REJECT --reject-with icmp-net-unreachable')
    try:
        found = check_up(lab)
        assert found.sign('routes', 'NET_REFUSED')['summary'].endswith('network is unreachable'), found
    finally:
        lab.sh(1, f'ip route add {route}')


def test_instance_metadata_behind_a_firewall(lab):
    drop(lab, '-d 169.254.169.254', '-j DROP')
    found = check_up(lab)
    assert found.causes() == {'IMDS_UNREACHABLE'}, found
    rule = found.sign('imds', 'IMDS_UNREACHABLE')['evidence'][-1]
    assert rule['file'] == 'iptables -S' and rule['text'] == '-A OUTPUT -d 169.254.169.254/32 -j DROP'
    assert found.state('role') == 'could_not_look' and found.state('permissions') == 'could_not_look'
    follow_first_step(lab, found.sign('imds', 'IMDS_UNREACHABLE'))
    assert check_up(lab).state('imds') == 'healthy'


def deny(lab, action):
    document = {'Version': '2012-10-17', 'Statement': [{'Effect': 'Deny', 'Action': action, 'Resource': '*'}]}
    lab.aws('iam', 'put-role-policy', '--role-name', 'ecsInstanceRole', '--policy-name', 'doctor', '--policy-document', json.dumps(document))


@pytest.mark.parametrize('action, check', [('ecs:DiscoverPollEndpoint', 'permissions'), ('ecs:Poll', 'permission-poll'), ('ecs:StartTelemetrySession', 'permission-telemetry')])
def test_a_permission_that_is_not_there(lab, action, check):
    deny(lab, action)
    try:
        found = check_up(lab)
        assert found.causes() == {'IAM_DENIED'}, found
        assert found.sign(check, 'IAM_DENIED')['summary'].startswith(f"{action} is denied to the instance's role ecsInstanceRole")
    finally:
        lab.aws('iam', 'delete-role-policy', '--role-name', 'ecsInstanceRole', '--policy-name', 'doctor')


def test_a_disk_that_is_full(lab):
    fill = 'mount -t tmpfs -o size=16m tmpfs {0} && dd if=/dev/zero of={0}/full bs=1M count=15 2>/dev/null'
    # Nothing of the agent's or Docker's is there.
    lab.sh(1, fill.format('/tmp'))
    try:
        assert check_up(lab).state('disk') == 'healthy'
        lab.sh(1, fill.format('/var/log/ecs'))
        found = check_up(lab)
        assert found.causes() == {'DISK_FULL'} and found.sign('disk', 'DISK_FULL')['summary'].startswith('no space left: /var/log/ecs'), found
    finally:
        lab.sh(1, 'umount /tmp; umount /var/log/ecs')


def test_more_reserved_memory_than_there_is(lab):
    lab.sh(1, 'echo ECS_RESERVED_MEMORY=99999999 >> /etc/ecs/ecs.config')
    try:
        assert check_up(lab).causes() == {'RESERVED_MEMORY'}
    finally:
        lab.sh(1, 'sed -i /ECS_RESERVED_MEMORY/d /etc/ecs/ecs.config')


@pytest.mark.parametrize('change, words', [('echo nameserver 10.0.0.1 >/etc/resolv.conf', 'no name server listens'),
                                           ('iptables -I INPUT -s 10.0.0.2 -j DROP', 'the name server does not answer')], ids=['refused', 'silent'])
def test_a_name_server_that_is_not_there_is_known_from_one_that_is_silent(lab, change, words):
    lab.sh(1, change)
    try:
        found = check_up(lab)
    finally:
        lab.sh(1, 'echo nameserver 10.0.0.2 >/etc/resolv.conf; iptables -F INPUT')
    assert words in found.looks['endpoint-api']['summary'] and 'NET_DNS' in found.causes(), found
