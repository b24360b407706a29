"""Pipelines around the lab's events: the one that `squall lab up --monitor` builds, and the published sample's, by boto3 alone."""
import json
import re
from pathlib import Path

from conftest import kill, processes_of, squall_with, wait_for
from monitor_pipeline import mails


def wait_for_the_monitor(lab):
    """Until the lab's own monitor knows the lab's one agent."""
    store = re.search(r"^export SQUALL_MONITOR_STORE='(.*)'$", lab.squall('lab', 'env').out, re.M).group(1)
    environment = {**lab.environment, 'SQUALL_MONITOR_STORE': store}

    def knows():
        done = lab.squall('monitor', 'status', '--json', environment=environment)
        return done.code == 0 and json.loads(done.out)['agents']['connected'] == 1

    wait_for('the monitor knows the agent', knows, timeout=60)


def test_a_lab_with_its_monitor_tells_of_an_agent_that_is_gone(make_lab):
    lab = make_lab(1, ('--monitor', '--monitor-grace', '10'))
    wait_for_the_monitor(lab)
    lab.sh(1, 'systemctl stop ecs')
    node = lab.instance_ids()[0]
    mail = wait_for('a mail', lambda: mails(lab), timeout=90)[0]
    assert mail['subject'] == f'[ISSUE] ECS Instance - {node}' and mail['to'] == 'oncall@example.com'
    lab.sh(1, 'systemctl start ecs')
    # So short a grace is over three times before others were waited for; nothing is critical all the same before somebody could have acted.
    back = wait_for('the word of its return', lambda: mails(lab)[1:], timeout=60)
    assert [mail['subject'] for mail in back] == [f'[RECOVERED] ECS Instance - {node}']


def command_line(pid):
    """Its words, each ended by a zero byte; none, when it has ended since it was found."""
    try:
        return Path(f'/proc/{pid}/cmdline').read_bytes()
    except OSError:
        return b''


def test_a_lab_starts_its_monitor_again_and_nothing_is_lost(make_lab):
    lab = make_lab(1, ('--monitor', '--monitor-grace', '2'))

    def monitors():
        return [pid for pid in processes_of(lab.state) if b'monitor\0run' in command_line(pid)]

    wait_for_the_monitor(lab)
    first = monitors()
    assert len(first) == 1
    lab.sh(1, 'systemctl stop ecs')
    kill(first[0])
    wait_for('another one', lambda: monitors() and monitors() != first, timeout=30)
    wait_for('a mail', lambda: mails(lab), timeout=90)
    assert [mail['subject'] for mail in mails(lab)][0].startswith('[ISSUE]')


def test_a_grace_that_is_none_is_refused(state):
    _, environment = state
    done = squall_with(environment, 'lab', 'up', '--detach', '--port', '0', '--instances', '1', '--monitor', '--monitor-grace', 'soon')
    assert done.code != 0 and '--monitor-grace' in done.err, done


def test_the_published_samples_pipeline_works_as_it_is(lab):
    """Rule, queue with delay, describe, topic: what aws-samples/amazon-ecs-agent-connection-monitoring builds, and what its function does."""
    sqs, sns, events, ecs, ec2 = (lab.client(name) for name in ('sqs', 'sns', 'events', 'ecs', 'ec2'))
    delay = 5
    queue = sqs.create_queue(QueueName='ecs-agent-monitoring', Attributes={'DelaySeconds': str(delay), 'VisibilityTimeout': '300', 'MessageRetentionPeriod': '172800'})['QueueUrl']
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=['QueueArn'])['Attributes']['QueueArn']
    pattern = {'source': ['aws.ecs'], 'detail-type': ['ECS Container Instance State Change'], 'detail': {'agentConnected': [False], 'status': ['ACTIVE']}}
    rule = events.put_rule(Name='ecs-agent-monitoring', EventPattern=json.dumps(pattern), State='ENABLED')['RuleArn']
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={'Policy': json.dumps({'Version': '2012-10-17', 'Statement': [{
        'Effect': 'Allow', 'Principal': {'Service': 'events.amazonaws.com'}, 'Action': 'sqs:SendMessage', 'Resource': arn,
        'Condition': {'ArnEquals': {'aws:SourceArn': rule}}}]})})
    answer = events.put_targets(Rule='ecs-agent-monitoring', Targets=[{'Id': 'queue', 'Arn': arn, 'RetryPolicy': {'MaximumRetryAttempts': 4, 'MaximumEventAgeInSeconds': 60}}])
    assert answer['FailedEntryCount'] == 0
    topic = sns.create_topic(Name='ecs-agent-monitoring')['TopicArn']
    sns.subscribe(TopicArn=topic, Protocol='email', Endpoint='team@example.com')

    lab.sh(1, 'systemctl stop ecs')
    received = []

    def receive():
        received.extend(sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=20, MaxNumberOfMessages=10, AttributeNames=['All']).get('Messages', []))
        return received

    message = wait_for('the event', receive, timeout=60)[0]
    waited = (int(message['Attributes']['ApproximateFirstReceiveTimestamp']) - int(message['Attributes']['SentTimestamp'])) / 1000
    assert waited >= delay
    detail = json.loads(message['Body'])['detail']
    assert detail['agentConnected'] is False and detail['status'] == 'ACTIVE'
    instance = ecs.describe_container_instances(cluster=detail['clusterArn'], containerInstances=[detail['containerInstanceArn']])['containerInstances'][0]
    node = instance['ec2InstanceId']
    assert ec2.describe_instances(InstanceIds=[node])['Reservations'][0]['Instances'][0]['State']['Name'] == 'running'
    assert instance['agentConnected'] is False
    sns.publish(TopicArn=topic, Subject=f'[ISSUE] ECS Instance - {node}', Message=f'[ISSUE] ECS Container Instance {node} from Cluster {detail["clusterArn"]} has the ECS Agent disconnected.')
    sqs.delete_message(QueueUrl=queue, ReceiptHandle=message['ReceiptHandle'])
    assert [mail['subject'] for mail in mails(lab)] == [f'[ISSUE] ECS Instance - {node}']
