"""Agents attach by the ECS agent's own protocol: what the real agent was recorded to say must be understood."""
import json
import threading
import time
import types

import boto3
import pytest
from agent_wire import Refused, WebSocket, recording, signed, signed_names
from agent_wire_capture import Capture, kinds_of, paths_of, recorded_kinds
from agent_wire_replay import Replay
from conftest import wait_for

ALL = ('happy-1.83.0', 'happy-1.105.0', 'closes-1.83.0', 'external-1.105.0', 'frozen-1.83.0', 'restart-1.83.0',
       'silent-control-plane-1.83.0', 'task-role-1.83.0', 'tasks-1.83.0')


@pytest.fixture
def agent(shared_lab, request):
    """An agent that has registered and opened both websockets, in a cluster of its own."""
    replay = Replay(shared_lab, 'happy-1.83.0', cluster='wire-' + request.node.name.replace('_', '-')[-60:]).run_until_open()
    yield replay
    replay.leave()


def steps_of(name, **members):
    return [step for step in recording(name) if all(step.get(member) == value for member, value in members.items())]


@pytest.mark.parametrize('name', [name for name in ALL if not name.startswith('frozen')])
def test_every_recorded_step_of_the_real_agent_succeeds(shared_lab, name):
    replay = Replay(shared_lab, name).run()
    assert not replay.answers, 'every recorded call has its recorded answer'
    for channel in ('acs', 'tcs'):
        assert replay.done.count(f'{channel} open') == len(steps_of(name, chan=channel, ev='ws-open'))
        assert replay.done.count(f'{channel} closed') == len(steps_of(name, chan=channel, ev='ws-closed'))
    for operation in ('RegisterContainerInstance', 'DiscoverPollEndpoint', 'SubmitTaskStateChange'):
        assert replay.done.count(operation) == len(steps_of(name, op=operation, dir='agent->server'))
    assert replay.ecs.list_container_instances(cluster=replay.cluster)['containerInstanceArns'] == [replay.instance]
    seen = replay.described()
    assert not seen['agentConnected'] and seen['status'] == 'ACTIVE', 'an agent that is gone leaves its instance registered'
    if replay.statuses:
        assert [detail['status'] for detail in seen['healthStatus']['details']] == [replay.statuses[-1]]
    replay.leave()


def test_an_external_instance_needs_no_instance_metadata(shared_lab):
    replay = Replay(shared_lab, 'external-1.105.0', cluster='wire-anywhere').run_until_open()
    assert replay.described()['ec2InstanceId'].startswith('mi-')
    replay.leave()


def test_a_tasks_role_is_what_its_credentials_assume(shared_lab):
    replay = Replay(shared_lab, 'task-role-1.83.0', cluster='wire-role')
    replay.run(next(i for i, step in enumerate(replay.steps) if step.get('op') == 'SubmitTaskStateChange'))
    [keys] = replay.credentials
    sts = boto3.client('sts', endpoint_url=shared_lab.endpoint, region_name='us-east-1', aws_access_key_id=keys['accessKeyId'],
                       aws_secret_access_key=keys['secretAccessKey'], aws_session_token=keys['sessionToken'])
    [task] = replay.tasks.values()
    assert sts.get_caller_identity()['Arn'] == f'arn:aws:sts::123456789012:assumed-role/taskrole/{task.rsplit("/", 1)[1]}'
    replay.leave()


def test_a_health_check_goes_to_the_agent_and_its_result_to_the_user(shared_lab):
    replay = Replay(shared_lab, 'tasks-1.83.0', cluster='wire-health')
    published = [i for i, step in enumerate(replay.steps) if step.get('ws', {}).get('type') == 'PublishHealthRequest']
    seen = []
    for number in published:
        # The step after it is the acknowledgement.
        replay.run(number + 2)
        [report] = replay.steps[number]['ws']['message']['tasks']
        task = replay.task(report['taskArn'])
        assert task['healthStatus'] == task['containers'][0]['healthStatus'] == report['containers'][0]['healthStatus']
        seen.append(task['healthStatus'])
    assert seen[0] == 'HEALTHY' and seen[-1] == 'UNHEALTHY'
    replay.leave()


