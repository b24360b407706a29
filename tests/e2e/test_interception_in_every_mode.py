"""However a proxy ends: in every network mode, by every rung of the ladder, for both families, clients on every side are served truly again."""
import os
import signal

import pytest
from conftest import wait_for
from host_network import CLIENTS, FAMILIES, HostNetwork
from namespaces import Detached, ask_on

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason='network namespaces of the machine need root')

KINDS = ('tproxy-owner', 'tproxy-lease', 'redirect', 'iptables')
NAMESPACES = {'bridge': 'task', 'awsvpc': 'eni', 'host': 'host'}
TRUE = {(client, family): 200 for client in CLIENTS for family in FAMILIES}
ENDLESS = '60'


@pytest.fixture(scope='module', name='network')
def network_of_a_host():
    network = HostNetwork()
    yield network
    network.close()


def fault_for(mode, kind):
    """What each client gets while the fault is in."""
    # What a host sends to itself is rewritten on its way out, if at all: redirects are not there.
    spared = {('host', family): 200 for family in FAMILIES} if mode == 'host' and kind in ('redirect', 'iptables') else {}
    return {who: 503 for who in TRUE} | spared


def by_stop(network, mode, kind, detached):
    (told,) = detached.stop(drain=1)
    assert told['state'] == 'ended' and told['counts']['met'] == list(fault_for(mode, kind).values()).count(503)
    assert network.statuses(mode) == TRUE


def by_time(network, mode, _, detached):
    detached.wait_for_end()
    assert detached.status()[0]['ended_by'] == 'time'
    assert network.statuses(mode) == TRUE


def by_kill(network, mode, kind, detached):
    keeper = detached.keeper()
    os.kill(detached.pid, signal.SIGKILL)
    detached.wait_for_end()
    if kind.startswith('tproxy'):
        assert network.statuses(mode) == TRUE, 'without a listener a packet goes where it went before'
    wait_for('everybody is served', lambda: network.statuses(mode) == TRUE, timeout=3)
    detached.wait_for_end(keeper)


def by_freeze(network, mode, kind, detached):
    keeper = detached.keeper()
    os.kill(detached.pid, signal.SIGSTOP)
    # A lease of 3 s; without one, when it is killed past its end.
    wait_for('everybody is served', lambda: network.statuses(mode, timeout=0.3) == TRUE, timeout=15 if kind == 'iptables' else 6, interval=0.02)
    assert [told['state'] for told in detached.stop()] == ['killed']
    detached.wait_for_end(detached.pid, keeper)


ENDINGS = {'stop': (by_stop, ENDLESS), 'time': (by_time, '2'), 'kill': (by_kill, ENDLESS), 'freeze': (by_freeze, ENDLESS)}


@pytest.mark.parametrize('ending', ENDINGS)
@pytest.mark.parametrize('kind', KINDS)
@pytest.mark.parametrize('mode', NAMESPACES)
def test_everybody_meets_the_fault_and_is_served_truly_after_it(network, mode, kind, ending):
    end, seconds = ENDINGS[ending]
    if (kind, ending) == ('iptables', 'freeze'):
        seconds = '2'
    before = network.rules()
    old = [network.connect(mode, client, family) for client in CLIENTS for family in FAMILIES]
    options = ['--intercept', kind, '--port', '8083' if mode == 'host' else '80', '--for', seconds, '--drain', '1', *(['--interface', 'any'] if mode == 'host' else [])]
    with Detached('--netns', network.path(NAMESPACES[mode]), options=options, inside=['nsenter', f'--net={network.path("host")}']) as detached:
        assert detached.told['proxies'][0]['intercept'] == kind
        assert network.statuses(mode) == fault_for(mode, kind)
        end(network, mode, kind, detached)
    assert [ask_on(one)[0] for one in old] == [200] * len(old), 'who was connected before is not disturbed'
    for one in old:
        one.close()
    after = network.rules()
    assert not any('squall' in rule for rules in after.values() for rule in rules)
    # The iptables program leaves the empty tables that it has made.
    assert after == before if kind != 'iptables' else all(set(before[name]) <= set(after[name]) for name in before)
