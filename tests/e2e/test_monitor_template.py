"""The monitor's CloudFormation template: that what it names is there, what it may do is no more than it must, and what it
promises is in it. Each check has a template that is broken in the way it is for, and must find it."""
import copy
import re
import shutil
import subprocess

import conftest
import pytest
import yaml

TEMPLATE = conftest.ROOT / 'deploy/monitor/template.yaml'
PSEUDO = {'AWS::AccountId', 'AWS::NoValue', 'AWS::Partition', 'AWS::Region', 'AWS::StackId', 'AWS::StackName', 'AWS::URLSuffix'}

# What AWS lets nobody scope to a resource.
UNSCOPED = {'ecs:ListClusters', 'ec2:DescribeInstances', 'autoscaling:DescribeAutoScalingGroups', 'autoscaling:DescribeAutoScalingInstances', 'ssm:DescribeInstanceInformation',
            'cloudwatch:PutMetricData', 'ssm:ListCommandInvocations', 'ssm:GetCommandInvocation'}
NETWORKS = {f'ec2:Describe{one}' for one in ('Subnets', 'SecurityGroups', 'NetworkAcls', 'RouteTables', 'NatGateways', 'InternetGateways', 'VpcEndpoints', 'VpcAttribute')}
UNSCOPED |= NETWORKS
# Only where an operator has chosen the action: which condition, and what else belongs to it.
CHOSEN = {'ssm:SendCommand': 'RunsCommands', 'ssm:ListCommandInvocations': 'RunsCommands', 'ssm:GetCommandInvocation': 'RunsCommands',
          'ecs:UpdateContainerInstancesState': 'Drains', 'autoscaling:TerminateInstanceInAutoScalingGroup': 'Terminates', 'ec2:TerminateInstances': 'Terminates'} | dict.fromkeys(NETWORKS, 'Diagnoses')


class Loader(yaml.SafeLoader):
    """YAML with CloudFormation's short forms, written out."""


def written_out(loader, suffix, node):
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)
    if suffix == 'GetAtt' and isinstance(value, str):
        value = value.split('.', 1)
    return {suffix if suffix in ('Ref', 'Condition') else f'Fn::{suffix}': value}


Loader.add_multi_constructor('!', written_out)


def load():
    return yaml.load(TEMPLATE.read_text(encoding='utf-8'), Loader=Loader)


def walk(value, path=()):
    yield path, value
    if isinstance(value, dict):
        for name, member in value.items():
            yield from walk(member, (*path, name))
    elif isinstance(value, list):
        for number, member in enumerate(value):
            yield from walk(member, (*path, number))


def listed(value):
    return value if isinstance(value, list) else [value]


def of_type(template, kind):
    return {name: resource['Properties'] for name, resource in template['Resources'].items() if resource['Type'] == kind}


def names_in(template):
    """What is referred to: (how, name) for each place."""
    for path, value in walk({part: template.get(part, {}) for part in ('Rules', 'Conditions', 'Resources', 'Outputs')}):
        if path and path[-1] == 'Ref':
            yield 'ref', value
        elif path and path[-1] == 'Fn::GetAtt':
            yield 'attribute', value[0]
        elif path and path[-1] == 'Fn::Sub':
            yield from (('sub', name.split('.')[0]) for name in re.findall(r'\$\{([^!}][^}]*)\}', value))
        elif path and path[-1] == 'Fn::If':
            yield 'condition', value[0]
        elif path and path[-1] == 'DependsOn':
            yield from (('attribute', name) for name in listed(value))
        elif path and path[-1] == 'Condition' and isinstance(value, str):
            yield 'condition', value


def statements(template):
    """(resource, its condition, statement) of every policy but the key's."""
    for name, resource in template['Resources'].items():
        for path, value in walk(resource['Properties']):
            if path and path[-1] == 'Statement' and 'KeyPolicy' not in path:
                yield from ((name, resource.get('Condition'), statement) for statement in value)


# ----- the checks: each says what is wrong, or nothing -----

