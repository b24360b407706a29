"""A lab's hosts reach AWS's endpoints as in AWS: by name, over TLS, through a proxy where one is set; and their agents say what failed on the way."""

import json

import pytest

from conftest import Lab, wait_for

API = 'https://ecs.us-east-1.amazonaws.com/'
AGENT_LOG = '/var/log/ecs/ecs-agent.log'
BUNDLE = '/etc/ssl/certs/ca-certificates.crt'
# As often as the tests want it.
RESTART = 'systemctl reset-failed ecs; systemctl restart ecs'

# An HTTP proxy for CONNECT alone, on the host itself: says what it was asked for, and refuses with the status that it was told.
PROXY = '''
import os, socket, sys, threading
status = sys.argv[1]
server = socket.create_server(("127.0.0.1", 3128))
print("ready", os.getpid(), flush=True)
def pump(source, target):
    while data := source.recv(65536):
        target.sendall(data)
    target.shutdown(socket.SHUT_WR)
def serve(client):
    head = b""
    while b"\\r\\n\\r\\n" not in head:
        head += client.recv(4096)
    asked = head.split(b" ")[1].decode()
    print(asked, flush=True)
    if status != "200":
        client.sendall(f"HTTP/1.1 {status}\\r\\nContent-Length: 0\\r\\n\\r\\n".encode())
        return client.close()
    host, port = asked.rsplit(":", 1)
    target = socket.create_connection((host, int(port)))
    client.sendall(b"HTTP/1.1 200 Connection established\\r\\n\\r\\n")
    threading.Thread(target=pump, args=(client, target), daemon=True).start()
    pump(target, client)
while True:
    client, _ = server.accept()
    threading.Thread(target=serve, args=(client,), daemon=True).start()
'''


@pytest.fixture(scope='module')
def names():
    lab = Lab(2)
    yield lab
    lab.down()


class Change:
    """Something on a host is changed and its agent restarted; put back at the end, when the agent is connected again."""

    def __init__(self, lab, host, script, undo):
        self.lab, self.host, self.undo = lab, host, undo
        self.lines = int(lab.sh(host, f'wc -l <{AGENT_LOG}'))
        lab.sh(host, f'{script} && {RESTART}')

    def __enter__(self):
        return self

    def log(self):
        return self.lab.sh(self.host, f'tail -n +{self.lines + 1} {AGENT_LOG}')

    def logs(self, words, timeout=60):
        wait_for(words, lambda: words in self.log(), timeout, instead=self.log)

    def __exit__(self, *_):
        self.lab.sh(self.host, f'{self.undo}; {RESTART}')
        instance = self.lab.instance_ids()[self.host - 1]
        wait_for('the agent is connected again', lambda: self.lab.connected()[instance], 60)


def test_an_agent_is_connected_over_tls_by_name(names):
    assert 'ECS_BACKEND_HOST' not in names.sh(1, 'cat /etc/ecs/ecs.config')
    peers = names.sh(1, "ss -Htn state established '( dport = :443 )' | awk '{print $4}'").split()
    assert sorted(peers) == ['10.0.0.12:443', '10.0.0.13:443'], 'ACS and TCS'
    assert names.connected()[names.instance_ids()[0]]
    with Change(names, 1, 'true', 'true') as change:
        change.logs('Connected to TCS endpoint')


def test_programs_of_a_host_trust_the_endpoints(names):
    answer = names.sh(1, f'curl -sS -m 10 -o /dev/null -w "%{{http_code}} %{{remote_ip}} %{{ssl_verify_result}}" {API}')
    assert answer == '404 10.0.0.11 0'
    assert names.sh(1, f'curl -sS -m 10 -o /dev/null -w "%{{remote_ip}}" --cacert /etc/pki/tls/certs/ca-bundle.crt https://ssm.us-east-1.amazonaws.com/') == '10.0.0.10'
    assert names.exec(1, 'curl', '-sS', '-m', '10', '--tls-max', '1.1', API).code == 35, 'TLS 1.2 is the least'
    assert names.exec(1, 'curl', '-sS', '-m', '10', 'https://10.0.0.11/').code == 60, 'the certificate is for names'


