"""squall-host proxy with clients and applications of HTTP/2 in clear text, and with what no client says."""
import json
import os
import socket
import struct
import subprocess
import time

import pytest
from conftest import wait_for
from fault_proxy import PATIENCE, Proxy, RawServer, WebServer, read_all, read_until
from http2_peers import (CONTINUATION, DATA, END_HEADERS, END_STREAM, GET, GOAWAY, HEADERS, PING, POST, PRIORITY, PUSH_PROMISE, RST_STREAM, SETTINGS, WINDOW_UPDATE, NodeServer, RawClient, ask,
                         frame, needs)

# A fault that reads every request, and touches none of these.
NEVER = [('status-code', {'PATHS': '/never'})]
GRPC = {'content-type': 'application/grpc', 'te': 'trailers'}


@pytest.fixture(scope='module')
def node():
    server = NodeServer()
    yield server
    server.close()


def curl(*arguments):
    return subprocess.run(['curl', '-sS', '-m', str(3 * PATIENCE), '--http2-prior-knowledge', *arguments], capture_output=True, timeout=4 * PATIENCE, check=False)


def without_times(answer):
    for one in answer['results']:
        one.pop('after_ms', None)
    return answer['results']


def test_what_no_fault_touches_is_the_same_with_and_without_it(node):
    requests = [{'path': '/a?b=c'}, {'path': '/p', 'size': 700_000}, {'path': '/a', 'method': 'HEAD'}, {'path': '/204'}, {'path': '/trailers', 'body': 'x'}, {'path': '/early'}, {'path': '/big/3000000'},
                {'path': '/reset'}, {'path': '/echo', 'size': 300_000}, {'path': '/grpc', 'body': '\0\0\0\0\0', 'headers': GRPC}, {'path': '/x', 'headers': {'cookie': 'a=b; c=d', 'x-long': 'y' * 20_000}}]
    with Proxy(node.port, NEVER) as proxy:
        assert without_times(ask(proxy.port, requests)) == without_times(ask(node.port, requests))
        counts = proxy.counts()
    assert counts == {'accepted': 1, 'http2': 1, 'requests': 11, 'untouched': 10}, 'all but the one that has no answer'


def test_without_a_fault_it_is_not_even_read(node):
    with Proxy(node.port) as proxy:
        assert ask(proxy.port, [{'path': '/a'}])['results'][0]['status'] == 200
        assert proxy.counts() == {'accepted': 1, 'http2': 1}


@pytest.mark.parametrize('status', [200, 204, 302, 304, 404, 418, 429, 503, 599])
@pytest.mark.parametrize('conditions', [{}, {'METHODS': 'GET,HEAD,POST'}], ids=['all', 'matched'])
def test_a_status_is_answered_without_the_application(node, status, conditions):
    before = node.streams()
    with Proxy(node.port, [('status-code', {'STATUS_CODE': status, **conditions})]) as proxy:
        requests = [{'path': f'/{number}'} for number in range(100)] + [{'path': '/p', 'size': 200_000}, {'path': '/h', 'method': 'HEAD'}]
        for one in ask(proxy.port, requests)['results']:
            assert (one['status'], one['error'], one['code']) == (status, None, 0)
            assert (one['body'] != '') == (one['path'] != '/h' and status not in (204, 304)), one
        # One only: curl 7.88 fails by itself when it uses such a connection again.
        done = curl('-I', f'http://127.0.0.1:{proxy.port}/')
        assert done.stdout.startswith(b'HTTP/2 %d' % status), done
        counts = proxy.counts()
        assert counts == {'accepted': 2, 'http2': 2, 'requests': 103, 'met': 103, 'answered': 103}
    assert node.streams() == before


def test_h2load_is_answered_as_often_as_it_asks(node):
    needs('h2load', 'nghttp2-client')
    with Proxy(node.port, [('status-code', {})]) as proxy:
        done = subprocess.run(['h2load', '-c8', '-m32', '-n20000', f'http://127.0.0.1:{proxy.port}/'], capture_output=True, text=True, timeout=60, check=False)
        assert '20000 done' in done.stdout and '20000 5xx' in done.stdout, done.stdout
        assert proxy.counts()['answered'] >= 20_000


