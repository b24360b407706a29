"""Many calls at once, and bytes that are no calls: the endpoint lives on."""
import concurrent.futures
import contextlib
import http.client
import json
import random
import re
import socket
import urllib.parse

import pytest
from conftest import is_alive, processes_of
from lab_api import ECS, SSM, Answer, answers, call_json, client, json_headers, sign


def test_calls_at_the_same_time_do_not_mix(shared_lab):
    ecs, ssm, sts = (client(shared_lab, name) for name in ('ecs', 'ssm', 'sts'))
    missing = [lambda number=number: ecs.describe_clusters(clusters=[f'c-{number}'])['failures'][0]['arn'].rsplit('/', 1)[1] == f'c-{number}' for number in range(40)]
    others = [lambda: sts.get_caller_identity()['Account'] == '123456789012', lambda: len(ssm.describe_instance_information()['InstanceInformationList']) == 2] * 20
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        assert all(pool.map(lambda call: call(), missing + others))


def exchange(lab, data, timeout=20):
    """Sends bytes, says that there are no more, and gives everything that comes back until the end."""
    address = urllib.parse.urlsplit(lab.endpoint)
    with socket.create_connection((address.hostname, address.port), timeout=timeout) as connection:
        got = b''
        with contextlib.suppress(ConnectionError):
            connection.sendall(data)
        # A server that has seen enough may be gone by now.
        with contextlib.suppress(OSError):
            connection.shutdown(socket.SHUT_WR)
        with contextlib.suppress(ConnectionError):
            while part := connection.recv(65536):
                got += part
        return got


def request_bytes(lab, target, body):
    headers = sign(lab, json_headers(target), body, 'ecs')
    return ('POST / HTTP/1.1\r\n' + ''.join(f'{name}: {value}\r\n' for name, value in headers.items()) + f'Content-Length: {len(body)}\r\n\r\n').encode() + body


def test_requests_on_one_connection_are_answered_in_their_order(shared_lab):
    both = request_bytes(shared_lab, f'{ECS}.DescribeClusters', b'{"clusters":["one"]}') + request_bytes(shared_lab, f'{ECS}.DescribeClusters', b'{"clusters":["two"]}')
    got = exchange(shared_lab, both)
    assert got.count(b'HTTP/1.1 200') == 2 and got.index(b'cluster/one') < got.index(b'cluster/two')


POST = b'POST / HTTP/1.1\r\n'
UPGRADE = b'Host: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n'
GARBAGE = {
    'nothing': b'', 'a newline': b'\n', 'empty lines': b'\r\n' * 1000, 'zeros': bytes(5000), 'noise': random.Random(1).randbytes(4000), 'half a word': b'GET',
    'another method': b'GET / HTTP/1.1\r\n\r\n', 'another version': b'GET / HTTP/9.9\r\n\r\n', 'HTTP/2': b'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'TLS': b'\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03' + bytes(500),
    'a negative length': POST + b'Content-Length: -1\r\n\r\n', 'an endless length': POST + b'Content-Length: 18446744073709551616\r\n\r\n', 'two lengths': POST + b'Content-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef',
    'half a body': POST + b'Content-Length: 100\r\n\r\nshort', 'bad chunks': POST + b'Transfer-Encoding: chunked\r\n\r\nZZ\r\n', 'an endless chunk': POST + b'Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\nx',
    'many headers': POST + b'a: b\r\n' * 50_000 + b'\r\n', 'a huge header': POST + b'X: ' + b'y' * 1_000_000 + b'\r\n\r\n', 'a huge path': b'POST /' + b'a' * 200_000 + b' HTTP/1.1\r\n\r\n',
    'no colon': POST + b'no colon\r\n\r\n', 'bare newlines': b'POST / HTTP/1.1\nHost: x\nX-Amz-Target: ' + ECS.encode() + b'.ListClusters\n\n', 'DELETE': b'DELETE / HTTP/1.1\r\nContent-Length: 0\r\n\r\n',
    'CONNECT': b'CONNECT x:1 HTTP/1.1\r\n\r\n', 'half an address': b'POST http://[::1 HTTP/1.1\r\n\r\n', 'an expectation': POST + b'Expect: 100-continue\r\nContent-Length: 3\r\n\r\n{}\n',
    'a broken form': POST + b'Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 12\r\n\r\n%%%&=&&=%00%',
    'an unsigned agent': b'GET /acs/ws?clusterArn=demo HTTP/1.1\r\n' + UPGRADE, 'a broken agent': b'GET /tcs/ws?%%%%&&&=== HTTP/1.1\r\n' + UPGRADE, 'another websocket': b'GET / HTTP/1.1\r\n' + UPGRADE,
    'half a websocket': b'GET /acs/ws? HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\n\r\n'}


