"""EventBridge as the lab speaks it: rules over what really happens in the cluster, through boto3 and the AWS CLI."""
import json

from conftest import wait_for
from lab_api import ACCOUNT, Refusal, client, refused, watched

AWAY = 'eu-north-1'


def details(lines):
    return [json.loads(line)['detail'] for line in lines]


def test_an_agent_that_stops_and_starts_is_told_of(lab):
    seen = watched(lab, 'agents', {'source': ['aws.ecs'], 'detail-type': ['ECS Container Instance State Change'], 'detail': {'agentConnected': [True, False]}})
    lab.exec(1, 'systemctl', 'stop', 'ecs')
    gone = wait_for('agentConnected false', lambda: [detail for detail in details(seen()) if not detail['agentConnected']])[0]
    lab.exec(1, 'systemctl', 'start', 'ecs')
    back = wait_for('agentConnected true', lambda: [detail for detail in details(seen()) if detail['agentConnected'] and detail['version'] > gone['version']])[0]
    [event] = [json.loads(line) for line in seen() if json.loads(line)['detail'] == back][:1]
    assert event['source'] == 'aws.ecs' and event['account'] == ACCOUNT and event['resources'] == [back['containerInstanceArn']]
    assert {'agentConnected', 'attributes', 'clusterArn', 'containerInstanceArn', 'ec2InstanceId', 'registeredResources', 'remainingResources', 'status', 'version', 'versionInfo', 'updatedAt'} <= back.keys()
    assert back['ec2InstanceId'] == lab.instance_ids()[0] and set(back['versionInfo']) == {'agentHash', 'agentVersion', 'dockerVersion'}
    versions = [detail['version'] for detail in details(seen())]
    assert versions == sorted(set(versions))


def test_a_spot_instance_is_told_before_it_is_taken_back(lab):
    [instance] = lab.instance_ids()
    seen = watched(lab, 'ec2', {'source': ['aws.ec2']}, InputTransformer={'InputPathsMap': {'id': '$.detail.instance-id', 'state': '$.detail.state', 'action': '$.detail.instance-action'}, 'InputTemplate': '"<id> <state><action>"'})
    token = "TOKEN=$(curl -sX PUT http://169.254.169.254/latest/api/token -H 'X-aws-ec2-metadata-token-ttl-seconds: 60'); "
    ask = token + "curl -s -o /dev/stdout -w ' %{http_code}' -H \"X-aws-ec2-metadata-token: $TOKEN\" http://169.254.169.254/latest/meta-data/spot/instance-action"
    assert lab.sh(1, ask).endswith('404')
    done = lab.squall('lab', 'spot', '1', '--notice', '5s')
    assert done.code == 0 and instance in done.out, done
    document, status = lab.sh(1, ask).rsplit(' ', 1)
    assert status == '200' and json.loads(document)['action'] == 'terminate'
    assert json.loads(document)['time'] in done.out
    expected = [f'"{instance} terminate"', f'"{instance} shutting-down"', f'"{instance} terminated"']
    wait_for('its end', lambda: seen() == expected, instead=seen)
    described = client(lab, 'ec2').describe_instances(InstanceIds=[instance])['Reservations'][0]['Instances'][0]
    assert described['State'] == {'Code': 48, 'Name': 'terminated'}
    assert client(lab, 'ecs').list_container_instances(cluster='demo')['containerInstanceArns'] == []
    again = lab.squall('lab', 'spot', '1')
    assert again.code == 3 and 'no EC2 instance' in again.err, again


def test_events_of_ones_own_are_routed_and_refused_one_by_one(shared_lab):
    seen = watched(shared_lab, 'orders', {'source': ['shop'], 'detail': {'total': [{'numeric': ['>', 100]}]}}, AWAY)
    events = client(shared_lab, 'events', AWAY)
    put = events.put_events(Entries=[
        {'Source': 'shop', 'DetailType': 'order', 'Detail': json.dumps({'total': 250}), 'Resources': ['a']},
        {'Source': 'shop', 'DetailType': 'order', 'Detail': json.dumps({'total': 50})},
        {'Source': 'shop', 'DetailType': 'order', 'Detail': 'no JSON'},
        {'Source': 'shop', 'Detail': '{}'},
    ])
    assert put['FailedEntryCount'] == 2 and [entry.get('ErrorCode') for entry in put['Entries']] == [None, None, 'MalformedDetail', 'InvalidArgument']
    [line] = seen()
    assert json.loads(line)['id'] == put['Entries'][0]['EventId'] and json.loads(line)['resources'] == ['a']
    events.disable_rule(Name='orders')
    events.put_events(Entries=[{'Source': 'shop', 'DetailType': 'order', 'Detail': json.dumps({'total': 500})}])
    assert len(seen()) == 1