def test_nghttp_with_its_priorities_is_served(node):
    needs('nghttp', 'nghttp2-client')
    with Proxy(node.port, [('status-code', {'STATUS_CODE': 404, 'PATHS': '/chaos'})]) as proxy:
        done = subprocess.run(['nghttp', '-v', f'{proxy.url}/a', f'{proxy.url}/chaos'], capture_output=True, text=True, timeout=60, check=False)
        assert 'send PRIORITY' in done.stdout and ':status: 200' in done.stdout and ':status: 404' in done.stdout, done.stdout
        assert 'hello from /a' in done.stdout and 'the application was not asked' in done.stdout
        assert proxy.counts() == {'accepted': 1, 'http2': 1, 'requests': 2, 'met': 1, 'answered': 1, 'untouched': 1}


def test_a_status_can_replace_that_of_an_answer_and_keep_its_body(node):
    with Proxy(node.port, [('status-code', {'STATUS_CODE': 503, 'MODIFY_RESPONSE_BODY': 'false'})]) as proxy:
        got = ask(proxy.port, [{'path': '/a', 'body': 'x'}, {'path': '/204'}, {'path': '/trailers', 'body': 'x'}, {'path': '/big/200000'}, {'path': '/a', 'method': 'HEAD'}])['results']
        assert [one['status'] for one in got] == [503] * 5
        assert got[0]['body'].startswith('hello from /a, 1') and got[1]['body'] == '' and got[2]['trailers']['x-trailer'] == 't' and got[3]['size'] == 200_000
        assert proxy.counts() == {'accepted': 1, 'http2': 1, 'requests': 5, 'met': 5, 'changed': 5}


def test_a_body_is_replaced_whatever_it_was(node):
    with Proxy(node.port, [('modify-body', {'RESPONSE_BODY': 'oops', 'CONTENT_TYPE': 'text/html', 'HEADERS': json.dumps({'X-App': 'chaos'})})]) as proxy:
        got = ask(proxy.port, [{'path': '/big/3000000'}, {'path': '/a'}, {'path': '/trailers', 'body': 'x'}, {'path': '/a', 'method': 'HEAD'}, {'path': '/204'}])['results']
        assert [one['body'] for one in got] == ['oops', 'oops', 'oops', '', '']
        for one in got[:4]:
            assert (one['headers']['content-length'], one['headers']['content-type'], one['headers']['x-app']) == ('4', 'text/html', 'chaos')


def test_a_delay_holds_one_stream_and_no_other(node):
    with Proxy(node.port, [('latency', {'LATENCY': 1500, 'PATHS': '/slow*'})]) as proxy:
        slow, quick = ask(proxy.port, [{'path': '/slow'}, {'path': '/quick'}])['results']
        assert slow['body'].startswith('hello from /slow') and slow['after_ms'] >= 1490
        assert quick['after_ms'] < 1490
        counts = proxy.counts()
        assert counts['delayed'] == 1 and counts['untouched'] == 1


def test_each_stream_has_a_delay_of_its_own(node):
    with Proxy(node.port, [('latency', {'LATENCY': 200 * number, 'PATHS': f'/{number}'}) for number in (3, 1, 2)]) as proxy:
        client = RawClient(proxy)
        client.send(*[headers(b'\x82\x86\x04\x02/%d\x01\x01a' % number, stream=number * 2 - 1) for number in (1, 2, 3)])
        assert [client.until(HEADERS)[2] for _ in range(3)] == [1, 3, 5], 'without another word from the client'


def test_only_what_is_chosen_is_touched(node):
    for conditions, touched in (({'PATHS': '/a*', 'EXEMPT_PATHS': '/a/b'}, [0, 1]), ({'METHODS': 'PUT'}, [3]), ({'MATCH_HEADERS': 'x-key: 1'}, [1]), ({'EVERY_NTH': 2}, [1, 3]),
                                ({'MATCH_HEADERS': 'Host'}, [0, 1, 2, 3])):
        with Proxy(node.port, [('status-code', {'STATUS_CODE': 404, **conditions})]) as proxy:
            got = ask(proxy.port, [{'path': '/a?x'}, {'path': '/ab', 'headers': {'x-key': '1'}}, {'path': '/a/b', 'headers': {'x-key': '2'}}, {'path': '/c', 'method': 'PUT', 'body': 'x'}])['results']
            assert [number for number in range(4) if got[number]['status'] == 404] == touched, conditions
            assert all(one['status'] in (200, 404) for one in got)