def test_a_hosts_metadata_service_answers_what_the_agent_asks(shared_lab):
    asked = {(step['method'], step['path'], step['status']) for name in ALL for step in steps_of(name, chan='imds')}
    mac = shared_lab.sh(1, 'T=$(curl -s -X PUT -H "X-aws-ec2-metadata-token-ttl-seconds: 21600" http://169.254.169.254/latest/api/token); '
                           'curl -s -H "X-aws-ec2-metadata-token: $T" http://169.254.169.254/latest/meta-data/mac')
    get = 'curl -s -o /dev/null -w "%{http_code}\\n" -H "X-aws-ec2-metadata-token: $T" http://169.254.169.254'
    wanted = sorted((path.replace('0e:00:00:00:00:01', mac), status) for method, path, status in asked if method == 'GET')
    assert ('PUT', '/latest/api/token', 200) in asked and len(wanted) > 8
    answers = shared_lab.sh(1, 'T=$(curl -s -X PUT -H "X-aws-ec2-metadata-token-ttl-seconds: 21600" http://169.254.169.254/latest/api/token); '
                            + '; '.join(f'{get}{path}' for path, _ in wanted)).split()
    for (path, status), answer in zip(wanted, answers):
        # The stand-in had no zone id, which costs an agent six seconds; EC2 has one. An instance without a public address has none to give.
        otherwise = {'/latest/meta-data/placement/availability-zone-id': 200, '/latest/meta-data/public-ipv4': 404}
        assert int(answer) in (status, otherwise.get(path)), path


def run_and_stop_a_task(lab, instance):
    ecs = lab.client('ecs')
    instances = ecs.list_container_instances(cluster='demo')['containerInstanceArns']
    [arn] = [one['containerInstanceArn'] for one in ecs.describe_container_instances(cluster='demo', containerInstances=instances)['containerInstances']
             if one['ec2InstanceId'] == lab.instance_ids()[instance - 1]]
    # The lab's own: the recorded tasks are of a family of the same name.
    [task] = ecs.start_task(cluster='demo', taskDefinition='web:1', containerInstances=[arn])['tasks']

    def status():
        return ecs.describe_tasks(cluster='demo', tasks=[task['taskArn']])['tasks'][0]['lastStatus']

    wait_for('the task runs', lambda: status() == 'RUNNING')
    ecs.stop_task(cluster='demo', task=task['taskArn'])
    wait_for('the task has stopped', lambda: status() == 'STOPPED')


