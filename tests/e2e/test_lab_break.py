"""`squall lab break`: every cause that the lab can make true is true, says so in the host's own words, and leaves nothing behind."""
import base64
import concurrent.futures
import itertools
import json
import os
import re
import tempfile
import threading

import pytest

from conftest import Lab, wait_for

# What the host itself says of each cause, and where: in the log of the agent, of ecs-init, of systemd, or by a command.
AGENT, INIT = '/var/log/ecs/ecs-agent.log', '/var/log/ecs/ecs-init.log'
EVIDENCE = {
    'AGENT_STOPPED': (AGENT, 'Agent received termination signal'),
    'AGENT_HUNG': ('ps -o stat= -p $(cat /run/ecs-agent.pid)', '^T'),
    'DOCKER_DOWN': ('systemctl show -p ActiveState docker', 'ActiveState=inactive'),
    'DOCKER_UNRESPONSIVE': (AGENT, r'\[DockerRuntimeHealthcheck\] Docker Ping failed with error'),
    'DOCKER_API_INCOMPAT': (AGENT, r'client version 1\.41 is too old\. Minimum supported API version is 1\.44'),
    'DISK_FULL': (AGENT, 'Error creating data client.*no space left on device'),
    'FD_EXHAUSTION': (AGENT, '(?i)too many open files'),
    'CLUSTER_MISMATCH': (AGENT, "Data mismatch; saved cluster 'demo' does not match configured cluster 'batch'"),
    'CLUSTER_NOT_FOUND': (AGENT, r'Unable to register as a container instance with ECS.*ClusterNotFoundException: Cluster not found\.'),
    'INVALID_ATTRIBUTE': (AGENT, r'Instance registration attempt with invalid attribute\(s\).*Attribute validation failed'),
    'INVALID_TAG': (AGENT, 'InvalidParameterException: Tag key must not start with aws:'),
    'INVALID_PARAMETER': (AGENT, 'Instance (re-)?registration attempt with an invalid parameter'),
    'RESERVED_MEMORY': (AGENT, r'reserved memory is higher than available memory on the host, total memory: \d+, reserved: 16777216'),
    'DATA_DIR': (AGENT, 'Error creating data client.*stat /data/?: no such file or directory'),
    'REGION_MISMATCH': (AGENT, 'Credential should be scoped to a valid region'),
    'REGION_MISSING': (AGENT, 'Unable to communicate with EC2 Metadata service to infer region'),
    'INSTANCE_DEREGISTERED': (AGENT, 'InactiveInstanceException'),
    'INSTANCE_TYPE_CHANGED': (AGENT, 'The current instance type does not match the registered instance type'),
    'STALE_IDENTITY': (AGENT, "Data mismatch; saved InstanceID 'i-0[0-9a-f]+' does not match current InstanceID 'i-0[0-9a-f]+'"),
    'IAM_NO_CREDS': (AGENT, '404'),
    'IAM_DENIED': (AGENT, r'Failed to connect to ACS.*AccessDeniedException\W+Forbidden'),
    'IAM_DENIED:ecs:RegisterContainerInstance': (AGENT, r'AccessDeniedException: User: \S+ is not authorized to perform: ecs:RegisterContainerInstance'),
    'IAM_DENIED:ecs:DiscoverPollEndpoint': (AGENT, r'Unable to discover poll endpoint.*AccessDeniedException'),
    'IAM_DENIED:ecs:StartTelemetrySession': (AGENT, r'Error connecting to TCS.*AccessDeniedException\W+Forbidden'),
    'IAM_EXPIRED': (AGENT, 'ExpiredTokenException: The security token included in the request is expired'),
    'API_THROTTLED': (AGENT, 'Unable to register as a container instance with ECS.*ThrottlingException: Rate exceeded'),
    'IMDS_UNREACHABLE': (AGENT, 'Unable to retrieve EC2 instance metadata|EC2 Metadata'),
    'IMDS_UNREACHABLE:dropped': (AGENT, 'Unable to retrieve EC2 instance metadata|EC2 Metadata'),
    'NET_DNS': (AGENT, r'lookup ecs\.us-east-1\.amazonaws\.com on 10\.0\.0\.2:53: read udp \S+: i/o timeout'),
    'NET_DNS:no-such-host': (AGENT, r'lookup ecs\.us-east-1\.amazonaws\.com on 10\.0\.0\.2:53: no such host'),
    # The agent itself waits for a minute before it says so.
    'NET_API_TIMEOUT': ('curl -sS -m 2 https://ecs.us-east-1.amazonaws.com/ 2>&1', 'timed out'),
    'NET_API_TIMEOUT:all': ('curl -sS -m 2 https://ecs.us-east-1.amazonaws.com/ 2>&1', 'timed out'),
    'NET_API_TIMEOUT:security-group': ('curl -sS -m 2 https://ecs.us-east-1.amazonaws.com/ 2>&1', 'timed out'),
    'NET_API_TIMEOUT:network-acl': ('curl -sS -m 2 https://ecs.us-east-1.amazonaws.com/ 2>&1', 'timed out'),
    'NET_API_TIMEOUT:route': ('curl -sS -m 2 https://ecs.us-east-1.amazonaws.com/ 2>&1', 'timed out'),
    'NET_ACS_BLOCKED': (AGENT, r'Failed to connect to ACS.*dial tcp 10\.0\.0\.12:443: i/o timeout'),
    'NET_TCS_ONLY': (AGENT, r'Error connecting to TCS.*dial tcp 10\.0\.0\.13:443: i/o timeout'),
    'NET_REFUSED': (AGENT, r'dial tcp 10\.0\.0\.11:443: connect: connection refused'),
    'NET_REFUSED:no-route': (AGENT, r'dial tcp 10\.0\.0\.11:443: connect: no route to host'),
    'NET_PROXY': (AGENT, 'Proxy Authentication Required'),
    'NET_PROXY:refused': (AGENT, r'proxyconnect tcp: dial tcp 10\.0\.0\.20:8080: connect: connection refused'),
    'TLS_TRUST': (AGENT, 'x509: certificate signed by unknown authority'),
    'TLS_TRUST:inspected': (AGENT, 'x509: certificate signed by unknown authority'),
    'CLOCK_SKEW': (AGENT, r'InvalidSignatureException: Signature expired: \S+ is now earlier than \S+ \(\S+ - 5 min\.\)'),
    'STATE_CORRUPT': (AGENT, 'Error creating data client.*invalid database'),
    'STATE_LOCKED': ('tail -n 1 ' + AGENT, 'Loading configuration'),
    'ECS_INIT_IPTABLES': (INIT, 'could not create route to the credentials proxy'),
    'ECS_INIT_SYSCTL': (INIT, 'could not enable loopback routing'),
}

