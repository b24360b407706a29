"""A host with the real Docker Engine on it: in a network namespace and a mount namespace of its own, with its own folders (root)."""
import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from conftest import SQUALL, wait_for
from namespaces import HELPER, Network, in_namespace, run

# Without a cgroup tree of either kind on the machine, Docker cannot run.
CGROUPS = 'mountpoint -q /sys/fs/cgroup || mount -t cgroup2 none /sys/fs/cgroup'
MEANS = [tool for tool in ('dockerd', 'docker', 'containerd') if not shutil.which(tool)]


class DockerHost(Network):
    """Its containers serve on 8080 with squall's own web server; the client reaches published ports at 10.77.0.2."""

    def __init__(self):
        super().__init__()
        run('ip', '-n', self.container, 'route', 'add', 'default', 'via', '10.77.0.1')
        self.folder = Path(tempfile.mkdtemp(prefix='sqd'))
        self.log = open(self.folder / 'log', 'wb')
        self.socket = self.folder / 'sock'
        self.environment = os.environ | {'DOCKER_HOST': f'unix://{self.socket}'}
        daemon = f'dockerd --data-root {self.folder}/data --exec-root {self.folder}/exec --pidfile {self.folder}/pid -H unix://{self.socket} --storage-driver vfs'
        self.daemon = subprocess.Popen(['nsenter', f'--net={self.path}', 'unshare', '-m', 'sh', '-c', f'mount --make-rprivate /; {CGROUPS}; exec {daemon}'], stdout=self.log, stderr=self.log)
        self.processes.append(self.daemon)
        wait_for('Docker answers', lambda: self.daemon.poll() is not None or self.docker('version', check=False).returncode == 0, timeout=60, instead=self.words)
        assert self.daemon.poll() is None, self.words()
        image = self.folder / 'image'
        image.mkdir()
        shutil.copy(SQUALL, image / 'squall')
        archive = self.folder / 'image.tar'
        run('tar', '-C', str(image), '-cf', str(archive), 'squall')
        self.docker('import', '-c', 'CMD ["/squall","lab-host","web"]', str(archive), 'squall/web')

    def words(self):
        return (self.folder / 'log').read_text(encoding='utf-8', errors='replace')[-2000:]

    def docker(self, *arguments, check=True):
        done = subprocess.run(['docker', *arguments], env=self.environment, capture_output=True, text=True, timeout=120, check=False)
        assert not check or done.returncode == 0, done.stderr
        return done

    def start_task(self, task, *options, name='web'):
        """A container as the ECS agent labels it; its id."""
        labels = [f'com.amazonaws.ecs.task-arn=arn:aws:ecs:us-east-1:123456789012:task/c/{task}', f'com.amazonaws.ecs.container-name={name}']
        return self.docker('run', '-d', *[word for label in labels for word in ('--label', label)], *options, 'squall/web').stdout.strip()

    def address_of(self, container):
        return self.docker('inspect', '-f', '{{.NetworkSettings.IPAddress}}', container).stdout.strip()

    def helper(self, *arguments, check=True):
        """squall-host on this host, which is its network and its Docker."""
        done = subprocess.run(['nsenter', f'--net={self.path}', HELPER, *arguments], env=self.environment, capture_output=True, text=True, timeout=120, check=False)
        assert not check or done.returncode == 0, done
        return json.loads(done.stdout) if done.stdout else None

    def saved_rules(self):
        """Every rule of the host's, as iptables-save and nft have them, without counters."""
        saved = [run('nsenter', f'--net={self.path}', program).stdout for program in ('iptables-save', 'ip6tables-save')]
        lines = [line for text in saved for line in text.splitlines() if not line.startswith('#')]
        return [line.partition(' [')[0] if line.startswith(':') else line for line in lines] + self.rules()

    def status(self, port=8080, address='10.77.0.2', inside=None):
        """The code that a client outside gets, by a new connection; `inside` is another namespace."""
        done = in_namespace(inside or self.client_path, lambda: subprocess.run(
            ['curl', '-s', '-m', '10', '-o', '/dev/null', '-w', '%{http_code}', f'http://{address}:{port}/'], capture_output=True, text=True, check=False))
        return done.stdout

    def close(self):
        containers = self.docker('ps', '-aq', check=False).stdout.split()
        if containers:
            self.docker('rm', '-f', *containers, check=False)
        self.daemon.terminate()
        self.daemon.wait(60)
        self.log.close()
        super().close()
        shutil.rmtree(self.folder, ignore_errors=True)


def namespace_of(host, container):
    pid = host.docker('inspect', '-f', '{{.State.Pid}}', container).stdout.strip()
    return f'/proc/{pid}/ns/net'


