"""squall-host proxy in front of a container's network: what it takes, what it leaves alone, and what is left of it."""
import contextlib
import json
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest
from conftest import is_alive, wait_for
from namespaces import HELPER, Detached, Network, answer_on, ask_on, run, send_on

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason='network namespaces of the machine need root')

KINDS = ('tproxy-owner', 'tproxy-lease', 'redirect', 'iptables')
FAMILIES = ('ipv4', 'ipv6')
# What Docker and the ECS agent have in a namespace, roughly, and somebody's own use of connection tracking.
FOREIGN = '''
table ip nat {
  chain PREROUTING { type nat hook prerouting priority dstnat; policy accept;
    ip daddr 169.254.170.2 tcp dport 80 dnat to 127.0.0.1:51679
  }
  chain POSTROUTING { type nat hook postrouting priority srcnat; policy accept; ip saddr 172.17.0.0/16 masquerade; }
}
table inet filter {
  chain input { type filter hook input priority 0; policy accept; ct state established,related accept; }
}
table inet squall_of_another_run_80 { set armed { type inet_service; flags timeout; }; }
'''


@pytest.fixture(name='network')
def network_with_an_application():
    network = Network()
    network.serve()
    yield network
    network.close()


@pytest.fixture(name='busy')
def network_with_rules_of_others(network):
    subprocess.run(['ip', 'netns', 'exec', network.container, 'nft', '-f', '-'], input=FOREIGN, text=True, check=True)
    return network


def proxy(network, *options, **more):
    return Detached('--netns', network.path, options=options, **more)


@pytest.mark.parametrize('family', FAMILIES)
@pytest.mark.parametrize('kind', KINDS)
def test_new_connections_meet_the_fault_and_old_ones_never_do(busy, kind, family):
    before = busy.rules()
    old = [busy.connect(family) for _ in range(20)]
    assert [ask_on(one)[0] for one in old] == [200] * 20
    with proxy(busy, '--intercept', kind, '--for', '60') as detached:
        assert detached.told['proxies'][0]['intercept'] == kind
        assert busy.ask(family)[0] == 503
        assert [ask_on(one)[0] for one in old] == [200] * 20
        assert set(before) <= set(busy.rules()) and len(busy.rules()) > len(before)
        keeper = detached.keeper()
        (ended,) = detached.stop()
        assert ended['state'] == 'ended' and ended['counts'].get('answered', 0) == 1
        assert busy.ask(family)[0] == 200
        assert [ask_on(one)[0] for one in old] == [200] * 20
        detached.wait_for_end(detached.pid, keeper)
    assert busy.rules() == before or (kind == 'iptables' and set(before) <= set(busy.rules()) and not any('squall_test' in rule for rule in busy.rules()))


@pytest.mark.parametrize('kind', KINDS)
def test_the_rule_is_where_status_says(network, kind):
    with proxy(network, '--intercept', kind) as detached:
        (told,) = detached.status()
        listed = run(*told['list'].split()).stdout
        assert '20000' in listed and told['state'] == 'armed'


@pytest.mark.parametrize('family', FAMILIES)
@pytest.mark.parametrize('kind', KINDS)
def test_killed_with_9_it_leaves_no_rule_and_no_process(busy, kind, family):
    before = busy.rules()
    with proxy(busy, '--intercept', kind) as detached:
        assert busy.ask(family)[0] == 503
        keeper = detached.keeper()
        os.kill(detached.pid, signal.SIGKILL)
        detached.wait_for_end()

        def answers():
            with contextlib.suppress(OSError):
                return busy.ask(family)[0] == 200
            return False

        if kind.startswith('tproxy'):  # it fails open: without a listener the packet goes where it went before
            assert answers()
        wait_for('the application answers', answers, timeout=3)
        detached.wait_for_end(keeper)
        assert not any('squall_test' in rule for rule in busy.rules())
        assert kind == 'iptables' or busy.rules() == before
        assert [told['state'] for told in detached.status()] == ['killed']


