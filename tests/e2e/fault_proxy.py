"""A built squall-host proxy, and applications of every sort behind it."""
import contextlib
import http.server
import json
import os
import resource
import signal
import socket
import subprocess
import threading
from pathlib import Path

from listener import Listener

ROOT = Path(__file__).resolve().parents[2]
# Seconds that a client waits for an answer.
PATIENCE = int(os.environ.get('SQUALL_TEST_PATIENCE', '20'))
HELPER = os.environ.get('SQUALL_HOST_BINARY', str(ROOT / 'build/release/squall-host'))


class Proxy:
    """`fault` is a list of (name, {setting: value})."""

    def __init__(self, application, faults=(), *options, descriptors=None, listen='127.0.0.1:0'):
        # Connections that a test leaves open are not waited for.
        drain = [] if '--drain' in options else ['--drain', '0']
        arguments = [HELPER, 'proxy', '--listen', listen, '--forward', f'127.0.0.1:{application}', *drain, *options]
        for name, settings in faults:
            arguments += ['--fault', name]
            for key, value in settings.items():
                arguments += ['--set', f'{key}={value}']

        def limit():
            if descriptors:
                resource.setrlimit(resource.RLIMIT_NOFILE, (descriptors, descriptors))

        self.process = subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, preexec_fn=limit)
        line = self.process.stdout.readline()
        assert line, self.process.stderr.read()
        self.ready = json.loads(line)
        assert self.ready['event'] == 'ready'
        self.port = int(self.ready['listen'].rpartition(':')[2])
        self.url = f'http://127.0.0.1:{self.port}'
        self.told = []

    def connect(self, timeout=PATIENCE):
        return socket.create_connection(('127.0.0.1', self.port), timeout=timeout)

    def memory_peak(self):
        """Bytes."""
        for line in Path(f'/proc/{self.process.pid}/status').read_text(encoding='utf-8').splitlines():
            if line.startswith('VmHWM:'):
                return int(line.split()[1]) * 1024
        raise AssertionError('no VmHWM')

    def descriptors(self):
        return len(list(Path(f'/proc/{self.process.pid}/fd').iterdir()))

    def unread(self):
        """Bytes in its sockets that it has not read."""
        rows = Path(f'/proc/{self.process.pid}/net/tcp').read_text(encoding='utf-8').splitlines()[1:]
        local = f':{self.port:04X}'
        # State 01 is an established connection; the queues are "transmit:receive", in hexadecimal.
        return sum(int(row.split()[4].split(':')[1], 16) for row in rows if row.split()[1].endswith(local) and row.split()[3] == '01')

    def disarm(self):
        """Returns when it says that it is disarmed."""
        self.process.send_signal(signal.SIGTERM)
        self.told.append(json.loads(self.process.stdout.readline()))
        assert self.told[-1]['event'] == 'disarmed'

    def counts(self):
        """Ends it, and gives what it counted (those that are not 0)."""
        if self.process.poll() is None and not self.told:
            self.disarm()
        # Not communicate(): what a readline() has read ahead would be lost.
        out, err = self.process.stdout.read(), self.process.stderr.read()
        self.process.wait(60)
        assert self.process.returncode == 0 and err == '', (self.process.returncode, err)
        self.told += [json.loads(line) for line in out.splitlines()]
        assert self.told[-1]['event'] == 'end'
        return {name: count for name, count in self.told[-1]['counts'].items() if count}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(60)
        self.process.stdout.close()
        self.process.stderr.close()


class WebServer:
    """Answers by its path; remembers what reached it."""

    def __init__(self):
        outer = self
        self.seen = []

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = 'HTTP/1.1'

            def answer(self):
                length = int(self.headers.get('Content-Length', 0))
                body = self.rfile.read(length)
                outer.seen.append((self.command, self.path, body))
                if self.path == '/204':
                    self.send_response(204)
                    self.end_headers()
                    return
                if self.path == '/chunked':
                    self.send_response(200)
                    self.send_header('Transfer-Encoding', 'chunked')
                    self.end_headers()
                    self.wfile.write(b'5\r\nhello\r\n6;x=y\r\n world\r\n0\r\nX-Trailer: t\r\n\r\n')
                    return
                text = b'x' * int(self.path[1:]) if self.path[1:].isdigit() else b'hello from ' + self.path.encode() + b' ' + body
                self.send_response(200)
                self.send_header('Content-Length', str(len(text)))
                self.send_header('X-App', 'yes')
                self.end_headers()
                if self.command != 'HEAD':
                    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                        self.wfile.write(text)

            do_GET = do_POST = do_PUT = do_HEAD = do_DELETE = answer

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            def handle_error(self, *_):  # clients that are reset are what these tests are about
                pass

        self.server = Server(('127.0.0.1', 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class RawServer(Listener):
    def __init__(self, serve):
        self.serve = serve
        super().__init__()


def read_until(connection, wanted):
    data = b''
    while wanted not in data:
        got = connection.recv(65536)
        if not got:
            break
        data += got
    return data


def read_exactly(connection, size):
    data = b''
    while len(data) < size and (got := connection.recv(size - len(data))):
        data += got
    return data


def read_all(connection):
    """Until the end; (bytes, 'fin' or 'rst')."""
    data = b''
    try:
        while got := connection.recv(65536):
            data += got
    except ConnectionResetError:
        return data, 'rst'
    return data, 'fin'
