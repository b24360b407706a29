"""What passes an interface: TCP flags with the kernel's own time of each packet."""
import select
import socket
import struct
import threading
from collections import namedtuple

from namespaces import in_namespace

SO_TIMESTAMPNS = 35
ETH_P_ALL = 3
FIN, SYN, RST, ACK = 1, 2, 4, 16
Packet = namedtuple('Packet', 'seconds source destination flags payload')


class Capture:
    """Of IPv4 and IPv6 without extension headers, until it is closed."""

    def __init__(self, namespace, interface='eth0'):
        def opened():
            connection = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ETH_P_ALL))
            connection.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 << 20)
            connection.bind((interface, ETH_P_ALL))
            return connection

        self.socket = in_namespace(namespace, opened)
        self.packets = []
        self.wake, self.stop = socket.socketpair()
        self.thread = threading.Thread(target=self.read)
        self.thread.start()

    def read(self):
        while True:
            ready, _, _ = select.select([self.socket, self.wake], [], [])
            if self.socket in ready:
                try:
                    data, controls, _, _ = self.socket.recvmsg(256, 128)
                except OSError:
                    return  # the interface has gone
                (seconds, nanoseconds), = [struct.unpack('qq', control[:16]) for _, kind, control in controls if kind == SO_TIMESTAMPNS]
                packet = parsed(data, seconds + nanoseconds / 1e9)
                if packet:
                    self.packets.append(packet)
            elif self.wake in ready:
                return

    def close(self):
        """Everything that has passed."""
        self.stop.send(b'x')
        self.thread.join()
        for one in (self.socket, self.wake, self.stop):
            one.close()
        return self.packets


def parsed(data, seconds):
    version = data[0] >> 4
    header, protocol = ((data[0] & 15) * 4, data[9]) if version == 4 else (40, data[6])
    if protocol != socket.IPPROTO_TCP:
        return None
    source, destination = struct.unpack_from('!HH', data, header)
    offset, flags = data[header + 12] >> 4, data[header + 13]
    total = struct.unpack_from('!H', data, 2)[0] if version == 4 else 40 + struct.unpack_from('!H', data, 4)[0]
    return Packet(seconds, source, destination, flags, total - header - offset * 4)
