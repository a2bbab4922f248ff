# SPDX-License-Identifier: Apache-2.0
"""Every error of OF1.3.5 §7.4.4 that skep gives, provoked, with its type and code; and docs/refusals.md says which those are, and why not the others."""
import os
import re
import struct

import of13
import pytest
from skepnet import TOP

pytestmark = pytest.mark.skep_only
FRAME = bytes.fromhex('020000000002' '020000000001' '9000') + bytes(50)
ACTS = of13.apply_actions(of13.output(1))
TCP = of13.match(eth_type=0x800, ip_proto=6)
MULTIPART_MORE = struct.pack('!HH4x', 1, 1)
FLOW_BODY = struct.pack('!B3xII4xQQ', 255, of13.ANY, of13.ANY, 0, 0)
ALL_TYPE, SELECT, INDIRECT, FF = range(4)
ADD, MODIFY, DELETE = range(3)
KBPS, PKTPS = 1, 2


def action(kind, body=bytes(4)):
    return struct.pack('!HH', kind, 4 + len(body)) + body


def with_action(act, match=of13.match()):
    return of13.flow_mod(match, of13.apply_actions(act))


def instruction(kind, body=bytes(4)):
    return of13.flow_mod(of13.match(), struct.pack('!HH', kind, 4 + len(body)) + body)


def with_match(*oxms, kind=1, length=None):
    body = b''.join(oxms)
    length = 4 + len(body) if length is None else length
    return of13.flow_mod(of13.pad8(struct.pack('!HH', kind, length) + body), ACTS)


def oxm(field, value, mask=b'', oxm_class=0x8000):
    return struct.pack('!HBB', oxm_class, field << 1 | bool(mask), len(value + mask)) + value + mask


def with_set(tlv, match=TCP):
    return with_action(action(25, of13.pad8(struct.pack('!HH', 0, 0) + tlv)[4:]), match)


def raw_flow_mod(command=0, table=0, flags=0, buffer_id=of13.NO_BUFFER):
    body = struct.pack('!QQBBHHHIIIH2x', 0, 0, table, command, 0, 0, 1, buffer_id, of13.ANY, of13.ANY, flags)
    return of13.message(of13.FLOW_MOD, body + of13.match() + ACTS)


def bucket(*actions, weight=0, watch_port=of13.ANY, watch_group=of13.ANY):
    body = b''.join(actions)
    return struct.pack('!HHII4x', 16 + len(body), weight, watch_port, watch_group) + body


def group_mod(command, kind, number, *buckets):
    return of13.message(of13.GROUP_MOD, struct.pack('!HBxI', command, kind, number) + b''.join(buckets))


def to_group(number):
    return struct.pack('!HHI', 22, 8, number)


def band(kind, rate, prec_level=0):
    return struct.pack('!HHIIB3x', kind, 16, rate, 0, prec_level)


def meter_mod(command, flags, number, *bands):
    return of13.message(of13.METER_MOD, struct.pack('!HHI', command, flags, number) + b''.join(bands))


def port_mod(port, mac=bytes(6), config=0, mask=0, advertise=0):
    return of13.message(of13.PORT_MOD, struct.pack('!I4x6s2xIII4x', port, mac, config, mask, advertise))


def table_mod(table, config):
    return of13.message(of13.TABLE_MOD, struct.pack('!B3xI', table, config))


def table_features(number, prop=b''):
    return of13.multipart(12, struct.pack('!HB5x32sQQII', 64 + len(prop), number, b'', 0, 0, 0, 0) + prop)


def role(which, generation=0):
    return of13.message(of13.ROLE_REQUEST, struct.pack('!I4xQ', which, generation))


def set_config(flags):
    return of13.message(of13.SET_CONFIG, struct.pack('!HH', flags, 128))


