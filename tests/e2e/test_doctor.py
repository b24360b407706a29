"""`squall doctor` with loose logs, from afar, and with archives: as somebody uses it who was woken."""
import base64
import gzip
import io
import json
import os
import subprocess
import tarfile
import zipfile

import pytest

from conftest import SQUALL, Lab, wait_for

HOST_SQUALL = '/usr/local/libexec/squall'
ARN = 'arn:aws:ecs:us-east-1:111122223333:container-instance/prod/0123456789abcdef0123456789abcdef'
DENIED = (f'level=error time=2026-06-30T17:02:09Z msg="Failed to connect to ACS" containerInstanceARN="{ARN}" '
          'error="websocket client: unable to dial ecs-a-1.us-east-1.amazonaws.com response: {\\"AccessDeniedException\\":\\"Forbidden\\"}: websocket: bad handshake"')
CONNECTED = f'level=info time=2026-06-30T17:10:00Z msg="Connected to ACS endpoint" containerInstanceARN="{ARN}"'
NOISE = 'level=info time=2026-06-30T16:00:00Z msg="Managed task: waiting for event for task" module=task_manager.go'


def doctor(*arguments, text=None):
    data = text.encode() if isinstance(text, str) else text
    return subprocess.run([SQUALL, 'doctor', *arguments], input=data, capture_output=True, check=False)


def diagnosed(text, *arguments):
    done = doctor('--log', '-', '--json', *arguments, text=text)
    return done.returncode, json.loads(done.stdout)


def causes(found):
    return [finding['cause'] for finding in found['findings']]


@pytest.mark.parametrize('wrapped', [
    lambda line: line,
    lambda line: json.dumps({'log': line + '\n', 'stream': 'stdout', 'time': '2026-06-30T17:02:09.123456789Z'}),
    lambda line: f'Jun 30 17:02:09 ip-10-0-1-23 docker[1611]: {line}',
    lambda line: f'./var/log/ecs/ecs-agent.log:12:{line}',
    lambda line: f'\x1b[31m{line}\x1b[0m\r'], ids=['plain', 'docker', 'journald', 'grep', 'colours'])
def test_a_log_is_read_in_whatever_it_is_wrapped(wrapped):
    text = '\n'.join(wrapped(line) for line in (NOISE, DENIED)) + '\n'
    for form in (text.encode(), gzip.compress(text.encode()), ('\ufeff' + text).encode('utf-16')):
        done = doctor('--log', '-', '--json', text=form)
        found = json.loads(done.stdout)
        assert done.returncode == 1 and causes(found) == ['IAM_DENIED'], found
        assert found['findings'][0]['evidence'][0]['line'] == 2 and found['verdict'] == 'finding'


def test_what_came_before_the_last_connection_is_history():
    code, found = diagnosed(f'{DENIED}\n{CONNECTED}\n')
    assert (code, found['verdict'], causes(found)) == (0, 'recovered', ['IAM_DENIED'])
    code, found = diagnosed(f'{CONNECTED}\n')
    assert (code, found['verdict'], causes(found)) == (0, 'healthy', [])


def test_a_log_without_a_known_line_is_unknown_and_says_what_is_missing():
    code, found = diagnosed('nothing of interest\n' * 100)
    assert (code, found['verdict'], found['findings']) == (2, 'unknown', [])
    assert {'agent-log', 'init-log', 'docker-log'} <= {look['check'] for look in found['could_not_look']}
    assert all(look['summary'] for look in found['could_not_look'])


def test_much_noise_before_it_changes_nothing(tmp_path):
    log = tmp_path / 'ecs-agent.log'
    block = ((NOISE + '\n') * 100_000).encode()
    with log.open('wb') as out:
        for _ in range(60):
            out.write(block)
        out.write((DENIED + '\n').encode())
    assert log.stat().st_size > 512 << 20, 'less than what is read of one file'
    done = doctor('--log', str(log), '--json')
    assert causes(json.loads(done.stdout)) == ['IAM_DENIED']
    with log.open('rb') as piped:
        found = subprocess.run([SQUALL, 'doctor', '--log', '-', '--json'], stdin=piped, capture_output=True, check=False)
    assert json.loads(found.stdout)['findings'][0]['evidence'][0]['line'] == 6_000_001