# An agent that is connected as another container instance is well, as far as its host and its logs go: there the doctor
# gives a hint. Its ghost is in ECS alone, and who asks there has it named.
A_HINT_ON_THE_HOST = {'STALE_IDENTITY': 'agent-identity'}

# What the doctor sees on the host by itself, with no log to read.
SEEN_WITHOUT_LOGS = {'AGENT_STOPPED', 'AGENT_HUNG', 'DOCKER_DOWN', 'DOCKER_UNRESPONSIVE', 'DISK_FULL', 'CLUSTER_MISMATCH',
                     'INVALID_ATTRIBUTE', 'INVALID_TAG', 'INVALID_PARAMETER', 'IAM_NO_CREDS', 'IAM_EXPIRED', 'IMDS_UNREACHABLE',
                     'IMDS_UNREACHABLE:dropped', 'NET_DNS', 'NET_DNS:no-such-host', 'NET_API_TIMEOUT', 'NET_API_TIMEOUT:all',
                     'NET_API_TIMEOUT:security-group', 'NET_API_TIMEOUT:network-acl', 'NET_API_TIMEOUT:route',
                     'NET_ACS_BLOCKED', 'NET_TCS_ONLY', 'NET_REFUSED', 'NET_REFUSED:no-route', 'NET_PROXY', 'NET_PROXY:refused',
                     'TLS_TRUST', 'TLS_TRUST:inspected', 'CLOCK_SKEW', 'REGION_MISSING',
                     'STATE_CORRUPT', 'STATE_LOCKED'}

