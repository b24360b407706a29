"""A container's network and a client's, joined by a cable: two network namespaces of the tests' own (root)."""
import ctypes
import json
import os
import socket
import subprocess
import threading
from pathlib import Path

from conftest import is_alive, wait_for

ROOT = Path(__file__).resolve().parents[2]
HELPER = os.environ.get('SQUALL_HOST_BINARY', str(ROOT / 'build/release/squall-host'))
LIBC = ctypes.CDLL(None, use_errno=True)
CLONE_NEWNET = 0x40000000
# How the names of these namespaces and cables begin.
OURS = 'sqt'

# Answers "true <path>" on every address; "/slow" when a file says so.
APPLICATION = r'''
import http.server, os, socket, sys, time
class Server(http.server.ThreadingHTTPServer):
    address_family = socket.AF_INET6
    request_queue_size = 2000
    daemon_threads = True
    def server_bind(self):
        self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        self.socket.bind(('::', int(sys.argv[1])))
        self.server_name, self.server_port = 'app', int(sys.argv[1])
    def handle_error(self, *_):
        pass
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'
    def do_GET(self):
        body = ('true ' + self.path + ' from ' + self.client_address[0]).encode()
        self.send_response(200)
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *_):
        pass
server = Server(('', 0), Handler)
print('ready', flush=True)
server.serve_forever()
'''


def in_namespace(path, call):
    """call() by a thread that is in this network namespace; sockets that it makes stay there."""
    result = []

    def body():
        with open(path, encoding='ascii') as file:
            if LIBC.setns(file.fileno(), CLONE_NEWNET) != 0:
                result.append((None, OSError(ctypes.get_errno(), 'setns')))
                return
        try:
            result.append((call(), None))
        except Exception as error:  # raised where it was asked for
            result.append((None, error))

    thread = threading.Thread(target=body)
    thread.start()
    thread.join()
    value, error = result[0]
    if error:
        raise error
    return value


class Network:
    """`container` and `client` are namespaces; the container's interface is eth0."""

    made = 0

    def __init__(self):
        Network.made += 1
        tag = f'{os.getpid() % 100000:x}{Network.made:x}'
        self.container, self.client = f'{OURS}{tag}a', f'{OURS}{tag}b'
        self.addresses = {'ipv4': '10.77.0.2', 'ipv6': 'fd77::2'}
        self.path = f'/run/netns/{self.container}'
        self.client_path = f'/run/netns/{self.client}'
        self.processes = []
        for name in (self.container, self.client):
            run('ip', 'netns', 'add', name)
            run('ip', '-n', name, 'link', 'set', 'lo', 'up')
        run('ip', 'link', 'add', f'{OURS}{tag}c', 'type', 'veth', 'peer', 'name', f'{OURS}{tag}d')
        for name, cable, number in ((self.container, f'{OURS}{tag}c', 2), (self.client, f'{OURS}{tag}d', 1)):
            run('ip', 'link', 'set', cable, 'netns', name, 'name', 'eth0')
            run('ip', '-n', name, 'addr', 'add', f'10.77.0.{number}/24', 'dev', 'eth0')
            run('ip', '-n', name, 'addr', 'add', f'fd77::{number}/64', 'dev', 'eth0', 'nodad')
            run('ip', '-n', name, 'link', 'set', 'eth0', 'up')

    def start(self, *command, inside=None, **options):
        process = subprocess.Popen(['ip', 'netns', 'exec', inside or self.container, *command], **options)
        self.processes.append(process)
        return process

    def serve(self, port=80):
        process = self.start('/usr/bin/python3', '-c', APPLICATION, str(port), stdout=subprocess.PIPE, text=True)
        assert process.stdout.readline() == 'ready\n'
        return process

    def start_container(self):
        """A process that does nothing, in the container's namespace."""
        process = self.start('sh', '-c', 'echo ready; exec sleep 1000', stdout=subprocess.PIPE, text=True)
        assert process.stdout.readline() == 'ready\n'
        return process

    def connect(self, family='ipv4', port=80, timeout=10):
        def connected():
            return socket.create_connection((self.addresses[family], port), timeout=timeout)
        return in_namespace(self.client_path, connected)

    def connect_locally(self, address='127.0.0.1', port=80, timeout=10):
        return in_namespace(self.path, lambda: socket.create_connection((address, port), timeout=timeout))

    def ask(self, family='ipv4', path='/', connection=None):
        """(status, body) of one request, by a new connection if there is none."""
        used = connection or self.connect(family)
        try:
            return ask_on(used, path)
        finally:
            if not connection:
                used.close()

    def rules(self):
        """All there are, without their counters and leases."""
        text = run('ip', 'netns', 'exec', self.container, 'nft', '-s', 'list', 'ruleset').stdout
        return [line for line in text.splitlines() if line.strip() and 'elements' not in line]

    def close(self):
        for process in self.processes:
            process.kill()
            process.wait(10)
            if process.stdout:
                process.stdout.close()
        for name in (self.container, self.client):
            subprocess.run(['ip', 'netns', 'del', name], check=False, capture_output=True)


def send_on(connection, path='/'):
    connection.sendall(f'GET {path} HTTP/1.1\r\nHost: app\r\n\r\n'.encode())


def ask_on(connection, path='/'):
    send_on(connection, path)
    return answer_on(connection)


def answer_on(connection):
    """(status, body) of the next answer."""
    data = b''
    while b'\r\n\r\n' not in data:
        got = connection.recv(65536)
        if not got:
            return None, data.decode()
        data += got
    head, _, body = data.partition(b'\r\n\r\n')
    length = next(int(line.split(b':')[1]) for line in head.split(b'\r\n') if line.lower().startswith(b'content-length:'))
    while len(body) < length:
        got = connection.recv(65536)
        assert got, 'the connection ended within a body'
        body += got
    return int(head.split()[1]), body.decode()


def run(*command, check=True):
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert not check or done.returncode == 0, (command, done.stdout, done.stderr)
    return done


class Detached:
    """squall-host proxy --detach, and what is asked of it afterwards."""

    made = 0

    def __init__(self, *where, fault=(('status-code', {}),), options=(), inside=()):
        """`inside`: what the command begins with, to be run in another namespace."""
        Detached.made += 1
        self.run = f'test-{os.getpid()}-{Detached.made}'
        arguments = ['proxy', *where, '--run', self.run, '--detach', *options]
        for name, settings in fault:
            arguments += ['--fault', name]
            for key, value in settings.items():
                arguments += ['--set', f'{key}={value}']
        done = run(*inside, HELPER, *arguments, check=False)
        assert done.stdout.endswith('\n'), done.stderr
        self.code, self.told = done.returncode, json.loads(done.stdout)

    @property
    def pid(self):
        return self.told['proxies'][0]['pid']

    def keeper(self):
        """The pid of its second process."""
        children = Path(f'/proc/{self.pid}/task/{self.pid}/children').read_text(encoding='ascii').split()
        return int(children[0])

    def status(self):
        return json.loads(run(HELPER, 'status', '--run', self.run).stdout)['proxies']

    def stop(self, drain=0):
        told = json.loads(run(HELPER, 'stop', '--run', self.run, '--drain', str(drain)).stdout)
        assert told['event'] == 'stopped'
        return told['proxies']

    def wait_for_end(self, *pids):
        wait_for('the processes end', lambda: not any(is_alive(pid) for pid in pids or (self.pid,)))

    def __enter__(self):
        assert self.code == 0, self.told
        return self

    def __exit__(self, *_):
        self.stop()
        run(HELPER, 'forget', '--run', self.run)
