"""A pseudo-terminal with a program on it, as a person has it."""
import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios

from conftest import wait_for


class Terminal:
    """A program on a pseudo-terminal, and what it has written."""

    def __init__(self, arguments, environment, columns=100, kind='xterm'):
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack('HHHH', 30, columns, 0, 0))
        self.process = subprocess.Popen(arguments, stdin=slave, stdout=slave, stderr=slave, env={**environment, 'TERM': kind}, start_new_session=True,
                                        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
        os.close(slave)
        self.text = ''

    def read(self):
        ready, _, _ = select.select([self.master], [], [], 0.1)
        if ready:
            try:
                self.text += os.read(self.master, 65536).decode(errors='replace')
            except OSError:
                pass
        return self.text

    def until(self, pattern, timeout=60):
        wait_for(f'{pattern} on the terminal', lambda: re.search(pattern, self.read()), timeout=timeout, interval=0, instead=self.last_words)

    def last_words(self):
        return self.text[-3000:]

    def type(self, keys):
        os.write(self.master, keys)

    def finish(self):
        wait_for('the program ends', lambda: (self.read(), self.process.poll() is not None)[1], timeout=60, interval=0, instead=self.last_words)
        self.read()
        os.close(self.master)
        return self.process.returncode
