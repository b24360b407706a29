#!/usr/bin/python3
"""A small fault proxy with the arguments of `squall-host proxy`, and with one defect: the one that WRONG names.

Each defect is one that a proxy in use has had. The tests of the real one must fail with each of them, and pass without: else
they do not look. Knows only as much as those tests ask of it; understands no pipelined bodies and no HTTP/2.
"""
import argparse
import contextlib
import json
import os
import signal
import socket
import struct
import threading
import time

WRONG = os.environ.get('WRONG', '')
DEFECTS = ['asks-application', 'leaves-body', 'leaves-chunks', 'ignores-429', 'keeps-length', 'answers-head-with-body', 'loses-pipelined', 'resets-after-response', 'never-resets-silence', 'fin-for-rst']
CODES = {200: 'OK', 204: 'No Content', 304: 'Not Modified', 429: 'Too Many Requests', 503: 'Service Unavailable'}
counts = {'accepted': 0, 'requests': 0, 'met': 0, 'answered': 0, 'changed': 0, 'untouched': 0, 'reset_after_accept': 0}


class Stream:
    def __init__(self, connection):
        self.connection, self.held = connection, b''

    def more(self):
        got = self.connection.recv(65536)
        self.held += got
        return got

    def until(self, mark):
        while mark not in self.held:
            if not self.more():
                raise EOFError
        found, _, self.held = self.held.partition(mark)
        return found + mark

    def exactly(self, size):
        while len(self.held) < size:
            if not self.more():
                raise EOFError
        found, self.held = self.held[:size], self.held[size:]
        return found

    def message(self, has_body=True):
        """(head, body as it was on the wire)."""
        head = self.until(b'\r\n\r\n')
        fields = {name.lower(): value.strip() for name, _, value in (line.partition(b':') for line in head.split(b'\r\n')[1:-2])}
        if not has_body or head[9:12] in (b'204', b'304'):
            return head, fields, b''
        if b'chunked' in fields.get(b'transfer-encoding', b''):
            body = b''
            while True:
                line = self.until(b'\r\n')
                size = int(line.split(b';')[0], 16)
                if size == 0:
                    end = self.until(b'\r\n')
                    while not end.endswith(b'\r\n\r\n') and end != b'\r\n':
                        end += self.until(b'\r\n')
                    return head, fields, body + line + end
                body += line + self.exactly(size + 2)
        return head, fields, self.exactly(int(fields.get(b'content-length', 0)))


def reset(connection):
    if WRONG != 'fin-for-rst':
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
    connection.close()


def rewritten(head, status=None, drop=(), add=()):
    first, *lines = head[:-4].split(b'\r\n')
    if status:
        first = b'HTTP/1.1 %d %s' % (status, CODES.get(status, 'Chaos').encode())
    lines = [line for line in lines if line.split(b':')[0].lower() not in drop]
    return b'\r\n'.join([first, *lines, *add]) + b'\r\n\r\n'


