"""CloudWatch's metrics as the lab speaks them: in its query protocol, in its JSON, and compressed."""
import datetime
import gzip
import json
import math

from lab_api import Refusal, call_json, client, json_headers, refused, send, sign

AWAY = 'ap-south-1'
GRANITE = 'GraniteServiceVersion20100801'


def at(minutes):
    return datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(minutes=minutes)


def data(cloudwatch, namespace, name, stat, **more):
    query = {'Id': 'q', 'MetricStat': {'Metric': {'Namespace': namespace, 'MetricName': name}, 'Period': 3600, 'Stat': stat}}
    [answered] = cloudwatch.get_metric_data(MetricDataQueries=[query], StartTime=at(600), EndTime=at(-60), **more)['MetricDataResults']
    assert answered['StatusCode'] == 'Complete' and answered['Label'] == name
    return answered['Values']


def test_values_sets_and_counts_become_statistics(shared_lab):
    cloudwatch = client(shared_lab, 'cloudwatch', AWAY)
    when = at(120)
    cloudwatch.put_metric_data(Namespace='shop', MetricData=[
        {'MetricName': 'latency', 'Value': 2.5, 'Unit': 'Seconds', 'Timestamp': when},
        {'MetricName': 'latency', 'Values': [1.0, 4.0], 'Counts': [3.0, 1.0], 'Unit': 'Seconds', 'Timestamp': when},
        {'MetricName': 'sets', 'StatisticValues': {'SampleCount': 4, 'Sum': 10, 'Minimum': 1, 'Maximum': 5}, 'Timestamp': when},
    ])
    assert data(cloudwatch, 'shop', 'latency', 'Sum') == [9.5]
    assert data(cloudwatch, 'shop', 'latency', 'p99') == [4]
    assert data(cloudwatch, 'shop', 'sets', 'Average') == [2.5]
    assert data(cloudwatch, 'shop', 'none', 'Sum') == []
    answered = cloudwatch.get_metric_statistics(Namespace='shop', MetricName='latency', StartTime=at(600), EndTime=at(0), Period=3600, Statistics=['Sum', 'SampleCount'], ExtendedStatistics=['p50'])
    [point] = answered['Datapoints']
    assert answered['Label'] == 'latency' and point['Sum'] == 9.5 and point['SampleCount'] == 5 and point['ExtendedStatistics'] == {'p50': 1} and point['Unit'] == 'Seconds'
    assert point['Timestamp'].timestamp() == math.floor(when.timestamp() / 3600) * 3600


def test_metrics_are_listed_and_data_comes_in_pages(shared_lab):
    cloudwatch = client(shared_lab, 'cloudwatch', AWAY)
    for number in range(30):
        cloudwatch.put_metric_data(Namespace='many', MetricData=[{'MetricName': 'm', 'Dimensions': [{'Name': 'host', 'Value': str(number % 3)}], 'Value': number, 'Timestamp': at(number + 1)}])
    listed = [metric for page in cloudwatch.get_paginator('list_metrics').paginate(Namespace='many', RecentlyActive='PT3H') for metric in page['Metrics']]
    assert sorted(metric['Dimensions'][0]['Value'] for metric in listed) == ['0', '1', '2']
    assert len(cloudwatch.list_metrics(Namespace='many', Dimensions=[{'Name': 'host', 'Value': '1'}])['Metrics']) == 1
    queries = [{'Id': f'h{host}', 'MetricStat': {'Metric': {'Namespace': 'many', 'MetricName': 'm', 'Dimensions': [{'Name': 'host', 'Value': str(host)}]}, 'Period': 60, 'Stat': 'Sum'}} for host in range(3)]
    pages = list(cloudwatch.get_paginator('get_metric_data').paginate(MetricDataQueries=queries, StartTime=at(60), EndTime=at(-1), MaxDatapoints=7, ScanBy='TimestampAscending'))
    assert len(pages) == 5
    seen = {f'h{host}': [] for host in range(3)}
    for page in pages:
        for result in page['MetricDataResults']:
            seen[result['Id']] += result['Values']
    assert {name: sum(values) for name, values in seen.items()} == {f'h{host}': sum(range(host, 30, 3)) for host in range(3)}


