"""The monitor as a function of AWS Lambda: the built bootstrap against a runtime API of the tests' own, its table in moto's
DynamoDB, and everything else in moto or in a lab."""
import concurrent.futures
import http.server
import json
import os
import queue
import re
import shutil
import socket
import subprocess
import threading
import time
import uuid
from pathlib import Path

import boto3
import botocore.config
import conftest
import pytest

BOOTSTRAP = os.environ.get('SQUALL_LAMBDA_BINARY', str(Path(conftest.SQUALL).with_name('squall-lambda')))
pytestmark = [pytest.mark.skipif(not os.access(BOOTSTRAP, os.X_OK), reason=f'{BOOTSTRAP} is not built'),
              pytest.mark.skipif(shutil.which('moto_server') is None, reason='there is no moto_server, and nothing else here speaks DynamoDB')]
CLOCK = {'source': 'aws.events', 'detail-type': 'Scheduled Event', 'detail': {}}
KEYS = {'aws_access_key_id': 'AKIDTEST', 'aws_secret_access_key': 'secret', 'region_name': 'us-east-1'}
PREFIX = '/2018-06-01/runtime'


class RuntimeApi:
    """What Lambda puts beside a function's process: gives invocations to who asks, takes what comes of them."""

    def __init__(self):
        api = self
        self.waiting, self.outcomes, self.begun = queue.Queue(), {}, []
        self.refusals = queue.Queue()
        self.status = 202  # of what the function posts

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = 'HTTP/1.1'

            def log_message(self, *_):
                pass

            def answer(self, status, body=b'', headers=()):
                self.send_response(status)
                for name, value in headers:
                    self.send_header(name, value)
                self.send_header('Content-Length', str(len(body)))
                try:
                    self.end_headers()
                    self.wfile.write(body)
                except OSError:
                    pass  # the function's process was ended

            def do_GET(self):
                assert self.path == f'{PREFIX}/invocation/next'
                invocation = api.waiting.get()
                if invocation is None:
                    return self.answer(500, b'{"errorMessage": "over"}')
                api.begun.append(invocation['id'])
                self.answer(200, invocation['body'], [('Lambda-Runtime-Aws-Request-Id', invocation['id']), ('Lambda-Runtime-Trace-Id', 'Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700'),
                                                      ('Lambda-Runtime-Invoked-Function-Arn', 'arn:aws:lambda:us-east-1:123456789012:function:monitor'),
                                                      ('Lambda-Runtime-Deadline-Ms', str(invocation['deadline']))])

            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers['Content-Length'])))
                if self.path == f'{PREFIX}/init/error':
                    api.refusals.put((self.headers['Lambda-Runtime-Function-Error-Type'], body))
                    return self.answer(202, b'{"status":"OK"}')
                found = re.fullmatch(f'{PREFIX}/invocation/([^/]+)/(response|error)', self.path)
                assert found and found.group(1) in api.outcomes, self.path
                api.outcomes[found.group(1)].set_result((found.group(2), body, self.headers.get('Lambda-Runtime-Function-Error-Type')))
                self.answer(api.status, b'{"status":"OK"}')

        self.server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.address = f'127.0.0.1:{self.server.server_port}'

    def put(self, event, seconds):
        number = str(uuid.uuid4())
        self.outcomes[number] = concurrent.futures.Future()
        body = event if isinstance(event, bytes) else json.dumps(event).encode()
        self.waiting.put({'id': number, 'body': body, 'deadline': int((time.time() + seconds) * 1000)})
        return self.outcomes[number]

    def close(self):
        self.waiting.put(None)
        self.server.shutdown()
        self.server.server_close()


