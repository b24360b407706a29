"""Queues of the lab, by AWS's clients: JSON from new ones, the query protocol from old ones. Run with both generations of boto3."""
import hashlib
import json
import struct
import subprocess
import threading
import time

import boto3
import botocore.exceptions
import pytest

NAMES = iter(range(1, 1000))


@pytest.fixture(scope='module')
def sqs(shared_lab):
    return shared_lab.client('sqs')


@pytest.fixture
def queue(sqs):
    """A new standard queue's URL."""
    return sqs.create_queue(QueueName=f'queue-{next(NAMES)}')['QueueUrl']


@pytest.fixture
def fifo(sqs):
    return sqs.create_queue(QueueName=f'queue-{next(NAMES)}.fifo', Attributes={'FifoQueue': 'true', 'ContentBasedDeduplication': 'true'})['QueueUrl']


def arn_of(sqs, url):
    return sqs.get_queue_attributes(QueueUrl=url, AttributeNames=['QueueArn'])['Attributes']['QueueArn']


def count(sqs, url, what=''):
    name = f'ApproximateNumberOfMessages{what}'
    return int(sqs.get_queue_attributes(QueueUrl=url, AttributeNames=[name])['Attributes'][name])


def received(sqs, url, **options):
    return sqs.receive_message(QueueUrl=url, **options).get('Messages', [])


def md5_of(attributes):
    """As AWS documents what its SDKs compute."""
    hashed = hashlib.md5(usedforsecurity=False)

    def add(part):
        hashed.update(struct.pack('>I', len(part)) + part)

    for name in sorted(attributes):
        value = attributes[name]
        add(name.encode())
        add(value['DataType'].encode())
        is_binary = value['DataType'].startswith('Binary')
        hashed.update(b'\2' if is_binary else b'\1')
        add(value['BinaryValue'] if is_binary else value['StringValue'].encode())
    return hashed.hexdigest()


def refused(call, **arguments):
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        call(**arguments)
    return caught.value.response['Error']['Code']


def test_a_message_with_attributes_comes_back_as_it_was_sent(sqs, queue):
    attributes = {'name': {'DataType': 'String', 'StringValue': 'gr\u00fc\u00df'}, 'size': {'DataType': 'Number.int', 'StringValue': '7'},
                  'raw': {'DataType': 'Binary', 'BinaryValue': b'\0\1\xff'}}
    body = 'a <body> & "more" \u20ac \U0001f600\n\tend'
    sent = sqs.send_message(QueueUrl=queue, MessageBody=body, MessageAttributes=attributes)
    assert sent['MD5OfMessageBody'] == hashlib.md5(body.encode(), usedforsecurity=False).hexdigest()
    assert sent['MD5OfMessageAttributes'] == md5_of(attributes)
    [message] = received(sqs, queue, AttributeNames=['All'], MessageAttributeNames=['All'])
    assert (message['Body'], message['MessageId'], message['MD5OfBody']) == (body, sent['MessageId'], sent['MD5OfMessageBody'])
    assert message['MessageAttributes'] == attributes and message['MD5OfMessageAttributes'] == md5_of(attributes)
    assert message['Attributes']['ApproximateReceiveCount'] == '1' and abs(int(message['Attributes']['SentTimestamp']) / 1000 - time.time()) < 300
    sqs.change_message_visibility(QueueUrl=queue, ReceiptHandle=message['ReceiptHandle'], VisibilityTimeout=0)
    [again] = received(sqs, queue, MessageAttributeNames=['na.*', 'size'])
    assert list(again['MessageAttributes']) == ['size'] and again['MD5OfMessageAttributes'] == md5_of({'size': attributes['size']})
    assert again['ReceiptHandle'] != message['ReceiptHandle'] and 'Attributes' not in again
    sqs.delete_message(QueueUrl=queue, ReceiptHandle=again['ReceiptHandle'])
    assert count(sqs, queue) == count(sqs, queue, 'NotVisible') == 0


