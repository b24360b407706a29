"""A lab of a measurement's own."""
import os
import re
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

SQUALL = os.environ.get('SQUALL_BINARY', str(Path(__file__).resolve().parents[1] / 'build/release/squall'))


class Lab:
    def __init__(self, instances, *options):
        self.folder = tempfile.mkdtemp(prefix='sq-')
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith('AWS_')}
        self.environment['XDG_STATE_HOME'] = self.folder
        began = time.monotonic()
        up = self.squall('lab', 'up', '--detach', '--port', '0', '--instances', str(instances), *options)
        self.seconds_up = time.monotonic() - began
        self.endpoint = re.search(r'http://\S+', up).group(0)
        for name, value in re.findall(r"^export (AWS_\w+)='([^']*)'$", self.squall('lab', 'env'), re.M):
            self.environment[name] = value

    def squall(self, *arguments):
        return subprocess.run([SQUALL, *arguments], env=self.environment, capture_output=True, text=True, check=True).stdout

    def down(self):
        began = time.monotonic()
        self.squall('lab', 'down')
        shutil.rmtree(self.folder, ignore_errors=True)
        return time.monotonic() - began