def every_name_resolves(template):
    known = {'ref': set(template['Parameters']) | set(template['Resources']) | PSEUDO, 'attribute': set(template['Resources']),
             'condition': set(template['Conditions'])}
    known['sub'] = known['ref']
    return [f'{how} {name}' for how, name in names_in(template) if name not in known[how]]


def everything_is_used(template):
    used = {name for how, name in names_in(template) if how in ('ref', 'sub')}
    conditions = {name for how, name in names_in(template) if how == 'condition'}
    return [name for name in template['Parameters'] if name not in used] + [name for name in template['Conditions'] if name not in conditions]


def what_exists_on_a_condition_is_referred_to_on_it(template):
    """Somebody who refers to a resource that is not always there would fail without it."""
    wrong = []
    conditional = {name: resource['Condition'] for name, resource in template['Resources'].items() if 'Condition' in resource}
    for owner, resource in list(template['Resources'].items()) + list(template['Outputs'].items()):
        for path, value in walk(resource):
            name = value[0] if path and path[-1] == 'Fn::GetAtt' else value if path and path[-1] == 'Ref' else None
            if name not in conditional or resource.get('Condition') == conditional[name]:
                continue
            # Fn::If's second member, somewhere on the way, of the same condition.
            ways = [i for i, part in enumerate(path) if part == 'Fn::If' and path[i + 1] == 1]
            if not any(at(resource, path[:i + 1])[0] == conditional[name] for i in ways):
                wrong.append(f'{owner} needs {name}')
    return wrong


def at(value, path):
    for part in path:
        value = value[part]
    return value


def policies_are_narrow(template):
    wrong = []
    for name, _, statement in statements(template):
        for action in listed(statement['Action']):
            if '*' in action:
                wrong.append(f'{name}: action {action}')
            if '*' in [one for one in listed(statement.get('Resource', '')) if isinstance(one, str)] and action not in UNSCOPED:
                wrong.append(f'{name}: {action} on everything')
            if action == 'cloudwatch:PutMetricData' and 'cloudwatch:namespace' not in str(statement.get('Condition')):
                wrong.append(f'{name}: {action} in any namespace')
        if statement['Effect'] != 'Allow' or '*' in str(statement.get('Principal', '')):
            wrong.append(f'{name}: {statement}')
    for statement in template['Resources']['Key']['Properties']['KeyPolicy']['Statement']:
        if 'kms:*' in listed(statement['Action']) or (statement['Principal'] == {'AWS': '*'} and 'kms:CallerAccount' not in str(statement.get('Condition'))):
            wrong.append(f'Key: {statement["Sid"]}')
        if 'Service' in statement['Principal'] and not statement.get('Condition'):
            wrong.append(f'Key: {statement["Sid"]} for anybody')
    return wrong


def actions_need_to_be_chosen(template):
    wrong = []
    found = set()
    for name, condition, statement in statements(template):
        for action in listed(statement['Action']):
            found.add(action)
            if action in CHOSEN and condition != CHOSEN[action]:
                wrong.append(f'{name}: {action} without {CHOSEN[action]}')
    chosen = {word for name in ('Diagnoses', 'RestartsAgent', 'RestartsDocker', 'Drains', 'Terminates')
              for word in re.findall(r"'Fn::Split': \['([a-z-]+)'", str(template['Conditions'][name]))}
    allowed = set(template['Rules']['ActionsAreKnown']['Assertions'][0]['Assert']['Fn::EachMemberIn'][1]) - {''}
    if chosen != {'diagnose', 'restart-agent', 'restart-docker', 'drain', 'terminate'} or chosen != allowed:
        wrong.append(f'actions {chosen}, allowed {allowed}')
    return wrong + [f'nobody may {action}' for action in set(CHOSEN) - found]


def every_change_is_forwarded_at_once(template):
    wrong = []
    rule = template['Resources']['EventsRule']['Properties']
    pattern = rule['EventPattern']
    if set(pattern) - {'source', 'detail-type'} or 'agentConnected' in str(pattern):
        wrong.append('the rule filters')
    wanted = {'ECS Container Instance State Change', 'ECS Container Instance Health Change', 'EC2 Instance State-change Notification',
              'EC2 Spot Instance Interruption Warning', 'EC2 Instance-terminate Lifecycle Action', 'Squall Experiment Window'}
    wrong += sorted(wanted - set(pattern['detail-type'])) + sorted({'aws.ecs', 'aws.ec2', 'aws.autoscaling', 'squall'} - set(pattern['source']))
    wrong += [f'{name} delays' for name, queue in of_type(template, 'AWS::SQS::Queue').items() if queue.get('DelaySeconds')]
    return wrong


