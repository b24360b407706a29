"""What a run has left on a host is found, and removed only when the run is over."""
import json

from conftest import wait_for

FAULT = ('--fault', 'ecs-agent-stop', '--set', 'CLUSTER_NAME=demo')


def sweep(lab, *options):
    done = lab.squall('sweep', '--json', *FAULT, *options)
    return done.code, json.loads(done.out)


def test_a_fault_that_nobody_ends_any_more_is_found_and_undone(make_lab):
    lab = make_lab(2)
    first, second = lab.instance_ids()
    assert sweep(lab, '--remove') == (0, {'looked_at': 2, 'items': [], 'not_looked_at': []})
    run = lab.run(300)
    run.until('phase', phase='hold')
    name = run.events[0]['run']
    run.process.kill()
    run.process.wait()
    # Somebody stops the timer of the first host, and has the run forgotten.
    lab.sh(1, f'systemctl stop squall-{name}-undo.timer')
    code, found = sweep(lab, '--remove')
    assert code == 0 and {item['instance_id'] for item in found['items']} == {first, second}
    assert not any(item['over'] or item['removed'] for item in found['items']), 'it is open, and recover is for that'
    assert lab.squall('recover', name, '--forget').code == 0
    lab.sh(2, 'mkdir -p /run/squall/over && touch /run/squall/over/r-of-somebody-else')
    code, found = sweep(lab)
    assert code == 1 and not any(lab.connected().values())
    assert {(item['instance_id'], item['what']) for item in found['items'] if item['over']} == {(first, 'the fault'), (second, 'the fault'), (second, 'a timer')}
    text = lab.squall('sweep', *FAULT)
    assert text.code == 1 and 'squall sweep --remove' in text.out and name in text.out, text
    code, found = sweep(lab, '--remove')
    assert code == 0 and all(item['removed'] == item['over'] for item in found['items'])
    wait_for('both are back', lambda: all(lab.connected().values()))
    assert lab.exec(1, 'ls', '/var/run/squall').code != 0, 'nothing is left'
    assert lab.sh(2, 'find /run/squall') == '/run/squall\n/run/squall/over\n/run/squall/over/r-of-somebody-else', 'but what is not ours'
    assert 'squall-' not in lab.sh(2, 'systemctl list-units --all')
    lab.sh(1, 'systemctl stop amazon-ssm-agent')
    wait_for('SSM sees it', lambda: lab.squall('sweep', '--json', *FAULT).code == 3, timeout=60)


def test_what_no_run_made_is_neither_taken_over_nor_removed(make_lab):
    lab = make_lab(2)
    lab.sh(1, 'mkdir -p /var/run/squall/ecs-agent-stop && echo mine >/var/run/squall/ecs-agent-stop/record')
    lab.sh(2, 'mkdir -p /var/run/squall && echo mine >/var/run/squall/ecs-agent-stop')
    before = [lab.agent_pid(1), lab.agent_pid(2)]
    run = lab.run(6)
    assert run.finish() == 4, run.verdict
    assert [event['why'].startswith('no run made what lies at /var/run/squall/ecs-agent-stop') for event in run.of('not-injected')] == [True, True]
    code, found = sweep(lab, '--remove')
    assert code == 0 and [(item['run'], item['over'], '/var/run/squall/ecs-agent-stop' in item['what']) for item in found['items']] == [('', False, True)] * 2
    assert lab.sh(1, 'cat /var/run/squall/ecs-agent-stop/record') == lab.sh(2, 'cat /var/run/squall/ecs-agent-stop') == 'mine'
    assert [lab.agent_pid(1), lab.agent_pid(2)] == before
    table = lab.squall('runs', run.events[0]['run']).out
    assert table.count('nothing done: no run made') >= 2, table
