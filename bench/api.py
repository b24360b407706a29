#!/usr/bin/env python3
"""The lab's AWS endpoint beside moto's server: requests a second and CPU time for each, as ratios within one run.

bench/api.py [--rounds N] [--write]. Load comes from h2load (package nghttp2-client), four connections. Where moto_server is not
installed, the table says `not run`. --write puts the table into docs/performance.md.
"""
import argparse
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import boto3
import botocore.auth
import botocore.awsrequest
import botocore.credentials

from tables import put_table
from running_lab import Lab

INSTANCES = 100
LAB_REQUESTS, MOTO_REQUESTS = 20_000, 200
TICKS = os.sysconf('SC_CLK_TCK')
FORM = 'application/x-www-form-urlencoded; charset=utf-8'


class Moto:
    """moto's server, with as many container instances as the lab has."""

    def __init__(self):
        self.process = subprocess.Popen(['moto_server', '-p', '0'], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env={**os.environ, 'PYTHONUNBUFFERED': '1'})
        for line in self.process.stdout:
            if found := re.search(r'http://127\.0\.0\.1:\d+', line):
                break
        else:
            raise RuntimeError('moto_server ended without a word')
        self.endpoint = found.group(0)
        self.keys = 'AKIDEXAMPLE', 'secret'
        # Its own log is no part of the comparison, and must not fill the pipe.
        self.log = subprocess.Popen(['cat'], stdin=self.process.stdout, stdout=subprocess.DEVNULL)
        ecs, ec2 = self.client('ecs'), self.client('ec2')
        ecs.create_cluster(clusterName='demo')
        image = ec2.describe_images()['Images'][0]['ImageId']
        made = ec2.run_instances(ImageId=image, MinCount=INSTANCES, MaxCount=INSTANCES)['Instances']
        self.instance_ids = [instance['InstanceId'] for instance in made]
        self.arns = [ecs.register_container_instance(cluster='demo', instanceIdentityDocument=json.dumps({'instanceId': one, 'region': 'us-east-1'}))[
            'containerInstance']['containerInstanceArn'] for one in self.instance_ids]

    def client(self, service):
        return boto3.client(service, endpoint_url=self.endpoint, region_name='us-east-1', aws_access_key_id=self.keys[0], aws_secret_access_key=self.keys[1])

    @property
    def pid(self):
        # A shim may stand before the server itself.
        children = Path(f'/proc/{self.process.pid}/task/{self.process.pid}/children').read_text().split()
        return int(children[0]) if children else self.process.pid

    def end(self):
        for process in (self.process, self.log):
            process.kill()
            process.wait()


class OurLab:
    def __init__(self):
        # Silent: what is measured is the API, not what instances do with a command.
        self.lab = Lab(0, '--virtual', str(INSTANCES), '--virtual-silent', '100')
        self.endpoint = self.lab.endpoint
        self.keys = self.lab.environment['AWS_ACCESS_KEY_ID'], self.lab.environment['AWS_SECRET_ACCESS_KEY']
        self.pid = json.loads(self.lab.squall('lab', 'status', '--json'))['pid']
        ecs = boto3.client('ecs', endpoint_url=self.endpoint, region_name='us-east-1', aws_access_key_id=self.keys[0], aws_secret_access_key=self.keys[1])
        self.arns = ecs.list_container_instances(cluster='demo')['containerInstanceArns']
        described = ecs.describe_container_instances(cluster='demo', containerInstances=self.arns)['containerInstances']
        self.instance_ids = [one['ec2InstanceId'] for one in described]

    def end(self):
        self.lab.down()


