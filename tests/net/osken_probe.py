# SPDX-License-Identifier: Apache-2.0
"""An os-ken application that asks a switch for everything OpenFlow 1.3 can ask, and two tables of rules.

It writes each answer that os-ken's parser understood as one line of JSON to the file that OSKEN_PROBE names. Errors are answers too.
With OSKEN_PROBE_ASK=no it only sets the rules.
"""
import json
import os

from os_ken.base import app_manager
from os_ken.controller import ofp_event
from os_ken.controller.handler import CONFIG_DISPATCHER, MAIN_DISPATCHER, set_ev_cls
from os_ken.ofproto import ofproto_v1_3
from os_ken.ofproto import ofproto_v1_3_parser as parser13

ANSWERS = ['DescStatsReply', 'FlowStatsReply', 'AggregateStatsReply', 'TableStatsReply', 'PortStatsReply', 'PortDescStatsReply',
           'QueueStatsReply', 'GroupStatsReply', 'GroupDescStatsReply', 'GroupFeaturesStatsReply', 'MeterStatsReply',
           'MeterConfigStatsReply', 'MeterFeaturesStatsReply', 'TableFeaturesStatsReply', 'GetConfigReply', 'RoleReply',
           'GetAsyncReply', 'QueueGetConfigReply', 'BarrierReply', 'ErrorMsg', 'PacketIn', 'FlowRemoved', 'EchoReply']


class Probe(app_manager.OSKenApp):
    OFP_VERSIONS = [ofproto_v1_3.OFP_VERSION]

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.out = open(os.environ['OSKEN_PROBE'], 'w', encoding='utf-8')

    def write(self, kind, content):
        print(json.dumps({'kind': kind, 'content': content}, default=lambda data: bytes(data).hex()), file=self.out, flush=True)

    @set_ev_cls(ofp_event.EventOFPSwitchFeatures, CONFIG_DISPATCHER)
    def connected(self, ev):
        self.write('SwitchFeatures', ev.msg.to_jsondict()['OFPSwitchFeatures'])

    @set_ev_cls(ofp_event.EventOFPStateChange, MAIN_DISPATCHER)
    def up(self, ev):
        self.rules(ev.datapath)
        ev.datapath.send_msg(ev.datapath.ofproto_parser.OFPBarrierRequest(ev.datapath))
        if os.environ.get('OSKEN_PROBE_ASK') != 'no':
            self.ask(ev.datapath)

    def rules(self, dp):
        """Table 0 notes the port in the metadata, table 1 sends back and forth by it, and a third, high one drops."""
        ofp, p = dp.ofproto, dp.ofproto_parser

        def add(table, priority, match, *instructions):
            dp.send_msg(p.OFPFlowMod(dp, table_id=table, priority=priority, match=match, instructions=list(instructions)))

        def out(port):
            return p.OFPInstructionActions(ofp.OFPIT_WRITE_ACTIONS, [p.OFPActionOutput(port)])
        for port in (1, 2):
            add(0, 10, p.OFPMatch(in_port=port), p.OFPInstructionWriteMetadata(port, 0xff), p.OFPInstructionGotoTable(1))
            add(1, 10, p.OFPMatch(metadata=(port, 0xff)), out(3 - port), p.OFPInstructionGotoTable(253))
        add(253, 0, p.OFPMatch())
        add(253, 9, p.OFPMatch(eth_type=0x806), p.OFPInstructionActions(ofp.OFPIT_APPLY_ACTIONS, [
            p.OFPActionOutput(ofp.OFPP_CONTROLLER, 65535)]))

    def ask(self, dp):
        ofp, p = dp.ofproto, dp.ofproto_parser
        for request in (p.OFPDescStatsRequest(dp, 0), p.OFPFlowStatsRequest(dp), p.OFPAggregateStatsRequest(
                            dp, 0, ofp.OFPTT_ALL, ofp.OFPP_ANY, ofp.OFPG_ANY, 0, 0, p.OFPMatch()),
                        p.OFPTableStatsRequest(dp, 0), p.OFPPortStatsRequest(dp, 0, ofp.OFPP_ANY), p.OFPPortDescStatsRequest(dp, 0),
                        p.OFPQueueStatsRequest(dp, 0, ofp.OFPP_ANY, ofp.OFPQ_ALL), p.OFPGroupStatsRequest(dp, 0, ofp.OFPG_ALL),
                        p.OFPGroupDescStatsRequest(dp, 0), p.OFPGroupFeaturesStatsRequest(dp, 0),
                        p.OFPMeterStatsRequest(dp, 0, ofp.OFPM_ALL), p.OFPMeterConfigStatsRequest(dp, 0, ofp.OFPM_ALL),
                        p.OFPMeterFeaturesStatsRequest(dp, 0), p.OFPTableFeaturesStatsRequest(dp, 0), p.OFPGetConfigRequest(dp),
                        p.OFPRoleRequest(dp, ofp.OFPCR_ROLE_MASTER, 1), p.OFPGetAsyncRequest(dp),
                        p.OFPQueueGetConfigRequest(dp, ofp.OFPP_ANY),
                        p.OFPGroupMod(dp, ofp.OFPGC_ADD, ofp.OFPGT_ALL, 1, []), p.OFPEchoRequest(dp, data=b'echo'), p.OFPBarrierRequest(dp)):
            dp.send_msg(request)


def _answer(kind):
    @set_ev_cls(getattr(ofp_event, f'EventOFP{kind}'), [CONFIG_DISPATCHER, MAIN_DISPATCHER])
    def handler(self, ev):
        if kind == 'TableFeaturesStatsReply':
            # In full these are megabytes of JSON, over which os-ken takes its time.
            self.write(kind, [[t.table_id, len(t.properties)] for t in ev.msg.body])
        else:
            self.write(kind, next(iter(ev.msg.to_jsondict().values())))
    return handler


for _kind in ANSWERS:
    assert hasattr(parser13, f'OFP{_kind}')
    setattr(Probe, f'on_{_kind}', _answer(_kind))
