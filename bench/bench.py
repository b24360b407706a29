#!/usr/bin/env python3
"""What squall costs, as ratios within one run: bench/bench.py [--rounds N] [--write].

Each figure is the median of N rounds, beside a stated limit or a peer measured in the same round. --write puts the
table into docs/performance.md. Peers that are not installed are left out, and the table says so.
"""
import argparse
import concurrent.futures
import json
import os
import platform
import re
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

from running_lab import SQUALL, Lab
from tables import put_table

REQUESTS = 2000


def signed_requests(endpoint, environment, count):
    """Describes all container instances, `count` times over four connections; requests a second."""
    import botocore.auth
    import botocore.awsrequest
    import botocore.credentials
    import http.client
    keys = botocore.credentials.Credentials(environment['AWS_ACCESS_KEY_ID'], environment['AWS_SECRET_ACCESS_KEY'])

    def prepared(operation, body):
        request = botocore.awsrequest.AWSRequest('POST', endpoint + '/', data=json.dumps(body), headers={
            'Content-Type': 'application/x-amz-json-1.1', 'X-Amz-Target': f'AmazonEC2ContainerServiceV20141113.{operation}'})
        botocore.auth.SigV4Auth(keys, 'ecs', 'us-east-1').add_auth(request)
        return request.prepare()

    host = endpoint.removeprefix('http://')
    request = prepared('ListContainerInstances', {'cluster': 'demo'})

    def worker(share):
        connection = http.client.HTTPConnection(host)
        for _ in range(share):
            connection.request('POST', '/', body=request.body, headers=dict(request.headers))
            answer = connection.getresponse()
            answer.read()
            assert answer.status == 200, answer.status
        connection.close()

    began = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        list(pool.map(worker, [count // 4] * 4))
    return count / (time.monotonic() - began)


def memory_mb(environment):
    """Memory of the lab's daemon and everything below it, hosts and tasks too. Shared pages count once."""
    parents, ours = {}, set()
    for entry in Path('/proc').iterdir():
        if not entry.name.isdigit():
            continue
        try:
            parents[int(entry.name)] = int((entry / 'stat').read_text().rsplit(')', 1)[1].split()[1])
            if f'XDG_STATE_HOME={environment["XDG_STATE_HOME"]}'.encode() in (entry / 'environ').read_bytes():
                ours.add(int(entry.name))
        except OSError:
            continue
    while below := {pid for pid, parent in parents.items() if parent in ours} - ours:
        ours |= below
    total = 0
    for pid in ours:
        try:
            total += int(re.search(r'^Pss:\s+(\d+)', Path(f'/proc/{pid}/smaps_rollup').read_text(), re.M).group(1))
        except (OSError, AttributeError):
            continue
    return total / 1024


def moto_rate():
    """The same request against moto's server, where it is installed."""
    program = shutil.which('moto_server')
    if not program:
        return None
    process = subprocess.Popen([program, '-p', '0'], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env={**os.environ, 'PYTHONUNBUFFERED': '1'})
    try:
        for line in process.stdout:
            found = re.search(r'http://127\.0\.0\.1:\d+', line)
            if found:
                break
        else:
            return None
        environment = {'AWS_ACCESS_KEY_ID': 'AKIDEXAMPLE', 'AWS_SECRET_ACCESS_KEY': 'secret'}
        create = ['aws', 'ecs', 'create-cluster', '--cluster-name', 'demo', '--endpoint-url', found.group(0), '--region', 'us-east-1']
        subprocess.run(create, env={**os.environ, **environment}, capture_output=True, check=True)
        return signed_requests(found.group(0), environment, REQUESTS // 4)
    finally:
        process.kill()
        process.wait()


def one_round():
    figures = {}
    began = time.monotonic()
    subprocess.run([SQUALL, 'faults'], check=True, capture_output=True)
    figures['start'] = time.monotonic() - began
    lab = Lab(3)
    figures['up'] = lab.seconds_up
    try:
        figures['memory'] = memory_mb(lab.environment)
        figures['rate'] = signed_requests(lab.endpoint, lab.environment, REQUESTS)
        began = time.monotonic()
        done = subprocess.run([SQUALL, 'run', '--json', '--fault', 'ecs-agent-stop', '--set', 'CLUSTER_NAME=demo', '--set', 'TOTAL_CHAOS_DURATION=10'],
                              env=lab.environment, capture_output=True, text=True, check=True)
        verdict = json.loads(done.stdout.splitlines()[-1])
        figures['run'] = time.monotonic() - began - 10
        figures['calls'] = sum(verdict['api_calls'].values())
    finally:
        figures['down'] = lab.down()
    figures['moto'] = moto_rate()
    return figures


def table(rounds):
    def median(name):
        values = [figures[name] for figures in rounds if figures[name] is not None]
        return statistics.median(values) if values else None

    size = os.path.getsize(SQUALL) / 1e6
    moto = median('moto')
    rows = [
        ('start of the binary (`squall faults`)', f'{1000 * median("start"):.0f} ms', '100 ms', median('start') <= 0.1),
        ('size of the binary', f'{size:.1f} MB', '25 MB', size <= 25),
        ('`lab up` with 3 hosts, until every agent is connected', f'{median("up"):.2f} s', '5 s', median('up') <= 5),
        ('`lab down`', f'{median("down"):.2f} s', '2 s', median('down') <= 2),
        ('memory of that lab (PSS of its processes)', f'{median("memory"):.0f} MB', '300 MB', median('memory') <= 300),
        ('signed requests a second, 4 connections', f'{median("rate"):.0f}' + (f' ({median("rate") / moto:.1f} times moto)' if moto else ' (moto is not installed)'), '5 times moto', not moto or median('rate') >= 5 * moto),
        ('a run over 3 hosts, beyond the time that it holds', f'{median("run"):.2f} s', '5 s', median('run') <= 5),
        ('API calls of that run', f'{median("calls"):.0f}', '60', median('calls') <= 60),
    ]
    lines = ['| what | median | limit | |', '|---|---|---|---|']
    lines += [f'| {what} | {value} | {limit} | {"ok" if fine else "**over**"} |' for what, value, limit, fine in rows]
    return '\n'.join(lines), all(fine for *_, fine in rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--rounds', type=int, default=5)
    parser.add_argument('--write', action='store_true', help='put the table into docs/performance.md')
    options = parser.parse_args()
    rounds = []
    for number in range(options.rounds):
        rounds.append(one_round())
        print(f'round {number + 1} of {options.rounds}: ' + ', '.join(f'{name} {value:.3g}' for name, value in rounds[-1].items() if value is not None), file=sys.stderr)
    text, fine = table(rounds)
    print(text)
    if options.write:
        put_table('figures', f'{options.rounds} rounds, {os.cpu_count()} cores, Linux {platform.release().split("-")[0]}.', text)
    return 0 if fine else 1


if __name__ == '__main__':
    sys.exit(main())
