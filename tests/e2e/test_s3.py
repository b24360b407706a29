"""S3 of the lab, by AWS's own clients, and by curl on a host: the way a helper gets there."""
import base64
import functools
import hashlib
import os
import re
import subprocess

import boto3
import botocore.config
import conftest
import lab_api
import pytest


@pytest.fixture(scope='module')
def bucket(shared_lab):
    shared_lab.client('s3').create_bucket(Bucket='helpers')
    return 'helpers'


def cli(lab, *arguments):
    done = subprocess.run(['aws', *arguments, '--endpoint-url', lab.endpoint], env=lab.environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def s3_v4(lab):
    """As a newer boto3, or one in any region but us-east-1, signs its URLs."""
    return boto3.client('s3', endpoint_url=lab.endpoint, region_name='us-east-1', aws_access_key_id=lab.environment['AWS_ACCESS_KEY_ID'],
                        aws_secret_access_key=lab.environment['AWS_SECRET_ACCESS_KEY'], config=botocore.config.Config(signature_version='s3v4'))


def test_boto3_puts_gets_lists_and_deletes(shared_lab, bucket):
    s3 = shared_lab.client('s3')
    body = os.urandom(300_000)
    put = s3.put_object(Bucket=bucket, Key='dir/ä b+c', Body=body, ContentType='application/x-thing', Metadata={'build': '7'})
    assert put['ETag'] == f'"{hashlib.md5(body).hexdigest()}"'
    got = s3.get_object(Bucket=bucket, Key='dir/ä b+c')
    assert got['Body'].read() == body and got['ContentType'] == 'application/x-thing' and got['Metadata'] == {'build': '7'}
    assert s3.get_object(Bucket=bucket, Key='dir/ä b+c', Range='bytes=10-19')['Body'].read() == body[10:20]
    assert s3.head_object(Bucket=bucket, Key='dir/ä b+c')['ContentLength'] == 300_000
    listed = s3.list_objects_v2(Bucket=bucket, Prefix='dir/')
    assert [one['Key'] for one in listed['Contents']] == ['dir/ä b+c']
    assert [one['Prefix'] for one in s3.list_objects_v2(Bucket=bucket, Delimiter='/')['CommonPrefixes']] == ['dir/']
    s3.delete_object(Bucket=bucket, Key='dir/ä b+c')
    assert lab_api.refused(s3.get_object, Bucket=bucket, Key='dir/ä b+c') == 'NoSuchKey'
    assert lab_api.refused(s3.head_object, Bucket=bucket, Key='dir/ä b+c') == '404'
    assert lab_api.refused(s3.head_bucket, Bucket='nobodys') == '404'


def test_a_checksum_is_kept_and_a_wrong_one_refused(shared_lab, bucket):
    s3 = shared_lab.client('s3')
    right = base64.b64encode(hashlib.sha256(b'right').digest()).decode()
    assert s3.put_object(Bucket=bucket, Key='sum', Body=b'right', ChecksumSHA256=right)['ChecksumSHA256'] == right
    assert s3.head_object(Bucket=bucket, Key='sum', ChecksumMode='ENABLED')['ChecksumSHA256'] == right
    assert lab_api.refused(s3.put_object, Bucket=bucket, Key='sum', Body=b'wrong', ChecksumSHA256=right) == 'BadDigest'


@pytest.mark.parametrize('size', [0, 5, 20_000_000])
def test_the_cli_copies_files_there_and_back(shared_lab, bucket, tmp_path, size):
    source, back = tmp_path / 'source', tmp_path / 'back'
    source.write_bytes(os.urandom(size))
    cli(shared_lab, 's3', 'cp', str(source), f's3://{bucket}/copied/{size}')
    cli(shared_lab, 's3', 'cp', f's3://{bucket}/copied/{size}', str(back))
    assert back.read_bytes() == source.read_bytes()
    assert re.search(rf'\s{size} {size}$', cli(shared_lab, 's3', 'ls', f's3://{bucket}/copied/{size}'))
    cli(shared_lab, 's3', 'rm', f's3://{bucket}/copied/{size}')


def test_a_presigned_url_means_the_same_on_a_host(shared_lab, bucket):
    s3 = shared_lab.client('s3')
    body = os.urandom(4_000_000)
    s3.put_object(Bucket=bucket, Key='helper', Body=body)
    url = s3_v4(shared_lab).generate_presigned_url('get_object', {'Bucket': bucket, 'Key': 'helper'}, ExpiresIn=60)
    assert url.startswith(shared_lab.endpoint) and 'X-Amz-Signature=' in url
    wanted = hashlib.sha256(body).hexdigest()
    here = subprocess.run(['curl', '-fsS', url], capture_output=True, timeout=60, check=True).stdout
    assert hashlib.sha256(here).hexdigest() == wanted
    for instance in (1, 2):
        assert shared_lab.sh(instance, f"curl -fsS --max-time 20 '{url}' | sha256sum").split()[0] == wanted
    altered = shared_lab.sh(1, f"curl -sS -o /dev/null -w '%{{http_code}}' '{url}0'")
    assert altered == '403'


def test_a_presigned_url_of_the_cli_works_until_it_ends(shared_lab, bucket):
    """Whatever signature version this CLI writes by default."""
    shared_lab.client('s3').put_object(Bucket=bucket, Key='short', Body=b'short')
    url = cli(shared_lab, 's3', 'presign', f's3://{bucket}/short', '--expires-in', '60')
    assert shared_lab.sh(1, f"curl -fsS '{url}'") == 'short'
    for service in ('s3', 's3v4'):
        late = shared_lab.client('s3') if service == 's3' else s3_v4(shared_lab)
        url = late.generate_presigned_url('get_object', {'Bucket': bucket, 'Key': 'short'}, ExpiresIn=-1 if service == 's3' else 1)
        answer = conftest.wait_for('the URL ends', functools.partial(expired, url))
        assert '<Code>AccessDenied</Code><Message>Request has expired</Message>' in answer


def expired(url):
    done = subprocess.run(['curl', '-sS', url], capture_output=True, text=True, timeout=60, check=True)
    return done.stdout if done.stdout != 'short' else None


def test_a_large_upload_is_not_kept_waiting(shared_lab, bucket):
    """Expect: 100-continue is answered: curl says what it got."""
    url = s3_v4(shared_lab).generate_presigned_url('put_object', {'Bucket': bucket, 'Key': 'put'}, ExpiresIn=60)
    done = subprocess.run(['curl', '-sSv', '-H', 'Expect: 100-continue', '--data-binary', 'x' * 50_000, '-H', 'Content-Type:', '-X', 'PUT', url], capture_output=True, text=True, timeout=60, check=True)
    assert '< HTTP/1.1 100 Continue' in done.stderr and '< HTTP/1.1 200 OK' in done.stderr, done.stderr


def test_calls_can_be_broken_by_name(shared_lab, bucket):
    s3 = shared_lab.client('s3')
    assert shared_lab.squall('lab', 'api', 'break', 's3:PutObject', '503', '--times', '1').code == 0
    seen = lab_api.Refusal(s3.put_object, Bucket=bucket, Key='y', Body=b'1')
    assert (seen.code, seen.status) == ('ServiceUnavailable', 503)
    s3.put_object(Bucket=bucket, Key='y', Body=b'1')