# Of these somebody needs half a minute to notice. Where several workers share the tests, none of them should have them all.
SLOW = ['DOCKER_UNRESPONSIVE', 'NET_DNS', 'AGENT_HUNG', 'NET_ACS_BLOCKED', 'NET_TCS_ONLY', 'NET_API_TIMEOUT:all', 'FD_EXHAUSTION', 'NET_API_TIMEOUT']

# What the doctor sees from afar in the VPC, where the host sees silence: by which check, and which words.
SEEN_IN_VPC = {
    'NET_API_TIMEOUT:security-group': ('ec2:DescribeSecurityGroups', r'sg-[0-9a-f]{17} \(locked-down-\S+\) egress: no rule', 'aws ec2 authorize-security-group-egress --group-id sg-'),
    'NET_API_TIMEOUT:network-acl': ('ec2:DescribeNetworkAcls', r'acl-[0-9a-f]{17} egress: \* deny all', 'aws ec2 create-network-acl-entry --network-acl-id acl-'),
    'NET_API_TIMEOUT:route': ('ec2:DescribeRouteTables', r'rtb-[0-9a-f]{17}: 10\.0\.0\.0/16 -> local \(active\)$', '--destination-cidr-block 0.0.0.0/0 --nat-gateway-id nat-0000000000000000d'),
}

# Ten that can be true together, the root first. (Docker is stopped last: who restarts the agent starts it, too.)
TOGETHER = ['DISK_FULL', 'DOCKER_DOWN', 'DATA_DIR', 'STATE_LOCKED', 'CLUSTER_MISMATCH', 'IAM_NO_CREDS', 'NET_ACS_BLOCKED',
            'INVALID_ATTRIBUTE', 'INVALID_TAG', 'RESERVED_MEMORY']

# All that a break may change. Logs, containers and the files of tasks change by themselves.
SNAPSHOT = r'''
cd /
find etc root opt srv home tmp var run -xdev \( -path var/log -o -path var/lib/docker -o -path run/log -o -path var/lib/ecs/data/metadata \
    -o -path var/lib/amazon -o -path run/systemd/transient \) -prune -o -printf '%y %m %p %l\n' 2>/dev/null | grep -v '\.new-' | sort
find etc -xdev -type f -exec md5sum {} + | sort -k 2
grep -v -e /var/lib/docker -e /run/netns /proc/self/mounts
iptables -S | grep -v DOCKER
ip route | sed 's/ linkdown//'
iptables -t nat -S | grep 169.254
for unit in docker ecs amazon-ssm-agent; do systemctl show -p ActiveState,UnitFileState,DropInPaths,LimitNOFILE $unit; done
cat /proc/sys/net/ipv4/conf/all/route_localnet
'''


