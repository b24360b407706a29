"""`squall monitor run` against the lab: an agent goes, and people hear of it once."""
import datetime
import json
import os
import random
import stat
import urllib.error
import urllib.request

import pytest
from conftest import wait_for
from monitor_pipeline import Monitor, Pipeline
from monitor_receiver import Receiver

QUICK = ('--grace', '20', '--boot-grace', '0', '--hold', '1', '--poll', '10')
HASTY = ('--grace', '2', '--boot-grace', '0', '--hold', '0', '--poll', '10')


@pytest.fixture
def pipeline(lab):
    return Pipeline(lab)


@pytest.fixture
def receiver():
    made = Receiver()
    yield made
    made.close()


@pytest.fixture(scope='module')
def monitored(shared_lab):
    """A monitor that knows its one cluster, for questions that change nothing."""
    monitor = Monitor(Pipeline(shared_lab, 'questions'), *HASTY, store=shared_lab.state / 'questions.db')
    monitor.wait_until_it_has_looked(len(shared_lab.instance_ids()))
    yield monitor
    monitor.end()


def stop_agent(lab, instance=1):
    lab.sh(instance, 'systemctl stop ecs')


def start_agent(lab, instance=1):
    lab.sh(instance, 'systemctl start ecs')


def get(url):
    try:
        with urllib.request.urlopen(url, timeout=20) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def copies_of_all_events(lab, copies, seed):
    """Everything that the cluster has told so far, so many times, in any order."""
    events = [json.loads(line) for line in lab.squall('lab', 'events').out.splitlines()]
    bodies = [json.dumps(event) for event in events if event['detail-type'].startswith('ECS Container Instance')] * copies
    random.Random(seed).shuffle(bodies)
    return bodies


def flood(pipeline, bodies):
    for first in range(0, len(bodies), 10):
        entries = [{'Id': str(number), 'MessageBody': body} for number, body in enumerate(bodies[first:first + 10])]
        assert 'Failed' not in pipeline.sqs.send_message_batch(QueueUrl=pipeline.queue, Entries=entries)


def waiting(pipeline):
    names = ['ApproximateNumberOfMessages', 'ApproximateNumberOfMessagesNotVisible']
    attributes = pipeline.sqs.get_queue_attributes(QueueUrl=pipeline.queue, AttributeNames=names)['Attributes']
    return sum(int(attributes[name]) for name in names)


@pytest.mark.parametrize('copies', [0, 100])
def test_an_agent_that_is_gone_is_one_mail_and_its_return_another(lab, pipeline, copies):
    seed = random.randrange(1 << 32)
    print('seed', seed)
    monitor = Monitor(pipeline, *QUICK)
    monitor.wait_until_it_has_looked(1)
    node = lab.instance_ids()[0]
    stop_agent(lab)
    wait_for('the disconnection', lambda: monitor.status()['agents']['connected'] == 0)
    flood(pipeline, copies_of_all_events(lab, copies, seed))
    mails = wait_for('a mail', pipeline.mail, timeout=90)
    assert mails[0]['subject'] == f'[ISSUE] ECS Instance - {node}'
    for word in (node, 'demo', 'us-east-1a', 'Since: 20'):
        assert word in mails[0]['body'], mails[0]['body']
    flood(pipeline, copies_of_all_events(lab, copies, seed))
    start_agent(lab)
    mails = wait_for('a second mail', lambda: pipeline.mail()[1:] and pipeline.mail(), timeout=60)
    flood(pipeline, copies_of_all_events(lab, copies, seed))
    wait_for('all copies are read', lambda: waiting(pipeline) == 0, timeout=120)
    assert mails[1]['subject'] == f'[RECOVERED] ECS Instance - {node}'
    assert 'Duration: ' in mails[1]['body']
    assert len(pipeline.mail()) == 2
    assert 'error' not in monitor.end()


