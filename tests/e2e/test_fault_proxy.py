"""squall-host proxy with real clients and raw sockets: every fault, and what it must leave alone."""
import hashlib
import http.client
import json
import shutil
import signal
import socket
import struct
import subprocess
import threading
import time

import pytest
from conftest import wait_for
from fault_proxy import HELPER, PATIENCE, Proxy, RawServer, WebServer, read_all, read_exactly, read_until

GET = b'GET / HTTP/1.1\r\nHost: a\r\n\r\n'


@pytest.fixture(scope='module')
def web():
    server = WebServer()
    yield server
    server.close()


def curl(*arguments, timeout=60):
    return subprocess.run(['curl', '-sS', '-m', str(3 * PATIENCE), *arguments], capture_output=True, timeout=timeout, check=False)


def test_what_no_fault_touches_is_the_same_with_and_without_it(web):
    requests = [('GET', '/a?b=c', None), ('POST', '/p', b'x' * 100_000), ('HEAD', '/100', None), ('GET', '/204', None), ('GET', '/chunked', None), ('GET', '/3000000', None)]

    def answers(port):
        connection = http.client.HTTPConnection('127.0.0.1', port, timeout=PATIENCE)
        for method, path, body in requests:
            connection.request(method, path, body)
            got = connection.getresponse()
            yield got.status, [pair for pair in got.getheaders() if pair[0] != 'Date'], hashlib.sha256(got.read()).hexdigest()

    with Proxy(web.port) as proxy:
        assert list(answers(proxy.port)) == list(answers(web.port))
        assert proxy.counts() == {'accepted': 1, 'requests': 6, 'untouched': 6}


def conversation(proxy, *requests):
    """(head, body) of each answer, read by the byte: clients forgive what is left on a connection."""
    connection = proxy.connect()
    answers = []
    rest = b''
    for number, request in enumerate(requests):
        end = b'\r\nConnection: close' if number + 1 == len(requests) else b''
        connection.sendall(request.encode() + b' HTTP/1.1\r\nHost: a' + end + b'\r\n\r\n')
    data, how = read_all(connection)
    assert how == 'fin'
    rest = data
    for request in requests:
        head, mark, rest = rest.partition(b'\r\n\r\n')
        assert mark and head.startswith(b'HTTP/1.1 '), (head, data[:2000])
        lengths = [int(line.split(b':')[1]) for line in head.split(b'\r\n') if line.lower().startswith(b'content-length:')]
        size = 0 if request.startswith('HEAD') or not lengths else lengths[0]
        answers.append((head, rest[:size]))
        rest = rest[size:]
    assert rest == b'', rest[:200]
    return answers


@pytest.mark.parametrize('name, value', [('X-Forwarded-For', '127.0.0.1'), ('Forwarded', 'for=127.0.0.1')])
def test_the_application_is_told_its_client_where_that_is_wanted(name, value):
    """After the fields that the request had; not without the option, and nothing else is touched."""
    heads = []

    def serve(connection):
        heads.append(read_until(connection, b'\r\n\r\n'))
        connection.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n')

    request = b'GET /x HTTP/1.1\r\nhOST: a\r\n%s: first\r\n\r\n' % name.encode()
    application = RawServer(serve)
    for options, wanted in (([], request), (['--forwarded-header', name], request[:-2] + f'{name}: {value}\r\n\r\n'.encode())):
        with Proxy(application.port, [('status-code', {'PATHS': '/y'})], *options) as proxy:
            connection = proxy.connect()
            connection.sendall(request)
            read_all(connection)
            assert heads[-1] == wanted
    application.close()


@pytest.mark.parametrize('status', [200, 204, 302, 304, 401, 404, 418, 429, 500, 503, 599])
def test_a_status_is_answered_without_the_application(web, status):
    before = len(web.seen)
    with Proxy(web.port, [('status-code', {'STATUS_CODE': status})]) as proxy:
        connection = http.client.HTTPConnection('127.0.0.1', proxy.port, timeout=PATIENCE)
        for method, body in (('GET', None), ('HEAD', None), ('POST', b'x' * 200_000), ('GET', None)):
            connection.request(method, '/', body)
            got = connection.getresponse()
            text = got.read()
            assert got.status == status
            assert (text != b'') == (method != 'HEAD' and status not in (204, 304)), (method, text)
        answers = conversation(proxy, 'HEAD /', 'GET /', 'HEAD /', 'GET /')
        assert {head[9:12] for head, _ in answers} == {str(status).encode()}
        assert proxy.counts() == {'accepted': 2, 'requests': 8, 'met': 8, 'answered': 8}
    assert len(web.seen) == before


