#!/usr/bin/env python3
"""How fast the doctor reads logs and looks at a host. bench/doctor_bench.py [--rounds N] [--gigabytes G] [--write].

A log as an agent writes it (seed printed) is read whole by `squall doctor --log`, and by grep with the same patterns: -F with
those that are plain text, -E -f with all of them. All on one core, from memory, one after the other, in each round; the
medians of N rounds. --write puts the tables into docs/performance.md.
"""
import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import yaml

from running_lab import SQUALL, Lab
from tables import put_table

ROOT = Path(__file__).resolve().parents[1]
CATALOGUE = ROOT / 'libs/doctor/data/causes.yaml'
ARN = 'arn:aws:ecs:us-east-1:111122223333'
INSTANCE = f'{ARN}:container-instance/prod/0123456789abcdef0123456789abcdef'
USUAL = [
    'level=info time={time} msg="Managed task [{task}]: waiting for event for task" module=task_manager.go',
    'level=info time={time} msg="Container change also resulted in task change" task="{task}" desiredStatus="RUNNING" container="web"',
    'level=info time={time} msg="Sending state change to ECS" eventType="TaskStateChange" eventData="TaskChange: [{task} -> RUNNING]"',
    'level=debug time={time} msg="Received message of type: HeartbeatMessage" module=client.go',
    'level=info time={time} msg="Redundant container state change" task="{task}" container="web" status="RUNNING" redundantStatus=RUNNING',
    'level=info time={time} msg="Processing ACS message" messageType="HeartbeatMessage" containerInstanceARN="' + INSTANCE + '"',
    'level=info time={time} msg="Cgroup resource set up for task complete" task="{task}"',
    'level=debug time={time} msg="Skipping event to task, not found" eventType=containerChange runtimeID="{hex}"',
]
TROUBLE = [
    'level=error time={time} msg="Failed to connect to ACS" containerInstanceARN="' + INSTANCE + '" error="websocket client: unable to dial '
    'ecs-a-1.us-east-1.amazonaws.com response: : dial tcp 3.210.0.10:443: i/o timeout"',
    'level=info time={time} msg="[DockerRuntimeHealthcheck] Docker Ping failed with error: context deadline exceeded" '
    'module=docker_runtime_healthcheck.go',
    'level=error time={time} msg="DockerGoClient: Unable to retrieve stats: Cannot connect to the Docker daemon at '
    'unix:///var/run/docker.sock. Is the docker daemon running?"',
]


def write_log(path, size, share, seed):
    """Lines as an agent writes them; `share` of them tell of trouble."""
    chance = random.Random(seed)
    block = []
    for number in range(40_000):
        stamp = f'2026-06-30T{number // 3600 % 24:02}:{number // 60 % 60:02}:{number % 60:02}Z'
        form = chance.choice(TROUBLE if chance.random() < share else USUAL)
        block.append(form.format(time=stamp, task=f'{ARN}:task/prod/{chance.getrandbits(128):032x}', hex=f'{chance.getrandbits(256):064x}'))
    text = ('\n'.join(block) + '\n').encode()
    with open(path, 'wb') as out:
        written = 0
        while written < size:
            out.write(text)
            written += len(text)
    return written


def patterns():
    """What a line must have one of to be a sign or a mark: plain texts, and regular expressions as grep -E takes them. Of a sign
    that wants several things at once the longest, as the doctor's own first pass does: else grep would stop at everyday words."""
    catalogue = yaml.safe_load(CATALOGUE.read_text())
    groups = {}

    def members(item):
        return groups[item[1:]] if item.startswith('$') else [item]

    for name, items in catalogue['groups'].items():
        groups[name] = [one for item in items for one in members(item)]
    plain, regular = set(), set()
    signs = [sign for name, of_mark in catalogue['marks'].items() if name not in ('telemetry', 'unclear-socket', 'of-task') for sign in of_mark]
    signs += [sign for cause in catalogue['causes'] for sign in cause.get('signs', [])]
    for sign in signs:
        if isinstance(sign, str):
            sets = [members(sign)]
        else:
            sets = [members(item) for item in sign.get('all', [])]
            sets += [[one for item in sign['any'] for one in members(item)]] if 'any' in sign else []
        for one in max(sets, key=lambda each: min(5 if text.startswith('/') else len(text) for text in each)):
            (regular if one.startswith('/') and one.endswith('/') else plain).add(one)
    regular = [one[1:-1].replace('\\d', '[0-9]').replace('\\S', '[^ ]').replace('\\s', '[ ]') for one in regular]
    quoted = [''.join('\\' + c if c in r'\^$.|?*+()[]{}' else c for c in one) for one in plain]
    return sorted(set(plain)), sorted(set(quoted + regular))