def test_of_one_that_was_killed_it_is_known_what_it_had_counted_and_nothing_is_left_when_that_is_forgotten(network):
    with proxy(network) as detached:
        assert [network.ask()[0] for _ in range(3)] == [503] * 3
        record = Path(f'/var/run/squall/proxy/{detached.run}/{Path(network.path).name}'.replace(network.container, f'netns-{network.container}') + '.json')
        wait_for('it is written down', lambda: json.loads(record.read_text(encoding='utf-8'))['counts'].get('answered') == 3)
        os.kill(detached.pid, signal.SIGKILL)
        detached.wait_for_end()
        (told,) = detached.stop()
        assert told['state'] == 'killed' and told['ended_by'] == 'death' and told['why'] == 'it died before its time' and told['counts']['answered'] == 3
        run(HELPER, 'forget', '--run', detached.run)
        assert not record.parent.exists() and detached.status() == []


def test_stop_ends_a_frozen_second_process_too(network):
    with proxy(network) as detached:
        keeper = detached.keeper()
        for pid in (keeper, detached.pid):
            os.kill(pid, signal.SIGSTOP)
        assert [(told['state'], told['ended_by'], told['why']) for told in detached.stop()] == [('killed', 'freeze', 'it was frozen')]
        detached.wait_for_end(detached.pid, keeper)


def test_a_start_that_fails_leaves_nothing(network):
    failed = proxy(network, '--interface', 'eth7')
    assert failed.code == 1 and not Path(f'/var/run/squall/proxy/{failed.run}').exists()


@pytest.mark.parametrize('kind', ('tproxy-owner', 'tproxy-lease', 'redirect'))
def test_frozen_it_has_no_new_connections_within_the_lease(network, kind):
    with proxy(network, '--intercept', kind, '--for', '60') as detached:
        assert network.ask()[0] == 503
        os.kill(detached.pid, signal.SIGSTOP)
        frozen = time.monotonic()

        def answers():
            with contextlib.suppress(OSError), network.connect(timeout=0.3) as connection:
                return ask_on(connection)[0] == 200
            return False

        wait_for('the application answers', answers, timeout=5, interval=0.02)
        assert time.monotonic() - frozen < 3.6  # the lease, and one attempt
        assert [told['state'] for told in detached.status()] == ['frozen']
        os.kill(detached.pid, signal.SIGCONT)
        wait_for('it takes them again', lambda: network.ask()[0] == 503)


@pytest.mark.parametrize('kind', KINDS)
def test_frozen_past_its_end_it_is_killed_and_what_it_held_is_freed(network, kind):
    with proxy(network, '--intercept', kind, '--for', '2', '--drain', '1', fault=[('reset-peer', {'RESET_TIMEOUT': 600000})]) as detached:
        held = network.connect()
        wait_for('it is held', lambda: detached.status()[0]['counts'].get('accepted', 0) == 1)
        keeper = detached.keeper()
        os.kill(detached.pid, signal.SIGSTOP)
        held.settimeout(20)
        with contextlib.suppress(ConnectionResetError):
            assert held.recv(1) == b''
        detached.wait_for_end(detached.pid, keeper)
        assert network.ask()[0] == 200
        assert not any('squall_test' in rule for rule in network.rules())


def test_stop_kills_one_that_is_frozen(network):
    with proxy(network) as detached:
        os.kill(detached.pid, signal.SIGSTOP)
        assert [told['state'] for told in detached.stop()] == ['killed']
        assert network.ask()[0] == 200 and not is_alive(detached.pid)


@pytest.mark.parametrize('kind', KINDS)
def test_at_its_end_requests_under_way_get_their_true_answers(network, kind):
    with proxy(network, '--intercept', kind, '--for', '2', fault=[('latency', {'LATENCY': 60000})]) as detached:
        waiting = [network.connect(timeout=20) for _ in range(50)]
        for one in waiting:
            send_on(one, '/late')
        wait_for('all are held', lambda: detached.status()[0]['counts'].get('requests', 0) == 50)
        for one in waiting:
            status, body = answer_on(one)
            assert status == 200 and body.startswith('true /late')
        detached.wait_for_end()
        assert detached.status()[0]['ended_by'] == 'time' and detached.status()[0]['why'] == 'its time was over'