def test_wrong_usage_and_files_that_cannot_be_meant_say_what_to_do(tmp_path):
    mistaken = tmp_path / 'causes.yaml'
    mistaken.write_text('causes:\n  - id: OURS\n    means: x\n    signs:\n      - all: [/(/]\n')
    packed = tmp_path / 'collect.tgz'
    with tarfile.open(packed, 'w:gz') as archive:
        archive.add(__file__, 'collect/i-1/ecs_agent_logs/ecs-agent.log')
    zipped = tmp_path / 'logs.zip'
    with zipfile.ZipFile(zipped, 'w') as archive:
        archive.write(__file__, 'ecs-agent.log')
    for option in ('--log', '--bundle'):
        done = doctor(option, str(zipped))
        assert done.returncode == 2 and b'it is a zip archive' in done.stdout + done.stderr and b'`unzip FILE` first' in done.stdout + done.stderr, done
    for arguments, code, words in [(('--log', '/nonexistent'), 2, 'reading /nonexistent: No such file'), (('--log', str(tmp_path)), 2, 'is a folder without logs'),
                                   (('--bundle', __file__), 2, '--log reads a log'), (('--bundle', str(tmp_path)), 64, f'`--log {tmp_path}`'),
                                   (('--log', str(packed)), 2, f"--bundle '{packed}'"), (('--instance', 'i-1'), 64, '--cluster'),
                                   (('--signatures', str(mistaken), '--log', '/dev/null'), 64, 'causes.yaml:5')]:
        done = doctor(*arguments)
        assert done.returncode == code and words in done.stderr.decode(), done


def test_a_diagnosis_that_could_not_be_written_is_none(tmp_path):
    log = tmp_path / 'ecs-agent.log'
    log.write_text(DENIED + '\n')
    with open('/dev/full', 'w', encoding='utf-8') as full:
        for form in ([], ['--json']):
            done = subprocess.run([SQUALL, 'doctor', '--log', str(log), *form], stdout=full, stderr=subprocess.PIPE, check=False)
            assert done.returncode == 2 and b'No space left on device' in done.stderr, done


def test_a_machine_without_an_agent_is_told_so():
    if any(os.path.exists(trace) for trace in ('/etc/ecs', '/var/log/ecs', '/var/lib/ecs')):
        pytest.skip('this machine has an agent')
    for arguments in ([], ['collect', '-o', '-']):
        done = doctor(*arguments)
        assert done.returncode == 2 and not done.stdout and b'no ECS agent is installed on this machine' in done.stderr and b'--cluster' in done.stderr, done
    done = doctor('--json')
    found = json.loads(done.stdout)
    assert done.returncode == 2 and found['verdict'] == 'unknown' and [look['check'] for look in found['could_not_look']] == ['agent-installed'], found


def test_a_folder_is_its_logs(tmp_path):
    (tmp_path / 'ecs-agent.log').write_text(CONNECTED + '\n')
    (tmp_path / 'ecs-agent.log.2026-06-30-16').write_text(DENIED + '\n')
    (tmp_path / 'holiday.txt').write_text('no space left on device\n')
    found = json.loads(doctor('--log', str(tmp_path), '--json').stdout)
    assert found['verdict'] == 'recovered' and causes(found) == ['IAM_DENIED'], found


def test_causes_of_ones_own_are_found(tmp_path):
    own = tmp_path / 'own.yaml'
    own.write_text('causes:\n  - id: OUR_FIREWALL\n    rank: 1\n    means: The appliance has lost its licence.\n    remedy: [call 1234]\n'
                   '    signs:\n      - all: ["bad handshake"]\n')
    _, found = diagnosed(DENIED + '\n', '--signatures', str(own))
    assert causes(found)[0] == 'OUR_FIREWALL' and found['findings'][0]['remedy'] == ['call 1234']


@pytest.fixture(scope='module')
def two_hosts():
    lab = Lab(2)
    yield lab
    lab.down()


@pytest.fixture(name='lab')
def lab_that_is_well(two_hosts):
    yield two_hosts
    for host in (1, 2):
        two_hosts.exec(host, 'systemctl', 'start', 'amazon-ssm-agent', 'docker', 'ecs')
    wait_for('all are back', lambda: all(two_hosts.connected().values()), timeout=60)


@pytest.mark.parametrize('arguments', [('--cluster', ''), ('--cluster', 'demo', 'collect'), ('--json', 'collect'), ('--log', 'x', 'collect')])
def test_what_would_look_at_another_host_than_was_meant_is_refused(tmp_path, arguments):
    done = subprocess.run([SQUALL, 'doctor', *arguments], capture_output=True, check=False, cwd=tmp_path)
    assert done.returncode == 64 and arguments[0] in (done.stderr.decode() if arguments[-1] != '' else '--cluster') and not done.stdout
    assert list(tmp_path.iterdir()) == []


