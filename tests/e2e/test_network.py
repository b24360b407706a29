"""squall as a client of AWS over networks as operators have them: TLS with a private authority, proxies."""
import json
import re

import pytest
from network_fronts import ERROR, PLAN, RUN, USAGE, Authority, Proxy, TlsFront, lab_address, lab_without_a_way_around, squall


@pytest.fixture(scope='module')
def lab():
    yield from lab_without_a_way_around()


@pytest.fixture(scope='module')
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp('authority'))


@pytest.fixture(scope='module')
def front(lab, authority):
    with TlsFront(lab_address(lab), *authority.certificate('good', 'DNS:localhost,IP:127.0.0.1')) as made:
        yield made


@pytest.fixture(scope='module')
def misnamed(lab, authority):
    with TlsFront(lab_address(lab), *authority.certificate('other', 'DNS:ecs.us-east-1.amazonaws.com,IP:127.0.0.2')) as made:
        yield made


def test_a_whole_run_goes_through_tls_with_a_private_authority(lab, front, authority):
    planned = squall(lab, *PLAN, AWS_ENDPOINT_URL=front.url, AWS_CA_BUNDLE=authority.bundle)
    assert planned.code == 0 and lab.instance_ids()[0] in planned.out, planned
    assert set(front.names) == {'localhost'}, 'the server is told by which name it is meant'
    run = squall(lab, *RUN, AWS_ENDPOINT_URL=front.url, AWS_CA_BUNDLE=authority.bundle)
    assert run.code == 0, run
    verdict = json.loads(run.out.splitlines()[-1])
    assert verdict['verdict'] == 'passed' and verdict['api_calls']['ssm:SendCommand'] == 2
    assert all(lab.connected().values())


def test_the_authority_can_be_named_in_each_of_the_usual_places(lab, front, authority, tmp_path):
    config = tmp_path / 'config'
    config.write_text(f'[default]\nca_bundle = {authority.bundle}\n', encoding='utf-8')
    assert squall(lab, *PLAN, AWS_ENDPOINT_URL=front.url, SSL_CERT_FILE=authority.bundle).code == 0
    assert squall(lab, *PLAN, AWS_ENDPOINT_URL=front.url, AWS_CONFIG_FILE=config).code == 0
    by_address = front.url.replace('localhost', '127.0.0.1')
    assert squall(lab, *PLAN, AWS_ENDPOINT_URL=by_address, AWS_CA_BUNDLE=authority.bundle).code == 0, 'the certificate names the address too'


def test_a_server_that_nobody_vouches_for_gets_nothing(lab, front):
    before = front.plain
    sent = len(lab.client('ssm').list_commands()['Commands'])
    for arguments in (PLAN, RUN):
        seen = front.connections
        refused = squall(lab, *arguments, AWS_ENDPOINT_URL=front.url)
        assert refused.code == ERROR, refused
        assert front.url in refused.err and 'certificate' in refused.err and 'AWS_CA_BUNDLE' in refused.err
        assert front.connections == seen + 1, 'a certificate does not get better by asking again'
    assert front.plain == before, 'not one byte of a request'
    assert len(lab.client('ssm').list_commands()['Commands']) == sent and all(lab.connected().values())


def test_a_certificate_for_another_name_is_refused(lab, misnamed, authority):
    for url, name in ((misnamed.url, 'localhost'), (misnamed.url.replace('localhost', '127.0.0.1'), '127.0.0.1')):
        refused = squall(lab, *PLAN, AWS_ENDPOINT_URL=url, AWS_CA_BUNDLE=authority.bundle)
        assert refused.code == ERROR, refused
        assert name in refused.err and re.search('mismatch|another name|does not match|not for', refused.err), refused
    assert misnamed.plain == 0


def test_a_certificate_that_has_run_out_is_refused_and_called_so(lab, authority):
    with TlsFront(lab_address(lab), *authority.certificate('old', 'DNS:localhost', days='-1')) as old:
        refused = squall(lab, *PLAN, AWS_ENDPOINT_URL=old.url, AWS_CA_BUNDLE=authority.bundle)
        assert refused.code == ERROR and 'expired' in refused.err and old.plain == 0, refused


def test_a_bundle_that_cannot_be_used_is_named(lab, front, tmp_path):
    (tmp_path / 'garbage.pem').write_text('no certificate\n', encoding='utf-8')
    for bundle in (tmp_path / 'none.pem', tmp_path / 'garbage.pem', tmp_path):
        refused = squall(lab, *PLAN, AWS_ENDPOINT_URL=front.url, AWS_CA_BUNDLE=bundle)
        assert refused.code in (ERROR, USAGE) and str(bundle) in refused.err and 'AWS_CA_BUNDLE' in refused.err, refused


