"""The agent's side of its protocol, in small: a signer, a websocket client, and the recordings of the real agent."""
import base64
import gzip
import hashlib
import json
import os
import queue
import socket
import struct
import threading
from urllib.parse import urlsplit

import botocore.auth
import botocore.awsrequest
import botocore.credentials
from conftest import ROOT

RECORDINGS = ROOT / 'tests/data/agent-wire'
REGION = 'us-east-1'
# The real agent writes longer messages as several frames.
FRAME_MAX = 32768


def recording(name):
    with gzip.open(RECORDINGS / f'{name}.jsonl.gz', 'rt', encoding='utf-8') as lines:
        return [json.loads(line) for line in lines]


def signed(lab, method, target, headers, body=b''):
    """The headers with a signature of all that are given, as the agent makes it.

    Its signer writes a blank of the query as %20 where the request itself carries a +.
    """
    keys = botocore.credentials.Credentials(lab.environment['AWS_ACCESS_KEY_ID'], lab.environment['AWS_SECRET_ACCESS_KEY'])
    request = botocore.awsrequest.AWSRequest(method, f'http://{headers["host"]}{target.replace("+", "%20")}', headers=headers, data=body)
    botocore.auth.SigV4Auth(keys, 'ecs', REGION).add_auth(request)
    return {name.lower(): value for name, value in request.headers.items()}


def signed_names(headers):
    """Which headers a recorded request has signed."""
    return headers['authorization'].split('SignedHeaders=')[1].split(',')[0].split(';')


class Refused(Exception):
    """The server answered a websocket handshake with a plain HTTP response."""

    def __init__(self, status, body):
        super().__init__(f'HTTP {status}: {body}')
        self.status, self.body = status, body


class WebSocket:
    """RFC 6455, client side, no extensions. Messages wait in a queue; None is the end of the connection."""

    def __init__(self, host, target, headers, on_text=None):
        address = urlsplit(f'//{host}')
        self.connection = socket.create_connection((address.hostname, address.port), timeout=30)
        self.messages = queue.Queue()
        self.on_text = on_text
        self.lock = threading.Lock()
        self.close_frame = None  # what the server said when it closed
        self.is_closing = False
        self.is_frozen = False   # answers nothing, not even a close frame
        key = base64.b64encode(os.urandom(16)).decode()
        lines = [f'GET {target} HTTP/1.1', *(f'{name}: {value}' for name, value in headers.items()),
                 'upgrade: websocket', 'connection: Upgrade', 'sec-websocket-version: 13', f'sec-websocket-key: {key}']
        self.connection.sendall(('\r\n'.join(lines) + '\r\n\r\n').encode())
        self.stream = self.connection.makefile('rb')
        status = int(self.stream.readline().split()[1])
        answer = {}
        while (line := self.stream.readline().strip()):
            name, _, value = line.decode().partition(':')
            answer[name.lower()] = value.strip()
        if status != 101:
            body = self.stream.read(int(answer.get('content-length', 0))).decode()
            self.connection.close()
            raise Refused(status, body)
        expected = base64.b64encode(hashlib.sha1((key + '258EAFA5-E914-47DA-95CA-C5AB0DC85B11').encode()).digest()).decode()
        assert answer['sec-websocket-accept'] == expected
        assert 'sec-websocket-extensions' not in answer and 'sec-websocket-protocol' not in answer, 'the agent asked for neither'
        self.connection.settimeout(None)
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        whole = b''
        try:
            while True:
                first, second = self.stream.read(2)
                size = second & 0x7F
                if size > 125:
                    size = struct.unpack('>H' if size == 126 else '>Q', self.stream.read(2 if size == 126 else 8))[0]
                assert not second & 0x80, 'a server does not mask'
                data, opcode = self.stream.read(size), first & 0x0F
                if opcode == 8:
                    self.close_frame = (struct.unpack('>H', data[:2])[0] if data else None, data[2:].decode())
                    if not self.is_closing and not self.is_frozen:
                        self._frame(0x88, data)
                elif opcode == 9:
                    self._frame(0x8A, data)
                elif opcode < 3:
                    whole += data
                    if first & 0x80:
                        self._deliver(json.loads(whole))
                        whole = b''
        except (OSError, ValueError):
            self.messages.put(None)

    def _deliver(self, message):
        if self.on_text:
            self.on_text(self, message)
        self.messages.put(message)

    def _frame(self, first, data):
        mask = os.urandom(4)
        size = len(data)
        length = bytes([0x80 | size]) if size < 126 else b'\xfe' + struct.pack('>H', size) if size < 65536 else b'\xff' + struct.pack('>Q', size)
        masked = bytes(byte ^ mask[i % 4] for i, byte in enumerate(data))
        with self.lock:
            self.connection.sendall(bytes([first]) + length + mask + masked)

    def send(self, text, opcode=1):
        parts = [text[i:i + FRAME_MAX] for i in range(0, len(text), FRAME_MAX)]
        for number, part in enumerate(parts):
            last = 0x80 if number == len(parts) - 1 else 0
            self._frame(last | (opcode if number == 0 else 0), part.encode())

    def receive(self, timeout=30):
        """The next message; None when the connection has ended."""
        try:
            return self.messages.get(timeout=timeout) if timeout else self.messages.get_nowait()
        except queue.Empty:
            raise TimeoutError('the control plane says nothing') from None

    def close(self, code, reason=''):
        """As RFC 6455 says: a close frame, and the other side's is awaited."""
        self.is_closing = True
        self._frame(0x88, struct.pack('>H', code) + reason.encode())
        self.wait_until_ended()

    def wait_until_ended(self, timeout=30):
        while self.receive(timeout) is not None:
            pass
        self.drop()

    def drop(self):
        """What the end of a process looks like: no close frame."""
        try:
            self.connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.connection.close()
