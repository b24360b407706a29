"""ECS as the lab speaks it: lists, task definitions, tasks and services, through boto3."""
import datetime
import json

import pytest
from conftest import wait_for
from lab_api import AWAY, FAST, Refusal, answers, client, refused


@pytest.fixture(scope='module')
def crowd(shared_lab):
    """A cluster with 105 container instances that have no hosts."""
    ecs = client(shared_lab, 'ecs', AWAY)
    ecs.create_cluster(clusterName='crowd')
    arns = set()
    for number in range(105):
        document = json.dumps({'instanceId': f'i-{number:017x}', 'availabilityZone': f'{AWAY}a', 'instanceType': 't3.small'})
        made = ecs.register_container_instance(cluster='crowd', instanceIdentityDocument=document, totalResources=[{'name': 'CPU', 'type': 'INTEGER', 'integerValue': 1024}])
        arns.add(made['containerInstance']['containerInstanceArn'])
    assert len(arns) == 105
    return ecs, arns


def test_container_instances_are_listed_completely_in_pages_of_any_size(crowd):
    ecs, arns = crowd
    for size, pages in ((None, 2), (100, 2), (50, 3), (1, 105), (35, 3)):
        settings = {} if size is None else {'PageSize': size}
        answers = [page['containerInstanceArns'] for page in ecs.get_paginator('list_container_instances').paginate(cluster='crowd', PaginationConfig=settings)]
        listed = [arn for page in answers for arn in page]
        assert len(answers) == pages and len(listed) == 105 and set(listed) == arns, size
    for size in (0, 101, -1):
        assert refused(ecs.list_container_instances, cluster='crowd', maxResults=size) == 'InvalidParameterException'
    assert ecs.list_container_instances(cluster='crowd', status='DRAINING')['containerInstanceArns'] == []
    assert refused(ecs.list_container_instances, cluster='crowd', status='SLEEPING') == 'InvalidParameterException'


def test_a_token_is_opaque_and_one_that_was_not_given_is_refused(crowd, shared_lab):
    ecs, arns = crowd
    token = ecs.list_container_instances(cluster='crowd', maxResults=1)['nextToken']
    assert token not in arns
    for wrong in ('x', next(iter(arns)), token[:-3], '!' * 2000, 'ö'):
        assert refused(ecs.list_container_instances, cluster='crowd', nextToken=wrong) == 'InvalidParameterException', wrong
        assert refused(ecs.list_clusters, nextToken=wrong) == 'InvalidParameterException', wrong
        for call in ('list_commands', 'list_command_invocations', 'describe_instance_information'):
            assert refused(getattr(client(shared_lab, 'ssm'), call), NextToken=wrong) == 'InvalidNextToken', (call, wrong)
    assert refused(client(shared_lab, 'ec2').describe_instances, MaxResults=5, NextToken='x').startswith('Invalid')


def test_a_hundred_container_instances_are_described_and_no_more(crowd):
    ecs, arns = crowd
    described = ecs.describe_container_instances(cluster='crowd', containerInstances=sorted(arns)[:100])
    assert len(described['containerInstances']) == 100 and described['failures'] == []
    assert refused(ecs.describe_container_instances, cluster='crowd', containerInstances=sorted(arns)[:101]) == 'InvalidParameterException'
    assert refused(ecs.describe_container_instances, cluster='crowd', containerInstances=[]) == 'InvalidParameterException'
    one = described['containerInstances'][0]
    assert one['status'] == 'ACTIVE' and one['agentConnected'] is False and one['ec2InstanceId'].startswith('i-') and isinstance(one['registeredAt'], datetime.datetime)
    short = ecs.describe_container_instances(cluster='crowd', containerInstances=[one['containerInstanceArn'].rsplit('/', 1)[1], 'f' * 32])
    assert [each['containerInstanceArn'] for each in short['containerInstances']] == [one['containerInstanceArn']]
    assert [failure['reason'] for failure in short['failures']] == ['MISSING']
    assert 'healthStatus' not in one
    [health] = ecs.describe_container_instances(cluster='crowd', containerInstances=[one['containerInstanceArn']], include=['CONTAINER_INSTANCE_HEALTH'])['containerInstances']
    assert health['healthStatus']['details'][0]['type'] == 'CONTAINER_RUNTIME'