class Practice:
    """A lab, and what one does with it here."""

    def __init__(self, lab):
        self.lab = lab
        self.heard = threading.local()  # of the doctors: they are asked side by side
        self.sh = lab.sh
        self.ecs = lab.client('ecs')

    def order(self, *arguments, code=0):
        done = self.lab.squall('lab', *arguments)
        assert done.code == code, f'{arguments}: {done}'
        return done

    def make(self, cause, host=1):
        return self.order('break', cause, '--instance', str(host))

    def mend(self, *arguments):
        done = json.loads(self.order('mend', '--json', *arguments).out)
        return [cause for host in done['hosts'] for cause in host['mended']]

    def shown(self):
        return [one['cause'] for one in json.loads(self.order('break', '--show', '--json').out)['broken']]

    def instance(self, host=1):
        return self.lab.status()['instances'][host - 1]

    def is_connected(self, host=1):
        return self.instance(host)['agent_connected']

    def registrations(self, host=1):
        arns = self.ecs.list_container_instances(cluster='demo')['containerInstanceArns']
        found = self.ecs.describe_container_instances(cluster='demo', containerInstances=arns, include=['CONTAINER_INSTANCE_HEALTH'])
        return [one for one in found['containerInstances'] if one['ec2InstanceId'] == self.instance(host)['instance_id']]

    def ghosts(self):
        """Container instances that no host is any more."""
        hosts = {one['container_instance_arn'] for one in self.lab.status()['instances']}
        return [arn for arn in self.ecs.list_container_instances(cluster='demo')['containerInstanceArns'] if arn not in hosts]

    def snapshot(self, host=1):
        return self.sh(host, SNAPSHOT).splitlines()

    def evidence(self, cause, host=1):
        where, _ = EVIDENCE[cause]
        done = self.lab.exec(host, 'sh', '-c', f'cat {where}' if where.startswith('/var/log/') else where)
        return done.out

    def log_size(self, cause, host=1):
        where, _ = EVIDENCE[cause]
        return len(self.evidence(cause, host)) if where.startswith('/var/log/') else 0

    def says_so(self, cause, before, host=1):
        return re.search(EVIDENCE[cause][1], self.evidence(cause, host)[before:], re.M)

    def forget_logs(self, host=1):
        """Nothing in any log any more: the files stay, because who writes has them open."""
        self.sh(host, 'find /var/log/ecs /var/log/journal /run/log -type f -exec truncate -s 0 {} + 2>/dev/null || true')

    def diagnosis(self, done):
        """The exit code of a doctor, and what it told."""
        assert done.out.startswith('{'), done
        return done.code, json.loads(done.out)

    def live(self, host=1):
        return self.diagnosis(self.lab.exec(host, '/usr/local/libexec/squall', 'doctor', '--json'))

    def from_afar(self, host=1):
        return self.diagnosis(self.lab.squall('doctor', '--cluster', 'demo', '--instance', self.instance(host)['instance_id'], '--json'))

    def from_bundle(self, host=1):
        text = self.sh(host, 'f=/tmp/collect-$$.tgz; /usr/local/libexec/squall doctor collect -o $f >/dev/null; base64 -w 0 $f; rm -f $f')
        with tempfile.NamedTemporaryFile(suffix='.tgz') as bundle:
            bundle.write(base64.b64decode(text))
            bundle.flush()
            return self.diagnosis(self.lab.squall('doctor', '--bundle', bundle.name, '--json'))

    def is_named(self, cause, ask, host=1):
        """Whether the first that the doctor names is this; its whole answer stays in `told`."""
        code, told = self.ask(ask, host)
        found = [one['cause'] for one in told['findings']]
        if cause in A_HINT_ON_THE_HOST and ask != self.from_afar:
            return code == 0 and not found and A_HINT_ON_THE_HOST[cause] in [one['check'] for one in told['healthy']]
        return code == 1 and found[:1] == [cause.split(':')[0]]

    def ask(self, ask, host=1):
        code, self.heard.told = ask(host)
        return code, self.heard.told

    def sees_in_vpc(self, cause):
        asked, words, remedy = SEEN_IN_VPC[cause]
        _, told = self.ask(self.from_afar)
        root = told['findings'][0]
        assert any(seen['file'] == asked and re.search(words, seen['text'], re.M) for seen in root['evidence']), self.tells()
        assert any(remedy in one for one in root['remedy']), self.tells()
        assert "ECS's API, ACS and telemetry" in root['summary'], self.tells()

    def is_healthy(self, host=1):
        code, told = self.ask(self.live, host)
        return code == 0 and told['verdict'] == 'healthy'

    def tells(self):
        return json.dumps(self.heard.told, indent=1)[:4000]

    def account(self, host=1):
        return self.lab.exec(host, 'sh', '-c', f'systemctl status ecs docker; tail -n 15 {INIT} {AGENT}').out + json.dumps(self.instance(host))

    def sign(self, kind, host=1):
        if kind == 'disconnected':
            return not self.is_connected(host)
        if kind == 'impaired':
            return any(one['healthStatus']['overallStatus'] == 'IMPAIRED' for one in self.registrations(host))
        if kind == 'ghost':
            found = self.registrations(host)
            return len(found) == 2 and sorted(one['agentConnected'] for one in found) == [False, True]
        return self.is_connected(host)


@pytest.fixture(scope='module')
def practice():
    lab = Lab(2)
    yield Practice(lab)
    lab.down()


@pytest.fixture(autouse=True)
def all_is_well(practice):
    wait_for('all agents are connected', lambda: all(practice.lab.connected().values()), 60)
    # One test after the other starts the same units more often than their start limit allows.
    for host in (1, 2):
        practice.sh(host, 'systemctl reset-failed ecs docker')
    yield
    practice.mend()
    assert practice.ghosts() == [], 'who mends has the cluster as it was'


