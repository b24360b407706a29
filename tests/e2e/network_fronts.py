"""What stands between squall and the lab's endpoint in the tests of networks: TLS, an authority of their own, proxies.

Each front forwards what it gets unchanged (the Host header is signed), and remembers what it saw.
"""
import contextlib
import socket
import ssl
import subprocess
import threading
import urllib.parse

from conftest import Lab
from listener import Listener

PLAN = ('plan', '--fault', 'ecs-agent-stop', '--set', 'CLUSTER_NAME=demo')
RUN = ('run', '--json', '--fault', 'ecs-agent-stop', '--set', 'CLUSTER_NAME=demo', '--set', 'TOTAL_CHAOS_DURATION=6')
ERROR, USAGE = 3, 64


def lab_without_a_way_around():
    """For a module's fixture: a lab whose environment sends nothing through anybody's proxy, and trusts no extra authority."""
    made = Lab(1)
    for name in [name for name in made.environment if name.lower().endswith('_proxy') or name == 'SSL_CERT_FILE']:
        del made.environment[name]
    yield made
    made.down()


def with_settings(lab, **settings):
    return {**lab.environment, **{name: str(value) for name, value in settings.items()}}


def squall(lab, *arguments, **settings):
    return lab.squall(*arguments, environment=with_settings(lab, **settings))


def lab_address(lab):
    url = urllib.parse.urlsplit(lab.endpoint)
    return url.hostname, url.port


def relay(one, other):
    """Both ways, until both have ended."""
    def pump(source, sink):
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                sink.sendall(data)
        with contextlib.suppress(OSError):
            sink.shutdown(socket.SHUT_WR)

    back = threading.Thread(target=pump, args=(other, one), daemon=True)
    back.start()
    pump(one, other)
    back.join(60)


class TlsFront(Listener):
    """Ends TLS and hands the plain bytes to the lab."""

    def __init__(self, target, certificate, key):
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(certificate, key)
        self.target, self.plain, self.names = target, 0, []
        self.context.sni_callback = lambda _socket, name, _context: self.names.append(name)
        super().__init__()

    def serve(self, connection):
        with self.context.wrap_socket(connection, server_side=True) as secured, socket.create_connection(self.target) as lab:
            first = secured.recv(65536)
            self.plain += len(first)
            lab.sendall(first)
            relay(secured, lab)

    @property
    def url(self):
        return f'https://localhost:{self.port}'


class Authority:
    """A certificate authority of our own, and certificates for servers."""

    def __init__(self, folder):
        self.folder = folder
        self.bundle = folder / 'ca.pem'
        self.openssl('req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', 'ca.key', '-out', 'ca.pem', '-days', '2', '-subj', '/CN=Test authority',
                     '-addext', 'basicConstraints=critical,CA:TRUE')

    def openssl(self, *arguments):
        done = subprocess.run(['openssl', *arguments], cwd=self.folder, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr

    def certificate(self, name, names, days='1'):
        (self.folder / f'{name}.ext').write_text(f'subjectAltName={names}\n', encoding='utf-8')
        self.openssl('req', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', f'{name}.key', '-out', f'{name}.csr', '-subj', f'/CN={name}')
        self.openssl('x509', '-req', '-in', f'{name}.csr', '-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-out', f'{name}.pem', '-days', days, '-extfile', f'{name}.ext')
        return self.folder / f'{name}.pem', self.folder / f'{name}.key'


class Proxy(Listener):
    """CONNECT, and requests in absolute form. Refuses with `refusal` when it has one."""

    def __init__(self, refusal=None):
        self.refusal, self.asked, self.authorizations = refusal, [], []
        super().__init__()

    def serve(self, connection):
        head = b''
        while b'\r\n\r\n' not in head:
            data = connection.recv(65536)
            if not data:
                return
            head += data
        lines = head.split(b'\r\n\r\n')[0].decode().split('\r\n')
        self.asked.append(lines[0])
        self.authorizations += [line.split(': ', 1)[1] for line in lines if line.lower().startswith('proxy-authorization:')]
        if self.refusal:
            body = b'<html>go away</html>'
            connection.sendall(f'HTTP/1.1 {self.refusal}\r\nContent-Type: text/html\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n'.encode() + body)
            return
        method, target, _ = lines[0].split(' ')
        url = urllib.parse.urlsplit(target if '://' in target else '//' + target)
        with socket.create_connection((url.hostname, url.port)) as server:
            if method == 'CONNECT':
                connection.sendall(b'HTTP/1.1 200 Connection established\r\n\r\n')
            else:
                # One request a connection is enough here.
                path = target[target.index('/', len('http://')):]
                server.sendall(head.replace(target.encode(), path.encode(), 1).replace(b'\r\n\r\n', b'\r\nConnection: close\r\n\r\n', 1))
            relay(connection, server)
