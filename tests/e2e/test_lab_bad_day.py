"""The lab's endpoint as AWS is on a bad day: permissions, errors, hangs, throttling; with AWS's own clients and with squall."""
import json
import subprocess
import time

import boto3
import botocore.config
import botocore.exceptions
import pytest

from conftest import SQUALL, Finished, wait_for

ACCOUNT = '123456789012'
DEMO = ('--fault', 'ecs-agent-stop', '--set', 'CLUSTER_NAME=demo')


def client(lab, service, key=None, read_timeout=20):
    key = key or {'AccessKeyId': lab.environment['AWS_ACCESS_KEY_ID'], 'SecretAccessKey': lab.environment['AWS_SECRET_ACCESS_KEY']}
    return boto3.client(service, endpoint_url=lab.endpoint, region_name='us-east-1', aws_access_key_id=key['AccessKeyId'], aws_secret_access_key=key['SecretAccessKey'],
                        aws_session_token=key.get('SessionToken'), config=botocore.config.Config(retries={'max_attempts': 0}, read_timeout=read_timeout))


def error_of(call, **arguments):
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        call(**arguments)
    return caught.value.response['Error'] | {'Status': caught.value.response['ResponseMetadata']['HTTPStatusCode']}


def api(lab, *arguments):
    done = lab.squall('lab', 'api', *arguments)
    assert done.code == 0, done
    return done.out


def policy_of(lab):
    done = lab.squall('policy', *DEMO)
    assert done.code == 0, done
    return json.loads(done.out)


class User:
    """A user of the lab's account with one inline policy, and the environment in which squall is that user."""

    def __init__(self, lab, name, policy=None):
        self.lab, self.name = lab, name
        self.arn = f'arn:aws:iam::{ACCOUNT}:user/{name}'
        lab.aws('iam', 'create-user', '--user-name', name)
        self.key = lab.aws('iam', 'create-access-key', '--user-name', name)['AccessKey']
        self.environment = lab.environment | {'AWS_ACCESS_KEY_ID': self.key['AccessKeyId'], 'AWS_SECRET_ACCESS_KEY': self.key['SecretAccessKey']}
        if policy:
            self.may(policy)

    def may(self, policy):
        self.lab.aws('iam', 'put-user-policy', '--user-name', self.name, '--policy-name', 'squall', '--policy-document', json.dumps(policy))

    def squall(self, *arguments):
        return Finished(subprocess.run([SQUALL, *arguments], env=self.environment, capture_output=True, text=True, timeout=300, check=False))


def without(policy, action):
    """The policy, with one action taken out of it."""
    statements = []
    for statement in policy['Statement']:
        actions = statement['Action'] if isinstance(statement['Action'], list) else [statement['Action']]
        left = [one for one in actions if one != action]
        if left:
            statements.append(statement | {'Action': left})
    return policy | {'Statement': statements}


def test_with_exactly_the_printed_policy_the_fault_runs(lab):
    user = User(lab, 'chaos', policy_of(lab))
    planned = user.squall('plan', *DEMO)
    assert planned.code == 0, planned
    ran = user.squall('run', *DEMO, '--set', 'TOTAL_CHAOS_DURATION=6')
    assert ran.code == 0, ran
    assert all(lab.connected().values())


@pytest.mark.parametrize('action, resource', [
    ('ecs:DescribeClusters', f'arn:aws:ecs:us-east-1:{ACCOUNT}:cluster/demo'),
    ('ecs:ListContainerInstances', f'arn:aws:ecs:us-east-1:{ACCOUNT}:cluster/demo'),
    ('ecs:DescribeContainerInstances', f'arn:aws:ecs:us-east-1:{ACCOUNT}:container-instance/demo/'),
    ('ssm:DescribeInstanceInformation', f'arn:aws:ssm:us-east-1:{ACCOUNT}:*'),
    ('ssm:SendCommand', 'arn:aws:ssm:us-east-1::document/AWS-RunShellScript')])