def test_a_short_absence_is_no_mail_and_is_explained(lab, pipeline):
    monitor = Monitor(pipeline, *QUICK)
    monitor.wait_until_it_has_looked(1)
    node = lab.instance_ids()[0]
    stop_agent(lab)
    wait_for('the disconnection', lambda: monitor.status()['agents']['connected'] == 0)
    start_agent(lab)
    monitor.wait_until_it_has_looked(1)
    assert pipeline.mail() == []
    told = monitor.squall('explain', node).out
    assert 'gone 1 times' in told and 'up' in told, told
    nobody = monitor.squall('explain', 'i-0123')
    assert nobody.code != 0 and 'nothing is known of i-0123' in nobody.err


def test_a_message_that_cannot_be_read_ends_in_the_dead_letter_queue_and_others_are_read(lab, pipeline):
    monitor = Monitor(pipeline, *HASTY)
    monitor.wait_until_it_has_looked(1)
    poison = ['no json', '{"source":"aws.ecs","detail-type":"ECS Container Instance State Change","detail":{}}', '[1]']
    for body in poison:
        pipeline.send(body)
    stop_agent(lab)
    wait_for('a mail', pipeline.mail, timeout=60)
    letters = []

    def all_letters():
        letters.extend(pipeline.sqs.receive_message(QueueUrl=pipeline.dead_letters, MaxNumberOfMessages=10, WaitTimeSeconds=2).get('Messages', []))
        return len({letter['Body'] for letter in letters}) == len(poison)

    wait_for('dead letters', all_letters, timeout=60)
    assert {letter['Body'] for letter in letters} == set(poison)
    assert monitor.status()['messages_unreadable'] >= len(poison)


def test_refused_calls_are_no_evidence(lab, pipeline):
    monitor = Monitor(pipeline, *HASTY)
    monitor.wait_until_it_has_looked(1)
    assert lab.squall('lab', 'api', 'break', 'ecs:DescribeContainerInstances', 'throttle').code == 0
    stop_agent(lab)
    wait_for('it is known as not verified', lambda: monitor.status()['agents']['by_phase'].get('unverified'), timeout=90)
    assert pipeline.mail() == []
    assert lab.squall('lab', 'api', 'mend').code == 0
    wait_for('a mail', pipeline.mail, timeout=90)


def test_a_webhook_that_fails_is_asked_again_and_holds_up_nobody(lab, pipeline, receiver):
    receiver.status = 503
    monitor = Monitor(pipeline, *HASTY, '--webhook', receiver.url)
    monitor.wait_until_it_has_looked(1)
    stop_agent(lab)
    wait_for('the mail', pipeline.mail, timeout=60)
    assert wait_for('a message waits', lambda: monitor.status()['outbox'].get('webhook')) == 1
    receiver.status = 200
    notice = wait_for('the notice', lambda: receiver.of('opened'), timeout=60)[0]
    node = lab.instance_ids()[0]
    assert notice['node'] == node and notice['nodes'] == [node] and notice['cluster'] == 'demo' and notice['availability_zone'] == 'us-east-1a'


def test_a_command_is_run_once_for_each_phase_even_if_it_fails(lab, pipeline):
    log = lab.state / 'hook.log'
    hook = lab.state / 'hook'
    hook.write_text(f'#!/bin/sh\ncmp -s - "$SQUALL_NOTICE_FILE" && same=yes\necho "$SQUALL_KIND $SQUALL_NODES $SQUALL_CLUSTER $same" >> {log}\nexit 7\n')
    hook.chmod(hook.stat().st_mode | stat.S_IXUSR)
    monitor = Monitor(pipeline, *HASTY, '--command', str(hook))
    monitor.wait_until_it_has_looked(1)
    node = lab.instance_ids()[0]
    stop_agent(lab)
    wait_for('the hook', lambda: log.exists() and log.read_text().splitlines(), timeout=60)
    start_agent(lab)
    wait_for('the hook again', lambda: len(log.read_text().splitlines()) > 1, timeout=60)
    wait_for('both mails', lambda: len(pipeline.mail()) == 2)
    assert log.read_text().splitlines() == [f'opened {node} demo yes', f'recovered {node} demo yes']
    assert 'ended with 7' in monitor.end()