def from_afar(lab, *arguments, code=None):
    done = lab.squall('doctor', '--cluster', 'demo', '--json', *arguments)
    assert code is None or done.code == code, done
    return json.loads(done.out)


def test_from_afar_every_agent_that_is_away_is_examined_and_grouped_by_cause(lab):
    first, second = lab.instance_ids()
    assert from_afar(lab, code=0)['instances'] == []
    assert lab.squall('doctor', '--cluster', 'demo').out.startswith('healthy  every agent of cluster demo is connected: 2 container instances\n')
    lab.sh(1, 'systemctl stop ecs')
    lab.sh(2, 'systemctl stop docker')
    wait_for('both are away', lambda: not any(lab.connected().values()))
    found = {one['instance']: causes(one)[0] for one in from_afar(lab, code=1)['instances']}
    assert found == {first: 'AGENT_STOPPED', second: 'DOCKER_DOWN'}
    text = lab.squall('doctor', '--cluster', 'demo').out
    assert f'1 of 2: {first}' in text and f'1 of 2: {second}' in text and 'sudo systemctl start ecs' in text


def test_from_afar_one_instance_by_any_of_its_names(lab):
    node = lab.instance_ids()[0]
    whole = from_afar(lab, '--instance', node, code=0)
    arn = whole['container_instances'][0]['arn']
    assert whole['verdict'] == 'healthy' and whole['instance'] == node
    for name in (arn, arn.rsplit('/', 1)[1]):
        assert from_afar(lab, '--instance', name, code=0)['instance'] == node
    nobody = lab.squall('doctor', '--cluster', 'demo', '--instance', 'nobody')
    assert nobody.code == 2 and "no container instance 'nobody'" in nobody.err, nobody
    nowhere = lab.squall('doctor', '--cluster', 'nowhere')
    assert nowhere.code == 2 and 'nowhere' in nowhere.err, nowhere


def test_from_afar_a_host_that_ssm_does_not_reach_is_unknown(lab):
    lab.sh(1, 'systemctl stop ecs amazon-ssm-agent')
    wait_for('it is away', lambda: not lab.connected()[lab.instance_ids()[0]])
    found = from_afar(lab, '--instance', lab.instance_ids()[0], code=2)
    assert found['verdict'] == 'unknown' and not found['findings']
    (ssm,) = [look for look in found['could_not_look'] if look['check'] == 'ssm']
    assert 'nothing could be asked on the host' in ssm['summary'] and ssm['how']


def test_from_afar_an_instance_that_ec2_has_stopped(lab):
    node = lab.instance_ids()[0]
    lab.aws('ec2', 'stop-instances', '--instance-ids', node)
    wait_for('it is away', lambda: not lab.connected()[node])
    assert causes(from_afar(lab, '--instance', node, code=1))[0] == 'INSTANCE_STOPPED'
    mistyped = from_afar(lab, '--instance', 'i-0123456789abcdef0', code=2)
    assert mistyped['verdict'] == 'unknown' and any('is the id right?' in each['summary'] for each in mistyped['could_not_look'])
    lab.aws('ec2', 'start-instances', '--instance-ids', node)


def test_from_afar_the_ghost_of_an_instance_that_is_gone_and_its_remedy_as_it_stands(make_lab):
    lab = make_lab(2)
    node = lab.instance_ids()[1]
    lab.sh(2, 'systemctl stop ecs')
    wait_for('it is away', lambda: not lab.connected()[node])
    lab.aws('ec2', 'terminate-instances', '--instance-ids', node)
    ec2 = lab.client('ec2')
    wait_for('it is gone', lambda: ec2.describe_instances(InstanceIds=[node])['Reservations'][0]['Instances'][0]['State']['Name'] == 'terminated', timeout=60)
    (found,) = from_afar(lab, code=1)['instances']
    assert causes(found) == ['INSTANCE_GONE'], found
    remedy = next(step for step in found['findings'][0]['remedy'] if 'deregister' in step)
    words = remedy.strip('`').split()
    assert words[:2] == ['aws', 'ecs'] and found['container_instances'][0]['arn'] in words
    lab.aws(*words[1:])
    done = lab.squall('doctor', '--cluster', 'demo')
    assert done.code == 0 and 'every agent of cluster demo is connected' in done.out, done


