"""Applications and clients of HTTP/2 in clear text that are not ours, and frames by hand."""
import json
import shutil
import struct
import subprocess
from pathlib import Path

import pytest
from fault_proxy import PATIENCE

SCRIPT = str(Path(__file__).resolve().parent / 'http2_peer.js')
PREFACE = b'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'
DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = range(10)
END_STREAM, END_HEADERS = 1, 4
# Entries of the static table (RFC 7541, appendix A), and an authority without indexing.
GET, POST = b'\x82\x86\x84\x01\x01a', b'\x83\x86\x84\x01\x01a'


def needs(program, package):
    if not shutil.which(program):
        pytest.skip(f'no {program} here (package {package}): this is not tested')


class NodeServer:
    def __init__(self):
        needs('node', 'nodejs')
        self.process = subprocess.Popen(['node', SCRIPT, 'serve'], stdout=subprocess.PIPE, text=True)
        self.port = int(self.process.stdout.readline())

    def streams(self):
        """How many it has had, this one not counted."""
        done = int(ask(self.port, [{'path': '/count'}])['results'][0]['body']) - 1
        self.asked = getattr(self, 'asked', 0) + 1
        return done - (self.asked - 1)

    def close(self):
        self.process.kill()
        self.process.wait(60)
        self.process.stdout.close()


def ask(port, requests):
    """All at once, on one connection, by Node.js."""
    needs('node', 'nodejs')
    done = subprocess.run(['node', SCRIPT, 'ask', str(port), json.dumps(requests)], capture_output=True, text=True, timeout=6 * PATIENCE, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def frame(kind, flags=0, stream=0, payload=b''):
    return struct.pack('>I', len(payload))[1:] + bytes([kind, flags]) + struct.pack('>I', stream) + payload


class RawClient:
    """Says what it is told to; reads frames."""

    def __init__(self, proxy, settings=b''):
        self.connection = proxy.connect()
        self.connection.sendall(PREFACE + frame(SETTINGS, payload=settings))
        self.rest = b''

    def send(self, *frames):
        self.connection.sendall(b''.join(frames))

    def frames(self):
        """(kind, flags, stream, payload) of each, until the end."""
        while True:
            while len(self.rest) >= 9 and len(self.rest) >= 9 + int.from_bytes(self.rest[:3], 'big'):
                size = int.from_bytes(self.rest[:3], 'big')
                whole, self.rest = self.rest[:9 + size], self.rest[9 + size:]
                yield whole[3], whole[4], int.from_bytes(whole[5:9], 'big'), whole[9:]
            got = self.connection.recv(65536)
            if not got:
                return
            self.rest += got

    def until(self, kind, stream=None):
        for one in self.frames():
            if one[0] == kind and (stream is None or one[2] == stream):
                return one
        return None
