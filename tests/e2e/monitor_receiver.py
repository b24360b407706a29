"""A webhook of the tests' own: it remembers what it was told, and can do something the moment it is told."""
import http.server
import json
import threading


class Receiver:
    def __init__(self, status=200):
        self.notices = []
        self.status = status
        self.on_notice = lambda notice: None
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                notice = json.loads(self.rfile.read(int(self.headers['Content-Length'])))
                assert self.headers['Idempotency-Key'] == notice['idempotency_key']
                if receiver.status == 200:
                    receiver.notices.append(notice)
                receiver.on_notice(notice)
                self.send_response(receiver.status)
                self.send_header('Content-Length', '0')
                self.end_headers()

            def log_message(self, *arguments):
                pass

        self.server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
        self.url = f'http://127.0.0.1:{self.server.server_port}/hook'
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def once(self):
        """What is left when each key counts once, in the order of the first copies."""
        return list({notice['idempotency_key']: notice for notice in reversed(self.notices)}.values())[::-1]

    def of(self, kind):
        return [notice for notice in self.once() if notice['kind'] == kind]

    def close(self):
        self.server.shutdown()
        self.server.server_close()
