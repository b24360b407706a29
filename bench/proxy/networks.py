"""Network namespaces of the measurement's own (root): one alone, or a container's and a client's with a cable between."""
import contextlib
import os
import subprocess
from pathlib import Path

SETTINGS = {
    'net/core/somaxconn': '65535',
    'net/ipv4/tcp_max_syn_backlog': '65535',
    'net/ipv4/tcp_syncookies': '0',
    'net/ipv4/ip_local_port_range': '1024 65535',
    'net/ipv4/ip_local_reserved_ports': '9000-9100,20000',
    'net/ipv4/tcp_max_tw_buckets': '1000000',
}
CONTAINER, CLIENT = '10.79.0.2', '10.79.0.1'


def run(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


class Network:
    made = 0

    def __init__(self):
        Network.made += 1
        self.name = f'squall-bench-{os.getpid()}-{Network.made}'
        self.path = Path(f'/run/netns/{self.name}')
        run('ip', 'netns', 'add', self.name)
        run('ip', '-n', self.name, 'link', 'set', 'lo', 'up')
        script = ''.join(f'echo {value} >/proc/sys/{name}\n' for name, value in SETTINGS.items())
        run(*self.inside('sh', '-ec', script))

    def inside(self, *command):
        return ['ip', 'netns', 'exec', self.name, *command]

    def holds(self, pid):
        """Whether a process has entered it."""
        try:
            return os.stat(f'/proc/{pid}/ns/net').st_ino == self.path.stat().st_ino
        except OSError:
            return False

    def close(self):
        subprocess.run(['ip', 'netns', 'del', self.name], check=False, capture_output=True)


@contextlib.contextmanager
def one():
    network = Network()
    try:
        yield network
    finally:
        network.close()


@contextlib.contextmanager
def pair():
    """(the container's, the client's); eth0 in both."""
    with one() as container, one() as client:
        cables = [f'sqb{os.getpid() % 100000:x}{side}' for side in 'ab']
        run('ip', 'link', 'add', cables[0], 'type', 'veth', 'peer', 'name', cables[1])
        for network, cable, address in ((container, cables[0], CONTAINER), (client, cables[1], CLIENT)):
            run('ip', 'link', 'set', cable, 'netns', network.name, 'name', 'eth0')
            run('ip', '-n', network.name, 'addr', 'add', f'{address}/24', 'dev', 'eth0')
            run('ip', '-n', network.name, 'link', 'set', 'eth0', 'up')
        yield container, client
