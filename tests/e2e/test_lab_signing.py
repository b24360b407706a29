"""Who may call the lab's AWS endpoint, and how errors look in each protocol."""
import datetime
import hashlib
import urllib.parse

import pytest
from lab_api import ECS, SSM, Refusal, call_form, call_json, client, json_headers, refused, send, sign


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
    assert refused(client(shared_lab, 'ec2').describe_key_pairs) == 'UnknownOperationException'
    assert refused(client(shared_lab, 'sts').get_session_token) == 'UnknownOperationException'
    for service, call in (('kms', 'list_keys'), ('sns', 'list_platform_applications'), ('iam', 'list_groups')):
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
