"""A TCP server of the tests: each client in a thread of its own, until it is closed."""
import contextlib
import socket
import threading


class Listener:
    """Calls serve(connection) for each client; a connection that breaks ends only its own thread."""

    def __init__(self):
        self.socket = socket.create_server(('127.0.0.1', 0), backlog=500)
        self.port = self.socket.getsockname()[1]
        self.connections = 0
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self.guarded, args=(connection,), daemon=True).start()

    def guarded(self, connection):
        with connection, contextlib.suppress(OSError):
            self.serve(connection)

    def serve(self, connection):
        raise NotImplementedError

    @property
    def url(self):
        return f'http://127.0.0.1:{self.port}'

    def close(self):
        # Closing alone does not wake who waits in accept.
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
