"""Plays a recorded agent against a lab: signs every step anew, and speaks of the lab's ARNs and ids instead of the recorded ones."""
import http.client
import json
import re
import uuid
from urllib.parse import quote, urlsplit

from agent_wire import WebSocket, recording, signed, signed_names
from conftest import wait_for

# What the stand-in sent to see what the agent does; ECS has no cause to.
STAND_IN_ONLY = ('TaskManifestMessage', 'IAMRoleCredentialsMessage', 'PerformUpdateMessage')


def assert_holds(received, recorded, where):
    """At least the recorded members, each of the recorded type; in lists, each element like the recorded ones."""
    if isinstance(recorded, dict):
        assert isinstance(received, dict), where
        missing = recorded.keys() - received.keys()
        assert not missing, f'{where} lacks {missing}'
        for name, value in recorded.items():
            assert_holds(received[name], value, f'{where}.{name}')
    elif isinstance(recorded, list):
        assert isinstance(received, list), where
        assert bool(received) == bool(recorded), f'{where}: {received} instead of {recorded}'
        named = {one.get('name'): one for one in recorded if isinstance(one, dict)}
        for one in received:
            assert_holds(one, named.get(one.get('name'), recorded[0]) if named else recorded[0], f'{where}[]')
    elif isinstance(recorded, (int, float)) and not isinstance(recorded, bool):
        assert isinstance(received, (int, float)) and not isinstance(received, bool), f'{where}: {received}'
    else:
        assert type(received) is type(recorded), f'{where}: {received!r} instead of {recorded!r}'


def as_definition(payload):
    """The task definition of which ECS makes such a payload."""
    def container(recorded):
        made = {name: recorded[name] for name in ('name', 'image', 'command', 'cpu', 'memory', 'essential', 'portMappings', 'stopTimeout', 'dependsOn') if name in recorded}
        made['dependsOn'] = [{'containerName': one['containerName'], 'condition': one['condition']} for one in made.pop('dependsOn', [])]
        made['environment'] = [{'name': name, 'value': value} for name, value in recorded['environment'].items()]
        if check := json.loads(recorded['dockerConfig']['config']).get('Healthcheck'):
            made['healthCheck'] = {'command': check['Test'], 'interval': 5, 'timeout': 2, 'retries': check['Retries']}
        return made

    definition = {'family': payload['family'], 'networkMode': payload['networkMode'], 'containerDefinitions': [container(one) for one in payload['containers']]}
    if 'roleCredentials' in payload:
        definition['taskRoleArn'] = payload['roleCredentials']['roleArn']
    if 'cpu' in payload:
        definition.update({'cpu': str(int(payload['cpu'] * 1024)), 'memory': str(payload['memory'])})
    return definition


