"""`squall doctor --bundle` with archives as AWS's ECS logs collector packs them."""
import io
import json
import subprocess
import tarfile

from conftest import SQUALL

INSTANCE = 'i-0abc1234def567890'
NO_PROCESS = {'ecs-agent/ecs-agent-not-running.txt': 'warning: The Amazon ECS Container Agent is not running\n'}
TERMINAL = {'ecs_agent_logs/ecs-init.log': 'level=info time=2026-11-20T08:00:03Z msg="Agent exited with code 5"\n'
                                           'level=error time=2026-11-20T08:00:03Z msg="agent exited with terminal exit code: 5"\n'}


def state(cluster, instance=INSTANCE):
    tasks = {'Tasks': [{'Containers': [{'environment': {'API_KEY': 'planted-in-the-tasks'}}]}]}
    data = {'Cluster': cluster, 'ContainerInstanceArn': f'arn:aws:ecs:us-east-1:123456789012:container-instance/{cluster}/0f1e',
            'EC2InstanceID': instance, 'TaskEngine': tasks}
    return {'ecs-agent/ecs_agent_data.txt': json.dumps({'Data': data, 'Version': 31}, indent=4)}


def cluster(name):
    return {'ecs-agent/ecs.config': f'ECS_CLUSTER={name}\n'}


def said(*contents):
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode='w:gz') as archive:
        for files in contents:
            for name, text in files.items():
                member = tarfile.TarInfo(f'collect/{INSTANCE}/{name}')
                member.size = len(text.encode())
                archive.addfile(member, io.BytesIO(text.encode()))
    done = subprocess.run([SQUALL, 'doctor', '--bundle', '-', '--json', '--all'], input=packed.getvalue(), capture_output=True, check=False)
    return json.loads(done.stdout)


def causes(found):
    return [finding['cause'] + (' (symptom)' if finding['symptom'] else '') for finding in found['findings']]


def test_the_saved_state_is_held_against_the_settings_and_the_instance():
    found = said(NO_PROCESS, TERMINAL, cluster('staging'), state('prod'))
    assert causes(found)[0] == 'CLUSTER_MISMATCH', found
    assert "'prod'" in found['findings'][0]['summary'] and 'config' not in {look['check'] for look in found['healthy']}, found
    assert 'planted' not in json.dumps(found)
    assert causes(said(cluster('prod'), state('prod', 'i-0fff0000ffff00000'))) == ['STALE_IDENTITY']
    assert causes(said(cluster('prod'), state('prod'))) == []