def test_large_requests_come_compressed(shared_lab):
    """Newer clients compress bodies from 10,240 bytes on by themselves; older ones do not, and both are understood."""
    cloudwatch = client(shared_lab, 'cloudwatch', AWAY)
    encodings = []
    cloudwatch.meta.events.register('before-send.cloudwatch.PutMetricData', lambda request, **_: encodings.append((len(request.body), request.headers.get('Content-Encoding'))))
    cloudwatch.put_metric_data(Namespace='large', MetricData=[{'MetricName': 'm', 'Dimensions': [{'Name': 'number', 'Value': f'{number:04}'}], 'Value': 1.0} for number in range(500)])
    [(size, encoding)] = encodings
    assert size > 10_240 or encoding in ('gzip', b'gzip'), encodings
    listed = [metric for page in cloudwatch.get_paginator('list_metrics').paginate(Namespace='large') for metric in page['Metrics']]
    assert len(listed) == 500


def test_a_compressed_body_is_inflated_once_its_signature_has_been_checked(shared_lab):
    def compressed(body, **how):
        headers = {**json_headers(f'{GRANITE}.PutMetricData'), 'Content-Encoding': 'gzip'}
        return send(shared_lab, sign(shared_lab, headers, body, 'monitoring', **how), body)

    body = json.dumps({'Namespace': 'raw', 'MetricData': [{'MetricName': 'm', 'Value': 1}]}).encode()
    assert compressed(gzip.compress(body)).status == 200
    assert call_json(shared_lab, f'{GRANITE}.ListMetrics', {'Namespace': 'raw'}, 'monitoring').json()['Metrics'][0]['MetricName'] == 'm'
    for wrong in (body, gzip.compress(body)[:-4], gzip.compress(b' ' * (17 << 20))):
        refusal = compressed(wrong)
        assert refusal.status == 400 and refusal.json()['__type'] == 'SerializationException', refusal.body
    stranger = compressed(gzip.compress(b' ' * (17 << 20)), secret='wrong')
    assert stranger.json()['__type'] == 'InvalidSignatureException'
    ecs = sign(shared_lab, {**json_headers('AmazonEC2ContainerServiceV20141113.ListClusters'), 'Content-Encoding': 'gzip'}, gzip.compress(b'{}'), 'ecs')
    assert send(shared_lab, ecs, gzip.compress(b'{}')).json()['clusterArns']


def test_what_is_beyond_the_limits_is_refused(shared_lab):
    cloudwatch = client(shared_lab, 'cloudwatch', AWAY)
    one = {'MetricName': 'm', 'Value': 1.0}
    assert refused(cloudwatch.put_metric_data, Namespace='AWS/ECS', MetricData=[one]) == 'InvalidParameterValue'
    assert refused(cloudwatch.put_metric_data, Namespace='x', MetricData=[{**one, 'Unit': 'Bananas'}]) == 'InvalidParameterValue'
    assert refused(cloudwatch.put_metric_data, Namespace='x', MetricData=[{'MetricName': 'm'}]) in ('MissingParameter', 'MissingRequiredParameterException')
    math_query = Refusal(cloudwatch.get_metric_data, MetricDataQueries=[{'Id': 'e', 'Expression': 'a / b'}], StartTime=at(60), EndTime=at(0))
    assert 'metric math' in math_query.message


def test_the_cli_puts_and_lists(shared_lab):
    shared_lab.aws('cloudwatch', 'put-metric-data', '--namespace', 'by-cli', '--metric-name', 'm', '--value', '3', '--unit', 'Count')
    assert [metric['MetricName'] for metric in shared_lab.aws('cloudwatch', 'list-metrics', '--namespace', 'by-cli')['Metrics']] == ['m']
