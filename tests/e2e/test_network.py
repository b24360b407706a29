"""squall as a client of AWS over networks as operators have them: TLS with a private authority, proxies, trouble.

Each front here stands before the lab's endpoint, forwards what it gets unchanged (the Host header is signed), and
remembers what it saw.
"""
import collections
import contextlib
import http.client
import http.server
import json
import re
import signal
import socket
import ssl
import struct
import subprocess
import threading
import time
import urllib.parse

import pytest
from conftest import Finished, Lab, wait_for

PLAN = ('plan', '--fault', 'ecs-agent-stop', '--set', 'CLUSTER_NAME=demo')
RUN = ('run', '--json', '--fault', 'ecs-agent-stop', '--set', 'CLUSTER_NAME=demo', '--set', 'TOTAL_CHAOS_DURATION=6')
ERROR, USAGE = 3, 64


@pytest.fixture(scope='module')
def lab():
    made = Lab(1)
    for name in [name for name in made.environment if name.lower().endswith('_proxy') or name == 'SSL_CERT_FILE']:
        del made.environment[name]
    yield made
    made.down()


def with_settings(lab, **settings):
    return {**lab.environment, **{name: str(value) for name, value in settings.items()}}


def squall(lab, *arguments, **settings):
    return lab.squall(*arguments, environment=with_settings(lab, **settings))


def nothing_was_sent(lab):
    return lab.client('ssm').list_commands()['Commands'] == [] and all(lab.connected().values())


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


class Listener:
    """Calls serve(connection) for each client, in a thread of its own."""

    def __init__(self):
        self.socket = socket.create_server(('127.0.0.1', 0), backlog=50)
        self.port = self.socket.getsockname()[1]
        self.connections = 0
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self.guarded, args=(connection,), daemon=True).start()

    def guarded(self, connection):
        with connection, contextlib.suppress(OSError):
            self.serve(connection)

    def serve(self, connection):
        raise NotImplementedError

    def close(self):
        # Closing alone does not wake who waits in accept.
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


# --- TLS ------------------------------------------------------------------------------------------


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


@pytest.fixture(scope='module')
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp('authority'))


@pytest.fixture(scope='module')
def front(lab, authority):
    with TlsFront(lab_address(lab), *authority.certificate('good', 'DNS:localhost,IP:127.0.0.1')) as made:
        yield made


@pytest.fixture(scope='module')
def misnamed(lab, authority):
    with TlsFront(lab_address(lab), *authority.certificate('other', 'DNS:ecs.us-east-1.amazonaws.com,IP:127.0.0.2')) as made:
        yield made


def test_a_whole_run_goes_through_tls_with_a_private_authority(lab, front, authority):
    planned = squall(lab, *PLAN, AWS_ENDPOINT_URL=front.url, AWS_CA_BUNDLE=authority.bundle)
    assert planned.code == 0 and lab.instance_ids()[0] in planned.out, planned
    assert set(front.names) == {'localhost'}, 'the server is told by which name it is meant'
    run = squall(lab, *RUN, AWS_ENDPOINT_URL=front.url, AWS_CA_BUNDLE=authority.bundle)
    assert run.code == 0, run
    verdict = json.loads(run.out.splitlines()[-1])
    assert verdict['verdict'] == 'passed' and verdict['api_calls']['ssm:SendCommand'] == 2
    assert all(lab.connected().values())


def test_the_authority_can_be_named_in_each_of_the_usual_places(lab, front, authority, tmp_path):
    config = tmp_path / 'config'
    config.write_text(f'[default]\nca_bundle = {authority.bundle}\n', encoding='utf-8')
    assert squall(lab, *PLAN, AWS_ENDPOINT_URL=front.url, SSL_CERT_FILE=authority.bundle).code == 0
    assert squall(lab, *PLAN, AWS_ENDPOINT_URL=front.url, AWS_CONFIG_FILE=config).code == 0
    by_address = front.url.replace('localhost', '127.0.0.1')
    assert squall(lab, *PLAN, AWS_ENDPOINT_URL=by_address, AWS_CA_BUNDLE=authority.bundle).code == 0, 'the certificate names the address too'


