"""squall-host in front of real Docker containers: found by their labels, clients on every side, and Docker's rules as they were."""
import os
import signal
from pathlib import Path

import pytest
from conftest import is_alive, wait_for
from docker_host import MEANS, DockerHost, namespace_of
from namespaces import in_namespace

pytestmark = [pytest.mark.skipif(os.geteuid() != 0, reason='Docker needs root'),
              pytest.mark.skipif(bool(MEANS), reason=f'not installed: {", ".join(MEANS)}')]
KINDS = ('tproxy-owner', 'tproxy-lease', 'redirect', 'iptables')
FAULT = ('--port', '8080', '--fault', 'status-code')


@pytest.fixture(name='host', scope='module')
def host_with_docker():
    host = DockerHost()
    yield host
    host.close()


@pytest.fixture(name='tasks', scope='module')
def tasks_of_three_modes(host):
    """bridge with a published port; a container that shares another one's network, as in awsvpc mode; and host mode."""
    bridge = host.start_task('aaa1', '-p', '8080:8080')
    sibling = host.start_task('aaa2')
    pause = host.start_task('aaa3', '-p', '8082:8080', '-e', 'PORT=9', name='~internal~ecs~pause')
    shared = host.start_task('aaa3', '--network', f'container:{pause}')
    in_host = host.start_task('aaa4', '--network', 'host', '-e', 'PORT=8083')
    for port in (8080, 8082, 8083):
        wait_for(f'port {port} answers', lambda port=port: host.status(port) == '200')
    return {'bridge': bridge, 'sibling': sibling, 'awsvpc': shared, 'host': in_host}


def start(host, task, run, *options):
    told = host.helper('proxy', '--tasks', task, '--run', run, '--detach', '--for', '60', *options)
    assert told['event'] == 'armed', told
    return told['proxies'][0]


@pytest.fixture(name='run')
def a_run_that_is_over_afterwards(host, request):
    name = f'docker-{os.getpid()}-{abs(hash(request.node.name)) % 100000}'
    yield name
    host.helper('stop', '--run', name, '--drain', '0')


@pytest.mark.parametrize('kind', KINDS)
def test_a_task_in_bridge_mode_for_clients_outside_beside_it_and_on_the_host(host, tasks, run, kind):
    before = host.saved_rules()
    told = start(host, 'aaa1', run, *FAULT, '--intercept', kind)
    assert told['container'] == tasks['bridge'] and told['container_name'] == 'web'
    assert host.status() == '503'
    address = host.address_of(tasks['bridge'])
    assert host.status(address=address, inside=namespace_of(host, tasks['sibling'])) == '503'
    assert host.status(address=address, inside=host.path) == '503'
    assert host.status(address=host.address_of(tasks['sibling']), inside=host.path) == '200'  # another task
    assert host.saved_rules() == before  # its rule is in the container's namespace
    assert host.helper('stop', '--run', run, '--drain', '0')['proxies'][0]['counts'].get('answered', 0) == 3
    assert host.status() == '200' and host.saved_rules() == before


@pytest.mark.parametrize('kind', KINDS)
def test_a_task_whose_containers_share_a_network(host, tasks, run, kind):
    told = start(host, 'aaa3', run, *FAULT, '--intercept', kind)
    assert told['container'] == tasks['awsvpc']
    assert host.status(8082) == '503' and host.status() == '200'
    os.kill(told['pid'], signal.SIGKILL)
    wait_for('it answers', lambda: host.status(8082) == '200', timeout=3)


@pytest.mark.parametrize('kind', KINDS)
def test_a_task_in_host_mode_beside_docker_s_own_rules(host, tasks, run, kind):
    before = host.saved_rules()
    told = start(host, 'aaa4', run, '--port', '8083', '--fault', 'status-code', '--intercept', kind)
    assert told['container'] == tasks['host'] and told['interface'] == 'eth0'
    assert host.status(8083) == '503'
    assert host.status() == '200'  # a task in bridge mode on the same host
    assert set(before) <= set(host.saved_rules())
    keeper = int(open(f'/proc/{told["pid"]}/task/{told["pid"]}/children', encoding='ascii').read().split()[0])
    os.kill(told['pid'], signal.SIGKILL)
    wait_for('it answers', lambda: host.status(8083) == '200', timeout=3)
    wait_for('both processes have gone', lambda: not is_alive(told['pid']) and not is_alive(keeper))
    assert sorted(set(host.saved_rules()) - set(before)) in ([], sorted(empty_chains(host, before)))