def test_the_list_is_what_is_tried_here(practice):
    listed = json.loads(practice.order('break', '--list', '--json').out)['causes']
    assert [one['cause'] for one in listed] and {one['cause'] for one in listed} == set(EVIDENCE)
    assert all(one['summary'] and one['sign'] in ('disconnected', 'impaired', 'ghost', 'connected') for one in listed)
    text = practice.order('break', '--list').out
    assert all(one['cause'] in text and one['summary'] in text for one in listed)


def side_by_side(*calls):
    with concurrent.futures.ThreadPoolExecutor(len(calls)) as threads:
        for done in [threads.submit(call) for call in calls]:
            done.result()


def spread(causes):
    """The same, with the slow ones at equal distances."""
    quick = [one for one in causes if one not in SLOW]
    distance = len(quick) // len(SLOW) + 1
    for place, slow in enumerate(SLOW):
        quick.insert(place * (distance + 1), slow)
    return quick


@pytest.mark.parametrize('cause', spread(EVIDENCE))
def test_a_cause_is_true_and_is_mended_without_a_trace(practice, cause):
    sign = {one['cause']: one['sign'] for one in json.loads(practice.order('break', '--list', '--json').out)['causes']}[cause]
    before, size = practice.snapshot(), practice.log_size(cause)
    practice.make(cause.lower())
    assert practice.shown() == [cause]
    # ECS takes half a minute to miss an agent, an agent as long to give a dial up, and a doctor his time: side by side.
    side_by_side(
        lambda: wait_for(f'{cause} shows as {sign}', lambda: practice.sign(sign), 90, instead=practice.account),
        lambda: wait_for(f'the host says {EVIDENCE[cause][1]}', lambda: practice.says_so(cause, size), 90, instead=practice.account),
        *(lambda ask=ask: wait_for(f'{ask.__name__}: the doctor names {cause}', lambda: practice.is_named(cause, ask), 90, 1, practice.tells)
          for ask in (practice.live, practice.from_afar, practice.from_bundle)))
    assert practice.sign(sign), 'and it stays so'
    if cause in SEEN_IN_VPC:
        assert practice.is_named(cause, practice.from_afar), practice.tells()
        practice.sees_in_vpc(cause)
    if cause in SEEN_WITHOUT_LOGS:
        practice.forget_logs()
        assert practice.is_named(cause, practice.live), practice.tells()
    assert not names_of_it(practice, cause)
    assert practice.is_connected(2), 'the neighbour is not concerned'
    assert practice.mend() == [cause]
    assert practice.is_connected() and practice.shown() == []
    wait_for('the doctor finds nothing any more', practice.is_healthy, 30, 1, practice.tells)
    assert practice.snapshot() == before
    assert len(practice.registrations()) == 1


def test_two_causes_are_true_on_one_host_and_both_are_mended(practice):
    before = practice.snapshot()
    practice.make('CLUSTER_MISMATCH')
    practice.make('IAM_NO_CREDS')
    practice.make('RESERVED_MEMORY', host=2)
    wait_for('both agents are gone', lambda: not any(practice.lab.connected().values()), 60)
    again = practice.order('break', 'cluster_mismatch', '--instance', '1', code=3)
    assert 'CLUSTER_MISMATCH is true on' in again.err and 'lab mend' in again.err
    assert practice.mend('--instance', '1') == ['IAM_NO_CREDS', 'CLUSTER_MISMATCH'] and practice.is_connected()
    assert practice.shown() == ['RESERVED_MEMORY'] and not practice.is_connected(2)
    assert practice.mend() == ['RESERVED_MEMORY'] and practice.is_connected(2)
    assert practice.mend() == [] and 'nothing was broken' in practice.order('mend').out
    assert practice.snapshot() == before


# What makes the host another container instance is mended last: the rest still puts back what it was.
REGISTERS_ANEW = ['INSTANCE_DEREGISTERED', 'STALE_IDENTITY']


@pytest.mark.parametrize('anew', REGISTERS_ANEW)
@pytest.mark.parametrize('state', ['STATE_CORRUPT', 'CLUSTER_NOT_FOUND', 'DISK_FULL', 'STATE_LOCKED'])
def test_a_host_that_is_registered_anew_beside_another_cause_comes_back_as_one_instance(practice, state, anew):
    practice.make(state)
    practice.make(anew)
    assert practice.mend() == [state, anew] and practice.is_connected()
    assert practice.ghosts() == []


