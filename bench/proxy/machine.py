"""What this machine spends its time on: CPU and memory of processes, and of whoever else is at work."""
import os
import resource
import time
from pathlib import Path

TICKS = os.sysconf('SC_CLK_TCK')
# Shares of the whole machine that others may use: before a measurement, and during it. Some of the kernel's own work
# for what is measured belongs to no process, so that the second one cannot be near zero.
QUIET, DISTURBED = 0.08, 0.15
LOOK_SECONDS = 0.5


def family(pid):
    """A process and all that came from it."""
    found = [pid]
    for tasks in Path(f'/proc/{pid}/task').glob('*/children'):
        try:
            for child in tasks.read_text(encoding='ascii').split():
                found += family(int(child))
        except OSError:
            continue
    return found


def cpu_seconds(pid):
    """Of a process and all below it, by the scheduler's own account in nanoseconds."""
    total = 0
    for process in family(pid):
        for account in Path(f'/proc/{process}/task').glob('*/schedstat'):
            try:
                total += int(account.read_text(encoding='ascii').split()[0])
            except OSError:
                continue
    return total / 1e9


def memory_bytes(pid):
    """What it holds of its own, files that it maps not counted."""
    for line in Path(f'/proc/{pid}/status').read_text(encoding='ascii').splitlines():
        if line.startswith('RssAnon:'):
            return int(line.split()[1]) * 1024
    return 0


def busy_seconds():
    """Of all processors, since the machine started; what the hypervisor took away is not counted."""
    user, nice, system, _, _, irq, softirq, *_ = Path('/proc/stat').read_text(encoding='ascii').split('\n', 1)[0].split()[1:]
    return sum(map(int, (user, nice, system, irq, softirq))) / TICKS


def children_seconds():
    """Of this process and of those of its children that have ended."""
    return sum(used.ru_utime + used.ru_stime for used in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)))


def wait_until_quiet(patience):
    """Returns when others leave the machine alone; False when they did not within this many seconds."""
    end = time.monotonic() + patience
    while True:
        before, began = busy_seconds(), time.monotonic()
        time.sleep(LOOK_SECONDS)
        if (busy_seconds() - before) / (time.monotonic() - began) / os.cpu_count() <= QUIET:
            return True
        if time.monotonic() >= end:
            return False


class Watch:
    """Over a measurement: what the processes with these pids used, the machine as a whole, and others (a share of it)."""

    def __init__(self, *pids):
        self.pids = pids

    def used(self):
        return [cpu_seconds(pid) for pid in self.pids], children_seconds(), busy_seconds(), time.monotonic()

    def __enter__(self):
        self.before = self.used()
        return self

    def __exit__(self, *_):
        own, ours, busy, now = self.used()
        own_before, ours_before, busy_before, began = self.before
        self.seconds = now - began
        self.cpu = [after - before for after, before in zip(own, own_before)]
        self.busy = busy - busy_before
        others = self.busy - sum(self.cpu) - (ours - ours_before)
        self.others = max(0.0, others / self.seconds / os.cpu_count())
