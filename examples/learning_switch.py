#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A learning switch for OpenFlow 1.3 on os-ken (Debian: python3-os-ken): an example for authors of controllers.

    learning_switch.py [OPTIONS OF OSKEN-MANAGER]
    learning_switch.py --ofp-listen-host 127.0.0.1 --ofp-tcp-listen-port 6653
    learning_switch.py --ofp-ssl-listen-port 6653 --ctl-privkey ctl-privkey.pem --ctl-cert ctl-cert.pem \
        --ca-certs cacert.pem

and on the switch: skepctl set-controller br0 tcp:127.0.0.1:6653 (or ssl:..., after skepctl set-ssl).

A switch starts with empty tables, and OpenFlow 1.3 drops what no rule matches. So the first rule is the table-miss
rule, which sends packets here. From each packet the application learns behind which port its sender is. Once the
receiver is known too, it installs a rule for that pair, and packets between the two never come up again: the switch
forwards them in the kernel. Rules that idle go away by themselves, so a host that moved is found again.
"""
import os
import sys

from os_ken.base import app_manager
from os_ken.controller import ofp_event
from os_ken.controller.handler import CONFIG_DISPATCHER, DEAD_DISPATCHER, MAIN_DISPATCHER, set_ev_cls
from os_ken.lib.packet import ethernet, packet
from os_ken.ofproto import ofproto_v1_3

IDLE_TIMEOUT = 60       # seconds without a packet after which a pair's rule goes
PAIR_PRIORITY = 10      # above the table-miss rule, which is 0 by definition


def is_link_local(mac):
    """Frames to these groups (STP, LLDP, pause) are for a bridge itself and are never forwarded (IEEE 802.1Q §8.6.3)."""
    return mac.startswith('01:80:c2:00:00:0')


def is_group(mac):
    return int(mac[:2], 16) & 1 != 0


class LearningSwitch(app_manager.OSKenApp):
    OFP_VERSIONS = [ofproto_v1_3.OFP_VERSION]

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.ports = {}     # datapath id -> {MAC address -> port}

    @set_ev_cls(ofp_event.EventOFPSwitchFeatures, CONFIG_DISPATCHER)
    def switch_connected(self, ev):
        dp = ev.msg.datapath
        ofp, parser = dp.ofproto, dp.ofproto_parser
        self.ports[dp.id] = {}
        self.logger.info('switch %016x connected', dp.id)
        # What an earlier controller, or an earlier run, left is not known here: begin with a clean table.
        self.delete_flows(dp, parser.OFPMatch())
        # The whole packet is asked for (OFPCML_NO_BUFFER), so that it can be sent back in a packet-out.
        to_controller = [parser.OFPActionOutput(ofp.OFPP_CONTROLLER, ofp.OFPCML_NO_BUFFER)]
        self.add_flow(dp, 0, parser.OFPMatch(), to_controller)

    @set_ev_cls(ofp_event.EventOFPStateChange, DEAD_DISPATCHER)
    def switch_gone(self, ev):
        if ev.datapath.id is not None:
            self.ports.pop(ev.datapath.id, None)
            self.logger.info('switch %016x disconnected', ev.datapath.id)

    @set_ev_cls(ofp_event.EventOFPPacketIn, MAIN_DISPATCHER)
    def packet_in(self, ev):
        msg, dp = ev.msg, ev.msg.datapath
        ofp, parser = dp.ofproto, dp.ofproto_parser
        in_port = msg.match['in_port']
        eth = packet.Packet(msg.data).get_protocol(ethernet.ethernet)
        if eth is None or is_link_local(eth.dst):
            return

        self.learn(dp, eth.src, in_port)
        out_port = self.ports[dp.id].get(eth.dst, ofp.OFPP_FLOOD)
        if out_port == in_port:
            return      # the receiver is on the wire the packet came from and has it already
        actions = [parser.OFPActionOutput(out_port)]
        if out_port != ofp.OFPP_FLOOD:
            match = parser.OFPMatch(in_port=in_port, eth_src=eth.src, eth_dst=eth.dst)
            self.add_flow(dp, PAIR_PRIORITY, match, actions, IDLE_TIMEOUT)
        # A switch may take the two messages in either order. At worst another packet of the pair comes up.
        dp.send_msg(parser.OFPPacketOut(datapath=dp, buffer_id=ofp.OFP_NO_BUFFER, in_port=in_port,
                                        actions=actions, data=msg.data))

    @set_ev_cls(ofp_event.EventOFPErrorMsg, [CONFIG_DISPATCHER, MAIN_DISPATCHER])
    def error(self, ev):
        self.logger.error('switch %s refused a message: type %d code %d', ev.msg.datapath.id, ev.msg.type, ev.msg.code)

    def learn(self, dp, mac, port):
        if is_group(mac):
            return      # not a sender's address
        known = self.ports[dp.id].get(mac)
        if known == port:
            return
        self.ports[dp.id][mac] = port
        self.logger.info('switch %016x: %s is on port %d', dp.id, mac, port)
        if known is not None:
            # It moved: rules that send to the old place would go on as long as they are used.
            self.delete_flows(dp, dp.ofproto_parser.OFPMatch(eth_dst=mac))
            self.delete_flows(dp, dp.ofproto_parser.OFPMatch(eth_src=mac))

    def add_flow(self, dp, priority, match, actions, idle_timeout=0):
        ofp, parser = dp.ofproto, dp.ofproto_parser
        apply = parser.OFPInstructionActions(ofp.OFPIT_APPLY_ACTIONS, actions)
        dp.send_msg(parser.OFPFlowMod(datapath=dp, command=ofp.OFPFC_ADD, priority=priority, match=match,
                                      idle_timeout=idle_timeout, instructions=[apply]))

    def delete_flows(self, dp, match):
        """Deletes every flow whose match is as specific as 'match' or more so."""
        ofp, parser = dp.ofproto, dp.ofproto_parser
        dp.send_msg(parser.OFPFlowMod(datapath=dp, table_id=ofp.OFPTT_ALL, command=ofp.OFPFC_DELETE,
                                      out_port=ofp.OFPP_ANY, out_group=ofp.OFPG_ANY, match=match))


if __name__ == '__main__':
    from os_ken.cmd.manager import main
    sys.argv.insert(1, os.path.abspath(__file__))
    sys.exit(main())