def test_a_mute_is_kept_quiet_and_measured(lab, pipeline):
    monitor = Monitor(pipeline, *HASTY)
    monitor.wait_until_it_has_looked(1)
    node = lab.instance_ids()[0]
    muted = monitor.squall('mute', '--cluster', 'demo', '--node', node, '--for', '1h', '--why', 'a new disk')
    assert muted.code == 0, muted
    stop_agent(lab)
    wait_for('it is kept quiet', lambda: monitor.status()['agents']['by_phase'].get('suppressed'), timeout=60)
    start_agent(lab)
    monitor.wait_until_it_has_looked(1)
    told = monitor.squall('explain', node).out
    assert 'suppressed (planned)' in told and 'a new disk' in told and 'connected again' in told, told
    assert pipeline.mail() == []
    assert monitor.squall('unmute', muted.out.split(':')[0]).code == 0
    stop_agent(lab)
    wait_for('a mail', pipeline.mail, timeout=60)


@pytest.mark.parametrize('arguments, word', [
    (('--cluster', 'nowhere'), 'knows no cluster nowhere; it knows demo'), (('--cluster', 'demo', '--node', 'i-0123'), 'no instance i-0123 in cluster demo'),
    (('--cluster', 'demo', '--why', 'a \x1b[31mred\x1b[0m day'), 'one line of text'), (('--cluster', 'demo', '--why', 'two\nlines'), 'one line of text'),
    (('--cluster', 'demo', '--for', '9d'), '--for 9d: from 1 s to'), (('--cluster', 'demo', '--for', '0'), '--for 0: from 1 s to')])
def test_a_mute_of_what_is_not_there_is_refused(monitored, arguments, word):
    usual = [word for option in (('--for', '1d'), ('--why', 'a new disk')) if option[0] not in arguments for word in option]
    refused = monitored.squall('mute', *arguments, *usual)
    assert refused.code != 0 and word in refused.err, refused
    assert monitored.status()['windows'] == []


def test_what_keeps_it_from_its_work_is_told(lab, pipeline):
    monitor = Monitor(pipeline, *HASTY)
    monitor.wait_until_it_has_looked(1)
    request = urllib.request.Request(monitor.url + '/healthz', method='HEAD')
    with urllib.request.urlopen(request, timeout=20) as answer:
        assert answer.status == 200
    pipeline.sqs.delete_queue(QueueUrl=pipeline.queue)
    code, health = wait_for('it is not well', lambda: get(monitor.url + '/healthz')[0] == 503 and get(monitor.url + '/healthz'), timeout=60)
    assert 'no event can be received' in json.loads(health)['problems'][0], health
    assert monitor.status()['problems'] and 'PROBLEM: no event can be received' in monitor.squall('status').out
    monitor.kill()
    dead = monitor.squall('status')
    assert dead.code != 0 and 'has died' in dead.err, dead


@pytest.mark.parametrize('action, command', [('restart-agent', 'systemctl restart ecs'), ('restart-docker', 'systemctl restart docker && systemctl restart ecs')])
def test_the_agent_is_restarted_where_that_was_asked_for(lab, pipeline, action, command):
    monitor = Monitor(pipeline, *HASTY, '--actions', action)
    monitor.wait_until_it_has_looked(1)
    stop_agent(lab)
    wait_for('both mails', lambda: len(pipeline.mail()) == 2, timeout=90)
    node = lab.instance_ids()[0]
    wait_for('what came of it', lambda: f'{action}: `{command}` has run' in monitor.squall('explain', node).out, timeout=60)
    assert lab.connected() == {lab.instance_ids()[0]: True}


