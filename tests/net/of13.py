# SPDX-License-Identifier: Apache-2.0
"""OpenFlow 1.3 as bytes: a small client for tests that need to say exactly what goes over the wire, and when."""
import itertools
import socket
import struct
import time

(HELLO, ERROR, ECHO_REQUEST, ECHO_REPLY, EXPERIMENTER, FEATURES_REQUEST, FEATURES_REPLY, GET_CONFIG_REQUEST,
 GET_CONFIG_REPLY, SET_CONFIG, PACKET_IN, FLOW_REMOVED, PORT_STATUS, PACKET_OUT, FLOW_MOD, GROUP_MOD, PORT_MOD, TABLE_MOD,
 MULTIPART_REQUEST, MULTIPART_REPLY, BARRIER_REQUEST, BARRIER_REPLY, QUEUE_REQUEST, QUEUE_REPLY, ROLE_REQUEST, ROLE_REPLY,
 GET_ASYNC_REQUEST, GET_ASYNC_REPLY, SET_ASYNC, METER_MOD) = range(30)

NO_BUFFER = 0xffffffff
NX = 0x2320      # whose extensions Open vSwitch speaks
IN_PORT, TABLE, NORMAL, FLOOD, ALL, CONTROLLER, LOCAL, ANY = range(0xfffffff8, 0x100000000)
ADD, MODIFY, MODIFY_STRICT, DELETE, DELETE_STRICT = range(5)
SEND_FLOW_REM = 1

# name -> (OXM field, bytes)
FIELDS = {'in_port': (0, 4), 'metadata': (2, 8), 'eth_dst': (3, 6), 'eth_src': (4, 6), 'eth_type': (5, 2), 'vlan_vid': (6, 2),
          'vlan_pcp': (7, 1), 'ip_dscp': (8, 1), 'ip_ecn': (9, 1), 'ip_proto': (10, 1), 'ipv4_src': (11, 4), 'ipv4_dst': (12, 4),
          'tcp_src': (13, 2), 'tcp_dst': (14, 2), 'udp_src': (15, 2), 'udp_dst': (16, 2), 'tunnel_id': (38, 8)}
_xids = itertools.count(1)


def pad8(data):
    return data + bytes(-len(data) % 8)


def oxm(name, value, mask=None):
    field, width = FIELDS[name]
    body = value.to_bytes(width, 'big') + (b'' if mask is None else mask.to_bytes(width, 'big'))
    return struct.pack('!HBB', 0x8000, field << 1 | (mask is not None), len(body)) + body


def match(**fields):
    """An ofp_match; a value is an integer or a pair (value, mask)."""
    oxms = b''.join(oxm(name, *(v if isinstance(v, tuple) else (v,))) for name, v in fields.items())
    return pad8(struct.pack('!HH', 1, 4 + len(oxms)) + oxms)


def output(port, max_len=0xffff):
    return struct.pack('!HHIH6x', 0, 16, port, max_len)


def set_field(name, value):
    body = pad8(struct.pack('!HH', 25, 0) + oxm(name, value))
    return struct.pack('!HH', 25, len(body)) + body[4:]


def apply_actions(*actions):
    body = b''.join(actions)
    return struct.pack('!HH4x', 4, 8 + len(body)) + body


def message(kind, body=b'', xid=None, version=4):
    return struct.pack('!BBHI', version, kind, 8 + len(body), next(_xids) if xid is None else xid) + body


def flow_mod(the_match, *instructions, command=ADD, table=0, priority=100, cookie=0, idle=0, hard=0, flags=0, xid=None):
    body = struct.pack('!QQBBHHHIIIH2x', cookie, 0, table, command, idle, hard, priority, NO_BUFFER, ANY, ANY, flags)
    return message(FLOW_MOD, body + the_match + b''.join(instructions), xid)


def nx(kind, body=b''):
    """A message of Open vSwitch's extensions."""
    return message(EXPERIMENTER, struct.pack('!II', NX, kind) + body)


def tlv_mod(command, *maps):
    """NXT_TLV_TABLE_MOD; command 0 adds, 1 deletes, 2 clears; a map is (class, type, length, field)."""
    return nx(24, struct.pack('!H6x', command) + b''.join(struct.pack('!HBBH2x', *m) for m in maps))


def packet_out(in_port, actions, data):
    acts = b''.join(actions)
    return message(PACKET_OUT, struct.pack('!IIH6x', NO_BUFFER, in_port, len(acts)) + acts + data)


def multipart(kind, body=b''):
    return message(MULTIPART_REQUEST, struct.pack('!HH4x', kind, 0) + body)


def flow_stats_body(table=0xff):
    """Of OFPMP_FLOW and OFPMP_AGGREGATE: all flows, or all of a table."""
    return struct.pack('!B3xII4xQQ', table, ANY, ANY, 0, 0) + match()


class Connection:
    """A connection to "unix:PATH" or (host, port); hellos are exchanged at once, echo requests answered."""

    def __init__(self, address, timeout=10, hello=True):
        if isinstance(address, str):
            self.sock = socket.socket(socket.AF_UNIX)
            self.sock.settimeout(timeout)
            self.sock.connect(address.removeprefix('unix:'))
        else:
            self.sock = socket.create_connection(address, timeout)
            self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.data = b''
        if hello:
            self.send(message(HELLO))
            assert self.recv()[0] == HELLO

    def close(self):
        self.sock.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def send(self, *messages):
        self.sock.sendall(b''.join(messages))

    def _fill(self, n):
        while len(self.data) < n:
            more = self.sock.recv(65536)
            if not more:
                raise EOFError('the switch closed the connection')
            self.data += more

    def recv(self):
        """The next message as (type, xid, body). The switch's echo requests are answered, and no reason to wait longer."""
        until = time.monotonic() + self.sock.gettimeout()
        while True:
            if time.monotonic() > until:
                raise TimeoutError('nothing but echo requests')
            self._fill(8)
            _, kind, length, xid = struct.unpack('!BBHI', self.data[:8])
            self._fill(length)
            body, self.data = self.data[8:length], self.data[length:]
            if kind != ECHO_REQUEST:
                return kind, xid, body
            self.send(message(ECHO_REPLY, body, xid))

    def recv_kind(self, kind):
        """The body of the next message of that type; others are passed over."""
        while True:
            got, _, body = self.recv()
            if got == kind:
                return body

    def barrier(self, *before):
        """Sends 'before' and a barrier in one go, and waits for the reply. Returns what else came, errors among it."""
        xid = next(_xids)
        self.send(*before, message(BARRIER_REQUEST, xid=xid))
        came = []
        while True:
            got = self.recv()
            if got[:2] == (BARRIER_REPLY, xid):
                return came
            came.append(got)