class Function:
    """A process that Lambda has begun, and its log."""

    def __init__(self, folder, environment, **settings):
        self.api = RuntimeApi()
        self.log_file = folder / f'function-{uuid.uuid4().hex}.log'
        variables = {'PATH': os.environ['PATH'], 'AWS_REGION': 'us-east-1', 'AWS_LAMBDA_RUNTIME_API': self.api.address, 'SQUALL_TABLE': 'monitor', **environment, **settings}
        with open(self.log_file, 'wb') as log:
            self.process = subprocess.Popen([BOOTSTRAP], env=variables, stdout=log, stderr=log)

    def start(self, event, seconds=60):
        return self.api.put(event, seconds)

    def invoke(self, event, seconds=60):
        """What the function answers; an error is a failure of the test."""
        outcome, body, _ = self.start(event, seconds).result(90)
        assert outcome == 'response', (body, self.log())
        return body

    def fail(self, event):
        outcome, body, kind = self.start(event).result(90)
        assert outcome == 'error' and body['errorType'] == kind, body
        return body

    def log(self):
        return self.log_file.read_text(encoding='utf-8')

    def end(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.api.close()


def batch(*bodies):
    return {'Records': [{'messageId': f'message-{number}', 'receiptHandle': 'x', 'eventSource': 'aws:sqs', 'body': body if isinstance(body, str) else json.dumps(body)}
                        for number, body in enumerate(bodies)]}


def failures(answer):
    return [failure['itemIdentifier'] for failure in answer['batchItemFailures']]


def event_of(instance, cluster_arn, **changes):
    """As EventBridge has it, of what DescribeContainerInstances says."""
    detail = {**{name: value for name, value in instance.items() if not hasattr(value, 'isoformat')}, 'clusterArn': cluster_arn,
              'updatedAt': time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime()), **changes}
    return {'version': '0', 'id': str(uuid.uuid4()), 'source': 'aws.ecs', 'detail-type': 'ECS Container Instance State Change', 'region': 'us-east-1', 'detail': detail}


def made_up(number, **changes):
    cluster = 'arn:aws:ecs:us-east-1:123456789012:cluster/demo'
    return event_of({'containerInstanceArn': f'{cluster.replace("cluster/", "container-instance/")}/{number:032x}', 'ec2InstanceId': f'i-{number:017x}', 'version': 3,
                     'status': 'ACTIVE', 'agentConnected': True}, cluster, **changes)