def test_a_container_instance_that_is_deregistered_is_listed_no_more(shared_lab):
    ecs = client(shared_lab, 'ecs', 'eu-west-2')
    ecs.create_cluster(clusterName='short')
    arn = ecs.register_container_instance(cluster='short', totalResources=[])['containerInstance']['containerInstanceArn']
    assert ecs.describe_clusters(clusters=['short'])['clusters'][0]['registeredContainerInstancesCount'] == 1
    assert refused(ecs.delete_cluster, cluster='short') == 'ClusterContainsContainerInstancesException'
    gone = ecs.deregister_container_instance(cluster='short', containerInstance=arn)['containerInstance']
    assert gone['status'] == 'INACTIVE' and gone['agentConnected'] is False
    assert ecs.list_container_instances(cluster='short')['containerInstanceArns'] == []
    assert ecs.delete_cluster(cluster='short')['cluster']['status'] == 'INACTIVE'
    assert ecs.list_clusters()['clusterArns'] == []


def test_clusters_that_are_not_there_are_failures_or_the_one_exception(shared_lab):
    ecs = client(shared_lab, 'ecs')
    described = ecs.describe_clusters(clusters=['demo', 'none', 'arn:aws:ecs:us-east-1:123456789012:cluster/demo'])
    assert [one['clusterName'] for one in described['clusters']] == ['demo', 'demo']
    assert described['failures'] == [{'arn': 'arn:aws:ecs:us-east-1:123456789012:cluster/none', 'reason': 'MISSING'}]
    assert refused(ecs.describe_clusters, clusters=[f'c{number}' for number in range(101)]) == 'InvalidParameterException'
    with pytest.raises(ecs.exceptions.ClusterNotFoundException):
        ecs.list_container_instances(cluster='none')
    for call, more in (('list_tasks', {}), ('list_services', {}), ('describe_tasks', {'tasks': ['x']}), ('describe_services', {'services': ['x']}), ('describe_container_instances', {'containerInstances': ['x']}),
                       ('run_task', {'taskDefinition': 'web'}), ('stop_task', {'task': 'x'}), ('create_service', {'serviceName': 'x', 'taskDefinition': 'web'}), ('delete_cluster', {}),
                       ('update_service', {'service': 'x'}), ('delete_service', {'service': 'x'}), ('deregister_container_instance', {'containerInstance': 'x'})):
        assert refused(getattr(ecs, call), cluster='none', **more) == 'ClusterNotFoundException', call
    for name in ('', 'a b', 'x' * 256, '../x', 'ü'):
        assert refused(ecs.create_cluster, clusterName=name) == 'InvalidParameterException' if name else True
    assert client(shared_lab, 'ecs', 'ap-southeast-2').list_clusters()['clusterArns'] == [], 'nothing is in another region'


def test_services_are_listed_by_ten_and_described_by_ten(shared_lab):
    ecs = client(shared_lab, 'ecs', 'eu-west-3')
    ecs.create_cluster(clusterName='many')
    ecs.register_task_definition(family='idle', containerDefinitions=[{'name': 'idle', 'image': 'squall/web', 'memory': 16}])
    names = [f'service-{number:02}' for number in range(11)]
    for name in names:
        ecs.create_service(cluster='many', serviceName=name, taskDefinition='idle', desiredCount=0)
    pages = [page['serviceArns'] for page in ecs.get_paginator('list_services').paginate(cluster='many')]
    assert [len(page) for page in pages] == [10, 1] and sorted(arn.rsplit('/', 1)[1] for page in pages for arn in page) == names
    assert len(ecs.describe_services(cluster='many', services=names[:10])['services']) == 10
    assert refused(ecs.describe_services, cluster='many', services=names) == 'InvalidParameterException'
    assert ecs.describe_services(cluster='many', services=['none'])['failures'][0]['reason'] == 'MISSING'
    for name in names:
        ecs.delete_service(cluster='many', service=name)


