"""A proxy before a PostgreSQL that is slow, cuts connections, lies about errors and goes away, on demand.

It knows the wire protocol's framing and nothing more: a type byte, a length, a body.
"""

import socket
import struct
import threading

COMMIT = b"COMMIT\0"
SSL_REQUEST = 80877103


def error(sqlstate, message, severity="ERROR"):
    """An ErrorResponse."""
    fields = b"".join(
        tag + text.encode() + b"\0"
        for tag, text in ((b"S", severity), (b"V", severity), (b"C", sqlstate), (b"M", message))
    )
    return b"E" + struct.pack("!I", len(fields) + 5) + fields + b"\0"


class Gone(Exception):
    """One side closed, or the proxy wants it closed."""


class RudeProxy:
    """Listens on a port of its own; `port` is what clients connect to."""

    def __init__(self, port):
        self.target = port
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=200)
        self.port = self.listener.getsockname()[1]
        self.delay = 0.0
        self.refusing = False
        self.start_error = None  # (sqlstate, message) that new connections are told
        self.open_road = threading.Event()
        self.open_road.set()
        self.lock = threading.Lock()
        self.rude_commits = []  # one of "cut before", "cut after", (sqlstate, message), for each COMMIT to come
        self.connections_opened = 0
        self.commits = 0
        self.alive = set()
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            with self.lock:
                self.connections_opened += 1
            if self.refusing:
                client.close()
                continue
            threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def serve(self, client):
        server = None
        try:
            start = self.start_message(client)
            if self.start_error is not None:
                client.sendall(error(*self.start_error, severity="FATAL"))
                raise Gone
            self.open_road.wait()
            server = socket.create_connection(("127.0.0.1", self.target), timeout=10)
            server.settimeout(None)
            for side in (client, server):
                side.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            server.sendall(start)
        except (OSError, Gone):
            client.close()
            if server:
                server.close()
            return
        with self.lock:
            self.alive.add(client)
        pair = Pair(self, client, server)
        threads = [threading.Thread(target=pair.pump_requests, daemon=True),
                   threading.Thread(target=pair.pump_answers, daemon=True)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        with self.lock:
            self.alive.discard(client)

    def start_message(self, client):
        while True:
            head = receive(client, 8)
            length, code = struct.unpack("!II", head)
            if code == SSL_REQUEST:
                client.sendall(b"N")
                continue
            return head + receive(client, length - 8)

    def next_commit(self):
        with self.lock:
            self.commits += 1
            return self.rude_commits.pop(0) if self.rude_commits else None

    def partition(self):
        """Nothing passes any more: what is under way hangs, new connections hang too."""
        self.open_road.clear()

    def heal(self):
        self.delay, self.refusing, self.start_error = 0.0, False, None
        self.rude_commits = []
        self.open_road.set()

    def cut_all(self):
        """Every connection ends now."""
        with self.lock:
            for client in self.alive:
                close(client)


class Pair:
    """One client's connection and the server's behind it."""

    def __init__(self, proxy, client, server):
        self.proxy, self.client, self.server = proxy, client, server
        self.rudeness = None

    def pump_requests(self):
        self.pump(self.client, self.server, self.request)

    def pump_answers(self):
        self.pump(self.server, self.client, self.answer)

    def pump(self, source, sink, through):
        try:
            while True:
                head = receive(source, 5)
                body = receive(source, struct.unpack("!I", head[1:])[0] - 4)
                self.proxy.open_road.wait()
                sink.sendall(through(head, body))
        except (OSError, Gone):
            close(self.client)
            close(self.server)

    def request(self, head, body):
        if head[:1] != b"Q" or body != COMMIT:
            return head + body
        self.rudeness = self.proxy.next_commit()
        if self.rudeness == "cut before":
            raise Gone
        if isinstance(self.rudeness, tuple):
            text = b"ROLLBACK\0"
            return b"Q" + struct.pack("!I", len(text) + 4) + text
        return head + body

    def answer(self, head, body):
        if self.proxy.delay and head[:1] == b"Z":
            threading.Event().wait(self.proxy.delay)
        if head[:1] == b"C" and self.rudeness is not None:
            if self.rudeness == "cut after" and body == COMMIT:
                raise Gone
            if isinstance(self.rudeness, tuple) and body == b"ROLLBACK\0":
                rudeness, self.rudeness = self.rudeness, None
                return error(*rudeness)
        return head + body


def receive(source, length):
    data = b""
    while len(data) < length:
        chunk = source.recv(length - len(data))
        if not chunk:
            raise Gone
        data += chunk
    return data


def close(side):
    try:
        side.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
    side.close()