class Replay:
    """One recorded agent in a cluster of its own."""

    def __init__(self, lab, name, cluster=None):
        self.lab, self.name = lab, name
        self.steps = recording(name)
        self.at = 0
        self.ecs = lab.client('ecs')
        self.cluster = cluster or 'wire-' + re.sub(r'\W', '-', name)
        cluster_arn = self.ecs.create_cluster(clusterName=self.cluster)['cluster']['clusterArn']
        self.host = urlsplit(lab.endpoint).netloc
        self.api = http.client.HTTPConnection(self.host, timeout=30)
        self.words = {'arn:aws:ecs:us-east-1:123456789012:cluster/lab': cluster_arn, 'i-0123456789abcdef0': 'i-' + uuid.uuid4().hex[:17],
                      '"cluster": "lab"': f'"cluster": "{self.cluster}"'}
        self.instance = None
        self.tasks = {}  # by recorded ARN: the lab's; None for those that ECS refuses
        self.asked_to_stop = set()
        self.payloads = []
        self.credentials = []
        self.statuses = []
        self.answers = []
        self.sockets = {}
        self.unanswered = {'acs': [], 'tcs': []}  # what was received and not yet looked at
        self.heartbeats = []  # of ACS, not yet acknowledged
        self.heard = set()    # sockets that have had their first heartbeat
        self.done = []

    # Names

    def mine(self, value):
        """A recorded value, in the lab's words."""
        text = json.dumps(value)
        for recorded, actual in self.words.items():
            text = text.replace(recorded, actual)
        return json.loads(text)

    def mine_in_query(self, target):
        target = re.sub(r'(cluster|clusterArn)=lab&', rf'\1={self.cluster}&', target)
        return re.sub(r'(containerInstance(?:Arn)?)=[^&]*', lambda match: f'{match[1]}={quote(self.instance, safe="")}', target)

    # What a user sees

    def described(self):
        [instance] = self.ecs.describe_container_instances(cluster=self.cluster, containerInstances=[self.instance], include=['CONTAINER_INSTANCE_HEALTH'])['containerInstances']
        return instance

    def is_connected(self):
        return self.described()['agentConnected']

    def task(self, recorded_arn):
        [task] = self.ecs.describe_tasks(cluster=self.cluster, tasks=[self.tasks[recorded_arn]])['tasks']
        return task

    # Steps

    def run(self, until=None):
        """Every step, or those before number `until`."""
        while self.at < (len(self.steps) if until is None else until):
            step = self.steps[self.at]
            self.at += 1
            try:
                self.play(step)
            except Exception as problem:
                raise AssertionError(f'{self.name}, step {self.at} of {len(self.steps)}: {json.dumps(step)[:300]}: {problem!r}') from problem
        return self

    def run_until_open(self):
        """Up to where both websockets are open."""
        last = max(next(i for i, step in enumerate(self.steps) if step.get('chan') == channel and step.get(member) == value)
                   for channel, member, value in (('acs', 'ev', 'ws-open'), ('tcs', 'ev', 'ws-open')))
        return self.run(last + 1)

    def leave(self):
        """As if it had never been there."""
        for socket in self.sockets.values():
            socket.drop()
        services = self.ecs.list_services(cluster=self.cluster)['serviceArns']
        for service in services:
            self.ecs.delete_service(cluster=self.cluster, service=service, force=True)
        for instance in self.ecs.list_container_instances(cluster=self.cluster)['containerInstanceArns']:
            self.ecs.deregister_container_instance(cluster=self.cluster, containerInstance=instance, force=True)
        if not services:
            self.ecs.delete_cluster(cluster=self.cluster)

    def play(self, step):
        channel, sent = step.get('chan'), step.get('dir') == 'agent->server'
        if channel == 'imds' or step.get('ev') == 'cp-start':
            return None  # instance metadata is the host's affair
        if channel == 'ecs':
            return self.call(step) if sent else self.check_answer(step)
        if 'close_code' in step:
            return self.close(channel, step)
        if 'ws' in step:
            return (self.send if sent else self.receive)(channel, step['ws'], step)
        return {'ws-open': self.open, 'ws-eof': self.eof, 'ws-read-error': self.eof, 'ws-closed': self.closed}[step['ev']](channel, step)

    def call(self, step):
        body = json.dumps(self.mine(step['body'])).encode()
        headers = {name: step['headers'][name] for name in signed_names(step['headers'])}
        headers.update({'host': self.host, 'content-length': str(len(body))})
        del headers['x-amz-date']
        headers = signed(self.lab, 'POST', '/', headers, body)
        assert signed_names(headers) == signed_names(step['headers']), 'signed as the agent signs'
        others = {name: value for name, value in step['headers'].items() if name not in headers and not name.startswith('x-amz-security')}
        self.api.request('POST', step['path'], body, {**others, **headers})
        response = self.api.getresponse()
        answer = response.read()
        assert response.headers['Content-Type'] == 'application/x-amz-json-1.1'
        self.answers.append((step, response.status, json.loads(answer)))
        self.done.append(step['op'])

    def check_answer(self, step):
        number = next(i for i, (asked, _, _) in enumerate(self.answers) if asked['op'] == step['op'])
        asked, status, body = self.answers.pop(number)
        assert status == step['status'], body
        if step['op'] == 'RegisterContainerInstance':
            self.registered(asked['body'], body['containerInstance'], step['body']['containerInstance'])
        elif step['op'] == 'DiscoverPollEndpoint':
            assert body['endpoint'] == f'http://{self.host}/acs/' and body['telemetryEndpoint'] == f'http://{self.host}/tcs/', 'an address that the agent can reach'
        assert_holds(body, step['body'], step['op'])
        if step['op'] == 'SubmitTaskStateChange':
            self.submitted(asked['body'])

    def registered(self, asked, instance, recorded):
        attributes = {(one['name'], one.get('value')) for one in instance['attributes']}
        assert {(one['name'], one.get('value')) for one in asked['attributes']} <= attributes, 'the agent ends with an error when an attribute is missing'
        assert len(attributes) == len(instance['attributes']), 'none twice'
        if self.instance:
            assert instance['containerInstanceArn'] == self.instance, 'a restarted agent keeps its registration'
        self.instance = instance['containerInstanceArn']
        self.words[recorded['containerInstanceArn']] = self.instance
        if asked['instanceIdentityDocument']:
            assert instance['ec2InstanceId'] == self.words['i-0123456789abcdef0']
            assert ('ecs.availability-zone', 'us-east-1a') in attributes and ('ecs.instance-type', 't3.medium') in attributes
        assert not instance['agentConnected']
        for wanted in asked['totalResources']:
            [has] = [one for one in instance['registeredResources'] if one['name'] == wanted['name']]
            assert {name: has.get(name, []) for name in wanted} == wanted

    def submitted(self, report):
        task = self.task(report['task'])
        assert task['lastStatus'] == report['status']
        for container in report['containers']:
            [seen] = [one for one in task['containers'] if one['name'] == container['containerName']]
            assert seen['lastStatus'] == container['status']
            for member in {'exitCode', 'reason', 'runtimeId', 'networkBindings'} & container.keys():
                assert seen[member] == container[member]
        if report['status'] == 'RUNNING':
            assert 'startedAt' in task and task['desiredStatus'] == 'RUNNING'
            return
        failed = [one['reason'] for one in report['containers'] if one.get('reason', '').startswith('Cannot')]
        code = 'UserInitiated' if report['task'] in self.asked_to_stop else 'TaskFailedToStart' if failed else 'EssentialContainerExited'
        if 'serviceName' not in self.recorded_task(report['task']):
            assert task['stopCode'] == code
        assert 'stoppedAt' in task and task['stoppedReason']

    def open(self, channel, step):
        headers = {name: step['headers'][name] for name in step['headers'] if not name.startswith(('sec-', 'upgrade', 'connection', 'x-amz-date', 'authorization'))}
        target = self.mine_in_query(step['path'])
        to_sign = {'host': self.host}
        headers.update(signed(self.lab, 'GET', target, to_sign))
        assert signed_names(headers) == signed_names(step['headers']) == ['host', 'x-amz-date']
        self.sockets[channel] = WebSocket(self.host, target, headers)
        self.unanswered[channel] = []
        if channel == 'acs':
            self.heartbeats = []
            wait_for('ECS shows the agent as connected', self.is_connected)
            version = {'agentVersion': step['query']['agentVersion'][0], 'agentHash': step['query']['agentHash'][0], 'dockerVersion': step['query']['dockerVersion'][0]}
            assert self.described()['versionInfo'] == version
        self.done.append(f'{channel} open')

    def next(self, channel, kind, wait=True):
        """The next message of this kind; what comes before it stays."""
        kept = self.unanswered[channel]
        while True:
            for message in kept:
                if message['type'] == kind:
                    kept.remove(message)
                    return message['message']
            try:
                message = self.sockets[channel].receive(30 if wait else 0)
            except TimeoutError:
                if wait:
                    raise
                return None
            assert message is not None, f'{channel} was closed: {self.sockets[channel].close_frame}'
            kept.append(message)

    def receive(self, channel, recorded, _step):
        kind = recorded['type']
        if kind in STAND_IN_ONLY or kind == 'PayloadMessage' and not recorded['message'].get('messageId'):
            return
        if kind == 'PayloadMessage':
            self.payload(recorded['message'])
            return
        # How many heartbeats there are is a matter of time; that there is one at once is not.
        first = self.sockets[channel] not in self.heard
        message = self.next(channel, kind, wait=first or kind != 'HeartbeatMessage')
        if kind == 'HeartbeatMessage':
            self.heard.add(self.sockets[channel])
            if message is not None and channel == 'acs':
                self.heartbeats.append(message['messageId'])
        if message is None:
            return
        assert_holds(message, recorded['message'], kind)
        if kind == 'TaskStopVerificationAck':
            assert message['messageId'] == recorded['message']['messageId']
            assert {one['taskArn'] for one in message['stopTasks']} == {arn for arn, actual in self.tasks.items() if actual is None}, 'those that ECS does not know'
        self.done.append(f'{kind} on {channel}')

    def send(self, channel, recorded, step):
        kind, message = recorded['type'], self.mine(recorded['message'])
        socket = self.sockets[channel]
        if channel == 'tcs':
            text = json.dumps({'type': kind, 'message': message})
            headers = signed(self.lab, 'GET', '/tcs/', {'host': self.host}, text.encode())
            names = [line.split(':')[0] for line in step['prefix_headers'].split('\r\n') if line]
            socket.send(''.join(f'{name}: {headers[name.lower()]}\r\n' for name in names) + '\r\n' + text)
            if kind == 'PublishInstanceStatusRequest':
                self.statuses.append(message['statuses'][0]['status'])
            self.done.append(kind)
            return
        replies = [message]
        if kind == 'HeartbeatAckRequest':
            replies = [{'messageId': number} for number in self.heartbeats]
            self.heartbeats = []
        elif kind == 'AckRequest' and not message['messageId'].startswith('man-'):
            replies = [{**message, 'messageId': payload['messageId']} for payload in self.payloads]
            self.payloads = []
        elif kind == 'IAMRoleCredentialsAckRequest' and self.credentials:
            replies = [{'credentialsId': self.credentials[0]['credentialsId'], 'expiration': self.credentials[0]['expiration'], 'messageId': self.payloads[0]['messageId']}]
        for reply in replies:
            socket.send(json.dumps({'type': kind, 'message': reply}), step['opcode'])
        self.done.append(kind)

    def close(self, channel, step):
        self.sockets[channel].close(step['close_code'], step['close_reason'])
        frame = self.sockets[channel].close_frame
        assert frame is not None and frame[0] == step['close_code'], f'a close frame is answered: {frame}'
        self.done.append(f'{channel} close {step["close_code"]}')

    def eof(self, channel, step):
        if step['ev'] == 'ws-read-error':
            self.sockets[channel].wait_until_ended()
        self.sockets[channel].drop()

    def closed(self, channel, _step):
        if channel == 'acs':
            wait_for('ECS shows the agent as disconnected', lambda: not self.is_connected())
        self.done.append(f'{channel} closed')

    # Tasks: what a user does to make ECS send what was recorded

    def recorded_task(self, arn):
        return next(task for step in self.steps if step.get('ws', {}).get('type') == 'PayloadMessage'
                    for task in step['ws']['message'].get('tasks', []) if task['arn'] == arn)

    def launch(self, recorded):
        definition = self.ecs.register_task_definition(**as_definition(recorded))['taskDefinition']['taskDefinitionArn']
        if 'serviceName' in recorded:
            self.ecs.create_service(cluster=self.cluster, serviceName=recorded['serviceName'], taskDefinition=definition, desiredCount=1)
            return wait_for('the service has a task', lambda: self.ecs.list_tasks(cluster=self.cluster)['taskArns'])[0]
        network = {}
        if recorded['networkMode'] == 'awsvpc':
            network['networkConfiguration'] = {'awsvpcConfiguration': {'subnets': ['subnet-0000000000000000a']}}
        started = self.ecs.start_task(cluster=self.cluster, taskDefinition=definition, containerInstances=[self.instance], **network)
        if started['tasks']:
            return started['tasks'][0]['taskArn']
        expected = 'ATTRIBUTE' if network else 'RESOURCE:MEMORY'
        assert [failure['reason'] for failure in started['failures']] == [expected]
        return None

    def stop(self, recorded):
        self.asked_to_stop.add(recorded['arn'])
        if 'serviceName' in recorded:
            self.ecs.update_service(cluster=self.cluster, service=recorded['serviceName'], desiredCount=0)
        else:
            self.ecs.stop_task(cluster=self.cluster, task=self.tasks[recorded['arn']])

    def payload(self, recorded):
        wanted = {}
        for task in recorded['tasks']:
            if task['desiredStatus'] == 'STOPPED':
                self.stop(task)
            elif self.tasks.setdefault(task['arn'], self.launch(task)):
                self.words[task['arn']] = self.tasks[task['arn']]
            if self.tasks[task['arn']]:
                wanted[self.tasks[task['arn']]] = task
        while wanted:
            message = self.next('acs', 'PayloadMessage')
            assert_holds({**message, 'tasks': []}, {**recorded, 'tasks': []}, 'PayloadMessage')
            assert message['clusterArn'] == self.words[recorded['clusterArn']] and message['containerInstanceArn'] == self.instance
            for task in message['tasks']:
                self.check_task(task, wanted.pop(task['arn']))
            self.payloads.append(message)
        self.done.append('PayloadMessage')

    def check_task(self, task, recorded):
        # The stand-in's stop named one container whatever the task had; ECS repeats the task.
        recorded = {**recorded, 'containers': self.recorded_task(recorded['arn'])['containers']}
        assert_holds(task, recorded, 'task')
        same = recorded.keys() & {'desiredStatus', 'networkMode', 'serviceName', 'cpu', 'memory', 'family'}
        assert {name: task[name] for name in same} == {name: recorded[name] for name in same}
        assert json.loads(task['overrides']) == {}
        for container, was in zip(task['containers'], recorded['containers']):
            same = was.keys() & {'name', 'image', 'command', 'cpu', 'memory', 'essential', 'environment', 'portMappings', 'stopTimeout', 'dependsOn', 'healthCheckType'}
            assert {name: container[name] for name in same} == {name: was[name] for name in same}
            config, was_config = (json.loads(one['dockerConfig']['config']) for one in (container, was))
            assert_holds(config, was_config, 'dockerConfig.config')
            assert_holds(json.loads(container['dockerConfig']['hostConfig']), json.loads(was['dockerConfig']['hostConfig']), 'dockerConfig.hostConfig')
            assert json.loads(container['dockerConfig']['hostConfig'])['NetworkMode'] == json.loads(was['dockerConfig']['hostConfig'])['NetworkMode']
        if 'roleCredentials' in task:
            self.credentials.append(task['roleCredentials'])