@pytest.mark.parametrize('filtered', ['1', '0'])
@pytest.mark.parametrize('kind', KINDS)
def test_a_task_in_host_mode_for_clients_on_the_same_host_where_that_is_asked_for(host, tasks, run, kind, filtered):
    """A container behind Docker's bridge is one of them, whether or not its packets pass the host's IP filters on their way through the bridge."""
    before = host.saved_rules()
    setting = in_namespace(host.path, lambda: set_bridge_filter(filtered))
    gateway = host.docker('inspect', '-f', '{{.NetworkSettings.Gateway}}', tasks['sibling']).stdout.strip()
    beside = {'address': gateway, 'inside': namespace_of(host, tasks['sibling'])}
    try:
        start(host, 'aaa4', run, '--port', '8083', '--fault', 'status-code', '--intercept', kind)
        assert (host.status(8083), host.status(8083, **beside)) == ('503', '200')
        host.helper('stop', '--run', run, '--drain', '0')
        start(host, 'aaa4', run + '-any', '--port', '8083', '--fault', 'status-code', '--intercept', kind, '--interface', 'any')
        # What a host sends to itself is rewritten on its way out, if at all: redirects are not there.
        by_lo = '503' if kind.startswith('tproxy') else '200'
        assert (host.status(8083), host.status(8083, **beside), host.status(8083, address='127.0.0.1', inside=host.path)) == ('503', '503', by_lo)
        (told,) = host.helper('stop', '--run', run + '-any', '--drain', '5')['proxies']
        assert told['counts']['answered'] == (3 if by_lo == '503' else 2)
        assert (host.status(8083), host.status(8083, **beside)) == ('200', '200')
        assert sorted(set(host.saved_rules()) - set(before)) in ([], sorted(empty_chains(host, before)))
    finally:
        host.helper('stop', '--run', run + '-any', '--drain', '0')
        in_namespace(host.path, lambda: set_bridge_filter(setting))


def set_bridge_filter(value):
    """What it was before; nothing where the kernel has none."""
    path = Path('/proc/sys/net/bridge/bridge-nf-call-iptables')
    if not path.exists():
        return None
    before = path.read_text(encoding='ascii').strip()
    if value is not None:
        path.write_text(value, encoding='ascii')
    return before


def empty_chains(host, before):
    """What the iptables program makes by itself the first time: its empty chains."""
    return [line for line in set(host.saved_rules()) - set(before) if line.lstrip().startswith((':', '*', 'table', 'chain', 'type', '}'))]


def test_a_container_that_is_stopped_and_started_again_answers_truly(host, tasks, run):
    told = start(host, 'aaa2', run, *FAULT)
    address = host.address_of(tasks['sibling'])
    assert host.status(address=address, inside=host.path) == '503'
    host.docker('restart', '-t', '0', tasks['sibling'])
    wait_for('the proxy has ended', lambda: not is_alive(told['pid']))
    address = host.address_of(tasks['sibling'])
    wait_for('it answers', lambda: host.status(address=address, inside=host.path) == '200')
    assert host.helper('status', '--run', run)['proxies'][0]['ended_by'] == 'container'


def test_tasks_of_elsewhere_are_told_and_none_at_all_is_a_failure(host, tasks, run):
    told = host.helper('proxy', '--tasks', 'aaa1,zzz9', '--run', run, '--detach', '--for', '60', *FAULT)
    assert told['absent'] == ['zzz9'] and len(told['proxies']) == 1
    told = host.helper('proxy', '--tasks', 'zzz9', '--run', run + '-2', '--detach', '--for', '60', *FAULT, check=False)
    assert told['event'] == 'failed' and 'zzz9' in told['error']
    told = host.helper('proxy', '--tasks', 'aaa2', '--container-name', 'db', '--run', run + '-3', '--detach', *FAULT, check=False)
    assert told['event'] == 'failed' and 'no container db' in told['error'] and 'web' in told['error']