def test_each_action_that_is_missing_is_named_with_who_lacks_it_and_on_what(shared_lab, action, resource):
    name = 'no-' + action.split(':')[1]
    user = User(shared_lab, name, without(policy_of(shared_lab), action))
    ran = user.squall('run', *DEMO, '--set', 'TOTAL_CHAOS_DURATION=6')
    assert ran.code != 0, ran
    said = ran.out + ran.err
    for word in (action, user.arn, resource):
        assert word in said, f'{word}: {ran}'
    assert all(shared_lab.connected().values()), 'nothing was touched'


def test_a_user_with_nothing_is_refused_in_the_form_of_each_service(shared_lab):
    user = User(shared_lab, 'nobody')
    denied = error_of(client(shared_lab, 'ecs', user.key).describe_clusters, clusters=['demo'])
    assert denied['Code'] == 'AccessDeniedException' and denied['Status'] == 400
    assert denied['Message'] == (f'User: {user.arn} is not authorized to perform: ecs:DescribeClusters on resource: arn:aws:ecs:us-east-1:{ACCOUNT}:cluster/demo '
                                 'because no identity-based policy allows the ecs:DescribeClusters action')
    denied = error_of(client(shared_lab, 'ec2', user.key).describe_instances)
    assert denied['Code'] == 'UnauthorizedOperation' and denied['Status'] == 403
    assert denied['Message'].startswith(f'You are not authorized to perform this operation. User: {user.arn} is not authorized to perform: ec2:DescribeInstances because')
    denied = error_of(client(shared_lab, 'ssm', user.key).list_commands)
    assert denied['Code'] == 'AccessDeniedException' and f'on resource: arn:aws:ssm:us-east-1:{ACCOUNT}:* because' in denied['Message']
    denied = error_of(client(shared_lab, 'iam', user.key).create_user, UserName='more')
    assert denied['Code'] == 'AccessDenied' and denied['Status'] == 403 and f'on resource: arn:aws:iam::{ACCOUNT}:user/more because' in denied['Message']
    assert client(shared_lab, 'sts', user.key).get_caller_identity()['Arn'] == user.arn


def test_roles_are_assumed_as_their_trust_policies_say(shared_lab):
    user = User(shared_lab, 'taker')
    iam = client(shared_lab, 'iam')

    def trust(principal, **condition):
        return json.dumps({'Version': '2012-10-17', 'Statement': [{'Effect': 'Allow', 'Principal': principal, 'Action': 'sts:AssumeRole', 'Condition': condition}]})

    role = iam.create_role(RoleName='reader', AssumeRolePolicyDocument=trust({'AWS': user.arn}, StringEquals={'sts:ExternalId': 'blue'}))['Role']
    iam.put_role_policy(RoleName='reader', PolicyName='list', PolicyDocument=json.dumps({'Version': '2012-10-17', 'Statement': {'Effect': 'Allow', 'Action': 'ecs:List*', 'Resource': '*'}}))
    sts = client(shared_lab, 'sts', user.key)
    denied = error_of(sts.assume_role, RoleArn=role['Arn'], RoleSessionName='me')
    assert denied['Code'] == 'AccessDenied' and denied['Message'] == f'User: {user.arn} is not authorized to perform: sts:AssumeRole on resource: {role["Arn"]}'
    session = sts.assume_role(RoleArn=role['Arn'], RoleSessionName='me', ExternalId='blue')['Credentials']
    ecs = client(shared_lab, 'ecs', session)
    assert ecs.list_clusters()['clusterArns']
    assert 'assumed-role/reader/me is not authorized to perform: ecs:DescribeClusters' in error_of(ecs.describe_clusters)['Message']
    api(shared_lab, 'expire', 'reader')
    assert error_of(ecs.list_clusters)['Code'] == 'ExpiredTokenException'
    assert error_of(client(shared_lab, 'sts', session).get_caller_identity)['Code'] == 'ExpiredToken'
    assert error_of(client(shared_lab, 'ec2', session).describe_instances)['Code'] == 'RequestExpired'
    read = iam.get_role(RoleName='reader')['Role']
    assert read['AssumeRolePolicyDocument']['Statement'][0]['Principal'] == {'AWS': user.arn}
    iam.update_assume_role_policy(RoleName='reader', PolicyDocument=trust({'Service': 'ec2.amazonaws.com'}))
    assert error_of(sts.assume_role, RoleArn=role['Arn'], RoleSessionName='me', ExternalId='blue')['Code'] == 'AccessDenied'