# Error -> the messages of which the last is answered with it.
REFUSED = {
    'OFPBRC_BAD_VERSION': [of13.message(of13.FEATURES_REQUEST, version=5)],
    'OFPBRC_BAD_TYPE': [of13.message(77)],
    'OFPBRC_BAD_MULTIPART': [of13.multipart(99)],
    'OFPBRC_BAD_EXP_TYPE': [of13.nx(99)],
    'OFPBRC_BAD_EXPERIMENTER': [of13.message(of13.EXPERIMENTER, struct.pack('!II', 0x2321, 1))],
    'OFPBRC_BAD_LEN': [of13.message(of13.FEATURES_REQUEST, bytes(8))],
    'OFPBRC_BUFFER_UNKNOWN': [of13.message(of13.PACKET_OUT, struct.pack('!IIH6x', 5, 1, 0))],
    'OFPBRC_BAD_TABLE_ID': [of13.multipart(1, b'\xfe' + FLOW_BODY[1:] + of13.match())],
    'OFPBRC_IS_SLAVE': [role(3, 1), of13.flow_mod(of13.match(), ACTS)],
    'OFPBRC_BAD_PORT': [of13.multipart(4, struct.pack('!I4x', 99))],
    'OFPBRC_BAD_PACKET': [of13.packet_out(of13.CONTROLLER, [of13.output(1)], bytes(13))],
    'OFPBRC_MULTIPART_BUFFER_OVERFLOW': [of13.message(of13.MULTIPART_REQUEST, MULTIPART_MORE + FLOW_BODY + of13.match())],
    'OFPBAC_BAD_TYPE': [with_action(action(99))],
    'OFPBAC_BAD_LEN': [with_action(action(0))],
    'OFPBAC_BAD_EXPERIMENTER': [with_action(action(0xffff))],
    'OFPBAC_BAD_OUT_PORT': [with_action(of13.output(0))],
    'OFPBAC_BAD_ARGUMENT': [with_action(action(17, b'\x12\x34\0\0'))],
    'OFPBAC_TOO_MANY': [of13.flow_mod(of13.match(), of13.apply_actions(*[of13.output(1)] * 257))],
    'OFPBAC_BAD_QUEUE': [with_action(action(21, struct.pack('!I', of13.ANY)))],
    'OFPBAC_BAD_OUT_GROUP': [with_action(action(22, struct.pack('!I', 77)))],
    'OFPBAC_MATCH_INCONSISTENT': [with_action(of13.set_field('tcp_dst', 80))],
    'OFPBAC_BAD_SET_TYPE': [with_set(oxm(0, bytes(4)))],
    'OFPBAC_BAD_SET_LEN': [with_set(oxm(14, bytes(3)))],
    'OFPBAC_BAD_SET_ARGUMENT': [with_set(oxm(8, b'\x40'))],
    'OFPBIC_UNKNOWN_INST': [instruction(99)],
    'OFPBIC_BAD_TABLE_ID': [of13.flow_mod(of13.match(), struct.pack('!HHB3x', 1, 8, 3), table=3)],
    'OFPBIC_BAD_EXPERIMENTER': [instruction(0xffff)],
    'OFPBIC_BAD_LEN': [instruction(1, bytes(12))],
    'OFPBIC_DUP_INST': [of13.flow_mod(of13.match(), ACTS, ACTS)],
    'OFPBMC_BAD_TYPE': [with_match(kind=0)],
    'OFPBMC_BAD_LEN': [with_match(oxm(0, bytes(3)))],
    'OFPBMC_BAD_WILDCARDS': [with_match(oxm(3, b'\1' * 6, bytes(6)))],
    'OFPBMC_BAD_FIELD': [with_match(oxm(0x7f, bytes(4)))],
    'OFPBMC_BAD_VALUE': [with_match(oxm(6, b'\x10\x01'), oxm(7, b'\x09'))],
    'OFPBMC_BAD_MASK': [with_match(oxm(5, b'\x08\0', b'\xff\0'))],
    'OFPBMC_BAD_PREREQ': [with_match(oxm(14, b'\0\x50'))],
    'OFPBMC_DUP_FIELD': [with_match(oxm(0, b'\0\0\0\1'), oxm(0, b'\0\0\0\1'))],
    'OFPFMFC_BAD_TABLE_ID': [raw_flow_mod(table=254)],
    'OFPFMFC_OVERLAP': [of13.flow_mod(of13.match(), ACTS), of13.flow_mod(of13.match(in_port=1), ACTS, flags=2)],
    'OFPFMFC_BAD_COMMAND': [raw_flow_mod(command=5)],
    'OFPFMFC_BAD_FLAGS': [raw_flow_mod(flags=0x20)],
    'OFPGMFC_GROUP_EXISTS': [group_mod(ADD, ALL_TYPE, 1), group_mod(ADD, ALL_TYPE, 1)],
    'OFPGMFC_CHAINING_UNSUPPORTED': [group_mod(ADD, ALL_TYPE, 0)] +
                                    [group_mod(ADD, ALL_TYPE, n, bucket(to_group(n - 1))) for n in range(1, 9)],
    'OFPGMFC_LOOP': [group_mod(ADD, ALL_TYPE, 1), group_mod(ADD, ALL_TYPE, 2, bucket(to_group(1))),
                     group_mod(MODIFY, ALL_TYPE, 1, bucket(to_group(2)))],
    'OFPGMFC_UNKNOWN_GROUP': [group_mod(MODIFY, ALL_TYPE, 7)],
    'OFPGMFC_CHAINED_GROUP': [group_mod(ADD, ALL_TYPE, 1), group_mod(ADD, ALL_TYPE, 2, bucket(to_group(1))),
                              group_mod(2, ALL_TYPE, 1)],
    'OFPGMFC_INVALID_GROUP': [group_mod(ADD, INDIRECT, 1)],
    'OFPGMFC_OUT_OF_BUCKETS': [group_mod(ADD, ALL_TYPE, 1, *[bucket()] * 1025)],
    'OFPGMFC_BAD_TYPE': [group_mod(ADD, 4, 1)],
    'OFPGMFC_BAD_COMMAND': [group_mod(3, ALL_TYPE, 1)],
    'OFPGMFC_BAD_BUCKET': [group_mod(ADD, ALL_TYPE, 1, bytes(16))],
    'OFPGMFC_BAD_WATCH': [group_mod(ADD, FF, 1, bucket(of13.output(1)))],
    'OFPPMFC_BAD_PORT': [port_mod(99)],
    'OFPPMFC_BAD_HW_ADDR': [port_mod(1)],
    'OFPPMFC_BAD_CONFIG': [lambda macs: port_mod(1, macs[1], 2, 2)],
    'OFPPMFC_BAD_ADVERTISE': [lambda macs: port_mod(1, macs[1], advertise=1)],
    'OFPTMFC_BAD_TABLE': [table_mod(254, 0)],
    'OFPTMFC_BAD_CONFIG': [table_mod(0, 4)],
    'OFPQOFC_BAD_PORT': [of13.message(of13.QUEUE_REQUEST, struct.pack('!I4x', 99))],
    'OFPQOFC_BAD_QUEUE': [of13.multipart(5, struct.pack('!II', 1, 3))],
    'OFPSCFC_BAD_FLAGS': [set_config(2)],
    'OFPRRFC_STALE': [role(2, 5), role(3, 4)],
    'OFPRRFC_BAD_ROLE': [role(4)],
    'OFPMMFC_METER_EXISTS': [meter_mod(ADD, KBPS, 1, band(1, 1000)), meter_mod(ADD, KBPS, 1, band(1, 1000))],
    'OFPMMFC_INVALID_METER': [meter_mod(ADD, KBPS, 0)],
    'OFPMMFC_UNKNOWN_METER': [meter_mod(MODIFY, KBPS, 7)],
    'OFPMMFC_BAD_COMMAND': [meter_mod(3, KBPS, 1)],
    'OFPMMFC_BAD_FLAGS': [meter_mod(ADD, KBPS | PKTPS, 1)],
    'OFPMMFC_BAD_RATE': [meter_mod(ADD, KBPS, 1, band(1, 0))],
    'OFPMMFC_BAD_BAND': [meter_mod(ADD, KBPS, 1, band(3, 1000))],
    'OFPMMFC_BAD_BAND_VALUE': [meter_mod(ADD, KBPS, 1, band(2, 1000, prec_level=4))],
    'OFPMMFC_OUT_OF_BANDS': [meter_mod(ADD, KBPS, 1, *[band(1, 1000)] * 9)],
    'OFPTFFC_BAD_TABLE': [table_features(254)],
    'OFPTFFC_BAD_TYPE': [table_features(0, struct.pack('!HH4x', 9, 4))],
    'OFPTFFC_BAD_LEN': [table_features(0, struct.pack('!HH4x', 0, 64))],
    'OFPTFFC_BAD_ARGUMENT': [table_features(0, struct.pack('!HHHH', 0, 8, 9, 4))],
    'NXTTMFC_BAD_COMMAND': [of13.tlv_mod(3)],
    'NXTTMFC_BAD_OPT_LEN': [of13.tlv_mod(ADD, (1, 1, 12, 0))],
    'NXTTMFC_BAD_FIELD_IDX': [of13.tlv_mod(ADD, (1, 1, 4, 8))],
    'NXTTMFC_ALREADY_MAPPED': [of13.tlv_mod(ADD, (1, 1, 4, 0)), of13.tlv_mod(ADD, (1, 2, 4, 0))],
    'NXTTMFC_DUP_ENTRY': [of13.tlv_mod(ADD, (1, 1, 4, 0)), of13.tlv_mod(ADD, (1, 1, 8, 1))],
    'NXFMFC_INVALID_TLV_FIELD': [with_match(oxm(40, bytes(8), oxm_class=1))],
    'NXTTMFC_INVALID_TLV_DEL': [of13.tlv_mod(ADD, (1, 1, 4, 0)), with_match(oxm(40, bytes(8), oxm_class=1)), of13.tlv_mod(2)],
}
# Given, and tested elsewhere, where what it takes is.
ELSEWHERE = {
    'OFPHFC_INCOMPATIBLE': 'test_openflow.py', 'OFPFMFC_TABLE_FULL': 'test_tables.py',
    'OFPGMFC_OUT_OF_GROUPS': 'test_groups.py', 'OFPMMFC_OUT_OF_METERS': 'test_groups.py',
}