def freeze(lab):
    """A recorded agent and a host's own agent, both frozen in the same way, and one that is well to compare with.

    What another host's agent sends in that time is taken down.
    """
    capture = Capture(lab, 1)
    run_and_stop_a_task(lab, 1)
    recorded = Replay(lab, 'frozen-1.83.0')
    end = next(i for i, step in enumerate(recorded.steps) if step.get('ev') == 'ws-read-error')
    begin = max(i for i, step in enumerate(recorded.steps[:end]) if step.get('dir') == 'agent->server') + 2
    recorded.run(begin)
    recorded.sockets['acs'].is_frozen = True
    well = Replay(lab, 'happy-1.105.0', cluster='wire-well').run_until_open()
    heard = {'acs': [time.monotonic()], 'tcs': [time.monotonic()]}

    def answer(channel):
        def on_text(socket, message):
            heard[channel].append(time.monotonic())
            if channel == 'acs':
                socket.send(json.dumps({'type': 'HeartbeatAckRequest', 'message': {'messageId': message['message']['messageId']}}))
        return on_text

    for channel, socket in well.sockets.items():
        socket.on_text = answer(channel)
    well.play({'chan': 'acs', 'dir': 'server->agent', 'ws': {'type': 'HeartbeatMessage', 'message': {'healthy': True, 'messageId': ''}}})
    well.play({'chan': 'acs', 'dir': 'agent->server', 'opcode': 1, 'ws': {'type': 'HeartbeatAckRequest', 'message': {'messageId': ''}}})

    instance_id, ecs = lab.instance_ids()[1], lab.client('ecs')
    pid = lab.agent_pid(2)
    seen = types.SimpleNamespace(recorded=recorded, heard=heard, pid=pid, disconnected={}, lab=lab)

    def tasks():
        return sorted(ecs.list_tasks(cluster='demo', desiredStatus='RUNNING')['taskArns'])

    def processes():
        return lab.sh(2, "for c in $(curl -s --unix-socket /var/run/docker.sock http://docker/containers/json | grep -o '\"Id\":\"[0-9a-f]*' | cut -d'\"' -f4); do "
                         "curl -s --unix-socket /var/run/docker.sock http://docker/containers/$c/json | grep -o '\"Pid\":[0-9]*'; done")

    seen.tasks_before, seen.processes_before = tasks(), processes()
    lab.sh(2, f'kill -STOP {pid}')
    try:
        frozen_at = time.monotonic()
        states = {'recorded': recorded.is_connected, 'host': lambda: lab.connected()[instance_id]}
        while states:
            assert time.monotonic() - frozen_at < 120, f'still connected: {list(states)}'
            for name in [name for name, is_connected in states.items() if not is_connected()]:
                seen.disconnected[name] = time.monotonic() - frozen_at
                del states[name]
            time.sleep(0.2)
        seen.well_was_connected = well.is_connected()
        seen.state = lab.sh(2, f"cut -d')' -f2 /proc/{pid}/stat").split()[0]
        seen.unit = lab.sh(2, 'systemctl is-active ecs')
        seen.tasks_during, seen.processes_during = tasks(), processes()
    finally:
        lab.sh(2, f'kill -CONT {pid}')
    wait_for('the thawed agent is connected again', lambda: lab.connected()[instance_id])
    seen.pid_after, seen.tasks_after, seen.processes_after = lab.agent_pid(2), tasks(), processes()
    well.leave()
    recorded.at = end
    seen.captured = capture.end()
    return seen


@pytest.fixture(scope='module')
def frozen(shared_lab):
    return freeze(shared_lab)


def test_a_frozen_agent_is_disconnected_by_its_missing_acknowledgements(frozen):
    assert frozen.state == 'T' and frozen.unit == 'active', 'nothing has ended: only the silence tells'
    for name, after in frozen.disconnected.items():
        # Patience of 30 s, counted from a heartbeat that comes within 10 s.
        assert after > 29, name
    assert frozen.pid_after == frozen.pid, 'the same process is back'
    assert frozen.well_was_connected, 'one that answers stays connected'


def test_a_frozen_agents_tasks_keep_running(frozen):
    assert len(frozen.tasks_before) == 2 and frozen.processes_before.startswith('"Pid":')
    assert frozen.tasks_before == frozen.tasks_during == frozen.tasks_after
    assert frozen.processes_before == frozen.processes_during == frozen.processes_after


def test_no_agent_is_left_in_silence(frozen):
    # In the recording with the silent control plane, agents close after 60 s and more.
    for channel, times in frozen.heard.items():
        assert len(times) > 3, channel
        assert max(later - earlier for earlier, later in zip(times, times[1:])) < 60, channel


def test_a_recorded_agent_that_thaws_goes_on_where_it_was(frozen):
    frozen.recorded.run()
    assert frozen.recorded.done.count('acs open') == 2 and frozen.recorded.done.count('tcs close 1000') == 1
    frozen.recorded.leave()