# So many rules for other packets that they would not fit into an answer.
CROWD = r"""awk 'BEGIN { for (i = 0; i < 6000; i++) printf "-A %s -d 203.0.%d.%d/32 -p tcp -j DROP\n", i % 2 ? "INPUT" : "OUTPUT", i / 250, i % 250 }'"""
# And some of which nothing but the host can tell that they are for other packets.
NETWORKS = r"""awk 'BEGIN { for (i = 0; i < 4000; i++)
    printf "-A OUTPUT -d %d.%d.%d.0/24 -p tcp -m tcp --dport %d -j DROP\n", 100 + i % 100, i * 37 % 251, i * 101 % 241, i * 7919 % 60000 }'"""


def has_filtered(lab, others, rules):
    """The lines that this command prints, and these, in the host's table filter, behind what is there."""
    lab.sh(1, f"""{{ echo '*filter'; {others}; cat <<'END'
{rules}
COMMIT
END
}} | iptables-restore --noflush""")


@pytest.fixture(name='hardened')
def host_with_rules_of_its_own(lab):
    lab.sh(1, 'iptables-save -t filter >/root/rules')
    yield lab
    lab.sh(1, 'iptables-restore </root/rules; rm /root/rules; systemctl restart ecs')


@pytest.mark.parametrize('beside', ['true', CROWD], ids=['alone', 'among-thousands'])
def test_from_afar_a_rule_of_the_hosts_own_firewall_is_named_with_the_command_that_takes_it_away(hardened, beside):
    lab, node = hardened, hardened.instance_ids()[0]
    # First: the end of its connection would be dropped as well.
    lab.sh(1, 'systemctl stop ecs')
    wait_for('it is away', lambda: not lab.connected()[node])
    has_filtered(lab, beside, """:EGRESS - [0:0]
-A OUTPUT -p tcp -j EGRESS
-A EGRESS -d 10.0.0.8/29 -p tcp -m tcp --dport 443 -m comment --comment "nobody's" -j DROP""")
    lab.sh(1, 'systemctl start ecs')
    afar = from_afar(lab, '--instance', node, code=1)['findings'][0]
    here = json.loads(lab.exec(1, HOST_SQUALL, 'doctor', '--json').out)['findings'][0]
    rules = [{seen['text'] for seen in found['evidence'] if seen['file'] == 'iptables -S'} for found in (afar, here)]
    rule = r"""-A EGRESS -d 10.0.0.8/29 -p tcp -m tcp --dport 443 -m comment --comment "nobody\'s" -j DROP"""
    assert afar['cause'] == here['cause'] == 'NET_API_TIMEOUT' and rules == [{rule}, {rule}], (afar, here)
    assert afar['remedy'][0] == here['remedy'][0] and afar['remedy'][0].startswith('sudo iptables -D EGRESS '), (afar, here)
    assert not any('security group' in step or 'NAT' in step for step in afar['remedy'] + here['remedy']), (afar, here)
    lab.sh(1, afar['remedy'][0] + '; systemctl restart ecs')
    wait_for('it is back', lambda: lab.connected()[node], timeout=60)
    wait_for('the doctor finds nothing any more', lambda: lab.squall('doctor', '--cluster', 'demo', '--instance', node, '--json').code == 0)


def test_from_afar_rules_that_are_too_many_to_be_sent_are_not_judged(hardened):
    lab, node = hardened, hardened.instance_ids()[0]
    has_filtered(lab, NETWORKS, '-A OUTPUT -d 10.0.0.11/32 -p tcp -j DROP')
    found = from_afar(lab, '--instance', node, code=1)
    (firewall,) = [look for look in found['could_not_look'] if look['check'] == 'firewall']
    assert 'more than an answer from afar can carry' in firewall['summary'] and 'iptables -S' in firewall['how'], firewall
    assert causes(found)[0] == 'NET_API_TIMEOUT' and not any('iptables -D' in step for step in found['findings'][0]['remedy']), found
    assert {'ecs-service', 'docker'} <= {look['check'] for look in found['healthy']}, 'the rest was sent'


def test_from_afar_the_state_of_a_stopped_agent_is_compared_with_its_settings(lab):
    node = lab.instance_ids()[0]
    lab.sh(1, 'systemctl stop ecs; cp /etc/ecs/ecs.config /root/before; sed -i s/ECS_CLUSTER=demo/ECS_CLUSTER=other/ /etc/ecs/ecs.config')
    try:
        found = from_afar(lab, '--instance', node, code=1)
        assert causes(found) == ['AGENT_STOPPED', 'CLUSTER_MISMATCH'], found
        assert "registered in cluster 'demo', and ECS_CLUSTER says 'other'" in found['findings'][1]['summary'], found
    finally:
        lab.sh(1, 'cp /root/before /etc/ecs/ecs.config; rm /root/before')