def test_the_alert_says_what_the_doctor_found(lab, pipeline):
    monitor = Monitor(pipeline, *HASTY, '--actions', 'diagnose')
    monitor.wait_until_it_has_looked(1)
    stop_agent(lab)
    wait_for('a mail', pipeline.mail, timeout=90)
    (mail,) = pipeline.mail()
    node = lab.instance_ids()[0]
    assert f'Diagnosis:\n{node}: AGENT_STOPPED (certain)' in mail['body'] and 'systemctl start ecs' in mail['body'], mail
    assert 'diagnose: AGENT_STOPPED' in monitor.squall('explain', node).out
    monitor.end()


def test_an_instance_is_drained_where_that_was_asked_for(lab, pipeline):
    monitor = Monitor(pipeline, *HASTY, '--actions', 'drain')
    monitor.wait_until_it_has_looked(1)
    stop_agent(lab)
    ecs = lab.client('ecs')

    def status():
        arns = ecs.list_container_instances(cluster='demo')['containerInstanceArns'] + ecs.list_container_instances(cluster='demo', status='DRAINING')['containerInstanceArns']
        return ecs.describe_container_instances(cluster='demo', containerInstances=arns)['containerInstances'][0]['status']

    wait_for('it is drained', lambda: status() == 'DRAINING', timeout=60)
    monitor.end()


def test_its_api_tells_how_it_is_and_who_may_ask_what(lab, pipeline):
    monitor = Monitor(pipeline, *HASTY)
    monitor.wait_until_it_has_looked(1)
    code, health = get(monitor.url + '/healthz')
    assert (code, json.loads(health)) == (200, {'status': 'ok', 'problems': []})
    assert get(monitor.url + '/v1/incidents?cluster=demo') == (200, '{"incidents":[]}\n')
    assert get(monitor.url + '/v1/incidents?cluster=nowhere')[0] == 404
    node = lab.instance_ids()[0]
    stop_agent(lab)
    wait_for('a mail', pipeline.mail, timeout=60)
    code, answer = get(monitor.url + '/v1/incidents?cluster=demo')
    assert code == 200 and json.loads(answer)['incidents'][0]['disconnected'] == [node]
    code, metrics = get(monitor.url + '/metrics')
    assert code == 200 and f'squall_monitor_agent_connected{{cluster="demo",instance="{node}"}} 0' in metrics
    assert 'squall_monitor_incidents_open 1' in metrics
    # What changes something is for this machine's user alone.
    request = urllib.request.Request(monitor.url + '/v1/windows', data=b'{}', method='POST')
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request, timeout=20)
    assert refused.value.code == 403


def test_two_monitors_do_not_share_a_store(lab, pipeline):
    monitor = Monitor(pipeline, *HASTY)
    second = lab.squall('monitor', 'run', '--queue', pipeline.queue, '--store', monitor.store)
    assert second.code != 0 and 'another monitor works with' in second.err
    bare = lab.squall('monitor', 'status', '--store', str(lab.state / 'none.db'))
    assert bare.code != 0 and 'no monitor runs here' in bare.err


@pytest.mark.parametrize('arguments, word', [
    (('--grace', 'soon'), '--grace'), (('--grace', '0'), '--grace'), (('--actions', 'reboot'), 'there is no action'), (('--listen', 'port'), '--listen'),
    (('--queue', 'no-such-queue'), 'no-such-queue'), (('--topic', 'mine'), '--topic'), (('--topic', 'arn:aws:sqs:us-east-1:111122223333:mine'), 'ARN of an SNS topic'),
    (('--topic', 'arn:aws:sns:eu-west-1:111122223333:mine'), 'it is in eu-west-1'), (('--topic', 'arn:aws:sns:us-east-1:123456789012:nobodys'), 'there is no such topic'),
    (('--command', '/tmp'), 'it is a folder'), (('--command', '/bin/true', '--command-limit', '0'), '1 s or more'), (('--webhook', 'ftp://x'), '--webhook'), (('--command', '/no/such'), '/no/such'),
    (('--group', 'lonely'), '--group'), (('--poll', '1'), '--poll')])
