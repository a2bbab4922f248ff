#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Virtual networks over several hosts, by OpenFlow 1.3 on os-ken (Debian: python3-os-ken): what `skepctl topology apply` does, done by a
controller with flow-mods. An example for authors of controllers.

    overlay.py TOPOLOGY [OPTIONS OF OSKEN-MANAGER]
    overlay.py mesh.json --ofp-ssl-listen-port 6653 --ctl-privkey ctl-privkey.pem --ctl-cert ctl-cert.pem --ca-certs cacert.pem

TOPOLOGY is the file that docs/topology.md describes. A host of it, say the second, which is named b, is made ready by

    skepctl add-br br0 datapath-id=0000000000000002         # the host's place in the file
    skepctl add-port br0 blue1                              # each interface that the file has for it
    skepctl add-port br0 to-a type=vxlan options:remote_ip=192.0.2.1 options:key=flow    # and one tunnel for each other host
    skepctl set-controller br0 ssl:192.0.2.99:6653          # after skepctl set-ssl

OpenFlow cannot make ports, but it can choose the tunnel's key for each packet: that is tunnel_id. The tables of a switch:

    0  which network?    in_port -> metadata = key, table 1; or tunnel and tunnel_id -> metadata = key, table 3
    1  who sends?        known address at its port -> table 2; any other -> table 2, and a copy to the controller
    2  from a port       known address -> its port, or tunnel_id = key and its host's tunnel; else all of the network
    3  from a tunnel     known address -> its port; else the ports of the network here, and no tunnel: a full mesh has no loops then

A sender's address is learned from one packet and installed at all hosts of its network, so that nobody else has to learn it. No packet
waits for the controller, and without it everything that is known goes on.
"""
import json
import os
import sys

from os_ken.base import app_manager
from os_ken.controller import ofp_event
from os_ken.controller.handler import CONFIG_DISPATCHER, DEAD_DISPATCHER, MAIN_DISPATCHER, set_ev_cls
from os_ken.lib.packet import ethernet, packet
from os_ken.ofproto import ofproto_v1_3

CLASSIFY, SENDER, FROM_PORT, FROM_TUNNEL = range(4)
KNOWN, UNKNOWN = 10, 1      # priorities
IDLE_TIMEOUT = 300          # seconds after which the address of a silent sender is forgotten


class Network:
    def __init__(self, key):
        self.key = key
        self.places = {}        # address -> (host's name, interface's name)
        self.fixed = set()      # the addresses that the file has


class Host:
    def __init__(self, name):
        self.name = name
        self.networks = {}      # interface's name -> Network
        self.dp = None          # its switch, while that is connected
        self.numbers = {}       # port's name -> number, as the switch said


def tunnel_name(host):
    return f'to-{host}'[:15]


def load(path):
    """The hosts, in the file's order."""
    with open(path, encoding='utf-8') as f:
        topology = json.load(f)
    hosts = {name: Host(name) for name in topology['hosts']}
    networks = {name: Network(n['key']) for name, n in topology['networks'].items()}
    for port in topology['ports']:
        network = networks[port['network']]
        hosts[port['host']].networks[port['interface']] = network
        for mac in port.get('macs', []):
            network.places[mac.lower()] = (port['host'], port['interface'])
            network.fixed.add(mac.lower())
    return list(hosts.values())


