"""`squall lab break`: every cause that the lab can make true is true, says so in the host's own words, and leaves nothing behind."""
import concurrent.futures
import json
import re

import pytest

from conftest import wait_for
from lab_practice import EVIDENCE, SEEN_IN_VPC, all_is_well, practice  # noqa: F401

# What the doctor sees on the host by itself, with no log to read.
SEEN_WITHOUT_LOGS = {'AGENT_STOPPED', 'AGENT_HUNG', 'DOCKER_DOWN', 'DOCKER_UNRESPONSIVE', 'DISK_FULL', 'CLUSTER_MISMATCH',
                     'INVALID_ATTRIBUTE', 'INVALID_TAG', 'INVALID_PARAMETER', 'IAM_NO_CREDS', 'IAM_EXPIRED', 'IMDS_UNREACHABLE',
                     'IMDS_UNREACHABLE:dropped', 'NET_DNS', 'NET_DNS:no-such-host', 'NET_API_TIMEOUT', 'NET_API_TIMEOUT:all',
                     'NET_API_TIMEOUT:security-group', 'NET_API_TIMEOUT:network-acl', 'NET_API_TIMEOUT:route',
                     'NET_ACS_BLOCKED', 'NET_TCS_ONLY', 'NET_REFUSED', 'NET_REFUSED:no-route', 'NET_PROXY', 'NET_PROXY:refused',
                     'TLS_TRUST', 'TLS_TRUST:inspected', 'CLOCK_SKEW', 'REGION_MISSING',
                     'STATE_CORRUPT', 'STATE_LOCKED'}

# Of these somebody needs half a minute to notice. Where several workers share the tests, none of them should have them all.
SLOW = ['DOCKER_UNRESPONSIVE', 'NET_DNS', 'AGENT_HUNG', 'NET_ACS_BLOCKED', 'NET_TCS_ONLY', 'NET_API_TIMEOUT:all', 'FD_EXHAUSTION', 'NET_API_TIMEOUT']


def test_the_list_is_what_is_tried_here(practice):
    listed = json.loads(practice.order('break', '--list', '--json').out)['causes']
    assert [one['cause'] for one in listed] and {one['cause'] for one in listed} == set(EVIDENCE)
    assert all(one['summary'] and one['sign'] in ('disconnected', 'impaired', 'ghost', 'connected') for one in listed)
    text = practice.order('break', '--list').out
    assert all(one['cause'] in text and one['summary'] in text for one in listed)


def side_by_side(*calls):
    with concurrent.futures.ThreadPoolExecutor(len(calls)) as threads:
        for done in [threads.submit(call) for call in calls]:
            done.result()


def spread(causes):
    """The same, with the slow ones at equal distances."""
    quick = [one for one in causes if one not in SLOW]
    distance = len(quick) // len(SLOW) + 1
    for place, slow in enumerate(SLOW):
        quick.insert(place * (distance + 1), slow)
    return quick


@pytest.mark.parametrize('cause', spread(EVIDENCE))
def test_a_cause_is_true_and_is_mended_without_a_trace(practice, cause):
    sign = {one['cause']: one['sign'] for one in json.loads(practice.order('break', '--list', '--json').out)['causes']}[cause]
    before, size = practice.snapshot(), practice.log_size(cause)
    practice.make(cause.lower())
    assert practice.shown() == [cause]
    # ECS takes half a minute to miss an agent, an agent as long to give a dial up, and a doctor his time: side by side.
    side_by_side(
        lambda: wait_for(f'{cause} shows as {sign}', lambda: practice.sign(sign), 90, instead=practice.account),
        lambda: wait_for(f'the host says {EVIDENCE[cause][1]}', lambda: practice.says_so(cause, size), 90, instead=practice.account),
        *(lambda ask=ask: wait_for(f'{ask.__name__}: the doctor names {cause}', lambda: practice.is_named(cause, ask), 90, 1, practice.tells)
          for ask in (practice.live, practice.from_afar, practice.from_bundle)))
    assert practice.sign(sign), 'and it stays so'
    if cause in SEEN_IN_VPC:
        assert practice.is_named(cause, practice.from_afar), practice.tells()
        practice.sees_in_vpc(cause)
    if cause in SEEN_WITHOUT_LOGS:
        practice.forget_logs()
        assert practice.is_named(cause, practice.live), practice.tells()
    assert not names_of_it(practice, cause)
    assert practice.is_connected(2), 'the neighbour is not concerned'
    assert practice.mend() == [cause]
    assert practice.is_connected() and practice.shown() == []
    wait_for('the doctor finds nothing any more', practice.is_healthy, 30, 1, practice.tells)
    assert practice.snapshot() == before
    assert len(practice.registrations()) == 1


