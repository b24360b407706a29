"""Medians, ratios within a round, and what is decided by them."""
import statistics

from proxy.scenarios import SQUALL

FIGURES = {
    'rate': '{:,.0f} requests/s', 'p50_us': 'p50 {:.0f} µs', 'p99_us': 'p99 {:.0f} µs', 'cpu_us': '{:.2f} µs of CPU', 'busy_us': '{:.1f} µs of the machine',
    'mib_s': '{:,.0f} MiB/s', 'cpu_s': '{:.2f} s of CPU', 'p50_ms': 'p50 {:.2f} ms', 'p99_ms': 'p99 {:.2f} ms', 'max_ms': 'at most {:.2f} ms',
    'held_bytes': '{:.0f} B a connection', 'gone_ms': '{:.0f} ms',
}


def text_of(figure, value):
    return FIGURES[figure].format(value)


def value_of(figure, value):
    """The same where the line says already which figure it is."""
    return text_of(figure, value).removeprefix('p50 ').removeprefix('p99 ').removesuffix(' of CPU').removesuffix(' a connection')


class Rows:
    """What was measured: one dictionary for each round, scenario and target."""

    def __init__(self, rows):
        self.rows = rows

    def of(self, scenario, target):
        """The figures of a target, by round."""
        return {row['round']: row['figures'] for row in self.rows if row['scenario'] == scenario and row['target'] == target and 'figures' in row}

    def median(self, scenario, target, figure):
        values = [figures[figure] for figures in self.of(scenario, target).values()]
        return statistics.median(values) if values else None

    def why_not(self, scenario, target):
        return next((row['left_out'] for row in self.rows if row['scenario'] == scenario and row['target'] == target and 'left_out' in row), None)

    def compared(self, scenario, bound):
        """(squall's figure, the reference's name, its figure, what the bound speaks of) for each round that has them."""
        best = max if bound.is_floor else min
        for number, ours in self.of(scenario.name, SQUALL).items():
            others = {name: figures[number][bound.figure] for name in bound.of if number in (figures := self.of(scenario.name, name))}
            if not bound.of:
                yield ours[bound.figure], None, None, ours[bound.figure]
            elif others:
                name = best(others, key=others.get)
                yield ours[bound.figure], name, others[name], ours[bound.figure] / others[name]


def quartiles(values):
    if len(values) < 2:
        return values[0], values[0]
    first, _, third = statistics.quantiles(values, n=4, method='inclusive')
    return first, third


def verdict(values, bound):
    first, third = quartiles(values)
    if first < bound.value < third:
        return 'not decided'
    middle = statistics.median(values)
    return 'ok' if (middle >= bound.value if bound.is_floor else middle <= bound.value) else '**missed**'


def bound_line(rows, scenario, bound):
    what = f'{scenario.title}: {bound.what}'
    sign = '≥' if bound.is_floor else '≤'
    allowed = f'{sign} {bound.value:.2f} of {" and ".join(bound.of)}' if bound.of else f'{sign} {value_of(bound.figure, bound.value)}'
    compared = list(rows.compared(scenario, bound))
    if not compared:
        why = rows.why_not(scenario.name, SQUALL) or ', '.join(filter(None, (rows.why_not(scenario.name, name) for name in bound.of))) or 'no figures'
        return f'| {what} | | | {allowed} | not measured: {why} |', 'not measured'
    values = [value for *_, value in compared]
    first, third = quartiles(values)
    middle = statistics.median(values)
    ours = value_of(bound.figure, statistics.median(one for one, *_ in compared))
    if bound.of:
        spread = f'{middle:.2f} ({first:.2f} to {third:.2f})'
    else:
        spread = f'({value_of(bound.figure, first)} to {value_of(bound.figure, third)})'
    decided = verdict(values, bound)
    missing = [why for name in bound.of if (why := rows.why_not(scenario.name, name))]
    return f'| {what} | {ours} | {spread} | {allowed} | {"; ".join([decided, *missing])} |', decided


def target_line(rows, scenario, target):
    figures = next(iter(rows.of(scenario.name, target).values()), None)
    if figures is None:
        why = rows.why_not(scenario.name, target)
        return f'| {scenario.title} | {target} | {f"left out: {why}" if why else "no figures"} |'
    said = ', '.join(text_of(figure, rows.median(scenario.name, target, figure)) for figure in FIGURES if figure in figures)
    return f'| {scenario.title} | {target} | {said} |'


def tables(rows, scenarios):
    """The text, and whether no bound is missed."""
    lines = ['| what | squall | ratio in a round: median (interquartile range) | bound | |', '|---|---|---|---|---|']
    decided = []
    for scenario in scenarios:
        for bound in scenario.bounds:
            line, said = bound_line(rows, scenario, bound)
            lines.append(line)
            decided.append(said)
    lines += ['', '| what | of | medians |', '|---|---|---|']
    lines += [target_line(rows, scenario, target) for scenario in scenarios for target in scenario.targets]
    return '\n'.join(lines), '**missed**' not in decided
