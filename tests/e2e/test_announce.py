"""Experiments and the monitor know each other: a run that is announced wakes nobody, and an open incident refuses a run."""
import json
import re

import pytest

from conftest import Lab, wait_for
from monitor_pipeline import Monitor, Pipeline

FAULT = ('--fault', 'ecs-agent-stop', '--set', 'CLUSTER_NAME=demo')
# Longer than the grace: who is gone for so long is missed, unless it is planned.
LONG_ENOUGH = 45
GRACE = 20
QUICK = ('--grace', str(GRACE), '--hold', '2', '--poll', '10', '--boot-grace', '0')
NOBODY = 'http://127.0.0.1:1'


def timeline(monitor, node):
    done = monitor.squall('explain', node, '--json')
    assert done.code == 0, done
    return json.loads(done.out)['timeline']


@pytest.fixture(scope='module')
def lab():
    lab = Lab(2)
    yield lab
    lab.down()


@pytest.fixture
def watched(lab):
    """A lab whose agents are all connected, a pipeline of its own and a monitor that has looked."""
    number = len(lab.processes)
    pipeline = Pipeline(lab, f'squall-monitor-{number}')
    monitor = Monitor(pipeline, *QUICK, store=lab.state / f'monitor-{number}.db')
    monitor.wait_until_it_has_looked(2)
    yield lab, pipeline, monitor
    monitor.end()
    for host in (1, 2):
        lab.sh(host, 'systemctl start ecs')
    wait_for('the hosts are well', lambda: all(lab.connected().values()), timeout=60)


def test_an_announced_run_is_planned_and_wakes_nobody(watched):
    lab, pipeline, monitor = watched
    before = len(pipeline.mail())
    node = lab.instance_ids()[0]
    run = lab.run(LONG_ENOUGH, '--set', f'CONTAINER_INSTANCE_IDS={node}', '--announce', 'default')
    first = run.until('announced')
    assert first['bus'] == 'default' and first['nodes'] == 1 and not first['over']
    window = wait_for('the monitor knows of it', lambda: [one for one in monitor.status()['windows'] if one['id'] == first['run']])[0]
    assert window['nodes'] == [node] and window['until'] == first['until'], window
    assert run.finish() == 0, run.verdict
    assert run.verdict['announced']['over'] and run.verdict['announced']['until'] < first['until']
    kinds = [event['kind'] for event in run.events]
    assert kinds.index('announced') < kinds.index('intent')
    back = wait_for('the monitor has seen it come back', lambda: [one['text'] for one in timeline(monitor, node) if 'connected again' in one['text']])
    gone_for = re.search(r'\(planned\), gone since \S+, for (\d+)s: connected again', back[-1])
    assert gone_for and int(gone_for.group(1)) >= GRACE, back
    said = monitor.squall('explain', node)
    assert said.code == 0 and "(planned)" in said.out and f"squall run {first['run']}: ecs-agent-stop" in said.out and back[-1] in said.out, said
    wait_for('the window is over', lambda: not monitor.status()['windows'])
    assert not monitor.status()['incidents'] and len(pipeline.mail()) == before, pipeline.mail()


def test_a_bus_that_is_not_there_refuses_the_run(lab):
    refused = lab.squall('run', *FAULT, '--set', 'TOTAL_CHAOS_DURATION=5', '--announce', 'nobus')
    assert refused.code == 6 and 'there is no bus nobus' in refused.out, refused
    assert all(lab.connected().values())


def test_a_run_that_nobody_has_announced_leads_to_the_mail(watched):
    lab, pipeline, monitor = watched
    before = len(pipeline.mail())
    node = lab.instance_ids()[1]
    run = lab.run(LONG_ENOUGH, '--set', f'CONTAINER_INSTANCE_IDS={node}')
    mail = wait_for('the mail', lambda: pipeline.mail()[before:], timeout=90)
    assert node in json.dumps(mail[0]), mail
    # Who asks the monitor now is told of it, whatever else is well.
    [incident] = monitor.status()['incidents']
    other = lab.instance_ids()[0]
    refused = lab.squall('run', *FAULT, '--set', f'CONTAINER_INSTANCE_IDS={other}', '--monitor', monitor.url)
    assert refused.code == 6 and incident['incident'] in refused.out and node in refused.out and incident['since'] in refused.out, refused
    planned = lab.squall('plan', *FAULT, '--set', f'CONTAINER_INSTANCE_IDS={other}', '--monitor', f'unix:{monitor.store[:-3]}.sock', '--json')
    assert planned.code == 0, planned
    assert [one['refuses'] for one in json.loads(planned.out)['guards'] if one['guard'] == 'monitor'] == [True]
    assert run.finish() == 0, run.verdict
    assert not run.of('announced') and 'announced' not in run.verdict
    wait_for('the incident is over', lambda: not monitor.status()['incidents'], timeout=60)


def test_a_run_asks_the_monitor_and_goes_on_when_all_is_well(watched):
    lab, _, monitor = watched
    run = lab.run(6, '--monitor', monitor.url)
    assert run.finish() == 0, run.verdict
    # Of a lab that has just begun there may be more to say: its first deployment is under way.
    assert not [one for one in run.of('guard') if one['guard'] == 'monitor']


def test_no_clear_answer_of_the_monitor_refuses_a_run(watched):
    lab, _, monitor = watched
    before = [lab.agent_pid(one) for one in (1, 2)]
    dead = lab.squall('run', *FAULT, '--monitor', NOBODY)
    assert dead.code == 6 and NOBODY in dead.out and 'GET /v1/incidents?cluster=' in dead.out and 'squall monitor run' in dead.out, dead
    other = lab.squall('run', *FAULT, '--monitor', lab.endpoint)
    assert other.code == 6 and 'not injecting: ' in other.out, other
    empty = lab.squall('run', *FAULT, '--monitor', '')
    assert empty.code == 64 and '--monitor' in empty.err, empty
    assert [lab.agent_pid(one) for one in (1, 2)] == before


def test_a_run_that_cannot_be_announced_does_nothing(lab):
    before = [lab.agent_pid(one) for one in (1, 2)]
    settings = (*FAULT, '--announce', 'default')
    assert 'events:PutEvents' in lab.squall('policy', *settings).out
    assert 'events:PutEvents' in lab.squall('plan', *settings).out
    good = lab.squall('check', *settings)
    assert good.code == 0 and 'events:PutEvents' in good.out, good
    assert lab.squall('lab', 'api', 'break', 'events:PutEvents', 'AccessDeniedException').code == 0
    try:
        done = lab.squall('run', *settings)
        assert done.code == 6 and 'could not be announced on the bus default' in done.out and 'events:PutEvents' in done.out, done
        bad = lab.squall('check', *settings)
        assert bad.code == 1 and 'events:PutEvents' in bad.out, bad
    finally:
        assert lab.squall('lab', 'api', 'mend').code == 0
    assert [lab.agent_pid(one) for one in (1, 2)] == before
