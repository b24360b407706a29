"""squall-host proxy with thousands of connections: all live, memory is bounded, and the limit of descriptors ends nothing."""
import contextlib
import resource

import pytest
from conftest import wait_for
from fault_proxy import Proxy, read_exactly
from idle_server import IdleServer
from namespaces import ask_on

MANY = 9000
NOFILE = resource.getrlimit(resource.RLIMIT_NOFILE)[1]


@pytest.fixture(name='application')
def application_for_many():
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (before[1], before[1]))
    server = IdleServer()
    yield server
    server.close()
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


def close_all(connections):
    for connection in connections:
        connection.close()


@pytest.mark.skipif(NOFILE < 2 * MANY + 100, reason=f'two descriptors for each of {MANY} connections: the limit is {NOFILE}')
def test_nine_thousand_idle_connections_live_and_new_ones_are_served(application):
    with Proxy(application.port, [('status-code', {'PATHS': '/chaos'})]) as proxy:
        idle = [proxy.connect() for _ in range(MANY)]
        try:
            for connection in idle:
                connection.sendall(b'GET /true HTTP/1.1\r\nHost: a\r\n\r\n')
            assert all(read_exactly(connection, 43).endswith(b'hello') for connection in idle)
            with proxy.connect() as one:
                assert ask_on(one, '/chaos')[0] == 503 and ask_on(one, '/true') == (200, 'hello')
            assert all(ask_on(connection, path)[0] == status for connection in idle[::10] for path, status in (('/true', 200), ('/chaos', 503)))
            assert proxy.memory_peak() < 40 << 20
        finally:
            close_all(idle)
        wait_for('their descriptors are free', lambda: proxy.descriptors() < 20)


def test_nine_thousand_held_connections_cost_next_to_nothing(application):
    count = min(MANY, NOFILE // 2 - 200)
    with Proxy(application.port, [('reset-peer', {'RESET_TIMEOUT': 600_000})]) as proxy:
        before = proxy.memory_peak()
        held = [proxy.connect() for _ in range(count)]
        try:
            wait_for('all are held', lambda: proxy.descriptors() >= count)
            assert proxy.memory_peak() - before < count * 256 + (1 << 20)
        finally:
            close_all(held)


def test_at_the_limit_of_descriptors_accepting_goes_on_when_some_are_free(application):
    limit = 2000
    with Proxy(application.port, descriptors=limit) as proxy:
        idle = [proxy.connect(timeout=5) for _ in range(limit)]
        try:
            served = []
            for connection in idle:
                connection.sendall(b'GET / HTTP/1.1\r\nHost: a\r\n\r\n')
            for connection in idle[:limit // 4]:  # far from the limit
                assert read_exactly(connection, 43).endswith(b'hello')
                served.append(connection)
            close_all(served)
            # Those at the door come in as others leave: in the end everybody has been served or told.
            for connection in idle[limit // 4:]:
                connection.settimeout(30)
                with contextlib.suppress(ConnectionResetError):
                    assert connection.recv(4096).startswith((b'HTTP/1.1 200', b'HTTP/1.1 502'))
                connection.close()
            with proxy.connect() as one:
                assert ask_on(one) == (200, 'hello')
        finally:
            close_all(idle)
        assert proxy.counts()['out_of_descriptors'] > 0