def test_a_control_plane_cannot_tell_the_labs_agent_from_the_real_one(frozen):
    ours, real = kinds_of(frozen.captured), recorded_kinds([name for name in ALL if '1.83.0' in name])
    for kind in ('RegisterContainerInstance', 'DiscoverPollEndpoint', 'SubmitTaskStateChange', 'HeartbeatAckRequest', 'AckRequest',
                 'PublishMetricsRequest', 'PublishInstanceStatusRequest'):
        always = set.intersection(*map(paths_of, real[kind]))
        ever = set.union(*map(paths_of, real[kind]))
        assert ours.get(kind), f'never sent: {kind}'
        for message in ours[kind]:
            assert always <= paths_of(message) <= ever, f'{kind}: lacks {sorted(always - paths_of(message))}, adds {sorted(paths_of(message) - ever)}'
    assert ours.keys() <= real.keys()


def test_the_labs_agent_signs_and_opens_its_connections_as_the_real_one_does(frozen):
    def requests(steps):
        # What only credentials of a role add, and how a connection is used: the lab's agent makes one for each call.
        ignored = {'x-amz-security-token', 'accept-encoding', 'connection'}
        found = {}
        for step in steps:
            if 'headers' in step and ('op' in step or 'ev' in step) and step.get('chan') != 'imds':
                kind = step.get('op') or step['chan']
                query = sorted(part.split('=')[0] for part in step['path'].split('?')[1].split('&')) if step.get('ev') else None
                names = set(signed_names(step['headers'])) - ignored
                found[kind] = {'headers': set(step['headers']) - ignored, 'signed': names, 'query': query}
        return found

    real, ours = requests(recording('happy-1.83.0')), requests(frozen.captured)
    assert ours == real, (ours, real)
    for step in frozen.captured:
        if step.get('chan') == 'tcs' and 'ws' in step:
            names = [line.split(':')[0] for line in step['prefix_headers'].split('\r\n') if line]
            assert sorted(name for name in names if name != 'X-Amz-Security-Token') == ['Authorization', 'Host', 'X-Amz-Date']
        if step.get('chan') == 'acs' and 'ws' in step:
            assert step['prefix_headers'] == ''


def target_of(replay, channel='acs', **changes):
    target = replay.mine_in_query(next(step['path'] for step in replay.steps if step.get('ev') == 'ws-open' and step['chan'] == channel))
    for old, new in changes.items():
        target = target.replace(old, new)
    return target


def refusal(replay, target, headers=None):
    with pytest.raises(Refused) as refused:
        WebSocket(replay.host, target, headers or signed(replay.lab, 'GET', target, {'host': replay.host}))
    return refused.value.status, json.loads(refused.value.body)


def test_a_refused_handshake_names_one_exception(agent):
    target = target_of(agent)
    other = target.replace(f'clusterArn={agent.cluster}', 'clusterArn=nowhere')
    status, body = refusal(agent, other)
    assert status == 400 and list(body) == ['InvalidClusterException']
    foreign = target.replace(f'container-instance%2F{agent.cluster}', 'container-instance%2Fdemo')
    status, body = refusal(agent, foreign)
    assert status == 400 and list(body) == ['InvalidInstanceException']
    headers = signed(agent.lab, 'GET', target, {'host': agent.host})
    status, body = refusal(agent, target, {**headers, 'authorization': headers['authorization'][:-4] + 'beef'})
    assert status == 400 and list(body) == ['AccessDeniedException']
    assert agent.is_connected(), 'the agent that is there is not touched'


def test_a_deregistered_agent_is_closed_and_told_so_when_it_comes_back(agent):
    target = target_of(agent)
    answer = agent.ecs.deregister_container_instance(cluster=agent.cluster, containerInstance=agent.instance)['containerInstance']
    assert answer['status'] == 'INACTIVE' and not answer['agentConnected']
    agent.sockets['acs'].wait_until_ended()
    assert agent.sockets['acs'].close_frame[0] == 1000
    status, body = refusal(agent, target)
    assert status == 400 and list(body) == ['InactiveInstanceException']
    assert agent.ecs.list_container_instances(cluster=agent.cluster)['containerInstanceArns'] == []


def test_registration_into_an_unknown_cluster_fails_in_the_words_the_agent_looks_for(agent):
    with pytest.raises(agent.ecs.exceptions.ClusterNotFoundException, match='Cluster not found.'):
        agent.ecs.register_container_instance(cluster='nowhere')


