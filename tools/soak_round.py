"""One round of tools/soak: a run of ecs-agent-stop, what befalls it by chance, and what must hold afterwards.

Everything that chance chooses is in Schedule, before anything happens: the same seed gives the same schedule.
"""
import json
import random
import signal
import sys
import threading
import time
from datetime import datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / 'tests/e2e'))
from conftest import Lab, processes_of, wait_for  # noqa: E402  (its folder is known only now)

# A host restores itself 8 s after the planned end, and its agent is connected 15 s after the planned end.
PATIENCE = 7
# Where parts of the hosts died too, their own restarts come on top, one after the other: 10 s until systemd starts ecs-init
# again, up to 18 s until ecs-init starts the agent again, and 10 s until an agent that does not end is killed.
RESTARTS = 38
# A mark against an order that may still come lies there until the order would be void: half a minute, and two seconds.
MARKS_LIE = 60
# An SSM agent whose poll hangs gives it up after 40 s; until then SSM does not reach the host.
SSM_IS_BACK = 60
FAULT = ('--fault', 'ecs-agent-stop', '--set', 'CLUSTER_NAME=demo')

ON_RUNNER = {'killed': 6, 'interrupted': 1, 'terminated': 1, 'aborted': 1, 'suspended': 1}
# On a host, as its root would; $1 is a time in seconds. A unit that does not run has MainPID 0. What is not done is to kill
# the undo itself, or to take away its timer: against whoever does that, no host can defend itself.
MAIN = 'pid=$(systemctl show -p MainPID {} | cut -d= -f2); [ "$pid" -gt 0 ] && kill -{} $pid'
ON_HOST = {
    'the ECS agent killed': 'kill -9 $(cat /run/ecs-agent.pid)',
    'the ECS agent suspended': 'pid=$(cat /run/ecs-agent.pid); kill -STOP $pid && sleep $1; kill -CONT $pid',
    'ecs-init killed': MAIN.format('ecs', 9),
    'the ecs unit restarted': 'systemctl restart ecs',
    'the ecs unit started': 'systemctl start ecs',
    'dockerd killed': MAIN.format('docker', 9),
    'docker restarted': 'systemctl restart docker',
    'the SSM agent killed': MAIN.format('amazon-ssm-agent', 9),
    'the SSM agent restarted': 'systemctl restart amazon-ssm-agent',
    'the SSM agent away': 'systemctl stop amazon-ssm-agent; sleep $1; systemctl start amazon-ssm-agent',
    'scripts of SSM killed': 'for one in /proc/[0-9]*; do tr "\\0" " " <$one/cmdline | grep -q "[_]script.sh" && kill -9 ${one#/proc/}; done',
    'all processes suspended': 'kill -STOP -1; sleep $1; kill -CONT -1',
    'the host rebooted': 'reboot',
}
ON_ENDPOINT = ['500', '503', 'throttle', 'slow=2s', 'hang', 'hang=5s', 'lost-request', 'lost-answer', 'half-answer', 'garbage']
CALLS = ['*'] * 4 + ['ssm:*', 'ecs:*', 'ssm:SendCommand', 'ssm:List*', 'ecs:Poll', 'ec2messages:*']

# What of ours is on a host, a line each; patterns that do not find the shell that looks for them.
LEFT = r'''
find /etc /run /tmp /var /root -path '*[s]quall*' 2>/dev/null
systemctl list-units --all --no-legend | grep '[s]quall'
systemctl list-timers --all --no-legend | grep '[s]quall'
for one in /proc/[0-9]*; do
    line=$(tr '\0' ' ' <$one/cmdline 2>/dev/null) || continue
    case $line in *[u]ndo.sh*|*/run/[s]quall*) echo "process $line" ;; esac
done
nft list tables 2>/dev/null | grep '[s]quall'
iptables -w 5 -t nat -S | grep '169[.]254[.]170[.]'
true
'''


