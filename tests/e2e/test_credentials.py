"""Where squall's credentials come from, and what an operator is told when AWS says no.

The lab plays STS; small servers here play what gives credentials to containers, and the portal of single sign-on.
"""
import datetime
import hashlib
import http.server
import json
import re
import stat
import threading

import pytest
from conftest import Lab

PLAN = ('plan', '--fault', 'ecs-agent-stop', '--set', 'CLUSTER_NAME=demo')
ERROR, USAGE = 3, 64
ROLE = 'arn:aws:iam::{account}:role/squall-experiment'


@pytest.fixture(scope='module')
def lab():
    made = Lab(1)
    made.keys = made.environment['AWS_ACCESS_KEY_ID'], made.environment['AWS_SECRET_ACCESS_KEY']
    # Nobody answers as instance metadata here: a place that is skipped must not take its time.
    made.bare = {**made.environment, 'AWS_EC2_METADATA_DISABLED': 'true'}
    for name in ('AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN'):
        made.bare.pop(name, None)
    yield made
    made.down()


@pytest.fixture
def home(tmp_path):
    (tmp_path / '.aws').mkdir()
    return tmp_path


def write(path, text, mode=0o600):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding='utf-8')
    path.chmod(mode)
    return path


def in_an_hour():
    return (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=1)).strftime('%Y-%m-%dT%H:%M:%SZ')


def plan(lab, home, **settings):
    return lab.squall(*PLAN, environment={**lab.bare, 'HOME': str(home), **{name: str(value) for name, value in settings.items()}})


def works(lab, done):
    assert done.code == 0 and lab.instance_ids()[0] in done.out, done
    assert lab.keys[1] not in done.out + done.err
    return done


def profile(lab):
    return f'aws_access_key_id = {lab.keys[0]}\naws_secret_access_key = {lab.keys[1]}\n'


class Giver(http.server.ThreadingHTTPServer):
    """Answers GET by what `answer(path, headers)` gives: a status and an object."""

    daemon_threads = True

    def __init__(self, answer):
        self.answer, self.seen = answer, []
        super().__init__(('127.0.0.1', 0), GiverHandler)
        threading.Thread(target=self.serve_forever, kwargs={'poll_interval': 0.05}, daemon=True).start()

    @property
    def url(self):
        return f'http://127.0.0.1:{self.server_address[1]}'

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.shutdown()
        self.server_close()


class GiverHandler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):  # noqa: N802
        self.server.seen.append(self.path)
        status, answer = self.server.answer(self.path, self.headers)
        body = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header('Content-Type', 'application/json')
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


# --- sources --------------------------------------------------------------------------------------


def test_a_container_gets_its_roles_credentials_and_shows_its_token(lab, home):
    def answer(path, headers):
        if path != '/v1/credentials' or headers['Authorization'] != 'pod-token':
            return 401, {'code': 'AccessDenied', 'message': 'who are you?'}
        return 200, {'AccessKeyId': lab.keys[0], 'SecretAccessKey': lab.keys[1], 'Token': '', 'Expiration': in_an_hour()}

    with Giver(answer) as container:
        settings = {'AWS_CONTAINER_CREDENTIALS_FULL_URI': container.url + '/v1/credentials'}
        works(lab, plan(lab, home, AWS_CONTAINER_AUTHORIZATION_TOKEN='pod-token', **settings))
        works(lab, plan(lab, home, AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE=write(home / 'token', 'pod-token'), **settings))
        refused = plan(lab, home, **settings)
        assert refused.code == ERROR and 'HTTP 401: who are you?' in refused.err, refused
    elsewhere = plan(lab, home, AWS_CONTAINER_CREDENTIALS_FULL_URI='http://127.0.0.1.example.com/', AWS_CONTAINER_AUTHORIZATION_TOKEN='pod-token')
    assert elsewhere.code == USAGE and 'only from this machine' in elsewhere.err, elsewhere


def test_a_program_of_the_profile_gives_credentials(lab, home):
    answer = {'Version': 1, 'AccessKeyId': lab.keys[0], 'SecretAccessKey': lab.keys[1], 'Expiration': in_an_hour()}
    tool = write(home / 'a tool', f"#!/bin/sh\n[ \"$1\" = 'two words' ] || {{ echo 'wrong words' >&2; exit 2; }}\necho '{json.dumps(answer)}'\n", stat.S_IRWXU)
    write(home / '.aws/config', f"[profile tool]\ncredential_process = '{tool}' \"two words\"\n[profile wrong]\ncredential_process = '{tool}' secret-word\n")
    works(lab, plan(lab, home, AWS_PROFILE='tool'))
    failed = plan(lab, home, AWS_PROFILE='wrong')
    assert failed.code == ERROR and str(tool) in failed.err and 'it ended with 2: wrong words' in failed.err and 'secret-word' not in failed.err, failed