def test_the_aws_program_manages_users_and_policies(shared_lab):
    aws = shared_lab.aws
    user = User(shared_lab, 'clerk')
    document = {'Version': '2012-10-17', 'Statement': [{'Effect': 'Allow', 'Action': 'ecs:ListClusters', 'Resource': '*'}]}
    user.may(document)
    assert aws('iam', 'get-user-policy', '--user-name', 'clerk', '--policy-name', 'squall')['PolicyDocument'] == document
    assert aws('iam', 'list-user-policies', '--user-name', 'clerk')['PolicyNames'] == ['squall']
    assert client(shared_lab, 'ecs', user.key).list_clusters()['clusterArns']
    arn = aws('iam', 'create-policy', '--policy-name', 'never', '--policy-document', json.dumps(
        {'Version': '2012-10-17', 'Statement': [{'Effect': 'Deny', 'Action': 'ecs:*', 'Resource': '*'}]}))['Policy']['Arn']
    aws('iam', 'attach-user-policy', '--user-name', 'clerk', '--policy-arn', arn)
    assert aws('iam', 'list-attached-user-policies', '--user-name', 'clerk')['AttachedPolicies'] == [{'PolicyName': 'never', 'PolicyArn': arn}]
    assert error_of(client(shared_lab, 'ecs', user.key).list_clusters)['Message'].endswith(f'with an explicit deny in an identity-based policy: {arn}')
    aws('iam', 'detach-user-policy', '--user-name', 'clerk', '--policy-arn', arn)
    aws('iam', 'delete-policy', '--policy-arn', arn)
    iam = client(shared_lab, 'iam')
    assert error_of(iam.delete_user, UserName='clerk')['Code'] == 'DeleteConflict'
    assert error_of(iam.put_user_policy, UserName='clerk', PolicyName='bad', PolicyDocument='{}')['Code'] == 'MalformedPolicyDocument'
    aws('iam', 'delete-access-key', '--user-name', 'clerk', '--access-key-id', user.key['AccessKeyId'])
    aws('iam', 'delete-user-policy', '--user-name', 'clerk', '--policy-name', 'squall')
    aws('iam', 'delete-user', '--user-name', 'clerk')
    assert error_of(iam.get_user, UserName='clerk')['Code'] == 'NoSuchEntity'
    assert error_of(client(shared_lab, 'ecs', user.key).list_clusters)['Code'] == 'UnrecognizedClientException'