class Schedule:
    def __init__(self, seed, hosts):
        dice = random.Random(seed)
        self.seed = seed
        self.duration = dice.randint(6, 12)
        self.settings = dice.choices([[], ['SEQUENCE=serial'], ['WAVES=1,100%'], ['INSTANCE_AFFECTED_PERC=60', 'SEED=1']], [14, 2, 2, 2])[0]
        self.acts = []  # (moment, who, what, for how long)
        span = self.duration + 5
        if dice.random() < 0.75:
            what = dice.choices(list(ON_RUNNER), list(ON_RUNNER.values()))[0]
            self.acts.append((dice.uniform(0, span), 'runner', what, dice.uniform(1, 6)))
        for _ in range(dice.choices(range(7), [2, 4, 4, 4, 3, 2, 1])[0]):
            self.acts.append((dice.uniform(0, span), dice.randint(1, hosts), dice.choice(list(ON_HOST)), dice.uniform(1, 6)))
        for _ in range(dice.choices([0, 1, 2], [5, 4, 1])[0]):
            share = dice.choice(['', '', '50%'])
            how = (dice.choice(CALLS), dice.choice(ON_ENDPOINT), *(('--share', share, '--seed', str(seed)) if share else ()))
            self.acts.append((dice.uniform(0, span), 'endpoint', how, dice.uniform(2, 10)))
        self.acts.sort(key=lambda act: act[0])
        self.closed_by_a_run = dice.random() < 0.15

    def __str__(self):
        said = [f'{self.duration} s {" ".join(self.settings)}'.strip()]
        for moment, who, what, length in self.acts:
            if who == 'endpoint':
                what = f'broken for {length:.1f} s: {" ".join(what)}'
            elif who != 'runner':
                who = f'host {who}:'
            said.append(f'{moment:.1f} s {who} {what}')
        return '; '.join(said)

    def kills_only_the_runner(self):
        return all(who == 'runner' for _, who, _, _ in self.acts)


