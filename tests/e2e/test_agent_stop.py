"""The fault as its users see it: with the AWS CLI, during and after."""
import json

from conftest import wait_for


def describe(lab):
    arns = lab.aws('ecs', 'list-container-instances', '--cluster', 'demo')['containerInstanceArns']
    return lab.aws('ecs', 'describe-container-instances', '--cluster', 'demo', '--container-instances', *arns)['containerInstances']


def running_tasks(lab):
    return sorted(lab.aws('ecs', 'list-tasks', '--cluster', 'demo', '--desired-status', 'RUNNING')['taskArns'])


def containers(lab, instance):
    """Id and process of every container of a host, as `docker inspect` gives them."""
    listed = json.loads(lab.sh(instance, 'curl -s --unix-socket /var/run/docker.sock http://docker/containers/json'))
    result = {}
    for container in listed:
        inspected = json.loads(lab.sh(instance, f'curl -s --unix-socket /var/run/docker.sock http://docker/containers/{container["Id"]}/json'))
        result[container['Id']] = inspected['State']['Pid']
    return result


def credentials_answer(lab, instance):
    """What a task gets of 169.254.170.2: the exit code of curl inside its network namespace."""
    pid = next(iter(containers(lab, instance).values()))
    uri = lab.sh(instance, f"tr '\\0' '\\n' </proc/{pid}/environ | sed -n 's/^AWS_CONTAINER_CREDENTIALS_RELATIVE_URI=//p'")
    return lab.exec(instance, 'nsenter', f'--net=/proc/{pid}/ns/net', 'curl', '-sf', '-m', '3', f'http://169.254.170.2{uri}')


def test_a_minute_without_agents_as_the_aws_cli_sees_it(make_lab):
    lab = make_lab(3)
    tasks = running_tasks(lab)
    agents = {instance: lab.agent_pid(instance) for instance in (1, 2, 3)}
    processes = {instance: containers(lab, instance) for instance in (1, 2, 3)}
    assert len(tasks) == 3 and all(len(found) == 1 for found in processes.values())
    assert 'SecretAccessKey' in credentials_answer(lab, 1).out

    run = lab.run(60)
    run.until('phase', phase='hold')
    wait_for('every instance is shown as disconnected', lambda: not any(one['agentConnected'] for one in describe(lab)))
    assert {one['status'] for one in describe(lab)} == {'ACTIVE'}
    assert running_tasks(lab) == tasks
    refused = lab.aws('ecs', 'run-task', '--cluster', 'demo', '--task-definition', 'web')
    assert refused['tasks'] == [] and {failure['reason'] for failure in refused['failures']} == {'AGENT'}
    aimed = lab.aws('ecs', 'start-task', '--cluster', 'demo', '--task-definition', 'web', '--container-instances', describe(lab)[0]['containerInstanceArn'])
    assert [failure['reason'] for failure in aimed['failures']] == ['AGENT']
    for instance, pid in agents.items():
        assert lab.exec(instance, 'test', '-e', f'/proc/{pid}').code != 0, 'the agent is gone'
        assert lab.exec(instance, 'systemctl', 'is-active', 'ecs').out.strip() == 'inactive'
        assert containers(lab, instance) == processes[instance], 'tasks keep their processes'
    assert credentials_answer(lab, 1).code != 0, 'the credentials route is gone with the unit'

    assert run.finish() == 0, run.verdict
    assert run.verdict['verdict'] == 'passed' and run.verdict['score'] is None
    assert all(one['agentConnected'] for one in describe(lab))
    assert running_tasks(lab) == tasks
    for instance, pid in agents.items():
        assert lab.agent_pid(instance) != pid, 'a new agent'
        assert containers(lab, instance) == processes[instance]
        assert lab.exec(instance, 'test', '-e', '/var/run/squall').code != 0, 'nothing of the run is left on the host'
    assert 'SecretAccessKey' in credentials_answer(lab, 1).out
    started = lab.aws('ecs', 'run-task', '--cluster', 'demo', '--task-definition', 'web')
    assert len(started['tasks']) == 1 and started['failures'] == []
    lab.aws('ecs', 'wait', 'tasks-running', '--cluster', 'demo', '--tasks', started['tasks'][0]['taskArn'])


def test_serial_takes_one_host_after_another(make_lab):
    lab = make_lab(2)
    run = lab.run(8, '--set', 'SEQUENCE=serial', '--set', 'RAMP_TIME=1')
    assert run.finish() == 0, run.verdict
    order = [(event['kind'], event['target']) for event in run.events if event['kind'] in ('injected', 'recovered')]
    first, second = lab.instance_ids()
    assert order == [('injected', first), ('recovered', first), ('injected', second), ('recovered', second)]
    assert [event['phase'] for event in run.of('phase')][0] == 'ramp-before'
    assert [event['phase'] for event in run.of('phase')][-1] == 'ramp-after'


def test_a_host_whose_record_of_it_is_removed_is_brought_back_all_the_same(make_lab):
    lab = make_lab(2)
    run = lab.run(8)
    run.until('phase', phase='hold')
    lab.sh(1, 'rm -rf /var/run/squall')
    assert run.finish() == 0, run.verdict
    assert all(lab.connected().values())
    assert {event['by'] for event in run.of('reverted')} == {'our command'}


