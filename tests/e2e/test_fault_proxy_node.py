"""squall-host proxy between Node.js's client and server of HTTP/1.1, which keep their connections."""
import json
import subprocess
from pathlib import Path

import pytest
from fault_proxy import PATIENCE, Proxy
from http2_peers import needs

SCRIPT = str(Path(__file__).resolve().parent / 'http1_peer.js')
EVERYTHING = [{'path': '/a'}, {'path': '/a', 'method': 'HEAD'}, {'path': '/204'}, {'path': '/304'}, {'path': '/early'}, {'path': '/gzip'}, {'path': '/trailers'},
              {'path': '/big', 'size': 3_000_000}, {'path': '/chunked', 'size': 70_000, 'chunked': True}, {'path': '/waits', 'size': 5000, 'headers': {'expect': '100-continue'}},
              {'path': '/a', 'method': 'DELETE'}, {'path': '/tunnel', 'headers': {'connection': 'Upgrade', 'upgrade': 'echo'}}, {'path': '/close'}, {'path': '/a'}]
# A fault that is there, and that none of these requests is meant by.
ELSEWHERE = [('status-code', {'PATHS': '/elsewhere'})]


@pytest.fixture(scope='module', name='port')
def port_of_an_application():
    needs('node', 'nodejs')
    process = subprocess.Popen(['node', SCRIPT, 'serve'], stdout=subprocess.PIPE, text=True)
    yield int(process.stdout.readline())
    process.kill()
    process.wait(60)
    process.stdout.close()


def ask(port, requests):
    done = subprocess.run(['node', SCRIPT, 'ask', str(port), json.dumps(requests)], capture_output=True, text=True, timeout=6 * PATIENCE, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def without_times(told):
    return [{**one, 'ms': 0, 'headers': {name: value for name, value in one['headers'].items() if name != 'date'}} for one in told]


def asked(port):
    return int(ask(port, [{'path': '/count'}])[0]['body'])


@pytest.mark.parametrize('faults', [(), ELSEWHERE], ids=['no fault', 'a fault elsewhere'])
def test_what_no_fault_touches_is_the_same_with_and_without_it(port, faults):
    with Proxy(port, faults) as proxy:
        through = ask(proxy.port, EVERYTHING)
        assert without_times(through) == without_times(ask(port, EVERYTHING))
        assert [one['error'] for one in through] == [None] * len(EVERYTHING) and through[4]['interim'] == [103] and through[9]['interim'] == [100]
        assert through[6]['trailers'] == {'x-trailer': 't'} and through[11]['body'] == 'through the tunnel'
        assert sum(one['reused'] for one in through) >= 10


@pytest.mark.parametrize('status', [404, 429, 503, 599])
def test_a_status_is_answered_without_the_application_and_keeps_the_connection(port, status):
    requests = [one for one in EVERYTHING if 'upgrade' not in one.get('headers', {})]
    before = asked(port)
    with Proxy(port, [('status-code', {'STATUS_CODE': status})]) as proxy:
        told = ask(proxy.port, requests)
        assert [(one['status'], one['error']) for one in told] == [(status, None)] * len(requests)
        assert all(one['body'].startswith(str(status)) for one, request in zip(told, requests) if request.get('method') != 'HEAD') and told[1]['body'] == ''
        # Whoever waits to be told to go on ends with the answer: nobody can tell what it sends next.
        assert [one['reused'] for one in told].count(False) <= 2
    assert asked(port) == before + 1


def test_a_status_can_replace_that_of_an_answer_and_keep_its_body(port):
    requests = [{'path': '/a'}, {'path': '/gzip'}, {'path': '/trailers'}, {'path': '/big', 'size': 100_000}]
    with Proxy(port, [('status-code', {'STATUS_CODE': 418, 'MODIFY_RESPONSE_BODY': 'false'})]) as proxy:
        told = ask(proxy.port, requests)
    assert [one['status'] for one in told] == [418] * 4 and [one['reused'] for one in told] == [False, True, True, True]
    assert [one['body'] for one in told] == ['GET /a 0', 'zipped ' * 1000, 'first last', 'POST /big 100000'] and told[2]['trailers'] == {'x-trailer': 't'}


def test_a_body_is_replaced_whatever_it_was(port):
    requests = [{'path': '/a'}, {'path': '/gzip'}, {'path': '/trailers'}, {'path': '/a', 'method': 'HEAD'}, {'path': '/a'}]
    with Proxy(port, [('modify-body', {'RESPONSE_BODY': 'tea', 'HEADERS': '{"X-Chaos":"yes"}'})]) as proxy:
        told = ask(proxy.port, requests)
    assert [(one['status'], one['body'], one['error']) for one in told] == [(200, 'tea', None)] * 3 + [(200, '', None), (200, 'tea', None)]
    assert all(one['headers']['x-chaos'] == 'yes' for one in told) and [one['reused'] for one in told] == [False] + [True] * 4


def test_a_response_begins_later(port):
    with Proxy(port, [('latency', {'LATENCY': 300, 'PATHS': '/slow'})]) as proxy:
        told = ask(proxy.port, [{'path': '/a'}, {'path': '/slow'}, {'path': '/a'}])
        counts = proxy.counts()
    assert told[1]['ms'] >= 300 and [one['body'] for one in told] == ['GET /a 0', 'GET /slow 0', 'GET /a 0']
    assert counts == {'accepted': 1, 'requests': 3, 'met': 1, 'delayed': 1, 'untouched': 2}


@pytest.mark.parametrize('settings', [{'RESET_TIMEOUT': 0}, {'RESET_TIMEOUT': 200}, {'RESET_AT': 'request'}, {'RESET_AT': 'response'}])
def test_connections_are_reset(port, settings):
    with Proxy(port, [('reset-peer', settings)]) as proxy:
        told = ask(proxy.port, [{'path': '/a'}, {'path': '/big', 'size': 100_000}])
    assert [one['error'] for one in told] == ['ECONNRESET'] * 2, told