@pytest.mark.parametrize('name', GARBAGE)
def test_garbage_is_refused_or_left_and_the_endpoint_lives_on(shared_lab, name):
    pids = processes_of(shared_lab.state)
    got = exchange(shared_lab, GARBAGE[name])
    # Who asks first is told to go on, and is refused then.
    assert got == b'' or re.match(rb'(HTTP/1\.1 100 Continue\r\n\r\n)?HTTP/1\.[01] 4\d\d ', got), got[:200]
    assert answers(shared_lab)
    assert all(is_alive(pid) for pid in pids), 'nothing of the lab has died'


ODD = [None, True, False, 0, -1, 1, 10, 101, 2**31, 2**63, -2**63, 2**64, 1e300, 0.5, '', 'demo', 'web', 'odd', 'x' * 300, '\x00', 'ü\ud83d\ude00', '../..', 'arn:aws:ecs:', 'arn:aws:ecs:sa-east-1:123456789012:task/odd/x', '{}', [], {}, [[]], [{}],
       [None], [1, 'a', {}], ['odd'], {'a': {}}, 'i-00000000000000000', ['i-00000000000000000'], '2026-01-01T00:00:00Z', 'DRAINING', 'STOPPED', 'RUNNING', 'AWS-RunShellScript', {'commands': ['true']}, 'web:1', ['TAGS']]
MEMBERS = {
    ECS: ('cluster clusters clusterName nextToken maxResults containerInstance containerInstances include status filter family taskDefinition containerDefinitions networkMode cpu memory tags count startedBy group overrides '
          'task tasks reason desiredStatus serviceName service services desiredCount force sort familyPrefix resourceArn totalResources attributes instanceIdentityDocument containerInstanceArn clientToken containers '
          'launchType schedulingStrategy executionStoppedAt pullStartedAt versionInfo taskRoleArn').split(),
    SSM: 'DocumentName InstanceIds Targets Parameters TimeoutSeconds Comment MaxConcurrency MaxErrors CommandId InstanceId PluginName Details Filters MaxResults NextToken InstanceInformationFilterList AgentVersion'.split()}
OPERATIONS = {
    ECS: ('CreateCluster DeleteCluster DescribeClusters ListClusters RegisterContainerInstance DeregisterContainerInstance DescribeContainerInstances ListContainerInstances UpdateContainerInstancesState ListTagsForResource '
          'RegisterTaskDefinition DeregisterTaskDefinition DescribeTaskDefinition ListTaskDefinitions RunTask StartTask StopTask DescribeTasks ListTasks CreateService UpdateService DeleteService DescribeServices ListServices '
          'DiscoverPollEndpoint SubmitTaskStateChange SubmitContainerStateChange SubmitAttachmentStateChanges').split(),
    SSM: 'SendCommand CancelCommand ListCommands ListCommandInvocations GetCommandInvocation DescribeInstanceInformation UpdateInstanceInformation'.split(),
    'EC2WindowsMessageDeliveryService_v20150101': 'AcknowledgeMessage SendReply FailMessage DeleteMessage GetEndpoint'.split()}
INNER = 'name image memory memoryReservation cpu essential portMappings containerPort hostPort protocol environment value key Key Values tags status containerName exitCode networkBindings commands executionTimeout healthCheck dependsOn stringSetValue integerValue'.split()