def test_two_causes_are_true_on_one_host_and_both_are_mended(practice):
    before = practice.snapshot()
    practice.make('CLUSTER_MISMATCH')
    practice.make('IAM_NO_CREDS')
    practice.make('RESERVED_MEMORY', host=2)
    wait_for('both agents are gone', lambda: not any(practice.lab.connected().values()), 60)
    again = practice.order('break', 'cluster_mismatch', '--instance', '1', code=3)
    assert 'CLUSTER_MISMATCH is true on' in again.err and 'lab mend' in again.err
    assert practice.mend('--instance', '1') == ['IAM_NO_CREDS', 'CLUSTER_MISMATCH'] and practice.is_connected()
    assert practice.shown() == ['RESERVED_MEMORY'] and not practice.is_connected(2)
    assert practice.mend() == ['RESERVED_MEMORY'] and practice.is_connected(2)
    assert practice.mend() == [] and 'nothing was broken' in practice.order('mend').out
    assert practice.snapshot() == before


# What makes the host another container instance is mended last: the rest still puts back what it was.
REGISTERS_ANEW = ['INSTANCE_DEREGISTERED', 'STALE_IDENTITY']


@pytest.mark.parametrize('anew', REGISTERS_ANEW)
@pytest.mark.parametrize('state', ['STATE_CORRUPT', 'CLUSTER_NOT_FOUND', 'DISK_FULL', 'STATE_LOCKED'])
def test_a_host_that_is_registered_anew_beside_another_cause_comes_back_as_one_instance(practice, state, anew):
    practice.make(state)
    practice.make(anew)
    assert practice.mend() == [state, anew] and practice.is_connected()
    assert practice.ghosts() == []


def test_a_ghost_that_was_there_before_is_left_alone(practice):
    [old] = practice.registrations()
    # As on an instance from which somebody took the agent's state.
    practice.sh(1, 'systemctl stop ecs && rm /var/lib/ecs/data/agent.db && systemctl start ecs')
    wait_for('the agent is another container instance', lambda: practice.sign('ghost'), 60)
    practice.make('STALE_IDENTITY')
    practice.mend()
    assert practice.ghosts() == [old['containerInstanceArn']]
    practice.ecs.deregister_container_instance(cluster='demo', containerInstance=old['containerInstanceArn'], force=True)


def unit_states(practice):
    return [practice.lab.exec(1, 'systemctl', 'is-active', unit).out.strip() for unit in ('docker', 'ecs')]


def process_state(practice, pid_file):
    return practice.sh(1, f'ps -o stat= -p $(cat {pid_file})')[0]


# What others restart, what shows that it is as before, and others that restart it.
KEPT = {
    'AGENT_STOPPED': (lambda practice: unit_states(practice) == ['active', 'inactive'],
                      ['NET_ACS_BLOCKED', 'DISK_FULL', 'CLUSTER_NOT_FOUND', 'DOCKER_API_INCOMPAT']),
    'AGENT_HUNG': (lambda practice: process_state(practice, '/run/ecs-agent.pid') == 'T',
                   ['NET_ACS_BLOCKED', 'STATE_CORRUPT', 'NET_REFUSED', 'DOCKER_API_INCOMPAT']),
    'DOCKER_DOWN': (lambda practice: unit_states(practice) == ['inactive', 'inactive'],
                    ['NET_ACS_BLOCKED', 'STATE_LOCKED', 'CLUSTER_MISMATCH', 'DOCKER_API_INCOMPAT', 'STALE_IDENTITY']),
    'DOCKER_UNRESPONSIVE': (lambda practice: process_state(practice, '/run/docker.pid') == 'T',
                            ['IAM_NO_CREDS', 'DOCKER_API_INCOMPAT']),
}


@pytest.mark.parametrize('keeper', KEPT)
def test_what_one_cause_keeps_stopped_or_suspended_others_do_not_restart(practice, keeper):
    is_kept, others = KEPT[keeper]
    before = practice.snapshot()
    practice.make(keeper)
    assert is_kept(practice), practice.account()
    for other in others:
        practice.make(other)
        assert is_kept(practice), f'{other}: {practice.account()}'
    assert practice.shown() == [keeper, *others]
    anew = [one for one in others if one in REGISTERS_ANEW]
    assert practice.mend() == [keeper, *[one for one in reversed(others) if one not in anew], *anew] and practice.is_connected()
    wait_for('the doctor finds nothing any more', practice.is_healthy, 30, 1, practice.tells)
    assert practice.snapshot() == before


def test_a_cause_that_would_end_another_is_refused(practice):
    practice.make('AGENT_HUNG')
    for other in ('AGENT_STOPPED', 'DOCKER_DOWN', 'INSTANCE_TYPE_CHANGED'):
        refused = practice.order('break', other, '--instance', '1', code=3)
        assert f'{other} cannot be made true on' in refused.err and 'beside AGENT_HUNG' in refused.err
    assert practice.shown() == ['AGENT_HUNG'] and process_state(practice, '/run/ecs-agent.pid') == 'T'


