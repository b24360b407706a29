"""What a monitor costs AWS's APIs, and its people, over the same events: squall's rule beside the published sample's.

The stream is `squall monitor generate --calm`, cut where it falls silent. For the outage one zone's agents go within
half a minute and are back an hour later, within 160 s; the stream says nothing else of them in between but that their
tasks stop, as the generator has it for every outage.

The sample (aws-samples/amazon-ecs-agent-connection-monitoring): a minute after each event with agentConnected false and
status ACTIVE it asks for that one container instance and that one EC2 instance, and for the cluster's tags where they
matter; who is still disconnected and running is told of, once in each batch of 20 messages or 20 s. What it does when
such a call fails is left out, to its favour.
"""
import heapq
import json
import random
import subprocess

HOUR = 3600
DARK_FROM, DARK_LENGTH, DARK_ZONE = HOUR / 2, HOUR, 'us-east-1a'
WINDOW = (DARK_FROM, DARK_FROM + HOUR)  # the hour of which calls are counted
SAMPLE_DELAY, BATCH_MAX, BATCH_WINDOW = 60, 20, 20


def calm_stream(squall, instances):
    """Two hours of normal life, as objects."""
    generate = [squall, 'monitor', 'generate', '--calm', '--instances', str(instances), '--hours', '4']
    lines = [json.loads(line) for line in subprocess.run(generate, capture_output=True, text=True, check=True).stdout.splitlines()]
    end = lines[0]['at'] + 2 * HOUR
    return [line for line in lines if line['at'] < end] + [{'at': end, 'end': True}]


def records_of(line):
    """The container instances that a line speaks of."""
    if 'world' in line:
        return line['world'].get('containerInstances', [])
    detail = line.get('event', {}).get('detail', {})
    return [detail] if 'containerInstanceArn' in detail else []


def with_dark_zone(lines):
    """The same stream with an hour in which a zone is dark."""
    chance = random.Random(20160606)
    begin = lines[0]['at']
    dark, back = begin + DARK_FROM, begin + DARK_FROM + DARK_LENGTH
    # A few of it come to their end on this day, or blink as it begins: they are left to that.
    ended = {i['InstanceId'] for line in lines[1:] for i in line.get('world', {}).get('instances', [])}
    ended |= {line['event']['detail']['instance-id'] for line in lines if 'instance-id' in line.get('event', {}).get('detail', {})}
    ended |= {record['ec2InstanceId'] for line in lines for record in records_of(line) if record['status'] != 'ACTIVE'}
    last, unsaid = {}, {}  # by ARN: the record before the outage, and the last version that nobody will hear of
    for line in lines:
        for record in records_of(line) if 'world' in line else []:
            if line['at'] < dark - 30:
                last[record['containerInstanceArn']] = record
            elif line['at'] < back + 200:
                unsaid[record['containerInstanceArn']] = record['version']
    zone = {arn for arn, record in last.items()
            if record['attributes'][0]['value'] == DARK_ZONE and record['agentConnected'] and record['ec2InstanceId'] not in ended}

    def is_unsaid(record):
        arn = record['containerInstanceArn']
        return arn in zone and last[arn]['version'] < record['version'] <= unsaid.get(arn, 0)

    # Room for the outage's versions between the stream's own.
    kept = [line for line in lines if not any(is_unsaid(record) for record in records_of(line))]
    for record in {id(record): record for line in kept for record in records_of(line)}.values():
        record['version'] *= 10
    for arn in sorted(zone):
        record = {name: value for name, value in last[arn].items() if name != 'updatedAt'}
        gone, returned = dark + chance.uniform(0, 30), back + chance.uniform(1, 160)
        changes = [(gone, False)] + sorted((chance.uniform(gone, returned), False) for _ in range(chance.randint(0, 3))) + [(returned, True)]
        for step, (at, connected) in enumerate(changes, 1):
            record = {**record, 'agentConnected': connected, 'version': last[arn]['version'] + step}
            kept.append({'at': at, 'world': {'patch': True, 'containerInstances': [record]}})
            kept.append({'at': at + chance.uniform(0.05, 0.9), 'event': {'source': 'aws.ecs', 'detail-type': 'ECS Container Instance State Change', 'detail': {**record, 'updatedAt': at}}})
    return sorted(kept, key=lambda line: line['at']), len(zone)


class Sample:
    """The published sample over a stream: calls in the window, and e-mails in all."""

    def __init__(self):
        self.calls = {'ecs:DescribeContainerInstances': 0, 'ec2:DescribeInstances': 0}
        self.told = 0
        self.connected, self.states, self.waiting = {}, {}, []
        self.batch, self.batch_end, self.batch_size = set(), 0, 0

    def run(self, lines):
        begin = lines[0]['at']
        for line in lines:
            while self.waiting and self.waiting[0][0] <= line['at']:
                self.look(*heapq.heappop(self.waiting), begin)
            self.take(line)
        return self

    def take(self, line):
        if 'world' in line:
            for record in records_of(line):
                self.connected[record['containerInstanceArn']] = record['agentConnected']
            for machine in line['world'].get('instances', []):
                self.states[machine['InstanceId']] = machine['State']
            for gone in line['world'].get('gone', []):
                self.connected.pop(gone, None)
        for record in records_of(line) if 'event' in line else []:
            if not record['agentConnected'] and record['status'] == 'ACTIVE':
                heapq.heappush(self.waiting, (line['at'] + SAMPLE_DELAY, record['containerInstanceArn'], record['ec2InstanceId']))

    def look(self, at, arn, machine, begin):
        if WINDOW[0] <= at - begin < WINDOW[1]:
            for operation in self.calls:
                self.calls[operation] += 1
        if at >= self.batch_end or self.batch_size == BATCH_MAX:
            self.batch, self.batch_end, self.batch_size = set(), at + BATCH_WINDOW, 0
        self.batch_size += 1
        if self.connected.get(arn, True) or self.states.get(machine) != 'running' or machine in self.batch:
            return
        self.batch.add(machine)
        self.told += 1


def ours(tool, lines):
    """Squall over the same stream: calls in the window by operation, and decisions by kind."""
    text = ''.join(json.dumps(line) + '\n' for line in lines)
    done = subprocess.run([tool, 'calls', str(int(WINDOW[0])), str(int(WINDOW[1]))], input=text, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def compare(squall, tool, instances):
    """For peace and an outage: (how many are dark, squall's answer, the sample's)."""
    calm = calm_stream(squall, instances)
    peace = (0, ours(tool, calm), Sample().run(calm))
    dark, count = with_dark_zone(calm)
    return {'peace': peace, 'outage': (count, ours(tool, dark), Sample().run(dark))}