class Overlay(app_manager.OSKenApp):
    OFP_VERSIONS = [ofproto_v1_3.OFP_VERSION]

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.hosts = load(os.environ['OVERLAY_TOPOLOGY'])

    def host_of(self, dp):
        return self.hosts[dp.id - 1] if dp.id is not None and 0 < dp.id <= len(self.hosts) else None

    def members(self, network):
        return [h for h in self.hosts if network in h.networks.values()]

    # --- What a switch is told ---

    @set_ev_cls(ofp_event.EventOFPSwitchFeatures, CONFIG_DISPATCHER)
    def switch_connected(self, ev):
        dp = ev.msg.datapath
        host = self.host_of(dp)
        if host is None:
            self.logger.error('datapath id %016x is not the place of a host in the file', dp.id)
            return
        self.logger.info('host %s connected', host.name)
        host.dp, host.numbers = dp, {}
        ofp, parser = dp.ofproto, dp.ofproto_parser
        # What an earlier controller, or an earlier run, left is not known here.
        dp.send_msg(parser.OFPFlowMod(datapath=dp, table_id=ofp.OFPTT_ALL, command=ofp.OFPFC_DELETE, out_port=ofp.OFPP_ANY,
                                      out_group=ofp.OFPG_ANY, match=parser.OFPMatch()))
        dp.send_msg(parser.OFPPortDescStatsRequest(dp))

    @set_ev_cls(ofp_event.EventOFPStateChange, DEAD_DISPATCHER)
    def switch_gone(self, ev):
        host = self.host_of(ev.datapath)
        if host is not None and host.dp is ev.datapath:
            host.dp = None
            self.logger.info('host %s disconnected', host.name)

    @set_ev_cls(ofp_event.EventOFPPortStatus, MAIN_DISPATCHER)
    def port_changed(self, ev):
        dp = ev.msg.datapath
        dp.send_msg(dp.ofproto_parser.OFPPortDescStatsRequest(dp))

    @set_ev_cls(ofp_event.EventOFPPortDescStatsReply, [CONFIG_DISPATCHER, MAIN_DISPATCHER])
    def ports_told(self, ev):
        host = self.host_of(ev.msg.datapath)
        if host is None:
            return
        numbers = {p.name.decode(): p.port_no for p in ev.msg.body}
        if numbers == host.numbers:
            return
        host.numbers = numbers
        for network in set(host.networks.values()):
            self.install_network(host, network)
            for mac in network.places:
                self.install_address(host, network, mac)

    def here(self, host, network):
        """The numbers of the network's ports at 'host', those that there are."""
        return [host.numbers[i] for i, n in host.networks.items() if n is network and i in host.numbers]

    def tunnels(self, host, network):
        return [host.numbers[tunnel_name(h.name)] for h in self.members(network)
                if h is not host and tunnel_name(h.name) in host.numbers]

    def install_network(self, host, network):
        dp = host.dp
        ofp, parser = dp.ofproto, dp.ofproto_parser
        key = network.key
        ports, tunnels = self.here(host, network), self.tunnels(host, network)

        def classify(match, table):
            self.add(dp, CLASSIFY, KNOWN, match, [parser.OFPInstructionWriteMetadata(key, 2**64 - 1),
                                                  parser.OFPInstructionGotoTable(table)])
        for port in ports:
            classify(parser.OFPMatch(in_port=port), SENDER)
        for port in tunnels:
            classify(parser.OFPMatch(in_port=port, tunnel_id=key), FROM_TUNNEL)
        # The packet goes on at once; the controller gets no more of it than the addresses.
        self.add(dp, SENDER, UNKNOWN, parser.OFPMatch(metadata=key),
                 [parser.OFPInstructionActions(ofp.OFPIT_APPLY_ACTIONS, [parser.OFPActionOutput(ofp.OFPP_CONTROLLER, 64)]),
                  parser.OFPInstructionGotoTable(FROM_PORT)])
        to_ports = [parser.OFPActionOutput(port) for port in ports]
        to_tunnels = [parser.OFPActionSetField(tunnel_id=key)] + [parser.OFPActionOutput(port) for port in tunnels]
        # An output to the port that a packet came from is none (OF1.3.5 §7.2.5): the sender gets nothing back.
        self.add_actions(dp, FROM_PORT, UNKNOWN, parser.OFPMatch(metadata=key), to_ports + (to_tunnels if tunnels else []))
        self.add_actions(dp, FROM_TUNNEL, UNKNOWN, parser.OFPMatch(metadata=key), to_ports)

    def install_address(self, host, network, mac):
        """Tells the switch of 'host' where 'mac' is, if both are there."""
        dp = host.dp
        parser = dp.ofproto_parser
        key = network.key
        home, interface = network.places[mac]
        to = parser.OFPMatch(metadata=key, eth_dst=mac)
        if home == host.name:
            port = host.numbers.get(interface)
            if port is None:
                return
            out = [parser.OFPActionOutput(port)]
            self.add(dp, SENDER, KNOWN, parser.OFPMatch(in_port=port, metadata=key, eth_src=mac),
                     [parser.OFPInstructionGotoTable(FROM_PORT)], 0 if mac in network.fixed else IDLE_TIMEOUT)
            self.add_actions(dp, FROM_TUNNEL, KNOWN, to, out)
        else:
            port = host.numbers.get(tunnel_name(home))
            if port is None:
                return
            out = [parser.OFPActionSetField(tunnel_id=key), parser.OFPActionOutput(port)]
            # It may have been here before.
            self.delete(dp, FROM_TUNNEL, to)
            self.delete(dp, SENDER, parser.OFPMatch(metadata=key, eth_src=mac))
        self.add_actions(dp, FROM_PORT, KNOWN, to, out)

    # --- Learning ---

    def place_of(self, host, number):
        """The interface and the network behind a port of 'host'."""
        for interface, network in host.networks.items():
            if host.numbers.get(interface) == number:
                return interface, network
        return None, None

    @set_ev_cls(ofp_event.EventOFPPacketIn, MAIN_DISPATCHER)
    def packet_in(self, ev):
        msg = ev.msg
        host = self.host_of(msg.datapath)
        eth = packet.Packet(msg.data).get_protocol(ethernet.ethernet)
        interface, network = self.place_of(host, msg.match['in_port']) if host else (None, None)
        if network is None or eth is None or int(eth.src[:2], 16) & 1:
            return
        if eth.src in network.fixed or network.places.get(eth.src) == (host.name, interface):
            return
        self.logger.info('%s is at %s of host %s', eth.src, interface, host.name)
        if network.places.get(eth.src, (None,))[0] == host.name:
            # From one port to another of the same host: its sender's rule names the port.
            self.delete(host.dp, SENDER, host.dp.ofproto_parser.OFPMatch(metadata=network.key, eth_src=eth.src))
        network.places[eth.src] = (host.name, interface)
        for member in self.members(network):
            if member.dp is not None:
                self.install_address(member, network, eth.src)

    @set_ev_cls(ofp_event.EventOFPFlowRemoved, MAIN_DISPATCHER)
    def sender_silent(self, ev):
        msg = ev.msg
        host = self.host_of(msg.datapath)
        if msg.reason != msg.datapath.ofproto.OFPRR_IDLE_TIMEOUT or host is None:
            return
        mac = msg.match['eth_src']
        interface, network = self.place_of(host, msg.match['in_port'])
        if network is None or network.places.get(mac) != (host.name, interface):
            return
        del network.places[mac]
        for member in self.members(network):
            if member.dp is not None:
                for table in (FROM_PORT, FROM_TUNNEL):
                    self.delete(member.dp, table, member.dp.ofproto_parser.OFPMatch(metadata=network.key, eth_dst=mac))

    @set_ev_cls(ofp_event.EventOFPErrorMsg, [CONFIG_DISPATCHER, MAIN_DISPATCHER])
    def error(self, ev):
        self.logger.error('switch %s refused a message: type %d code %d', ev.msg.datapath.id, ev.msg.type, ev.msg.code)

    # --- Flow-mods ---

    def add(self, dp, table, priority, match, instructions, idle_timeout=0):
        ofp, parser = dp.ofproto, dp.ofproto_parser
        dp.send_msg(parser.OFPFlowMod(datapath=dp, table_id=table, command=ofp.OFPFC_ADD, priority=priority, match=match,
                                      idle_timeout=idle_timeout, instructions=instructions,
                                      flags=ofp.OFPFF_SEND_FLOW_REM if idle_timeout else 0))

    def add_actions(self, dp, table, priority, match, actions):
        parser = dp.ofproto_parser
        self.add(dp, table, priority, match, [parser.OFPInstructionActions(dp.ofproto.OFPIT_APPLY_ACTIONS, actions)])

    def delete(self, dp, table, match):
        ofp, parser = dp.ofproto, dp.ofproto_parser
        dp.send_msg(parser.OFPFlowMod(datapath=dp, table_id=table, command=ofp.OFPFC_DELETE, out_port=ofp.OFPP_ANY,
                                      out_group=ofp.OFPG_ANY, match=match))


if __name__ == '__main__':
    from os_ken.cmd.manager import main
    if len(sys.argv) < 2 or sys.argv[1].startswith('-'):
        sys.exit(__doc__)
    os.environ['OVERLAY_TOPOLOGY'] = sys.argv[1]
    sys.argv[1] = os.path.abspath(__file__)
    sys.exit(main())