def test_an_agent_that_does_not_run_cannot_hang(practice):
    practice.make('CLUSTER_MISMATCH')
    wait_for('no agent runs', lambda: practice.lab.exec(1, 'sh', '-c', 'kill -0 "$(cat /run/ecs-agent.pid)"').code != 0, 60)
    refused = practice.order('break', 'AGENT_HUNG', '--instance', '1', code=3)
    assert 'no agent runs that could hang' in refused.err and 'kill' not in refused.err
    assert practice.shown() == ['CLUSTER_MISMATCH']


@pytest.mark.parametrize('cause', ['DISK_FULL', 'FD_EXHAUSTION', 'CLUSTER_NOT_FOUND', 'AGENT_HUNG', 'IMDS_UNREACHABLE:dropped', 'ECS_INIT_SYSCTL'])
def test_a_host_that_was_rebooted_since_is_mended_as_well(practice, cause):
    before = practice.snapshot()
    practice.make(cause)
    practice.sh(1, 'touch /run/since-the-boot')
    practice.lab.client('ec2').reboot_instances(InstanceIds=[practice.instance()['instance_id']])
    wait_for('a boot has emptied /run', lambda: practice.lab.exec(1, 'sh', '-c', 'test ! -e /run/since-the-boot && systemctl is-active docker').code == 0, 90)
    assert practice.mend() == [cause]
    assert practice.is_connected() and practice.snapshot() == before


def test_chance_picks_without_a_word_and_the_same_for_the_same_seed(practice):
    done = practice.order('break', '--random', '--seed', '4711', '--instance', '1')
    [picked] = practice.shown()
    assert 'seed 4711' in done.out and picked not in done.out + done.err
    wait_for('its agent is gone', lambda: not practice.is_connected(), 90)
    assert f'{picked} since' in practice.order('break', '--show').out
    practice.mend()
    made = json.loads(practice.order('break', '--random', '--seed', '4711', '--instance', '1', '--json').out)
    assert set(made) == {'instance', 'seed'} and practice.shown() == [picked]
    practice.mend()
    made = json.loads(practice.order('break', '--random', '--instance', '1', '--json').out)
    assert made['seed'] >= 0, 'without a seed it tells the one that it took'


def test_what_cannot_be_broken_is_refused(practice):
    assert 'did you mean DOCKER_DOWN' in practice.order('break', 'DOKER_DOWN', '--instance', '1', code=3).err
    assert 'no container instance' in practice.order('break', 'DOCKER_DOWN', '--instance', '9', code=3).err
    assert '--instance' in practice.order('break', 'DOCKER_DOWN', code=64).err
    assert '--list' in practice.order('break', '--instance', '1', code=64).err
    assert practice.order('break', 'DOCKER_DOWN', '--random', '--instance', '1', code=64).err
    practice.sh(1, 'systemctl stop ecs')
    wait_for('somebody has stopped the agent', lambda: not practice.is_connected())
    assert 'disconnected as it is' in practice.order('break', 'DOCKER_DOWN', '--instance', '1', code=3).err
    practice.sh(1, 'systemctl start ecs')
    assert practice.shown() == []


def test_suspending_a_process_writes_no_line_anywhere(practice):
    logs = 'find /var/log /run/log -type f -exec md5sum {} + | sort'
    wait_for('the host is quiet', lambda: practice.sh(1, logs) == practice.sh(1, 'sleep 1; ' + logs))
    before = practice.sh(1, logs)
    practice.make('AGENT_HUNG')
    assert practice.sh(1, logs) == before


def test_somebody_may_mend_it_himself(practice):
    instance = practice.instance()['instance_id']
    practice.make('IMDS_UNREACHABLE')
    wait_for('its agent is gone', lambda: not practice.is_connected(), 60)
    practice.lab.client('ec2').modify_instance_metadata_options(InstanceId=instance, HttpEndpoint='enabled')
    wait_for('its agent is back', practice.is_connected, 60)
    assert practice.mend() == ['IMDS_UNREACHABLE'] and practice.is_connected()


def names_of_it(practice, cause):
    """Where on the host the break has a name: in names of files and what they hold, in processes and their environments."""
    words = f'{re.escape(cause)}|{re.escape(cause.split(":")[0])}|squall.?break|lab.?break|breakage'
    found = practice.lab.exec(1, 'sh', '-c', r"""find / -xdev -not -path '/proc/*' -not -path '/sys/*' -not -path '/usr/*' -print
        find /etc /run /var /tmp /root -xdev -type f -size -4096k -exec cat {} + | tr '\0' '\n'
        for process in /proc/[0-9]*; do tr '\0' '\n' <$process/cmdline; tr '\0' '\n' <$process/environ; done""")
    # One cause has its name from the setting that it is about.
    return [line for line in found.out.replace('ECS_RESERVED_MEMORY', '').splitlines() if re.search(words, line, re.I)]