def test_the_name_server_knows_these_names_and_no_others(names):
    assert names.sh(1, 'getent ahosts ecs-a-1.eu-west-1.amazonaws.com').split()[0] == '10.0.0.12'
    for unknown in ('www.example.com', 'ecs.us-east-9.amazonaws.com'):
        assert names.exec(1, 'getent', 'hosts', unknown).code == 2
    # By TCP too, two questions over one connection.
    script = f'''
import socket, struct
question = struct.pack(">6H", 7, 0x100, 1, 0, 0, 0) + b"".join(bytes([len(label)]) + label.encode() for label in "sts.amazonaws.com".split(".")) + b"\\0" + struct.pack(">2H", 1, 1)
peer = socket.create_connection(("10.0.0.2", 53))
for _ in range(2):
    peer.sendall(struct.pack(">H", len(question)) + question)
    size, = struct.unpack(">H", peer.recv(2, socket.MSG_WAITALL))
    print(socket.inet_ntoa(peer.recv(size, socket.MSG_WAITALL)[-4:]))
'''
    assert names.exec(1, 'python3', '-c', script).out.split() == ['10.0.0.10'] * 2


def test_containers_resolve_the_same_names(names):
    docker = 'curl -sf --unix-socket /var/run/docker.sock http://docker/containers'
    container = json.loads(names.sh(1, f'{docker}/json'))[0]['Id']
    pid = json.loads(names.sh(1, f'{docker}/{container}/json'))['State']['Pid']
    assert names.sh(1, f'cat /proc/{pid}/root/etc/resolv.conf') == 'nameserver 10.0.0.2'
    assert names.sh(1, f'nsenter --net=/proc/{pid}/ns/net getent hosts ecs.us-east-1.amazonaws.com').split()[0] == '10.0.0.11'


def test_an_agent_whose_name_server_is_silent_says_whom_it_asked(names):
    # What it asks goes out. (Of a packet of its own that is dropped, the kernel tells the sender: EPERM.)
    with Change(names, 1, 'iptables -I INPUT -s 10.0.0.2 -j DROP', 'iptables -D INPUT 1') as change:
        # Three attempts, ten seconds each.
        change.logs('i/o timeout', 90)
        line = next(line for line in change.log().split('\n') if 'i/o timeout' in line)
        assert 'exceeded maximum number of attempts, 3' in line
        assert 'dial tcp: lookup ecs.us-east-1.amazonaws.com on 10.0.0.2:53: read udp 10.0.1.10:' in line and '->10.0.0.2:53: i/o timeout' in line


def test_an_agent_whose_name_server_is_not_there_says_so(names):
    with Change(names, 1, 'echo nameserver 10.0.0.1 >/etc/resolv.conf', 'echo nameserver 10.0.0.2 >/etc/resolv.conf') as change:
        change.logs('->10.0.0.1:53: read: connection refused')
        assert 'Post \\"https://ecs.us-east-1.amazonaws.com/\\": dial tcp: lookup ecs.us-east-1.amazonaws.com on 10.0.0.1:53: read udp 10.0.1.10:' in change.log()


def test_every_question_that_nobody_takes_is_refused_at_once(names):
    # The kernel's own limit would be six, and then one a second; the log of whoever asks more often would speak of time-outs.
    script = '''
import socket
for _ in range(60):
    asking = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    asking.settimeout(5)
    asking.connect(("10.0.0.1", 53))
    asking.send(b"?")
    try:
        asking.recv(1)
    except ConnectionRefusedError:
        print("refused")
'''
    assert names.sh(1, f"python3 -c '{script}'").split() == ['refused'] * 60


def test_an_agent_in_a_region_that_does_not_exist_has_no_such_host(names):
    with Change(names, 1, 'sed -i s/us-east-1/us-east-9/ /etc/ecs/ecs.config', 'sed -i s/us-east-9/us-east-1/ /etc/ecs/ecs.config') as change:
        change.logs('dial tcp: lookup ecs.us-east-9.amazonaws.com on 10.0.0.2:53: no such host')


