"""CloudWatch Logs as the lab speaks it, through boto3 and the AWS CLI."""
import json
import time

from lab_api import Refusal, client, refused

AWAY = 'eu-central-1'


def now():
    return int(time.time() * 1000)


def group_of(lab, name):
    logs = client(lab, 'logs', AWAY)
    logs.create_log_group(logGroupName=name, tags={'team': 'blue'})
    logs.create_log_stream(logGroupName=name, logStreamName='one')
    return logs


def messages(answered):
    return [event['message'] for event in answered['events']]


def test_what_is_put_is_read_in_order_in_pages_both_ways(shared_lab):
    logs = group_of(shared_lab, '/shop/web')
    start = now() - 60_000
    put = logs.put_log_events(logGroupName='/shop/web', logStreamName='one', sequenceToken='whatever',
                              logEvents=[{'timestamp': start + number, 'message': f'line {number}'} for number in range(25)])
    assert 'rejectedLogEventsInfo' not in put
    seen, token = [], {}
    while True:
        page = logs.get_log_events(logGroupName='/shop/web', logStreamName='one', startFromHead=True, limit=10, **token)
        seen += messages(page)
        if token.get('nextToken') == page['nextForwardToken']:
            break
        token = {'nextToken': page['nextForwardToken']}
    assert seen == [f'line {number}' for number in range(25)]
    last = logs.get_log_events(logGroupName='/shop/web', logStreamName='one', limit=5)
    assert messages(last) == [f'line {number}' for number in range(20, 25)]
    before = logs.get_log_events(logGroupName='/shop/web', logStreamName='one', limit=5, nextToken=last['nextBackwardToken'])
    assert messages(before) == [f'line {number}' for number in range(15, 20)]
    [stream] = logs.describe_log_streams(logGroupName='/shop/web')['logStreams']
    assert stream['firstEventTimestamp'] == start and stream['lastEventTimestamp'] == start + 24
    [group] = logs.describe_log_groups(logGroupNamePrefix='/shop')['logGroups']
    assert group['storedBytes'] > 25 * 26 and 'retentionInDays' not in group
    logs.put_retention_policy(logGroupName='/shop/web', retentionInDays=7)
    [group] = logs.describe_log_groups(logGroupNamePrefix='/shop')['logGroups']
    assert group['retentionInDays'] == 7 and group['arn'].endswith(':log-group:/shop/web:*')
    assert logs.list_tags_for_resource(resourceArn=group['arn'][:-2])['tags'] == {'team': 'blue'}
    logs.tag_resource(resourceArn=group['arn'][:-2], tags={'team': 'red', 'x': 'y'})
    logs.untag_resource(resourceArn=group['arn'][:-2], tagKeys=['x'])
    assert logs.list_tags_log_group(logGroupName='/shop/web')['tags'] == {'team': 'red'}
    logs.delete_log_group(logGroupName='/shop/web')
    assert refused(logs.describe_log_streams, logGroupName='/shop/web') == 'ResourceNotFoundException'


def test_filters_find_words_members_and_columns_over_all_streams(shared_lab):
    logs = group_of(shared_lab, 'filtered')
    logs.create_log_stream(logGroupName='filtered', logStreamName='two')
    lines = ['INFO all is well', 'ERROR it burns', json.dumps({'status': 503, 'path': '/cart'}), '10.0.0.1 GET 404', json.dumps({'status': 200, 'path': '/'})]
    for number, line in enumerate(lines):
        logs.put_log_events(logGroupName='filtered', logStreamName=('one', 'two')[number % 2], logEvents=[{'timestamp': now() - 100 + number, 'message': line}])

    def found(pattern, **more):
        pages = logs.get_paginator('filter_log_events').paginate(logGroupName='filtered', filterPattern=pattern, PaginationConfig={'PageSize': 2}, **more)
        return [event['message'] for page in pages for event in page['events']]

    assert found('') == lines
    assert found('ERROR') == [lines[1]]
    assert found('?ERROR ?INFO') == lines[:2]
    assert found('-status') == [lines[0], lines[1], lines[3]]
    assert found('{ $.status >= 500 || $.path = "/" }') == [lines[2], lines[4]]
    assert found('[ip, method, code = 4*]') == [lines[3]]
    assert found('', logStreamNames=['two']) == [lines[1], lines[3]]
    refusal = Refusal(logs.filter_log_events, logGroupName='filtered', filterPattern='%regex%')
    assert refusal.code == 'InvalidParameterException' and refusal.message.startswith('Invalid filter pattern')


def test_the_cli_tails_and_describes(shared_lab):
    logs = client(shared_lab, 'logs')
    logs.create_log_group(logGroupName='by-cli')
    logs.create_log_stream(logGroupName='by-cli', logStreamName='s')
    logs.put_log_events(logGroupName='by-cli', logStreamName='s', logEvents=[{'timestamp': now(), 'message': 'hello'}])
    assert [event['message'] for event in shared_lab.aws('logs', 'filter-log-events', '--log-group-name', 'by-cli')['events']] == ['hello']
    assert [group['logGroupName'] for group in shared_lab.aws('logs', 'describe-log-groups', '--log-group-name-prefix', 'by-')['logGroups']] == ['by-cli']