@pytest.fixture(scope='module')
def moto():
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen(['moto_server', '-H', '127.0.0.1', '-p', str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def answers():
        assert process.poll() is None, 'moto_server has ended'
        with socket.socket() as tried:
            return tried.connect_ex(('127.0.0.1', port)) == 0

    conftest.wait_for('moto answers', answers, timeout=60)
    yield f'http://127.0.0.1:{port}'
    process.kill()
    process.wait()


@pytest.fixture
def table(moto):
    """An empty one, as the template has it."""
    dynamodb = boto3.client('dynamodb', endpoint_url=moto, config=botocore.config.Config(retries={'max_attempts': 0}), **KEYS)
    dynamodb.create_table(TableName='monitor', BillingMode='PAY_PER_REQUEST', KeySchema=[{'AttributeName': 'pk', 'KeyType': 'HASH'}, {'AttributeName': 'sk', 'KeyType': 'RANGE'}],
                          AttributeDefinitions=[{'AttributeName': 'pk', 'AttributeType': 'S'}, {'AttributeName': 'sk', 'AttributeType': 'S'}])
    yield dynamodb
    dynamodb.delete_table(TableName='monitor')


@pytest.fixture
def make_function(tmp_path):
    functions = []

    def make(environment, **settings):
        functions.append(Function(tmp_path, environment, **settings))
        return functions[-1]

    yield make
    for function in functions:
        function.end()


@pytest.fixture
def function(make_function, moto, table):
    return make_function({'AWS_ENDPOINT_URL': moto, 'AWS_ACCESS_KEY_ID': 'AKIDTEST', 'AWS_SECRET_ACCESS_KEY': 'secret'})


def items(table, pk):
    return table.query(TableName='monitor', KeyConditionExpression='pk = :p', ExpressionAttributeValues={':p': {'S': pk}}, ConsistentRead=True)['Items']


def known_hosts(table):
    return {item['sk']['S'].rsplit('|', 1)[-1] for shard in '0123456789abcdef' for item in items(table, f'state#{shard}') if item['sk']['S'].startswith('host#')}


def rest_of(table, function):
    """Clusters and windows, as the state has them."""
    found = [item for item in items(table, 'state#0') if item['sk']['S'] == 'rest']
    assert found, function.log()
    return json.loads(found[0]['row']['S'])


# ----- the function by itself -----

def test_one_poisoned_record_fails_alone(function, table):
    answer = function.invoke(batch('{ no json', made_up(1), {'source': 'aws.ecs', 'detail-type': 'ECS Container Instance State Change', 'detail': {'status': 'ACTIVE'}},
                                   {'source': 'aws.s3', 'detail-type': 'Object Created', 'detail': {}}, made_up(2), 'null'))
    assert failures(answer) == ['message-0', 'message-2', 'message-5']
    assert known_hosts(table) == {f'i-{1:017x}', f'i-{2:017x}'}
    assert 'message message-2 cannot be read' in function.log()


def test_a_batch_of_which_nothing_concerns_us_is_taken(function):
    assert failures(function.invoke(batch({'source': 'aws.s3', 'detail-type': 'Object Created', 'detail': {}}))) == []
    assert failures(function.invoke(batch())) == []


def test_the_clock_polls(function, moto, table):
    ecs, ec2 = (boto3.client(service, endpoint_url=moto, **KEYS) for service in ('ecs', 'ec2'))
    ecs.create_cluster(clusterName='clock')
    image = ec2.describe_images()['Images'][0]['ImageId']
    node = ec2.run_instances(ImageId=image, MinCount=1, MaxCount=1)['Instances'][0]['InstanceId']
    ecs.register_container_instance(cluster='clock', instanceIdentityDocument=json.dumps({'instanceId': node}))
    assert function.invoke(CLOCK) == {}
    assert known_hosts(table) == {node}, function.log()


def test_only_clusters_with_the_tag_are_watched(make_function, moto, table):
    ecs = boto3.client('ecs', endpoint_url=moto, **KEYS)
    ours = ecs.create_cluster(clusterName='ours', tags=[{'key': 'ecs-agent-monitoring', 'value': 'team-a'}])['cluster']['clusterArn']
    theirs = ecs.create_cluster(clusterName='theirs', tags=[{'key': 'ecs-agent-monitoring', 'value': 'team-b'}])['cluster']['clusterArn']
    function = make_function({'AWS_ENDPOINT_URL': moto, 'AWS_ACCESS_KEY_ID': 'AKIDTEST', 'AWS_SECRET_ACCESS_KEY': 'secret'}, SQUALL_CLUSTER_TAG='team-a')
    function.invoke(CLOCK)
    rest = rest_of(table, function)
    seen = {cluster['arn']: cluster['monitored'] for cluster in rest['clusters']}
    assert seen[ours] and not seen[theirs]
    for cluster in (ours, theirs):
        ecs.delete_cluster(cluster=cluster)


def test_a_batch_larger_than_a_transaction_is_taken_whole_and_leaves_nothing_behind(function, make_function, moto, table):
    events = [made_up(number) for number in range(250)]
    assert failures(function.invoke(batch(*events))) == []
    assert len(known_hosts(table)) == 250
    head = items(table, 'head')[0]
    assert 'pending' not in head and items(table, 'pending') == []
    # Another process begins with it: what it has seen is no news.
    other = make_function({'AWS_ENDPOINT_URL': moto, 'AWS_ACCESS_KEY_ID': 'AKIDTEST', 'AWS_SECRET_ACCESS_KEY': 'secret'})
    assert failures(other.invoke(batch(events[7]))) == []
    assert len(known_hosts(table)) == 250


def test_two_that_run_side_by_side_both_have_their_say(function, make_function, moto, table):
    other = make_function({'AWS_ENDPOINT_URL': moto, 'AWS_ACCESS_KEY_ID': 'AKIDTEST', 'AWS_SECRET_ACCESS_KEY': 'secret'})
    waiting = [(which, batch(made_up(first + number))) for number in range(20) for which, first in ((function, 0), (other, 1000))]
    # One that is overtaken again and again gives up with an error, and has changed nothing: the queue delivers it once more.
    for _ in range(5):
        started = [(which, event, which.start(event)) for which, event in waiting]
        waiting = []
        for which, event, outcome in started:
            kind, body, _ = outcome.result(120)
            if kind == 'response':
                assert failures(body) == []
            else:
                assert 'conflict' in json.dumps(body).lower() or 'written' in json.dumps(body), body
                waiting.append((which, event))
        if not waiting:
            break
    assert waiting == []
    assert len(known_hosts(table)) == 40
    assert int(items(table, 'head')[0]['count']['N']) == 40


def test_its_table_answers_questions_and_its_bus_takes_mutes(function, moto, table):
    account = {'AWS_ENDPOINT_URL': moto, 'AWS_ACCESS_KEY_ID': 'AKIDTEST', 'AWS_SECRET_ACCESS_KEY': 'secret', 'AWS_REGION': 'us-east-1', 'PATH': os.environ['PATH']}
    events, sqs = (boto3.client(service, endpoint_url=moto, **KEYS) for service in ('events', 'sqs'))
    queue = sqs.create_queue(QueueName='windows')['QueueUrl']
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=['QueueArn'])['Attributes']['QueueArn']
    events.put_rule(Name='windows', EventPattern=json.dumps({'source': ['squall']}))
    events.put_targets(Rule='windows', Targets=[{'Id': 'queue', 'Arn': arn}])

    def squall(*arguments):
        return conftest.squall_with(account, 'monitor', arguments[0], '--table', 'monitor', *arguments[1:])

    def hand_over():
        """What the bus has for the function, as its queue would bring it."""
        messages = conftest.wait_for('the event', lambda: sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=1).get('Messages'))
        sqs.delete_message(QueueUrl=queue, ReceiptHandle=messages[0]['ReceiptHandle'])
        assert failures(function.invoke(batch(messages[0]['Body']))) == []

    node = f'i-{1:017x}'
    function.invoke(batch(made_up(1), made_up(1, version=4, agentConnected=False)))
    told = squall('explain', node)
    assert told.code == 0 and f'{node} in cluster demo: grace' in told.out, told
    assert json.loads(squall('status', '--json').out)['agents']['by_phase'] == {'grace': 1}
    nobody = squall('explain', 'i-0123')
    assert nobody.code != 0 and 'nothing is known of i-0123' in nobody.err
    unknown = squall('mute', '--cluster', 'nowhere', '--for', '1h', '--why', 'a new disk')
    assert unknown.code != 0 and 'knows no cluster nowhere' in unknown.err
    muted = squall('mute', '--cluster', 'demo', '--node', node, '--for', '1h', '--why', 'a new disk')
    assert muted.code == 0, muted
    hand_over()
    assert 'a new disk' in squall('status').out
    lost = squall('mute', '--cluster', 'demo', '--for', '1h', '--why', 'a new disk', '--bus', 'nobus')
    assert lost.code != 0 and 'no such event bus' in lost.err
    assert squall('unmute', muted.out.split(':')[0]).code == 0
    hand_over()
    assert json.loads(squall('status', '--json').out)['windows'] == []
    missing = conftest.squall_with(account, 'monitor', 'status', '--table', 'none')
    assert missing.code != 0 and 'reading the table none' in missing.err and 'ResourceNotFoundException' in missing.err