def test_long_messages_come_in_several_frames(agent):
    agent.sockets['tcs'].send('Authorization: x\r\nHost: h\r\n\r\n' + json.dumps({'type': 'PublishMetricsRequest', 'message': {'padding': 'x' * 100_000}}))
    assert agent.next('tcs', 'AckPublishMetric')['message']
    candidates = [{'taskArn': f'arn:aws:ecs:us-east-1:123456789012:task/{agent.cluster}/{number:032x}', 'taskClusterArn': agent.cluster, 'desiredStatus': 'STOPPED'}
                  for number in range(500)]
    agent.sockets['acs'].send(json.dumps({'type': 'TaskStopVerificationMessage', 'message': {'messageId': 'long', 'stopCandidates': candidates}}))
    assert agent.next('acs', 'TaskStopVerificationAck')['stopTasks'] == candidates


def test_what_is_no_message_does_not_end_the_connection(agent):
    for junk in ('no json', '[]', '{}', '{"type":5}', '{"type":"Unknown","message":{}}', '{"type":"AckRequest","message":{"messageId":"never sent"}}'):
        for socket in agent.sockets.values():
            socket.send(junk)
            socket.send(junk, opcode=2)
    agent.sockets['acs'].send(json.dumps({'type': 'TaskStopVerificationMessage', 'message': {'messageId': 'm', 'stopCandidates': []}}), opcode=2)
    assert agent.next('acs', 'TaskStopVerificationAck')['messageId'] == 'm', 'binary frames are read too'
    agent.sockets['tcs'].send(json.dumps({'type': 'PublishMetricsRequest', 'message': {}}))
    assert agent.next('tcs', 'AckPublishMetric')
    assert agent.is_connected()


def test_a_task_is_sent_again_until_its_agent_has_acknowledged_it(agent):
    first = next(step for step in agent.steps if step.get('ws', {}).get('type') == 'PayloadMessage')['ws']['message']['tasks'][0]
    first = {name: value for name, value in first.items() if name != 'serviceName'}
    arn = agent.launch(first)
    assert [task['arn'] for task in agent.next('acs', 'PayloadMessage')['tasks']] == [arn]
    agent.sockets['acs'].drop()
    wait_for('ECS shows the agent as disconnected', lambda: not agent.is_connected())
    opening = next(step for step in agent.steps if step.get('ev') == 'ws-open' and step['chan'] == 'acs')
    agent.play(opening)
    again = agent.next('acs', 'PayloadMessage')
    assert [task['arn'] for task in again['tasks']] == [arn]
    agent.sockets['acs'].send(json.dumps({'type': 'AckRequest', 'message': {'cluster': agent.cluster, 'containerInstance': agent.instance, 'messageId': again['messageId']}}))
    # What comes after the acknowledgement shows that it was read.
    agent.sockets['acs'].send(json.dumps({'type': 'TaskStopVerificationMessage', 'message': {'messageId': 'm', 'stopCandidates': []}}))
    agent.next('acs', 'TaskStopVerificationAck')
    agent.sockets['acs'].drop()
    wait_for('ECS shows the agent as disconnected', lambda: not agent.is_connected())
    agent.play(opening)
    agent.next('acs', 'HeartbeatMessage')
    with pytest.raises(TimeoutError):
        agent.sockets['acs'].receive(timeout=1)


def test_a_new_connection_takes_over_the_old_and_nobody_sees_a_gap(agent):
    before = agent.described()
    old = agent.sockets['acs']
    threads = [threading.Thread(target=old.wait_until_ended)]
    threads[0].start()
    agent.play(next(step for step in agent.steps if step.get('ev') == 'ws-open' and step['chan'] == 'acs'))
    threads[0].join()
    assert old.close_frame[0] == 1000
    after = agent.described()
    assert after['agentConnected'] and after['version'] == before['version'], 'no change, no event'