def test_a_ghost_that_was_there_before_is_left_alone(practice):
    [old] = practice.registrations()
    # As on an instance from which somebody took the agent's state.
    practice.sh(1, 'systemctl stop ecs && rm /var/lib/ecs/data/agent.db && systemctl start ecs')
    wait_for('the agent is another container instance', lambda: practice.sign('ghost'), 60)
    practice.make('STALE_IDENTITY')
    practice.mend()
    assert practice.ghosts() == [old['containerInstanceArn']]
    practice.ecs.deregister_container_instance(cluster='demo', containerInstance=old['containerInstanceArn'], force=True)


def unit_states(practice):
    return [practice.lab.exec(1, 'systemctl', 'is-active', unit).out.strip() for unit in ('docker', 'ecs')]


def process_state(practice, pid_file):
    return practice.sh(1, f'ps -o stat= -p $(cat {pid_file})')[0]


# What others restart, what shows that it is as before, and others that restart it.
KEPT = {
    'AGENT_STOPPED': (lambda practice: unit_states(practice) == ['active', 'inactive'],
                      ['NET_ACS_BLOCKED', 'DISK_FULL', 'CLUSTER_NOT_FOUND', 'DOCKER_API_INCOMPAT']),
    'AGENT_HUNG': (lambda practice: process_state(practice, '/run/ecs-agent.pid') == 'T',
                   ['NET_ACS_BLOCKED', 'STATE_CORRUPT', 'NET_REFUSED', 'DOCKER_API_INCOMPAT']),
    'DOCKER_DOWN': (lambda practice: unit_states(practice) == ['inactive', 'inactive'],
                    ['NET_ACS_BLOCKED', 'STATE_LOCKED', 'CLUSTER_MISMATCH', 'DOCKER_API_INCOMPAT', 'STALE_IDENTITY']),
    'DOCKER_UNRESPONSIVE': (lambda practice: process_state(practice, '/run/docker.pid') == 'T',
                            ['IAM_NO_CREDS', 'DOCKER_API_INCOMPAT']),
}


@pytest.mark.parametrize('keeper', KEPT)
def test_what_one_cause_keeps_stopped_or_suspended_others_do_not_restart(practice, keeper):
    is_kept, others = KEPT[keeper]
    before = practice.snapshot()
    practice.make(keeper)
    assert is_kept(practice), practice.account()
    for other in others:
        practice.make(other)
        assert is_kept(practice), f'{other}: {practice.account()}'
    assert practice.shown() == [keeper, *others]
    anew = [one for one in others if one in REGISTERS_ANEW]
    assert practice.mend() == [keeper, *[one for one in reversed(others) if one not in anew], *anew] and practice.is_connected()
    wait_for('the doctor finds nothing any more', practice.is_healthy, 30, 1, practice.tells)
    assert practice.snapshot() == before


def test_a_cause_that_would_end_another_is_refused(practice):
    practice.make('AGENT_HUNG')
    for other in ('AGENT_STOPPED', 'DOCKER_DOWN', 'INSTANCE_TYPE_CHANGED'):
        refused = practice.order('break', other, '--instance', '1', code=3)
        assert f'{other} cannot be made true on' in refused.err and 'beside AGENT_HUNG' in refused.err
    assert practice.shown() == ['AGENT_HUNG'] and process_state(practice, '/run/ecs-agent.pid') == 'T'


def make_in_order(practice, causes):
    for cause in sorted(causes, key=lambda one: one == 'DOCKER_DOWN'):
        practice.make(cause)


def names_in_order(practice, causes):
    _, told = practice.ask(practice.live)
    found = [one['cause'] for one in told['findings']]
    return [one for one in found if one in causes] == causes and found[0] == causes[0]


def test_nothing_is_found_where_nothing_is_broken(practice):
    for ask in (practice.live, practice.from_afar, practice.from_bundle):
        for host in (1, 2):
            code, told = practice.ask(ask, host)
            assert code == 0 and told['verdict'] == 'healthy', practice.tells()


