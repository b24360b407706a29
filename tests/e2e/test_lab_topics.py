"""Topics of the lab, by AWS's clients: to queues, to HTTP endpoints, and to the lab's own mailbox."""
import http.server
import json
import queue as threads_queue
import subprocess
import threading
import urllib.request

import botocore.exceptions
import pytest

NAMES = iter(range(1, 1000))


@pytest.fixture(scope='module')
def sns(shared_lab):
    return shared_lab.client('sns')


@pytest.fixture(scope='module')
def sqs(shared_lab):
    return shared_lab.client('sqs')


@pytest.fixture
def topic(sns):
    return sns.create_topic(Name=f'topic-{next(NAMES)}')['TopicArn']


def make_queue(sqs, topic_arn, **attributes):
    """A queue whose policy lets this topic send."""
    url = sqs.create_queue(QueueName=f'of-topic-{next(NAMES)}' + ('.fifo' if attributes else ''), Attributes=attributes)['QueueUrl']
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=['QueueArn'])['Attributes']['QueueArn']
    statement = {'Effect': 'Allow', 'Principal': {'Service': 'sns.amazonaws.com'}, 'Action': 'sqs:SendMessage', 'Resource': arn, 'Condition': {'ArnEquals': {'aws:SourceArn': topic_arn}}}
    sqs.set_queue_attributes(QueueUrl=url, Attributes={'Policy': json.dumps({'Version': '2012-10-17', 'Statement': [statement]})})
    return url, arn


def bodies(sqs, url):
    found = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=['All'], WaitTimeSeconds=1).get('Messages', [])
    return [(one['Body'], one.get('MessageAttributes', {})) for one in found]


def refused(call, **arguments):
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        call(**arguments)
    return caught.value.response['Error']['Code']


def mail(lab, *options):
    done = lab.squall('lab', 'mail', '--json', *options)
    assert done.code == 0, done
    return [json.loads(line) for line in done.out.splitlines()]


class Endpoint:
    """An HTTP endpoint that keeps what it was sent; the first `bad` requests it answers with 500."""

    def __init__(self, bad=0):
        posts = self.posts = threads_queue.Queue()
        left = [bad]

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers['Content-Length']))
                left[0] -= 1
                self.send_response(500 if left[0] >= 0 else 200)
                self.end_headers()
                posts.put((dict(self.headers.items()), body.decode()))

            def log_message(self, *arguments):
                pass

        self.server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
        self.url = f'http://127.0.0.1:{self.server.server_port}/hook'
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def next(self, timeout=60):
        return self.posts.get(timeout=timeout)


@pytest.fixture
def endpoint():
    made = Endpoint()
    yield made
    made.server.shutdown()
    made.server.server_close()


def test_a_queue_gets_the_envelope_or_the_message_alone(sns, sqs, topic):
    (url, arn), (raw_url, raw_arn) = make_queue(sqs, topic), make_queue(sqs, topic)
    sns.subscribe(TopicArn=topic, Protocol='sqs', Endpoint=arn)
    sns.subscribe(TopicArn=topic, Protocol='sqs', Endpoint=raw_arn, Attributes={'RawMessageDelivery': 'true'})
    attributes = {'kind': {'DataType': 'String', 'StringValue': 'test'}}
    sent = sns.publish(TopicArn=topic, Message='hello \u20ac', Subject='greeting', MessageAttributes=attributes)
    [(body, none)] = bodies(sqs, url)
    envelope = json.loads(body)
    assert none == {} and envelope['Message'] == 'hello \u20ac' and envelope['MessageId'] == sent['MessageId']
    assert (envelope['Type'], envelope['TopicArn'], envelope['Subject'], envelope['SignatureVersion']) == ('Notification', topic, 'greeting', '1')
    assert envelope['MessageAttributes'] == {'kind': {'Type': 'String', 'Value': 'test'}} and envelope['Timestamp'].endswith('Z')
    assert bodies(sqs, raw_url) == [('hello \u20ac', attributes)]


def test_a_queue_without_a_policy_for_the_topic_gets_nothing(sns, sqs, topic):
    other = sns.create_topic(Name=f'topic-{next(NAMES)}')['TopicArn']
    url, arn = make_queue(sqs, other)
    for one in (topic, other):
        sns.subscribe(TopicArn=one, Protocol='sqs', Endpoint=arn, Attributes={'RawMessageDelivery': 'true'})
        sns.publish(TopicArn=one, Message=f'from {one}')
    assert [body for body, _ in bodies(sqs, url)] == [f'from {other}']


