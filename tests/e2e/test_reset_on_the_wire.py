"""reset-peer as a packet capture has it: one RST for each connection, no FIN, none too early, whatever the client says or does not."""
import os
import select
import time

import pytest
from namespaces import Detached, Network
from packets import FIN, RST, SYN, Capture

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason='network namespaces of the machine need root')

EACH = 100
WORDS = {
    'at once': b'GET / HTTP/1.1\r\nHost: a\r\n\r\n',
    'late': b'GET / HTTP/1.1\r\nHost: a\r\n\r\n',
    'nothing': b'',
    # The beginning of a ClientHello.
    'TLS': bytes.fromhex('160301004e0100004a0303') + bytes(65),
    'WebSocket': b'GET /chat HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n',
    # The preface, SETTINGS, and HEADERS of a stream that stays open.
    'gRPC': b'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n' + bytes.fromhex('000000040000000000' + '0000030104' + '00000001' + '838684'),
}


@pytest.fixture(name='network')
def network_with_an_application():
    network = Network()
    network.serve()
    yield network
    network.close()


def is_reset(connection, word=b''):
    """Whether saying this, or listening, meets a reset; which is told once."""
    try:
        if word:
            connection.sendall(word)
        else:
            connection.recv(1)
        return False
    except (ConnectionResetError, BrokenPipeError):
        return True


@pytest.mark.parametrize('family, timeout_ms', [('ipv4', 0), ('ipv4', 1), ('ipv4', 1000), ('ipv6', 1000), ('ipv4', 10000)])
def test_every_connection_gets_one_rst_and_no_fin_and_none_too_early(network, family, timeout_ms):
    with Detached('--netns', network.path, fault=[('reset-peer', {'RESET_TIMEOUT': timeout_ms})]) as detached:
        capture = Capture(network.client_path)
        waiting = set()
        late = []
        for word in WORDS:
            for _ in range(EACH):
                try:
                    connection = network.connect(family)
                except ConnectionResetError:
                    continue  # by a reset that came at once: the capture has it
                if word == 'late':
                    late.append(connection)
                elif WORDS[word] and is_reset(connection, WORDS[word]):
                    continue
                waiting.add(connection)
        time.sleep(timeout_ms / 2000)  # in the middle of the time, which is what "late" means
        for connection in late:
            if is_reset(connection, WORDS['late']):
                waiting.discard(connection)
        end = time.monotonic() + timeout_ms / 1000 + 20
        while waiting:
            ready, _, _ = select.select(list(waiting), [], [], max(0, end - time.monotonic()))
            assert ready, f'{len(waiting)} were never reset'
            for connection in ready:
                assert is_reset(connection)
                waiting.discard(connection)
                connection.close()
        counts = detached.status()[0]['counts']
        packets = capture.close()
    total = EACH * len(WORDS)
    assert counts.get('accepted') == counts.get('reset_after_accept') == total
    # A connection is a client's port.
    began = {packet.destination: packet.seconds for packet in packets if packet.source == 80 and packet.flags & SYN}
    resets = {}
    for packet in packets:
        if packet.source == 80:
            assert not packet.flags & FIN and packet.payload == 0
            if packet.flags & RST:
                resets.setdefault(packet.destination, packet.seconds)
    assert len(began) == total and set(resets) == set(began)
    assert min(resets[port] - began[port] for port in began) >= timeout_ms / 1000
