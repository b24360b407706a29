#!/usr/bin/env python3
"""Everything `./test` runs once the packages are there; the last line counts what passed and what failed.

    tools/test_all.py [--only STAGE[,STAGE]] [--fuzz-seconds N]

Stages: style, release, e2e, soak, asan, tsan, fuzz. The end-to-end tests, and the two minutes of random kills after them,
mostly wait, so they run beside the sanitizer builds. Each stage writes build/test/STAGE.log (fuzz: fuzz/TARGET/run.log); what failed is printed here too.
"""
import argparse
import concurrent.futures
import os
import platform
import shutil
import subprocess
import sys
import threading
import time
import xml.etree.ElementTree
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LOGS = ROOT / 'build/test'
STAGES = ('style', 'release', 'e2e', 'soak', 'asan', 'fuzz', 'tsan')
# The libraries that start threads, or are called from several.
THREADED = ('base', 'transport', 'aws', 'experiment', 'watch', 'host', 'doctor')
# The doctor's long tests of reading, which one thread does.
UNTHREADED_TESTS = '^doctor[.]([^.]*/)?(Mutation|Scan|Corpus|Wrappings|Redact)[.]'
# The packages' own python, whatever else is on PATH: it is the one that has boto3 and pytest.
PYTHON = '/usr/bin/python3'
# The end-to-end tests wait for labs most of their time: several to a core, and not more than memory holds.
E2E_WORKERS = min(3 * (os.cpu_count() or 1), 16)
# These sanitizers cannot live with as much address randomisation as some kernels use.
FIXED_ADDRESSES = ['setarch', platform.machine(), '-R']


class Count:
    def __init__(self):
        self.passed, self.failed, self.skipped = 0, 0, 0
        self.lock = threading.Lock()

    def add(self, passed, failed, skipped=0):
        with self.lock:
            self.passed += passed
            self.failed += failed
            self.skipped += skipped


count = Count()
started = time.monotonic()


def say(text):
    seconds = int(time.monotonic() - started)
    print(f'[{seconds // 60:2}:{seconds % 60:02}] {text}', flush=True)


def command(stage, arguments, **options):
    """Runs it with its output in the stage's log; True if it went well."""
    with open(LOGS / f'{stage}.log', 'ab') as log:
        log.write(f'$ {" ".join(map(str, arguments))[:200]}\n'.encode())
        log.flush()
        return subprocess.run(list(map(str, arguments)), stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=ROOT, check=False, **options).returncode == 0


def show_log(stage, lines=60):
    text = (LOGS / f'{stage}.log').read_text(encoding='utf-8', errors='replace').splitlines()
    print('\n'.join(f'  {stage}| {line}' for line in text[-lines:]), flush=True)


def single(stage, what, arguments, **options):
    """A check that counts as one test."""
    well = command(stage, arguments, **options)
    count.add(int(well), int(not well))
    if not well:
        say(f'FAILED: {what} (build/test/{stage}.log)')
        show_log(stage)
    return well


def why_it_failed(case):
    """The assertion's own words: a log may be cut where it is read."""
    for kind in ('failure', 'error'):
        found = case.find(kind)
        if found is not None:
            text = [line.strip() for line in ((found.get('message') or '') + '\n' + (found.text or '')).splitlines() if line.strip()]
            return ''.join(f'\n    {line[:300]}' for line in text[:6])
    return ''


def add_results(stage, what, path, well):
    """Adds a JUnit file's counts. A run that left none, or failed without a failed test, is a failure of its own."""
    passed, failed, skipped, failures = 0, 0, 0, []
    try:
        for case in xml.etree.ElementTree.parse(path).getroot().iter('testcase'):
            if case.find('skipped') is not None or case.get('status') in ('disabled', 'notrun'):
                skipped += 1
            elif case.find('failure') is not None or case.find('error') is not None:
                failed += 1
                failures.append(f'{case.get("classname")}: {case.get("name")}' + why_it_failed(case))
            else:
                passed += 1
    except (OSError, xml.etree.ElementTree.ParseError) as error:
        failures.append(f'no results: {error}')
        failed += 1
    if not well and not failed:
        failures.append('ended with a failure that no test explains')
        failed += 1
    if passed + failed == 0:
        failures.append('ran no test')
        failed += 1
    count.add(passed, failed, skipped)
    say(f'{what}: {passed} passed, {failed} failed' + (f', {skipped} skipped' if skipped else ''))
    if failures:
        print('\n'.join(f'  FAILED {name}' for name in failures))
        show_log(stage, 200)


def build(stage, *targets, prefix=()):
    wanted = ['--target', *targets] if targets else []
    return single(stage, f'the {stage} build', [*prefix, 'cmake', '--preset', stage]) and \
        single(stage, f'the {stage} build', [*prefix, 'cmake', '--build', '--preset', stage, *wanted])


def style():
    single('style', 'the order of the house', ['python3', 'tools/tidy.py'])
    sources = [path.relative_to(ROOT) for folder in ('libs', 'apps', 'bench') for path in sorted((ROOT / folder).rglob('*')) if path.suffix in ('.h', '.cc')]
    single('style', 'formatting (make format)', ['clang-format-14', '--dry-run', '-Werror', *sources])


