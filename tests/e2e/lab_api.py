"""Ways to call the lab's AWS endpoint: boto3 with any keys in any region, and raw signed requests with every part free to be wrong.

What only has to be listed lives in other regions, which are real and empty; tasks run in the lab's own.
"""
import datetime
import hashlib
import hmac
import http.client
import json
import urllib.parse
import xml.etree.ElementTree

import boto3
import botocore.config
import botocore.exceptions
import pytest

AWAY = 'eu-west-1'
ACCOUNT = '123456789012'
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


def watched(lab, name, pattern, region='us-east-1', **target):
    """A rule that writes what it sees into a log group of its name: what has come so far."""
    logs, events = client(lab, 'logs', region), client(lab, 'events', region)
    logs.create_log_group(logGroupName=name)
    arn = logs.describe_log_groups(logGroupNamePrefix=name)['logGroups'][0]['arn'].removesuffix(':*')
    rule = events.put_rule(Name=name, EventPattern=json.dumps(pattern))['RuleArn']
    assert rule == f'arn:aws:events:{region}:{ACCOUNT}:rule/{name}'
    assert events.put_targets(Rule=name, Targets=[{'Id': 'log', 'Arn': arn, **target}])['FailedEntryCount'] == 0
    return lambda: [event['message'] for page in logs.get_paginator('filter_log_events').paginate(logGroupName=name) for event in page['events']]