def test_ten_causes_at_once_are_all_named_and_each_root_before_what_it_brings_about(practice):
    make_in_order(practice, TOGETHER)
    wait_for('all ten are named in order', lambda: names_in_order(practice, TOGETHER), 60, 1, practice.tells)
    assert set(practice.mend()) == set(TOGETHER)
    wait_for('the doctor finds nothing any more', practice.is_healthy, 30, 1, practice.tells)


def test_a_wrong_clock_is_seen_beside_what_keeps_every_call_from_being_signed(practice):
    practice.make('CLOCK_SKEW')
    practice.make('IAM_NO_CREDS')
    for ask in (practice.live, practice.from_afar):
        _, told = practice.ask(ask)
        found = [one['cause'] for one in told['findings']]
        assert found[0] == 'CLOCK_SKEW' and 'IAM_NO_CREDS' in found, practice.tells()


def test_a_broken_state_is_seen_beside_an_agent_that_is_stopped_and_of_which_no_log_tells(practice):
    practice.make('AGENT_STOPPED')
    practice.make('STATE_CORRUPT')
    practice.forget_logs()
    for ask in (practice.live, practice.from_afar):
        code, told = practice.ask(ask)
        assert code == 1 and [one['cause'] for one in told['findings']] == ['AGENT_STOPPED', 'STATE_CORRUPT'], practice.tells()
        assert told['findings'][1]['summary'] == "the agent's state cannot be read: invalid database", practice.tells()
        assert told['findings'][1]['evidence'][0]['file'] == '/var/lib/ecs/data/agent.db' and 'mv /var/lib/ecs/data/agent.db' in told['findings'][1]['remedy'][0]
    assert sorted(practice.mend()) == ['AGENT_STOPPED', 'STATE_CORRUPT']
    code, told = practice.ask(practice.from_afar)
    assert code == 0 and 'agent-state' in [one['check'] for one in told['healthy']], practice.tells()


def test_who_sees_silence_on_the_host_is_sent_to_where_the_vpc_can_be_seen(practice):
    practice.make('NET_ACS_BLOCKED')
    order = f"squall doctor --cluster demo --instance {practice.instance()['instance_id']}"
    for ask, is_sent in ((practice.live, True), (practice.from_afar, False)):
        _, told = practice.ask(ask)
        assert told['findings'][0]['cause'] == 'NET_ACS_BLOCKED', practice.tells()
        assert any(order in step for step in told['findings'][0]['remedy']) == is_sent, practice.tells()


def test_who_asks_for_a_ghost_is_told_that_it_is_one(practice):
    [old] = practice.registrations()
    practice.make('STALE_IDENTITY')
    wait_for('the agent is another container instance', lambda: practice.sign('ghost'), 60)
    practice.forget_logs()
    arn = old['containerInstanceArn']
    asked = practice.lab.squall('doctor', '--cluster', 'demo', '--instance', arn, '--json')
    code, told = practice.diagnosis(asked)
    assert code == 1 and [one['cause'] for one in told['findings']] == ['STALE_IDENTITY'], told
    assert told['findings'][0]['certainty'] == 'likely' and any(arn in one for one in told['findings'][0]['remedy'])
    code, told = practice.ask(practice.from_afar)
    assert code == 0 and told['verdict'] == 'healthy', 'an old record alone is no illness of the instance'


# It takes minutes: SQUALL_ALL_PAIRS=1 has each pair by itself.
PAIRS = list(itertools.combinations(TOGETHER, 2)) if 'SQUALL_ALL_PAIRS' in os.environ else []


@pytest.mark.parametrize('pair', PAIRS, ids=['+'.join(pair) for pair in PAIRS])
def test_two_causes_at_once_are_both_named_the_root_first(practice, pair):
    make_in_order(practice, pair)
    wait_for('both are named in order', lambda: names_in_order(practice, list(pair)), 60, 1, practice.tells)


@pytest.mark.parametrize('seed', ['1', '4711', '90125'])
def test_the_doctor_finds_what_chance_has_picked(practice, seed):
    practice.order('break', '--random', '--seed', seed, '--instance', '1')
    wait_for('its agent is gone', lambda: not practice.is_connected(), 90)
    [picked] = practice.shown()
    wait_for(f'the doctor names {picked}', lambda: practice.is_named(picked, practice.live), 60, 1, practice.tells)