def test_an_agent_without_the_labs_authority_trusts_nobody(names):
    with Change(names, 2, f'cp {BUNDLE} /root/bundle && : >{BUNDLE}', f'cat /root/bundle >{BUNDLE}') as change:
        change.logs('tls: failed to verify certificate: x509: certificate signed by unknown authority')
    with Change(names, 2, 'cp /root/bundle /root/own && echo SSL_CERT_FILE=/root/own >>/etc/ecs/ecs.config && : >' + BUNDLE,
                f'cat /root/bundle >{BUNDLE}; sed -i /^SSL_CERT_FILE/d /etc/ecs/ecs.config') as change:
        change.logs('Connected to TCS endpoint')


def test_an_agent_that_is_refused_says_by_whom(names):
    with Change(names, 2, 'iptables -I OUTPUT -d 10.0.0.11 -p tcp -j REJECT --reject-with tcp-reset', 'iptables -D OUTPUT 1') as change:
        change.logs('Post \\"https://ecs.us-east-1.amazonaws.com/\\": dial tcp 10.0.0.11:443: connect: connection refused')
        change.logs('Received terminal error from RegisterContainerInstance call, exiting')
        assert 'Agent exited with code 1' in names.sh(2, 'cat /var/log/ecs/ecs-init.log')


def test_an_agent_whose_way_to_acs_alone_is_closed_times_out_there(names):
    with Change(names, 2, 'iptables -I OUTPUT -d 10.0.0.12 -j DROP', 'iptables -D OUTPUT 1') as change:
        change.logs('Connected to TCS endpoint')
        # The dial's own thirty seconds.
        change.logs('websocket client: unable to dial ecs-a-1.us-east-1.amazonaws.com response: : dial tcp 10.0.0.12:443: i/o timeout', 60)
        assert 'Connected to ACS endpoint' not in change.log()
        # Its last goodbye was dropped too: ECS misses its answers.
        wait_for('it is disconnected', lambda: not names.connected()[names.instance_ids()[1]], 120)


class Proxy:
    def __init__(self, lab, host, status):
        self.lab, self.host = lab, host
        self.process = lab.start('lab', 'exec', str(host), '--', 'python3', '-c', PROXY, status)
        ready, self.pid = self.process.stdout.readline().split()
        assert ready == 'ready'

    def __enter__(self):
        return self

    def asked(self):
        return self.process.stdout.readline().strip()

    def __exit__(self, *_):
        self.lab.sh(self.host, f'kill {self.pid}')
        self.process.wait(30)


SET_PROXY = r"printf 'HTTP_PROXY=127.0.0.1:3128\nNO_PROXY=169.254.169.254,169.254.170.2,/var/run/docker.sock\n' >>/etc/ecs/ecs.config"
UNSET_PROXY = "sed -i '/_PROXY=/d' /etc/ecs/ecs.config"


def test_an_agent_goes_through_the_proxy_that_its_configuration_names(names):
    with Proxy(names, 2, '200') as proxy, Change(names, 2, SET_PROXY, UNSET_PROXY) as change:
        assert proxy.asked() == 'ecs.us-east-1.amazonaws.com:443'
        change.logs('Connected to ACS endpoint')
        change.logs('Connected to TCS endpoint')
        assert 'ecs-a-1.us-east-1.amazonaws.com:443' in {proxy.asked() for _ in range(4)}
        assert names.sh(2, "ss -Htn state established '( dport = :443 )' | grep -c 10.0.0.12") == '1', "the proxy's own"


@pytest.mark.parametrize('status, words', [('407 Proxy Authentication Required', 'Proxy Authentication Required'), ('403 Forbidden', 'Forbidden'), ('502 Bad Gateway', 'Bad Gateway')])
def test_an_agent_says_what_its_proxy_answered(names, status, words):
    with Proxy(names, 2, status), Change(names, 2, SET_PROXY, UNSET_PROXY) as change:
        change.logs(f'Post \\"https://ecs.us-east-1.amazonaws.com/\\": {words}')


