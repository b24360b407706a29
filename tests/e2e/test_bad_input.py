"""Bad input: a clear message with its place, exit code 64, and not one byte to AWS."""
import pytest
from conftest import squall_with
from listener import Listener

GOOD = '''name: a-minute-without-agents
faults:
  - fault: ecs-agent-stop
    tunables:
      CLUSTER_NAME: demo
      REGION: us-east-1
      TOTAL_CHAOS_DURATION: 60
'''


class Silence(Listener):
    """Stands where AWS would be, and counts who comes."""

    def serve(self, connection):
        pass


@pytest.fixture
def world(state):
    folder, environment = state
    silence = Silence()
    environment.update(AWS_ENDPOINT_URL=silence.url, AWS_ACCESS_KEY_ID='AKIDEXAMPLE', AWS_SECRET_ACCESS_KEY='secret', AWS_MAX_ATTEMPTS='1')
    yield folder, environment, silence
    silence.close()


def refused(world, *arguments):
    _, environment, silence = world
    message = None
    for command in ('plan', 'run', 'policy'):
        done = squall_with(environment, command, *arguments)
        assert done.code == 64, done
        assert done.out == '' and done.err.strip(), done
        message = message or done.err
        assert done.err == message, 'each command says the same'
    assert silence.connections == 0, 'nothing was sent'
    return message


def file_with(folder, text, name='experiment.yaml'):
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return str(path)


def test_the_good_one_is_good(world):
    folder, environment, silence = world
    done = squall_with(environment, 'policy', file_with(folder, GOOD))
    assert done.code == 0, done
    done = squall_with(environment, 'plan', file_with(folder, GOOD))
    assert done.code == 3 and silence.connections > 0, 'this one does go to AWS'
    assert silence.url in done.err


@pytest.mark.parametrize('old, new, line, words', [
    ('TOTAL_CHAOS_DURATION', 'TOTAL_CHAOS_DURATIN', 7, ["unknown tunable 'TOTAL_CHAOS_DURATIN'", 'did you mean TOTAL_CHAOS_DURATION?']),
    ('DURATION: 60', 'DURATION: soon', 7, ['whole number', "'soon'"]),
    ('DURATION: 60', 'DURATION: [1, 2]', 7, ['TOTAL_CHAOS_DURATION']),
    ('DURATION: 60', 'DURATION: 60.5', 7, ['whole number']),
    ('DURATION: 60', 'DURATION: -1', 7, ['between 5 and 43200']),
    ('DURATION: 60', 'DURATION: 99999999999999999999', 7, ['whole number']),
    ('DURATION: 60', 'DURATION: 60\n      SEQUENCE: sideways', 8, ['one of parallel, serial']),
    ('DURATION: 60', 'DURATION: 60\n      TOTAL_CHAOS_DURATION: 30', 8, ['TOTAL_CHAOS_DURATION']),
    ('      CLUSTER_NAME: demo\n', '', 3, ['CLUSTER_NAME', 'required']),
    ('ecs-agent-stop', 'ecs-agent-stopp', 3, ['did you mean ecs-agent-stop?']),
    ('name:', 'nmae:', 1, ['nmae', 'name']),
    ('faults:', 'fault:', 2, ['faults']),
    ('CLUSTER_NAME: demo', 'CLUSTER_NAME: *nobody', 5, []),
    ('CLUSTER_NAME: demo', 'CLUSTER_NAME: "demo', None, []),
    ('CLUSTER_NAME: demo', '\tCLUSTER_NAME: demo', 5, []),
])
def test_a_mistake_in_a_file_is_named_with_its_line(world, old, new, line, words):
    assert old in GOOD
    path = file_with(world[0], GOOD.replace(old, new))
    message = refused(world, path)
    assert f'{path}:{line}:' in message if line else f'{path}:' in message, message
    for word in words:
        assert word in message, message


def test_a_cluster_of_another_region_is_refused(world):
    path = file_with(world[0], GOOD.replace('CLUSTER_NAME: demo', 'CLUSTER_NAME: arn:aws:ecs:eu-west-1:123456789012:cluster/demo'))
    assert refused(world, path) == f'{path}:5: CLUSTER_NAME is in eu-west-1, and REGION is us-east-1\n'


def test_every_mistake_is_named_at_once(world):
    path = file_with(world[0], GOOD.replace('60', 'soon').replace('REGION: us-east-1', 'REGION: nowhere'))
    lines = refused(world, path).splitlines()
    assert len(lines) == 2 and f'{path}:6:' in lines[0] + lines[1] and f'{path}:7:' in lines[0] + lines[1]