def test_batches_say_what_became_of_each_entry(sqs, queue):
    answer = sqs.send_message_batch(QueueUrl=queue, Entries=[{'Id': 'good', 'MessageBody': 'x'}, {'Id': 'bad', 'MessageBody': 'x', 'DelaySeconds': 901},
                                                             {'Id': 'late', 'MessageBody': 'y', 'DelaySeconds': 900}])
    assert sorted(one['Id'] for one in answer['Successful']) == ['good', 'late']
    assert [(one['Id'], one['Code'], one['SenderFault']) for one in answer['Failed']] == [('bad', 'InvalidParameterValue', True)]
    assert (count(sqs, queue), count(sqs, queue, 'Delayed')) == (1, 1)
    messages = received(sqs, queue, MaxNumberOfMessages=10)
    handles = [{'Id': '0', 'ReceiptHandle': messages[0]['ReceiptHandle']}, {'Id': '1', 'ReceiptHandle': 'nonsense'}]
    answer = sqs.change_message_visibility_batch(QueueUrl=queue, Entries=[{**one, 'VisibilityTimeout': 100} for one in handles])
    assert [one['Id'] for one in answer['Successful']] == ['0'] and answer['Failed'][0]['Code'] == 'ReceiptHandleIsInvalid'
    answer = sqs.delete_message_batch(QueueUrl=queue, Entries=handles)
    assert [one['Id'] for one in answer['Successful']] == ['0'] and [one['Id'] for one in answer['Failed']] == ['1']


def test_errors_have_the_codes_of_aws(sqs, queue):
    prefix = 'AWS.SimpleQueueService.'
    assert refused(sqs.get_queue_url, QueueName='none') == prefix + 'NonExistentQueue'
    assert refused(sqs.send_message, QueueUrl=queue + 'x', MessageBody='x') == prefix + 'NonExistentQueue'
    with pytest.raises(sqs.exceptions.QueueDoesNotExist):
        sqs.receive_message(QueueUrl=queue + 'x')
    assert refused(sqs.create_queue, QueueName=queue.rsplit('/', 1)[1], Attributes={'DelaySeconds': '7'}) == 'QueueAlreadyExists'
    assert refused(sqs.create_queue, QueueName='a b') == 'InvalidParameterValue'
    assert refused(sqs.receive_message, QueueUrl=queue, MaxNumberOfMessages=11) == 'InvalidParameterValue'
    assert refused(sqs.receive_message, QueueUrl=queue, WaitTimeSeconds=21) == 'InvalidParameterValue'
    assert refused(sqs.send_message, QueueUrl=queue, MessageBody='') == 'MissingParameter'
    assert refused(sqs.send_message, QueueUrl=queue, MessageBody='x' * 1048577) == 'InvalidParameterValue'
    assert refused(sqs.send_message_batch, QueueUrl=queue, Entries=[{'Id': str(i), 'MessageBody': 'x'} for i in range(11)]) == prefix + 'TooManyEntriesInBatchRequest'
    assert refused(sqs.send_message_batch, QueueUrl=queue, Entries=[{'Id': 'a', 'MessageBody': 'x' * 600000}, {'Id': 'b', 'MessageBody': 'x' * 600000}]) == prefix + 'BatchRequestTooLong'
    assert refused(sqs.send_message_batch, QueueUrl=queue, Entries=[{'Id': 'a', 'MessageBody': 'x'}] * 2) == prefix + 'BatchEntryIdsNotDistinct'
    assert refused(sqs.set_queue_attributes, QueueUrl=queue, Attributes={'Nonsense': '1'}) == 'InvalidAttributeName'
    assert refused(sqs.set_queue_attributes, QueueUrl=queue, Attributes={'DelaySeconds': '901'}) == 'InvalidAttributeValue'
    sqs.purge_queue(QueueUrl=queue)
    assert refused(sqs.purge_queue, QueueUrl=queue) == prefix + 'PurgeQueueInProgress'
    sqs.delete_queue(QueueUrl=queue)
    assert refused(sqs.create_queue, QueueName=queue.rsplit('/', 1)[1]) == prefix + 'QueueDeletedRecently'


def test_a_long_poll_is_answered_by_a_send_of_somebody_else(shared_lab, sqs, queue):
    got = []
    poller = shared_lab.client('sqs')
    thread = threading.Thread(target=lambda: got.append((received(poller, queue, WaitTimeSeconds=20), time.monotonic())))
    begun = time.monotonic()
    thread.start()
    # Until the poll is there: nothing can be seen of it from outside but that it has not been answered.
    thread.join(1)
    assert thread.is_alive()
    sqs.send_message(QueueUrl=queue, MessageBody='wake up')
    thread.join(30)
    [(messages, at)] = got
    assert [one['Body'] for one in messages] == ['wake up'] and at - begun < 15