def test_while_a_run_holds_the_agent_the_doctor_names_the_run(lab):
    run = lab.run(15)
    wait_for('it is away', lambda: not all(lab.connected().values()))
    found = from_afar(lab, '--instance', lab.instance_ids()[0], code=1)
    assert causes(found)[0] == 'AGENT_STOPPED' and 'squall run ' in found['findings'][0]['summary'], found
    assert found['findings'][0]['remedy'][0].startswith('squall abort '), found
    run.finish()
    wait_for('all are back', lambda: all(lab.connected().values()), timeout=60)
    assert from_afar(lab, '--instance', lab.instance_ids()[0], code=0)['verdict'] == 'healthy'


def collected(lab, host=1):
    """An archive of this host, made there, as bytes."""
    done = lab.exec(host, 'sh', '-c', f'cd /tmp && {HOST_SQUALL} doctor collect -o - | base64 -w 0')
    assert done.code == 0, done
    return base64.b64decode(done.out)


def test_an_archive_that_an_ordinary_user_made_claims_nothing_of_what_it_could_not_see(lab):
    squall = f'setpriv --reuid 65534 --regid 65534 --clear-groups {HOST_SQUALL}'
    done = lab.exec(1, 'sh', '-c', f'cd /tmp && {squall} doctor collect -o - 2>/tmp/told | base64 -w 0; cat /tmp/told >&2; rm -f /tmp/told')
    assert 'not as root' in done.err, done.err
    found = json.loads(doctor('--bundle', '-', '--json', text=base64.b64decode(done.out)).stdout)
    assert not found['findings'] and found['verdict'] in ('healthy', 'unknown'), found
    assert 'docker' in {look['check'] for look in found['could_not_look']}, found


def test_an_archive_alone_says_what_was_wrong_when_it_was_made(lab, tmp_path):
    archive = tmp_path / 'evidence.tgz'
    lab.sh(1, 'systemctl stop docker')
    archive.write_bytes(collected(lab))
    done = doctor('--bundle', str(archive), '--json')
    found = json.loads(done.stdout)
    assert done.returncode == 1 and causes(found)[0] == 'DOCKER_DOWN', found
    piped = doctor('--bundle', '-', '--json', text=archive.read_bytes())
    assert causes(json.loads(piped.stdout)) == causes(found)
    broken = tmp_path / 'broken.tgz'
    broken.write_bytes(archive.read_bytes()[:-2000])
    assert doctor('--bundle', str(broken)).returncode in (1, 2)


# What an agent says in an hour in which nothing happens: ECS ends both of its connections twice, and it probes and asks as always.
QUIET_HOUR = [line.replace('TIME', f'@HOUR@:{minute:02}:{second:02}Z').replace('INSTANCE', ARN)
              for minute, second in ((2, 10), (14, 0), (33, 44), (58, 59))
              for line in (
                  'level=info time=TIME msg="Disconnected from server." module=client.go',
                  'level=warn time=TIME msg="Closing connection" connection="ACS" maxConnectionDuration="33m12.3s"',
                  'level=info time=TIME msg="ACS WebSocket connection closed for a valid reason" containerInstanceARN="INSTANCE" '
                  'error="websocket: close 1000 (normal): ConnectionExpired: Reconnect to continue"',
                  'level=info time=TIME msg="Reconnecting to ACS immediately without waiting" containerInstanceARN="INSTANCE"',
                  'level=info time=TIME msg="Connected to ACS endpoint" containerInstanceARN="INSTANCE"',
                  'level=info time=TIME msg="TCS Websocket connection closed for a valid reason" module=handler.go',
                  'level=info time=TIME msg="Using cached DiscoverPollEndpoint" endpoint="https://ecs-a-1.us-east-1.amazonaws.com/"',
                  'level=info time=TIME msg="Connected to TCS endpoint" module=handler.go',
                  'level=info time=TIME msg="No task metrics to report" module=client.go')]