def test_an_http_endpoint_confirms_and_is_notified(sns, topic, endpoint):
    pending = sns.subscribe(TopicArn=topic, Protocol='http', Endpoint=endpoint.url)
    assert pending['SubscriptionArn'] == 'pending confirmation'
    headers, body = endpoint.next()
    asked = json.loads(body)
    assert headers['x-amz-sns-message-type'] == asked['Type'] == 'SubscriptionConfirmation'
    assert refused(sns.confirm_subscription, TopicArn=topic, Token='wrong') == 'InvalidParameter'
    assert b'<ConfirmSubscriptionResponse' in urllib.request.urlopen(asked['SubscribeURL'], timeout=30).read()
    sns.publish(TopicArn=topic, Message='now')
    headers, body = endpoint.next()
    assert headers['x-amz-sns-message-type'] == 'Notification' and headers['x-amz-sns-topic-arn'] == topic and json.loads(body)['Message'] == 'now'
    [one] = sns.list_subscriptions_by_topic(TopicArn=topic)['Subscriptions']
    assert one['SubscriptionArn'] == headers['x-amz-sns-subscription-arn']
    urllib.request.urlopen(json.loads(body)['UnsubscribeURL'], timeout=30)
    assert sns.list_subscriptions_by_topic(TopicArn=topic)['Subscriptions'] == []


def test_what_an_http_endpoint_does_not_take_is_sent_again(sns, topic):
    endpoint = Endpoint(bad=1)
    sns.subscribe(TopicArn=topic, Protocol='http', Endpoint=endpoint.url)
    first, again = endpoint.next(), endpoint.next()
    assert first[1] == again[1]
    endpoint.server.shutdown()
    endpoint.server.server_close()


def test_mail_lies_in_the_mailbox(shared_lab, sns, topic):
    name = topic.rsplit(':', 1)[1]
    assert sns.subscribe(TopicArn=topic, Protocol='email', Endpoint='one@example.com')['SubscriptionArn'].startswith(topic)
    sns.subscribe(TopicArn=topic, Protocol='email-json', Endpoint='two@example.com')
    sns.publish(TopicArn=topic, Message='first\nline', Subject='the subject')
    sns.publish(TopicArn=topic, Message='second')
    found = mail(shared_lab, '--to', 'one@example.com', '--topic', name)
    assert [(one['subject'], one['body'], one['topic']) for one in found] == [('the subject', 'first\nline', name), ('AWS Notification Message', 'second', name)]
    [first, _] = mail(shared_lab, '--to', 'two@example.com', '--topic', topic)
    assert json.loads(first['body'])['Message'] == 'first\nline'
    text = shared_lab.squall('lab', 'mail', '--topic', name, '--to', 'one@example.com').out
    assert 'to one@example.com' in text and 'the subject' in text and '    line\n' in text
    follower = shared_lab.start('lab', 'mail', '--json', '--follow', '--topic', name)
    for _ in range(4):
        follower.stdout.readline()
    sns.publish(TopicArn=topic, Message='third')
    news = [json.loads(follower.stdout.readline()) for _ in range(2)]
    assert {one['to'] for one in news} == {'one@example.com', 'two@example.com'} and all('third' in one['body'] for one in news)
    follower.terminate()
    assert follower.wait(30) == 0


def test_a_filter_policy_lets_through_what_it_names(shared_lab, sns, topic):
    policy = {'level': ['error', {'prefix': 'warn'}], 'count': [{'numeric': ['>', 3, '<=', 10]}], 'debug': [{'exists': False}]}
    sns.subscribe(TopicArn=topic, Protocol='email', Endpoint='filtered@example.com', Attributes={'FilterPolicy': json.dumps(policy)})

    def publish(message, level, count, **more):
        texts = {'level': {'DataType': 'String', 'StringValue': level}, 'count': {'DataType': 'Number', 'StringValue': str(count)}, **more}
        sns.publish(TopicArn=topic, Message=message, MessageAttributes=texts)

    publish('yes', 'error', 4)
    publish('yes too', 'warning', 10)
    publish('no', 'info', 4)
    publish('no', 'error', 3)
    publish('no', 'error', 4, debug={'DataType': 'String', 'StringValue': 'x'})
    assert [one['body'] for one in mail(shared_lab, '--to', 'filtered@example.com')] == ['yes', 'yes too']


