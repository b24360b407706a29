"""The published template as an operator packages it: by the AWS CLI, into a bucket."""
import io
import os
import shutil
import subprocess
import zipfile
from pathlib import Path

import conftest
import pytest

FOLDER = conftest.ROOT / 'deploy/monitor'
BOOTSTRAP = Path(os.environ.get('SQUALL_LAMBDA_BINARY', Path(conftest.SQUALL).with_name('squall-lambda')))
pytestmark = pytest.mark.skipif(not os.access(BOOTSTRAP, os.X_OK), reason=f'{BOOTSTRAP} is not built')


def test_the_cli_packages_the_template_with_the_function(shared_lab, tmp_path):
    shutil.copy(FOLDER / 'template.yaml', tmp_path)
    with zipfile.ZipFile(tmp_path / 'squall-lambda.zip', 'w', zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        entry = zipfile.ZipInfo('bootstrap', (2026, 1, 1, 0, 0, 0))
        entry.external_attr = 0o100755 << 16
        archive.writestr(entry, BOOTSTRAP.read_bytes()[:1 << 20])
    s3 = shared_lab.client('s3')
    s3.create_bucket(Bucket='functions')
    packaged = tmp_path / 'packaged.yaml'
    done = subprocess.run(['aws', 'cloudformation', 'package', '--template-file', 'template.yaml', '--s3-bucket', 'functions', '--output-template-file', packaged,
                           '--endpoint-url', shared_lab.endpoint], cwd=tmp_path, env=shared_lab.environment, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done
    (key,) = [found['Key'] for found in s3.list_objects_v2(Bucket='functions')['Contents']]
    text = packaged.read_text(encoding='utf-8')
    # The function's code is what was put into the bucket; all else is as it was.
    assert f'S3Bucket: functions\n        S3Key: {key}\n' in text and 'Code: squall-lambda.zip' not in text
    stored = zipfile.ZipFile(io.BytesIO(s3.get_object(Bucket='functions', Key=key)['Body'].read()))
    assert stored.namelist() == ['bootstrap'] and stored.getinfo('bootstrap').external_attr >> 16 & 0o111