def test_a_status_can_replace_that_of_an_answer_and_keep_its_body(web):
    with Proxy(web.port, [('status-code', {'STATUS_CODE': 503, 'MODIFY_RESPONSE_BODY': 'false'})]) as proxy:
        connection = http.client.HTTPConnection('127.0.0.1', proxy.port, timeout=PATIENCE)
        for path, text in (('/a', b'hello from /a '), ('/204', b''), ('/chunked', b'hello world'), ('/20000', b'x' * 20_000), ('/b', b'hello from /b ')):
            connection.request('GET', path)
            got = connection.getresponse()
            assert (got.status, got.read()) == (503, text), path
        assert proxy.counts() == {'accepted': 1, 'requests': 5, 'met': 5, 'changed': 5}


def test_a_body_is_replaced_whatever_it_was(web):
    with Proxy(web.port, [('modify-body', {'RESPONSE_BODY': 'oops', 'CONTENT_TYPE': 'text/html'})]) as proxy:
        for path in ('/20000', '/chunked', '/5'):
            done = curl('-i', f'{proxy.url}{path}', f'{proxy.url}/204')
            head, _, rest = done.stdout.partition(b'\r\n\r\n')
            assert b'Content-Length: 4' in head and b'text/html' in head and b'chunked' not in head
            assert rest.startswith(b'oopsHTTP/1.1 204')
        answers = conversation(proxy, 'GET /20000', 'GET /5', 'HEAD /20000', 'GET /chunked', 'GET /20000', 'GET /5')
        assert [body for _, body in answers] == [b'oops', b'oops', b'', b'oops', b'oops', b'oops']
    with Proxy(web.port, [('modify-body', {'HEADERS': json.dumps({'X-App': 'chaos', 'X-New': '1'})})]) as proxy:
        done = curl('-i', f'{proxy.url}/5')
        assert done.stdout.endswith(b'\r\n\r\nxxxxx') and b'X-App: chaos\r\nX-New: 1' in done.stdout and b'X-App: yes' not in done.stdout


def test_a_delay_holds_the_response_and_nothing_else(web):
    with Proxy(web.port, [('latency', {'LATENCY': 700, 'PATHS': '/slow*'})]) as proxy:
        before = len(web.seen)
        begun = time.monotonic()
        slow = socket.create_connection(('127.0.0.1', proxy.port))
        slow.sendall(b'GET /slow HTTP/1.1\r\nHost: a\r\n\r\n')
        wait_for('the application has it at once', lambda: len(web.seen) > before, timeout=0.6, interval=0.01)
        assert curl(f'{proxy.url}/quick').stdout == b'hello from /quick '
        assert time.monotonic() - begun < 0.7, 'others are not held up'
        assert b'hello from /slow' in read_until(slow, b'/slow ')
        assert time.monotonic() - begun >= 0.7
        counts = proxy.counts()
        assert counts['delayed'] == 1 and counts['untouched'] == 1


def ready_to_send(proxy, kind):
    connection = proxy.connect()
    if kind == 'request':
        connection.sendall(GET)
    elif kind == 'tls':
        connection.sendall(b'\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03')
    elif kind == 'http2':
        connection.sendall(b'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00')
    return connection


@pytest.mark.parametrize('timeout', [0, 1, 400])
@pytest.mark.parametrize('kind', ['request', 'silence', 'tls', 'http2'])
def test_connections_are_reset_so_long_after_they_were_accepted(web, kind, timeout):
    before = len(web.seen)
    with Proxy(web.port, [('reset-peer', {'RESET_TIMEOUT': timeout})]) as proxy:
        for _ in range(20 if timeout < 100 else 3):
            begun = time.monotonic()
            try:
                connection = ready_to_send(proxy, kind)
            except (ConnectionResetError, BrokenPipeError):
                assert timeout <= 1
                continue
            data, how = read_all(connection)
            assert (data, how) == (b'', 'rst') and time.monotonic() - begun >= timeout / 1000
        counts = proxy.counts()
        assert counts['reset_after_accept'] == counts['accepted']
    assert len(web.seen) == before