def requests_of(server):
    """Name, service, headers and body of each request."""
    def json_call(target, body):
        return {'Content-Type': 'application/x-amz-json-1.1', 'X-Amz-Target': target}, json.dumps(body)

    return [
        ('DescribeContainerInstances(100)', 'ecs', *json_call('AmazonEC2ContainerServiceV20141113.DescribeContainerInstances', {'cluster': 'demo', 'containerInstances': server.arns})),
        ('GetCallerIdentity', 'sts', {'Content-Type': FORM}, 'Action=GetCallerIdentity&Version=2011-06-15'),
        ('SendCommand(10)', 'ssm', *json_call('AmazonSSM.SendCommand', {'DocumentName': 'AWS-RunShellScript', 'InstanceIds': server.instance_ids[:10], 'Parameters': {'commands': ['true']}})),
    ]


def cpu_seconds(pid):
    fields = Path(f'/proc/{pid}/stat').read_text().rsplit(')', 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def measure(server, request, count):
    """Requests a second, and CPU seconds of the server for each."""
    _, service, headers, body = request
    signed = botocore.awsrequest.AWSRequest('POST', server.endpoint + '/', data=body, headers=headers)
    botocore.auth.SigV4Auth(botocore.credentials.Credentials(*server.keys), service, 'us-east-1').add_auth(signed)
    with tempfile.NamedTemporaryFile('w', suffix='.body') as file:
        file.write(body)
        file.flush()
        words = [word for name, value in signed.prepare().headers.items() if name.lower() != 'content-length'
                 for word in ('-H', f'{name.lower()}: {value if isinstance(value, str) else value.decode()}')]
        before = cpu_seconds(server.pid)
        done = subprocess.run(['h2load', '--h1', '-n', str(count), '-c', '4', '-t', '1', '-d', file.name, *words, server.endpoint + '/'], capture_output=True, text=True, check=True)
        spent = cpu_seconds(server.pid) - before
    assert f'{count} 2xx' in done.stdout, f'{request[0]}: {done.stdout}'
    return float(re.search(r'([\d.]+) req/s', done.stdout).group(1)), spent / count


def one_round(has_moto):
    figures = {}
    for name, make, count in (('lab', OurLab, LAB_REQUESTS), ('moto', Moto, MOTO_REQUESTS)):
        if name == 'moto' and not has_moto:
            continue
        server = make()
        try:
            for request in requests_of(server):
                measure(server, request, max(4, count // 20))
                figures[name, request[0]] = measure(server, request, count)
        finally:
            server.end()
    return figures


def table(rounds, has_moto):
    lines = ['| call | the lab: requests a second | CPU a request | moto: requests a second | CPU a request | ratio of rates | of CPU times |', '|---|---|---|---|---|---|---|']
    for request in dict.fromkeys(name for figures in rounds for _, name in figures):
        def median(server, which, request=request):
            return statistics.median(figures[server, request][which] for figures in rounds)

        ours = f'| {request} | {median("lab", 0):,.0f} | {1e6 * median("lab", 1):.0f} µs |'
        if not has_moto:
            lines.append(f'{ours} not run | | | |')
            continue
        rates = statistics.median(figures['lab', request][0] / figures['moto', request][0] for figures in rounds)
        times = statistics.median(figures['moto', request][1] / max(figures['lab', request][1], 1e-9) for figures in rounds)
        lines.append(f'{ours} {median("moto", 0):,.0f} | {1e6 * median("moto", 1):,.0f} µs | {rates:.0f} | {times:.0f} |')
    return '\n'.join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--rounds', type=int, default=5)
    parser.add_argument('--write', action='store_true', help='put the table into docs/performance.md')
    options = parser.parse_args()
    if not shutil.which('h2load'):
        sys.exit('h2load is missing: install nghttp2-client')
    has_moto = shutil.which('moto_server') is not None
    rounds = []
    for number in range(options.rounds):
        rounds.append(one_round(has_moto))
        print(f'round {number + 1} of {options.rounds}: ' + ', '.join(f'{server} {name} {rate:.0f}/s {1e6 * cpu:.0f} µs' for (server, name), (rate, cpu) in rounds[-1].items()), file=sys.stderr)
    text = table(rounds, has_moto)
    print(text)
    if options.write:
        put_table('api', f'{options.rounds} rounds, {os.cpu_count()} cores.', text)


if __name__ == '__main__':
    main()