def test_patterns_are_tried_and_refused_as_aws_does(shared_lab):
    events = client(shared_lab, 'events', AWAY)
    event = {'id': '1', 'account': ACCOUNT, 'source': 's', 'time': '2026-11-21T00:00:00Z', 'region': AWAY, 'resources': [], 'detail-type': 't', 'detail': {'ip': '10.1.2.3', 'name': 'Web-1'}}

    def is_match(pattern):
        return events.test_event_pattern(EventPattern=json.dumps(pattern), Event=json.dumps(event))['Result']

    assert is_match({'detail': {'ip': [{'cidr': '10.0.0.0/8'}], 'name': [{'prefix': {'equals-ignore-case': 'web'}}], 'none': [{'exists': False}]}})
    assert not is_match({'detail': {'name': [{'anything-but': {'wildcard': 'Web-*'}}]}})
    assert is_match({'$or': [{'source': ['x']}, {'detail-type': ['t']}]})
    refusal = Refusal(events.put_rule, Name='wrong', EventPattern='{"source": "s"}')
    assert refusal.code == 'InvalidEventPatternException' and refusal.message.startswith('Event pattern is not valid. Reason: ')
    assert refused(events.describe_rule, Name='wrong') == 'ResourceNotFoundException'


def test_buses_rules_and_tags_come_and_go(shared_lab):
    events = client(shared_lab, 'events', AWAY)
    bus = events.create_event_bus(Name='mine')['EventBusArn']
    arn = events.put_rule(Name='r', EventBusName='mine', EventPattern='{"source":["s"]}', Tags=[{'Key': 'a', 'Value': '1'}])['RuleArn']
    assert arn.endswith(':rule/mine/r') and [each['Name'] for each in events.list_event_buses()['EventBuses']] == ['default', 'mine']
    events.tag_resource(ResourceARN=arn, Tags=[{'Key': 'b', 'Value': '2'}])
    assert events.list_tags_for_resource(ResourceARN=arn)['Tags'] == [{'Key': 'a', 'Value': '1'}, {'Key': 'b', 'Value': '2'}]
    assert refused(events.delete_event_bus, Name='mine') == 'ValidationException'
    events.put_targets(Rule='r', EventBusName='mine', Targets=[{'Id': str(number), 'Arn': f'arn:aws:sqs:{AWAY}:{ACCOUNT}:q'} for number in range(5)])
    assert refused(events.put_targets, Rule='r', EventBusName='mine', Targets=[{'Id': 'six', 'Arn': bus}]) == 'LimitExceededException'
    assert refused(events.delete_rule, Name='r', EventBusName='mine') == 'ValidationException'
    assert events.list_rule_names_by_target(TargetArn=f'arn:aws:sqs:{AWAY}:{ACCOUNT}:q', EventBusName='mine')['RuleNames'] == ['r']
    events.remove_targets(Rule='r', EventBusName='mine', Ids=[str(number) for number in range(5)])
    events.delete_rule(Name='r', EventBusName='mine')
    events.delete_event_bus(Name='mine')
    assert refused(events.describe_event_bus, Name='mine') == 'ResourceNotFoundException'


def test_policies_decide_about_rules_and_log_groups(shared_lab):
    iam = client(shared_lab, 'iam')
    iam.create_user(UserName='narrow')
    iam.put_user_policy(UserName='narrow', PolicyName='p', PolicyDocument=json.dumps({'Version': '2012-10-17', 'Statement': [
        {'Effect': 'Allow', 'Action': 'events:PutRule', 'Resource': f'arn:aws:events:us-east-1:{ACCOUNT}:rule/mine-*'},
        {'Effect': 'Allow', 'Action': 'logs:CreateLogGroup', 'Resource': f'arn:aws:logs:us-east-1:{ACCOUNT}:log-group:mine:*'}]}))
    key = iam.create_access_key(UserName='narrow')['AccessKey']
    keys = {'aws_access_key_id': key['AccessKeyId'], 'aws_secret_access_key': key['SecretAccessKey']}
    events, logs = client(shared_lab, 'events', **keys), client(shared_lab, 'logs', **keys)
    events.put_rule(Name='mine-1', EventPattern='{"source":["s"]}')
    assert refused(events.put_rule, Name='theirs', EventPattern='{"source":["s"]}') == 'AccessDeniedException'
    assert refused(events.list_rules) == 'AccessDeniedException'
    logs.create_log_group(logGroupName='mine')
    assert refused(logs.create_log_group, logGroupName='theirs') == 'AccessDeniedException'


def test_the_cli_makes_rules_and_puts_events(shared_lab):
    seen = watched(shared_lab, 'by-cli', {'source': ['cli']})
    put = shared_lab.aws('events', 'put-events', '--entries', json.dumps([{'Source': 'cli', 'DetailType': 't', 'Detail': '{}'}]))
    assert put['FailedEntryCount'] == 0 and len(seen()) == 1
    assert 'by-cli' in [rule['Name'] for rule in shared_lab.aws('events', 'list-rules')['Rules']]