def test_a_profile_becomes_its_role_with_the_keys_of_another(lab, home):
    role = ROLE.format(account=lab.client('sts').get_caller_identity()['Account'])
    write(home / '.aws/config', f'[profile chaos]\nrole_arn = {role}\nsource_profile = base\n[profile again]\nrole_arn = {role}\nsource_profile = chaos\n'
                                f'[profile a]\nrole_arn = {role}\nsource_profile = b\n[profile b]\nrole_arn = {role}\nsource_profile = a\n'
                                f'[profile code]\nrole_arn = {role}\nsource_profile = base\nmfa_serial = arn:aws:iam::1:mfa/me\n'
                                f'[profile env]\nrole_arn = {role}\ncredential_source = Environment\n')
    write(home / '.aws/credentials', '[base]\n' + profile(lab))
    for name in ('chaos', 'again'):
        done = works(lab, plan(lab, home, AWS_PROFILE=name))
        assert 'assumed-role/squall-experiment/' in done.out, 'the plan says who will act'
    circle = plan(lab, home, AWS_PROFILE='a')
    assert circle.code == USAGE and 'a -> b -> a' in circle.err, circle
    code = plan(lab, home, AWS_PROFILE='code')
    assert code.code == USAGE and 'one-time code' in code.err and 'aws configure export-credentials' in code.err, code
    env = plan(lab, home, AWS_PROFILE='env')
    assert env.code == ERROR and 'AWS_ACCESS_KEY_ID is not set' in env.err, env


def test_who_logged_in_by_single_sign_on_gets_the_roles_credentials(lab, home):
    write(home / '.aws/config', '[profile ops]\nsso_session = corp\nsso_account_id = 123456789012\nsso_role_name = Ops\n'
                                '[sso-session corp]\nsso_region = eu-west-1\nsso_start_url = https://corp.awsapps.com/start\n')

    def answer(path, headers):
        if headers['x-amz-sso_bearer_token'] != 'login-token':
            return 401, {'__type': 'UnauthorizedException', 'message': 'Session token not found or invalid'}
        if path != '/federation/credentials?role_name=Ops&account_id=123456789012':
            return 403, {'__type': 'ForbiddenException', 'message': 'No access'}
        return 200, {'roleCredentials': {'accessKeyId': lab.keys[0], 'secretAccessKey': lab.keys[1], 'sessionToken': '', 'expiration': 4102444800000}}

    token = home / '.aws/sso/cache' / (hashlib.sha1(b'corp').hexdigest() + '.json')
    with Giver(answer) as portal:
        settings = {'AWS_PROFILE': 'ops', 'AWS_ENDPOINT_URL_SSO': portal.url}
        nobody = plan(lab, home, **settings)
        assert nobody.code == ERROR and "aws sso login --profile 'ops'" in nobody.err and portal.seen == [], nobody
        write(token, json.dumps({'accessToken': 'login-token', 'expiresAt': in_an_hour()}))
        works(lab, plan(lab, home, **settings))
        write(token, json.dumps({'accessToken': 'login-token', 'expiresAt': '2020-01-01T00:00:00Z'}))
        expired = plan(lab, home, **settings)
        assert expired.code == ERROR and 'expired at 2020-01-01T00:00:00Z' in expired.err and "aws sso login --profile 'ops'" in expired.err, expired
        write(token, json.dumps({'accessToken': 'other-token', 'expiresAt': in_an_hour()}))
        refused = plan(lab, home, **settings)
        assert refused.code == ERROR and 'aws sso login' in refused.err and 'other-token' not in refused.err, refused


def test_the_services_section_of_the_config_file_sends_each_service_where_it_says(lab, home):
    environment = {**lab.bare, 'HOME': str(home), 'AWS_ACCESS_KEY_ID': lab.keys[0], 'AWS_SECRET_ACCESS_KEY': lab.keys[1]}
    del environment['AWS_ENDPOINT_URL']
    write(home / '.aws/config', f'[default]\nservices = lab\nendpoint_url = {lab.endpoint}\n[services lab]\nssm =\n  endpoint_url = http://127.0.0.1:1\n')
    failed = lab.squall(*PLAN, environment=environment)
    assert failed.code == ERROR and 'ssm:DescribeInstanceInformation' in failed.err and '[services lab]' in failed.err, failed
    write(home / '.aws/config', f'[default]\nservices = lab\nendpoint_url = http://127.0.0.1:1\n[services lab]\n'
                                + ''.join(f'{name} =\n  endpoint_url = {lab.endpoint}\n' for name in ('ecs', 'ssm', 'sts')))
    works(lab, lab.squall(*PLAN, environment=environment))


# --- when AWS says no -----------------------------------------------------------------------------


def test_without_credentials_every_place_that_was_looked_at_is_listed(lab, home):
    failed = plan(lab, home)
    assert failed.code == ERROR, failed
    for place in ('environment variables: AWS_ACCESS_KEY_ID is not set', 'web identity', '.aws/credentials', '.aws/config', 'container', 'EC2 instance'):
        assert '\n  - ' in failed.err and place in failed.err, (place, failed)