def test_a_server_that_nobody_vouches_for_gets_nothing(lab, front):
    before = front.plain
    sent = len(lab.client('ssm').list_commands()['Commands'])
    for arguments in (PLAN, RUN):
        seen = front.connections
        refused = squall(lab, *arguments, AWS_ENDPOINT_URL=front.url)
        assert refused.code == ERROR, refused
        assert front.url in refused.err and 'certificate' in refused.err and 'AWS_CA_BUNDLE' in refused.err
        assert front.connections == seen + 1, 'a certificate does not get better by asking again'
    assert front.plain == before, 'not one byte of a request'
    assert len(lab.client('ssm').list_commands()['Commands']) == sent and all(lab.connected().values())


def test_a_certificate_for_another_name_is_refused(lab, misnamed, authority):
    for url, name in ((misnamed.url, 'localhost'), (misnamed.url.replace('localhost', '127.0.0.1'), '127.0.0.1')):
        refused = squall(lab, *PLAN, AWS_ENDPOINT_URL=url, AWS_CA_BUNDLE=authority.bundle)
        assert refused.code == ERROR, refused
        assert name in refused.err and re.search('mismatch|another name|does not match|not for', refused.err), refused
    assert misnamed.plain == 0


def test_a_certificate_that_has_run_out_is_refused_and_called_so(lab, authority):
    with TlsFront(lab_address(lab), *authority.certificate('old', 'DNS:localhost', days='-1')) as old:
        refused = squall(lab, *PLAN, AWS_ENDPOINT_URL=old.url, AWS_CA_BUNDLE=authority.bundle)
        assert refused.code == ERROR and 'expired' in refused.err and old.plain == 0, refused


def test_a_bundle_that_cannot_be_used_is_named(lab, front, tmp_path):
    (tmp_path / 'garbage.pem').write_text('no certificate\n', encoding='utf-8')
    for bundle in (tmp_path / 'none.pem', tmp_path / 'garbage.pem', tmp_path):
        refused = squall(lab, *PLAN, AWS_ENDPOINT_URL=front.url, AWS_CA_BUNDLE=bundle)
        assert refused.code in (ERROR, USAGE) and str(bundle) in refused.err and 'AWS_CA_BUNDLE' in refused.err, refused


def test_a_server_without_tls_is_not_spoken_to(lab, authority):
    refused = squall(lab, *PLAN, AWS_ENDPOINT_URL=lab.endpoint.replace('http:', 'https:'), AWS_CA_BUNDLE=authority.bundle)
    assert refused.code == ERROR and lab.endpoint.replace('http:', 'https:') in refused.err and 'TLS' in refused.err, refused


# --- proxies --------------------------------------------------------------------------------------


class Proxy(Listener):
    """CONNECT, and requests in absolute form. Refuses with `refusal` when it has one."""

    def __init__(self, refusal=None):
        self.refusal, self.asked, self.authorizations = refusal, [], []
        super().__init__()

    @property
    def url(self):
        return f'http://127.0.0.1:{self.port}'

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


def test_https_goes_through_a_tunnel(lab, front, authority):
    with Proxy() as proxy:
        planned = squall(lab, *PLAN, AWS_ENDPOINT_URL=front.url, AWS_CA_BUNDLE=authority.bundle, HTTPS_PROXY=proxy.url, HTTP_PROXY='http://127.0.0.1:1')
        assert planned.code == 0, planned
        assert proxy.asked and set(proxy.asked) == {f'CONNECT localhost:{front.port} HTTP/1.1'}


def test_a_run_goes_through_an_http_proxy_with_its_signatures_intact(lab):
    with Proxy() as proxy:
        run = squall(lab, *RUN, HTTP_PROXY=proxy.url, HTTPS_PROXY='http://127.0.0.1:1')
        assert run.code == 0, run
        assert set(proxy.asked) == {f'POST {lab.endpoint}/ HTTP/1.1'}
        calls = json.loads(run.out.splitlines()[-1])['api_calls']
        assert len(proxy.asked) >= sum(calls.values()), 'all of it'