def test_an_event_that_is_none_of_ours_is_an_error_and_the_next_is_taken(function):
    assert function.fail({'hello': 'world'})['errorType'] == 'Squall.InvalidInput'
    assert function.fail(b'{ no json')['errorType'] == 'Squall.InvalidInput'
    assert failures(function.invoke(batch(made_up(1)))) == []


def test_a_table_that_is_not_there_is_an_error_that_names_it(make_function, moto):
    function = make_function({'AWS_ENDPOINT_URL': moto, 'AWS_ACCESS_KEY_ID': 'AKIDTEST', 'AWS_SECRET_ACCESS_KEY': 'secret'})
    error = function.fail(batch(made_up(1)))
    assert 'dynamodb:' in error['errorMessage'] and 'ResourceNotFoundException' in error['errorMessage']


@pytest.mark.parametrize('settings, said', [
    ({'SQUALL_TABLE': ''}, 'SQUALL_TABLE'), ({'SQUALL_GRACE_SECONDS': 'soon'}, 'SQUALL_GRACE_SECONDS=soon'), ({'SQUALL_ACTIONS': 'explode'}, 'SQUALL_ACTIONS'),
    ({'SQUALL_WEBHOOK_URL': 'nonsense'}, 'SQUALL_WEBHOOK_URL')])