def the_switch_stops_events_and_clock(template):
    state = {'Fn::If': ['IsMonitoring', 'ENABLED', 'DISABLED']}
    wrong = [name for name, rule in of_type(template, 'AWS::Events::Rule').items() if rule.get('State') != state]
    if template['Resources']['SilenceAlarm'].get('Condition') != 'IsMonitoring':
        wrong.append('silence is an alarm when nobody is to be heard')
    return wrong


def nothing_is_lost_without_a_word(template):
    wrong = []
    queue = template['Resources']['EventsQueue']['Properties']
    function = template['Resources']['MonitorFunction']['Properties']
    mapping = template['Resources']['EventsOfTheQueue']['Properties']
    redrive = queue.get('RedrivePolicy', {})
    if redrive.get('deadLetterTargetArn') != {'Fn::GetAtt': ['DeadLetterQueue', 'Arn']} or redrive.get('maxReceiveCount') != 5:
        wrong.append('the queue has no dead letters')
    if any('DeadLetterConfig' not in target or 'RetryPolicy' not in target for target in template['Resources']['EventsRule']['Properties']['Targets']):
        wrong.append('the rule has no dead letters')
    if mapping.get('FunctionResponseTypes') != ['ReportBatchItemFailures']:
        wrong.append('one record fails its batch')
    if mapping['BatchSize'] > 10 and mapping.get('MaximumBatchingWindowInSeconds', 0) < 1:
        wrong.append('a batch of more than ten needs a window')
    if queue['VisibilityTimeout'] < 6 * function['Timeout'] + mapping.get('MaximumBatchingWindowInSeconds', 0):
        wrong.append('what is being worked on becomes visible')
    # The least that a mapping may have is 2, and the clock runs beside it.
    reserved = template['Parameters']['ReservedConcurrency']['Default']
    if not 2 <= mapping['ScalingConfig']['MaximumConcurrency'] < reserved:
        wrong.append('the queue can be throttled')
    for name in ('EventsQueue', 'DeadLetterQueue'):
        policy = [one for one in of_type(template, 'AWS::SQS::QueuePolicy').values() if {'Ref': name} in one['Queues']]
        if not policy or policy[0]['PolicyDocument']['Statement'][0].get('Condition') != {'ArnEquals': {'aws:SourceArn': {'Fn::GetAtt': ['EventsRule', 'Arn']}}}:
            wrong.append(f'{name} takes from anybody')
    return wrong


def encryption_reaches_everything(template):
    places = {'AWS::SQS::Queue': 'KmsMasterKeyId', 'AWS::SNS::Topic': 'KmsMasterKeyId', 'AWS::Logs::LogGroup': 'KmsKeyId', 'AWS::DynamoDB::Table': 'SSESpecification',
              'AWS::Lambda::Function': 'KmsKeyArn'}
    wrong = []
    for kind, member in places.items():
        for name, properties in of_type(template, kind).items():
            value = properties.get(member, {}).get('Fn::If', [None, None])
            if value[0] != 'IsEncrypted' or "{'Fn::GetAtt': ['Key', 'Arn']}" not in str(value[1]):
                wrong.append(name)
    rule = template['Rules'].get('EncryptionHasAnAdministrator', {})
    if rule.get('RuleCondition') != {'Fn::Equals': [{'Ref': 'EnableEncryption'}, 'Yes']} or 'KMSAdminRole' not in str(rule.get('Assertions')):
        wrong.append('nobody administers the key')
    principals = str([statement['Principal'] for statement in template['Resources']['Key']['Properties']['KeyPolicy']['Statement']])
    wrong += [f'{service} cannot use the key' for service in ('events.amazonaws.com', 'cloudwatch.amazonaws.com', 'logs.${AWS::Region}', 'KMSAdminRole') if service not in principals]
    return wrong