def test_a_reset_can_come_after_the_application_has_acted_or_in_mid_body(web):
    with Proxy(web.port, [('reset-peer', {'RESET_AT': 'request'})]) as proxy:
        connection = proxy.connect()
        connection.sendall(b'POST /pay HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n100')
        assert read_all(connection) == (b'', 'rst')
        assert web.seen[-1] == ('POST', '/pay', b'100')
    with Proxy(web.port, [('reset-peer', {'RESET_AT': 'response'})]) as proxy:
        connection = proxy.connect()
        connection.sendall(b'GET /1000 HTTP/1.1\r\nHost: a\r\n\r\n')
        data, how = read_all(connection)
        assert how == 'rst' and data.startswith(b'HTTP/1.1 200') and b'xxx' in data and len(data) < 1000


def test_only_what_is_chosen_is_touched(web):
    with Proxy(web.port, [('status-code', {'METHODS': 'GET', 'EXEMPT_PATHS': '/health', 'MATCH_HEADERS': 'X-User: 7'}), ('status-code', {'STATUS_CODE': 418, 'PATHS': '/tea', 'EVERY_NTH': 2})]) as proxy:
        def status(*arguments):
            return int(curl('-o', '/dev/null', '-w', '%{http_code}', *arguments).stdout)
        assert status(f'{proxy.url}/a') == 200
        assert status('-H', 'X-User: 7', f'{proxy.url}/a') == 503
        assert status('-H', 'X-User: 7', '-X', 'DELETE', f'{proxy.url}/a') == 200
        assert status('-H', 'X-User: 7', f'{proxy.url}/health') == 200
        assert [status(f'{proxy.url}/tea') for _ in range(4)] == [200, 418, 200, 418]