@pytest.mark.parametrize('status, code', [(400, '13'), (401, '16'), (403, '7'), (404, '12'), (429, '14'), (503, '14'), (500, '2')])
def test_clients_of_grpc_get_a_status_of_theirs(node, status, code):
    request = {'path': '/grpc', 'body': '\0\0\0\0\0', 'headers': GRPC}
    with Proxy(node.port, [('status-code', {'STATUS_CODE': status})]) as proxy:
        one, = ask(proxy.port, [request])['results']
        assert one['status'] == 200 and one['size'] == 0 and one['code'] == 0
        assert (one['headers']['grpc-status'], one['headers']['content-type']) == (code, 'application/grpc') and one['headers']['grpc-message']
    with Proxy(node.port, [('status-code', {'STATUS_CODE': status, 'MODIFY_RESPONSE_BODY': 'false'})]) as proxy:
        one, = ask(proxy.port, [request])['results']
        assert one['status'] == 200 and one['size'] == 7, 'the message is the application\'s own'
        assert one['trailers']['grpc-status'] == code and one['trailers']['x-trailer'] == 't'


def test_connections_are_reset_so_long_after_they_were_accepted(node):
    with Proxy(node.port, [('reset-peer', {'RESET_TIMEOUT': 400})]) as proxy:
        begun = time.monotonic()
        client = RawClient(proxy)
        client.send(frame(HEADERS, END_STREAM | END_HEADERS, 1, GET))
        assert read_all(client.connection) == (b'', 'rst')
        assert time.monotonic() - begun >= 0.4
    with Proxy(node.port, [('reset-peer', {'RESET_TIMEOUT': 300, 'PATHS': '/'})]) as proxy:
        client = RawClient(proxy)
        client.send(frame(HEADERS, END_STREAM | END_HEADERS, 1, GET))
        data, how = read_all(client.connection)
        assert how == 'rst' and proxy.counts()['reset'] == 1


def test_a_reset_can_come_after_the_application_has_acted_or_in_mid_body(node):
    for moment in ('request', 'response'):
        before = node.streams()
        with Proxy(node.port, [('reset-peer', {'RESET_AT': moment})]) as proxy:
            client = RawClient(proxy)
            client.send(frame(HEADERS, END_STREAM | END_HEADERS, 1, GET))
            data, how = read_all(client.connection)
            assert how == 'rst' and (b'hello from' in data) == (moment == 'response'), data
            assert proxy.counts()['reset'] == 1
        assert node.streams() == before + 1


REQUEST = frame(HEADERS, END_STREAM | END_HEADERS, 1, GET)
BEGUN = frame(HEADERS, END_HEADERS, 1, POST)
ERRORS = {'PROTOCOL': 1, 'FLOW_CONTROL': 3, 'STREAM_CLOSED': 5, 'FRAME_SIZE': 6, 'COMPRESSION': 9, 'CALM': 11}


def headers(block, flags=END_STREAM | END_HEADERS, stream=1):
    return frame(HEADERS, flags, stream, block)


def literal(name, value):
    return b'\0' + bytes([len(name)]) + name + bytes([len(value)]) + value