def test_no_proxy_is_honoured(lab, front, authority):
    host, port = lab_address(lab)
    with Proxy('403 Forbidden') as proxy:
        for exception in ('127.0.0.1', '*', f'other.example, {host}:{port}', '127.0.0.0/8', 'localhost,127.0.0.1'):
            for name in ('NO_PROXY', 'no_proxy'):
                assert squall(lab, *PLAN, HTTP_PROXY=proxy.url, **{name: exception}).code == 0, exception
        assert squall(lab, *PLAN, AWS_ENDPOINT_URL=front.url, AWS_CA_BUNDLE=authority.bundle, HTTPS_PROXY=proxy.url, NO_PROXY='localhost').code == 0
        assert proxy.asked == []
        assert squall(lab, *PLAN, HTTP_PROXY=proxy.url, NO_PROXY=f'{host}:{port + 1},example.com,27.0.0.1').code == ERROR
        assert proxy.asked != []


def test_a_proxy_that_refuses_is_named_and_not_asked_again(lab, front, authority):
    for refusal in ('403 Forbidden', '407 Proxy Authentication Required'):
        with Proxy(refusal) as proxy:
            tunnel = squall(lab, *PLAN, AWS_ENDPOINT_URL=front.url, AWS_CA_BUNDLE=authority.bundle, HTTPS_PROXY=proxy.url.replace('//', '//user:pa55word@'))
            assert tunnel.code == ERROR, tunnel
            assert f'127.0.0.1:{proxy.port}' in tunnel.err and refusal[:3] in tunnel.err and f'localhost:{front.port}' in tunnel.err
            assert 'pa55word' not in tunnel.err + tunnel.out
            assert len(proxy.asked) == 1 and proxy.authorizations == ['Basic dXNlcjpwYTU1d29yZA==']
            plain = squall(lab, *PLAN, HTTP_PROXY=proxy.url)
            assert plain.code == ERROR and refusal[:3] in plain.err and f'127.0.0.1:{proxy.port}' in plain.err, plain
            assert len(proxy.asked) == 2


def test_a_proxy_that_is_not_there_is_named(lab):
    with Proxy() as proxy:
        pass
    failed = squall(lab, *PLAN, HTTP_PROXY=proxy.url.replace('//', '//user:pa55word@'))
    assert failed.code == ERROR and f'127.0.0.1:{proxy.port}' in failed.err and 'proxy' in failed.err and 'pa55word' not in failed.err, failed


def test_a_proxy_that_makes_no_sense_is_refused_before_anything_is_sent(lab):
    for nonsense in ('ftp://127.0.0.1:1', 'http://', 'socks5://127.0.0.1:1080'):
        failed = squall(lab, *PLAN, HTTP_PROXY=nonsense)
        assert failed.code in (ERROR, USAGE) and 'proxy' in failed.err and nonsense in failed.err, failed
    secret = squall(lab, *PLAN, HTTP_PROXY='https://user:pa55word@127.0.0.1:1')
    assert secret.code in (ERROR, USAGE) and '127.0.0.1:1' in secret.err and 'pa55word' not in secret.err, secret


# --- trouble --------------------------------------------------------------------------------------


class Trouble(http.server.ThreadingHTTPServer):
    """Answers each request by the next of its moods, and with the lab's own answer when there is none left."""

    daemon_threads = True

    def __init__(self, lab, *moods, forever=None):
        self.lab, self.moods, self.forever = lab_address(lab), collections.deque(moods), forever
        self.seen, self.released, self.lock = [], threading.Event(), threading.Lock()
        super().__init__(('127.0.0.1', 0), TroubleHandler)
        threading.Thread(target=self.serve_forever, kwargs={'poll_interval': 0.05}, daemon=True).start()

    @property
    def url(self):
        return f'http://127.0.0.1:{self.server_address[1]}'

    def next_mood(self, operation):
        with self.lock:
            self.seen.append((operation, time.monotonic()))
            return self.moods.popleft() if self.moods else self.forever

    def operations(self):
        return [operation for operation, _ in self.seen]

    def handle_error(self, request, client_address):
        pass

    def __exit__(self, *arguments):
        self.released.set()
        self.shutdown()
        super().__exit__(*arguments)