def test_tasks_are_listed_in_pages_and_by_what_they_belong_to(shared_lab):
    ecs = client(shared_lab, 'ecs')
    pages = [page['taskArns'] for page in ecs.get_paginator('list_tasks').paginate(cluster='demo', PaginationConfig={'PageSize': 1})]
    everything = [arn for page in pages for arn in page]
    assert [len(page) for page in pages] == [1, 1] and len(set(everything)) == 2
    assert sorted(ecs.list_tasks(cluster='demo', serviceName='web')['taskArns']) == sorted(everything)
    assert sorted(ecs.list_tasks(cluster='demo', family='web')['taskArns']) == sorted(everything)
    assert ecs.list_tasks(cluster='demo', family='other')['taskArns'] == []
    instances = ecs.list_container_instances(cluster='demo')['containerInstanceArns']
    assert sorted(arn for one in instances for arn in ecs.list_tasks(cluster='demo', containerInstance=one)['taskArns']) == sorted(everything)
    assert refused(ecs.list_tasks, cluster='demo', serviceName='none') == 'ServiceNotFoundException'
    assert refused(ecs.list_tasks, cluster='demo', containerInstance='f' * 32) == 'InvalidParameterException'
    assert refused(ecs.list_tasks, cluster='demo', desiredStatus='SLEEPING') == 'InvalidParameterException'
    described = ecs.describe_tasks(cluster='demo', tasks=[everything[0], 'f' * 32])
    assert described['tasks'][0]['lastStatus'] == 'RUNNING' and described['failures'][0]['reason'] == 'MISSING'
    assert refused(ecs.describe_tasks, cluster='demo', tasks=[f'{number:032x}' for number in range(101)]) == 'InvalidParameterException'


def test_task_definitions_have_revisions_that_come_and_go(shared_lab):
    ecs = client(shared_lab, 'ecs', 'eu-north-1')
    container = {'name': 'a', 'image': 'b', 'memory': 16}
    arns = [ecs.register_task_definition(family='family', containerDefinitions=[container])['taskDefinition']['taskDefinitionArn'] for _ in range(11)]
    assert [arn.rsplit('/', 1)[1] for arn in arns] == [f'family:{revision}' for revision in range(1, 12)]
    assert ecs.list_task_definitions()['taskDefinitionArns'] == arns, 'by family, then by number'
    assert ecs.list_task_definitions(sort='DESC')['taskDefinitionArns'] == arns[::-1]
    for order in ('ASC', 'DESC'):
        pages = [page['taskDefinitionArns'] for page in ecs.get_paginator('list_task_definitions').paginate(familyPrefix='family', sort=order, PaginationConfig={'PageSize': 4})]
        assert sum(pages, []) == (arns if order == 'ASC' else arns[::-1]) and len(pages) == 3
    gone = ecs.deregister_task_definition(taskDefinition='family:11')['taskDefinition']
    assert gone['status'] == 'INACTIVE' and gone['revision'] == 11
    assert ecs.describe_task_definition(taskDefinition='family')['taskDefinition']['revision'] == 10
    assert ecs.describe_task_definition(taskDefinition='family:11')['taskDefinition']['status'] == 'INACTIVE', 'it can still be looked at'
    assert ecs.list_task_definitions(status='INACTIVE')['taskDefinitionArns'] == [arns[10]]
    assert ecs.register_task_definition(family='family', containerDefinitions=[container])['taskDefinition']['revision'] == 12, 'numbers are not used again'
    for revision in list(range(1, 11)) + [12]:
        ecs.deregister_task_definition(taskDefinition=f'family:{revision}')
    for wrong in ('family', 'none', 'family:0', 'family:99', 'family:x'):
        with pytest.raises(ecs.exceptions.ClientException):
            ecs.describe_task_definition(taskDefinition=wrong)
    ecs.create_cluster(clusterName='default')
    ecs.register_container_instance(totalResources=[])
    for call, more in ((ecs.run_task, {}), (ecs.create_service, {'serviceName': 'x', 'desiredCount': 0})):
        inactive = Refusal(call, taskDefinition='family:11', **more)
        assert inactive.code in ('ClientException', 'InvalidParameterException') and 'inactive' in inactive.message


