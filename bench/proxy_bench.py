#!/usr/bin/env python3
"""What the fault proxy costs, as ratios to the bare work on an epoll within one round: bench/proxy_bench.py [--rounds N] [--only NAMES].

As root, on a machine with two cores that does nothing else. Each measurement has processes and network namespaces of its own: what is
measured is on the first core, its load and the application on the second. Targets are measured one after another in an order that chance
chooses, which --seed repeats. A bound that lies within the interquartile range is not decided. haproxy, nginx, wrk and h2load come from
Debian (tools/install-dependencies bench); a peer that is not installed is left out, and the table says so.

--write puts the tables into docs/performance.md; each measurement is a line of build/proxy_bench.jsonl as soon as there is one.
"""
import argparse
import json
import os
import platform
import random
import shutil
import subprocess
import sys
from pathlib import Path

from proxy import machine, servers
from proxy.load import Disturbed, Wrong
from proxy.report import Rows, tables, text_of
from proxy.scenarios import LeftOut, every_scenario
from tables import put_table

RAW = servers.ROOT / 'build/proxy_bench.jsonl'


class Settings:
    """How long a measurement takes, and how long it waits for a quiet machine."""

    def __init__(self, seconds, patience):
        self.seconds, self.patience = seconds, patience

    def wait(self):
        self.was_quiet = machine.wait_until_quiet(self.patience)


def measure(run, settings):
    """One measurement, and once more if others were at work meanwhile, or spoiled it."""
    for attempt in (1, 2):
        try:
            figures, watch = run(settings)
        except Disturbed:
            if attempt == 2:
                raise
            continue
        disturbed = not settings.was_quiet or watch.others > machine.DISTURBED
        if not disturbed or attempt == 2 or settings.patience == 0:
            return {'figures': figures, 'others': round(watch.others, 3), 'disturbed': disturbed}


def one_row(number, scenario, target, settings):
    row = {'round': number, 'scenario': scenario.name, 'target': target}
    try:
        row.update(measure(scenario.targets[target], settings))
    except LeftOut as why:
        row['left_out'] = str(why)
    except (Wrong, Disturbed, RuntimeError, subprocess.SubprocessError) as error:
        row['wrong'] = str(error)
    return row


def say(row):
    said = row.get('left_out') and f'LEFT OUT: {row["left_out"]}' or row.get('wrong') and f'WRONG: {row["wrong"]}'
    if not said:
        said = ', '.join(text_of(name, value) for name, value in row['figures'].items() if name != 'count')
        said += f'; others {100 * row["others"]:.0f} %' + (' (disturbed)' if row['disturbed'] else '')
    print(f'{row["round"]} {row["scenario"]} {row["target"]}: {said}', file=sys.stderr, flush=True)


def measure_all(scenarios, rounds, seed, settings):
    chance = random.Random(seed)
    rows = []
    RAW.parent.mkdir(exist_ok=True)
    with RAW.open('w', encoding='utf-8') as raw:
        for number in range(1, rounds + 1):
            for scenario in chance.sample(scenarios, len(scenarios)):
                for target in chance.sample(list(scenario.targets), len(scenario.targets)):
                    rows.append(one_row(number, scenario, target, settings))
                    say(rows[-1])
                    raw.write(json.dumps(rows[-1]) + '\n')
                    raw.flush()
    return rows


def heading(rows, options):
    measured = [row for row in rows if 'figures' in row]
    disturbed = sum(row['disturbed'] for row in measured)
    wrong = sum('wrong' in row for row in rows)
    said = f'{options.rounds} rounds of {options.seconds} s each, {os.cpu_count()} cores, Linux {platform.release().split("-")[0]}, seed {options.seed}.'
    if disturbed:
        said += f' Others were at work in {disturbed} of {len(measured)} measurements.'
    return said + (f' {wrong} measurements failed.' if wrong else '')


def check_machine():
    """What is missing here, if anything."""
    if os.geteuid() != 0:
        return 'network namespaces are made: run it as root'
    if os.cpu_count() < 2:
        return 'two cores are needed: one for what is measured, one for its load'
    missing = [name for name in ('wrk', 'h2load', 'nft', 'taskset', 'ip') if not shutil.which(name)]
    if missing:
        return f'{", ".join(missing)}: not installed (tools/install-dependencies bench)'
    wanted = [Path(servers.HELPER), servers.TOOLS / 'bench-limit']
    unbuilt = [str(path) for path in wanted if not path.exists()]
    if unbuilt:
        return f'{", ".join(unbuilt)}: build it first (cmake --build --preset release --target squall-host proxy_bench_tools)'
    return None


def main():
    names = [scenario.name for scenario in every_scenario()]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--rounds', type=int, default=15)
    parser.add_argument('--seconds', type=int, default=3, help='of load, after one of warming up')
    parser.add_argument('--only', type=lambda text: text.split(','), default=names, help=f'some of {", ".join(names)}')
    parser.add_argument('--seed', type=int, default=random.SystemRandom().randrange(1_000_000))
    parser.add_argument('--patience', type=int, default=60, help='seconds that a measurement waits for a quiet machine; 0: it does not')
    parser.add_argument('--write', action='store_true', help='put the tables into docs/performance.md')
    options = parser.parse_args()
    if unknown := set(options.only) - set(names):
        parser.error(f'--only {",".join(sorted(unknown))}: there are {", ".join(names)}')
    if problem := check_machine():
        parser.exit(2, f'proxy_bench: {problem}\n')
    print(f'seed {options.seed}', file=sys.stderr)
    scenarios = [scenario for scenario in every_scenario() if scenario.name in options.only]
    rows = measure_all(scenarios, options.rounds, options.seed, Settings(options.seconds, options.patience))
    text, fine = tables(Rows(rows), scenarios)
    print(heading(rows, options) + '\n\n' + text)
    if options.write:
        put_table('proxy', heading(rows, options), text)
    return 0 if fine and not any('wrong' in row for row in rows) else 1


if __name__ == '__main__':
    sys.exit(main())
