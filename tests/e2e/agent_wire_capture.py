"""What the agent of a lab's host sends, taken down by a proxy on that host, in the words of the recordings."""
import base64
import json
import struct
from pathlib import Path

from agent_wire import recording
from conftest import wait_for

# Runs on the host, between its agent and the control plane; one file of what was sent for each connection.
PROXY = r'''
import os, socket, sys, threading
os.makedirs("/tmp/agent-wire", exist_ok=True)
def pump(source, sink, record):
    try:
        while data := source.recv(65536):
            if record:
                record.write(data)
                record.flush()
            sink.sendall(data)
    except OSError:
        pass
    for end in (source, sink):
        try:
            end.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
server = socket.create_server(("127.0.0.1", 8099))
print("ready", os.getpid(), flush=True)
number = 0
while True:
    client, _ = server.accept()
    number += 1
    backend = socket.create_connection((sys.argv[1], 80))
    threading.Thread(target=pump, args=(client, backend, open(f"/tmp/agent-wire/{number:04}", "wb")), daemon=True).start()
    threading.Thread(target=pump, args=(backend, client, None), daemon=True).start()
'''


class Capture:
    """From begin to end, one host's agent speaks through the proxy."""

    def __init__(self, lab, instance):
        self.lab, self.instance = lab, instance
        self.instance_id = lab.instance_ids()[instance - 1]
        self.backend = '10.0.0.1'  # where the lab answers without TLS, so that the proxy can read
        encoded = base64.b64encode(PROXY.encode()).decode()
        lab.sh(instance, f'echo {encoded} | base64 -d >/tmp/agent-proxy.py')
        self.proxy = lab.start('lab', 'exec', str(instance), '--', 'python3', '/tmp/agent-proxy.py', self.backend)
        ready, self.proxy_pid = self.proxy.stdout.readline().split()
        assert ready == 'ready'
        self.restart('echo ECS_BACKEND_HOST=http://127.0.0.1:8099 >>/etc/ecs/ecs.config')

    def restart(self, change):
        pid = self.lab.agent_pid(self.instance)
        self.lab.sh(self.instance, f'{change} && systemctl restart ecs')
        wait_for('another agent is there', lambda: self.lab.exec(self.instance, 'cat', '/run/ecs-agent.pid').out.strip() not in ('', pid))
        wait_for('it is connected', lambda: self.lab.connected()[self.instance_id])

    def end(self):
        listing = self.lab.sh(self.instance, 'cd /tmp/agent-wire && for f in *; do base64 -w0 $f; echo; done')
        self.restart('sed -i /^ECS_BACKEND_HOST=/d /etc/ecs/ecs.config')
        self.lab.sh(self.instance, f'kill {self.proxy_pid}; rm -r /tmp/agent-proxy.py /tmp/agent-wire')
        self.proxy.wait(30)
        return [step for line in listing.split('\n') for step in steps_in(base64.b64decode(line))]


def steps_in(sent):
    """One connection's bytes, as steps like the recorded ones."""
    while sent:
        head, _, sent = sent.partition(b'\r\n\r\n')
        first, *lines = head.decode().split('\r\n')
        headers = {name.lower(): value for name, value in (line.split(': ', 1) for line in lines)}
        _, path, _ = first.split(' ')
        if 'upgrade' in headers:
            channel = Path(path).parts[1]
            yield {'ev': 'ws-open', 'chan': channel, 'path': path, 'headers': headers}
            yield from frames_in(sent, channel)
            return
        size = int(headers.get('content-length', 0))
        body, sent = sent[:size], sent[size:]
        yield {'op': headers['x-amz-target'].split('.')[1], 'headers': headers, 'body': json.loads(body), 'dir': 'agent->server'}


def frames_in(sent, channel):
    while len(sent) > 6:
        opcode, size, at = sent[0] & 0x0F, sent[1] & 0x7F, 2
        assert sent[0] & 0x80 and sent[1] & 0x80, 'whole messages, masked'
        if size > 125:
            width = 2 if size == 126 else 8
            size, at = struct.unpack('>H' if width == 2 else '>Q', sent[at:at + width])[0], at + width
        mask, data = sent[at:at + 4], sent[at + 4:at + 4 + size]
        text = bytes(byte ^ mask[i % 4] for i, byte in enumerate(data)).decode()
        sent = sent[at + 4 + size:]
        if opcode != 1 or len(data) < size:
            continue
        prefix, body = text[:text.index('{')], text[text.index('{'):]
        yield {'chan': channel, 'dir': 'agent->server', 'ws': json.loads(body), 'prefix_headers': prefix}


def kinds_of(steps):
    """Everything an agent sent, by what it is."""
    kinds = {}
    for step in steps:
        if step.get('dir') == 'agent->server' and 'ws' in step:
            kinds.setdefault(step['ws']['type'], []).append(step['ws']['message'])
        elif step.get('dir') == 'agent->server' and 'op' in step:
            kinds.setdefault(step['op'], []).append(step['body'])
    return kinds


def recorded_kinds(names):
    return kinds_of([step for name in names for step in recording(name)])


def paths_of(value, at=''):
    """Every member that a value has, with the type of what is there; a list's elements have the list's path."""
    if isinstance(value, dict):
        return {path for name, member in value.items() for path in paths_of(member, f'{at}.{name}')} | {f'{at} object'}
    if isinstance(value, list):
        return {path for member in value for path in paths_of(member, f'{at}[]')} | {f'{at} list'}
    kind = 'number' if isinstance(value, (int, float)) and not isinstance(value, bool) else type(value).__name__
    return {f'{at} {kind}'}