def test_a_long_poll_is_answered_when_a_delay_or_a_visibility_timeout_ends(sqs, queue):
    begun = time.monotonic()
    sqs.send_message(QueueUrl=queue, MessageBody='later', DelaySeconds=2)
    [message] = received(sqs, queue, WaitTimeSeconds=20, VisibilityTimeout=2)
    assert message['Body'] == 'later' and 1.9 < time.monotonic() - begun < 15
    [again] = received(sqs, queue, WaitTimeSeconds=20, AttributeNames=['ApproximateReceiveCount'])
    assert again['MessageId'] == message['MessageId'] and again['Attributes']['ApproximateReceiveCount'] == '2'
    assert 3.8 < time.monotonic() - begun < 18


def test_an_empty_long_poll_takes_as_long_as_it_was_told(sqs, queue):
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={'ReceiveMessageWaitTimeSeconds': '2'})
    begun = time.monotonic()
    assert received(sqs, queue) == []
    assert 1.9 < time.monotonic() - begun < 15
    begun = time.monotonic()
    assert received(sqs, queue, WaitTimeSeconds=0) == []


def test_what_is_received_too_often_goes_to_the_dead_letter_queue(sqs, queue):
    dead = sqs.create_queue(QueueName=f'dead-{next(NAMES)}')['QueueUrl']
    policy = {'deadLetterTargetArn': arn_of(sqs, dead), 'maxReceiveCount': 2}
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={'RedrivePolicy': json.dumps(policy)})
    sent = sqs.send_message(QueueUrl=queue, MessageBody='poison')
    [first] = received(sqs, queue, VisibilityTimeout=0, AttributeNames=['SentTimestamp'])
    assert len(received(sqs, queue, VisibilityTimeout=0)) == 1
    assert received(sqs, queue) == []
    [message] = received(sqs, dead, AttributeNames=['All'], WaitTimeSeconds=5)
    assert message['MessageId'] == sent['MessageId'] and message['Attributes']['SentTimestamp'] == first['Attributes']['SentTimestamp']
    assert message['Attributes']['DeadLetterQueueSourceArn'] == arn_of(sqs, queue)
    assert sqs.list_dead_letter_source_queues(QueueUrl=dead)['queueUrls'] == [queue]


def test_a_fifo_group_keeps_its_order_and_is_blocked_while_one_is_in_flight(sqs, fifo):
    for group, body in (('a', 'a1'), ('a', 'a2'), ('b', 'b1'), ('a', 'a3')):
        sqs.send_message(QueueUrl=fifo, MessageBody=body, MessageGroupId=group)
    [first] = received(sqs, fifo, VisibilityTimeout=2, AttributeNames=['All'])
    assert first['Body'] == 'a1' and first['Attributes']['MessageGroupId'] == 'a'
    [other] = received(sqs, fifo, MaxNumberOfMessages=10)
    assert other['Body'] == 'b1'
    assert received(sqs, fifo) == []
    # Its time is up: it comes first again, and those behind it wait.
    again = received(sqs, fifo, WaitTimeSeconds=20, MaxNumberOfMessages=2)
    assert [one['Body'] for one in again] == ['a1', 'a2']
    assert refused(sqs.delete_message, QueueUrl=fifo, ReceiptHandle=first['ReceiptHandle']) == 'InvalidParameterValue'
    sqs.delete_message_batch(QueueUrl=fifo, Entries=[{'Id': str(i), 'ReceiptHandle': one['ReceiptHandle']} for i, one in enumerate(again)])
    assert [one['Body'] for one in received(sqs, fifo)] == ['a3']


def test_a_fifo_queue_takes_a_message_once(sqs, fifo):
    once = sqs.send_message(QueueUrl=fifo, MessageBody='same', MessageGroupId='g')
    twice = sqs.send_message(QueueUrl=fifo, MessageBody='same', MessageGroupId='g')
    other = sqs.send_message(QueueUrl=fifo, MessageBody='same', MessageGroupId='g', MessageDeduplicationId='other')
    assert once['MessageId'] == twice['MessageId'] and once['SequenceNumber'] == twice['SequenceNumber'] < other['SequenceNumber']
    assert count(sqs, fifo) == 2
    assert refused(sqs.send_message, QueueUrl=fifo, MessageBody='x') == 'MissingParameter'
    assert refused(sqs.send_message, QueueUrl=fifo, MessageBody='x', MessageGroupId='g', DelaySeconds=2) == 'InvalidParameterValue'