def test_a_server_without_tls_is_not_spoken_to(lab, authority):
    refused = squall(lab, *PLAN, AWS_ENDPOINT_URL=lab.endpoint.replace('http:', 'https:'), AWS_CA_BUNDLE=authority.bundle)
    assert refused.code == ERROR and lab.endpoint.replace('http:', 'https:') in refused.err and 'TLS' in refused.err, refused


def test_https_goes_through_a_tunnel(lab, front, authority):
    with Proxy() as proxy:
        planned = squall(lab, *PLAN, AWS_ENDPOINT_URL=front.url, AWS_CA_BUNDLE=authority.bundle, HTTPS_PROXY=proxy.url, HTTP_PROXY='http://127.0.0.1:1')
        assert planned.code == 0, planned
        assert proxy.asked and set(proxy.asked) == {f'CONNECT localhost:{front.port} HTTP/1.1'}


def test_a_run_goes_through_an_http_proxy_with_its_signatures_intact(lab):
    with Proxy() as proxy:
        run = squall(lab, *RUN, HTTP_PROXY=proxy.url, HTTPS_PROXY='http://127.0.0.1:1')
        assert run.code == 0, run
        assert set(proxy.asked) == {f'POST {lab.endpoint}/ HTTP/1.1'}
        calls = json.loads(run.out.splitlines()[-1])['api_calls']
        assert len(proxy.asked) >= sum(calls.values()), 'all of it'


def test_no_proxy_is_honoured(lab, front, authority):
    host, port = lab_address(lab)
    with Proxy('403 Forbidden') as proxy:
        for exception in ('127.0.0.1', '*', f'other.example, {host}:{port}', '127.0.0.0/8', 'localhost,127.0.0.1'):
            for name in ('NO_PROXY', 'no_proxy'):
                assert squall(lab, *PLAN, HTTP_PROXY=proxy.url, **{name: exception}).code == 0, exception
        assert squall(lab, *PLAN, AWS_ENDPOINT_URL=front.url, AWS_CA_BUNDLE=authority.bundle, HTTPS_PROXY=proxy.url, NO_PROXY='localhost').code == 0
        assert proxy.asked == []
        assert squall(lab, *PLAN, HTTP_PROXY=proxy.url, NO_PROXY=f'{host}:{port + 1},example.com,27.0.0.1').code == ERROR
        assert proxy.asked != []


def test_a_proxy_that_refuses_is_named_and_not_asked_again(lab, front, authority):
    for refusal in ('403 Forbidden', '407 Proxy Authentication Required'):
        with Proxy(refusal) as proxy:
            tunnel = squall(lab, *PLAN, AWS_ENDPOINT_URL=front.url, AWS_CA_BUNDLE=authority.bundle, HTTPS_PROXY=proxy.url.replace('//', '//user:pa55word@'))
            assert tunnel.code == ERROR, tunnel
            assert f'127.0.0.1:{proxy.port}' in tunnel.err and refusal[:3] in tunnel.err and f'localhost:{front.port}' in tunnel.err
            assert 'pa55word' not in tunnel.err + tunnel.out
            assert len(proxy.asked) == 1 and proxy.authorizations == ['Basic dXNlcjpwYTU1d29yZA==']
            plain = squall(lab, *PLAN, HTTP_PROXY=proxy.url)
            assert plain.code == ERROR and refusal[:3] in plain.err and f'127.0.0.1:{proxy.port}' in plain.err, plain
            assert len(proxy.asked) == 2


def test_a_proxy_that_is_not_there_is_named(lab):
    with Proxy() as proxy:
        pass
    failed = squall(lab, *PLAN, HTTP_PROXY=proxy.url.replace('//', '//user:pa55word@'))
    assert failed.code == ERROR and f'127.0.0.1:{proxy.port}' in failed.err and 'proxy' in failed.err and 'pa55word' not in failed.err, failed


def test_a_proxy_that_makes_no_sense_is_refused_before_anything_is_sent(lab):
    for nonsense in ('ftp://127.0.0.1:1', 'http://', 'socks5://127.0.0.1:1080'):
        failed = squall(lab, *PLAN, HTTP_PROXY=nonsense)
        assert failed.code in (ERROR, USAGE) and 'proxy' in failed.err and nonsense in failed.err, failed
    secret = squall(lab, *PLAN, HTTP_PROXY='https://user:pa55word@127.0.0.1:1')
    assert secret.code in (ERROR, USAGE) and '127.0.0.1:1' in secret.err and 'pa55word' not in secret.err, secret
