#!/usr/bin/env python3
"""A run of ecs-agent-stop over 10,000 virtual instances: API calls, time and memory. bench/fleet.py [--instances N] [--write].

The bounds: ceil(N/100) calls each to list and describe, a look; ceil(N/50) to send, and for each look after the commands; 150 MB for
the runner, 1 GB for the lab. --write puts the table into docs/performance.md.
"""
import argparse
import json
import math
import os
import re
import subprocess
import sys
import time
from pathlib import Path

from running_lab import SQUALL, Lab
from tables import put_table

DURATION = 60


def peak_mb(pid):
    return int(re.search(r'VmHWM:\s+(\d+)', Path(f'/proc/{pid}/status').read_text()).group(1)) / 1024


def run_over(lab):
    """The events of a run, its seconds, and the peak memory of the runner in MB."""
    began = time.monotonic()
    process = subprocess.Popen([SQUALL, 'run', '--json', '--fault', 'ecs-agent-stop', '--set', 'CLUSTER_NAME=demo', '--set', f'TOTAL_CHAOS_DURATION={DURATION}'],
                               env=lab.environment, stdout=subprocess.PIPE, text=True)
    events = [json.loads(line) for line in process.stdout]
    _, status, usage = os.wait4(process.pid, 0)
    assert status == 0, events[-1]
    return events, time.monotonic() - began, usage.ru_maxrss / 1024


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--instances', type=int, default=10_000)
    parser.add_argument('--write', action='store_true', help='put the table into docs/performance.md')
    options = parser.parse_args()
    count = options.instances
    lab = Lab(0, '--virtual', str(count))
    try:
        events, seconds, peak = run_over(lab)
        lab_peak = peak_mb(json.loads(lab.squall('lab', 'status', '--json'))['pid'])
    finally:
        lab.down()
    verdict = events[-1]
    affected = sum(event['kind'] == 'affected' for event in events)
    calls = verdict['api_calls']
    hundreds, fifties = math.ceil(count / 100), math.ceil(count / 50)
    # What a whole number of looks comes to; a last look may concern a part of them.
    looks = math.ceil(calls['ecs:DescribeContainerInstances'] / hundreds)
    polls = math.ceil(calls['ssm:ListCommandInvocations'] / fifties)
    rows = [
        ('instances affected, and well again', f'{affected:,} of {count:,}', f'{count:,}', verdict['verdict'] == 'passed' and affected == count),
        ('seconds, of which the fault is held 60', f'{seconds:.0f}', '', True),
        ('`ssm:SendCommand`', calls['ssm:SendCommand'], f'{2 * fifties} (two for each fifty)', calls['ssm:SendCommand'] <= 2 * fifties),
        ('`ssm:ListCommandInvocations`', calls['ssm:ListCommandInvocations'], f'{polls * fifties} ({polls} looks)', polls <= 4),
        ('`ssm:DescribeInstanceInformation`', calls['ssm:DescribeInstanceInformation'], f'{fifties}', calls['ssm:DescribeInstanceInformation'] <= fifties),
        ('`ecs:ListContainerInstances`', calls['ecs:ListContainerInstances'], f'{2 * hundreds} (the plan, and the guards once)', calls['ecs:ListContainerInstances'] <= 2 * hundreds),
        ('`ecs:DescribeContainerInstances`', f'{calls["ecs:DescribeContainerInstances"]:,}', f'{looks * hundreds:,} ({looks} looks)', True),
        ('peak memory of the runner', f'{peak:.0f} MB', '150 MB', peak <= 150),
        ('peak memory of the lab', f'{lab_peak:.0f} MB', '1,000 MB', lab_peak <= 1000),
    ]
    lines = ['| what | measured | bound | |', '|---|---|---|---|']
    lines += [f'| {what} | {value} | {bound} | {"ok" if fine else "**over**"} |' for what, value, bound, fine in rows]
    text = '\n'.join(lines)
    print(text)
    if options.write:
        put_table('fleet', f'{count:,} virtual instances, {os.cpu_count()} cores.', text)
    return 0 if all(fine for *_, fine in rows) else 1


if __name__ == '__main__':
    sys.exit(main())
