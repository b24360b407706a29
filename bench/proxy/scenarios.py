"""What is measured, and what it must come to."""
import functools
import shutil
from dataclasses import dataclass, field

from proxy import interception, load, networks, servers

SQUALL = 'squall'


class LeftOut(Exception):
    """A target that cannot be measured here, and why."""


@dataclass
class Bound:
    """Of a figure of squall's: as a ratio to the best of `of` in the same round, or as it is."""
    what: str
    figure: str
    value: float
    of: tuple = ()
    is_floor: bool = False


@dataclass
class Scenario:
    name: str
    title: str
    targets: dict  # name -> a call that is given settings and returns (figures, machine.Watch)
    bounds: list = field(default_factory=list)


def measured(start, measure, needs_origin=False):
    """A target with a network of its own."""
    def run(settings):
        with networks.one() as network, servers.running(network, start, needs_origin) as (server, pids):
            return measure(network, pids, settings)
    return run


def of_peer(program, start, measure, needs_origin=False):
    if not shutil.which(program):
        return left_out(f'{program} is not installed')
    return measured(start, measure, needs_origin)


def left_out(why):
    def run(_):
        raise LeftOut(why)
    return run


def squall_on_http2(measure):
    @functools.cache
    def speaks():
        with networks.one() as network, servers.running(network, servers.squall('status-code'), True):
            return load.speaks_http2(network)

    def run(settings):
        if not speaks():
            raise LeftOut('squall-host passed HTTP/2 on raw')
        return measured(servers.squall('status-code'), measure, True)(settings)
    return run


def canned(name, title, measure):
    return Scenario(name, title, {
        'limit': measured(servers.limit('canned', 503, servers.BODY), measure),
        SQUALL: measured(servers.squall('status-code'), measure),
        'haproxy': of_peer('haproxy', servers.haproxy('canned'), measure),
        'nginx': of_peer('nginx', servers.nginx(f'return 503 "{servers.BODY}";'), measure),
    }, [Bound('CPU a request', 'cpu_us', 1.10, ('limit',))])


def http2(connections, streams, bounds):
    measure = load.requests(functools.partial(load.h2load, connections=connections, streams=streams))
    return Scenario(f'h2c-{connections}x{streams}', f'503 over HTTP/2, {connections} connections × {streams}', {
        'limit': measured(servers.limit('canned', 503, servers.BODY), measure),
        SQUALL: squall_on_http2(measure),
        'haproxy': of_peer('haproxy', servers.haproxy('canned'), measure),
        'nginx': of_peer('nginx', servers.nginx(f'return 503 "{servers.BODY}";', 'http2'), measure),
    }, bounds)


def passing(name, title, measure, front, bound):
    return Scenario(name, title, {
        'relay': measured(servers.limit('relay', servers.ORIGIN_PORT, 64), measure, True),
        SQUALL: measured(servers.squall(), measure, True),
        'haproxy': of_peer('haproxy', servers.haproxy(front), measure, True),
    }, [Bound('CPU a request', 'cpu_us', bound, ('relay',))])


def all_passing():
    keeping = load.requests(functools.partial(load.wrk, status=200))
    plain = passing('pass', 'passed through, keep-alive', keeping, 'pass', 1.15)
    plain.targets['nginx'] = of_peer('nginx', servers.nginx(servers.NGINX_PASS), keeping, True)
    new = passing('pass-new', 'passed through, new connections', load.requests(functools.partial(load.wrk, status=200, closes=True)), 'tunnel', 1.05)
    changing = load.requests(functools.partial(load.wrk, status=503))
    rewritten = Scenario('rewrite', 'passed through with another status, keep-alive', {
        'relay': measured(servers.limit('relay', servers.ORIGIN_PORT, 64), keeping, True),
        SQUALL: measured(servers.squall('status-code', MODIFY_RESPONSE_BODY='false'), changing, True),
        'haproxy': of_peer('haproxy', servers.haproxy('rewrite'), changing, True),
    }, [Bound('CPU a request', 'cpu_us', 1.25, ('relay',))])
    body = Scenario('body', 'a body of 1 GiB', {
        'relay': measured(servers.limit('relay', servers.ORIGIN_PORT, 1024), load.body, True),
        SQUALL: measured(servers.squall(), load.body, True),
        'haproxy': of_peer('haproxy', servers.haproxy('pass'), load.body, True),
        'nginx': of_peer('nginx', servers.nginx(servers.NGINX_PASS), load.body, True),
    }, [Bound('bytes a second', 'mib_s', 0.95, ('relay', 'nginx'), is_floor=True)])
    return [plain, rewritten, new, body]


def resets(name, title, bounds, **crowd):
    measure = load.resets(**crowd)
    return Scenario(name, title, {
        'limit': measured(servers.limit('reset', load.RESET_AFTER_MS), measure),
        SQUALL: measured(servers.squall('reset-peer', RESET_TIMEOUT=load.RESET_AFTER_MS), measure),
    }, bounds)


def all_resets():
    return [
        resets('reset-1000', 'resets, 1,000 connections at once', [
            Bound('late, p50', 'p50_ms', 0.15), Bound('late, p99', 'p99_ms', 1.5)], count=1000),
        resets('reset-9000', 'resets, 9,000 connections at once', [
            Bound('late, p99', 'p99_ms', 1.2, ('limit',)), Bound('memory for each held connection', 'held_bytes', 256)], count=9000),
        resets('reset-paced', 'resets, 3,000 connections a second', [Bound('late, p99', 'p99_ms', 2)], count=9000, rate=3000),
    ]


def every_scenario():
    return [
        canned('canned', '503, keep-alive', load.requests(functools.partial(load.wrk, status=503))),
        canned('canned-new', '503, new connections', load.requests(functools.partial(load.wrk, status=503, closes=True))),
        http2(8, 32, [Bound('CPU a request', 'cpu_us', 1.0), Bound('requests a second', 'rate', 1.2, ('haproxy',), is_floor=True)]),
        http2(64, 1, [Bound('CPU a request', 'cpu_us', 1.15, ('limit',))]),
        *all_passing(),
        *all_resets(),
        Scenario('intercept', 'the interception, new connections', {
            interception.PLAIN: interception.new_connections(interception.PLAIN),
            SQUALL: interception.new_connections('auto'),
            'redirect': interception.new_connections('redirect'),
        }, [Bound("the machine's time for each", 'busy_us', 1.08, (interception.PLAIN,))]),
        Scenario('removal', 'rules gone after the end', {SQUALL: interception.removal}, [Bound('time', 'gone_ms', 50)]),
    ]