class Client:
    def __init__(self, connection, application, name, settings):
        self.connection, self.name, self.settings = connection, name, settings
        self.client = Stream(connection)
        self.target = application
        self.application = None
        self.status = int(settings.get('STATUS_CODE', 503)) if name == 'status-code' else None

    def ask(self, head, body, method):
        if self.application is None:
            self.application = Stream(socket.create_connection(self.target))
        self.application.connection.sendall(head + body)
        return self.application.message(method != b'HEAD')

    def serve(self):
        while True:
            head, _, body = self.client.message()
            if WRONG == 'loses-pipelined':
                self.client.held = b''
            counts['requests'] += 1
            method = head.split(b' ')[0]
            if self.status and self.settings.get('MODIFY_RESPONSE_BODY', 'true') == 'true' and not (WRONG == 'ignores-429' and self.status == 429):
                self.answer(head, body, method)
            else:
                self.pass_on(head, body, method)
            if b'connection: close' in head.lower():
                return

    def answer(self, head, body, method):
        if WRONG == 'asks-application':
            self.ask(head, body, method)
        counts['answered'] += 1
        counts['met'] += 1
        text = b'chaos'
        bodiless = self.status in (204, 304)
        lines = b'' if bodiless else b'Content-Length: %d\r\n' % len(text)
        is_head = method == b'HEAD' and WRONG != 'answers-head-with-body'
        self.connection.sendall(b'HTTP/1.1 %d %s\r\n' % (self.status, CODES.get(self.status, 'Chaos').encode()) + lines + b'\r\n' + (b'' if bodiless or is_head else text))

    def pass_on(self, head, body, method):
        answer, fields, content = self.ask(head, body, method)
        if self.name == 'modify-body' and 'RESPONSE_BODY' in self.settings and content:
            counts['changed'] += 1
            counts['met'] += 1
            text = self.settings['RESPONSE_BODY'].encode()
            is_chunked = b'transfer-encoding' in fields
            length = int(fields[b'content-length']) if WRONG == 'keeps-length' and not is_chunked else len(text)
            drop = (b'content-length', b'content-type', b'transfer-encoding')
            left = content[len(text):] if WRONG == ('leaves-chunks' if is_chunked else 'leaves-body') else b''
            self.connection.sendall(rewritten(answer, drop=drop, add=[b'Content-Type: ' + self.settings.get('CONTENT_TYPE', 'text/plain').encode(), b'Content-Length: %d' % length]) + text + left)
        elif self.name == 'modify-body' and 'HEADERS' in self.settings:
            new = {name.encode(): value.encode() for name, value in json.loads(self.settings['HEADERS']).items()}
            self.connection.sendall(rewritten(answer, drop=[name.lower() for name in new], add=[name + b': ' + value for name, value in new.items()]) + content)
        elif self.status:
            counts['changed'] += 1
            counts['met'] += 1
            had_none = answer[9:12] in (b'204', b'304')
            self.connection.sendall(rewritten(answer, self.status, add=[b'Content-Length: 0'] if had_none else ()) + content)
        else:
            counts['untouched'] += 1
            self.connection.sendall(answer + content)


def handle(connection, application, name, settings):
    counts['accepted'] += 1
    with connection, contextlib.suppress(OSError, EOFError):
        if name == 'reset-peer':
            begun = time.monotonic()
            timeout = int(settings.get('RESET_TIMEOUT', 10_000)) / 1000
            if WRONG == 'never-resets-silence' and not connection.recv(1):
                return
            if WRONG == 'resets-after-response':
                client = Client(connection, application, '', {})
                client.ask(*[client.client.message()[index] for index in (0, 2)], b'GET')
                begun = time.monotonic()
            threading.Event().wait(max(0, begun + timeout - time.monotonic()))
            counts['reset_after_accept'] += 1
            return reset(connection)
        Client(connection, application, name, settings).serve()


def accept(listener, application, name, settings):
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=handle, args=(connection, application, name, settings), daemon=True).start()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('proxy')
    for option in ('--listen', '--forward', '--drain', '--fault'):
        parser.add_argument(option)
    parser.add_argument('--set', action='append', default=[])
    options = parser.parse_args()
    assert not WRONG or WRONG in DEFECTS, WRONG
    host, port = options.forward.split(':')
    settings = dict(one.split('=', 1) for one in options.set)
    # Waited for, not handled: a signal that comes between two looks of an accept would be seen with the next connection only.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    listener = socket.create_server(('127.0.0.1', 0), backlog=500)
    threading.Thread(target=accept, args=(listener, (host, int(port)), options.fault, settings), daemon=True).start()
    print(json.dumps({'event': 'ready', 'listen': f'127.0.0.1:{listener.getsockname()[1]}'}), flush=True)
    signal.sigwait({signal.SIGTERM})
    print(json.dumps({'event': 'disarmed'}), flush=True)
    print(json.dumps({'event': 'end', 'counts': counts}), flush=True)
    os._exit(0)


if __name__ == '__main__':
    main()