def test_a_fifo_topic_feeds_a_fifo_queue_in_order_and_once(sns, sqs):
    topic = sns.create_topic(Name=f'topic-{next(NAMES)}.fifo', Attributes={'FifoTopic': 'true', 'ContentBasedDeduplication': 'true'})['TopicArn']
    url, arn = make_queue(sqs, topic, FifoQueue='true')
    sns.subscribe(TopicArn=topic, Protocol='sqs', Endpoint=arn, Attributes={'RawMessageDelivery': 'true'})
    for body in ('1', '2', '2', '3'):
        assert sns.publish(TopicArn=topic, Message=body, MessageGroupId='g')['SequenceNumber']
    assert [body for body, _ in bodies(sqs, url)] == ['1', '2', '3']


def test_batches_topics_tags_and_errors(shared_lab, sns, topic):
    answer = sns.publish_batch(TopicArn=topic, PublishBatchRequestEntries=[{'Id': 'a', 'Message': 'x'}, {'Id': 'b', 'Message': 'x', 'Subject': 'two\nlines'}])
    assert [one['Id'] for one in answer['Successful']] == ['a'] and [(one['Id'], one['Code']) for one in answer['Failed']] == [('b', 'InvalidParameter')]
    assert refused(sns.publish, TopicArn=topic, Message='x', Subject='s' * 100) == 'InvalidParameter'
    assert refused(sns.publish, TopicArn=topic, Message='x' * (256 * 1024 + 1)) == 'InvalidParameter'
    assert refused(sns.publish, TopicArn=topic + 'x', Message='x') == 'NotFound'
    assert refused(sns.subscribe, TopicArn=topic, Protocol='pigeon', Endpoint='x') == 'InvalidParameter'
    assert refused(sns.create_topic, Name='a b') == 'InvalidParameter'
    assert sns.create_topic(Name=topic.rsplit(':', 1)[1])['TopicArn'] == topic
    sns.set_topic_attributes(TopicArn=topic, AttributeName='DisplayName', AttributeValue='Shown')
    attributes = sns.get_topic_attributes(TopicArn=topic)['Attributes']
    assert attributes['DisplayName'] == 'Shown' and attributes['SubscriptionsConfirmed'] == '0' and 'SNS:Publish' in attributes['Policy']
    sns.tag_resource(ResourceArn=topic, Tags=[{'Key': 'a', 'Value': '1'}, {'Key': 'b', 'Value': '2'}])
    sns.untag_resource(ResourceArn=topic, TagKeys=['a'])
    assert sns.list_tags_for_resource(ResourceArn=topic)['Tags'] == [{'Key': 'b', 'Value': '2'}]
    assert topic in [one['TopicArn'] for page in sns.get_paginator('list_topics').paginate() for one in page['Topics']]
    subscription = sns.subscribe(TopicArn=topic, Protocol='email', Endpoint='x@example.com')['SubscriptionArn']
    assert refused(sns.set_subscription_attributes, SubscriptionArn=subscription, AttributeName='FilterPolicy', AttributeValue='{"a": "b"}') == 'InvalidParameter'
    assert sns.get_subscription_attributes(SubscriptionArn=subscription)['Attributes']['PendingConfirmation'] == 'false'
    shared_lab.aws('sns', 'publish', '--topic-arn', topic, '--message', 'by the cli')
    assert mail(shared_lab, '--to', 'x@example.com')[-1]['body'] == 'by the cli'
    sns.delete_topic(TopicArn=topic)
    assert refused(sns.get_topic_attributes, TopicArn=topic) == 'NotFound'


def test_the_link_of_a_subscription_needs_its_token(shared_lab, topic):
    done = subprocess.run(['curl', '-s', f'{shared_lab.endpoint}/?Action=ConfirmSubscription&TopicArn={topic}&Token='], capture_output=True, text=True, timeout=60, check=True)
    assert '<Code>InvalidParameter</Code>' in done.stdout
    done = subprocess.run(['curl', '-s', f'{shared_lab.endpoint}/?Action=DeleteTopic&TopicArn={topic}'], capture_output=True, text=True, timeout=60, check=True)
    assert 'DeleteTopicResponse' not in done.stdout