def test_by_the_beginning_of_a_container_s_id(host, tasks, run):
    told = host.helper('proxy', '--container', tasks['bridge'][:12], '--run', run, '--detach', '--for', '60', *FAULT)
    assert told['event'] == 'armed' and host.status() == '503'


def test_two_tasks_or_none(host, tasks, run):
    """Of two, one cannot be taken: the other one is given back."""
    first = start(host, 'aaa2', run, *FAULT)
    assert is_alive(first['pid'])
    told = host.helper('proxy', '--tasks', 'aaa1,aaa2', '--run', run + '-2', '--detach', '--for', '60', *FAULT, check=False)
    assert told['event'] == 'failed' and f'run {run} has port 8080' in told['error']
    assert host.status() == '200'
    assert [one['state'] for one in host.helper('status', '--run', run + '-2')['proxies']] in ([], ['ended'])


def test_a_task_and_its_container_in_one_word(host, tasks, run):
    told = host.helper('proxy', '--tasks', 'aaa1=web,aaa2=web', '--run', run, '--detach', '--for', '60', *FAULT)
    assert sorted(one['container'] for one in told['proxies']) == sorted([tasks['bridge'], tasks['sibling']])
    told = host.helper('proxy', '--tasks', 'aaa1=db', '--run', run + '-2', '--detach', *FAULT, check=False)
    assert told['event'] == 'failed' and 'no container db' in told['error']


def was_asked(run):
    wait_for('it was asked', lambda: os.path.exists(f'/var/run/squall/proxy/{run}/canary-during'))


@pytest.mark.parametrize('fault, seen', [(('status-code', 'STATUS_CODE=418'), '418'), (('reset-peer', 'RESET_TIMEOUT=300'), 'reset'), (('latency', 'LATENCY=300'), '200')])
def test_the_host_asks_its_tasks_in_bridge_mode_by_itself(host, tasks, run, fault, seen):
    name, setting = fault
    host.helper('proxy', '--tasks', 'aaa1,aaa3', '--run', run, '--detach', '--for', '60', '--canary', '/?x=y', '--canary-wait', '5000', '--port', '8080', '--fault', name, '--set', setting)
    was_asked(run)
    told = {one['task']: one for one in host.helper('stop', '--run', run, '--drain', '2')['proxies']}
    canary = told['aaa1']['canary']
    assert {name: canary[name] for name in ('before', 'during', 'after', 'met')} == {'before': '200', 'during': seen, 'after': '200', 'met': True}
    assert canary['during_ms'] >= 300 or name == 'status-code'
    assert told['aaa1'].get('counts', {}) == {}  # those of others
    assert 'canary' not in told['aaa3']
    again = {one['task']: one for one in host.helper('stop', '--run', run)['proxies']}
    assert again['aaa1']['canary'] == canary
    host.helper('forget', '--run', run)
    assert not os.path.exists(f'/var/run/squall/proxy/{run}')


def test_a_request_that_the_fault_does_not_concern_is_no_proof(host, tasks, run):
    host.helper('proxy', '--tasks', 'aaa1', '--run', run, '--detach', '--for', '60', '--canary', '/health', *FAULT, '--set', 'EXEMPT_PATHS=/health')
    was_asked(run)
    assert host.status() == '503'
    (told,) = host.helper('stop', '--run', run, '--drain', '0')['proxies']
    assert (told['canary']['during'], told['canary']['met']) == ('200', False)
    assert told['counts'] == {'accepted': 1, 'requests': 1, 'met': 1, 'answered': 1}


def test_a_task_that_dies_meanwhile_is_told_by_what_the_host_gets(host, tasks, run):
    container = host.start_task('aaa9')
    wait_for('it answers', lambda: host.status(address=host.address_of(container), inside=host.path) == '200')
    host.helper('proxy', '--tasks', 'aaa9', '--run', run, '--detach', '--for', '60', '--canary', '/', *FAULT)
    was_asked(run)
    host.docker('rm', '-f', container)
    (told,) = host.helper('stop', '--run', run)['proxies']
    assert (told['canary']['before'], told['canary']['during'], told['canary']['after']) == ('200', '503', 'gone')
