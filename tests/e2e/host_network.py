"""A container instance's network, of namespaces: tasks in bridge, awsvpc and host mode, and clients on every side (root)."""
import os
import socket
import subprocess

from namespaces import APPLICATION, OURS, ask_on, in_namespace, run

# As Docker publishes a port and lets containers out, for both families.
DOCKER_RULES = '''
table {family} nat {{
  chain PREROUTING {{ type nat hook prerouting priority dstnat; policy accept; {ip} daddr {host} tcp dport 8080 dnat to {task}; }}
  chain POSTROUTING {{ type nat hook postrouting priority srcnat; policy accept; {ip} saddr {net} oifname != "docker0" masquerade; }}
}}
'''
FAMILIES = ('ipv4', 'ipv6')
CLIENTS = ('outside', 'sibling', 'host')


class HostNetwork:
    """Namespaces by what is in them: `outside` (the VPC, whose switch it has), `host`, `task` and `sibling` (behind the host's bridge),
    `eni` and `eni_sibling` (with interfaces of their own in the VPC). Applications: 80 in `task` and `eni`, 8083 in `host`."""

    made = 0

    def __init__(self):
        HostNetwork.made += 1
        self.tag = f'{OURS}{os.getpid() % 100000:x}{HostNetwork.made:x}'
        self.processes = []
        self.cables = 0
        for name in ('outside', 'host', 'task', 'sibling', 'eni', 'eni_sibling'):
            run('ip', 'netns', 'add', self.name(name))
            self.ip(name, 'link', 'set', 'lo', 'up')
        self.switch('outside', 'vpc', '10.77.0.1/24', 'fd77::1/64')
        self.switch('host', 'docker0', '172.31.9.1/24', 'fd99::1/64')
        for number, name in ((2, 'host'), (3, 'eni'), (4, 'eni_sibling')):
            self.cable('outside', 'vpc', name, f'10.77.0.{number}/24', f'fd77::{number}/64', ('10.77.0.1', 'fd77::1'))
        for number, name in ((2, 'task'), (3, 'sibling')):
            self.cable('host', 'docker0', name, f'172.31.9.{number}/24', f'fd99::{number}/64', ('172.31.9.1', 'fd99::1'))
        in_namespace(self.path('host'), forward)
        for family, ip, host, task, net in (('ip', 'ip', '10.77.0.2', '172.31.9.2:80', '172.31.9.0/24'), ('ip6', 'ip6', 'fd77::2', '[fd99::2]:80', 'fd99::/64')):
            subprocess.run(['nsenter', f'--net={self.path("host")}', 'nft', '-f', '-'], input=DOCKER_RULES.format(family=family, ip=ip, host=host, task=task, net=net), text=True, check=True)
        for name, port in (('task', 80), ('eni', 80), ('host', 8083)):
            process = subprocess.Popen(['nsenter', f'--net={self.path(name)}', '/usr/bin/python3', '-c', APPLICATION, str(port)], stdout=subprocess.PIPE, text=True)
            self.processes.append(process)
            assert process.stdout.readline() == 'ready\n'

    def name(self, of):
        return f'{self.tag}{of[:2]}{len(of)}'

    def path(self, of):
        return f'/run/netns/{self.name(of)}'

    def ip(self, inside, *words):
        run('ip', '-n', self.name(inside), *words)

    def switch(self, inside, name, *addresses):
        self.ip(inside, 'link', 'add', name, 'type', 'bridge')
        self.add(inside, name, addresses)

    def add(self, inside, device, addresses):
        for address in addresses:
            self.ip(inside, 'addr', 'add', address, 'dev', device, *(['nodad'] if ':' in address else []))
        self.ip(inside, 'link', 'set', device, 'up')

    def cable(self, switch_in, switch, name, ipv4, ipv6, gateways):
        self.cables += 1
        ends = [f'{self.tag}{self.cables}{side}' for side in 'xy']
        run('ip', 'link', 'add', ends[0], 'type', 'veth', 'peer', 'name', ends[1])
        run('ip', 'link', 'set', ends[0], 'netns', self.name(switch_in))
        self.ip(switch_in, 'link', 'set', ends[0], 'master', switch, 'up')
        run('ip', 'link', 'set', ends[1], 'netns', self.name(name), 'name', 'eth0')
        self.add(name, 'eth0', (ipv4, ipv6))
        for gateway in gateways:
            self.ip(name, 'route', 'add', 'default', 'via', gateway)

    def connect(self, mode, client, family, timeout=10):
        """From where this client of a task in this mode is, to where it finds the task."""
        port = {'bridge': 8080 if client == 'outside' else 80, 'awsvpc': 80, 'host': 8083}[mode]
        addresses = {'bridge': ('10.77.0.2', 'fd77::2') if client == 'outside' else ('172.31.9.2', 'fd99::2'), 'awsvpc': ('10.77.0.3', 'fd77::3'), 'host': ('10.77.0.2', 'fd77::2')}[mode]
        inside = 'eni_sibling' if (mode, client) == ('awsvpc', 'sibling') else client
        return in_namespace(self.path(inside), lambda: socket.create_connection((addresses[FAMILIES.index(family)], port), timeout=timeout))

    def statuses(self, mode, timeout=10):
        """What a new connection of each client of each family gets."""
        told = {}
        for client in CLIENTS:
            for family in FAMILIES:
                try:
                    with self.connect(mode, client, family, timeout) as connection:
                        told[client, family] = ask_on(connection)[0]
                except OSError as error:
                    told[client, family] = type(error).__name__
        return told

    def rules(self):
        """All there are in all of them, without counters and leases."""
        return {name: [line for line in run('nsenter', f'--net={self.path(name)}', 'nft', '-s', 'list', 'ruleset').stdout.splitlines() if line.strip() and 'elements' not in line]
                for name in ('host', 'task', 'eni')}

    def close(self):
        for process in self.processes:
            process.kill()
            process.wait(10)
            process.stdout.close()
        for name in ('outside', 'host', 'task', 'sibling', 'eni', 'eni_sibling'):
            subprocess.run(['ip', 'netns', 'del', self.name(name)], check=False, capture_output=True)


def forward():
    for setting in ('ipv4/ip_forward', 'ipv6/conf/all/forwarding'):
        with open(f'/proc/sys/net/{setting}', 'w', encoding='ascii') as file:
            file.write('1')
