"""What a shell is given when its user presses Tab."""
import shutil
import subprocess
from pathlib import Path

import pytest

from conftest import SQUALL


def words(state, *given):
    _, environment = state
    done = subprocess.run([SQUALL, 'completion', 'words', '--', *given], env=environment, capture_output=True, text=True, timeout=30, check=True)
    return done.stdout.splitlines()


@pytest.mark.parametrize('given, some, none', [
    ([''], ['run', 'lab', 'check', 'completion'], ['words', '--help']),
    (['re'], ['recover'], ['run']),
    (['lab', ''], ['up', 'api'], ['run']),
    (['lab', 'up', '--'], ['--instances', '--detach', '--help'], ['--set']),
    (['run', ''], [':files'], ['plan']),
    (['run', '--fault', ''], ['ecs-agent-stop'], ['run']),
    (['run', '--fault', 'ecs-agent-stop', '--set', 'SE'], ['SEQUENCE=', 'SEED='], ['GUARDS=']),
    (['plan', '--set', 'SEQUENCE='], ['SEQUENCE=parallel', 'SEQUENCE=serial'], []),
    (['plan', '--set', 'SEQUENCE', '='], ['parallel', 'serial'], ['SEQUENCE=parallel']),
    (['plan', '--set', 'SEQUENCE', '=', 'se'], ['serial'], ['parallel']),
    (['run', '--plan', ''], [], [':files', 'run']),
    (['completion', 'b'], ['bash'], ['zsh']),
    (['no', 'such', 'thing', ''], ['run'], []),
    ([], ['run'], [])])
def test_words_are_completed_from_what_squall_knows(state, given, some, none):
    found = words(state, *given)
    assert [one for one in some if one not in found] == [] and [one for one in none if one in found] == [], found


def bash(state, script):
    folder, environment = state
    path = f'{Path(SQUALL).parent}:{environment.get("PATH", "/usr/bin:/bin")}'
    return subprocess.run(['bash', '--norc', '-c', script], env=environment | {'PATH': path}, cwd=folder, capture_output=True, text=True, timeout=30)


def completed_by_bash(state, line):
    """As bash itself breaks and completes the line, at its end."""
    script = f'''
eval "$(squall completion bash)"
compopt() {{ :; }}
COMP_WORDS=({line}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))
_squall
printf '%s\\n' "${{COMPREPLY[@]}}"
'''
    done = bash(state, script)
    assert done.returncode == 0 and done.stderr == '', done
    return done.stdout.split()


@pytest.mark.skipif(shutil.which('bash') is None, reason='there is no bash here')
def test_bash_completes_commands_tunables_and_files(state):
    folder, _ = state
    (Path(folder) / 'my-experiment.yaml').write_text('name: x\n')
    assert completed_by_bash(state, "squall pol") == ['policy']
    assert completed_by_bash(state, "squall run --set SEQUENCE = s") == ['serial']
    assert completed_by_bash(state, "squall run --set GUA") == ['GUARDS=']
    assert completed_by_bash(state, "squall run my") == ['my-experiment.yaml']


@pytest.mark.parametrize('shell', ['bash', 'zsh', 'fish'])
def test_every_shell_that_is_here_reads_its_script(state, shell):
    _, environment = state
    done = subprocess.run([SQUALL, 'completion', shell], env=environment, capture_output=True, text=True, timeout=30)
    assert done.returncode == 0 and 'squall completion words' in done.stdout
    if shutil.which(shell) is None:
        pytest.skip(f'there is no {shell} here')
    read = subprocess.run([shell, '-n'], input=done.stdout, env=environment, capture_output=True, text=True, timeout=30)
    assert read.returncode == 0, read


def test_another_shell_is_an_error(state):
    _, environment = state
    done = subprocess.run([SQUALL, 'completion', 'tcsh'], env=environment, capture_output=True, text=True, timeout=30)
    assert done.returncode == 64 and 'bash' in done.stderr, done


def installed(state, shell, place):
    """A folder that holds the script under the name by which the shell finds it, and a PATH with squall."""
    folder, environment = state
    script = subprocess.run([SQUALL, 'completion', shell], env=environment, capture_output=True, text=True, timeout=30, check=True).stdout
    (Path(folder) / shell).mkdir()
    (Path(folder) / shell / place).write_text(script)
    return Path(folder) / shell, environment | {'PATH': f'{Path(SQUALL).parent}:{environment.get("PATH", "/usr/bin:/bin")}'}


@pytest.mark.skipif(shutil.which('zsh') is None, reason='there is no zsh here')
def test_zsh_completes_at_the_first_tab_where_the_script_is_installed(state):
    folder, environment = installed(state, 'zsh', '_squall')
    script = f'''fpath=({folder} $fpath); autoload -Uz compinit; compinit -u -d {folder}/dump
compadd() {{ print -rl -- "$@"; }}
words=(squall pol); CURRENT=2
"${{_comps[squall]}}"'''
    done = subprocess.run(['zsh', '-f', '-c', script], env=environment, capture_output=True, text=True, timeout=30)
    assert done.returncode == 0 and done.stdout.split() == ['--', 'policy'], done


@pytest.mark.skipif(shutil.which('fish') is None, reason='there is no fish here')
def test_fish_completes_where_the_script_is_installed(state):
    folder, environment = installed(state, 'fish', 'squall.fish')
    environment |= {'HOME': str(folder)}
    done = subprocess.run(['fish', '--no-config', '-c', f'set -p fish_complete_path {folder}; complete -C "squall pol"'], env=environment, capture_output=True, text=True, timeout=30)
    assert done.returncode == 0 and done.stdout.split() == ['policy'], done
