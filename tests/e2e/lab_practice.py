"""A lab on which causes are made true and mended, and the doctors that are asked about them."""
import base64
import json
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

# What the doctor sees from afar in the VPC, where the host sees silence: by which check, and which words.
SEEN_IN_VPC = {
    'NET_API_TIMEOUT:security-group': ('ec2:DescribeSecurityGroups', r'sg-[0-9a-f]{17} \(locked-down-\S+\) egress: no rule', 'aws ec2 authorize-security-group-egress --group-id sg-'),
    'NET_API_TIMEOUT:network-acl': ('ec2:DescribeNetworkAcls', r'acl-[0-9a-f]{17} egress: \* deny all', 'aws ec2 create-network-acl-entry --network-acl-id acl-'),
    'NET_API_TIMEOUT:route': ('ec2:DescribeRouteTables', r'rtb-[0-9a-f]{17}: 10\.0\.0\.0/16 -> local \(active\)$', '--destination-cidr-block 0.0.0.0/0 --nat-gateway-id nat-0000000000000000d'),
}

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