def errors():
    """Name -> (type, code), of all errors that skep knows: the table in ofchan/ofp_err.h."""
    with open(os.path.join(TOP, 'ofchan', 'ofp_err.h'), encoding='utf-8') as f:
        text = f.read()
    types = {name: int(number, 0) for name, number in re.findall(r'X\((\w+), (\d+|0xffff)\)', text)}
    ours = {name: (types[kind], int(code)) for name, kind, code in re.findall(r'X\((OFP\w+), (\w+), (\d+)\)', text)}
    return ours | {name: (0xffff, int(code)) for name, code in re.findall(r'X\((NX\w+), (\d+)\)', text)}


def documented():
    """Name -> what docs/refusals.md says of it."""
    with open(os.path.join(TOP, 'docs', 'refusals.md'), encoding='utf-8') as f:
        return dict(re.findall(r'^\| `((?:OFP|NX)\w+)` \|[^|]*\| (.*) \|$', f.read(), re.M))


@pytest.fixture(scope='module')
def shared_conn(shared_switch):
    with of13.Connection(shared_switch.mgmt) as it:
        yield it


def port_macs(conn):
    conn.send(of13.multipart(13))
    return {port: mac for port, mac in struct.iter_unpack('!I4x6s50x', conn.recv_kind(of13.MULTIPART_REPLY)[8:])}


