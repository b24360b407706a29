"""What an operator builds around the monitor: a rule that forwards everything, a queue, a topic with a mailbox; and the monitor itself."""
import json
import re

from conftest import wait_for

PATTERN = {'source': ['aws.ecs', 'aws.ec2', 'aws.autoscaling', 'squall']}


def mails(lab):
    """All mails in the lab's mailbox, oldest first."""
    done = lab.squall('lab', 'mail', '--json')
    assert done.code == 0, done
    return [json.loads(line) for line in done.out.splitlines()]


class Pipeline:
    def __init__(self, lab, name='squall-monitor'):
        self.lab = lab
        sqs, sns, events = lab.client('sqs'), lab.client('sns'), lab.client('events')
        self.dead_letters = sqs.create_queue(QueueName=f'{name}-dead-letters')['QueueUrl']
        dead_letters_arn = sqs.get_queue_attributes(QueueUrl=self.dead_letters, AttributeNames=['QueueArn'])['Attributes']['QueueArn']
        redrive = json.dumps({'deadLetterTargetArn': dead_letters_arn, 'maxReceiveCount': 2})
        self.queue = sqs.create_queue(QueueName=name, Attributes={'RedrivePolicy': redrive, 'VisibilityTimeout': '2'})['QueueUrl']
        queue_arn = sqs.get_queue_attributes(QueueUrl=self.queue, AttributeNames=['QueueArn'])['Attributes']['QueueArn']
        rule_arn = events.put_rule(Name=name, EventPattern=json.dumps(PATTERN))['RuleArn']
        policy = {'Version': '2012-10-17', 'Statement': [{'Effect': 'Allow', 'Principal': {'Service': 'events.amazonaws.com'}, 'Action': 'sqs:SendMessage',
                                                           'Resource': queue_arn, 'Condition': {'ArnEquals': {'aws:SourceArn': rule_arn}}}]}
        sqs.set_queue_attributes(QueueUrl=self.queue, Attributes={'Policy': json.dumps(policy)})
        events.put_targets(Rule=name, Targets=[{'Id': 'queue', 'Arn': queue_arn}])
        self.topic = sns.create_topic(Name=name)['TopicArn']
        sns.subscribe(TopicArn=self.topic, Protocol='email', Endpoint='oncall@example.com')
        self.sqs = sqs

    def mail(self):
        return mails(self.lab)

    def send(self, body):
        self.sqs.send_message(QueueUrl=self.queue, MessageBody=body)


class Monitor:
    """A `squall monitor run` and what it has said so far."""

    def __init__(self, pipeline, *options, store=None):
        lab = pipeline.lab
        self.lab = lab
        self.store = str(store or lab.state / 'monitor.db')
        self.process = lab.start('monitor', 'run', '--queue', pipeline.queue, '--topic', pipeline.topic, '--store', self.store, '--listen', '0', *options)
        ready = self.process.stdout.readline()
        assert ready.startswith('ready '), (ready, self.process.stderr.read() if self.process.poll() is not None else '')
        self.url = re.search(r'(http://\S+)', ready).group(1)

    def squall(self, *arguments):
        return self.lab.squall('monitor', arguments[0], '--store', self.store, *arguments[1:])

    def status(self):
        done = self.squall('status', '--json')
        assert done.code == 0, done
        return json.loads(done.out)

    def wait_until_it_has_looked(self, connected):
        """It knows of so many connected agents."""
        return wait_for(f'{connected} connected agents', lambda: self.status()['agents']['connected'] == connected, timeout=60)

    def kill(self):
        self.process.kill()
        self.process.wait(30)

    def end(self):
        self.process.terminate()
        assert self.process.wait(30) == 0
        return self.process.stderr.read()
