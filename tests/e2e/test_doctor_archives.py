"""`squall doctor --bundle` with archives as AWS's ECS logs collector packs them."""
import io
import json
import subprocess
import tarfile

import pytest

from conftest import SQUALL

INSTANCE = 'i-0abc1234def567890'
NO_PROCESS = {'ecs-agent/ecs-agent-not-running.txt': 'warning: The Amazon ECS Container Agent is not running\n'}
TERMINAL = {'ecs_agent_logs/ecs-init.log': 'level=info time=2026-11-20T08:00:03Z msg="Agent exited with code 5"\n'
                                           'level=error time=2026-11-20T08:00:03Z msg="agent exited with terminal exit code: 5"\n'}
LOADING = {'ecs_agent_logs/ecs-agent.log': 'level=info time=2026-11-20T08:00:00Z msg="Loading configuration"\n'}


def state(cluster, instance=INSTANCE):
    tasks = {'Tasks': [{'Containers': [{'environment': {'API_KEY': 'planted-in-the-tasks'}}]}]}
    data = {'Cluster': cluster, 'ContainerInstanceArn': f'arn:aws:ecs:us-east-1:123456789012:container-instance/{cluster}/0f1e',
            'EC2InstanceID': instance, 'TaskEngine': tasks}
    return {'ecs-agent/ecs_agent_data.txt': json.dumps({'Data': data, 'Version': 31}, indent=4)}


def services(ecs):
    return {'services.txt': f'UNIT LOAD ACTIVE SUB JOB DESCRIPTION\ndocker.service loaded active running Docker\necs.service loaded {ecs} Amazon ECS\n'}


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


def test_a_service_that_the_user_data_waits_for_was_not_stopped():
    processes = ('USER PID %CPU %MEM VSZ RSS TTY STAT START TIME COMMAND\n'
                 'root 1402 0.0 0.5 90000 30000 ? Ss 07:00 0:01 /usr/bin/python3 /usr/bin/cloud-init modules --mode=final\n'
                 'root 1500 0.0 0.0 10000  3000 ? S  07:00 0:00  \\_ /bin/bash /var/lib/cloud/instance/scripts/part-001\n'
                 'root 1510 0.0 0.0 10000  3000 ? S  07:00 0:00      \\_ systemctl start ecs\n')
    found = said(services('inactive dead start'), {'ps.txt': processes})
    assert causes(found) == ['CLOUD_INIT_DEADLOCK'] and found['findings'][0]['certainty'] == 'certain', found
    assert not any('systemctl start ecs' in step for step in found['findings'][0]['remedy']), 'that would wait as well'


def test_an_agent_whose_service_runs_was_not_stopped():
    log = {'ecs_agent_logs/ecs-agent.log': 'level=info time=2026-11-20T08:00:00Z msg="Agent received termination signal: terminated"\n'}
    assert causes(said(log, services('inactive dead'))) == ['AGENT_STOPPED']
    found = said(log, services('active running'))
    assert (found['verdict'], causes(found)) == ('unknown', []), found


@pytest.mark.parametrize('beside, expected', [
    ([], ['AGENT_STOPPED']),
    ([TERMINAL], ['AGENT_TERMINAL (symptom)']),
    ([services('inactive dead start')], ['CLOUD_INIT_DEADLOCK']),
    ([{'mounts.txt': 'Filesystem Size Used Avail Use% Mounted on\n/dev/xvda1 8.0G 8.0G 20K 100% /\n'}], ['DISK_FULL', 'AGENT_STOPPED (symptom)']),
    ([LOADING], ['AGENT_STOPPED']),
    ([LOADING, cluster('staging'), state('prod')], ['CLUSTER_MISMATCH', 'AGENT_STOPPED (symptom)'])],
    ids=['alone', 'terminal', 'to-be-started', 'full', 'no-lock', 'mismatch'])
def test_that_no_process_is_there_is_no_stop_where_something_else_ended_it(beside, expected):
    assert causes(said(NO_PROCESS, *beside)) == expected
