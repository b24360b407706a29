#!/usr/bin/env python3
"""What the monitor costs: its judgement, its memory, its calls to AWS. bench/monitor_bench.py [--rounds N] [--write].

Each rate is counted in CPU time (others may be at work on the machine) and in time on the clock, beside a stated aim:
the median of N rounds and the range they lie in. Calls and notices are counted over one stream of events, beside those
of the sample that AWS publishes (bench/monitor/calls.py). --write puts the tables into docs/performance.md.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from running_lab import SQUALL
from tables import put_table

sys.path.append(str(Path(__file__).resolve().parent / 'monitor'))
import calls  # noqa: E402

ROOT = Path(__file__).resolve().parents[1]
TOOL = os.environ.get('BENCH_MONITOR', str(ROOT / 'build/release/bench/bench-monitor'))
INSTANCES = 10_000
MANY = 100_000


def tool(*words):
    done = subprocess.run([TOOL, *(str(word) for word in words)], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def one_round():
    """Every figure once. Files lie where the build does: on a disk, as a store's would."""
    with tempfile.TemporaryDirectory(dir=Path(TOOL).parent) as folder:
        figures = {'reduce': tool('reduce', INSTANCES, 2_000_000), 'parse': tool('parse', INSTANCES, 200_000),
                   'judge': tool('judge', INSTANCES, 200_000, f'{folder}/judge.db'), 'state': tool('state', MANY)}
        tool('fill', MANY, f'{folder}/many.db')
        figures['load'] = tool('load', f'{folder}/many.db')
        figures['file'] = sum(file.stat().st_size for file in Path(folder).glob('many.db*')) / 1e6
    for name in ('reduce', 'parse', 'judge'):
        assert figures[name]['decisions'] == 0, f'{name}: a fleet that only renews its connections was told of'
        # But for those that are under way at the end, every second event is a return.
        assert 0 <= figures[name]['count'] / 2 - figures[name]['rotations'] < 10, f'{name}: not every event was understood'
    return figures


def ranged(values, form):
    return f'{form(statistics.median(values))} ({form(min(values))} to {form(max(values))})'


def rate_row(rounds, name, what, aim):
    by_cpu = [figures[name]['count'] / figures[name]['cpu_s'] for figures in rounds]
    by_clock = [figures[name]['count'] / figures[name]['wall_s'] for figures in rounds]
    is_met = aim is None or statistics.median(by_cpu) >= aim
    return what, ranged(by_cpu, '{:,.0f}'.format), ranged(by_clock, '{:,.0f}'.format), f'≥ {aim:,}' if aim else '', is_met


def cost_row(values, what, unit, aim):
    is_met = aim is None or statistics.median(values) <= aim
    return what, ranged(values, ('{:,.1f} s' if unit == 's' else '{:,.0f} ' + unit).format), '', f'≤ {aim:,} {unit}' if aim else '', is_met


def table_of_costs(rounds, day):
    rows = [
        rate_row(rounds, 'reduce', 'events a second, judged', 500_000),
        rate_row(rounds, 'parse', 'events a second, read from their JSON of 4.5 KB and judged', None),
        rate_row(rounds, 'judge', 'messages a second, read, judged and stored, 500 to a synced commit', 20_000),
        cost_row([figures['state']['grown_mb'] for figures in rounds], f'memory of {MANY:,} instances', 'MB', 200),
        cost_row([figures['load']['grown_mb'] for figures in rounds], f'memory of {MANY:,} instances, read from the store', 'MB', 200),
        cost_row([figures['load']['cpu_s'] for figures in rounds], 'time to read them', 's', None),
        cost_row([figures['file'] for figures in rounds], 'their store on disk', 'MB', None),
        (f'a calm day of {INSTANCES:,} instances, simulated', f'{day["cpu_s"]:.0f} s', f'{day["wall_s"]:.0f} s', '', True),
        ('peak memory of that simulation', f'{day["peak_mb"]:,.0f} MB', '', '', True),
        ('messages to people that it leads to', str(day['told']), '', '0', day['told'] == 0),
    ]
    lines = ['| what | median (range), by CPU time where it is one | by the clock | aim | |', '|---|---|---|---|---|']
    lines += [f'| {what} | {value} | {clock} | {aim} | {"" if not aim else "ok" if fine else "**missed**"} |' for what, value, clock, aim, fine in rows]
    return '\n'.join(lines), all(fine for *_, fine in rows)


def calm_day():
    """A day in which nothing is worth a word, through the binary that operators run."""
    began = time.monotonic()
    generate = subprocess.Popen([SQUALL, 'monitor', 'generate', '--calm', '--instances', str(INSTANCES), '--hours', '24'], stdout=subprocess.PIPE)
    with tempfile.TemporaryFile(mode='w+') as said:
        simulate = subprocess.Popen([SQUALL, 'monitor', 'simulate', '-'], stdin=generate.stdout, stdout=said)
        generate.stdout.close()
        _, status, usage = os.wait4(simulate.pid, 0)
        assert status == 0 and generate.wait() == 0
        seconds = time.monotonic() - began
        said.seek(0)
        kinds = [json.loads(line)['kind'] for line in said]
    return {'wall_s': seconds, 'cpu_s': usage.ru_utime + usage.ru_stime, 'peak_mb': usage.ru_maxrss * 1024 / 1e6,
            'told': sum(kind not in ('suppressed', 'info') for kind in kinds)}


def table_of_calls(compared):
    def hourly(counts):
        return f'{sum(counts.values()):,}'

    lines = ['| | squall | the sample |', '|---|---|---|']
    for name, (dark, ours, sample) in compared.items():
        heading = 'peace' if name == 'peace' else f'an outage of {dark:,} for an hour'
        told = sum(count for kind, count in ours['decisions'].items() if kind not in ('suppressed', 'info'))
        tagged = 3 * sample.calls['ec2:DescribeInstances']
        lines.append(f'| {heading}: calls in that hour | {hourly(ours["calls"])} | {hourly(sample.calls)}; {tagged:,} where clusters are chosen by tag |')
        lines += [f'| {heading}: `{operation}` | {count:,} | {sample.calls.get(operation, 0):,} |' for operation, count in ours['calls'].items()]
        lines.append(f'| {heading}: messages to people, in two hours | {told:,} | {sample.told:,} |')
    return '\n'.join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--rounds', type=int, default=5, help='of the costs; 0: only the calls, which no load changes')
    parser.add_argument('--write', action='store_true', help='put the tables into docs/performance.md')
    options = parser.parse_args()
    rounds = []
    for number in range(options.rounds):
        rounds.append(one_round())
        rates = ', '.join(f'{name} {rounds[-1][name]["count"] / rounds[-1][name]["cpu_s"]:,.0f}/s of CPU' for name in ('reduce', 'parse', 'judge'))
        print(f'round {number + 1} of {options.rounds}: {rates}', file=sys.stderr)
    costs, fine = table_of_costs(rounds, calm_day()) if rounds else ('', True)
    asked = table_of_calls(calls.compare(SQUALL, TOOL, INSTANCES))
    print(costs, asked, sep='\n\n')
    if options.write:
        if rounds:
            put_table('monitor', f'{options.rounds} rounds, {os.cpu_count()} cores, shared.', costs)
        put_table('monitor calls', f'{INSTANCES:,} instances in two clusters and three zones.', asked)
    return 0 if fine else 1


if __name__ == '__main__':
    sys.exit(main())
