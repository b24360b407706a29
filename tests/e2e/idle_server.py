"""An application for very many connections, in a process of its own: answers "hello", on one thread, and keeps them all."""
import resource
import select
import socket
import subprocess
import sys

ANSWER = b'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello'


def serve():
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    listener = socket.create_server(('127.0.0.1', 0), backlog=4096)
    listener.setblocking(False)
    watched, connections = select.epoll(), {}
    watched.register(listener, select.EPOLLIN)
    print(listener.getsockname()[1], flush=True)
    while True:
        for number, _ in watched.poll():
            if number == listener.fileno():
                connection, _ = listener.accept()
                connections[connection.fileno()] = connection
                watched.register(connection, select.EPOLLIN)
                continue
            try:
                asked = connections[number].recv(65536)
            except OSError:
                asked = b''
            if asked:
                connections[number].sendall(ANSWER * asked.count(b'\r\n\r\n'))
            else:
                connections.pop(number).close()


class IdleServer:
    def __init__(self):
        self.process = subprocess.Popen([sys.executable, __file__], stdout=subprocess.PIPE, text=True)
        self.port = int(self.process.stdout.readline())

    def close(self):
        self.process.kill()
        self.process.wait(10)
        self.process.stdout.close()


if __name__ == '__main__':
    serve()