BROKEN = {
    'frame too large': (b'\0\x40\x01\0\0\0\0\0\x01', 'FRAME_SIZE'),
    'DATA of no stream': (frame(DATA, 0, 0, b'x'), 'PROTOCOL'),
    'DATA of an idle stream': (frame(DATA, 0, 1, b'x'), 'PROTOCOL'),
    'padding beyond DATA': (BEGUN + frame(DATA, 8, 1, b'\x05ab'), 'PROTOCOL'),
    'HEADERS of no stream': (headers(GET, stream=0), 'PROTOCOL'),
    'HEADERS of an even stream': (headers(GET, stream=2), 'PROTOCOL'),
    'HEADERS of an older stream': (headers(GET, stream=5) + headers(GET, stream=3), 'STREAM_CLOSED'),
    'block that cannot be read': (headers(b'\x80'), 'COMPRESSION'),
    'entry of no table': (headers(b'\xff\x7f'), 'COMPRESSION'),
    'padding beyond HEADERS': (headers(b'\x09\x82', flags=13), 'PROTOCOL'),
    'CONTINUATION of nothing': (frame(CONTINUATION, END_HEADERS, 1, GET), 'PROTOCOL'),
    'PING within a block': (headers(GET, flags=1) + frame(PING, 0, 0, b'12345678'), 'PROTOCOL'),
    'CONTINUATION without end': (headers(GET, flags=1) + frame(CONTINUATION, 0, 1) * 100, 'CALM'),
    'SETTINGS of a stream': (frame(SETTINGS, 0, 1), 'PROTOCOL'),
    'SETTINGS of half a setting': (frame(SETTINGS, 0, 0, b'12345'), 'FRAME_SIZE'),
    'SETTINGS in an acknowledgement': (frame(SETTINGS, 1, 0, b'123456'), 'FRAME_SIZE'),
    'INITIAL_WINDOW_SIZE': (frame(SETTINGS, 0, 0, struct.pack('>HI', 4, 1 << 31)), 'FLOW_CONTROL'),
    'MAX_FRAME_SIZE': (frame(SETTINGS, 0, 0, struct.pack('>HI', 5, 1)), 'PROTOCOL'),
    'PING of a stream': (frame(PING, 0, 1, b'12345678'), 'PROTOCOL'),
    'PING of another size': (frame(PING, 0, 0, b'1'), 'FRAME_SIZE'),
    'GOAWAY of a stream': (frame(GOAWAY, 0, 1, b'12345678'), 'PROTOCOL'),
    'RST_STREAM of no stream': (frame(RST_STREAM, 0, 0, b'1234'), 'PROTOCOL'),
    'RST_STREAM of an idle stream': (frame(RST_STREAM, 0, 7, b'1234'), 'PROTOCOL'),
    'PRIORITY of no stream': (frame(PRIORITY, 0, 0, b'12345'), 'PROTOCOL'),
    'PUSH_PROMISE of a client': (BEGUN + frame(PUSH_PROMISE, END_HEADERS, 1, b'\0\0\0\2' + GET), 'PROTOCOL'),
    'WINDOW_UPDATE by nothing': (frame(WINDOW_UPDATE, 0, 0, b'\0\0\0\0'), 'PROTOCOL'),
    'WINDOW_UPDATE too far': (frame(WINDOW_UPDATE, 0, 0, b'\x7f\xff\xff\xff'), 'FLOW_CONTROL'),
    'WINDOW_UPDATE of an idle stream': (frame(WINDOW_UPDATE, 0, 9, b'\0\0\0\1'), 'PROTOCOL'),
}


@pytest.mark.parametrize('what', BROKEN)
@pytest.mark.parametrize('faults', [[('status-code', {})], NEVER], ids=['answered', 'forwarded'])
def test_what_breaks_a_connection_is_told_by_a_goaway(node, faults, what):
    bytes_, code = BROKEN[what]
    with Proxy(node.port, faults) as proxy:
        client = RawClient(proxy)
        client.send(bytes_)
        told = client.until(GOAWAY)
        assert told is not None and int.from_bytes(told[3][4:8], 'big') == ERRORS[code], told
        assert client.until(GOAWAY) is None, 'and then it ends'
        client.connection.close()
        assert ask(proxy.port, [{'path': '/never'}])['results'][0]['status'] == 503
        assert proxy.counts()['refused'] == 1


MALFORMED = {
    'name in upper case': GET + literal(b'X-A', b'b'), 'line feed in a value': GET + literal(b'x', b'a\nb'), 'connection': GET + literal(b'connection', b'close'), 'te': GET + literal(b'te', b'gzip'),
    'no path': b'\x82\x86', 'method twice': b'\x82' + GET, 'status': GET + b'\x88', 'path behind others': b'\x82\x86' + literal(b'x', b'y') + b'\x84', 'another host': GET + literal(b'host', b'b'),
    'length without body': GET + literal(b'content-length', b'5'), 'negative length': GET + literal(b'content-length', b'-1'),
}