@pytest.mark.parametrize('family', FAMILIES)
def test_connections_made_before_are_reset_when_that_is_asked_for(network, family):
    old = [network.connect(family) for _ in range(10)]
    assert [ask_on(one)[0] for one in old] == [200] * 10
    with proxy(network, '--existing', 'reset') as detached:
        for one in old:
            with pytest.raises((ConnectionResetError, BrokenPipeError)):
                ask_on(one)
                ask_on(one)
        assert network.ask(family)[0] == 503
        assert detached.status()[0]['reset_existing'] == 10


@pytest.mark.parametrize('kind', KINDS)
def test_exempt_clients_are_left_alone(network, kind):
    with proxy(network, '--intercept', kind, '--exempt-sources', '10.77.0.0/30,fd77::/16'):
        assert [network.ask(family)[0] for family in FAMILIES] == [200, 200]
    with proxy(network, '--intercept', kind, '--exempt-sources', '10.77.0.9,fd78::/16'):
        assert [network.ask(family)[0] for family in FAMILIES] == [503, 503]


@pytest.mark.parametrize('family', FAMILIES)
def test_its_own_port_is_closed_to_those_who_ask_for_it(network, family):
    with proxy(network) as detached:
        with pytest.raises((ConnectionResetError, BrokenPipeError)):
            connection = network.connect(family, port=20000)
            ask_on(connection)
            ask_on(connection)
        assert detached.status()[0]['counts'].get('refused_directly', 0) == 1


def test_every_interface_is_taken_where_that_is_asked_for_and_its_own_connections_are_not(network):
    with proxy(network, fault=[('status-code', {'MODIFY_RESPONSE_BODY': 'false'})]):
        assert ask_on(network.connect_locally())[0] == 200
    with proxy(network, '--interface', 'any', fault=[('status-code', {'MODIFY_RESPONSE_BODY': 'false'})]):
        for connection in (network.connect_locally(), network.connect_locally('::1'), network.connect(), network.connect_locally('10.77.0.2')):
            status, body = ask_on(connection)
            assert status == 503 and body.startswith('true /')


def test_several_ports_at_once(network):
    network.serve(8080)
    with proxy(network, '--port', '80,8080', fault=[('status-code', {'MODIFY_RESPONSE_BODY': 'false'})]):
        for port in (80, 8080):
            assert ask_on(network.connect(port=port))[0] == 503


def test_a_second_run_on_the_port_is_refused_and_says_who_has_it(network):
    with proxy(network, '--for', '60') as first:
        second = proxy(network, '--proxy-port', '20001')
        assert second.code == 1 and f'run {first.run} has port 80' in second.told['error']
        assert len(run('pgrep', '-f', second.run, check=False).stdout.split()) == 0
        other = proxy(network, '--port', '8080')
        assert other.code == 1 and 'port 20000 is in use' in other.told['error']
        assert network.ask()[0] == 503


def test_out_of_descriptors_it_goes_on_and_lets_go_at_its_end(network):
    done = run('sh', '-c', f'ulimit -n 60; exec {HELPER} proxy --netns {network.path} --run few-{os.getpid()} --detach --for 4 --drain 1 --fault latency --set LATENCY=60000')
    assert json.loads(done.stdout)['event'] == 'armed'
    waiting = [network.connect(timeout=30) for _ in range(100)]
    for one in waiting:
        send_on(one, '/late')
    status = json.loads(run(HELPER, 'status', '--run', f'few-{os.getpid()}').stdout)['proxies'][0]
    assert status['counts'].get('out_of_descriptors', 0) > 0
    wait_for('its end', lambda: not is_alive(status['pid']))
    assert network.ask()[0] == 200
    run(HELPER, 'forget', '--run', f'few-{os.getpid()}')