def test_task_definitions_are_checked_as_aws_does(shared_lab):
    ecs = client(shared_lab, 'ecs', 'eu-north-1')
    good = {'name': 'a', 'image': 'b', 'memory': 16}
    for wrong in ([], [{'name': 'a', 'image': 'b'}], [{'image': 'b', 'memory': 16}], [{'name': 'a', 'memory': 16}], [good, good], [{**good, 'essential': False}],
                  [{**good, 'portMappings': [{'containerPort': 70000}]}], [{**good, 'portMappings': [{'containerPort': 80, 'protocol': 'icmp'}]}]):
        assert refused(ecs.register_task_definition, family='checked', containerDefinitions=wrong) == 'ClientException', wrong
    assert refused(ecs.register_task_definition, family='a b', containerDefinitions=[good]) == 'ClientException'
    assert refused(ecs.register_task_definition, family='checked', containerDefinitions=[{**good, 'command': ['x' * 70_000]}]) == 'ClientException', 'over 64 KiB'
    assert ecs.list_task_definitions(familyPrefix='checked')['taskDefinitionArns'] == []


def test_a_task_runs_and_is_stopped_and_the_instance_counts_each_change(shared_lab):
    ecs = client(shared_lab, 'ecs')
    versions = {one['containerInstanceArn']: one['version'] for one in instances_of(ecs)}
    assert versions == {one['containerInstanceArn']: one['version'] for one in instances_of(ecs)}, 'looking changes nothing'
    started = ecs.run_task(cluster='demo', taskDefinition='web', startedBy='me', group='mine', tags=[{'key': 'team', 'value': 'blue'}])
    [task] = started['tasks']
    assert started['failures'] == [] and task['lastStatus'] in ('PROVISIONING', 'PENDING') and task['desiredStatus'] == 'RUNNING'
    try:
        ecs.get_waiter('tasks_running').wait(cluster='demo', tasks=[task['taskArn']], WaiterConfig=FAST)
        assert ecs.list_tasks(cluster='demo', startedBy='me')['taskArns'] == [task['taskArn']]
        [running] = ecs.describe_tasks(cluster='demo', tasks=[task['taskArn']])['tasks']
        assert running['tags'] == [] and running['group'] == 'mine' and running['connectivity'] == 'CONNECTED' and running['startedAt'] >= running['createdAt']
        assert running['version'] > task['version']
        assert ecs.describe_tasks(cluster='demo', tasks=[task['taskArn']], include=['TAGS'])['tasks'][0]['tags'] == [{'key': 'team', 'value': 'blue'}]
        assert ecs.list_tags_for_resource(resourceArn=task['taskArn'])['tags'] == [{'key': 'team', 'value': 'blue'}]
        between = {one['containerInstanceArn']: one['version'] for one in instances_of(ecs)}
        assert between[task['containerInstanceArn']] >= versions[task['containerInstanceArn']] + 2, 'once for the start, once for what became of it'
        stopped = ecs.stop_task(cluster='demo', task=task['taskArn'], reason='enough')['task']
        assert stopped['desiredStatus'] == 'STOPPED' and stopped['stopCode'] == 'UserInitiated'
    finally:
        ecs.stop_task(cluster='demo', task=task['taskArn'])
        ecs.get_waiter('tasks_stopped').wait(cluster='demo', tasks=[task['taskArn']], WaiterConfig=FAST)
    [ended] = ecs.describe_tasks(cluster='demo', tasks=[task['taskArn']])['tasks']
    assert ended['stoppedReason'] == 'enough' and isinstance(ended['containers'][0]['exitCode'], int) and ended['stoppedAt'] >= ended['startedAt']
    assert ecs.list_tasks(cluster='demo', desiredStatus='STOPPED', startedBy='me')['taskArns'] == [task['taskArn']], 'it is shown for an hour'
    after = {one['containerInstanceArn']: one['version'] for one in instances_of(ecs)}
    assert after[task['containerInstanceArn']] > between[task['containerInstanceArn']]
    assert refused(ecs.stop_task, cluster='demo', task='f' * 32) == 'InvalidParameterException'


def instances_of(ecs, **more):
    arns = ecs.list_container_instances(cluster='demo')['containerInstanceArns']
    return ecs.describe_container_instances(cluster='demo', containerInstances=arns, **more)['containerInstances']