def names_of_the_published_sample_are_kept(template):
    parameters = template['Parameters']
    wanted = {'EnableMonitoring': 'Yes', 'MonitorAllECSClusters': 'Yes', 'MonitoringTagKeyValue': 'ecs-monitoring-group-1', 'EnableEncryption': 'No', 'KMSAdminRole': ''}
    wrong = [name for name, default in wanted.items() if parameters.get(name, {}).get('Default') != default]
    if 'Default' in parameters['NotificationEmail']:
        wrong.append('NotificationEmail has a default')
    body = str(template['Resources']['FailuresDashboard']['Properties']['DashboardBody'])
    wrong += [f'{word} is not on the dashboard' for word in ('ECS/ECSAgentFailures', 'ECSAgentFailuresCount', 'ClusterName', 'NodeName') if word not in body]
    if re.search(r'\b(us|eu|ap|sa|ca|me|af)-[a-z]+-\d\b', str(template)):
        wrong.append('a region is written down')
    return wrong


def the_monitor_is_watched(template):
    alarms = of_type(template, 'AWS::CloudWatch::Alarm')
    watched = {alarm.get('MetricName') for alarm in alarms.values()} | {
        metric['MetricStat']['Metric']['MetricName'] for alarm in alarms.values() for metric in alarm.get('Metrics', []) if 'MetricStat' in metric}
    wanted = {'Errors', 'Throttles', 'Invocations', 'ApproximateAgeOfOldestMessage', 'ApproximateNumberOfMessagesVisible', 'ConditionalCheckFailedRequests'}
    wrong = sorted(wanted - watched) + [name for name, alarm in alarms.items() if alarm.get('AlarmActions') != [{'Ref': 'AlertTopic'}]]
    if alarms['SilenceAlarm']['TreatMissingData'] != 'breaching':
        wrong.append('silence is no alarm')
    return wrong


def the_state_outlives_a_mistake(template):
    table = template['Resources']['StateTable']['Properties']
    wrong = []
    if not table.get('PointInTimeRecoverySpecification', {}).get('PointInTimeRecoveryEnabled') or table.get('BillingMode') != 'PAY_PER_REQUEST':
        wrong.append('no recovery, or not on demand')
    if table.get('TimeToLiveSpecification') != {'AttributeName': 'expires', 'Enabled': True}:
        wrong.append('nothing expires')
    if [key['AttributeName'] for key in table['KeySchema']] != ['pk', 'sk']:
        wrong.append('other keys than the store has')
    return wrong


def settings_are_all_given(template):
    variables = template['Resources']['MonitorFunction']['Properties']['Environment']['Variables']
    documented = set(re.findall(r'SQUALL_[A-Z_]+', (conftest.ROOT / 'docs/monitor-deploy.md').read_text(encoding='utf-8')))
    return sorted(set(variables) ^ documented)


# What is wrong with a template, and who must find it.
def remove(*path):
    def change(template):
        del at(template, path[:-1])[path[-1]]
    return change


def put(value, *path):
    def change(template):
        at(template, path[:-1])[path[-1]] = value
    return change