def test_what_is_broken_is_shown_counted_and_mended(lab):
    ecs = client(lab, 'ecs')
    assert 'nothing is broken' in api(lab, 'show')
    assert 'broken: #1 ecs:ListClusters 500' in api(lab, 'break', 'ecs:ListClusters', '500', '--times', '2')
    assert error_of(ecs.list_clusters) | {'Message': ''} == {'Code': 'ServerException', 'Message': '', 'Status': 500}
    assert ecs.describe_clusters()['ResponseMetadata']['HTTPStatusCode'] == 200
    assert 'api broken: #1 ecs:ListClusters 500, 1 time left, 1 call so far' in lab.squall('lab', 'status').out
    error_of(ecs.list_clusters)
    assert ecs.list_clusters()['clusterArns'], 'two times were asked for'
    assert 'broken' not in lab.squall('lab', 'status').out
    api(lab, 'break', 'ec2:*', 'throttle')
    api(lab, 'break', 'sts:GetCallerIdentity', '503')
    assert error_of(client(lab, 'ec2').describe_instances) == {'Code': 'RequestLimitExceeded', 'Message': 'Request limit exceeded.', 'Status': 503}
    assert error_of(client(lab, 'sts').get_caller_identity)['Code'] == 'ServiceUnavailable'
    broken = json.loads(api(lab, 'show', '--json'))['broken']
    assert [one['calls'] for one in broken] == ['ec2:*', 'sts:GetCallerIdentity'] and [one['hits'] for one in broken] == [1, 1]
    assert 'mended: 1' in api(lab, 'mend', str(broken[0]['id']))
    assert client(lab, 'ec2').describe_instances()['Reservations']
    assert 'mended: 1' in api(lab, 'mend')
    assert client(lab, 'sts').get_caller_identity()['Account'] == ACCOUNT


def test_answers_can_be_late_lost_cut_and_garbled(lab):
    ecs = client(lab, 'ecs')
    api(lab, 'break', 'ecs:ListClusters', 'slow=1s')
    begun = time.monotonic()
    assert ecs.list_clusters()['clusterArns']
    assert time.monotonic() - begun >= 1
    api(lab, 'mend')
    api(lab, 'break', 'ecs:ListClusters', 'hang')
    with pytest.raises(botocore.exceptions.ReadTimeoutError):
        client(lab, 'ecs', read_timeout=1).list_clusters()
    api(lab, 'mend')
    for how in ('garbage', 'half-answer'):
        api(lab, 'break', 'ecs:ListClusters', how)
        assert 'clusterArns' not in client(lab, 'ecs').list_clusters(), 'this boto3 takes text that is no JSON for an answer without members'
        api(lab, 'mend')
    before = len(client(lab, 'ecs').list_clusters()['clusterArns'])
    for how, made in (('lost-request', 0), ('lost-answer', 1)):
        api(lab, 'break', 'ecs:CreateCluster', how)
        with pytest.raises(botocore.exceptions.HTTPClientError):
            client(lab, 'ecs').create_cluster(clusterName='new-' + how)
        api(lab, 'mend')
        assert len(client(lab, 'ecs').list_clusters()['clusterArns']) == before + made, how


def test_agents_go_on_working_unless_they_are_named(lab):
    api(lab, 'break', '*', '500')
    assert error_of(client(lab, 'ecs').list_clusters)['Status'] == 500
    lab.sh(1, 'systemctl restart ecs')
    wait_for('the agent connects though every call of people fails', lambda: all(lab.connected().values()))
    api(lab, 'mend')
    api(lab, 'break', 'ecs:Poll', '500')
    lab.sh(1, 'systemctl restart ecs')
    wait_for('the agent is kept out', lambda: not any(lab.connected().values()))
    wait_for('it tries', lambda: json.loads(api(lab, 'show', '--json'))['broken'][0]['hits'] > 0)
    api(lab, 'mend')
    wait_for('the agent is back', lambda: all(lab.connected().values()), timeout=90)


def test_throttling_is_off_until_it_is_turned_on(lab):
    ecs = client(lab, 'ecs')

    def codes(count):
        found = set()
        for _ in range(count):
            try:
                ecs.list_clusters()
            except botocore.exceptions.ClientError as error:
                found.add((error.response['Error']['Code'], error.response['Error']['Message']))
        return found

    assert codes(100) == set()
    assert 'throttling is on' in api(lab, 'throttle', 'on')
    assert 'throttling is on' in lab.squall('lab', 'status').out
    wait_for('the bucket is empty', lambda: codes(200) == {('ThrottlingException', 'Rate exceeded')}, timeout=60)
    assert 'throttling is off' in api(lab, 'throttle', 'off')
    assert codes(100) == set()