def release():
    if build('release'):
        for program in ('squall', 'squall-host', 'squall-lambda'):
            single('release', f'starting {program} in an empty root', ['tools/prove-static', f'build/release/{program}'])


def end_to_end():
    results = LOGS / 'e2e.xml'
    results.unlink(missing_ok=True)
    well = command('e2e', [PYTHON, '-m', 'pytest', '-n', str(E2E_WORKERS), '--dist', 'worksteal' if has_worksteal() else 'load', f'--junitxml={results}', 'tests/e2e'])
    add_results('e2e', 'end to end', results, well)


def soak():
    """One test, whatever befalls its runs; its seed is told, since each time it is another one."""
    well = single('soak', 'runs while chance kills (tools/soak)', [PYTHON, 'tools/soak', '--minutes', '2', '--labs', '2'])
    last = (LOGS / 'soak.log').read_text(encoding='utf-8', errors='replace').splitlines()[-1]
    say(f'random kills: {last}' + ('' if well else '; tools/soak --rounds 1 --seed N repeats one'))
    if os.geteuid() == 0:
        single('soak', 'fault proxies under clients of every sort (tools/proxy_soak)', [PYTHON, 'tools/proxy_soak', '--minutes', '0.5'])


def has_worksteal():
    shown = subprocess.run([PYTHON, '-m', 'pytest', '--help'], capture_output=True, text=True, check=False)
    return 'worksteal' in shown.stdout


def unit(stage, what, targets=(), prefix=()):
    if not build(stage, *targets, prefix=prefix):
        return
    results = LOGS / f'{stage}.xml'
    results.unlink(missing_ok=True)
    labels = ['-L', f'^({"|".join(name.removesuffix("_test") for name in targets)})$', '-E', UNTHREADED_TESTS] if targets else []
    well = command(stage, [*prefix, 'ctest', '--preset', stage, '--output-junit', results, *labels])
    add_results(stage, what, results, well)


def fuzz(seconds):
    # The asan build has them.
    folder = ROOT / 'build/asan/fuzz'
    targets = sorted(path for path in folder.iterdir() if os.access(path, os.X_OK) and path.is_file()) if folder.exists() else []
    if not targets:
        count.add(0, 1)
        say('FAILED: there is no fuzz target')

    def fuzz_one(target):
        found = LOGS / 'fuzz' / target.name
        shutil.rmtree(found, ignore_errors=True)
        found.mkdir(parents=True)
        corpus = sorted(str(path) for path in ROOT.glob(f'libs/*/fuzz/corpus/{target.name}'))
        (found / 'corpus').mkdir()
        # libFuzzer prints its seed first; the log keeps it, and the input that failed lies beside it.
        single(f'fuzz/{target.name}/run', f'{target.name}, {seconds} s',
               [*FIXED_ADDRESSES, target, f'-max_total_time={seconds}', '-timeout=10', '-rss_limit_mb=2048', '-print_final_stats=1', f'-artifact_prefix={found}/', found / 'corpus', *corpus])

    # Each keeps one core busy.
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(fuzz_one, targets))
    say(f'fuzz: {len(targets)} targets, {seconds} s each')


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--only', default=','.join(STAGES), help='stages, separated by commas')
    parser.add_argument('--fuzz-seconds', type=int, default=15)
    options = parser.parse_args()
    wanted = options.only.split(',')
    unknown = set(wanted) - set(STAGES)
    if unknown:
        parser.error(f'no such stage: {", ".join(sorted(unknown))}; there are {", ".join(STAGES)}')

    LOGS.mkdir(parents=True, exist_ok=True)
    for stage in wanted:
        (LOGS / f'{stage}.log').unlink(missing_ok=True)
    if 'style' in wanted:
        say('style')
        style()
    if 'release' in wanted:
        say('the release build')
        release()
    beside = None
    if 'e2e' in wanted:
        say('end-to-end tests, beside what follows')
    waiting = [stage for name, stage in (('e2e', end_to_end), ('soak', soak)) if name in wanted]
    if waiting:
        beside = threading.Thread(target=lambda: [stage() for stage in waiting])
        beside.start()
    if 'asan' in wanted:
        say('unit tests with ASan and UBSan')
        unit('asan', 'ASan and UBSan', (), FIXED_ADDRESSES)
    if 'fuzz' in wanted:
        say('fuzz targets')
        fuzz(options.fuzz_seconds)
    if 'tsan' in wanted:
        say(f'unit tests with TSan: {", ".join(THREADED)}')
        unit('tsan', 'TSan', [f'{name}_test' for name in THREADED], FIXED_ADDRESSES)
    if beside:
        beside.join()
    say('done')
    skipped = f', {count.skipped} skipped' if count.skipped else ''
    print(f'{count.passed} passed, {count.failed} failed{skipped}')
    return 1 if count.failed or not count.passed else 0


if __name__ == '__main__':
    sys.exit(main())