R = 'Resources'
ROLE = (R, 'MonitorRole', 'Properties', 'Policies', 0, 'PolicyDocument', 'Statement')
BROKEN = [
    (every_name_resolves, put({'Ref': 'NoSuchThing'}, R, 'AlertEmail', 'Properties', 'Endpoint')),
    (every_name_resolves, put({'Fn::GetAtt': ['NoSuchQueue', 'Arn']}, R, 'EventsOfTheQueue', 'Properties', 'EventSourceArn')),
    (every_name_resolves, put({'Fn::Sub': 'x ${NoSuchThing.Name} y'}, R, 'AlertTopic', 'Properties', 'DisplayName')),
    (every_name_resolves, remove('Conditions', 'IsEncrypted')),
    (everything_is_used, put({'Type': 'String'}, 'Parameters', 'Idle')),
    (everything_is_used, put({'Fn::Equals': ['a', 'b']}, 'Conditions', 'Idle')),
    (what_exists_on_a_condition_is_referred_to_on_it, put({'Fn::GetAtt': ['Key', 'Arn']}, R, 'AlertTopic', 'Properties', 'KmsMasterKeyId')),
    (what_exists_on_a_condition_is_referred_to_on_it, remove('Outputs', 'KeyArn', 'Condition')),
    (policies_are_narrow, put('*', *ROLE, 3, 'Action')),
    (policies_are_narrow, put('sns:*', *ROLE, 3, 'Action')),
    (policies_are_narrow, put('*', *ROLE, 3, 'Resource')),
    (policies_are_narrow, put(['*'], *ROLE, 5, 'Resource')),
    (policies_are_narrow, remove(*ROLE, 2, 'Condition')),
    (policies_are_narrow, remove(R, 'Key', 'Properties', 'KeyPolicy', 'Statement', 1, 'Condition')),
    (policies_are_narrow, remove(R, 'Key', 'Properties', 'KeyPolicy', 'Statement', 2, 'Condition')),
    (actions_need_to_be_chosen, remove(R, 'TerminatePolicy', 'Condition')),
    (actions_need_to_be_chosen, put('Drains', R, 'TerminatePolicy', 'Condition')),
    (actions_need_to_be_chosen, remove(R, 'DrainPolicy')),
    (actions_need_to_be_chosen, put({'Fn::Equals': ['a', 'b']}, 'Conditions', 'Drains')),
    (every_change_is_forwarded_at_once, put({'agentConnected': [False]}, R, 'EventsRule', 'Properties', 'EventPattern', 'detail')),
    (every_change_is_forwarded_at_once, remove(R, 'EventsRule', 'Properties', 'EventPattern', 'detail-type', 3)),
    (every_change_is_forwarded_at_once, put(60, R, 'EventsQueue', 'Properties', 'DelaySeconds')),
    (the_switch_stops_events_and_clock, remove(R, 'EventsRule', 'Properties', 'State')),
    (the_switch_stops_events_and_clock, put('ENABLED', R, 'ClockRule', 'Properties', 'State')),
    (the_switch_stops_events_and_clock, remove(R, 'SilenceAlarm', 'Condition')),
    (nothing_is_lost_without_a_word, remove(R, 'EventsQueue', 'Properties', 'RedrivePolicy')),
    (nothing_is_lost_without_a_word, remove(R, 'EventsRule', 'Properties', 'Targets', 0, 'DeadLetterConfig')),
    (nothing_is_lost_without_a_word, remove(R, 'EventsOfTheQueue', 'Properties', 'FunctionResponseTypes')),
    (nothing_is_lost_without_a_word, remove(R, 'EventsOfTheQueue', 'Properties', 'MaximumBatchingWindowInSeconds')),
    (nothing_is_lost_without_a_word, put(60, R, 'EventsQueue', 'Properties', 'VisibilityTimeout')),
    (nothing_is_lost_without_a_word, put(1, 'Parameters', 'ReservedConcurrency', 'Default')),
    (nothing_is_lost_without_a_word, remove(R, 'EventsQueuePolicy', 'Properties', 'PolicyDocument', 'Statement', 0, 'Condition')),
    (nothing_is_lost_without_a_word, remove(R, 'DeadLetterQueuePolicy')),
    (encryption_reaches_everything, remove(R, 'EventsQueue', 'Properties', 'KmsMasterKeyId')),
    (encryption_reaches_everything, remove(R, 'DeadLetterQueue', 'Properties', 'KmsMasterKeyId')),
    (encryption_reaches_everything, remove(R, 'AlertTopic', 'Properties', 'KmsMasterKeyId')),
    (encryption_reaches_everything, remove(R, 'MonitorLogGroup', 'Properties', 'KmsKeyId')),
    (encryption_reaches_everything, remove(R, 'StateTable', 'Properties', 'SSESpecification')),
    (encryption_reaches_everything, remove('Rules', 'EncryptionHasAnAdministrator')),
    (encryption_reaches_everything, remove(R, 'Key', 'Properties', 'KeyPolicy', 'Statement', 2)),
    (names_of_the_published_sample_are_kept, put('group-1', 'Parameters', 'MonitoringTagKeyValue', 'Default')),
    (names_of_the_published_sample_are_kept, put('eu-west-1', R, 'AlertTopic', 'Properties', 'DisplayName')),
    (names_of_the_published_sample_are_kept, put('{}', R, 'FailuresDashboard', 'Properties', 'DashboardBody')),
    (the_monitor_is_watched, remove(R, 'DeadLettersAlarm')),
    (the_monitor_is_watched, remove(R, 'ThrottlesAlarm', 'Properties', 'AlarmActions')),
    (the_monitor_is_watched, put('notBreaching', R, 'SilenceAlarm', 'Properties', 'TreatMissingData')),
    (the_state_outlives_a_mistake, remove(R, 'StateTable', 'Properties', 'PointInTimeRecoverySpecification')),
    (the_state_outlives_a_mistake, remove(R, 'StateTable', 'Properties', 'TimeToLiveSpecification')),
    (settings_are_all_given, remove(R, 'MonitorFunction', 'Properties', 'Environment', 'Variables', 'SQUALL_TABLE')),
    (settings_are_all_given, put('x', R, 'MonitorFunction', 'Properties', 'Environment', 'Variables', 'SQUALL_NEW')),
]
CHECKS = sorted({check for check, _ in BROKEN}, key=lambda check: check.__name__)