class TroubleHandler(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'

    def log_message(self, *_):
        pass

    def answer(self, status, body, **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace('_', '-'), value)
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get('Content-Length', 0)))
        target = self.headers.get('X-Amz-Target', '')
        operation = target.rsplit('.', 1)[-1] if target else urllib.parse.parse_qs(body.decode())['Action'][0]
        mood = self.server.next_mood(operation)
        error = {'500': 'InternalServerError', '503': 'ServiceUnavailable'}
        if mood in error:
            self.answer(int(mood), json.dumps({'__type': error[mood], 'message': 'try later'}).encode(), Content_Type='application/x-amz-json-1.1')
        elif mood == 'throttle' or mood == 'wait 2':
            wait = {'Retry_After': '2'} if mood == 'wait 2' else {}
            if target:
                self.answer(400, b'{"__type":"ThrottlingException","message":"Rate exceeded"}', Content_Type='application/x-amz-json-1.1', **wait)
            else:
                self.answer(400, b'<ErrorResponse><Error><Type>Sender</Type><Code>Throttling</Code><Message>Rate exceeded</Message></Error><RequestId>1</RequestId></ErrorResponse>', Content_Type='text/xml', **wait)
        elif mood == 'denied':
            self.answer(400, b'{"__type":"AccessDeniedException","message":"User: arn:aws:iam::123456789012:user/lab is not authorized to perform: ecs:DescribeClusters on resource: *"}', Content_Type='application/x-amz-json-1.1')
        elif mood == 'page':
            self.answer(200, b'<!DOCTYPE html><html>Please log in to the network</html>', Content_Type='text/html')
        elif mood == 'reset':
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
            self.connection.close()
            self.close_connection = True
        elif mood == 'close':
            self.close_connection = True
        elif mood == 'garbage':
            self.wfile.write(b'hello, I am no HTTP server\r\n\r\n')
            self.close_connection = True
        elif mood == 'half':
            self.wfile.write(b'HTTP/1.1 200 OK\r\nContent-Type: application/x-amz-json-1.1\r\nContent-Length: 1000\r\n\r\n{"clusters":')
            self.close_connection = True
        elif mood == 'silence':
            self.server.released.wait(300)
            self.close_connection = True
        else:
            self.forward(body)

    def forward(self, body):
        connection = http.client.HTTPConnection(*self.server.lab, timeout=60)
        with contextlib.closing(connection):
            connection.putrequest('POST', self.path, skip_host=True, skip_accept_encoding=True)
            for name, value in self.headers.items():
                connection.putheader(name, value)
            connection.endheaders(body)
            got = connection.getresponse()
            self.answer(got.status, got.read(), Content_Type=got.getheader('Content-Type'))


@pytest.mark.parametrize('mood', ['500', '503', 'throttle', 'reset', 'close', 'garbage', 'half'])
def test_trouble_that_passes_is_waited_out_without_a_word(lab, mood):
    with Trouble(lab, mood, None, mood) as endpoint:
        planned = squall(lab, *PLAN, AWS_ENDPOINT_URL=endpoint.url)
        assert planned.code == 0 and lab.instance_ids()[0] in planned.out and planned.err == '', planned
        calls = collections.Counter(endpoint.operations())
        assert sum(calls.values()) == len(calls) + 2, 'each of the two was asked once more'


def test_trouble_during_a_run_does_not_change_its_outcome(lab):
    moods = [None, None, 'throttle', None, 'reset', None, None, '500', None, None, 'close', None, None, None, 'throttle']
    with Trouble(lab, *moods) as endpoint:
        run = squall(lab, *RUN, AWS_ENDPOINT_URL=endpoint.url)
        assert run.code == 0, run
        verdict = json.loads(run.out.splitlines()[-1])
        assert verdict['verdict'] == 'passed'
        # A kept connection that the server ended is replaced without a word: two of the moods do that.
        counted = sum(verdict['api_calls'].values())
        assert len(endpoint.seen) - 2 <= counted <= len(endpoint.seen), (verdict['api_calls'], collections.Counter(endpoint.operations()))
    assert all(lab.connected().values())


