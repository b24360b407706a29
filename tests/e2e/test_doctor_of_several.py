"""What the doctor says where nothing is wrong, where several causes are true at once, and where chance has picked one."""
import itertools
import os
import re

import pytest

from conftest import wait_for
from lab_practice import all_is_well, practice  # noqa: F401

# Ten that can be true together, the root first. (Docker is stopped last: who restarts the agent starts it, too.)
TOGETHER = ['DISK_FULL', 'DOCKER_DOWN', 'DATA_DIR', 'STATE_LOCKED', 'CLUSTER_MISMATCH', 'IAM_NO_CREDS', 'NET_ACS_BLOCKED',
            'INVALID_ATTRIBUTE', 'INVALID_TAG', 'RESERVED_MEMORY']


def make_in_order(practice, causes):
    for cause in sorted(causes, key=lambda one: one == 'DOCKER_DOWN'):
        practice.make(cause)


def names_in_order(practice, causes):
    _, told = practice.ask(practice.live)
    found = [one['cause'] for one in told['findings']]
    return [one for one in found if one in causes] == causes and found[0] == causes[0]


def test_nothing_is_found_where_nothing_is_broken(practice):
    for ask in (practice.live, practice.from_afar, practice.from_bundle):
        for host in (1, 2):
            code, told = practice.ask(ask, host)
            assert code == 0 and told['verdict'] == 'healthy', practice.tells()


def test_ten_causes_at_once_are_all_named_and_each_root_before_what_it_brings_about(practice):
    make_in_order(practice, TOGETHER)
    wait_for('all ten are named in order', lambda: names_in_order(practice, TOGETHER), 60, 1, practice.tells)
    assert set(practice.mend()) == set(TOGETHER)
    wait_for('the doctor finds nothing any more', practice.is_healthy, 30, 1, practice.tells)


def test_a_wrong_clock_is_seen_beside_what_keeps_every_call_from_being_signed(practice):
    practice.make('CLOCK_SKEW')
    practice.make('IAM_NO_CREDS')
    for ask in (practice.live, practice.from_afar):
        _, told = practice.ask(ask)
        found = [one['cause'] for one in told['findings']]
        assert found[0] == 'CLOCK_SKEW' and 'IAM_NO_CREDS' in found, practice.tells()


def test_a_broken_state_is_seen_beside_an_agent_that_is_stopped_and_of_which_no_log_tells(practice):
    practice.make('AGENT_STOPPED')
    practice.make('STATE_CORRUPT')
    practice.forget_logs()
    for ask in (practice.live, practice.from_afar):
        code, told = practice.ask(ask)
        assert code == 1 and [one['cause'] for one in told['findings']] == ['AGENT_STOPPED', 'STATE_CORRUPT'], practice.tells()
        assert told['findings'][1]['summary'] == "the agent's state cannot be read: invalid database", practice.tells()
        assert told['findings'][1]['evidence'][0]['file'] == '/var/lib/ecs/data/agent.db' and 'mv /var/lib/ecs/data/agent.db' in told['findings'][1]['remedy'][0]
    assert sorted(practice.mend()) == ['AGENT_STOPPED', 'STATE_CORRUPT']
    code, told = practice.ask(practice.from_afar)
    assert code == 0 and 'agent-state' in [one['check'] for one in told['healthy']], practice.tells()


def test_who_sees_silence_on_the_host_is_sent_to_where_the_vpc_can_be_seen(practice):
    practice.make('NET_ACS_BLOCKED')
    order = f"squall doctor --cluster demo --instance {practice.instance()['instance_id']}"
    for ask, is_sent in ((practice.live, True), (practice.from_afar, False)):
        _, told = practice.ask(ask)
        assert told['findings'][0]['cause'] == 'NET_ACS_BLOCKED', practice.tells()
        assert any(order in step for step in told['findings'][0]['remedy']) == is_sent, practice.tells()


def test_two_hosts_with_one_cause_and_two_culprits_have_a_remedy_each(practice):
    practice.make('NET_API_TIMEOUT:network-acl', 1)
    practice.make('NET_API_TIMEOUT:security-group', 2)
    first, second = (practice.instance(host)['instance_id'] for host in (1, 2))
    wait_for('both are away', lambda: not any(practice.is_connected(host) for host in (1, 2)), 90)
    text = practice.lab.squall('doctor', '--cluster', 'demo').out
    groups = re.split(r'^(?=NET_API_TIMEOUT )', text, flags=re.M)[1:]
    assert len(groups) == 2, text
    of_acl, of_group = (next(one for one in groups if f'1 of 2: {node}' in one.splitlines()[0]) for node in (first, second))
    assert 'create-network-acl-entry' in of_acl and 'authorize-security-group-egress' not in of_acl, text
    assert 'authorize-security-group-egress' in of_group and 'create-network-acl-entry' not in of_group, text
    assert second not in of_acl and first not in of_group, text


def test_two_hosts_with_one_cause_are_told_once(practice):
    for host in (1, 2):
        practice.make('NET_PROXY:refused', host)
    wait_for('both are away', lambda: not any(practice.is_connected(host) for host in (1, 2)), 90)
    text = practice.lab.squall('doctor', '--cluster', 'demo').out
    assert len(re.findall('^NET_PROXY ', text, re.M)) == 1 and '  2 of 2: ' in text.splitlines()[0], text


def test_who_asks_for_a_ghost_is_told_that_it_is_one(practice):
    [old] = practice.registrations()
    practice.make('STALE_IDENTITY')
    wait_for('the agent is another container instance', lambda: practice.sign('ghost'), 60)
    practice.forget_logs()
    arn = old['containerInstanceArn']
    asked = practice.lab.squall('doctor', '--cluster', 'demo', '--instance', arn, '--json')
    code, told = practice.diagnosis(asked)
    assert code == 1 and [one['cause'] for one in told['findings']] == ['STALE_IDENTITY'], told
    assert told['findings'][0]['certainty'] == 'likely' and any(arn in one for one in told['findings'][0]['remedy'])
    code, told = practice.ask(practice.from_afar)
    assert code == 0 and told['verdict'] == 'healthy', 'an old record alone is no illness of the instance'


# It takes minutes: SQUALL_ALL_PAIRS=1 has each pair by itself.
PAIRS = list(itertools.combinations(TOGETHER, 2)) if 'SQUALL_ALL_PAIRS' in os.environ else []


@pytest.mark.parametrize('pair', PAIRS, ids=['+'.join(pair) for pair in PAIRS])
def test_two_causes_at_once_are_both_named_the_root_first(practice, pair):
    make_in_order(practice, pair)
    wait_for('both are named in order', lambda: names_in_order(practice, list(pair)), 60, 1, practice.tells)


@pytest.mark.parametrize('seed', ['1', '4711', '90125'])
def test_the_doctor_finds_what_chance_has_picked(practice, seed):
    practice.order('break', '--random', '--seed', seed, '--instance', '1')
    wait_for('its agent is gone', lambda: not practice.is_connected(), 90)
    [picked] = practice.shown()
    wait_for(f'the doctor names {picked}', lambda: practice.is_named(picked, practice.live), 60, 1, practice.tells)