def test_an_agent_says_that_its_proxy_is_not_there(names):
    with Change(names, 2, SET_PROXY, UNSET_PROXY) as change:
        change.logs('proxyconnect tcp: dial tcp 127.0.0.1:3128: connect: connection refused')


def test_an_agent_asks_the_metadata_by_its_proxy_unless_it_is_told_not_to(names):
    with Change(names, 2, SET_PROXY + " && sed -i '/^NO_PROXY/d' /etc/ecs/ecs.config", UNSET_PROXY) as change:
        change.logs('operation error ec2imds: getToken, exceeded maximum number of attempts, 3, request send failed, Put \\"http://169.254.169.254/latest/api/token\\": dial tcp 127.0.0.1:3128')


def test_a_role_without_rights_is_refused_by_acs(names):
    iam = names.client('iam')
    role = names.sh(2, 'T=$(curl -s -X PUT -H "X-aws-ec2-metadata-token-ttl-seconds: 60" 169.254.169.254/latest/api/token);'
                       'curl -s -H "X-aws-ec2-metadata-token: $T" 169.254.169.254/latest/meta-data/iam/security-credentials/')
    iam.put_role_policy(RoleName=role, PolicyName='no-poll', PolicyDocument='{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"ecs:Poll","Resource":"*"}]}')
    try:
        with Change(names, 2, 'true', 'true') as change:
            change.logs('unable to dial ecs-a-1.us-east-1.amazonaws.com response: {\\"AccessDeniedException\\":\\"Forbidden\\"}: websocket: bad handshake')
            iam.delete_role_policy(RoleName=role, PolicyName='no-poll')
    finally:
        if 'no-poll' in iam.list_role_policies(RoleName=role)['PolicyNames']:
            iam.delete_role_policy(RoleName=role, PolicyName='no-poll')


STATE = '/var/lib/ecs/data/agent.db'


def test_a_damaged_state_is_an_invalid_database(names):
    with Change(names, 2, f'cp {STATE} /root/state && echo garbage >{STATE}', f'cat /root/state >{STATE}') as change:
        change.logs('level=critical')
        assert 'msg="Error creating data client" error="invalid database"' in change.log()
        wait_for('its end', lambda: 'Agent exited with code 1' in names.sh(2, 'tail -n 3 /var/log/ecs/ecs-init.log'))


def test_an_agent_waits_for_a_state_that_somebody_has_locked(names):
    holder = names.start('lab', 'exec', '2', '--', 'flock', STATE, 'sh', '-c', 'echo $$; exec sleep 1000')
    names.sh(2, 'systemctl stop ecs')
    held = holder.stdout.readline().strip()
    with Change(names, 2, 'true', f'kill {held}') as change:
        change.logs('Loading configuration')
        last = change.log().split('\n')[-1]
        assert last.endswith('msg="Loading configuration"'), last
        assert names.exec(2, 'curl', '-sf', '-m', '2', 'localhost:51678/v1/metadata').code != 0
    holder.wait(30)


def test_an_agent_without_its_folder_says_so(names):
    with Change(names, 2, 'mv /var/lib/ecs/data /var/lib/ecs/away', 'mv /var/lib/ecs/away /var/lib/ecs/data') as change:
        change.logs('msg="Error creating data client" error="stat /var/lib/ecs/data: no such file or directory"')


def test_a_first_registration_that_ecs_calls_invalid_is_final(names):
    def broken(code):
        return names.squall('lab', 'api', 'break', 'ecs:RegisterContainerInstance', code)

    assert broken('InvalidParameterException').code == 0
    try:
        with Change(names, 2, f'systemctl stop ecs && mv {STATE} /root/state', f'systemctl stop ecs; mv /root/state {STATE}') as change:
            change.logs('msg="Agent will terminally exit, unable to register container instance:"')
            assert 'api error' not in change.log() and 'InvalidParameterException: ' in change.log()
            wait_for('its unit gives up', lambda: 'agent exited with terminal exit code: 5' in names.sh(2, 'tail -n 3 /var/log/ecs/ecs-init.log'))
            assert names.squall('lab', 'api', 'mend').code == 0
    finally:
        names.squall('lab', 'api', 'mend')