@pytest.mark.parametrize('touched', [(), (1, 3)], ids=['untouched', 'touched'])
def test_pipelined_requests_are_answered_in_order(web, touched):
    faults = [('status-code', {'PATHS': ','.join(f'/p{number}' for number in touched)})] if touched else []
    with Proxy(web.port, faults) as proxy:
        connection = proxy.connect()
        connection.sendall(b''.join(b'GET /p%d HTTP/1.1\r\nHost: a\r\n\r\n' % number for number in range(50)) + b'GET /last HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
        data, how = read_all(connection)
        assert how == 'fin'
        answers = data.split(b'HTTP/1.1 ')[1:]
        assert len(answers) == 51
        for number, answer in enumerate(answers[:50]):
            assert answer.startswith(b'503') if number in touched else answer.endswith(b'hello from /p%d ' % number), (number, answer)


@pytest.mark.parametrize('request_', [GET, b'POST /post HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello', b'PRI /a HTTP/1.1\r\nHost: a\r\n\r\n'], ids=['GET', 'POST', 'PRI'])
def test_a_request_may_come_byte_by_byte(web, request_):
    with Proxy(web.port) as proxy:
        connection = proxy.connect()
        for byte in request_:
            connection.sendall(bytes([byte]))
            wait_for('it has been taken', lambda: not proxy.unread(), interval=0.001)
        assert read_until(connection, b'\r\n\r\n').startswith(b'HTTP/1.1 501' if request_.startswith(b'PRI') else b'HTTP/1.1 200')
        cut = proxy.connect()
        cut.sendall(b'PRI * HT')
        cut.shutdown(socket.SHUT_WR)
        assert read_all(cut) == (b'', 'fin')
        assert proxy.counts()['requests'] == 1


SMUGGLED = [
    b'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n',
    b'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nContent-Length: 40\r\n\r\nbodyGET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n',
    b'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n',
    b'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n',
    b'GET / HTTP/1.1\nHost: a\n\nGET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n',
    b'GET / HTTP/1.1\r\nHost: a\r\nX: y\r\n Transfer-Encoding: chunked\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n',
    b'GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n',
    b'GET / HTTP/1.1\r\nX: a\x00b\r\nHost: a\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n',
    b'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n4\nbody\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n',
]


@pytest.mark.parametrize('bytes_', SMUGGLED, ids=range(len(SMUGGLED)))
def test_what_two_readers_could_take_differently_is_refused(web, bytes_):
    before = len(web.seen)
    with Proxy(web.port) as proxy:
        connection = proxy.connect()
        connection.sendall(bytes_)
        data, _ = read_all(connection)
        assert data[9:12] in (b'400', b'501') and data.count(b'HTTP/1.1 ') == 1, data
        assert proxy.counts()['refused'] == 1
    assert not any(path == '/smuggled' for _, path, _ in web.seen[before:])


def test_a_websocket_passes_through_or_is_refused(web):
    ask = b'GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n'

    def echo(connection):
        read_until(connection, b'\r\n\r\n')
        connection.sendall(b'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n')
        while data := connection.recv(65536):
            connection.sendall(data)
        connection.sendall(b'bye')

    with RawServer(echo) as server:
        with Proxy(server.port) as proxy:
            connection = proxy.connect()
            connection.sendall(ask)
            assert b'101' in read_until(connection, b'\r\n\r\n')
            for size in (1, 1000, 500_000):
                connection.sendall(b'w' * size)
                assert read_exactly(connection, size) == b'w' * size
            connection.shutdown(socket.SHUT_WR)
            assert read_all(connection) == (b'bye', 'fin'), 'each direction ends by itself'
            assert proxy.counts()['upgraded'] == 1
        for asks in ('true', 'false'):
            with Proxy(server.port, [('status-code', {'MODIFY_RESPONSE_BODY': asks})]) as proxy:
                connection = proxy.connect()
                connection.sendall(ask)
                assert b'HTTP/1.1 503' in read_until(connection, b'\r\n\r\n')


def test_a_half_closed_client_still_gets_its_answer(web):
    with Proxy(web.port, [('latency', {'LATENCY': 100})]) as proxy:
        connection = proxy.connect()
        connection.sendall(GET)
        connection.shutdown(socket.SHUT_WR)
        data, how = read_all(connection)
        assert how == 'fin' and data.endswith(b'hello from / ')


def test_what_the_application_does_to_a_connection_is_seen_by_the_client():
    def cut(connection):
        read_until(connection, b'\r\n\r\n')
        connection.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort')

    with RawServer(cut) as server, Proxy(server.port) as proxy:
        connection = proxy.connect()
        connection.sendall(GET)
        assert read_all(connection) == (b'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort', 'fin')
    with socket.create_server(('127.0.0.1', 0)) as closed:
        port = closed.getsockname()[1]
    with Proxy(port) as proxy:
        connection = proxy.connect()
        connection.sendall(GET)
        assert read_all(connection) == (b'', 'rst')
        assert proxy.counts()['application_unreachable'] == 1


def test_expectations_are_met(web):
    with Proxy(web.port) as proxy:
        done = curl('-H', 'Expect: 100-continue', '-d', 'x' * 50_000, f'{proxy.url}/e')
        assert done.stdout == b'hello from /e ' + b'x' * 50_000
    with Proxy(web.port, [('status-code', {})]) as proxy:
        done = curl('-v', '-H', 'Expect: 100-continue', '-d', 'x' * 50_000, f'{proxy.url}/e')
        assert b'HTTP/1.1 503' in done.stderr and b'100 Continue' not in done.stderr


def big_body_server(size):
    def serve(connection):
        read_until(connection, b'\r\n\r\n')
        connection.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n' % size)
        part = b'z' * (1 << 20)
        for _ in range(size >> 20):
            connection.sendall(part)
    return RawServer(serve)


@pytest.mark.parametrize('faults', [[], [('status-code', {'MODIFY_RESPONSE_BODY': 'false'})], [('modify-body', {'RESPONSE_BODY': 'small'})]], ids=['untouched', 'status', 'body'])
def test_two_gibibytes_pass_in_little_memory(faults):
    size = 2 << 30
    with big_body_server(size) as server, Proxy(server.port, faults) as proxy:
        done = curl('-o', '/dev/null', '-w', '%{size_download}', proxy.url, timeout=120)
        assert int(done.stdout) == (5 if faults and faults[0][0] == 'modify-body' else size), done
        assert proxy.memory_peak() < 32 << 20


def test_a_slow_reader_pushes_back(web):
    sent = []

    def serve(connection):
        read_until(connection, b'\r\n\r\n')
        connection.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n' % (1 << 30))
        connection.settimeout(1)
        part = b'z' * (1 << 16)
        for _ in range(1 << 14):
            connection.sendall(part)
            sent.append(len(part))

    with RawServer(serve) as server, Proxy(server.port) as proxy:
        connection = proxy.connect()
        connection.sendall(GET)
        stands = [0]

        def stands_still():
            was, stands[0] = stands[0], sum(sent)
            return was and was == stands[0]

        wait_for('the application cannot go on', stands_still, interval=0.5)
        assert sum(sent) < 64 << 20 and proxy.memory_peak() < 32 << 20
    with Proxy(web.port, [('status-code', {})]) as proxy:
        connection = proxy.connect()
        connection.settimeout(1)
        with pytest.raises(TimeoutError):
            for _ in range(1000):
                connection.sendall(GET * 10_000)  # and no answer is read
        assert proxy.memory_peak() < 32 << 20


def test_a_lack_of_descriptors_does_not_end_it(web):
    with Proxy(web.port, [('status-code', {'PATHS': '/bad'})], descriptors=60) as proxy:
        crowd = [proxy.connect() for _ in range(200)]
        for connection in crowd[:20]:
            connection.sendall(b'GET /bad HTTP/1.1\r\nHost: a\r\n\r\n')
        assert b'503' in read_until(crowd[0], b'asked.\n')
        for connection in crowd:
            connection.close()
        assert curl(f'{proxy.url}/fine').stdout == b'hello from /fine '
        counts = proxy.counts()
        assert counts['out_of_descriptors'] >= 1


def test_many_held_connections_are_all_reset(web):
    with Proxy(web.port, [('reset-peer', {'RESET_TIMEOUT': 1500})]) as proxy:
        idle = proxy.memory_peak()
        crowd = [proxy.connect() for _ in range(900)]
        assert proxy.memory_peak() - idle < 4 << 20
        assert {read_all(connection) for connection in crowd} == {(b'', 'rst')}
        wait_for('no descriptor is lost', lambda: proxy.descriptors() < 20)
        assert proxy.counts() == {'accepted': 900, 'reset_after_accept': 900}


def test_at_the_end_everybody_gets_the_true_answer(web):
    faults = [('latency', {'LATENCY': 60_000, 'PATHS': '/slow'}), ('status-code', {'PATHS': '/held'}), ('latency', {'LATENCY': 60_000, 'PATHS': '/held'})]
    with Proxy(web.port, faults, '--drain', '20') as proxy:
        crowd = {}
        for path in ('/slow', '/held', '/idle'):
            crowd[path] = proxy.connect()
            crowd[path].sendall(b'POST %s HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi' % path.encode())
        assert b'hello from /idle hi' in read_until(crowd['/idle'], b' hi')
        wait_for('the application has it', lambda: any(path == '/slow' for _, path, _ in web.seen))
        assert not any(path == '/held' for _, path, _ in web.seen)
        proxy.disarm()
        crowd['/idle'].sendall(b'GET /held HTTP/1.1\r\nHost: a\r\n\r\n')
        for path, connection in crowd.items():
            data, how = read_all(connection)
            assert how == 'fin' and b'Connection: close' in data and (b'hello from /slow hi' if path == '/slow' else b'hello from /held ') in data, (path, data)
        with pytest.raises(ConnectionRefusedError):
            proxy.connect()
        proxy.counts()
        assert proxy.told[-1]['cut_off'] == 0
    with Proxy(web.port, [('reset-peer', {'RESET_TIMEOUT': 60_000})], '--drain', '20') as proxy:
        before = proxy.descriptors()
        connection = proxy.connect()
        connection.sendall(GET)
        wait_for('it is accepted', lambda: proxy.descriptors() > before)
        proxy.disarm()
        assert b'hello from / ' in read_all(connection)[0], 'what was held is served'


def test_it_ends_by_itself(web):
    begun = time.monotonic()
    with Proxy(web.port, [], '--for', '1', '--drain', '1') as proxy:
        held = proxy.connect()
        proxy.process.wait(20)
        assert time.monotonic() - begun >= 1
        assert read_all(held)[0] == b''


def test_both_address_families_are_spoken(web):
    with Proxy(web.port, [('status-code', {'STATUS_CODE': 404})], listen='[::1]:0') as proxy:
        assert b'404 Not Found' in curl('-g', f'http://[::1]:{proxy.port}/').stdout


def test_http2_passes_unread_where_there_is_no_fault():
    if not shutil.which('nghttpd'):
        pytest.skip('no nghttpd here (package nghttp2-server)')
    with socket.create_server(('127.0.0.1', 0)) as free:
        port = free.getsockname()[1]
    server = subprocess.Popen(['nghttpd', '--no-tls', '-a', '127.0.0.1', str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        def is_up():
            with socket.socket() as trial:
                return trial.connect_ex(('127.0.0.1', port)) == 0
        wait_for('nghttpd listens', is_up)
        with Proxy(port) as proxy:
            assert b'404' in subprocess.run(['nghttp', '-v', proxy.url], capture_output=True, timeout=30, check=False).stdout
            assert proxy.counts() == {'accepted': 1, 'http2': 1}
    finally:
        server.kill()
        server.wait()


@pytest.mark.parametrize('arguments, why', [
    (['--listen', 'x', '--forward', '127.0.0.1:1'], "'x' is no address"),
    (['--listen', '127.0.0.1:0', '--forward', 'localhost:80'], "'localhost:80' is no address"),
    (['--listen', '127.0.0.1:0', '--forward', '127.0.0.1:1', '--fault', 'lag'], "there is no fault 'lag'; there are reset-peer"),
    (['--listen', '127.0.0.1:0', '--forward', '127.0.0.1:1', '--fault', 'latency', '--set', 'LATENCI=5'], 'LATENCY is meant?'),
    (['--listen', '127.0.0.1:0', '--forward', '127.0.0.1:1', '--fault', 'status-code', '--set', 'STATUS_CODE=600'], '200 to 599'),
    (['--listen', '127.0.0.1:0', '--forward', '127.0.0.1:1', '--set', 'A=1'], 'belongs to a --fault before it'),
    (['--listen', '127.0.0.1:0', '--forward', '127.0.0.1:1', '--fault', 'latency', '--set', 'LATENCY'], 'NAME=VALUE is wanted'),
    (['--listen', '127.0.0.1:0', '--forward', '127.0.0.1:1', '--for', '0'], '--for'),
])
def test_mistakes_are_named_before_anything_listens(arguments, why):
    done = subprocess.run([HELPER, 'proxy', *arguments], capture_output=True, text=True, timeout=20, check=False)
    assert done.returncode == 64 and why in done.stderr and done.stdout == '', done


def test_clients_that_flood_and_vanish_leave_nothing(web):
    with Proxy(web.port, [('latency', {'LATENCY': 30}), ('status-code', {'EVERY_NTH': 3})]) as proxy:
        def crowd():
            for number in range(60):
                connection = proxy.connect()
                connection.sendall(GET if number % 3 else b'GET /unfinished HTTP/1.1\r\nHo')
                if number % 2:
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b'\1\0\0\0\0\0\0\0')
                connection.close()
        threads = [threading.Thread(target=crowd) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert curl(f'{proxy.url}/x').returncode == 0
        wait_for('no descriptor is lost', lambda: proxy.descriptors() < 20)


def test_what_happened_to_a_connection_that_is_gone_does_not_happen_to_the_next_one():
    """One look brings three events: the application resets, which ends a connection; another client is at the door, and gets the same descriptor;
    and the first client has reset its connection, too."""
    held, to_reset = threading.Event(), threading.Event()

    def serve(connection):
        read_until(connection, b'\r\n\r\n')
        if not held.is_set():
            held.set()
            assert to_reset.wait(PATIENCE)
            reset(connection)
            to_reset.clear()
            return
        connection.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n')

    def reset(connection):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
        connection.close()

    application = RawServer(serve)
    with Proxy(application.port, [('status-code', {'PATHS': '/y'})]) as proxy:
        first = proxy.connect()
        first.sendall(GET)
        assert held.wait(PATIENCE)
        proxy.process.send_signal(signal.SIGSTOP)
        to_reset.set()
        wait_for('the application has reset', lambda: not to_reset.is_set())
        second = proxy.connect()
        reset(first)
        proxy.process.send_signal(signal.SIGCONT)
        second.sendall(GET)
        data, how = read_all(second)
        assert data.startswith(b'HTTP/1.1 200') and how == 'fin'
        assert proxy.counts()['accepted'] == 2
    application.close()