class Round:
    """The acts happen beside each other: one that takes its time must not delay the next."""

    def __init__(self, lab, schedule):
        self.lab, self.schedule = lab, schedule
        self.run = None
        self.beside = []
        self.over_at = self.quiet_at = 0.0

    def act(self, who, what, length):
        now = time.monotonic()
        if who == 'runner':
            self.end_runner(what, length)
        elif who == 'endpoint':
            broken = self.lab.squall('lab', 'api', 'break', *what, '--for', f'{length * 1000:.0f}ms')
            assert broken.code == 0, broken
            self.quiet_at = max(self.quiet_at, now + length)
        else:
            # A host that is starting anew has nobody to do it to, and an agent that is gone is gone.
            self.beside.append(self.lab.start('lab', 'exec', str(who), '--', 'sh', '-c', ON_HOST[what], 'sh', f'{length:.1f}'))
            self.quiet_at = max(self.quiet_at, now + (length if '$1' in ON_HOST[what] else 0))

    def end_runner(self, what, length):
        process = self.run.process
        if process.poll() is not None:
            return
        if what == 'aborted':
            self.beside.append(self.lab.start('abort'))
        elif what == 'suspended':
            process.send_signal(signal.SIGSTOP)
            time.sleep(length)
            process.send_signal(signal.SIGCONT)
        else:
            process.send_signal({'killed': signal.SIGKILL, 'interrupted': signal.SIGINT, 'terminated': signal.SIGTERM}[what])

    def carry_out(self):
        """What became of the runner, in a few words."""
        settings = [word for one in self.schedule.settings for word in ('--set', one)]
        self.run = self.lab.run(self.schedule.duration, *settings)
        began = time.monotonic()
        reader = threading.Thread(target=self.read)
        reader.start()
        for moment, who, what, length in self.schedule.acts:
            time.sleep(max(0.0, began + moment - time.monotonic()))
            self.act(who, what, length)
        reader.join()
        code = self.run.process.returncode
        for process in self.beside:
            process.communicate(timeout=60)
            self.quiet_at = max(self.quiet_at, time.monotonic() if process.args[1] == 'lab' else 0)
        self.was_killed = code == -signal.SIGKILL
        assert self.was_killed or code in (0, 1, 3, 4, 5, 6), f'the runner ended with {code}: {self.run.process.stderr.read()}'
        return 'killed' if self.was_killed else f'{self.run.verdict.get("verdict", "?")} after {self.over_at - began:.1f} s'

    def read(self):
        self.run.finish()
        self.over_at = time.monotonic()

    def restored_at(self):
        """When the last host restores itself, on the clock that waits, as the journal has it; a run that passed has seen it."""
        if self.run.process.returncode == 0 or not self.run.events:
            return self.over_at
        events = self.lab.squall('runs', self.run.events[0]['run'], '--json').out.splitlines()
        times = [event['restore_at'] for event in map(json.loads, events) if event['kind'] == 'intent']
        return max([self.over_at, *(datetime.fromisoformat(at.replace('Z', '+00:00')).timestamp() - time.time() + time.monotonic() for at in times)])

    def promised_at(self):
        return max(self.restored_at(), self.quiet_at) + PATIENCE + (0 if self.schedule.kills_only_the_runner() else RESTARTS)

    def wait_for_agents(self, what):
        wait_for(what, lambda: all(self.lab.connected().values()), timeout=max(1.0, self.promised_at() - time.monotonic()), instead=self.lab.connected)

    def check(self):
        """What must hold, with nobody's help; then the journal is closed. What it took, in a few words."""
        self.wait_for_agents('every agent is connected')
        back = time.monotonic() - max(self.over_at, self.quiet_at)
        wait_for('the endpoint is well again', lambda: not json.loads(self.lab.squall('lab', 'api', 'show', '--json').out)['broken'], timeout=30)
        self.close()
        gone = time.monotonic()
        for host in self.hosts():
            wait_for(f'nothing is left on host {host}', lambda one=host: not left_on(self.lab, one), timeout=MARKS_LIE, instead=lambda one=host: left_on(self.lab, one))
        wait_for('sweep finds nothing', self.is_swept, timeout=SSM_IS_BACK, instead=lambda: self.lab.squall('sweep', *FAULT))
        wait_for('the service has its tasks', self.has_tasks, timeout=60, instead=lambda: self.lab.status()['services'])
        # What was killed last may be missed only now: it has the same time to come back.
        self.wait_for_agents('every agent is connected still')
        return f'back {back:.1f} s after the last of it, nothing left {time.monotonic() - gone:.1f} s after that'

    def close(self):
        if self.schedule.closed_by_a_run:
            again = self.lab.run(5)
            assert again.finish() in (0, 4), f'the next run: {again.verdict}'
        else:
            done = self.lab.squall('recover')
            assert done.code == 0, f'recover: {done}'
        open_runs = [line for line in self.lab.squall('runs', '--json').out.splitlines() if json.loads(line)['open']]
        assert not open_runs, f'the journal is not closed: {open_runs}'

    def hosts(self):
        return range(1, len(self.lab.status()['instances']) + 1)

    def is_swept(self):
        done = self.lab.squall('sweep', '--json', *FAULT)
        if done.code not in (0, 1):
            return False
        found = json.loads(done.out)
        return done.code == 0 and not found['items'] and not found['not_looked_at']

    def has_tasks(self):
        return all(service['running'] == service['desired'] for service in self.lab.status()['services'])

    def account(self):
        """For whoever looks into a failure: the run, and every host."""
        parts = [f'schedule: {self.schedule}']
        if self.run:
            parts.append('\n'.join(json.dumps(event) for event in self.run.events))
        for host in self.hosts():
            parts.append(f'== host {host}')
            for words in ('systemctl list-units --all', 'systemctl status ecs docker amazon-ssm-agent', 'find /var/run/squall -exec ls -ld {} + -type f -exec cat {} +', 'ps axf',
                          'journalctl --no-pager | tail -n 200', 'tail -n 80 /var/log/ecs/ecs-agent.log', 'tail -n 40 /var/log/ecs/ecs-init.log'):
                done = self.lab.exec(host, 'sh', '-c', words)
                parts.append(f'$ {words}\n{done.out}{done.err}')
        parts.append(json.dumps(self.lab.status(), indent=1))
        return '\n'.join(parts)


def left_on(lab, host):
    """What of ours is there beyond what a fresh host has; and what it has, missing."""
    done = lab.exec(host, 'sh', '-c', LEFT)
    if done.code != 0:
        return [f'the host cannot be looked at: {done.err.strip()}']
    return [line for line in done.out.splitlines() if line not in lab.fresh] + [f'missing: {line}' for line in lab.fresh if line not in done.out.splitlines()]


def prepare(hosts):
    """A lab that remembers what a fresh host has."""
    lab = Lab(hosts)
    lab.fresh = lab.exec(1, 'sh', '-c', LEFT).out.splitlines()
    return lab


def mounts_of(state):
    with open('/proc/mounts', encoding='utf-8') as mounts:
        return [line for line in mounts if str(state) in line]


__all__ = ['ROOT', 'Lab', 'Round', 'Schedule', 'mounts_of', 'prepare', 'processes_of']