@pytest.mark.parametrize('check', CHECKS, ids=lambda check: check.__name__)
def test_the_template_is_in_order(check):
    assert check(load()) == []


@pytest.mark.parametrize('number', range(len(BROKEN)), ids=lambda number: f'{BROKEN[number][0].__name__}-{number}')
def test_a_broken_template_is_found(number):
    check, change = BROKEN[number]
    template = copy.deepcopy(load())
    change(template)
    assert check(template) != []


@pytest.mark.parametrize('address, is_one', [
    ('ops@example.com', True), ('first.last@example.com', True), ('on-call+ecs@eu.mail.example-corp.co.uk', True), ("o'brien_1@example.org", True),
    ('ops', False), ('ops@', False), ('ops@example', False), ('@example.com', False), ('a b@example.com', False), ('ops@-example.com', False), ('ops@example..com', False)])
def test_an_address_is_taken_as_people_have_them(address, is_one):
    assert bool(re.fullmatch(load()['Parameters']['NotificationEmail']['AllowedPattern'], address)) == is_one


def test_the_functions_actions_are_conditions_of_their_words():
    """What CloudFormation would find for each list of actions."""
    conditions = load()['Conditions']

    def value(node, actions):
        (function, inner), = node.items()
        if function == 'Fn::Not':
            return not value(inner[0], actions)
        if function == 'Fn::Or':
            return any(value(one, actions) for one in inner)
        if function == 'Condition':
            return value(conditions[inner], actions)
        if function == 'Fn::Equals':
            return text(inner[0], actions) == text(inner[1], actions)
        raise AssertionError(function)

    def text(node, actions):
        if node == {'Ref': 'Actions'}:
            return actions
        (function, inner), = node.items()
        if function == 'Fn::Join':
            return inner[0].join(text(inner[1], actions))
        if function == 'Fn::Split':
            return text(inner[1], actions).split(inner[0])
        raise AssertionError(function)

    words = {'diagnose': 'Diagnoses', 'restart-agent': 'RestartsAgent', 'restart-docker': 'RestartsDocker', 'drain': 'Drains', 'terminate': 'Terminates'}
    for actions in ([''], *([word] for word in words), ['diagnose', 'drain'], ['restart-agent', 'restart-docker', 'terminate'], list(words)):
        for word, condition in words.items():
            assert value(conditions[condition], actions) == (word in actions), (actions, condition)
        assert value(conditions['RunsCommands'], actions) == bool({'diagnose', 'restart-agent', 'restart-docker'} & set(actions))


@pytest.mark.skipif(shutil.which('cfn-lint') is None, reason='cfn-lint is not installed')
def test_cfn_lint_has_nothing_to_say():
    done = subprocess.run(['cfn-lint', '--', str(TEMPLATE)], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