def test_mistakes_are_explained_and_change_nothing(shared_lab):
    for arguments, hint in ((('break', 'ssm:SendComand', '500'), 'did you mean ssm:SendCommand?'), (('break', '*', 'sometimes'), 'there are: 500, 503'),
                            (('break', '*'), 'HOW'), (('break', '*', '500', '--share', '0%'), '1% to 100%'), (('break', '*', '500', '--for', 'soon'), 'duration'),
                            (('throttle', 'maybe'), 'on'), (('brake', '*', '500'), 'did you mean lab api break?')):
        done = shared_lab.squall('lab', 'api', *arguments)
        assert done.code == 64 and hint in done.err, done
    done = shared_lab.squall('lab', 'api', 'mend', '77')
    assert done.code == 3 and 'nothing is broken under the number 77' in done.err, done
    assert 'nothing is broken' in api(shared_lab, 'show')


def test_a_run_ends_right_and_its_hosts_whole_though_the_api_fails_in_between(lab):
    api(lab, 'break', '*', '500', '--share', '20%', '--seed', '3')
    ran = lab.squall('run', *DEMO, '--set', 'TOTAL_CHAOS_DURATION=6')
    api(lab, 'mend')
    wait_for('the host is whole', lambda: all(lab.connected().values()), timeout=60)
    assert ran.code in (0, 1, 3, 4), ran
    recovered = lab.squall('recover')
    assert recovered.code == 0, recovered
    assert lab.squall('run', *DEMO, '--set', 'TOTAL_CHAOS_DURATION=6').code == 0


@pytest.mark.parametrize('calls, how', [
    ('ecs:DescribeContainerInstances', '500'), ('ssm:SendCommand', 'throttle'), ('ssm:SendCommand', 'lost-answer'), ('ssm:SendCommand', 'lost-request'),
    ('ssm:ListCommandInvocations', '503'), ('ssm:ListCommandInvocations', 'half-answer')])
def test_what_fails_twice_is_tried_again_and_the_run_passes(lab, calls, how):
    api(lab, 'break', calls, how, '--times', '2')
    ran = lab.squall('run', *DEMO, '--set', 'TOTAL_CHAOS_DURATION=8')
    assert ran.code == 0, ran
    assert 'nothing is broken' in api(lab, 'show'), 'both times were met'
    assert all(lab.connected().values())


def test_an_answer_that_is_none_of_aws_is_called_so(shared_lab):
    api(shared_lab, 'break', 'ecs:ListContainerInstances', 'garbage')
    planned = shared_lab.squall('plan', *DEMO)
    api(shared_lab, 'mend')
    assert planned.code == 3 and 'ecs:ListContainerInstances: the answer makes no sense' in planned.err, planned


def test_an_outage_during_the_fault_ends_with_whole_hosts(lab):
    run = lab.run(12)
    run.until('injected')
    api(lab, 'break', '*', '500', '--for', '20s')
    run.finish()
    wait_for('the host restores itself', lambda: all(lab.connected().values()), timeout=60)
    wait_for('AWS is well again', lambda: 'nothing is broken' in api(lab, 'show'), timeout=60)
    recovered = lab.squall('recover')
    assert recovered.code == 0, recovered
    assert lab.squall('run', *DEMO, '--set', 'TOTAL_CHAOS_DURATION=6').code == 0


def test_a_look_that_takes_its_time_says_so_once(lab):
    quick = lab.squall('plan', *DEMO)
    assert quick.code == 0 and 'still looking' not in quick.err
    api(lab, 'break', 'ssm:DescribeInstanceInformation', 'slow=7s')
    slow = lab.squall('plan', *DEMO)
    assert slow.code == 0 and slow.err.count('still looking at the cluster') == 1, slow
    assert slow.out.splitlines()[0] == quick.out.splitlines()[0]