@pytest.mark.parametrize('content, words', [
    (b'', 'mapping'),
    (b'\0\1\2\3\x7fELF' * 100, 'text'),
    (b'\xff\xfe\xfa' * 50, 'text'),
    (b'name: x\n' + b'# fill\n' * 1_500_000, 'large'),
    (b'- a\n- b\n', 'mapping'),
    (b'# nothing yet\n---\n# and no more\n', 'only comments'),
    (GOOD.encode() + b'---\n' + GOOD.encode(), ':8: a second document'),
    (GOOD.replace('a-minute-without-agents', '"a\\x1b[31mminute"').encode(), 'control character'),
    (b'name: x\n? ? :~fa\n', 'complex key'),
    (b'{' * 100_000, ''),
    (b'a: &a [*a]\n', ''),
    (b'a: &a {x: 1}\n' + b''.join(b'b%d: &b%d [*a, *a]\n' % (i, i) for i in range(500)), ''),
], ids=['empty', 'binary', 'no UTF-8', '10 MB', 'a list', 'comments', 'two documents', 'control characters', 'complex keys', 'deep', 'an endless alias', 'many aliases'])
def test_what_is_no_experiment_is_refused(world, content, words):
    path = file_with(world[0], content)
    message = refused(world, path)
    assert path in message and words in message, message[:500]
    assert len(message) < 20_000


def test_files_that_cannot_be_read(world):
    missing = str(world[0] / 'nowhere.yaml')
    assert 'no such file' in refused(world, missing)
    assert str(world[0]) in refused(world, str(world[0]))
    assert '/dev/zero' in refused(world, '/dev/zero')


METACHARACTERS = ['demo; reboot', '$(reboot)', '`reboot`', "demo' || reboot '", 'demo" && reboot "', 'demo|reboot', 'demo\nreboot', 'demo & reboot', '../../etc', 'demo>x', '*', '\\', '', ' ', 'dé mo', '\x1b[31m']


@pytest.mark.parametrize('tunable', ['CLUSTER_NAME', 'REGION', 'SEQUENCE', 'ASSUME_ROLE_ARN'])
def test_no_string_gets_to_a_shell(world, tunable):
    good = {'CLUSTER_NAME': 'demo', 'REGION': 'us-east-1'}
    for value in METACHARACTERS:
        if (tunable, value) == ('ASSUME_ROLE_ARN', ''):
            continue  # no role: that is its default
        settings = {**good, tunable: value}
        arguments = ['--fault', 'ecs-agent-stop']
        for name, text in settings.items():
            arguments += ['--set', f'{name}={text}']
        message = refused(world, *arguments)
        assert tunable in message and '--set' in message, message
        assert '\x1b' not in message, 'no control characters to the terminal'


@pytest.mark.parametrize('arguments, words', [
    (['--fault', 'ecs-agent-stop', '--set', 'CLUSTER_NAME'], ['NAME=VALUE']),
    (['--fault', 'ecs-agent-stop', '--set', 'CLUSTER_NAME=a', '--set', 'CLUSTER_NAME=b', '--set', 'REGION=us-east-1'], ['CLUSTER_NAME', '--set 2']),
    (['--fault', 'ecs-agent-stp', '--set', 'CLUSTER_NAME=a'], ['did you mean ecs-agent-stop?']),
    (['--fault', 'ecs-agent-stop', '--set', 'REGION=us-east-1'], ['CLUSTER_NAME']),
    ([], ['FILE', '--fault']),
    (['--fault', 'ecs-agent-stop', 'file.yaml'], ['not both']),
])
def test_a_mistake_on_the_command_line_is_named(world, arguments, words):
    message = refused(world, *arguments)
    for word in words:
        assert word in message, message


@pytest.mark.parametrize('arguments', [['no-such-command'], ['run', '--no-such-option'], ['lab'], ['lab', 'exec'], [], ['runs', '-n', 'many'], ['recover', '--forget']])
def test_a_wrong_command_line_is_exit_code_64(world, arguments):
    done = squall_with(world[1], *arguments)
    assert done.code == 64 and done.err.strip(), done
    assert world[2].connections == 0


@pytest.mark.parametrize('words', ['', 'abc', '0123456'])
def test_a_hash_that_got_lost_runs_nothing(world, words):
    """`--plan "$HASH"`, where the command that was to find the hash failed."""
    _, environment, silence = world
    done = squall_with(environment, 'run', '--plan', words, '--fault', 'ecs-agent-stop', '--set', 'CLUSTER_NAME=demo', '--set', 'REGION=us-east-1')
    assert done.code == 64 and 'at least 8 characters' in done.err and silence.connections == 0, done


def test_a_policy_for_a_cluster_of_another_region_is_refused(world):
    done = squall_with(world[1], 'policy', '--fault', 'ecs-agent-stop', '--set', 'CLUSTER_NAME=arn:aws:ecs:eu-west-1:123456789012:cluster/x', '--set', 'REGION=us-east-1')
    assert done.code == 64 and 'eu-west-1' in done.err and 'us-east-1' in done.err, done