def timed(command, expected):
    begun = time.monotonic()
    done = subprocess.run(['taskset', '-c', '0', *command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**os.environ, 'LC_ALL': 'C'}, check=False)
    took = time.monotonic() - begun
    assert done.returncode in expected, f'{command}: {done.returncode} {done.stderr[-500:]!r}'
    return took


def reading(rounds, gigabytes, seed):
    rows = []
    plain, regular = patterns()
    print(f'seed {seed}; {len(plain)} texts, {len(regular) - len(plain)} regular expressions', flush=True)
    with tempfile.TemporaryDirectory(dir='/dev/shm') as folder:
        texts, expressions, log = (f'{folder}/{name}' for name in ('texts', 'expressions', 'agent.log'))
        Path(texts).write_text('\n'.join(plain) + '\n')
        Path(expressions).write_text('\n'.join(regular) + '\n')
        for share in (0.001, 0.05, 1.0):
            size = write_log(log, int(gigabytes * 1e9), share, seed)
            rates = {'doctor': [], 'grep -F': [], 'grep -E': []}
            for _ in range(rounds):
                # grep would stop at nothing: it is given the same reason to look at every line.
                for name, command, expected in (('doctor', [SQUALL, 'doctor', '--log', log, '--json', '--whole'], (1,)),
                                                ('grep -F', ['grep', '-c', '-i', '-F', '-f', texts, log], (0,)),
                                                ('grep -E', ['grep', '-c', '-i', '-E', '-f', expressions, log], (0,))):
                    rates[name].append(size / timed(command, expected) / 1e9)
            medians = {name: statistics.median(values) for name, values in rates.items()}
            print(share, medians, flush=True)
            rows.append([f'{share:.1%}', *(f'{medians[name]:.2f} ({min(rates[name]):.2f} to {max(rates[name]):.2f})' for name in rates),
                         f'{medians["doctor"] / medians["grep -E"]:.1f}', f'{medians["doctor"] / medians["grep -F"]:.1f}'])
    return rows


def looking(rounds):
    """Seconds of the live doctor, on a host of the lab that is well and on one where everything hangs."""
    rows = []
    lab = Lab(1)

    def on_host(*command):
        return subprocess.run([SQUALL, 'lab', 'exec', '1', '--', *command], capture_output=True, text=True, env=lab.environment, check=False)

    def doctor(verdict):
        begun = time.monotonic()
        done = on_host('/usr/local/libexec/squall', 'doctor', '--json')
        took = time.monotonic() - begun
        assert json.loads(done.stdout)['verdict'] == verdict, done
        return took

    try:
        rows.append(['everything is well', *ranged([doctor('healthy') for _ in range(rounds)]), '≤ 1'])
        on_host('sh', '-c', 'for pid in $(systemctl show -p MainPID --value docker) $(cat /run/ecs-agent.pid); do kill -STOP "$pid"; done; '
                'iptables -I INPUT -i eth0 -j DROP; iptables -I OUTPUT -d 169.254.169.254 -j DROP')
        rows.append(['Docker, agent, network and metadata hang', *ranged([doctor('finding') for _ in range(min(rounds, 3))]), '≤ 15'])
    finally:
        lab.down()
    return rows


def ranged(values):
    return [f'{statistics.median(values):.2f}', f'{min(values):.2f} to {max(values):.2f}']


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--rounds', type=int, default=5)
    parser.add_argument('--gigabytes', type=float, default=1.0)
    parser.add_argument('--seed', type=int, default=20260630)
    parser.add_argument('--write', action='store_true')
    wanted = parser.parse_args()
    read = reading(wanted.rounds, wanted.gigabytes, wanted.seed)
    looked = looking(wanted.rounds)
    tables = {
        'doctor-reading': (['lines that tell of trouble', 'squall doctor, GB/s', 'grep -F, GB/s', 'grep -E, GB/s', '× grep -E', '× grep -F'], read),
        'doctor-looking': (['host', 'seconds, median', 'range', 'aim'], looked),
    }
    for name, (head, rows) in tables.items():
        text = '\n'.join('| ' + ' | '.join(row) + ' |' for row in [head, ['---'] * len(head), *rows])
        print(text)
        if wanted.write:
            put_table(name, f'{wanted.rounds} rounds, {os.cpu_count()} cores.', text)
    return 0


if __name__ == '__main__':
    sys.exit(main())