def odd_value(chance, depth=0):
    if depth < 3 and chance.random() < 0.3:
        return {chance.choice(INNER): odd_value(chance, depth + 1) for _ in range(chance.randrange(5))}
    if depth < 3 and chance.random() < 0.2:
        return [odd_value(chance, depth + 1) for _ in range(chance.randrange(4))]
    return chance.choice(ODD)


@pytest.mark.parametrize('prefix', OPERATIONS)
def test_odd_values_in_well_signed_calls_are_answered(shared_lab, prefix):
    region, chance = 'sa-east-1', random.Random(7)
    service = {ECS: 'ecs', SSM: 'ssm'}.get(prefix, 'ec2messages')
    ecs = client(shared_lab, 'ecs', region)
    ecs.create_cluster(clusterName='odd')
    ecs.register_task_definition(family='web', containerDefinitions=[{'name': 'a', 'image': 'b', 'memory': 16}])
    connection = http.client.HTTPConnection(urllib.parse.urlsplit(shared_lab.endpoint).netloc, timeout=30)
    with contextlib.closing(connection):
        for operation in OPERATIONS[prefix]:
            members = MEMBERS.get(prefix, ['MessageId', 'Payload', 'ReplyId', 'FailureType', 'Destination'])
            for _ in range(80):
                body = {name: odd_value(chance) for name in chance.sample(members, chance.randrange(1, 5))}
                if chance.random() < 0.7:
                    body['cluster'] = 'odd'
                if operation == 'RegisterTaskDefinition' and chance.random() < 0.8:
                    odd = {name: odd_value(chance, 1) for name in chance.sample(INNER, chance.randrange(6))}
                    body = {**body, 'family': 'odd', 'networkMode': 'bridge', 'containerDefinitions': [{'name': 'a', 'image': 'b', 'memory': 16, **odd}]}
                data = json.dumps(body).encode()
                connection.request('POST', '/', data, sign(shared_lab, json_headers(f'{prefix}.{operation}'), data, service, region))
                answer = Answer(connection.getresponse())
                assert answer.status in (200, 400), (operation, body, answer.body)
                assert isinstance(answer.json(), dict) and (answer.status == 200 or answer.json()['__type']), (operation, body)
                assert answer.status == 200 or answer.json()['__type'] != 'UnknownOperationException', operation
    assert answers(shared_lab)


def test_a_body_that_is_too_large_is_refused_and_the_endpoint_lives_on(shared_lab):
    size = 64 << 20
    got = exchange(shared_lab, f'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: {size}\r\n\r\n'.encode() + b'a' * (16 << 20))
    assert got == b'' or got.startswith(b'HTTP/1.1 413 '), got[:200]
    chunked = exchange(shared_lab, b'POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n' + (b'100000\r\n' + b'a' * (1 << 20) + b'\r\n') * 16)
    assert chunked == b'' or chunked.startswith(b'HTTP/1.1 413 '), chunked[:200]
    body = b'{"clusters":["' + b'x' * (4 << 20) + b'"]}'
    assert call_json(shared_lab, f'{ECS}.DescribeClusters', body).status in (200, 400, 413), 'large, and still an answer'
    assert answers(shared_lab)


def test_clients_that_say_nothing_keep_nobody_waiting(shared_lab):
    address = urllib.parse.urlsplit(shared_lab.endpoint)
    silent = [socket.create_connection((address.hostname, address.port), timeout=20) for _ in range(200)]
    try:
        for connection in silent[::2]:
            connection.sendall(b'POST / HTTP/1.1\r\nContent-Le')
        assert answers(shared_lab) and client(shared_lab, 'ecs').list_clusters()['clusterArns']
    finally:
        for connection in silent:
            connection.close()
    assert answers(shared_lab)


def test_after_all_that_the_lab_is_as_it_was(shared_lab):
    assert set(shared_lab.connected().values()) == {True}
    ecs = client(shared_lab, 'ecs')
    [web] = ecs.describe_services(cluster='demo', services=['web'])['services']
    assert (web['runningCount'], web['desiredCount'], web['pendingCount']) == (2, 2, 0)
    assert [arn.rsplit('/', 1)[1] for arn in ecs.list_clusters()['clusterArns']] == ['demo']