def test_it_ends_with_its_container(network):
    container = network.start_container()
    with Detached('--pid', str(container.pid)) as detached:
        assert network.ask()[0] == 503
        container.kill()
        container.wait(10)
        detached.wait_for_end()
        assert detached.status()[0]['ended_by'] == 'container'
        assert network.ask()[0] == 200


def test_an_interface_that_goes_takes_nobody_with_it(network):
    with proxy(network, '--for', '3') as detached:
        run('ip', '-n', network.container, 'link', 'del', 'eth0')
        assert ask_on(network.connect_locally())[0] == 200
        detached.wait_for_end()
        assert detached.status()[0]['state'] == 'ended'


def test_in_a_host_s_own_namespace_only_its_own_addresses_are_meant(busy):
    before = busy.rules()
    container = busy.start_container()
    done = run('ip', 'netns', 'exec', busy.container, HELPER, 'proxy', '--pid', str(container.pid), '--run', f'host-{os.getpid()}', '--detach', '--fault', 'status-code')
    told = json.loads(done.stdout)['proxies'][0]
    assert 'fib daddr type local' in run(*told['list'].split()).stdout
    assert busy.ask()[0] == 503
    run(HELPER, 'stop', '--run', f'host-{os.getpid()}', '--drain', '0')
    assert busy.ask()[0] == 200 and busy.rules() == before


@pytest.mark.parametrize('options, words', [
    (['--interface', 'eth7'], 'no interface eth7'),
    (['--intercept', 'magic'], 'tproxy-owner'),
    (['--port', '20000'], 'choose another --proxy-port'),
    (['--exempt-sources', '10.0.0.0/33'], '10.0.0.0/33'),
    (['--until', '1000'], 'its time was over'),
    (['--run', 'Not A Run'], "'-'"),
])
def test_what_cannot_be_is_told_before_anything_is_touched(network, options, words):
    before = network.rules()
    done = run(HELPER, 'proxy', '--netns', network.path, '--fault', 'status-code', '--detach', *options, check=False)
    assert done.returncode != 0 and words in done.stdout + done.stderr
    assert network.rules() == before


def test_where_nothing_says_what_it_stands_in_front_of_it_says_so():
    done = run(HELPER, 'proxy', '--fault', 'status-code', check=False)
    assert done.returncode == 64 and '--tasks' in done.stderr


def test_a_thousand_connections_made_before_live_through_all_of_it(network):
    old = [network.connect() for _ in range(1000)]
    assert all_answer(old, '/before')
    with proxy(network):
        assert network.ask()[0] == 503
        assert all_answer(old[::2], '/within')
    assert all_answer(old, '/after')


def all_answer(connections, path):
    for one in connections:
        send_on(one, path)
    return all(answer_on(one)[1].startswith(f'true {path}') for one in connections)


def test_check_says_what_works_here():
    done = run(HELPER, 'check')
    told = json.loads(done.stdout)
    assert told['can_intercept'] is True and told['intercept']['tproxy-owner'] == {'ipv4': True, 'ipv6': True}
    assert told['reset_existing'] is True or 'CONFIG_INET_DIAG_DESTROY' in told['reset_existing']


def test_in_the_foreground_a_signal_ends_it(network):
    process = subprocess.Popen([HELPER, 'proxy', '--netns', network.path, '--fault', 'status-code', '--run', f'fore-{os.getpid()}'], stdout=subprocess.PIPE, text=True)
    try:
        assert json.loads(process.stdout.readline())['event'] == 'armed'
        assert network.ask()[0] == 503
        process.send_signal(signal.SIGTERM)
        lines = [json.loads(line) for line in process.stdout.read().splitlines()]
        assert [line['event'] for line in lines] == ['disarmed', 'end'] and process.wait(10) == 0
        assert network.ask()[0] == 200
    finally:
        process.kill()
        process.wait(10)
        process.stdout.close()
        run(HELPER, 'forget', '--run', f'fore-{os.getpid()}')
