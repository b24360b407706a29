"""The lab's AWS endpoint as AWS's own clients see it: boto3 and the AWS CLI of two generations, and raw requests.

What only has to be listed lives in other regions, which are real and empty; tasks run in the lab's own.
One file in spite of its length, so that one lab serves all of it.
"""
import concurrent.futures
import contextlib
import datetime
import hashlib
import hmac
import http.client
import json
import os
import random
import re
import shutil
import socket
import subprocess
import urllib.parse
import uuid
import xml.etree.ElementTree

import boto3
import botocore.config
import botocore.exceptions
import pytest
from conftest import is_alive, processes_of, wait_for

AWAY = 'eu-west-1'
ECS = 'AmazonEC2ContainerServiceV20141113'
SSM = 'AmazonSSM'
FAST = {'Delay': 1, 'MaxAttempts': 60}


def client(lab, service, region='us-east-1', **keys):
    """As lab.client, in any region, with any keys; two retries as users have them would hide what is refused."""
    keys = keys or {'aws_access_key_id': lab.environment['AWS_ACCESS_KEY_ID'], 'aws_secret_access_key': lab.environment['AWS_SECRET_ACCESS_KEY']}
    return boto3.client(service, endpoint_url=lab.endpoint, region_name=region, config=botocore.config.Config(retries={'max_attempts': 0}), **keys)


class Refusal:
    """What a call was refused with."""

    def __init__(self, call, **parameters):
        with pytest.raises(botocore.exceptions.ClientError) as caught:
            call(**parameters)
        self.response = caught.value.response
        self.code = self.response['Error']['Code']
        self.message = self.response['Error']['Message']
        self.status = self.response['ResponseMetadata']['HTTPStatusCode']
        assert self.response['ResponseMetadata']['RequestId'], 'every answer has a request id'


def refused(call, **parameters):
    return Refusal(call, **parameters).code


class Answer:
    def __init__(self, response):
        self.status = response.status
        self.headers = {name.lower(): value for name, value in response.getheaders()}
        self.body = response.read()

    def json(self):
        return json.loads(self.body)

    def xml(self):
        """The text of every leaf by its name, namespaces aside."""
        return {element.tag.rsplit('}', 1)[-1]: element.text for element in xml.etree.ElementTree.fromstring(self.body).iter()}


def sign(lab, headers, body, service, region='us-east-1', at=None, key=None, secret=None, scope_day=None):
    """Signature version 4 from its specification, with every part free to be wrong."""
    def mac(secret, text):
        return hmac.new(secret, text.encode(), hashlib.sha256).digest()

    at = at or datetime.datetime.now(datetime.timezone.utc)
    headers = {**headers, 'Host': urllib.parse.urlsplit(lab.endpoint).netloc, 'X-Amz-Date': at.strftime('%Y%m%dT%H%M%SZ')}
    day = scope_day or at.strftime('%Y%m%d')
    names = sorted(headers, key=str.lower)
    signed = ';'.join(name.lower() for name in names)
    canonical = 'POST\n/\n\n' + ''.join(f'{name.lower()}:{headers[name]}\n' for name in names) + f'\n{signed}\n{hashlib.sha256(body).hexdigest()}'
    scope = f'{day}/{region}/{service}/aws4_request'
    derived = ('AWS4' + (secret or lab.environment['AWS_SECRET_ACCESS_KEY'])).encode()
    for part in scope.split('/'):
        derived = mac(derived, part)
    signature = mac(derived, f'AWS4-HMAC-SHA256\n{headers["X-Amz-Date"]}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}').hex()
    credential = f'{key or lab.environment["AWS_ACCESS_KEY_ID"]}/{scope}'
    return {**headers, 'Authorization': f'AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders={signed}, Signature={signature}'}


def send(lab, headers, body):
    connection = http.client.HTTPConnection(urllib.parse.urlsplit(lab.endpoint).netloc, timeout=30)
    try:
        connection.request('POST', '/', body, headers)
        return Answer(connection.getresponse())
    finally:
        connection.close()


def json_headers(target):
    return {'Content-Type': 'application/x-amz-json-1.1', 'X-Amz-Target': target}


def call_json(lab, target, body, service='ecs', **how):
    body = body if isinstance(body, bytes) else json.dumps(body).encode()
    return send(lab, sign(lab, json_headers(target), body, service, **how), body)


def call_form(lab, service, form, **how):
    body = urllib.parse.urlencode(form).encode()
    return send(lab, sign(lab, {'Content-Type': 'application/x-www-form-urlencoded; charset=utf-8'}, body, service, **how), body)


def answers(lab):
    return client(lab, 'sts').get_caller_identity()['Arn'] == 'arn:aws:iam::123456789012:user/lab'


# --- who may call ---------------------------------------------------------------------------------


QUERY = {'Action': 'GetCallerIdentity', 'Version': '2011-06-15'}
EC2 = {'Action': 'DescribeInstances', 'Version': '2016-11-15'}


def each_protocol(lab, **how):
    """The same question in JSON, query and EC2's form: code and status of each answer."""
    ecs = call_json(lab, f'{ECS}.ListClusters', {}, **how)
    sts = call_form(lab, 'sts', QUERY, **how)
    ec2 = call_form(lab, 'ec2', EC2, **how)
    return [(ecs.json().get('__type'), ecs.status), (sts.xml().get('Code'), sts.status), (ec2.xml().get('Code'), ec2.status)]


def test_a_signature_made_from_the_specification_is_accepted_in_every_protocol(shared_lab):
    assert [status for _, status in each_protocol(shared_lab)] == [200, 200, 200]


def test_a_wrong_secret_is_refused_in_each_protocols_words(shared_lab):
    ecs, sts, ec2 = each_protocol(shared_lab, secret='x' * 40)
    assert ecs == ('InvalidSignatureException', 400)
    assert sts == ('SignatureDoesNotMatch', 403)
    assert ec2[0] in ('SignatureDoesNotMatch', 'AuthFailure') and ec2[1] in (401, 403)


def test_an_unknown_key_is_refused_in_each_protocols_words(shared_lab):
    assert each_protocol(shared_lab, key='AKIAIOSFODNN7EXAMPLE') == [('UnrecognizedClientException', 400), ('InvalidClientTokenId', 403), ('AuthFailure', 401)]


