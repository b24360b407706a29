"""What the interception costs: a client's network, a cable, a container's network, and the proxy in front of its port 80."""
import os
import signal
import subprocess
import time

from proxy import load, machine, networks, servers

PLAIN = 'none'
GONE_SECONDS_MAX = 5


def new_connections(kind):
    """Time of the whole machine for each connection: the kernel does its part for nobody's account."""
    def measure(settings):
        with networks.pair() as (container, client):
            if kind == PLAIN:
                server = servers.squall('status-code')(container)
            else:
                server = servers.intercepting(container, kind, f'bench-{os.getpid()}')
            port = servers.PORT if kind == PLAIN else 80

            def generate(seconds):
                return load.wrk(client, seconds, 503, networks.CONTAINER, port, closes=True)

            try:
                generate(1)
                settings.wait()
                with machine.Watch(server.pid) as watch:
                    figures = generate(settings.seconds)
            finally:
                end(server, kind)
        return {**figures, 'busy_us': watch.busy / figures['count'] * 1e6}, watch
    return measure


def end(server, kind):
    server.close()
    if kind != PLAIN:
        subprocess.run([servers.HELPER, 'forget', '--run', f'bench-{os.getpid()}'], check=False, capture_output=True)


def removal(settings):
    """From the signal to the end of the first look that saw no rule: an upper bound."""
    with networks.pair() as (container, _):
        server = servers.intercepting(container, 'auto', f'bench-{os.getpid()}')
        try:
            if not rules(container):
                raise load.Wrong('there is no rule while the proxy is armed')
            settings.wait()
            with machine.Watch(server.pid) as watch:
                began = time.monotonic()
                os.kill(server.pid, signal.SIGTERM)
                while rules(container):
                    if time.monotonic() > began + GONE_SECONDS_MAX:
                        raise load.Wrong(f'rules are left after {GONE_SECONDS_MAX} s')
                gone = time.monotonic() - began
        finally:
            end(server, 'auto')
    return {'gone_ms': 1000 * gone}, watch


def rules(network):
    return networks.run(*network.inside('nft', 'list', 'ruleset')).strip()
