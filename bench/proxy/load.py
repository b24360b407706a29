"""Load, and what came of it: wrk, h2load, one great body, crowds that wait for their reset. Always from the second core."""
import json
import re
import subprocess
import threading

from proxy import machine
from proxy.servers import LOAD_CORE, PORT, TOOLS

MICROSECONDS = {'us': 1, 'ms': 1e3, 's': 1e6}
GIB = 1 << 30
RESET_AFTER_MS = 1000
CLOCK_SET_MS_MAX = 0.05


class Wrong(Exception):
    """What was measured did not do what it is measured for."""


class Disturbed(Exception):
    """Something else spoiled a measurement: it is to be done again."""


def loaded(network, *command):
    done = subprocess.run(network.inside('taskset', '-c', LOAD_CORE, *map(str, command)), capture_output=True, text=True, check=False, timeout=120)
    if done.returncode != 0:
        raise Wrong(f'{command[0]}: {done.stderr or done.stdout}')
    return done.stdout


def wrk(network, seconds, status, host='127.0.0.1', port=PORT, closes=False):
    """Requests a second, how many, and the time that they took, over 64 connections."""
    header = ['-H', 'Connection: close'] if closes else []
    text = loaded(network, 'wrk', '-t1', '-c64', f'-d{seconds}s', '--latency', '--timeout', '5s', *header, f'http://{host}:{port}/')
    count = int(re.search(r'(\d+) requests in', text).group(1))
    errors = re.search(r'Socket errors: .*', text)
    others = re.search(r'Non-2xx or 3xx responses: (\d+)', text)
    if count == 0 or errors or (int(others.group(1)) if others else 0) != (count if status >= 400 else 0):
        raise Wrong(f'not {count} answers with status {status}: {text}')

    def microseconds(share):
        value, unit = re.search(rf'{share}%\s+([\d.]+)(us|ms|s)\b', text).groups()
        return float(value) * MICROSECONDS[unit]

    rate = float(re.search(r'Requests/sec:\s+([\d.]+)', text).group(1))
    return {'count': count, 'rate': rate, 'p50_us': microseconds(50), 'p99_us': microseconds(99)}


def h2load(network, seconds, connections, streams):
    text = loaded(network, 'h2load', '-t1', f'-c{connections}', f'-m{streams}', f'-D{seconds}', f'http://127.0.0.1:{PORT}/')
    count = int(re.search(r'requests: .* (\d+) done', text).group(1))
    other, answered = sum(int(number) for number in re.findall(r'(\d+) [234]xx', text)), int(re.search(r'(\d+) 5xx', text).group(1))
    # Of the answers under way when the time is over it may have seen the status and not the end.
    if count == 0 or other or not count <= answered <= count + connections * streams:
        raise Wrong(f'not {count} answers with status 503: {text}')
    return {'count': count, 'rate': float(re.search(r'([\d.]+) req/s', text).group(1))}


def speaks_http2(network):
    """Whether what listens answers a request of HTTP/2 by itself."""
    text = loaded(network, 'h2load', '-t1', '-c1', '-m1', '-n1', '--connection-active-timeout=3', f'http://127.0.0.1:{PORT}/')
    return ' 1 5xx' in text


def requests(generate, warm_up=1):
    """A measurement of CPU time for each request, by a generator that is given a network and seconds."""
    def measure(network, pids, settings):
        generate(network, warm_up)
        settings.wait()
        with machine.Watch(*pids) as watch:
            figures = generate(network, settings.seconds)
        return {**figures, 'cpu_us': watch.cpu[0] / figures['count'] * 1e6}, watch
    return measure


def body(network, pids, settings):
    """One GiB."""
    def ask(size):
        told = json.loads(loaded(network, TOOLS / 'bench-sink', '127.0.0.1', PORT, size))
        if told['bytes'] != size:
            raise Wrong(f'{told["bytes"]} of {size} bytes')
        return size / (1 << 20) / told['seconds']

    ask(GIB // 8)
    settings.wait()
    with machine.Watch(*pids) as watch:
        rate = ask(GIB)
    return {'mib_s': rate, 'cpu_s': watch.cpu[0]}, watch


class Peak:
    """The most memory that a process held meanwhile, beyond what it began with."""

    def __init__(self, pid):
        self.pid = pid
        self.begin = self.most = machine.memory_bytes(pid)
        self.is_over = threading.Event()
        self.thread = threading.Thread(target=self.look)

    def look(self):
        while not self.is_over.wait(0.05):
            self.most = max(self.most, machine.memory_bytes(self.pid))

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.is_over.set()
        self.thread.join()
        self.bytes = self.most - self.begin


def resets(count, rate=0):
    def measure(network, pids, settings):
        settings.wait()
        with machine.Watch(*pids) as watch, Peak(pids[0]) as peak:
            told = json.loads(loaded(network, TOOLS / 'bench-resets', '127.0.0.1', PORT, count, RESET_AFTER_MS, rate))
        if abs(told['clock_set_by_ms']) > CLOCK_SET_MS_MAX:
            raise Disturbed(f'the clock was set by {told["clock_set_by_ms"]} ms')
        if told['lost']:
            raise Disturbed(f'{told["lost"]} packets were not captured, or without their time')
        if told['resets'] != count or told['ends'] or told['earliest_ms'] < 0:
            raise Wrong(f'not {count} resets, none of them early: {told}')
        return {**{name: told[name] for name in ('p50_ms', 'p99_ms', 'max_ms')}, 'held_bytes': peak.bytes / count,
                'cpu_us': watch.cpu[0] / count * 1e6}, watch
    return measure