def test_run_task_says_why_it_cannot(shared_lab):
    ecs = client(shared_lab, 'ecs')
    for count in (0, 11):
        assert refused(ecs.run_task, cluster='demo', taskDefinition='web', count=count) == 'InvalidParameterException'
    assert refused(ecs.run_task, cluster='demo', taskDefinition='none') == 'ClientException'
    assert refused(ecs.run_task, cluster='demo', taskDefinition='web', startedBy='x' * 129) == 'InvalidParameterException'
    assert refused(ecs.run_task, cluster='demo', taskDefinition='web', tags=[{'key': f'k{n}', 'value': 'v'} for n in range(51)]) == 'InvalidParameterException'
    assert refused(ecs.run_task, cluster='demo', taskDefinition='web', overrides={'containerOverrides': [{'name': 'web', 'command': ['x' * 8192]}]}) == 'InvalidParameterException'
    ecs.create_cluster(clusterName='nothing')
    empty = Refusal(ecs.run_task, cluster='nothing', taskDefinition='web')
    assert (empty.code, empty.message) == ('InvalidParameterException', 'No Container Instances were found in your cluster.')
    ecs.delete_cluster(cluster='nothing')
    ecs.register_task_definition(family='huge', containerDefinitions=[{'name': 'a', 'image': 'squall/web', 'memory': 10_000_000}])
    ecs.register_task_definition(family='busy', containerDefinitions=[{'name': 'a', 'image': 'squall/web', 'memory': 16, 'cpu': 10_000_000}])
    ecs.register_task_definition(family='port', containerDefinitions=[{'name': 'a', 'image': 'squall/web', 'memory': 16, 'portMappings': [{'containerPort': 80, 'hostPort': 22}]}])
    for family, reason in (('huge', 'RESOURCE:MEMORY'), ('busy', 'RESOURCE:CPU'), ('port', 'RESOURCE:PORTS')):
        answer = ecs.run_task(cluster='demo', taskDefinition=family, count=3)
        assert answer['tasks'] == [] and {failure['reason'] for failure in answer['failures']} == {reason}
        assert all(failure['arn'].startswith('arn:aws:ecs:us-east-1:123456789012:container-instance/demo/') for failure in answer['failures'])
        ecs.deregister_task_definition(taskDefinition=f'{family}:1')
    assert [failure['reason'] for failure in ecs.start_task(cluster='demo', taskDefinition='web', containerInstances=['f' * 32])['failures']] == ['MISSING']
    assert refused(ecs.start_task, cluster='demo', taskDefinition='web', containerInstances=['f' * 32] * 11) == 'InvalidParameterException'


def test_a_service_is_scaled_and_deleted(shared_lab):
    ecs = client(shared_lab, 'ecs')

    def service():
        [one] = ecs.describe_services(cluster='demo', services=['api'])['services']
        return one

    made = ecs.create_service(cluster='demo', serviceName='api', taskDefinition='web', desiredCount=1)['service']
    try:
        assert made['status'] == 'ACTIVE' and len(made['deployments']) == 1 and made['deployments'][0]['status'] == 'PRIMARY'
        assert refused(ecs.create_service, cluster='demo', serviceName='api', taskDefinition='web', desiredCount=2) == 'InvalidParameterException'
        assert refused(ecs.create_service, cluster='demo', serviceName='a b', taskDefinition='web') == 'InvalidParameterException'
        assert refused(ecs.create_service, cluster='demo', serviceName='other', taskDefinition='none') == 'ClientException'
        for desired in (1, 3, 2, 0):
            ecs.update_service(cluster='demo', service='api', desiredCount=desired)
            ecs.get_waiter('services_stable').wait(cluster='demo', services=['api'], WaiterConfig=FAST)
            assert service()['runningCount'] == desired and len(ecs.list_tasks(cluster='demo', serviceName='api')['taskArns']) == desired
        messages = [event['message'] for event in service()['events']]
        assert '(service api) has reached a steady state.' in messages and any('has started 1 tasks: (task ' in text for text in messages)
        assert service()['events'] == sorted(service()['events'], key=lambda event: event['createdAt'], reverse=True)
        ecs.update_service(cluster='demo', service='api', desiredCount=1)
        ecs.get_waiter('services_stable').wait(cluster='demo', services=['api'], WaiterConfig=FAST)
        assert refused(ecs.delete_service, cluster='demo', service='api') == 'InvalidParameterException'
        assert refused(ecs.update_service, cluster='demo', service='api', desiredCount=-1) == 'InvalidParameterException'
    finally:
        ecs.delete_service(cluster='demo', service='api', force=True)
    draining = Refusal(ecs.create_service, cluster='demo', serviceName='api', taskDefinition='web', desiredCount=0) if service()['status'] == 'DRAINING' else None
    assert draining is None or (draining.code, draining.message) == ('InvalidParameterException', 'Unable to Start a service that is still Draining.')
    ecs.get_waiter('services_inactive').wait(cluster='demo', services=['api'], WaiterConfig=FAST)
    assert [arn.rsplit('/', 1)[1] for arn in ecs.list_services(cluster='demo')['serviceArns']] == ['web']
    assert refused(ecs.update_service, cluster='demo', service='api', desiredCount=1) == 'ServiceNotActiveException'
    assert refused(ecs.update_service, cluster='demo', service='none', desiredCount=1) == 'ServiceNotFoundException'
    assert refused(ecs.delete_service, cluster='demo', service='none') == 'ServiceNotFoundException'
    assert ecs.list_tasks(cluster='demo', serviceName='api')['taskArns'] == []