def test_queues_have_attributes_tags_and_permissions(sqs, queue):
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={'VisibilityTimeout': '5', 'MessageRetentionPeriod': '60'})
    attributes = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=['All'])['Attributes']
    assert attributes['VisibilityTimeout'] == '5' and attributes['MessageRetentionPeriod'] == '60' and attributes['MaximumMessageSize'] == '1048576'
    sqs.tag_queue(QueueUrl=queue, Tags={'a': '1', 'b': '2'})
    sqs.untag_queue(QueueUrl=queue, TagKeys=['a'])
    assert sqs.list_queue_tags(QueueUrl=queue)['Tags'] == {'b': '2'}
    sqs.add_permission(QueueUrl=queue, Label='one', AWSAccountIds=['123456789012'], Actions=['SendMessage'])
    policy = json.loads(sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=['Policy'])['Attributes']['Policy'])
    assert policy['Statement'][0]['Sid'] == 'one' and policy['Statement'][0]['Action'] == ['SQS:SendMessage']
    assert refused(sqs.add_permission, QueueUrl=queue, Label='one', AWSAccountIds=['123456789012'], Actions=['SendMessage']) == 'InvalidParameterValue'
    sqs.remove_permission(QueueUrl=queue, Label='one')
    assert 'Attributes' not in sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=['Policy'])
    name = queue.rsplit('/', 1)[1]
    assert queue in sqs.list_queues(QueueNamePrefix=name)['QueueUrls'] and sqs.get_queue_url(QueueName=name)['QueueUrl'] == queue
    urls = [url for page in sqs.get_paginator('list_queues').paginate(QueueNamePrefix='queue-', PaginationConfig={'PageSize': 1}) for url in page['QueueUrls']]
    assert len(urls) == len(set(urls)) and queue in urls


def test_the_cli_sends_and_receives(shared_lab, sqs, queue):
    shared_lab.aws('sqs', 'send-message', '--queue-url', queue, '--message-body', 'by the cli')
    [message] = shared_lab.aws('sqs', 'receive-message', '--queue-url', queue, '--attribute-names', 'All')['Messages']
    assert message['Body'] == 'by the cli' and message['Attributes']['SenderId'].startswith('AIDA')


def test_a_policy_denies_one_queue_and_not_the_other(shared_lab, sqs, queue):
    iam = shared_lab.client('iam')
    other = sqs.create_queue(QueueName=f'queue-{next(NAMES)}')['QueueUrl']
    iam.create_user(UserName='sender')
    document = {'Version': '2012-10-17', 'Statement': [{'Effect': 'Allow', 'Action': 'sqs:SendMessage', 'Resource': arn_of(sqs, queue)}]}
    iam.put_user_policy(UserName='sender', PolicyName='send', PolicyDocument=json.dumps(document))
    key = iam.create_access_key(UserName='sender')['AccessKey']
    sender = boto3.client('sqs', endpoint_url=shared_lab.endpoint, region_name='us-east-1', aws_access_key_id=key['AccessKeyId'], aws_secret_access_key=key['SecretAccessKey'])
    sender.send_message_batch(QueueUrl=queue, Entries=[{'Id': 'a', 'MessageBody': 'x'}])
    assert 'AccessDenied' in refused(sender.send_message, QueueUrl=other, MessageBody='x')
    assert 'AccessDenied' in refused(sender.receive_message, QueueUrl=queue)


def test_old_clients_post_to_the_path_of_the_queue(shared_lab, queue):
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials
    request = AWSRequest('POST', queue, data='Action=SendMessage&Version=2012-11-05&MessageBody=by+path', headers={'Content-Type': 'application/x-www-form-urlencoded'})
    SigV4Auth(Credentials(shared_lab.environment['AWS_ACCESS_KEY_ID'], shared_lab.environment['AWS_SECRET_ACCESS_KEY']), 'sqs', 'us-east-1').add_auth(request)
    headers = [argument for name, value in request.headers.items() for argument in ('-H', f'{name}: {value}')]
    done = subprocess.run(['curl', '-s', '--data', request.data, *headers, queue], capture_output=True, text=True, timeout=60, check=True)
    assert '<SendMessageResponse' in done.stdout and '<MD5OfMessageBody>' in done.stdout
