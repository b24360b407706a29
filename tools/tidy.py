#!/usr/bin/env python3
"""What no compiler checks: the arrows between libraries, words that have a better one, sizes of files.

Every finding names the file, the line, and what to do instead. Exit code 1 if there is one.
"""
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

# A library includes from itself and from those it names here; nothing else. In the order of the arrows.
USES = {
    'base': [],
    'wire': ['base'],
    'yaml': ['base'],
    'http': ['base'],
    'fault': ['base', 'http'],
    'net': ['base'],
    'redirect': ['base', 'net'],
    'proxy': ['base', 'net', 'http', 'fault'],
    'transport': ['base', 'wire'],
    'sqlite': ['base'],
    'aws': ['base', 'wire', 'transport'],
    'doctor': ['base', 'yaml'],
    'host': ['base', 'wire', 'transport', 'aws', 'doctor'],
    'monitor': ['base'],
    'experiment': ['base', 'wire', 'yaml', 'fault', 'aws', 'host', 'net', 'sqlite', 'monitor'],
    'watch': ['base', 'wire', 'transport', 'sqlite', 'aws', 'doctor', 'host', 'monitor'],
    'lambda': ['base', 'wire', 'transport'],
    'labhost': ['base', 'wire', 'transport'],
    # The lab must not call the code that it is there to test: no aws, host or experiment.
    'lab': ['base', 'wire', 'transport', 'labhost'],
}
# Headers that are heavy, or belong behind an interface of ours: who may include them.
HEAVY = {
    'boost/asio': ['transport'], 'boost/beast': ['transport'], 'ares.h': ['transport'], 'openssl/': ['base', 'wire', 'transport'],
    'sqlite3.h': ['sqlite'], 'yaml.h': ['yaml'], 'hs/': ['doctor'], 're2/': ['doctor'], 'pugixml.hpp': ['wire', 'aws'], 'nghttp2/': ['http'], 'zlib.h': ['wire', 'doctor'], 'CLI/': [],
    'archive.h': ['doctor'], 'archive_entry.h': ['doctor'],
}
BANNED = [
    (r'\bsleep_for\s*\(|\bsleep_until\s*\(|\busleep\s*\(|\bnanosleep\s*\(', 'wait for an event, or use Clock::wait_until'),
    (r'(?:^|[^_:.>\w])system\s*\(|\bpopen\s*\(', 'use squall::run: an argument list, a time limit, no shell'),
    (r'\bstd::rand\b|\bsrand\s*\(', 'use a seeded engine, or random_hex'),
    (r'\bstd::cout\b|\bstd::cerr\b', 'use Output or log'),
    (r'\bfmt::print\(\s*stderr', 'it throws when nobody can be told: use log::print'),
    (r'\bco_await\b|\bco_return\b|\bco_yield\b', 'no coroutines: g++ 12 miscompiles ordinary ones'),
    (r'\busing namespace\b', 'name what you use'),
    (r'\b(FIX' r'ME|TO' r'DO|X' r'XX)\b', 'do it, or write an issue'),
    (r'\b(up|down)stream\b', 'say client side or server side'),
]
# The one place where a banned thing is the right one, with the reason.
ALLOWED = {('apps/squall/cli.cc', 'std::cerr'): 'CLI11 prints its complaints to a stream'}
LINES_MAX = 600
WIDTH_MAX = 200


def files():
    """Every source file, by its path from the top of the project."""
    return sorted(str(path.relative_to(ROOT)) for folder in ('libs', 'apps', 'bench') for path in (ROOT / folder).rglob('*') if path.suffix in ('.h', '.cc'))


def library_of(path):
    parts = path.split('/')
    return parts[1] if parts[0] == 'libs' else None


def check_includes(path, number, line):
    found = re.match(r'\s*#\s*include\s*[<"]([^>"]+)[>"]', line)
    if not found:
        return
    included, library = found.group(1), library_of(path)
    ours = re.match(r'squall/(\w+)/', included)
    if ours and library and ours.group(1) != library and ours.group(1) not in USES[library]:
        yield f'{path}:{number}: {library} may not include from {ours.group(1)}: it uses only {", ".join(USES[library]) or "nothing of ours"}'
    for heavy, owners in HEAVY.items():
        is_owner = library in owners or (heavy == 'CLI/' and path.startswith('apps/'))
        if included.startswith(heavy) and not is_owner:
            yield f'{path}:{number}: <{included}> belongs in {", ".join(owners) or "apps"} only'
        if included.startswith(heavy) and '/include/' in path and not path.startswith('apps/'):
            yield f'{path}:{number}: <{included}> is heavy: keep it in .cc files'


def check_words(path, number, line):
    code = re.sub(r'"(?:\\.|[^"\\])*"', '""', line)
    for pattern, instead in BANNED:
        found = re.search(pattern, code)
        if not found:
            continue
        if any(path == place and word in line for place, word in ALLOWED):
            continue
        yield f'{path}:{number}: "{found.group(0).strip()}": {instead}'


def check_file(path):
    with open(ROOT / path, encoding='utf-8') as source:
        lines = source.read().split('\n')
    if len(lines) > LINES_MAX and 'test' not in path and not re.search(r'^// (Long|Large) because', '\n'.join(lines[:10]), re.M):
        yield f'{path}: {len(lines)} lines: what is its second subject? (or say at the top: "// Long because ...")'
    for number, line in enumerate(lines, 1):
        if len(line) > WIDTH_MAX:
            yield f'{path}:{number}: {len(line)} characters in a line'
        yield from check_includes(path, number, line)
        yield from check_words(path, number, line)


def main():
    findings = []
    sources = files()
    for path in sources:
        findings.extend(check_file(path))
    for library in {library_of(path) for path in sources} - {None}:
        if library not in USES:
            findings.append(f'libs/{library}: not in the order of the libraries (tools/tidy.py)')
    print('\n'.join(findings) or f'tidy: {len(sources)} files are in order')
    return 1 if findings else 0


if __name__ == '__main__':
    sys.exit(main())