def test_a_draining_instance_gives_its_service_tasks_away_and_takes_nothing_new(shared_lab):
    ecs = client(shared_lab, 'ecs')
    drained, other = (one['containerInstanceArn'] for one in instances_of(ecs))
    [lonely] = ecs.start_task(cluster='demo', taskDefinition='web', containerInstances=[drained])['tasks']
    ecs.get_waiter('tasks_running').wait(cluster='demo', tasks=[lonely['taskArn']], WaiterConfig=FAST)
    before = {one['containerInstanceArn']: one['version'] for one in instances_of(ecs)}
    changed = ecs.update_container_instances_state(cluster='demo', containerInstances=[drained, 'f' * 32], status='DRAINING')
    try:
        assert [(one['containerInstanceArn'], one['status']) for one in changed['containerInstances']] == [(drained, 'DRAINING')]
        assert changed['containerInstances'][0]['version'] > before[drained] and changed['containerInstances'][0]['agentConnected']
        assert [failure['reason'] for failure in changed['failures']] == ['MISSING']
        assert ecs.list_container_instances(cluster='demo', status='DRAINING')['containerInstanceArns'] == [drained]
        assert ecs.list_container_instances(cluster='demo', status='ACTIVE')['containerInstanceArns'] == [other]
        assert len(ecs.list_container_instances(cluster='demo')['containerInstanceArns']) == 2, 'all but the inactive'
        wait_for('the service has moved', lambda: ecs.list_tasks(cluster='demo', containerInstance=drained, serviceName='web')['taskArns'] == [])
        wait_for('the service is whole', lambda: ecs.describe_services(cluster='demo', services=['web'])['services'][0]['runningCount'] == 2)
        assert ecs.list_tasks(cluster='demo', containerInstance=drained)['taskArns'] == [lonely['taskArn']], 'what belongs to no service stays'
        assert ecs.start_task(cluster='demo', taskDefinition='web', containerInstances=[drained])['tasks'] == []
        placed = ecs.run_task(cluster='demo', taskDefinition='web', count=2)['tasks']
        assert [task['containerInstanceArn'] for task in placed] == [other, other]
        for task in placed:
            ecs.stop_task(cluster='demo', task=task['taskArn'])
    finally:
        back = ecs.update_container_instances_state(cluster='demo', containerInstances=[drained], status='ACTIVE')
        ecs.stop_task(cluster='demo', task=lonely['taskArn'])
    assert back['containerInstances'][0]['status'] == 'ACTIVE'
    for wrong in ({'status': 'INACTIVE'}, {'status': 'DRAINING', 'containerInstances': []}, {'status': 'DRAINING', 'containerInstances': [f'{n:032x}' for n in range(11)]}):
        assert refused(ecs.update_container_instances_state, **{'cluster': 'demo', 'containerInstances': [drained], **wrong}) == 'InvalidParameterException'
    # Back to one web task on each, as it was.
    ecs.update_service(cluster='demo', service='web', desiredCount=1)
    ecs.get_waiter('services_stable').wait(cluster='demo', services=['web'], WaiterConfig=FAST)
    ecs.update_service(cluster='demo', service='web', desiredCount=2)
    ecs.get_waiter('services_stable').wait(cluster='demo', services=['web'], WaiterConfig=FAST)