@pytest.mark.parametrize('name', REFUSED)
def test_refused_with_its_type_and_code(sw, shared_conn, name):
    macs = port_macs(shared_conn)
    messages = [m(macs) if callable(m) else m for m in REFUSED[name]]
    kind, code = errors()[name]
    whose = struct.pack('!I', of13.NX) if name.startswith('NX') else b'ONF\0'
    expected = struct.pack('!HH', kind, code) + (whose if kind == 0xffff else b'')
    *before, last = messages
    try:
        assert not [m for m in shared_conn.barrier(*before) if m[0] == of13.ERROR]
        (got, xid, body), = shared_conn.barrier(last)
        assert got == of13.ERROR and xid == struct.unpack('!I', last[4:8])[0]
        assert body[:len(expected)] == expected, struct.unpack('!HH', body[:4])
        assert body[len(expected):] == last[:64], 'the beginning of the message'
    finally:
        shared_conn.barrier(role(1), of13.message(of13.GROUP_MOD, struct.pack('!HBxI', 2, 0, 0xfffffffc)),
                            of13.message(of13.METER_MOD, struct.pack('!HHI', 2, 0, 0xffffffff)),
                            of13.flow_mod(of13.match(), command=of13.DELETE, table=0xff), of13.tlv_mod(2))


def test_the_list_in_docs_has_every_error_and_says_the_truth():
    known, said = set(errors()), documented()
    assert set(said) == known, set(said) ^ known
    given = {name for name, text in said.items() if not text.startswith('never')}
    assert given == set(REFUSED) | set(ELSEWHERE), given ^ (set(REFUSED) | set(ELSEWHERE))