def test_settings_that_cannot_be_meant_are_refused_at_the_beginning(make_function, settings, said):
    function = make_function({}, **settings)
    kind, body = function.api.refusals.get(timeout=30)
    assert kind == 'Squall.InvalidInput' and said in body['errorMessage'] and 'nonsense' not in body['errorMessage']
    assert function.process.wait(30) == 1


@pytest.mark.parametrize('status', [400, 413])
def test_an_answer_that_lambda_does_not_take_is_not_the_end(function, status):
    function.api.status = status
    function.invoke(batch())
    function.api.status = 202
    assert failures(function.invoke(batch(made_up(1)))) == []
    assert f'Lambda answers {status}' in function.log()


def test_a_runtime_that_is_broken_ends_the_process(function):
    function.invoke(batch())
    function.api.waiting.put(None)
    assert function.process.wait(30) == 1
    assert 'asking Lambda for an invocation: it answers 500' in function.log()


# ----- the whole of it: agents of a lab -----

class Watched:
    """A lab, a topic with a queue behind it, and functions that watch it."""

    def __init__(self, lab, moto, make_function):
        self.lab, self.make_function = lab, make_function
        self.sns, self.sqs, self.ecs = (lab.client(service) for service in ('sns', 'sqs', 'ecs'))
        self.topic = self.sns.create_topic(Name='alerts')['TopicArn']
        self.queue = self.sqs.create_queue(QueueName='mailbox')['QueueUrl']
        arn = self.sqs.get_queue_attributes(QueueUrl=self.queue, AttributeNames=['QueueArn'])['Attributes']['QueueArn']
        policy = {'Version': '2012-10-17', 'Statement': [{'Effect': 'Allow', 'Principal': {'Service': 'sns.amazonaws.com'}, 'Action': 'sqs:SendMessage', 'Resource': arn}]}
        self.sqs.set_queue_attributes(QueueUrl=self.queue, Attributes={'Policy': json.dumps(policy)})
        self.sns.subscribe(TopicArn=self.topic, Protocol='sqs', Endpoint=arn)
        self.environment = {name: value for name, value in lab.environment.items() if name.startswith('AWS_')}
        self.environment.update(AWS_ENDPOINT_URL_DYNAMODB=moto, AWS_ENDPOINT_URL=lab.endpoint, SQUALL_TOPIC_ARN=self.topic, SQUALL_GRACE_SECONDS='2',
                                SQUALL_BOOT_GRACE_SECONDS='0', SQUALL_HOLD_SECONDS='1')
        self.told = []

    def function(self, **settings):
        return self.make_function(self.environment, **settings)

    def events(self):
        arns = self.ecs.list_container_instances(cluster='demo')['containerInstanceArns']
        described = self.ecs.describe_container_instances(cluster='demo', containerInstances=arns)['containerInstances']
        cluster = self.ecs.describe_clusters(clusters=['demo'])['clusters'][0]['clusterArn']
        return [event_of(instance, cluster) for instance in described]

    def mail(self):
        """All that was told until now, subjects only. Of a grace of two seconds three are soon over: what is critical is left out."""
        while True:
            messages = self.sqs.receive_message(QueueUrl=self.queue, MaxNumberOfMessages=10).get('Messages', [])
            if not messages:
                return self.told
            for message in messages:
                subject = json.loads(message['Body'])['Subject']
                self.told += [] if subject.startswith('[CRITICAL]') else [subject]
                self.sqs.delete_message(QueueUrl=self.queue, ReceiptHandle=message['ReceiptHandle'])

    def stop_agent(self):
        instance = self.lab.instance_ids()[0]
        self.lab.sh(instance, 'systemctl stop ecs')
        conftest.wait_for('ECS sees that it is gone', lambda: not self.lab.connected()[instance], timeout=60)
        return instance

    def start_agent(self, instance):
        self.lab.sh(instance, 'systemctl start ecs')
        conftest.wait_for('ECS sees that it is back', lambda: self.lab.connected()[instance], timeout=60)