def test_a_role_that_may_not_be_assumed_names_the_trust_policy_and_the_statement_for_it(lab, home):
    account = lab.client('sts').get_caller_identity()['Account']
    role = f'arn:aws:iam::{account}:role/nobody'
    write(home / '.aws/credentials', '[default]\n' + profile(lab))
    refused = lab.squall(*PLAN, '--set', f'ASSUME_ROLE_ARN={role}', environment={**lab.bare, 'HOME': str(home)})
    assert refused.code == ERROR and f'the trust policy of {role} has to name arn:aws:iam::{account}:user/' in refused.err, refused
    statement = json.loads(re.search(r':\n(\{.*\n\})', refused.err, re.S).group(1))
    assert statement['Effect'] == 'Allow' and statement['Action'] == 'sts:AssumeRole' and statement['Principal']['AWS'].startswith(f'arn:aws:iam::{account}:user/')


def test_wrong_keys_are_told_apart(lab, home):
    environment = {**lab.bare, 'HOME': str(home)}

    def with_keys(key, secret):
        done = lab.squall(*PLAN, environment={**environment, 'AWS_ACCESS_KEY_ID': key, 'AWS_SECRET_ACCESS_KEY': secret})
        assert done.code == ERROR and secret not in done.err, done
        return done.err

    wrong = with_keys(lab.keys[0], 'x' * 40)
    assert f'the secret key that does not belong to the access key {lab.keys[0]} from environment variables' in wrong and 'clock is right' in wrong, wrong
    assert 'AWS does not know this access key' in with_keys('AKIAIOSFODNN7EXAMPLE', 'y' * 40)
    assert 'came without its session token' in with_keys('ASIAIOSFODNN7EXAMPLE', 'y' * 40)


class Refusing(http.server.ThreadingHTTPServer):
    """Says who one is, and refuses everything else in the words it was given."""

    daemon_threads = True

    def __init__(self, message):
        self.message, self.asked = message, []
        super().__init__(('127.0.0.1', 0), RefusingHandler)
        threading.Thread(target=self.serve_forever, kwargs={'poll_interval': 0.05}, daemon=True).start()

    __enter__, __exit__, url = Giver.__enter__, Giver.__exit__, Giver.url


class RefusingHandler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):  # noqa: N802
        body = self.rfile.read(int(self.headers['Content-Length'])).decode()
        self.server.asked.append(self.headers['X-Amz-Target'] or body)
        if 'GetCallerIdentity' in body:
            status, kind, answer = 200, 'text/xml', '<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:sts::123456789012:assumed-role/ops/me</Arn></GetCallerIdentityResult></GetCallerIdentityResponse>'
        else:
            status, kind, answer = 400, 'application/x-amz-json-1.1', json.dumps({'__type': 'AccessDeniedException', 'message': self.server.message})
        self.send_response(status)
        self.send_header('Content-Type', kind)
        self.send_header('Content-Length', str(len(answer)))
        self.end_headers()
        self.wfile.write(answer.encode())

    def log_message(self, *_):
        pass


FULL = ('User: arn:aws:sts::123456789012:assumed-role/ops/me is not authorized to perform: ecs:DescribeClusters on resource: '
        'arn:aws:ecs:us-east-1:123456789012:cluster/demo ')


@pytest.mark.parametrize('message', [FULL + 'because no identity-based policy allows the ecs:DescribeClusters action', 'Access denied.'])
def test_a_refusal_comes_with_the_statement_that_is_missing(lab, home, message):
    with Refusing(message) as aws:
        refused = plan(lab, home, AWS_ENDPOINT_URL=aws.url, AWS_ACCESS_KEY_ID=lab.keys[0], AWS_SECRET_ACCESS_KEY=lab.keys[1])
    assert refused.code == ERROR and message in refused.err, refused
    assert 'arn:aws:sts::123456789012:assumed-role/ops/me' in refused.err and 'a policy of the role ops (account 123456789012)' in refused.err, refused
    statement = json.loads(re.search(r':\n(\{.*\n\})', refused.err, re.S).group(1))
    assert statement == {'Effect': 'Allow', 'Action': 'ecs:DescribeClusters', 'Resource': 'arn:aws:ecs:us-east-1:123456789012:cluster/demo'}


def test_a_deny_of_the_organization_is_not_answered_with_a_statement(lab, home):
    with Refusing(FULL + 'with an explicit deny in a service control policy') as aws:
        refused = plan(lab, home, AWS_ENDPOINT_URL=aws.url, AWS_ACCESS_KEY_ID=lab.keys[0], AWS_SECRET_ACCESS_KEY=lab.keys[1])
    assert refused.code == ERROR and 'the administrators of the AWS organization' in refused.err and '"Effect"' not in refused.err, refused
    assert len(refused.err.strip().splitlines()) == 1, refused
