"""What is measured, as fresh processes: the limits, squall's proxy, haproxy and nginx."""
import contextlib
import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
RELEASE = ROOT / 'build/release'
TOOLS = RELEASE / 'bench'
HELPER = os.environ.get('SQUALL_HOST_BINARY', str(RELEASE / 'squall-host'))
TARGET_CORE, LOAD_CORE = '0', '1'
ORIGIN_PORT, PORT = 9002, 9010
BODY = 'chaos: injected status code 503'
START_SECONDS = 10

HAPROXY = f'''
global
    nbthread 1
    maxconn 9900
defaults
    timeout connect 5s
    timeout client 60s
    timeout server 60s
    backlog 65535
{{front}}
'''
HAPROXY_FRONTS = {
    'canned': f'listen it\n mode http\n bind :{PORT}\n http-request return status 503 content-type text/plain string "{BODY}"\n',
    'pass': f'listen it\n mode http\n bind :{PORT}\n http-reuse always\n server app 127.0.0.1:{ORIGIN_PORT}\n',
    'rewrite': f'listen it\n mode http\n bind :{PORT}\n http-reuse always\n http-response set-status 503\n server app 127.0.0.1:{ORIGIN_PORT}\n',
    'tunnel': f'listen it\n mode tcp\n bind :{PORT}\n server app 127.0.0.1:{ORIGIN_PORT}\n',
}
NGINX = f'''
daemon off;
worker_processes 1;
worker_rlimit_nofile 19000;
pid nginx.pid;
error_log stderr crit;
events {{{{ worker_connections 18000; multi_accept on; }}}}
http {{{{
    access_log off;
    default_type text/plain;
    keepalive_requests 1000000000;
    tcp_nodelay on;
    upstream app {{{{ server 127.0.0.1:{ORIGIN_PORT}; keepalive 128; keepalive_requests 1000000000; }}}}
    server {{{{ listen {PORT} backlog=65535 {{protocol}}; location / {{{{ {{location}} }}}} }}}}
}}}}
'''
NGINX_PASS = ('proxy_pass http://app; proxy_http_version 1.1; proxy_set_header Connection ""; '
              'proxy_max_temp_file_size 0; proxy_buffers 16 64k; proxy_buffer_size 64k;')


class Server:
    """A process in a network, on one core; `ready` is a word that it prints, or the port that it listens on."""

    def __init__(self, network, command, core=TARGET_CORE, ready=PORT, folder=None):
        self.folder = folder
        self.process = subprocess.Popen(network.inside('taskset', '-c', core, *command), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        try:
            if isinstance(ready, str):
                line = self.process.stdout.readline()
                if f'"{ready}"' not in line:
                    raise RuntimeError(f'{command[0]} did not begin: {line}{self.rest()}')
            else:
                self.wait_for(network, ready)
        except BaseException:
            self.close()
            raise

    @property
    def pid(self):
        return self.process.pid

    def rest(self):
        self.process.kill()
        return self.process.communicate()[1]

    def wait_for(self, network, port):
        end = time.monotonic() + START_SECONDS
        while not (network.holds(self.pid) and self.listens_on(port)):
            if self.process.poll() is not None or time.monotonic() > end:
                raise RuntimeError(f'{self.process.args} did not begin: {self.rest()}')
            time.sleep(0.02)

    def listens_on(self, port):
        """Whether anything in its network does; 0A is a listening socket."""
        rows = [line.split() for name in ('tcp', 'tcp6') for line in Path(f'/proc/{self.pid}/net/{name}').read_text(encoding='ascii').splitlines()[1:]]
        return any(row[3] == '0A' and row[1].endswith(f':{port:04X}') for row in rows)

    def close(self):
        self.process.terminate()
        try:
            self.process.communicate(timeout=2)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.communicate()
        if self.folder:
            shutil.rmtree(self.folder, ignore_errors=True)


def origin(network):
    return Server(network, [TOOLS / 'bench-limit', 'origin', str(ORIGIN_PORT)], LOAD_CORE, ORIGIN_PORT)


def limit(*arguments):
    """bench-limit; its port comes after the first word."""
    kind, *rest = map(str, arguments)
    return lambda network: Server(network, [TOOLS / 'bench-limit', kind, str(PORT), *rest])


def squall(*fault, **settings):
    """The proxy between two addresses."""
    words = ['--fault', *fault] if fault else []
    for name, value in settings.items():
        words += ['--set', f'{name}={value}']
    return lambda network: Server(network, [HELPER, 'proxy', '--listen', f'0.0.0.0:{PORT}', '--forward', f'127.0.0.1:{ORIGIN_PORT}', '--drain', '0', *words], ready='ready')


def intercepting(network, kind, run):
    """The proxy in front of port 80 of a network, with a canned answer."""
    return Server(network, [HELPER, 'proxy', '--netns', network.path, '--port', '80', '--run', run, '--intercept', kind, '--drain', '0', '--fault', 'status-code'], ready='armed')


def with_file(make_command, text):
    def start(network):
        folder = tempfile.mkdtemp(prefix='squall-bench-')
        file = Path(folder) / 'it.conf'
        file.write_text(text, encoding='ascii')
        return Server(network, make_command(folder, file), folder=folder)
    return start


def haproxy(front):
    return with_file(lambda _, file: ['haproxy', '-db', '-f', file], HAPROXY.format(front=HAPROXY_FRONTS[front]))


def nginx(location, protocol=''):
    return with_file(lambda folder, file: ['nginx', '-p', folder, '-c', file], NGINX.format(location=location, protocol=protocol))


@contextlib.contextmanager
def running(network, start, needs_origin):
    """(the target, pids to watch)."""
    with contextlib.ExitStack() as stack:
        behind = []
        if needs_origin:
            behind.append(origin(network))
            stack.callback(behind[0].close)
        server = start(network)
        stack.callback(server.close)
        yield server, [server.pid, *(one.pid for one in behind)]