@pytest.mark.parametrize('what', MALFORMED)
@pytest.mark.parametrize('faults', [[('status-code', {})], NEVER], ids=['answered', 'forwarded'])
def test_what_breaks_a_stream_leaves_the_others_alone(node, faults, what):
    before = node.streams()
    with Proxy(node.port, faults) as proxy:
        client = RawClient(proxy)
        client.send(headers(MALFORMED[what]), headers(GET, stream=3))
        assert client.until(RST_STREAM, 1)[3] == b'\0\0\0\1'
        assert client.until(DATA, 3) is not None
        client.connection.close()
        assert proxy.counts()['refused'] == 1
    assert node.streams() - before == (1 if faults == NEVER else 0), 'it never gets to the application'


def test_floods_cost_little(node):
    with Proxy(node.port, NEVER) as proxy:
        client = RawClient(proxy)
        client.send(headers(GET))
        assert client.until(DATA, 1)
        before = proxy.memory_peak()
        for begin in range(3, 40_003, 4000):
            client.send(*[headers(GET, stream=stream) + frame(RST_STREAM, 0, stream, b'\0\0\0\x08') for stream in range(begin, begin + 4000, 2)], frame(PING, 0, 0, b'12345678') * 2000)
        client.send(frame(PING, 0, 0, b'the last'))
        assert any(one[3] == b'the last' for one in client.frames() if one[0] == PING)
        assert proxy.memory_peak() - before < 16 << 20


def test_an_application_without_http2_is_named():
    web = WebServer()
    try:
        with Proxy(web.port, NEVER) as proxy:
            done = curl('-i', f'http://127.0.0.1:{proxy.port}/')
            assert done.stdout.startswith(b'HTTP/2 502') and b'does not speak HTTP/2 in clear text' in done.stdout, done
            assert proxy.counts()['application_unclear'] == 1
            assert [one[1] for one in web.seen] == []
    finally:
        web.close()


def test_an_application_that_is_not_there_is_a_reset():
    with socket.create_server(('127.0.0.1', 0)) as free:
        port = free.getsockname()[1]
    with Proxy(port, NEVER) as proxy:
        client = RawClient(proxy)
        client.send(headers(GET))
        assert read_all(client.connection)[1] == 'rst'
        assert proxy.counts()['application_unreachable'] == 1


def test_offers_of_http2_are_declined(node):
    web = WebServer()
    try:
        with Proxy(web.port, [('status-code', {'STATUS_CODE': 404, 'MODIFY_RESPONSE_BODY': 'false'})]) as proxy:
            done = subprocess.run(['curl', '-sSi', '--http2', f'{proxy.url}/x'], capture_output=True, timeout=60, check=False)
            assert done.stdout.startswith(b'HTTP/1.1 404') and b'hello from /x' in done.stdout, done
    finally:
        web.close()
    heads = []

    def serve(connection):
        heads.append(read_until(connection, b'\r\n\r\n'))
        connection.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n')
    server = RawServer(serve)
    try:
        with Proxy(server.port, NEVER) as proxy:
            assert subprocess.run(['curl', '-sSi', '--http2', f'{proxy.url}/x'], capture_output=True, timeout=60, check=False).stdout.startswith(b'HTTP/1.1 200')
            assert b'pgrade' not in heads[0] and b'HTTP2-Settings' not in heads[0], heads
    finally:
        server.close()


