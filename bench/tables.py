"""The tables of docs/performance.md."""
from pathlib import Path

DOCUMENT = Path(__file__).resolve().parents[1] / 'docs/performance.md'


def put_table(name, heading, text):
    """Puts a table between the marks of this name."""
    start, end = f'<!-- {name} -->', f'<!-- end of {name} -->'
    document = DOCUMENT.read_text(encoding='utf-8')
    before, after = document.split(start)[0], document.split(end)[1]
    DOCUMENT.write_text(f'{before}{start}\n{heading}\n\n{text}\n{end}{after}', encoding='utf-8')