@pytest.fixture
def watched(make_lab, moto, table, make_function):
    return Watched(make_lab(2), moto, make_function)


def test_an_agent_that_stops_is_told_once_and_once_when_it_is_back(watched):
    function = watched.function()
    function.invoke(CLOCK)
    node = watched.stop_agent()
    assert failures(function.invoke(batch(*watched.events(), *watched.events()))) == []

    def told(what):
        function.invoke(CLOCK)
        return [subject for subject in watched.mail() if subject.startswith(what)]

    conftest.wait_for('the mail', lambda: told('[ISSUE]'), timeout=60, instead=lambda: function.log())
    assert watched.told == [f'[ISSUE] ECS Instance - {node}']
    # The log's lines are those of the published sample.
    assert re.search(rf'^\[WARNING\]\t\d{{4}}-\d\d-\d\dT[0-9:.]+Z\t[0-9a-f-]{{36}}\tdemo {node}$', function.log(), re.M), function.log()
    assert len(re.findall(rf'^\[ISSUE\] ECS Container Instance {node} from Cluster \S+ has the ECS Agent disconnected\.$', function.log(), re.M)) == 1
    # Late copies, and a process that knows it only from the table, change nothing.
    function.invoke(batch(*watched.events()))
    function.end()
    function = watched.function()
    function.invoke(batch(*watched.events()))
    function.invoke(CLOCK)
    assert len(watched.mail()) == 1
    watched.start_agent(node)
    conftest.wait_for('the good news', lambda: told('[RECOVERED]'), timeout=60, instead=lambda: function.log())
    function.invoke(CLOCK)
    assert watched.mail() == [f'[ISSUE] ECS Instance - {node}', f'[RECOVERED] ECS Instance - {node}']


def test_two_functions_tell_once(watched):
    functions = [watched.function(), watched.function()]
    for function in functions:
        function.invoke(CLOCK)
    watched.stop_agent()

    def told():
        for outcome in [function.start(CLOCK) for function in functions for _ in range(2)]:
            assert outcome.result(90)[0] == 'response'
        return watched.mail()

    conftest.wait_for('the mail', told, timeout=60)
    told()
    assert len(watched.mail()) == 1


def test_a_topic_that_hangs_holds_up_no_answer_and_is_told_later(watched):
    with socket.socket() as hanging:
        hanging.bind(('127.0.0.1', 0))
        hanging.listen(50)
        function = watched.function(AWS_ENDPOINT_URL_SNS=f'http://127.0.0.1:{hanging.getsockname()[1]}')
        function.invoke(CLOCK)
        watched.stop_agent()
        # Sooner or later there is something to tell, and nobody who listens: the answer is there before its deadline.
        hanging.settimeout(0)

        def asked():
            begun = time.time()
            function.invoke(CLOCK, seconds=5)
            assert time.time() < begun + 5
            assert failures(function.invoke(batch(*watched.events()), seconds=5)) == []
            try:
                hanging.accept()[0].close()
            except BlockingIOError:
                return False
            return True

        conftest.wait_for('something to tell', asked, timeout=90)
        assert watched.mail() == []
        function.end()
    function = watched.function()

    def told():
        function.invoke(CLOCK)
        return watched.mail()

    conftest.wait_for('the mail', told, timeout=90)
    assert len(watched.told) == 1


def test_no_time_left_is_no_reason_to_lose_what_was_delivered(watched):
    function = watched.function()
    # Over before it begins: what arrived is judged and stored all the same, and the rest comes with the next minute.
    assert failures(function.invoke(batch(*watched.events()), seconds=1)) == []
    assert failures(function.invoke(batch(*watched.events()), seconds=-5)) == []
    function.invoke(CLOCK)