@pytest.mark.parametrize('cause', ['DISK_FULL', 'FD_EXHAUSTION', 'CLUSTER_NOT_FOUND', 'AGENT_HUNG', 'IMDS_UNREACHABLE:dropped', 'ECS_INIT_SYSCTL'])
def test_a_host_that_was_rebooted_since_is_mended_as_well(practice, cause):
    before = practice.snapshot()
    practice.make(cause)
    practice.sh(1, 'touch /run/since-the-boot')
    practice.lab.client('ec2').reboot_instances(InstanceIds=[practice.instance()['instance_id']])
    wait_for('a boot has emptied /run', lambda: practice.lab.exec(1, 'sh', '-c', 'test ! -e /run/since-the-boot && systemctl is-active docker').code == 0, 90)
    assert practice.mend() == [cause]
    assert practice.is_connected() and practice.snapshot() == before


def test_chance_picks_without_a_word_and_the_same_for_the_same_seed(practice):
    done = practice.order('break', '--random', '--seed', '4711', '--instance', '1')
    [picked] = practice.shown()
    assert 'seed 4711' in done.out and picked not in done.out + done.err
    wait_for('its agent is gone', lambda: not practice.is_connected(), 90)
    assert f'{picked} since' in practice.order('break', '--show').out
    practice.mend()
    made = json.loads(practice.order('break', '--random', '--seed', '4711', '--instance', '1', '--json').out)
    assert set(made) == {'instance', 'seed'} and practice.shown() == [picked]
    practice.mend()
    made = json.loads(practice.order('break', '--random', '--instance', '1', '--json').out)
    assert made['seed'] >= 0, 'without a seed it tells the one that it took'


def test_what_cannot_be_broken_is_refused(practice):
    assert 'did you mean DOCKER_DOWN' in practice.order('break', 'DOKER_DOWN', '--instance', '1', code=3).err
    assert 'no container instance' in practice.order('break', 'DOCKER_DOWN', '--instance', '9', code=3).err
    assert '--instance' in practice.order('break', 'DOCKER_DOWN', code=64).err
    assert '--list' in practice.order('break', '--instance', '1', code=64).err
    assert practice.order('break', 'DOCKER_DOWN', '--random', '--instance', '1', code=64).err
    practice.sh(1, 'systemctl stop ecs')
    wait_for('somebody has stopped the agent', lambda: not practice.is_connected())
    assert 'disconnected as it is' in practice.order('break', 'DOCKER_DOWN', '--instance', '1', code=3).err
    practice.sh(1, 'systemctl start ecs')
    assert practice.shown() == []


def test_suspending_a_process_writes_no_line_anywhere(practice):
    logs = 'find /var/log /run/log -type f -exec md5sum {} + | sort'
    wait_for('the host is quiet', lambda: practice.sh(1, logs) == practice.sh(1, 'sleep 1; ' + logs))
    before = practice.sh(1, logs)
    practice.make('AGENT_HUNG')
    assert practice.sh(1, logs) == before


def test_somebody_may_mend_it_himself(practice):
    instance = practice.instance()['instance_id']
    practice.make('IMDS_UNREACHABLE')
    wait_for('its agent is gone', lambda: not practice.is_connected(), 60)
    practice.lab.client('ec2').modify_instance_metadata_options(InstanceId=instance, HttpEndpoint='enabled')
    wait_for('its agent is back', practice.is_connected, 60)
    assert practice.mend() == ['IMDS_UNREACHABLE'] and practice.is_connected()


def names_of_it(practice, cause):
    """Where on the host the break has a name: in names of files and what they hold, in processes and their environments."""
    words = f'{re.escape(cause)}|{re.escape(cause.split(":")[0])}|squall.?break|lab.?break|breakage'
    found = practice.lab.exec(1, 'sh', '-c', r"""find / -xdev -not -path '/proc/*' -not -path '/sys/*' -not -path '/usr/*' -print
        find /etc /run /var /tmp /root -xdev -type f -size -4096k -exec cat {} + | tr '\0' '\n'
        for process in /proc/[0-9]*; do tr '\0' '\n' <$process/cmdline; tr '\0' '\n' <$process/environ; done""")
    # One cause has its name from the setting that it is about.
    return [line for line in found.out.replace('ECS_RESERVED_MEMORY', '').splitlines() if re.search(words, line, re.I)]
