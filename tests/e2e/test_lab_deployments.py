"""A deployment of a service while the agents are away, seen with the aws program as a user would."""
import json

from conftest import wait_for
from lab_api import FAST, Refusal, client, refused


def service_of(lab, name='web'):
    [service] = lab.aws('ecs', 'describe-services', '--cluster', 'demo', '--services', name)['services']
    return service


def messages_of(service):
    return [event['message'] for event in service['events']]


def register_again(lab, family='web'):
    """The same containers as a new revision."""
    definition = lab.aws('ecs', 'describe-task-definition', '--task-definition', family)['taskDefinition']
    containers = json.dumps(definition['containerDefinitions'])
    return lab.aws('ecs', 'register-task-definition', '--family', family, '--container-definitions', containers)['taskDefinition']['taskDefinitionArn']


def wait_until_stable(lab, name='web'):
    """As `aws ecs wait services-stable`, which looks every 15 s only."""
    client(lab, 'ecs').get_waiter('services_stable').wait(cluster='demo', services=[name], WaiterConfig=FAST)


def test_a_deployment_begun_before_the_agents_stop_stalls_and_completes_when_they_are_back(make_lab):
    lab = make_lab(2)
    lab.aws('ecs', 'update-service', '--cluster', 'demo', '--service', 'web', '--desired-count', '4', '--deployment-configuration', 'minimumHealthyPercent=100,maximumPercent=150')
    wait_until_stable(lab)
    wait_for('it is steady', lambda: service_of(lab)['deployments'][0]['rolloutState'] == 'COMPLETED')
    old = service_of(lab)['deployments'][0]['id']
    definition = register_again(lab)
    updated = lab.aws('ecs', 'update-service', '--cluster', 'demo', '--service', 'web', '--task-definition', definition)['service']
    assert [(one['status'], one['rolloutState']) for one in updated['deployments']] == [('PRIMARY', 'IN_PROGRESS'), ('ACTIVE', 'COMPLETED')]
    new = updated['deployments'][0]['id']
    assert updated['deployments'][0]['rolloutStateReason'] == f'ECS deployment {new} in progress.'

    run = lab.run(30)
    for _ in range(2):
        run.until('affected')
    wait_for('the events say why', lambda: any('encountered error "AGENT".' in text for text in messages_of(service_of(lab))), instead=lambda: messages_of(service_of(lab)))
    stalled = service_of(lab)
    assert [one['id'] for one in stalled['deployments']] == [new, old] and stalled['deployments'][0]['rolloutState'] == 'IN_PROGRESS'
    assert stalled['runningCount'] >= 4, 'the service keeps its tasks'
    assert len([text for text in messages_of(stalled) if 'encountered error "AGENT".' in text]) == 1, 'and they say it once'
    assert run.finish() == 0, run.verdict

    lab.aws('ecs', 'wait', 'services-stable', '--cluster', 'demo', '--services', 'web')
    wait_for('it is completed', lambda: service_of(lab)['deployments'][0]['rolloutState'] == 'COMPLETED')
    done = service_of(lab)
    assert [(one['id'], one['runningCount']) for one in done['deployments']] == [(new, 4)] and done['taskDefinition'] == definition
    assert messages_of(done)[:2] == ['(service web) has reached a steady state.', f'(service web) (deployment {new}) deployment completed.']
    tasks = lab.aws('ecs', 'list-tasks', '--cluster', 'demo', '--service-name', 'web')['taskArns']
    lab.aws('ecs', 'wait', 'tasks-running', '--cluster', 'demo', '--tasks', *tasks)
    assert {one['startedBy'] for one in lab.aws('ecs', 'describe-tasks', '--cluster', 'demo', '--tasks', *tasks)['tasks']} == {new}


def test_a_deployment_whose_tasks_do_not_start_is_rolled_back(shared_lab):
    lab = shared_lab
    wait_for('there is something to go back to', lambda: service_of(lab)['deployments'][0]['rolloutState'] == 'COMPLETED')
    good = service_of(lab)['deployments'][0]
    containers = json.dumps([{'name': 'web', 'image': 'no/such-image', 'memory': 16}])
    bad = lab.aws('ecs', 'register-task-definition', '--family', 'broken', '--container-definitions', containers)['taskDefinition']['taskDefinitionArn']
    breaker = 'deploymentCircuitBreaker={enable=true,rollback=true},minimumHealthyPercent=100,maximumPercent=200'
    failed = lab.aws('ecs', 'update-service', '--cluster', 'demo', '--service', 'web', '--task-definition', bad, '--deployment-configuration', breaker)['service']['deployments'][0]['id']
    wait_for('it is rolled back', lambda: f'(service web) rolling back to deployment {good["id"]}.' in messages_of(service_of(lab)), timeout=60, instead=lambda: messages_of(service_of(lab)))
    assert f'(service web) (deployment {failed}) deployment failed: tasks failed to start.' in messages_of(service_of(lab))
    wait_until_stable(lab)
    wait_for('it is completed', lambda: service_of(lab)['deployments'][0]['rolloutState'] == 'COMPLETED')
    after = service_of(lab)
    assert [one['id'] for one in after['deployments']] == [good['id']] and after['runningCount'] == after['desiredCount'] == 2


