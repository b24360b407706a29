"""A proxy's password that is not percent-encoded: programs repeat its pieces, and the doctor must not."""
import base64
import gzip
import io
import json
import os
import re
import tarfile

import pytest

from conftest import Lab, wait_for
from test_doctor import HOST_SQUALL, collected

CONFIG = '/etc/ecs/ecs.config'
DROP_IN = '/etc/systemd/system/ecs.service.d/http-proxy.conf'


@pytest.fixture(scope='module')
def one_host():
    lab = Lab(1)
    yield lab
    lab.down()


@pytest.fixture(name='lab')
def lab_that_is_well(one_host):
    wait_for('its agent is connected', lambda: all(one_host.connected().values()), timeout=60)
    return one_host


# What programs repeat of a password that is not percent-encoded: curl all of it, Go the part that it takes for a host.
@pytest.mark.parametrize('file, line, user', [(CONFIG, 'HTTPS_PROXY={}', 'bob:aa/SecretSlash'),
                                              (CONFIG, 'HTTP_PROXY={}', 'bob:hunter@SecretHost/x'),
                                              (CONFIG, 'HTTPS_PROXY={}', 'bob:a#SecretHash'),
                                              (CONFIG, 'HTTPS_PROXY={}', 'bob:a%zzSecretEscape'),
                                              (DROP_IN, '[Service]\nEnvironment="HTTPS_PROXY={}"', 'bob:hunter@SecretHost/x')])
def test_no_piece_of_a_proxys_password_leaves_a_host(lab, file, line, user):
    value = f'http://{user}@10.0.0.20:3128'
    lab.sh(1, f"""mkdir -p {os.path.dirname(file)}; cp {file} /root/before 2>/dev/null
cat >>{file} <<'END'
{line.format(value)}
END
systemctl daemon-reload; systemctl restart ecs
printf '%s\\n' 'level=error time=2026-11-22T00:00:00Z msg="x" error="lookup {re.split('[@/#%]', user)[1].lower()}: bad {value}"' >>/var/log/ecs/ecs-agent.log""")
    try:
        here = lab.exec(1, HOST_SQUALL, 'doctor', '--json')
        afar = lab.squall('doctor', '--cluster', 'demo', '--instance', lab.instance_ids()[0], '--json')
        archive = collected(lab)
        texts = [here.out, lab.exec(1, HOST_SQUALL, 'doctor', '--all').out, lab.exec(1, HOST_SQUALL, 'doctor', '--looks').out, afar.out]
        one = lab.client('ssm').list_command_invocations(Details=True)['CommandInvocations'][0]
        output = lab.client('ssm').get_command_invocation(CommandId=one['CommandId'], InstanceId=one['InstanceId'])['StandardOutputContent']
        texts.append(gzip.decompress(base64.b64decode(output.split('\n')[1])).decode(errors='replace'))
        with tarfile.open(fileobj=io.BytesIO(archive)) as members:
            texts += [members.extractfile(member).read().decode(errors='replace') for member in members if member.isfile()]
    finally:
        lab.sh(1, f'if [ -e /root/before ]; then mv /root/before {file}; else rm {file}; fi; systemctl daemon-reload; systemctl reset-failed ecs; systemctl restart ecs')
    setting = 'HTTP_PROXY' if 'HTTP_PROXY' in line else 'HTTPS_PROXY'
    pieces = [piece.lower() for piece in re.split('[@/:#%]', user) if len(piece) >= 4]
    leaks = [text[max(0, text.lower().find(piece) - 100):][:200] for text in texts for piece in pieces if piece in text.lower()]
    assert not leaks and any('lookup [redacted]' in text for text in texts[4:]), leaks[:5]
    for told in (json.loads(here.out), json.loads(afar.out)):
        [found] = [one for one in told['findings'] if one['cause'] == 'NET_PROXY']
        assert found['certainty'] == 'certain' and found['summary'].startswith(f'no proxy can be read out of {setting} in {file}: '), told
        assert file in found['remedy'][0] and '`/` as %2F' in found['remedy'][0], told