def test_after_a_day_of_rotations_a_host_is_healthy(lab):
    log = '/var/log/ecs/ecs-agent.log'
    form = '\n'.join(QUIET_HOUR)
    lab.sh(1, f"""cat >/root/hour <<'END'
{form}
END
for back in $(seq 1 24); do
    sed "s/@HOUR@/$(date -u -d "$back hours ago" +%Y-%m-%dT%H)/g" /root/hour >{log}.$(date -u -d "$back hours ago" +%Y-%m-%d-%H)
done""")
    try:
        assert lab.sh(1, f'ls {log}.* | wc -l') == '24'
        here = lab.exec(1, HOST_SQUALL, 'doctor', '--json')
        afar = from_afar(lab, '--instance', lab.instance_ids()[0], code=0)
        kept = doctor('--bundle', '-', '--json', text=collected(lab))
        for found, code in ((json.loads(here.out), here.code), (afar, 0), (json.loads(kept.stdout), kept.returncode)):
            assert (code, found['verdict'], found['findings']) == (0, 'healthy', []), found
        with tarfile.open(fileobj=io.BytesIO(collected(lab))) as archive:
            assert sum('ecs-agent.log' in name for name in archive.getnames()) == 25
    finally:
        lab.sh(1, f'rm -f {log}.20* /root/hour')


SECRETS = {'key': 'AKIAIOSFODNN7EXAMPLE', 'secret': 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY', 'token': 'FwoGZXIvYXdzEBYaDPLANTEDTOKEN1234567890abcdef',
           'registry': 'cmVnaXN0cnk6cGxhbnRlZHBhc3N3b3Jk', 'password': 'plantedProxyPassword'}


def test_no_secret_leaves_a_host(lab):
    config = '/etc/ecs/ecs.config'
    lab.sh(1, f'cp {config} /root/before')
    lab.sh(1, f'''cat >>{config} <<'END'
ECS_ENGINE_AUTH_TYPE=dockercfg
ECS_ENGINE_AUTH_DATA={{"https://index.docker.io/v1/":{{"auth":"{SECRETS['registry']}","email":"me@example.com"}}}}
HTTP_PROXY=http://user:{SECRETS['password']}@10.0.0.9:3128
NO_PROXY=169.254.169.254,169.254.170.2,/var/run/docker.sock,.amazonaws.com
AWS_ACCESS_KEY_ID={SECRETS['key']}
AWS_SECRET_ACCESS_KEY={SECRETS['secret']}
AWS_SESSION_TOKEN={SECRETS['token']}
ECS_DATADIR=/root/data
END
mkdir -p /root/data
cat >/root/data/agent.db <<'END'
{{"cluster-name":"demo","tasks":[{{"environment":[{{"name":"PASSWORD","value":"say \\"{SECRETS['password']}\\""}},{{"name":"KEY","value":"{SECRETS['secret']}"}}]}}]}}
END
printf '%s\\n' 'level=error time=2026-11-22T00:00:00Z msg="Failed to connect to ACS" error="proxyconnect tcp: dial http://user:{SECRETS['password']}@10.0.0.9:3128: AWS_SECRET_ACCESS_KEY={SECRETS['secret']} key {SECRETS['key']} X-Amz-Security-Token: {SECRETS['token']}"' >>/var/log/ecs/ecs-agent.log''')
    try:
        told = [lab.exec(1, HOST_SQUALL, 'doctor', '--json'), lab.exec(1, HOST_SQUALL, 'doctor', '--all'),
                lab.squall('doctor', '--cluster', 'demo', '--instance', lab.instance_ids()[0], '--json')]
        ssm = lab.client('ssm')
        sent = ssm.list_command_invocations(Details=True)['CommandInvocations']
        texts = [one.out + one.err for one in told] + [json.dumps(sent, default=str)]
        # What SSM keeps is packed: unpacked it has no secret, either.
        for one in sent:
            output = ssm.get_command_invocation(CommandId=one['CommandId'], InstanceId=one['InstanceId'])['StandardOutputContent']
            packed = output.split('\n')[1] if output.startswith('squall-doctor ') else ''
            texts.append(gzip.decompress(base64.b64decode(packed)).decode(errors='replace') if packed else output)
        with tarfile.open(fileobj=io.BytesIO(collected(lab))) as archive:
            members = [member for member in archive if member.isfile()]
            texts += [archive.extractfile(member).read().decode(errors='replace') for member in members]
    finally:
        lab.sh(1, f'cp /root/before {config}; rm -r /root/before /root/data; systemctl restart ecs')
    assert len(members) > 10 and all(any(word in text for text in texts) for word in ('proxyconnect', 'form={"":"","":[{')), 'nothing was there to be taken out'
    leaks = [(name, text[max(0, text.find(secret) - 100):][:200]) for text in texts for name, secret in SECRETS.items() if secret in text]
    assert not leaks, leaks[:5]