def test_a_service_that_asks_for_patience_gets_it(lab):
    with Trouble(lab, 'wait 2') as endpoint:
        assert squall(lab, *PLAN, AWS_ENDPOINT_URL=endpoint.url).code == 0
        (first, at), (second, later) = endpoint.seen[:2]
        assert first == second and later - at >= 2


@pytest.mark.parametrize('mood, told', [('throttle', 'Throttling'), ('reset', 'reset')])
def test_trouble_that_stays_ends_in_an_error_that_says_what_was_tried(lab, mood, told):
    with Trouble(lab, forever=mood) as endpoint:
        failed = squall(lab, *RUN, AWS_ENDPOINT_URL=endpoint.url)
        assert failed.code == ERROR, failed
        assert told in failed.err and '5 attempts' in failed.err and re.search(r'(ecs|ssm|sts):[A-Z]', failed.err), failed
        assert len(set(endpoint.operations())) == 1 and len(endpoint.seen) == 5
    assert all(lab.connected().values())


def test_an_endpoint_that_is_down_is_named_with_what_to_do(lab):
    with Trouble(lab) as endpoint:
        pass
    failed = squall(lab, *PLAN, AWS_ENDPOINT_URL=endpoint.url)
    assert failed.code == ERROR and endpoint.url in failed.err and 'refused' in failed.err and '5 attempts' in failed.err, failed
    assert 'AWS_ENDPOINT_URL' in failed.err, 'where that address came from'


def test_a_name_that_nobody_knows_is_named(lab):
    failed = squall(lab, *PLAN, AWS_ENDPOINT_URL='http://ecs.invalid:4747')
    assert failed.code == ERROR and 'ecs.invalid' in failed.err, failed


def test_a_page_of_somebody_else_is_no_answer(lab):
    with Trouble(lab, forever='page') as endpoint:
        failed = squall(lab, *PLAN, AWS_ENDPOINT_URL=endpoint.url)
        assert failed.code == ERROR and 'makes no sense' in failed.err and 'proxy' in failed.err, failed
        assert len(endpoint.seen) == 1, 'asking again would bring the same page'


def test_a_refusal_is_not_asked_again_and_says_what_is_missing(lab):
    with Trouble(lab, None, forever='denied') as endpoint:
        failed = squall(lab, *PLAN, AWS_ENDPOINT_URL=endpoint.url)
        assert failed.code == ERROR and endpoint.operations() == ['GetCallerIdentity', 'DescribeClusters'], failed
        assert 'ecs:DescribeClusters' in failed.err and 'arn:aws:iam::123456789012:user/lab' in failed.err


def test_silence_is_given_up_and_asked_again(lab):
    with Trouble(lab, 'silence') as endpoint:
        planned = squall(lab, *PLAN, AWS_ENDPOINT_URL=endpoint.url)
        assert planned.code == 0, planned
        (first, at), (second, later) = endpoint.seen[:2]
        assert first == second and later - at >= 25, 'half a minute of patience'


def test_ctrl_c_ends_a_wait_for_silence(lab):
    with Trouble(lab, forever='silence') as endpoint:
        process = lab.start(*PLAN, environment=with_settings(lab, AWS_ENDPOINT_URL=endpoint.url))
        wait_for('the first call waits', lambda: endpoint.seen)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)
        assert process.returncode != 0 and 'stopped' in err and 'Traceback' not in out, Finished(subprocess.CompletedProcess([], process.returncode, out, err))
        assert len(endpoint.seen) == 1


def test_one_service_can_be_sent_elsewhere(lab):
    with Trouble(lab) as elsewhere:
        assert squall(lab, *PLAN, AWS_ENDPOINT_URL_SSM=elsewhere.url).code == 0
        assert set(elsewhere.operations()) == {'DescribeInstanceInformation'}