@pytest.mark.parametrize('minutes', [-6, 6, -60 * 24 * 3])
def test_a_clock_that_is_off_is_refused_with_the_servers_time(shared_lab, minutes):
    at = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(minutes=minutes)
    assert [status // 100 for _, status in each_protocol(shared_lab, at=at)] == [4, 4, 4]
    answer = call_json(shared_lab, f'{ECS}.ListClusters', {}, at=at)
    assert answer.json()['__type'] == 'InvalidSignatureException'
    assert ('expired' if minutes < 0 else 'not yet current') in answer.json()['message']
    assert 'date' in answer.headers, 'by which clients correct their clocks'


def test_a_clock_that_is_a_little_off_is_accepted(shared_lab):
    for minutes in (-4, 4):
        at = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(minutes=minutes)
        assert call_json(shared_lab, f'{ECS}.ListClusters', {}, at=at).status == 200


def test_a_scope_of_another_day_or_service_is_refused(shared_lab):
    assert call_json(shared_lab, f'{ECS}.ListClusters', {}, scope_day='20200101').status == 400
    answer = call_json(shared_lab, f'{ECS}.ListClusters', {}, service='ssm')
    assert (answer.status, answer.json()['__type']) == (400, 'InvalidSignatureException')
    assert "'ecs'" in answer.json()['message']
    assert call_form(shared_lab, 'ecs', QUERY).status == 403


def test_whatever_was_changed_after_signing_is_noticed(shared_lab):
    headers = sign(shared_lab, json_headers(f'{ECS}.DescribeClusters'), b'{"clusters":["demo"]}', 'ecs')
    assert send(shared_lab, headers, b'{"clusters":["dema"]}').json()['__type'] == 'InvalidSignatureException'
    other_operation = {**headers, 'X-Amz-Target': f'{ECS}.ListClusters'}
    assert send(shared_lab, other_operation, b'{"clusters":["demo"]}').json()['__type'] == 'InvalidSignatureException'
    assert send(shared_lab, headers, b'{"clusters":["demo"]}').status == 200
    # With the hash of the body among the headers, as the SDKs of other languages send it.
    body = b'{"clusters":["demo"]}'
    hashed = sign(shared_lab, {**json_headers(f'{ECS}.DescribeClusters'), 'x-amz-content-sha256': hashlib.sha256(body).hexdigest()}, body, 'ecs')
    assert send(shared_lab, hashed, body).status == 200
    assert send(shared_lab, hashed, b'{"clusters":["dema"]}').json()['__type'] == 'InvalidSignatureException'


def test_what_is_not_signed_is_refused(shared_lab):
    answer = send(shared_lab, json_headers(f'{ECS}.ListClusters'), b'{}')
    assert (answer.status, answer.json()['__type']) == (400, 'MissingAuthenticationTokenException')
    form = send(shared_lab, {'Content-Type': 'application/x-www-form-urlencoded'}, urllib.parse.urlencode(QUERY).encode())
    assert (form.status, form.xml()['Code']) == (403, 'MissingAuthenticationToken')
    for header in ('AWS4-HMAC-SHA256', 'Basic bGFiOmxhYg==', 'AWS4-HMAC-SHA256 Credential=a/b/c, SignedHeaders=host, Signature=0', 'AWS4-HMAC-SHA256 ' + ',' * 5000):
        answer = send(shared_lab, {**json_headers(f'{ECS}.ListClusters'), 'Authorization': header}, b'{}')
        assert answer.status == 400 and answer.json()['__type'] in ('IncompleteSignatureException', 'MissingAuthenticationTokenException'), header


def test_a_role_session_works_with_its_token_only(shared_lab):
    role = 'arn:aws:iam::123456789012:role/squall-experiment'
    credentials = client(shared_lab, 'sts').assume_role(RoleArn=role, RoleSessionName='me')['Credentials']
    assert credentials['Expiration'] > datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(minutes=55)
    pair = {'aws_access_key_id': credentials['AccessKeyId'], 'aws_secret_access_key': credentials['SecretAccessKey']}
    session = client(shared_lab, 'sts', aws_session_token=credentials['SessionToken'], **pair)
    assert session.get_caller_identity()['Arn'] == 'arn:aws:sts::123456789012:assumed-role/squall-experiment/me'
    assert client(shared_lab, 'ecs', aws_session_token=credentials['SessionToken'], **pair).list_clusters()['clusterArns']
    assert refused(client(shared_lab, 'ecs', **pair).list_clusters) == 'UnrecognizedClientException'
    assert refused(client(shared_lab, 'ecs', aws_session_token='other', **pair).list_clusters) == 'UnrecognizedClientException'


def test_a_role_that_may_not_be_assumed_is_refused_in_aws_words(shared_lab):
    denied = Refusal(client(shared_lab, 'sts').assume_role, RoleArn='arn:aws:iam::123456789012:role/nobody', RoleSessionName='me')
    assert (denied.code, denied.status) == ('AccessDenied', 403)
    assert denied.message == 'User: arn:aws:iam::123456789012:user/lab is not authorized to perform: sts:AssumeRole on resource: arn:aws:iam::123456789012:role/nobody'
    form = {'Action': 'AssumeRole', 'Version': '2011-06-15', 'RoleArn': 'arn:aws:iam::123456789012:role/squall-experiment', 'RoleSessionName': 'me'}
    for wrong in ({'DurationSeconds': '899'}, {'DurationSeconds': '43201'}, {'DurationSeconds': 'x'}, {'RoleSessionName': 'a'}, {'RoleSessionName': 'a b'}, {'RoleSessionName': 'a' * 65}):
        answer = call_form(shared_lab, 'sts', {**form, **wrong})
        assert (answer.status, answer.xml()['Code']) == (400, 'ValidationError'), wrong


# --- how errors look ------------------------------------------------------------------------------


def test_errors_have_the_shape_of_their_protocol(shared_lab):
    answer = call_json(shared_lab, f'{ECS}.ListContainerInstances', {'cluster': 'none'})
    assert answer.status == 400
    assert answer.headers['content-type'] == 'application/x-amz-json-1.1'
    assert answer.headers['x-amzn-requestid'] and answer.headers['x-amzn-errortype'] == 'ClusterNotFoundException'
    assert answer.json() == {'__type': 'ClusterNotFoundException', 'message': 'Cluster not found.'}
    ssm = call_json(shared_lab, f'{SSM}.SendCommand', {'DocumentName': 'Nothing', 'InstanceIds': ['i-00000000']}, service='ssm')
    assert ssm.json()['__type'] == 'InvalidDocument' and ssm.json()['Message'], 'Systems Manager writes Message'
    sts = call_form(shared_lab, 'sts', {'Action': 'AssumeRole', 'Version': '2011-06-15', 'RoleArn': 'arn:aws:iam::123456789012:role/x', 'RoleSessionName': 'me'})
    assert sts.headers['content-type'].startswith('text/xml') and {'ErrorResponse', 'Error', 'Type', 'Code', 'Message', 'RequestId'} <= set(sts.xml())
    assert sts.xml()['Type'] == 'Sender' and sts.xml()['RequestId'] == sts.headers['x-amzn-requestid']
    ec2 = call_form(shared_lab, 'ec2', {**EC2, 'InstanceId.1': 'i-0123456789abcdef0'})
    assert ec2.status == 400 and {'Response', 'Errors', 'Error', 'Code', 'Message', 'RequestID'} <= set(ec2.xml())
    assert ec2.xml()['Code'] == 'InvalidInstanceID.NotFound'


def test_what_is_not_implemented_is_refused_at_once_in_every_protocol(shared_lab):
    assert refused(client(shared_lab, 'ecs').create_capacity_provider, name='x', autoScalingGroupProvider={'autoScalingGroupArn': 'x'}) == 'UnknownOperationException'
    assert refused(client(shared_lab, 'ssm').get_parameter, Name='x') == 'UnknownOperationException'
    assert refused(client(shared_lab, 'ec2').describe_vpcs) == 'UnknownOperationException'
    assert refused(client(shared_lab, 'sts').get_session_token) == 'UnknownOperationException'
    for service, call in (('kms', 'list_keys'), ('sns', 'list_topics'), ('iam', 'list_users'), ('sqs', 'list_queues')):
        refusal = Refusal(getattr(client(shared_lab, service), call))
        assert (refusal.code, refusal.status) == ('UnknownOperationException', 400), service
    for target in (f'{ECS}.', ECS, '.', 'x', f'{ECS}.ListClusters.Again'):
        assert call_json(shared_lab, target, {}).json()['__type'] == 'UnknownOperationException', target


def test_a_body_that_is_no_json_object_is_refused(shared_lab):
    for body in (b'{', b'[]', b'"text"', b'null', b'7', b'{"a":}', b'\xff\xfe{}', b'{} {}', b'[' * 10_000, b'{"a":' * 10_000, b'\x1f\x8b\x08\x00', b'a=b&c=d'):
        answer = call_json(shared_lab, f'{ECS}.DescribeClusters', body)
        assert (answer.status, answer.json()['__type']) == (400, 'SerializationException'), body[:20]
    assert call_json(shared_lab, f'{ECS}.DescribeClusters', b'').status == 200, 'no body at all is an empty object'


def test_members_of_another_type_than_aws_has_are_refused(shared_lab):
    for operation, body in (('DescribeClusters', {'clusters': 'demo'}), ('DescribeClusters', {'clusters': [1]}), ('ListTasks', {'cluster': 5}), ('ListTasks', {'cluster': 'demo', 'maxResults': 'many'}),
                            ('ListTasks', {'cluster': {'name': 'demo'}}), ('RunTask', {'cluster': 'demo', 'taskDefinition': ['web']}), ('DeleteService', {'cluster': 'demo', 'service': 'none', 'force': 'yes'})):
        answer = call_json(shared_lab, f'{ECS}.{operation}', body)
        assert (answer.status, answer.json()['__type']) == (400, 'SerializationException'), (operation, body)
    good = {'name': 'a', 'image': 'b', 'memory': 16}
    for member, value in (('portMappings', 5), ('portMappings', {}), ('portMappings', [80]), ('environment', 'A=b'), ('environment', ['A=b']), ('command', 'run'), ('command', [1]), ('name', 1), ('essential', 'no'), ('healthCheck', [])):
        answer = call_json(shared_lab, f'{ECS}.RegisterTaskDefinition', {'family': 'typed', 'containerDefinitions': [{**good, member: value}]})
        assert (answer.status, answer.json()['__type']) == (400, 'SerializationException'), (member, value)
    assert call_json(shared_lab, f'{ECS}.ListTasks', {'cluster': 'demo', 'family': None, 'unknown': 1}).status == 200


# --- lists ----------------------------------------------------------------------------------------


@pytest.fixture(scope='module')
def crowd(shared_lab):
    """A cluster with 105 container instances that have no hosts."""
    ecs = client(shared_lab, 'ecs', AWAY)
    ecs.create_cluster(clusterName='crowd')
    arns = set()
    for number in range(105):
        document = json.dumps({'instanceId': f'i-{number:017x}', 'availabilityZone': f'{AWAY}a', 'instanceType': 't3.small'})
        made = ecs.register_container_instance(cluster='crowd', instanceIdentityDocument=document, totalResources=[{'name': 'CPU', 'type': 'INTEGER', 'integerValue': 1024}])
        arns.add(made['containerInstance']['containerInstanceArn'])
    assert len(arns) == 105
    return ecs, arns


def test_container_instances_are_listed_completely_in_pages_of_any_size(crowd):
    ecs, arns = crowd
    for size, pages in ((None, 2), (100, 2), (50, 3), (1, 105), (35, 3)):
        settings = {} if size is None else {'PageSize': size}
        answers = [page['containerInstanceArns'] for page in ecs.get_paginator('list_container_instances').paginate(cluster='crowd', PaginationConfig=settings)]
        listed = [arn for page in answers for arn in page]
        assert len(answers) == pages and len(listed) == 105 and set(listed) == arns, size
    for size in (0, 101, -1):
        assert refused(ecs.list_container_instances, cluster='crowd', maxResults=size) == 'InvalidParameterException'
    assert ecs.list_container_instances(cluster='crowd', status='DRAINING')['containerInstanceArns'] == []
    assert refused(ecs.list_container_instances, cluster='crowd', status='SLEEPING') == 'InvalidParameterException'


def test_a_token_is_opaque_and_one_that_was_not_given_is_refused(crowd, shared_lab):
    ecs, arns = crowd
    token = ecs.list_container_instances(cluster='crowd', maxResults=1)['nextToken']
    assert token not in arns
    for wrong in ('x', next(iter(arns)), token[:-3], '!' * 2000, 'ö'):
        assert refused(ecs.list_container_instances, cluster='crowd', nextToken=wrong) == 'InvalidParameterException', wrong
        assert refused(ecs.list_clusters, nextToken=wrong) == 'InvalidParameterException', wrong
        for call in ('list_commands', 'list_command_invocations', 'describe_instance_information'):
            assert refused(getattr(client(shared_lab, 'ssm'), call), NextToken=wrong) == 'InvalidNextToken', (call, wrong)
    assert refused(client(shared_lab, 'ec2').describe_instances, MaxResults=5, NextToken='x').startswith('Invalid')


def test_a_hundred_container_instances_are_described_and_no_more(crowd):
    ecs, arns = crowd
    described = ecs.describe_container_instances(cluster='crowd', containerInstances=sorted(arns)[:100])
    assert len(described['containerInstances']) == 100 and described['failures'] == []
    assert refused(ecs.describe_container_instances, cluster='crowd', containerInstances=sorted(arns)[:101]) == 'InvalidParameterException'
    assert refused(ecs.describe_container_instances, cluster='crowd', containerInstances=[]) == 'InvalidParameterException'
    one = described['containerInstances'][0]
    assert one['status'] == 'ACTIVE' and one['agentConnected'] is False and one['ec2InstanceId'].startswith('i-') and isinstance(one['registeredAt'], datetime.datetime)
    short = ecs.describe_container_instances(cluster='crowd', containerInstances=[one['containerInstanceArn'].rsplit('/', 1)[1], 'f' * 32])
    assert [each['containerInstanceArn'] for each in short['containerInstances']] == [one['containerInstanceArn']]
    assert [failure['reason'] for failure in short['failures']] == ['MISSING']
    assert 'healthStatus' not in one
    [health] = ecs.describe_container_instances(cluster='crowd', containerInstances=[one['containerInstanceArn']], include=['CONTAINER_INSTANCE_HEALTH'])['containerInstances']
    assert health['healthStatus']['details'][0]['type'] == 'CONTAINER_RUNTIME'


def test_a_container_instance_that_is_deregistered_is_listed_no_more(shared_lab):
    ecs = client(shared_lab, 'ecs', 'eu-west-2')
    ecs.create_cluster(clusterName='short')
    arn = ecs.register_container_instance(cluster='short', totalResources=[])['containerInstance']['containerInstanceArn']
    assert ecs.describe_clusters(clusters=['short'])['clusters'][0]['registeredContainerInstancesCount'] == 1
    assert refused(ecs.delete_cluster, cluster='short') == 'ClusterContainsContainerInstancesException'
    gone = ecs.deregister_container_instance(cluster='short', containerInstance=arn)['containerInstance']
    assert gone['status'] == 'INACTIVE' and gone['agentConnected'] is False
    assert ecs.list_container_instances(cluster='short')['containerInstanceArns'] == []
    assert ecs.delete_cluster(cluster='short')['cluster']['status'] == 'INACTIVE'
    assert ecs.list_clusters()['clusterArns'] == []


def test_clusters_that_are_not_there_are_failures_or_the_one_exception(shared_lab):
    ecs = client(shared_lab, 'ecs')
    described = ecs.describe_clusters(clusters=['demo', 'none', 'arn:aws:ecs:us-east-1:123456789012:cluster/demo'])
    assert [one['clusterName'] for one in described['clusters']] == ['demo', 'demo']
    assert described['failures'] == [{'arn': 'arn:aws:ecs:us-east-1:123456789012:cluster/none', 'reason': 'MISSING'}]
    assert refused(ecs.describe_clusters, clusters=[f'c{number}' for number in range(101)]) == 'InvalidParameterException'
    with pytest.raises(ecs.exceptions.ClusterNotFoundException):
        ecs.list_container_instances(cluster='none')
    for call, more in (('list_tasks', {}), ('list_services', {}), ('describe_tasks', {'tasks': ['x']}), ('describe_services', {'services': ['x']}), ('describe_container_instances', {'containerInstances': ['x']}),
                       ('run_task', {'taskDefinition': 'web'}), ('stop_task', {'task': 'x'}), ('create_service', {'serviceName': 'x', 'taskDefinition': 'web'}), ('delete_cluster', {}),
                       ('update_service', {'service': 'x'}), ('delete_service', {'service': 'x'}), ('deregister_container_instance', {'containerInstance': 'x'})):
        assert refused(getattr(ecs, call), cluster='none', **more) == 'ClusterNotFoundException', call
    for name in ('', 'a b', 'x' * 256, '../x', 'ü'):
        assert refused(ecs.create_cluster, clusterName=name) == 'InvalidParameterException' if name else True
    assert client(shared_lab, 'ecs', 'ap-southeast-2').list_clusters()['clusterArns'] == [], 'nothing is in another region'


def test_services_are_listed_by_ten_and_described_by_ten(shared_lab):
    ecs = client(shared_lab, 'ecs', 'eu-west-3')
    ecs.create_cluster(clusterName='many')
    ecs.register_task_definition(family='idle', containerDefinitions=[{'name': 'idle', 'image': 'squall/web', 'memory': 16}])
    names = [f'service-{number:02}' for number in range(11)]
    for name in names:
        ecs.create_service(cluster='many', serviceName=name, taskDefinition='idle', desiredCount=0)
    pages = [page['serviceArns'] for page in ecs.get_paginator('list_services').paginate(cluster='many')]
    assert [len(page) for page in pages] == [10, 1] and sorted(arn.rsplit('/', 1)[1] for page in pages for arn in page) == names
    assert len(ecs.describe_services(cluster='many', services=names[:10])['services']) == 10
    assert refused(ecs.describe_services, cluster='many', services=names) == 'InvalidParameterException'
    assert ecs.describe_services(cluster='many', services=['none'])['failures'][0]['reason'] == 'MISSING'
    for name in names:
        ecs.delete_service(cluster='many', service=name)


def test_tasks_are_listed_in_pages_and_by_what_they_belong_to(shared_lab):
    ecs = client(shared_lab, 'ecs')
    pages = [page['taskArns'] for page in ecs.get_paginator('list_tasks').paginate(cluster='demo', PaginationConfig={'PageSize': 1})]
    everything = [arn for page in pages for arn in page]
    assert [len(page) for page in pages] == [1, 1] and len(set(everything)) == 2
    assert sorted(ecs.list_tasks(cluster='demo', serviceName='web')['taskArns']) == sorted(everything)
    assert sorted(ecs.list_tasks(cluster='demo', family='web')['taskArns']) == sorted(everything)
    assert ecs.list_tasks(cluster='demo', family='other')['taskArns'] == []
    instances = ecs.list_container_instances(cluster='demo')['containerInstanceArns']
    assert sorted(arn for one in instances for arn in ecs.list_tasks(cluster='demo', containerInstance=one)['taskArns']) == sorted(everything)
    assert refused(ecs.list_tasks, cluster='demo', serviceName='none') == 'ServiceNotFoundException'
    assert refused(ecs.list_tasks, cluster='demo', containerInstance='f' * 32) == 'InvalidParameterException'
    assert refused(ecs.list_tasks, cluster='demo', desiredStatus='SLEEPING') == 'InvalidParameterException'
    described = ecs.describe_tasks(cluster='demo', tasks=[everything[0], 'f' * 32])
    assert described['tasks'][0]['lastStatus'] == 'RUNNING' and described['failures'][0]['reason'] == 'MISSING'
    assert refused(ecs.describe_tasks, cluster='demo', tasks=[f'{number:032x}' for number in range(101)]) == 'InvalidParameterException'


# --- task definitions, tasks, services ------------------------------------------------------------


def test_task_definitions_have_revisions_that_come_and_go(shared_lab):
    ecs = client(shared_lab, 'ecs', 'eu-north-1')
    container = {'name': 'a', 'image': 'b', 'memory': 16}
    arns = [ecs.register_task_definition(family='family', containerDefinitions=[container])['taskDefinition']['taskDefinitionArn'] for _ in range(11)]
    assert [arn.rsplit('/', 1)[1] for arn in arns] == [f'family:{revision}' for revision in range(1, 12)]
    assert ecs.list_task_definitions()['taskDefinitionArns'] == arns, 'by family, then by number'
    assert ecs.list_task_definitions(sort='DESC')['taskDefinitionArns'] == arns[::-1]
    for order in ('ASC', 'DESC'):
        pages = [page['taskDefinitionArns'] for page in ecs.get_paginator('list_task_definitions').paginate(familyPrefix='family', sort=order, PaginationConfig={'PageSize': 4})]
        assert sum(pages, []) == (arns if order == 'ASC' else arns[::-1]) and len(pages) == 3
    gone = ecs.deregister_task_definition(taskDefinition='family:11')['taskDefinition']
    assert gone['status'] == 'INACTIVE' and gone['revision'] == 11
    assert ecs.describe_task_definition(taskDefinition='family')['taskDefinition']['revision'] == 10
    assert ecs.describe_task_definition(taskDefinition='family:11')['taskDefinition']['status'] == 'INACTIVE', 'it can still be looked at'
    assert ecs.list_task_definitions(status='INACTIVE')['taskDefinitionArns'] == [arns[10]]
    assert ecs.register_task_definition(family='family', containerDefinitions=[container])['taskDefinition']['revision'] == 12, 'numbers are not used again'
    for revision in list(range(1, 11)) + [12]:
        ecs.deregister_task_definition(taskDefinition=f'family:{revision}')
    for wrong in ('family', 'none', 'family:0', 'family:99', 'family:x'):
        with pytest.raises(ecs.exceptions.ClientException):
            ecs.describe_task_definition(taskDefinition=wrong)
    ecs.create_cluster(clusterName='default')
    ecs.register_container_instance(totalResources=[])
    for call, more in ((ecs.run_task, {}), (ecs.create_service, {'serviceName': 'x', 'desiredCount': 0})):
        inactive = Refusal(call, taskDefinition='family:11', **more)
        assert inactive.code in ('ClientException', 'InvalidParameterException') and 'inactive' in inactive.message


def test_task_definitions_are_checked_as_aws_does(shared_lab):
    ecs = client(shared_lab, 'ecs', 'eu-north-1')
    good = {'name': 'a', 'image': 'b', 'memory': 16}
    for wrong in ([], [{'name': 'a', 'image': 'b'}], [{'image': 'b', 'memory': 16}], [{'name': 'a', 'memory': 16}], [good, good], [{**good, 'essential': False}],
                  [{**good, 'portMappings': [{'containerPort': 70000}]}], [{**good, 'portMappings': [{'containerPort': 80, 'protocol': 'icmp'}]}]):
        assert refused(ecs.register_task_definition, family='checked', containerDefinitions=wrong) == 'ClientException', wrong
    assert refused(ecs.register_task_definition, family='a b', containerDefinitions=[good]) == 'ClientException'
    assert refused(ecs.register_task_definition, family='checked', containerDefinitions=[{**good, 'command': ['x' * 70_000]}]) == 'ClientException', 'over 64 KiB'
    assert ecs.list_task_definitions(familyPrefix='checked')['taskDefinitionArns'] == []


def test_a_task_runs_and_is_stopped_and_the_instance_counts_each_change(shared_lab):
    ecs = client(shared_lab, 'ecs')
    versions = {one['containerInstanceArn']: one['version'] for one in instances_of(ecs)}
    assert versions == {one['containerInstanceArn']: one['version'] for one in instances_of(ecs)}, 'looking changes nothing'
    started = ecs.run_task(cluster='demo', taskDefinition='web', startedBy='me', group='mine', tags=[{'key': 'team', 'value': 'blue'}])
    [task] = started['tasks']
    assert started['failures'] == [] and task['lastStatus'] in ('PROVISIONING', 'PENDING') and task['desiredStatus'] == 'RUNNING'
    try:
        ecs.get_waiter('tasks_running').wait(cluster='demo', tasks=[task['taskArn']], WaiterConfig=FAST)
        assert ecs.list_tasks(cluster='demo', startedBy='me')['taskArns'] == [task['taskArn']]
        [running] = ecs.describe_tasks(cluster='demo', tasks=[task['taskArn']])['tasks']
        assert running['tags'] == [] and running['group'] == 'mine' and running['connectivity'] == 'CONNECTED' and running['startedAt'] >= running['createdAt']
        assert running['version'] > task['version']
        assert ecs.describe_tasks(cluster='demo', tasks=[task['taskArn']], include=['TAGS'])['tasks'][0]['tags'] == [{'key': 'team', 'value': 'blue'}]
        assert ecs.list_tags_for_resource(resourceArn=task['taskArn'])['tags'] == [{'key': 'team', 'value': 'blue'}]
        between = {one['containerInstanceArn']: one['version'] for one in instances_of(ecs)}
        assert between[task['containerInstanceArn']] >= versions[task['containerInstanceArn']] + 2, 'once for the start, once for what became of it'
        stopped = ecs.stop_task(cluster='demo', task=task['taskArn'], reason='enough')['task']
        assert stopped['desiredStatus'] == 'STOPPED' and stopped['stopCode'] == 'UserInitiated'
    finally:
        ecs.stop_task(cluster='demo', task=task['taskArn'])
        ecs.get_waiter('tasks_stopped').wait(cluster='demo', tasks=[task['taskArn']], WaiterConfig=FAST)
    [ended] = ecs.describe_tasks(cluster='demo', tasks=[task['taskArn']])['tasks']
    assert ended['stoppedReason'] == 'enough' and isinstance(ended['containers'][0]['exitCode'], int) and ended['stoppedAt'] >= ended['startedAt']
    assert ecs.list_tasks(cluster='demo', desiredStatus='STOPPED', startedBy='me')['taskArns'] == [task['taskArn']], 'it is shown for an hour'
    after = {one['containerInstanceArn']: one['version'] for one in instances_of(ecs)}
    assert after[task['containerInstanceArn']] > between[task['containerInstanceArn']]
    assert refused(ecs.stop_task, cluster='demo', task='f' * 32) == 'InvalidParameterException'


def instances_of(ecs, **more):
    arns = ecs.list_container_instances(cluster='demo')['containerInstanceArns']
    return ecs.describe_container_instances(cluster='demo', containerInstances=arns, **more)['containerInstances']


def test_run_task_says_why_it_cannot(shared_lab):
    ecs = client(shared_lab, 'ecs')
    for count in (0, 11):
        assert refused(ecs.run_task, cluster='demo', taskDefinition='web', count=count) == 'InvalidParameterException'
    assert refused(ecs.run_task, cluster='demo', taskDefinition='none') == 'ClientException'
    assert refused(ecs.run_task, cluster='demo', taskDefinition='web', startedBy='x' * 129) == 'InvalidParameterException'
    assert refused(ecs.run_task, cluster='demo', taskDefinition='web', tags=[{'key': f'k{n}', 'value': 'v'} for n in range(51)]) == 'InvalidParameterException'
    assert refused(ecs.run_task, cluster='demo', taskDefinition='web', overrides={'containerOverrides': [{'name': 'web', 'command': ['x' * 8192]}]}) == 'InvalidParameterException'
    ecs.create_cluster(clusterName='nothing')
    empty = Refusal(ecs.run_task, cluster='nothing', taskDefinition='web')
    assert (empty.code, empty.message) == ('InvalidParameterException', 'No Container Instances were found in your cluster.')
    ecs.delete_cluster(cluster='nothing')
    ecs.register_task_definition(family='huge', containerDefinitions=[{'name': 'a', 'image': 'squall/web', 'memory': 10_000_000}])
    ecs.register_task_definition(family='busy', containerDefinitions=[{'name': 'a', 'image': 'squall/web', 'memory': 16, 'cpu': 10_000_000}])
    ecs.register_task_definition(family='port', containerDefinitions=[{'name': 'a', 'image': 'squall/web', 'memory': 16, 'portMappings': [{'containerPort': 80, 'hostPort': 22}]}])
    for family, reason in (('huge', 'RESOURCE:MEMORY'), ('busy', 'RESOURCE:CPU'), ('port', 'RESOURCE:PORTS')):
        answer = ecs.run_task(cluster='demo', taskDefinition=family, count=3)
        assert answer['tasks'] == [] and {failure['reason'] for failure in answer['failures']} == {reason}
        assert all(failure['arn'].startswith('arn:aws:ecs:us-east-1:123456789012:container-instance/demo/') for failure in answer['failures'])
        ecs.deregister_task_definition(taskDefinition=f'{family}:1')
    assert [failure['reason'] for failure in ecs.start_task(cluster='demo', taskDefinition='web', containerInstances=['f' * 32])['failures']] == ['MISSING']
    assert refused(ecs.start_task, cluster='demo', taskDefinition='web', containerInstances=['f' * 32] * 11) == 'InvalidParameterException'


def test_a_service_is_scaled_and_deleted(shared_lab):
    ecs = client(shared_lab, 'ecs')

    def service():
        [one] = ecs.describe_services(cluster='demo', services=['api'])['services']
        return one

    made = ecs.create_service(cluster='demo', serviceName='api', taskDefinition='web', desiredCount=1)['service']
    try:
        assert made['status'] == 'ACTIVE' and len(made['deployments']) == 1 and made['deployments'][0]['status'] == 'PRIMARY'
        assert refused(ecs.create_service, cluster='demo', serviceName='api', taskDefinition='web', desiredCount=2) == 'InvalidParameterException'
        assert refused(ecs.create_service, cluster='demo', serviceName='a b', taskDefinition='web') == 'InvalidParameterException'
        assert refused(ecs.create_service, cluster='demo', serviceName='other', taskDefinition='none') == 'ClientException'
        for desired in (1, 3, 2, 0):
            ecs.update_service(cluster='demo', service='api', desiredCount=desired)
            ecs.get_waiter('services_stable').wait(cluster='demo', services=['api'], WaiterConfig=FAST)
            assert service()['runningCount'] == desired and len(ecs.list_tasks(cluster='demo', serviceName='api')['taskArns']) == desired
        messages = [event['message'] for event in service()['events']]
        assert '(service api) has reached a steady state.' in messages and any('has started 1 tasks: (task ' in text for text in messages)
        assert service()['events'] == sorted(service()['events'], key=lambda event: event['createdAt'], reverse=True)
        ecs.update_service(cluster='demo', service='api', desiredCount=1)
        ecs.get_waiter('services_stable').wait(cluster='demo', services=['api'], WaiterConfig=FAST)
        assert refused(ecs.delete_service, cluster='demo', service='api') == 'InvalidParameterException'
        assert refused(ecs.update_service, cluster='demo', service='api', desiredCount=-1) == 'InvalidParameterException'
    finally:
        ecs.delete_service(cluster='demo', service='api', force=True)
    draining = Refusal(ecs.create_service, cluster='demo', serviceName='api', taskDefinition='web', desiredCount=0) if service()['status'] == 'DRAINING' else None
    assert draining is None or (draining.code, draining.message) == ('InvalidParameterException', 'Unable to Start a service that is still Draining.')
    ecs.get_waiter('services_inactive').wait(cluster='demo', services=['api'], WaiterConfig=FAST)
    assert [arn.rsplit('/', 1)[1] for arn in ecs.list_services(cluster='demo')['serviceArns']] == ['web']
    assert refused(ecs.update_service, cluster='demo', service='api', desiredCount=1) == 'ServiceNotActiveException'
    assert refused(ecs.update_service, cluster='demo', service='none', desiredCount=1) == 'ServiceNotFoundException'
    assert refused(ecs.delete_service, cluster='demo', service='none') == 'ServiceNotFoundException'
    assert ecs.list_tasks(cluster='demo', serviceName='api')['taskArns'] == []


def test_a_draining_instance_gives_its_service_tasks_away_and_takes_nothing_new(shared_lab):
    ecs = client(shared_lab, 'ecs')
    drained, other = (one['containerInstanceArn'] for one in instances_of(ecs))
    [lonely] = ecs.start_task(cluster='demo', taskDefinition='web', containerInstances=[drained])['tasks']
    ecs.get_waiter('tasks_running').wait(cluster='demo', tasks=[lonely['taskArn']], WaiterConfig=FAST)
    before = {one['containerInstanceArn']: one['version'] for one in instances_of(ecs)}
    changed = ecs.update_container_instances_state(cluster='demo', containerInstances=[drained, 'f' * 32], status='DRAINING')
    try:
        assert [(one['containerInstanceArn'], one['status']) for one in changed['containerInstances']] == [(drained, 'DRAINING')]
        assert changed['containerInstances'][0]['version'] > before[drained] and changed['containerInstances'][0]['agentConnected']
        assert [failure['reason'] for failure in changed['failures']] == ['MISSING']
        assert ecs.list_container_instances(cluster='demo', status='DRAINING')['containerInstanceArns'] == [drained]
        assert ecs.list_container_instances(cluster='demo', status='ACTIVE')['containerInstanceArns'] == [other]
        assert len(ecs.list_container_instances(cluster='demo')['containerInstanceArns']) == 2, 'all but the inactive'
        wait_for('the service has moved', lambda: ecs.list_tasks(cluster='demo', containerInstance=drained, serviceName='web')['taskArns'] == [])
        wait_for('the service is whole', lambda: ecs.describe_services(cluster='demo', services=['web'])['services'][0]['runningCount'] == 2)
        assert ecs.list_tasks(cluster='demo', containerInstance=drained)['taskArns'] == [lonely['taskArn']], 'what belongs to no service stays'
        assert ecs.start_task(cluster='demo', taskDefinition='web', containerInstances=[drained])['tasks'] == []
        placed = ecs.run_task(cluster='demo', taskDefinition='web', count=2)['tasks']
        assert [task['containerInstanceArn'] for task in placed] == [other, other]
        for task in placed:
            ecs.stop_task(cluster='demo', task=task['taskArn'])
    finally:
        back = ecs.update_container_instances_state(cluster='demo', containerInstances=[drained], status='ACTIVE')
        ecs.stop_task(cluster='demo', task=lonely['taskArn'])
    assert back['containerInstances'][0]['status'] == 'ACTIVE'
    for wrong in ({'status': 'INACTIVE'}, {'status': 'DRAINING', 'containerInstances': []}, {'status': 'DRAINING', 'containerInstances': [f'{n:032x}' for n in range(11)]}):
        assert refused(ecs.update_container_instances_state, **{'cluster': 'demo', 'containerInstances': [drained], **wrong}) == 'InvalidParameterException'
    # Back to one web task on each, as it was.
    ecs.update_service(cluster='demo', service='web', desiredCount=1)
    ecs.get_waiter('services_stable').wait(cluster='demo', services=['web'], WaiterConfig=FAST)
    ecs.update_service(cluster='demo', service='web', desiredCount=2)
    ecs.get_waiter('services_stable').wait(cluster='demo', services=['web'], WaiterConfig=FAST)


# --- Systems Manager ------------------------------------------------------------------------------


@pytest.fixture(scope='module')
def fleet(shared_lab):
    """55 managed nodes without hosts, whose agents said one word and fell silent."""
    ids = [f'i-{number:017x}' for number in range(55)]
    for one in ids:
        assert call_json(shared_lab, f'{SSM}.UpdateInstanceInformation', {'InstanceId': one, 'AgentVersion': '3.3.0', 'PlatformType': 'Linux'}, service='ssm', region=AWAY).status == 200
    return client(shared_lab, 'ssm', AWAY), ids


def command_of(ids, **more):
    return {'DocumentName': 'AWS-RunShellScript', 'InstanceIds': ids, 'Parameters': {'commands': ['true']}, **more}


def test_managed_nodes_are_listed_by_ten_unless_asked_for_up_to_fifty(fleet, shared_lab):
    ssm, ids = fleet
    for size, pages in ((None, 6), (50, 2), (5, 11)):
        settings = {} if size is None else {'PageSize': size}
        answers = [[one['InstanceId'] for one in page['InstanceInformationList']] for page in ssm.get_paginator('describe_instance_information').paginate(PaginationConfig=settings)]
        assert len(answers) == pages and sorted(sum(answers, [])) == ids, size
    for size in (4, 51, 0):
        answer = call_json(shared_lab, f'{SSM}.DescribeInstanceInformation', {'MaxResults': size}, service='ssm', region=AWAY)
        assert (answer.status, answer.json()['__type']) == (400, 'ValidationException'), size
    only = ssm.describe_instance_information(Filters=[{'Key': 'InstanceIds', 'Values': [ids[3], ids[7], 'i-ffffffffffffffff0']}])['InstanceInformationList']
    assert sorted(one['InstanceId'] for one in only) == [ids[3], ids[7]]
    assert refused(ssm.describe_instance_information, Filters=[{'Key': 'Colour', 'Values': ['red']}]) == 'InvalidFilterKey'
    home = client(shared_lab, 'ssm')
    online = home.describe_instance_information(Filters=[{'Key': 'PingStatus', 'Values': ['Online']}])['InstanceInformationList']
    assert sorted(one['InstanceId'] for one in online) == sorted(shared_lab.instance_ids())
    assert all(one['ResourceType'] == 'EC2Instance' and one['PlatformType'] == 'Linux' and isinstance(one['LastPingDateTime'], datetime.datetime) for one in online)
    assert home.describe_instance_information(Filters=[{'Key': 'PlatformTypes', 'Values': ['Windows']}])['InstanceInformationList'] == []


def test_a_command_goes_to_fifty_nodes_at_most_and_to_known_ones_only(fleet, shared_lab):
    ssm, ids = fleet
    command = ssm.send_command(**command_of(ids[:50], Comment='all'))['Command']
    assert command['Status'] == 'Pending' and command['TargetCount'] == 50
    assert command['ExpiresAfter'] - command['RequestedDateTime'] == datetime.timedelta(seconds=7200), 'delivery and execution, an hour each'
    pages = [[one['InstanceId'] for one in page['CommandInvocations']] for page in
             ssm.get_paginator('list_command_invocations').paginate(CommandId=command['CommandId'], PaginationConfig={'PageSize': 20})]
    assert [len(page) for page in pages] == [20, 20, 10] and sorted(sum(pages, [])) == ids[:50]
    pending = ssm.get_command_invocation(CommandId=command['CommandId'], InstanceId=ids[0])
    assert (pending['Status'], pending['ResponseCode'], pending['ExecutionStartDateTime']) == ('Pending', -1, '')
    ssm.cancel_command(CommandId=command['CommandId'])
    assert ssm.get_command_invocation(CommandId=command['CommandId'], InstanceId=ids[0])['Status'] == 'Cancelled'
    sent = len(ssm.list_commands()['Commands'])
    for wrong, code in ((command_of(ids[:51]), 'ValidationException'), (command_of([ids[0], ids[0]]), 'DuplicateInstanceId'), (command_of([ids[0], 'i-ffffffffffffffff0']), 'InvalidInstanceId'),
                        (command_of(['nonsense']), 'ValidationException'), (command_of(ids[:1], DocumentName='Nothing'), 'InvalidDocument'), (command_of(ids[:1], Parameters={}), 'InvalidParameters'),
                        (command_of(ids[:1], Parameters={'commands': ['x'], 'other': ['y']}), 'InvalidParameters'), (command_of(ids[:1], TimeoutSeconds=29), 'ValidationException'),
                        (command_of(ids[:1], TimeoutSeconds=2_592_001), 'ValidationException'), (command_of(ids[:1], Comment='x' * 101), 'ValidationException'),
                        (command_of(ids[:1], MaxErrors='101%'), 'ValidationException'), (command_of(ids[:1], MaxConcurrency='none'), 'ValidationException')):
        answer = call_json(shared_lab, f'{SSM}.SendCommand', wrong, service='ssm', region=AWAY)
        assert (answer.status, answer.json()['__type']) == (400, code), wrong
    unknown = Refusal(ssm.send_command, **command_of([ids[0], 'i-ffffffffffffffff0']))
    assert 'i-ffffffffffffffff0' in unknown.response['Message'] and ids[0] not in unknown.message
    assert len(ssm.list_commands()['Commands']) == sent, 'nothing was sent by any of them'


def test_commands_are_listed_newest_first_and_by_filter(fleet, shared_lab):
    ssm, ids = fleet
    commands = [ssm.send_command(**command_of([ids[number]], Comment=f'number {number}'))['Command']['CommandId'] for number in range(7)]
    pages = [[one['CommandId'] for one in page['Commands']] for page in ssm.get_paginator('list_commands').paginate(PaginationConfig={'PageSize': 3})]
    listed = sum(pages, [])
    assert len(listed) == len(set(listed)) and listed[:7] == commands[::-1] and all(len(page) == 3 for page in pages[:-1])
    assert [one['CommandId'] for one in ssm.list_commands(CommandId=commands[2])['Commands']] == [commands[2]]
    assert commands[3] in [one['CommandId'] for one in ssm.list_commands(InstanceId=ids[3])['Commands']]
    assert commands[3] not in [one['CommandId'] for one in ssm.list_commands(InstanceId=ids[4])['Commands']]
    ssm.cancel_command(CommandId=commands[0])

    def ids_by(key, value):
        return {one['CommandId'] for one in ssm.list_commands(Filters=[{'key': key, 'value': value}])['Commands']}

    assert commands[0] in ids_by('Status', 'Cancelled') and commands[1] not in ids_by('Status', 'Cancelled')
    assert commands[1] in ids_by('Status', 'Pending') and commands[0] not in ids_by('Status', 'Pending')
    assert commands[0] in ids_by('ExecutionStage', 'Complete') and commands[1] in ids_by('ExecutionStage', 'Executing')
    assert set(commands) <= ids_by('DocumentName', 'AWS-RunShellScript') and ids_by('DocumentName', 'AWS-RunPowerShellScript') == set()
    assert set(commands) <= ids_by('InvokedAfter', '2020-01-01T00:00:00Z') and ids_by('InvokedBefore', '2020-01-01T00:00:00Z') == set()
    assert refused(ssm.list_commands, Filters=[{'key': 'Colour', 'value': 'red'}]) == 'InvalidFilterKey'
    cancelled = ssm.list_command_invocations(Filters=[{'key': 'Status', 'value': 'Cancelled'}])['CommandInvocations']
    assert commands[0] in {one['CommandId'] for one in cancelled} and {one['Status'] for one in cancelled} == {'Cancelled'}
    for size in (0, 51):
        assert call_json(shared_lab, f'{SSM}.ListCommands', {'MaxResults': size}, service='ssm', region=AWAY).json()['__type'] == 'ValidationException'
    nobody = str(uuid.uuid4())
    assert refused(ssm.get_command_invocation, CommandId=nobody, InstanceId=ids[0]) == 'InvocationDoesNotExist'
    assert refused(ssm.get_command_invocation, CommandId=commands[0], InstanceId=ids[30]) == 'InvocationDoesNotExist'
    for call in (ssm.cancel_command, ssm.list_commands, ssm.list_command_invocations):
        assert refused(call, CommandId=nobody) == 'InvalidCommandId'
    for command in commands[1:]:
        ssm.cancel_command(CommandId=command)


def test_a_command_runs_on_the_hosts_and_its_waiter_sees_it(shared_lab):
    ssm = client(shared_lab, 'ssm')
    ids = shared_lab.instance_ids()
    command = ssm.send_command(**command_of(ids, Parameters={'commands': ['echo out', 'echo err >&2', 'hostname >/dev/null']}, TimeoutSeconds=600))['Command']
    assert command['ExpiresAfter'] - command['RequestedDateTime'] == datetime.timedelta(seconds=4200)
    for one in ids:
        ssm.get_waiter('command_executed').wait(CommandId=command['CommandId'], InstanceId=one, WaiterConfig=FAST)
        done = ssm.get_command_invocation(CommandId=command['CommandId'], InstanceId=one, PluginName='aws:runShellScript')
        assert (done['Status'], done['StatusDetails'], done['ResponseCode']) == ('Success', 'Success', 0)
        assert (done['StandardOutputContent'].strip(), done['StandardErrorContent'].strip()) == ('out', 'err')
        assert re.fullmatch(r'\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{1,3}Z', done['ExecutionStartDateTime']) and re.fullmatch(r'PT[\d.]+S', done['ExecutionElapsedTime'])
    [listed] = ssm.list_commands(CommandId=command['CommandId'])['Commands']
    assert (listed['Status'], listed['CompletedCount'], listed['ErrorCount']) == ('Success', 2, 0)
    [first, _] = ssm.list_command_invocations(CommandId=command['CommandId'], Details=True)['CommandInvocations']
    assert first['CommandPlugins'][0]['Output'] == 'out\n\n----------ERROR-------\nerr\n'
    assert refused(ssm.get_command_invocation, CommandId=command['CommandId'], InstanceId=ids[0], PluginName='other') == 'InvalidPluginName'


# --- EC2 ------------------------------------------------------------------------------------------


def test_instances_are_described_by_id_and_filter(shared_lab):
    ec2 = client(shared_lab, 'ec2')
    ids = shared_lab.instance_ids()

    def found(**parameters):
        return sorted(one['InstanceId'] for reservation in ec2.describe_instances(**parameters)['Reservations'] for one in reservation['Instances'])

    assert found() == sorted(ids) and found(InstanceIds=ids[:1]) == ids[:1]
    assert found(Filters=[{'Name': 'instance-state-name', 'Values': ['running', 'pending']}]) == sorted(ids)
    assert found(Filters=[{'Name': 'instance-state-name', 'Values': ['stopped']}]) == []
    assert found(Filters=[{'Name': 'instance-id', 'Values': [ids[1]]}], MaxResults=5) == [ids[1]]
    [first] = ec2.describe_instances(InstanceIds=ids[:1])['Reservations'][0]['Instances']
    assert first['State'] == {'Code': 16, 'Name': 'running'} and first['Placement']['AvailabilityZone'].startswith('us-east-1') and isinstance(first['LaunchTime'], datetime.datetime)
    missing = Refusal(ec2.describe_instances, InstanceIds=[ids[0], 'i-0123456789abcdef0'])
    assert (missing.code, missing.message, missing.status) == ('InvalidInstanceID.NotFound', "The instance ID 'i-0123456789abcdef0' does not exist", 400)
    assert refused(ec2.describe_instances, InstanceIds=['nonsense']) == 'InvalidInstanceID.Malformed'
    assert refused(ec2.describe_instances, InstanceIds=ids, MaxResults=5) == 'InvalidParameterCombination'
    for size in (4, 1001):
        assert refused(ec2.describe_instances, MaxResults=size) == 'InvalidParameterValue'
    assert refused(ec2.describe_instances, Filters=[{'Name': 'colour', 'Values': ['red']}]) == 'InvalidParameterValue'
    assert client(shared_lab, 'ec2', AWAY).describe_instances()['Reservations'] == []
    ec2.get_waiter('instance_running').wait(InstanceIds=ids, WaiterConfig=FAST)


# --- newer and older clients ----------------------------------------------------------------------


def version_of(command):
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    numbers = re.search(r'(\d+)\.(\d+)\.(\d+)', done.stdout)
    return tuple(int(number) for number in numbers.groups()) if done.returncode == 0 and numbers else None


def programs(*names):
    found = [shutil.which(name, path=folder) for folder in os.environ['PATH'].split(':') for name in names]
    return [path for path in dict.fromkeys(found) if path]


def newer_python():
    """A python whose boto3 knows AWS_ENDPOINT_URL (1.28 and later)."""
    for path in programs('python3', 'python'):
        if (version_of([path, '-c', 'import boto3; print(boto3.__version__)']) or (0,)) >= (1, 28):
            return path
    return pytest.skip('no python on PATH has a boto3 that knows AWS_ENDPOINT_URL (1.28 or later)')


def newer_cli():
    for path in programs('aws'):
        version = version_of([path, '--version'])
        if version and (version >= (2, 13) or (1, 29) <= version < (2, 0)):
            return path
    return pytest.skip('no aws on PATH knows AWS_ENDPOINT_URL (1.29, 2.13 or later)')


FLOW = '''
import boto3, json
ecs, ssm, ec2, sts = (boto3.client(name) for name in ("ecs", "ssm", "ec2", "sts"))
arns = [arn for page in ecs.get_paginator("list_container_instances").paginate(cluster="demo", PaginationConfig={"PageSize": 1}) for arn in page["containerInstanceArns"]]
try:
    ecs.list_tasks(cluster="none")
except ecs.exceptions.ClusterNotFoundException as error:
    code = error.response["Error"]["Code"]
command = ssm.send_command(DocumentName="AWS-RunShellScript", InstanceIds=[one["InstanceId"] for one in ssm.describe_instance_information()["InstanceInformationList"]], Parameters={"commands": ["echo \\u00fc"]})["Command"]
try:
    ssm.send_command(DocumentName="AWS-RunShellScript", InstanceIds=["i-ffffffffffffffff0"], Parameters={"commands": ["true"]})
except ssm.exceptions.InvalidInstanceId as error:
    named = error.response["Message"]
ids = [one["InstanceId"] for one in ssm.list_command_invocations(CommandId=command["CommandId"])["CommandInvocations"]]
for one in ids:
    ssm.get_waiter("command_executed").wait(CommandId=command["CommandId"], InstanceId=one, WaiterConfig={"Delay": 1, "MaxAttempts": 60})
print(json.dumps({
    "connected": [one["agentConnected"] for one in ecs.describe_container_instances(cluster="demo", containerInstances=arns)["containerInstances"]],
    "code": code, "named": named, "ids": sorted(ids), "output": ssm.get_command_invocation(CommandId=command["CommandId"], InstanceId=ids[0])["StandardOutputContent"].strip(),
    "ec2": sorted(one["InstanceId"] for each in ec2.describe_instances()["Reservations"] for one in each["Instances"]),
    "arn": sts.get_caller_identity()["Arn"], "role": sts.assume_role(RoleArn="arn:aws:iam::123456789012:role/squall-experiment", RoleSessionName="me")["AssumedRoleUser"]["Arn"]}))
'''


def test_a_newer_boto3_needs_nothing_but_the_environment(shared_lab):
    python = newer_python()
    done = subprocess.run([python, '-c', FLOW], env=shared_lab.environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    assert seen['connected'] == [True, True] and seen['code'] == 'ClusterNotFoundException' and 'i-ffffffffffffffff0' in seen['named']
    assert seen['ids'] == seen['ec2'] == sorted(shared_lab.instance_ids()) and seen['output'] == 'ü'
    assert seen['arn'] == 'arn:aws:iam::123456789012:user/lab' and seen['role'] == 'arn:aws:sts::123456789012:assumed-role/squall-experiment/me'


def cli_flow(lab, program, *options):
    def aws(*arguments):
        done = subprocess.run([program, *arguments, *options, '--output', 'json'], env=lab.environment, capture_output=True, text=True, timeout=120, check=False)
        return json.loads(done.stdout) if done.returncode == 0 else done.stderr

    arns = aws('ecs', 'list-container-instances', '--cluster', 'demo', '--page-size', '1')['containerInstanceArns']
    assert len(arns) == 2
    assert all(one['agentConnected'] for one in aws('ecs', 'describe-container-instances', '--cluster', 'demo', '--container-instances', *arns)['containerInstances'])
    assert '(ClusterNotFoundException)' in aws('ecs', 'list-tasks', '--cluster', 'none')
    command = aws('ssm', 'send-command', '--document-name', 'AWS-RunShellScript', '--instance-ids', *lab.instance_ids(), '--parameters', 'commands=true')['Command']['CommandId']
    assert len(aws('ssm', 'list-command-invocations', '--command-id', command)['CommandInvocations']) == 2
    assert '(InvalidInstanceID.NotFound)' in aws('ec2', 'describe-instances', '--instance-ids', 'i-0123456789abcdef0')
    assert aws('sts', 'get-caller-identity')['Account'] == '123456789012'


def test_a_newer_aws_cli_needs_nothing_but_the_environment(shared_lab):
    cli_flow(shared_lab, newer_cli())


def test_debians_older_aws_cli_is_told_the_endpoint(shared_lab):
    if version_of(['/usr/bin/aws', '--version']) is None:
        pytest.skip('there is no /usr/bin/aws')
    cli_flow(shared_lab, '/usr/bin/aws', '--endpoint-url', shared_lab.endpoint)


# --- many at once, and garbage --------------------------------------------------------------------


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
    assert got == b'' or re.match(rb'HTTP/1\.[01] 4\d\d ', got), got[:200]
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
