"""AWS fails for a while in each phase of a run: the run ends right, its hosts are whole, and nothing is left of it."""
import json

import pytest

from conftest import wait_for

DURATION = 6
OUTAGE = 12


@pytest.mark.parametrize('how', ['500', 'throttle', 'hang=30s'])
@pytest.mark.parametrize('phase', ['inject', 'hold', 'revert'])
def test_an_outage_in_any_phase_leaves_whole_hosts_and_a_closed_journal(make_lab, phase, how):
    lab = make_lab(2)
    run = lab.run(DURATION)
    run.until('phase', phase=phase)
    broken = lab.squall('lab', 'api', 'break', '*', how, '--for', f'{OUTAGE}s')
    assert broken.code == 0, broken
    code = run.finish()
    verdict = run.verdict
    assert verdict['kind'] == 'verdict' and code in (0, 1, 3, 4), (code, verdict)
    # Whatever the runner could see of it, the hosts end it by themselves.
    wait_for('the hosts are back', lambda: all(lab.connected().values()), timeout=60)
    assert code != 1, f'the runner looks for two minutes, the outage is over in {OUTAGE} s: {verdict}'
    if code == 0:
        assert len(run.of('recovered')) == 2
    wait_for('AWS is well again', lambda: not json.loads(lab.squall('lab', 'api', 'show', '--json').out)['broken'], timeout=60)
    assert lab.squall('recover').out == 'nothing to recover\n'
    # Marks go by themselves, half a minute after the order that they are on guard against.
    wait_for('nothing is left', lambda: json.loads(lab.squall('sweep', '--json', '--fault', 'ecs-agent-stop', '--set', 'CLUSTER_NAME=demo').out)['items'] == [], timeout=60)
    again = lab.run(DURATION)
    assert again.finish() == 0, again.verdict