def test_instances_are_found_by_queries_and_tasks_are_placed_by_them(shared_lab):
    lab = shared_lab
    ecs = client(lab, 'ecs')
    arns = lab.aws('ecs', 'list-container-instances', '--cluster', 'demo', '--filter', 'agentConnected == true and attribute:ecs.os-type in [linux]')['containerInstanceArns']
    assert len(arns) == 2
    first = lab.instance_ids()[0]
    [arn] = lab.aws('ecs', 'list-container-instances', '--cluster', 'demo', '--filter', f"ec2InstanceId in ['{first}']")['containerInstanceArns']
    assert ecs.list_container_instances(cluster='demo', filter='task:group == service:web and runningTasksCount >= 1')['containerInstanceArns'] == arns
    wrong = Refusal(ecs.list_container_instances, cluster='demo', filter='agentConnected')
    assert wrong.code == 'InvalidParameterException' and wrong.message.startswith("Invalid query 'agentConnected'")
    started = ecs.run_task(cluster='demo', taskDefinition='web', placementConstraints=[{'type': 'memberOf', 'expression': f'ec2InstanceId == {first}'}], count=2)
    try:
        assert {task['containerInstanceArn'] for task in started['tasks']} == {arn} and len(started['tasks']) == 2
        nowhere = ecs.run_task(cluster='demo', taskDefinition='web', placementConstraints=[{'type': 'memberOf', 'expression': 'attribute:gpu exists'}])
        assert {failure['reason'] for failure in nowhere['failures']} == {'MemberOf placement constraint unsatisfied.'}
    finally:
        for task in started['tasks']:
            ecs.stop_task(cluster='demo', task=task['taskArn'])
    assert refused(ecs.create_service, cluster='demo', serviceName='x', taskDefinition='web', placementStrategy=[{'type': 'spread', 'field': 'color'}]) == 'InvalidParameterException'


def test_tags_come_and_go(shared_lab):
    arn = service_of(shared_lab)['serviceArn']
    shared_lab.aws('ecs', 'tag-resource', '--resource-arn', arn, '--tags', 'key=team,value=blue', 'key=stage,value=test')
    shared_lab.aws('ecs', 'untag-resource', '--resource-arn', arn, '--tag-keys', 'stage')
    assert shared_lab.aws('ecs', 'list-tags-for-resource', '--resource-arn', arn)['tags'] == [{'key': 'team', 'value': 'blue'}]
    shared_lab.aws('ecs', 'untag-resource', '--resource-arn', arn, '--tag-keys', 'team')


def test_a_task_in_host_mode_is_reached_at_the_port_of_its_instance(shared_lab):
    ecs = client(shared_lab, 'ecs')
    ecs.register_task_definition(family='on-host', networkMode='host', containerDefinitions=[{'name': 'web', 'image': 'squall/web', 'memory': 32, 'portMappings': [{'containerPort': 8080}]}])
    [task] = ecs.run_task(cluster='demo', taskDefinition='on-host')['tasks']
    try:
        ecs.get_waiter('tasks_running').wait(cluster='demo', tasks=[task['taskArn']], WaiterConfig=FAST)
        again = ecs.start_task(cluster='demo', taskDefinition='on-host', containerInstances=[task['containerInstanceArn']])
        assert [failure['reason'] for failure in again['failures']] == ['RESOURCE:PORTS'], 'the port of the container is the port of the host'
        instances = {one['container_instance_arn']: one['ordinal'] for one in shared_lab.status()['instances']}
        assert shared_lab.sh(instances[task['containerInstanceArn']], 'curl -s -o /dev/null -w "%{http_code}" http://127.0.0.1:8080/') == '200'
    finally:
        ecs.stop_task(cluster='demo', task=task['taskArn'])
        ecs.get_waiter('tasks_stopped').wait(cluster='demo', tasks=[task['taskArn']], WaiterConfig=FAST)