def test_a_run_that_meets_another_ones_host_ends_what_it_has_done(make_lab):
    lab = make_lab(2)
    [first, second] = lab.instance_ids()
    run = lab.run(6, '--set', 'SEQUENCE=serial')
    run.until('affected', target=first)
    lab.sh(2, 'mkdir -p /var/run/squall/ecs-agent-stop && echo r-theirs >/var/run/squall/ecs-agent-stop/run && date -d +5min +%s >/var/run/squall/ecs-agent-stop/until')
    assert run.finish() == 5, run.verdict
    assert 'r-theirs' in run.verdict['reason'] and [event['other_run'] for event in run.of('not-injected', second)] == ['r-theirs']
    assert all(lab.connected().values())
    refused = lab.run(6, '--set', 'SEQUENCE=serial')
    refused.until('phase', phase='hold')
    lab.sh(2, 'rm -r /var/run/squall')
    assert refused.finish() == 0


def test_a_role_can_be_assumed_for_it(lab):
    run = lab.run(6, '--set', 'ASSUME_ROLE_ARN=arn:aws:iam::123456789012:role/squall-experiment')
    assert run.finish() == 0, run.verdict
    assert run.events[0]['principal'].startswith('arn:aws:sts::123456789012:assumed-role/squall-experiment/squall-')
    denied = lab.squall('plan', '--fault', 'ecs-agent-stop', '--set', 'CLUSTER_NAME=demo', '--set', 'ASSUME_ROLE_ARN=arn:aws:iam::123456789012:role/nobody')
    assert denied.code == 3
    assert 'sts:AssumeRole' in denied.err and 'role/nobody' in denied.err and 'arn:aws:iam::123456789012:user/lab' in denied.err


def test_the_events_keep_their_contract(lab):
    run = lab.run(6)
    assert run.finish() == 0
    assert [event['seq'] for event in run.events] == list(range(1, len(run.events) + 1))
    assert all(event['run'] == run.events[0]['run'] and event['at'].endswith('Z') for event in run.events)
    verdict = run.verdict
    assert verdict['kind'] == 'verdict'
    assert verdict['api_calls']['ssm:SendCommand'] == 2
    assert verdict['api_calls']['ecs:ListContainerInstances'] == 1
    [host] = verdict['instances']
    assert host['time_to_detect_ms'] >= 0 and host['time_to_recover_ms'] >= 0
    shown = lab.squall('runs', run.events[0]['run'], '--json')
    assert [json.loads(line) for line in shown.out.splitlines()] == run.events, 'the journal holds the same stream'
    [record] = [json.loads(line) for line in lab.squall('runs', '--json').out.splitlines()]
    assert record['verdict'] == 'passed' and not record['open']


def test_a_plan_can_be_held_to(make_lab):
    lab = make_lab(2)
    arguments = ['--fault', 'ecs-agent-stop', '--set', 'CLUSTER_NAME=demo', '--set', 'TOTAL_CHAOS_DURATION=6']
    plan = json.loads(lab.squall('plan', '--json', *arguments).out)
    assert [target['skip'] for target in plan['targets']] == ['', '']
    assert json.loads(lab.squall('plan', '--json', *arguments).out)['hash'] == plan['hash']
    first = lab.instance_ids()[0]
    lab.sh(1, 'systemctl stop ecs')
    wait_for('ECS sees the agent gone', lambda: not lab.connected()[first])
    refused = lab.squall('run', '--plan', plan['hash'], *arguments)
    assert refused.code == 6 and 'has changed since the plan' in refused.err
    lab.sh(1, 'systemctl start ecs')
    wait_for('the agent is back', lambda: lab.connected()[first])
    assert lab.squall('run', '--plan', plan['hash'][:12], *arguments).code == 0


def test_an_agent_that_is_away_already_is_skipped_and_left_alone(make_lab):
    lab = make_lab(2)
    first, second = lab.instance_ids()
    lab.sh(1, 'systemctl stop ecs')
    wait_for('ECS sees the agent gone', lambda: not lab.connected()[first])
    run = lab.run(6)
    assert run.finish() == 0, run.verdict
    assert [event['target'] for event in run.of('skipped')] == [first]
    assert [event['target'] for event in run.of('recovered')] == [second]
    assert lab.exec(1, 'systemctl', 'is-active', 'ecs').out.strip() == 'inactive', 'the undo does not start what it did not stop'


def test_faults_and_policy_explain_themselves(lab):
    assert 'ecs-agent-stop' in lab.squall('faults').out
    text = lab.squall('faults', 'ecs-agent-stop').out
    for name in ('CLUSTER_NAME', 'REGION', 'TOTAL_CHAOS_DURATION', 'SEQUENCE', 'RAMP_TIME', 'ASSUME_ROLE_ARN'):
        assert name in text

    def actions(*options):
        policy = json.loads(lab.squall('policy', '--fault', 'ecs-agent-stop', '--set', 'CLUSTER_NAME=demo', *options).out)
        return {action for statement in policy['Statement'] for action in ([statement['Action']] if isinstance(statement['Action'], str) else statement['Action'])}

    least, everything = actions(), actions('--all')
    assert least < everything and {'ecs:ListServices', 'cloudwatch:DescribeAlarms'} <= everything - least
    run = lab.run(6)
    assert run.finish() == 0
    used = set(run.verdict['api_calls']) - {'sts:GetCallerIdentity'}
    assert used <= everything and used - {'ecs:ListServices', 'ecs:DescribeServices'} <= least, 'what the run called is what the policies allow'