def test_bad_options_are_refused_in_words(shared_lab, arguments, word):
    done = shared_lab.squall('monitor', 'run', '--store', str(shared_lab.state / 'bad.db'), *arguments)
    assert done.code != 0 and word in done.err, done


def test_nothing_is_lost_or_repeated_whenever_it_is_killed(make_lab, receiver):
    """MONITOR_KILLS: how many; MONITOR_SEED repeats the order of things (the machine's load is another matter)."""
    kills = int(os.environ.get('MONITOR_KILLS', '25'))
    seed = int(os.environ.get('MONITOR_SEED', random.randrange(1 << 32)))
    print('seed', seed, 'kills', kills)
    chance = random.Random(seed)
    lab = make_lab(3)
    pipeline = Pipeline(lab)
    options = (*HASTY, '--webhook', receiver.url)
    up = {1: True, 2: True, 3: True}
    store = lab.state / 'monitor.db'
    monitor = Monitor(pipeline, *options, store=store)
    monitor.wait_until_it_has_looked(3)
    for _ in range(kills):
        for instance in up:
            if chance.random() < 0.4:
                (stop_agent if up[instance] else start_agent)(lab, instance)
                up[instance] = not up[instance]
        process = monitor.process
        if chance.random() < 0.5:
            # Between publishing and committing: it dies while it waits for the receiver's answer.
            receiver.on_notice = lambda notice, victim=process: victim.kill()
        try:
            process.wait(chance.uniform(0.05, 3.5))
        except Exception:
            process.kill()
            process.wait(30)
        receiver.on_notice = lambda notice: None
        monitor = Monitor(pipeline, *options, store=store)
    for instance, is_up in up.items():
        if not is_up:
            start_agent(lab, instance)
    monitor.wait_until_it_has_looked(3)
    wait_for('all is told', lambda: not monitor.status()['incidents'] and waiting(pipeline) == 0 and not monitor.status()['outbox'], timeout=120)
    check_against_the_events(lab, receiver, grace=2)


def absences(lab):
    """By node, how long its agent was gone each time, as ECS's own events have it, oldest first."""
    since, found = {}, {}
    for line in lab.squall('lab', 'events').out.splitlines():
        event = json.loads(line)
        if event['detail-type'] != 'ECS Container Instance State Change':
            continue
        detail = event['detail']
        node = detail['ec2InstanceId']
        at = datetime.datetime.fromisoformat(detail['updatedAt'].replace('Z', '+00:00')).timestamp()
        if detail['agentConnected'] and node in since:
            found.setdefault(node, []).append(at - since.pop(node))
        elif not detail['agentConnected']:
            since.setdefault(node, at)
    return found


def check_against_the_events(lab, receiver, grace):
    told = {}
    for notice in receiver.once():
        if notice['kind'] in ('opened', 'grouped'):
            for node in notice['nodes']:
                told[node] = told.get(node, 0) + 1
    for node, gaps in absences(lab).items():
        # What ended within a moment of the grace may be either: the check and the return met.
        surely = sum(gap > grace + 1 for gap in gaps)
        perhaps = sum(gap > grace for gap in gaps)
        assert surely <= told.get(node, 0) <= perhaps, (node, gaps, told, receiver.once())
    opened = [notice['incident'] for notice in receiver.once() if notice['kind'] in ('opened', 'grouped')]
    recovered = [notice['incident'] for notice in receiver.once() if notice['kind'] == 'recovered']
    assert sorted(opened) == sorted(recovered) and len(set(opened)) == len(opened), receiver.once()
    assert opened, 'nothing was told: this has tested nothing'
