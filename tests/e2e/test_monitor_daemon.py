"""deploy/monitor/daemon: the pipeline by the AWS CLI, and the monitor as a container and as a service."""
import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import conftest
import docker_host
import pytest
from conftest import wait_for
from monitor_pipeline import mails

FOLDER = conftest.ROOT / 'deploy/monitor/daemon'
QUICK = ('--grace', '2', '--boot-grace', '0', '--hold', '0', '--poll', '10')
CERTIFICATES = Path('/etc/ssl/certs/ca-certificates.crt')


def needs_a_loader(binary):
    """True of one that is linked to libraries; the one that we ship is not."""
    with open(binary, 'rb') as file:
        return b'/ld-linux' in file.read(4096)


def pipeline(lab, *arguments):
    done = subprocess.run([FOLDER / 'pipeline.sh', *arguments], env={**lab.environment, 'AWS_PAGER': ''}, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, (done.stdout, done.stderr)
    return dict(line.split('=', 1) for line in done.stdout.splitlines())


def left(lab):
    sqs, sns, events = (lab.client(service) for service in ('sqs', 'sns', 'events'))
    return [*sqs.list_queues(QueueNamePrefix='watch').get('QueueUrls', []), *(topic['TopicArn'] for topic in sns.list_topics()['Topics'] if 'watch' in topic['TopicArn']),
            *(rule['Name'] for rule in events.list_rules(NamePrefix='watch')['Rules'])]


def put(lab, instance, path, content):
    subprocess.run([*lab.program, 'lab', 'exec', str(instance), '--', 'sh', '-c', f'cat >{path}'], env=lab.environment, input=content, check=True, timeout=120)


def knows(status):
    return status.code == 0 and json.loads(status.out)['agents']['connected'] == 1


class BareDocker:
    """The real Docker Engine without any network of its own: containers use the machine's."""

    def __init__(self):
        # A socket's path has room for a hundred letters.
        folder = self.folder = Path(tempfile.mkdtemp(prefix='sqd'))
        self.log = folder / 'docker.log'
        self.environment = os.environ | {'DOCKER_HOST': f'unix://{folder}/docker.sock'}
        daemon = (f'dockerd --bridge none --iptables=false --ip6tables=false --data-root {folder}/data --exec-root {folder}/exec --pidfile {folder}/docker.pid '
                  f'-H unix://{folder}/docker.sock --storage-driver vfs')
        with open(self.log, 'wb') as log:
            self.process = subprocess.Popen(['unshare', '-m', 'sh', '-c', f'mount --make-rprivate /; {docker_host.CGROUPS}; exec {daemon}'], stdout=log, stderr=log)
        wait_for('Docker answers', lambda: self.process.poll() is not None or self.docker('version', check=False).returncode == 0, timeout=60)
        assert self.process.poll() is None, self.log.read_text(encoding='utf-8', errors='replace')[-2000:]

    def docker(self, *arguments, check=True):
        done = subprocess.run(['docker', *arguments], env=self.environment, capture_output=True, text=True, timeout=120, check=False)
        assert not check or done.returncode == 0, done.stderr
        return done

    def close(self):
        self.docker('rm', '-f', 'monitor', check=False)
        self.process.terminate()
        self.process.wait(60)
        shutil.rmtree(self.folder, ignore_errors=True)


def test_the_pipeline_carries_the_monitor_and_goes_without_a_trace(lab):
    made = pipeline(lab, 'create', 'watch', 'oncall@example.com')
    assert pipeline(lab, 'create', 'watch', 'oncall@example.com') == made, 'again is no harm'
    store = str(lab.state / 'watch.db')
    process = lab.start('monitor', 'run', '--queue', made['SQUALL_QUEUE'], '--topic', made['SQUALL_TOPIC'], '--store', store, *QUICK)
    wait_for('it knows the agent', lambda: knows(lab.squall('monitor', 'status', '--json', '--store', store)), timeout=60)
    lab.sh(1, 'systemctl stop ecs')
    mail = wait_for('a mail', lambda: mails(lab), timeout=60)[0]
    assert mail['subject'] == f'[ISSUE] ECS Instance - {lab.instance_ids()[0]}' and mail['to'] == 'oncall@example.com'
    status = json.loads(lab.squall('monitor', 'status', '--json', '--store', store).out)
    assert status['messages_received'] > 0 and status['messages_unreadable'] == 0, 'the rule has brought what the poll would find later'
    process.terminate()
    assert process.wait(30) == 0
    pipeline(lab, 'delete', 'watch')
    assert left(lab) == []


@pytest.mark.skipif(bool(docker_host.MEANS), reason=f'no {docker_host.MEANS} here')
@pytest.mark.skipif(needs_a_loader(conftest.SQUALL), reason='only the static binary runs in an image with nothing else')
@pytest.mark.skipif(not CERTIFICATES.exists(), reason=f'no {CERTIFICATES} here')
def test_the_image_is_a_monitor(lab, tmp_path):
    made = pipeline(lab, 'create', 'watch')
    image = tmp_path / 'image'
    image.mkdir()
    for file in (FOLDER / 'Dockerfile', conftest.SQUALL, CERTIFICATES):
        shutil.copy(file, image)
    host = BareDocker()
    try:
        host.docker('build', '-q', '-t', 'squall-monitor', str(image))
        told = [word for name, value in lab.environment.items() if name.startswith('AWS_') for word in ('--env', f'{name}={value}')]
        host.docker('run', '-d', '--network', 'host', '--name', 'monitor', *told, 'squall-monitor', '--queue', made['SQUALL_QUEUE'], '--topic', made['SQUALL_TOPIC'], *QUICK)

        def status():
            done = host.docker('exec', 'monitor', '/squall', 'monitor', 'status', '--json', '--store', '/var/lib/squall-monitor/monitor.db', check=False)
            return done.returncode == 0 and json.loads(done.stdout)['agents']['connected'] == 1

        wait_for('it knows the agent', status, timeout=60, instead=lambda: host.docker('logs', 'monitor', check=False))
        host.docker('stop', 'monitor')
        assert host.docker('inspect', '--format', '{{.State.ExitCode}}', 'monitor').stdout.strip() == '0'
    finally:
        host.close()


def test_the_service_is_a_monitor_that_comes_back(make_lab):
    """On a host of the lab, whose init reads units as systemd does; what it has no means for (users and folders of a unit's own) is made by
    hand. A host has little room: its init is squall, too."""
    lab = make_lab(2)
    made = pipeline(lab, 'create', 'ecs-agent-monitor')
    # It is who the instance is, and may do what we say that it needs.
    policy = (FOLDER / 'policy.json').read_text(encoding='utf-8')
    lab.client('iam').put_role_policy(RoleName='ecsInstanceRole', PolicyName='squall-monitor', PolicyDocument=policy)
    settings = {'AWS_REGION': 'us-east-1', 'AWS_ENDPOINT_URL': 'http://10.0.0.1', 'SQUALL_QUEUE': 'ecs-agent-monitor', 'SQUALL_TOPIC': made['SQUALL_TOPIC'], 'SQUALL_OPTIONS': ' '.join([*QUICK, '--cloudwatch'])}
    names = [line.split('=')[0] for line in (FOLDER / 'squall-monitor.env').read_text(encoding='utf-8').splitlines() if not line.startswith('#')]
    assert set(names) <= set(settings), 'what the file that we ship has, the unit uses'
    lab.sh(2, 'mkdir -p /etc/squall /var/lib/squall-monitor')
    for path, content in (('/etc/squall/squall-monitor.env', ''.join(f'{name}={value}\n' for name, value in settings.items()).encode()),
                          ('/etc/systemd/system/squall-monitor.service', (FOLDER / 'squall-monitor.service').read_bytes()), ('/usr/local/bin/squall', b'#!/bin/sh\nexec /proc/1/exe "$@"\n')):
        put(lab, 2, path, content)
    lab.sh(2, 'chmod 755 /usr/local/bin/squall; systemctl daemon-reload; systemctl start squall-monitor')
    ask = '/usr/local/bin/squall monitor status --json --store /var/lib/squall-monitor/monitor.db'

    def status():
        done = lab.exec(2, 'sh', '-c', ask)
        return done.code == 0 and json.loads(done.out)

    wait_for('it knows both agents', lambda: status() and status()['agents']['connected'] == 2, timeout=60)
    lab.sh(1, 'systemctl stop ecs')
    wait_for('the incident', lambda: status() and status()['incidents'], timeout=60)
    wait_for('all are told', lambda: status() and not status()['outbox'], timeout=30, instead=lambda: lab.sh(2, 'journalctl -u squall-monitor --no-pager'))
    assert status()['problems'] == [] and 'AccessDenied' not in lab.sh(2, 'journalctl -u squall-monitor --no-pager')
    before = lab.sh(2, 'systemctl show -p MainPID --value squall-monitor')
    lab.sh(2, f'kill -9 {before}')
    wait_for('it is another process', lambda: lab.sh(2, 'systemctl show -p MainPID --value squall-monitor') not in (before, '0'), timeout=60)
    lab.sh(1, 'systemctl start ecs')
    wait_for('it knows what it knew, and that it is over', lambda: status() and not status()['incidents'] and status()['agents']['connected'] == 2, timeout=60)
    lab.sh(2, 'systemctl stop squall-monitor')
    assert lab.sh(2, 'systemctl show -p Result --value squall-monitor').strip() == 'success'