@pytest.fixture
def files(tmp_path):
    """nghttpd, with a file of 1 GiB that takes no room."""
    needs('nghttpd', 'nghttp2-server')
    with open(tmp_path / 'large', 'wb') as large:
        os.truncate(large.fileno(), 1 << 30)
    with socket.create_server(('127.0.0.1', 0)) as free:
        port = free.getsockname()[1]
    server = subprocess.Popen(['nghttpd', '--no-tls', '-a', '127.0.0.1', '-d', str(tmp_path), str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def is_up():
        with socket.socket() as trial:
            return trial.connect_ex(('127.0.0.1', port)) == 0
    wait_for('nghttpd listens', is_up)
    yield port
    server.kill()
    server.wait()


def test_a_gibibyte_passes_in_little_memory(files):
    with Proxy(files, [('latency', {'LATENCY': 100})]) as proxy:
        done = curl('-o', '/dev/null', '-w', '%{http_code} %{size_download} %{http_version}', f'{proxy.url}/large')
        assert done.stdout == b'200 1073741824 2', done
        assert proxy.memory_peak() < 24 << 20


def test_a_large_upload_passes_in_little_memory(node, tmp_path):
    with open(tmp_path / 'large', 'wb') as large:
        os.truncate(large.fileno(), 256 << 20)
    with Proxy(node.port, NEVER) as proxy:
        done = curl('-T', str(tmp_path / 'large'), f'{proxy.url}/up')
        assert done.stdout.startswith(b'hello from /up, 268435456 '), done
        assert proxy.memory_peak() < 24 << 20


def test_a_slow_reader_pushes_back(files):
    with Proxy(files, NEVER) as proxy:
        # It allows everything, and reads nothing.
        client = RawClient(proxy, settings=struct.pack('>HI', 4, 0x7fffffff))
        client.send(frame(WINDOW_UPDATE, 0, 0, struct.pack('>I', 0x7fff0000 - 65535)), headers(b'\x82\x86\x04\x06/large\x01\x01a'))
        held = []

        def is_still():
            held.append(proxy.memory_peak())
            return len(held) > 10 and held[-1] == held[-10]
        wait_for('it has taken what it takes', is_still)
        assert held[-1] < 24 << 20
        size = 0
        for kind, flags, stream, payload in client.frames():
            size += len(payload) if kind == DATA else 0
            if size > 100 << 20:
                break
        assert size > 100 << 20


def test_at_the_end_everybody_gets_the_true_answer(node):
    with Proxy(node.port, [('status-code', {'STATUS_CODE': 503, 'EXEMPT_PATHS': '/ready'}), ('latency', {'LATENCY': 60_000, 'EXEMPT_PATHS': '/ready'})], '--drain', '20') as proxy:
        client = RawClient(proxy)
        client.send(headers(b'\x82\x86\x04\x06/ready\x01\x01a'))
        assert client.until(DATA, 1)
        client.send(headers(GET, stream=3))
        client.send(frame(PING, 0, 0, b'12345678'))
        assert client.until(PING)
        proxy.disarm()
        seen = []
        for kind, flags, stream, payload in client.frames():
            seen.append((kind, flags, stream, payload))
            if kind == PING and not flags:
                client.send(headers(GET, stream=5))  # begun before it can know of the end
                client.send(frame(PING, 1, 0, payload))
        goaways = [payload for kind, _, _, payload in seen if kind == GOAWAY]
        assert [int.from_bytes(payload[:4], 'big') for payload in goaways] == [0x7fffffff, 5]
        assert all(int.from_bytes(payload[4:8], 'big') == 0 for payload in goaways)
        for stream in (3, 5):
            assert b'hello from /' in b''.join(payload for kind, _, of, payload in seen if kind == DATA and of == stream)
        client.connection.close()
        counts = proxy.counts()
        assert proxy.told[-1]['cut_off'] == 0 and 'answered' not in counts


def test_the_applications_goaway_reaches_the_client(node):
    with Proxy(node.port, NEVER) as proxy:
        got = ask(proxy.port, [{'path': '/goaway'}])
        assert got['results'][0]['status'] == 200 and got['goaway'], got


def test_clients_that_vanish_leave_nothing(node):
    with Proxy(node.port, [('latency', {'LATENCY': 60_000, 'PATHS': '/'})]) as proxy:
        ask(proxy.port, [{'path': '/a'}])
        wait_for('that one is over', lambda: proxy.descriptors() < 10)
        before = proxy.descriptors()
        clients = [RawClient(proxy) for _ in range(50)]
        for client in clients:
            client.send(headers(GET), frame(HEADERS, END_HEADERS, 3, POST))
        wait_for('all are there', lambda: proxy.descriptors() >= before + 100)
        for client in clients:
            client.connection.close()
        wait_for('all are gone', lambda: proxy.descriptors() == before)
