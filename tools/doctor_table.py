#!/usr/bin/env python3
"""The table in docs/doctor.md: of each cause, by what the doctor was tried.

    tools/doctor_table.py            prints it
    tools/doctor_table.py --write    puts it into docs/doctor.md

From libs/doctor/data/causes.yaml, the logs in libs/doctor/tests/data/logs, and what `squall lab break` can make true.
"""
import argparse
import json
import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SQUALL = os.environ.get('SQUALL_BINARY', str(ROOT / 'build/release/squall'))
DOCUMENT = ROOT / 'docs/doctor.md'
BEGIN, END = '<!-- tools/doctor_table.py -->', '<!-- end -->'

# What the lab makes true, and the doctor does not name everywhere (A_HINT_ON_THE_HOST in tests/e2e/lab_practice.py).
OTHERWISE = {
    'INSTANCE_GONE': 'from afar in the lab: only EC2 can tell',
    'INSTANCE_STOPPED': 'from afar in the lab: only EC2 can tell',
    'STALE_IDENTITY': 'from afar in the lab; on its host, which is healthy, and in an archive it is a hint',
}


def causes():
    return re.findall(r'^  - id: ([A-Z0-9_]+)$', (ROOT / 'libs/doctor/data/causes.yaml').read_text(), re.M)


def causes_of_logs():
    expected = ROOT / 'libs/doctor/tests/data/logs/expected.tsv'
    if not expected.exists():
        return set()
    rows = [line.split('\t') for line in expected.read_text().splitlines()[1:]]
    return {cause for row in rows if len(row) > 1 for cause in row[1].split(',')}


def causes_of_lab():
    done = subprocess.run([SQUALL, 'lab', 'break', '--list', '--json'], capture_output=True, text=True, check=True)
    ways = {}
    for one in json.loads(done.stdout)['causes']:
        cause, _, way = one['cause'].partition(':')
        ways.setdefault(cause, []).append(way)
    return ways


def tried(cause, logs, lab):
    where = []
    if cause in lab and cause not in OTHERWISE:
        ways = len(lab[cause])
        where.append('live in the lab' + (f', {ways} ways' if ways > 1 else ''))
    if cause in logs:
        where.append('logs' if where or cause in OTHERWISE else 'logs only')
    if cause in OTHERWISE:
        where.append(OTHERWISE[cause])
    return '; '.join(where) or 'not yet'


def table():
    logs, lab = causes_of_logs(), causes_of_lab()
    lines = ['| cause | tried by |', '|---|---|']
    lines += [f'| `{cause}` | {tried(cause, logs, lab)} |' for cause in causes()]
    return '\n'.join(lines) + '\n'


def parts():
    before, rest = DOCUMENT.read_text().split(BEGIN + '\n', 1)
    written, after = rest.split(END, 1)
    return before, written, after


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--write', action='store_true')
    if not parser.parse_args().write:
        return sys.stdout.write(table())
    before, _, after = parts()
    return DOCUMENT.write_text(before + BEGIN + '\n' + table() + END + after)


if __name__ == '__main__':
    main()
