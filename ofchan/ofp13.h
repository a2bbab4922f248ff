/* SPDX-License-Identifier: Apache-2.0 */
/*
 * OpenFlow 1.3.5 on the wire: the numbers and the fixed layouts of §7, under the specification's
 * names.
 *
 * Only the codecs of this folder (and conn.c and client.c, for the handful of messages that a
 * connection itself exchanges) include this file; everybody else sees ofchan/message.h and the
 * model.
 *
 * All structures are packed: a message may begin at any address of an input buffer.  Integers are
 * in network byte order.  Sizes are asserted where each is defined.
 *
 * Long, and one file all the same: it is the specification's appendix of structures, and read beside it.
 */
#ifndef SKEP_OFCHAN_OFP13_H
#define SKEP_OFCHAN_OFP13_H 1

#include <assert.h>
#include <linux/types.h>
#include <stdint.h>

#define OFP_VERSION_13 0x04
#define OFP_MAX_LENGTH 0xffffu /* of a message: header.length has 16 bits */

#define OFP_PACKED		    __attribute__((packed))
#define OFP_ASSERT_SIZE(TYPE, SIZE) static_assert(sizeof(struct TYPE) == (SIZE), #TYPE)

/* §7.1.  X(name without OFPT_, number). */
#define OFP_TYPE_TABLE(X)                                                                          \
	X(HELLO, 0)                                                                                \
	X(ERROR, 1)                                                                                \
	X(ECHO_REQUEST, 2)                                                                         \
	X(ECHO_REPLY, 3)                                                                           \
	X(EXPERIMENTER, 4)                                                                         \
	X(FEATURES_REQUEST, 5)                                                                     \
	X(FEATURES_REPLY, 6)                                                                       \
	X(GET_CONFIG_REQUEST, 7)                                                                   \
	X(GET_CONFIG_REPLY, 8)                                                                     \
	X(SET_CONFIG, 9)                                                                           \
	X(PACKET_IN, 10)                                                                           \
	X(FLOW_REMOVED, 11)                                                                        \
	X(PORT_STATUS, 12)                                                                         \
	X(PACKET_OUT, 13)                                                                          \
	X(FLOW_MOD, 14)                                                                            \
	X(GROUP_MOD, 15)                                                                           \
	X(PORT_MOD, 16)                                                                            \
	X(TABLE_MOD, 17)                                                                           \
	X(MULTIPART_REQUEST, 18)                                                                   \
	X(MULTIPART_REPLY, 19)                                                                     \
	X(BARRIER_REQUEST, 20)                                                                     \
	X(BARRIER_REPLY, 21)                                                                       \
	X(QUEUE_GET_CONFIG_REQUEST, 22)                                                            \
	X(QUEUE_GET_CONFIG_REPLY, 23)                                                              \
	X(ROLE_REQUEST, 24)                                                                        \
	X(ROLE_REPLY, 25)                                                                          \
	X(GET_ASYNC_REQUEST, 26)                                                                   \
	X(GET_ASYNC_REPLY, 27)                                                                     \
	X(SET_ASYNC, 28)                                                                           \
	X(METER_MOD, 29)

enum ofp_type {
#define X(NAME, NUM) OFPT_##NAME = NUM,
	OFP_TYPE_TABLE(X)
#undef X
		OFPT_N_TYPES
};

struct ofp_header {
	uint8_t version;
	uint8_t type;
	__be16 length;
	__be32 xid;
} OFP_PACKED;
OFP_ASSERT_SIZE(ofp_header, 8);

/* §7.5.1 */
enum { OFPHET_VERSIONBITMAP = 1 };

struct ofp_hello_elem_header {
	__be16 type;
	__be16 length; /* without the padding to a multiple of 8 */
} OFP_PACKED;
OFP_ASSERT_SIZE(ofp_hello_elem_header, 4);

/* §7.4.4 */
struct ofp_error_msg {
	struct ofp_header header;
	__be16 type;
	__be16 code;
} OFP_PACKED;
OFP_ASSERT_SIZE(ofp_error_msg, 12);

struct ofp_error_experimenter_msg {
	struct ofp_header header;
	__be16 type; /* OFPET_EXPERIMENTER */
	__be16 exp_type;
	__be32 experimenter;
} OFP_PACKED;
OFP_ASSERT_SIZE(ofp_error_experimenter_msg, 16);

#define ONF_EXPERIMENTER_ID 0x4f4e4600u
#define NX_EXPERIMENTER_ID  0x00002320u /* Nicira's extensions, as Open vSwitch has them */

/* §7.5.4 */
struct ofp_experimenter_header {
	struct ofp_header header;
	__be32 experimenter;
	__be32 exp_type;
} OFP_PACKED;
OFP_ASSERT_SIZE(ofp_experimenter_header, 16);

/* Experimenter NX: which Geneve options the fields tun_metadata0 and on are. */
enum nx_type {
	NXT_TLV_TABLE_MOD = 24,
	NXT_TLV_TABLE_REQUEST = 25, /* no body */
	NXT_TLV_TABLE_REPLY = 26,
};

struct nx_tlv_map {
	__be16 option_class;
	__u8 option_type;
	__u8 option_len;
	__be16 index;
	__u8 pad[2];
} OFP_PACKED;
OFP_ASSERT_SIZE(nx_tlv_map, 8);

/* Maps follow. */
struct nx_tlv_table_mod {
	struct ofp_experimenter_header header;
	__be16 command; /* enum tlv_command */
	__u8 pad[6];
} OFP_PACKED;
OFP_ASSERT_SIZE(nx_tlv_table_mod, 24);

/* Maps follow. */
struct nx_tlv_table_reply {
	struct ofp_experimenter_header header;
	__be32 max_option_space;
	__be16 max_fields;
	__u8 reserved[10];
} OFP_PACKED;
OFP_ASSERT_SIZE(nx_tlv_table_reply, 32);

/* §7.3.1 */
struct ofp_switch_features {
	struct ofp_header header;
	__be64 datapath_id;
	__be32 n_buffers;
	uint8_t n_tables;
	uint8_t auxiliary_id;
	uint8_t pad[2];
	__be32 capabilities;
	__be32 reserved;
} OFP_PACKED;
OFP_ASSERT_SIZE(ofp_switch_features, 32);

enum ofp_capabilities {
	OFPC_FLOW_STATS = 1 << 0,
	OFPC_TABLE_STATS = 1 << 1,
	OFPC_PORT_STATS = 1 << 2,
	OFPC_GROUP_STATS = 1 << 3,
	OFPC_IP_REASM = 1 << 5,
	OFPC_QUEUE_STATS = 1 << 6,
	OFPC_PORT_BLOCKED = 1 << 8,
};

/* §7.3.2 */
struct ofp_switch_config {
	struct ofp_header header;
	__be16 flags;
	__be16 miss_send_len;
} OFP_PACKED;
OFP_ASSERT_SIZE(ofp_switch_config, 12);

enum ofp_config_flags {
	OFPC_FRAG_NORMAL = 0,
	OFPC_FRAG_DROP = 1 << 0,
	OFPC_FRAG_REASM = 1 << 1,
	OFPC_FRAG_MASK = 3,
};

/* §7.2.1 */
struct ofp_port {
	__be32 port_no;
	uint8_t pad[4];
	uint8_t hw_addr[6];
	uint8_t pad2[2];
	char name[16];
	__be32 config;
	__be32 state;
	__be32 curr;
	__be32 advertised;
	__be32 supported;
	__be32 peer;
	__be32 curr_speed;
	__be32 max_speed;
} OFP_PACKED;
OFP_ASSERT_SIZE(ofp_port, 64);

enum ofp_port_config {
	OFPPC_PORT_DOWN = 1 << 0,
	OFPPC_NO_RECV = 1 << 2,
	OFPPC_NO_FWD = 1 << 5,
	OFPPC_NO_PACKET_IN = 1 << 6,
	OFPPC_ALL = OFPPC_PORT_DOWN | OFPPC_NO_RECV | OFPPC_NO_FWD | OFPPC_NO_PACKET_IN,
};

enum ofp_port_state {
	OFPPS_LINK_DOWN = 1 << 0,
	OFPPS_BLOCKED = 1 << 1,
	OFPPS_LIVE = 1 << 2,
};

enum ofp_port_features {
	OFPPF_10MB_HD = 1 << 0,
	OFPPF_10MB_FD = 1 << 1,
	OFPPF_100MB_HD = 1 << 2,
	OFPPF_100MB_FD = 1 << 3,
	OFPPF_1GB_HD = 1 << 4,
	OFPPF_1GB_FD = 1 << 5,
	OFPPF_10GB_FD = 1 << 6,
	OFPPF_40GB_FD = 1 << 7,
	OFPPF_100GB_FD = 1 << 8,
	OFPPF_1TB_FD = 1 << 9,
	OFPPF_OTHER = 1 << 10,
	OFPPF_COPPER = 1 << 11,
	OFPPF_FIBER = 1 << 12,
	OFPPF_AUTONEG = 1 << 13,
	OFPPF_PAUSE = 1 << 14,
	OFPPF_PAUSE_ASYM = 1 << 15,
	OFPPF_ALL = 0xffff,
};

/* §7.4.3 */
struct ofp_port_status {
	struct ofp_header header;
	uint8_t reason;
	uint8_t pad[7];
	struct ofp_port desc;
} OFP_PACKED;
OFP_ASSERT_SIZE(ofp_port_status, 80);

enum ofp_port_reason {
	OFPPR_ADD = 0,
	OFPPR_DELETE = 1,
	OFPPR_MODIFY = 2,
};

/* §7.3.4.3 */
struct ofp_port_mod {
	struct ofp_header header;
	__be32 port_no;
	uint8_t pad[4];
	uint8_t hw_addr[6];
	uint8_t pad2[2];
	__be32 config;
	__be32 mask;
	__be32 advertise;
	uint8_t pad3[4];
} OFP_PACKED;
OFP_ASSERT_SIZE(ofp_port_mod, 40);

/* §7.2.3.1 */
enum ofp_match_type {
	OFPMT_STANDARD = 0,
	OFPMT_OXM = 1,
};

struct ofp_match_header {
	__be16 type;
	__be16 length; /* header and TLVs, without the padding to a multiple of 8 */
} OFP_PACKED;
OFP_ASSERT_SIZE(ofp_match_header, 4);

/* §7.2.3.2: oxm_class (16 bits), oxm_field (7), oxm_hasmask (1), oxm_length (8) */
struct ofp_oxm_header {
	__be16 oxm_class;
	uint8_t field_hasmask;
	uint8_t length; /* of the payload: value and mask */
} OFP_PACKED;
OFP_ASSERT_SIZE(ofp_oxm_header, 4);

enum ofp_oxm_class {
	OFPXMC_NXM_0 = 0x0000, /* Nicira's, of which Open vSwitch took its tunnel fields */
	OFPXMC_NXM_1 = 0x0001,
	OFPXMC_OPENFLOW_BASIC = 0x8000,
	OFPXMC_EXPERIMENTER = 0xffff,
};

/* §7.2.4 */
enum ofp_instruction_type {
	OFPIT_GOTO_TABLE = 1,
	OFPIT_WRITE_METADATA = 2,
	OFPIT_WRITE_ACTIONS = 3,
	OFPIT_APPLY_ACTIONS = 4,
	OFPIT_CLEAR_ACTIONS = 5,
	OFPIT_METER = 6,
	OFPIT_EXPERIMENTER = 0xffff,
};

struct ofp_instruction_header {
	__be16 type;
	__be16 len;
} OFP_PACKED;
OFP_ASSERT_SIZE(ofp_instruction_header, 4);

struct ofp_instruction_goto_table {
	__be16 type;
	__be16 len;
	uint8_t table_id;
	uint8_t pad[3];
} OFP_PACKED;
OFP_ASSERT_SIZE(ofp_instruction_goto_table, 8);

struct ofp_instruction_meter {
	__be16 type;
	__be16 len;
	__be32 meter_id;
} OFP_PACKED;
OFP_ASSERT_SIZE(ofp_instruction_meter, 8);

struct ofp_instruction_write_metadata {
	__be16 type;
	__be16 len;
	uint8_t pad[4];
	__be64 metadata;
	__be64 metadata_mask;
} OFP_PACKED;
OFP_ASSERT_SIZE(ofp_instruction_write_metadata, 24);

struct ofp_instruction_actions {
	__be16 type;
	__be16 len;
	uint8_t pad[4];
	/* followed by actions */
} OFP_PACKED;
OFP_ASSERT_SIZE(ofp_instruction_actions, 8);

/* §7.2.5 */
enum ofp_action_type {
	OFPAT_OUTPUT = 0,
	OFPAT_COPY_TTL_OUT = 11,
	OFPAT_COPY_TTL_IN = 12,
	OFPAT_SET_MPLS_TTL = 15,
	OFPAT_DEC_MPLS_TTL = 16,
	OFPAT_PUSH_VLAN = 17,
	OFPAT_POP_VLAN = 18,
	OFPAT_PUSH_MPLS = 19,
	OFPAT_POP_MPLS = 20,
	OFPAT_SET_QUEUE = 21,
	OFPAT_GROUP = 22,
	OFPAT_SET_NW_TTL = 23,
	OFPAT_DEC_NW_TTL = 24,
	OFPAT_SET_FIELD = 25,
	OFPAT_PUSH_PBB = 26,
	OFPAT_POP_PBB = 27,
	OFPAT_EXPERIMENTER = 0xffff,
};

/* The first 8 bytes of every action; OFPAT_POP_VLAN and OFPAT_DEC_NW_TTL are no more than this. */
struct ofp_action_header {
	__be16 type;
	__be16 len;
	uint8_t pad[4];
} OFP_PACKED;
OFP_ASSERT_SIZE(ofp_action_header, 8);

struct ofp_action_output {
	__be16 type;
	__be16 len;
	__be32 port;
	__be16 max_len;
	uint8_t pad[6];
} OFP_PACKED;
OFP_ASSERT_SIZE(ofp_action_output, 16);

struct ofp_action_push {
	__be16 type;
	__be16 len;
	__be16 ethertype;
	uint8_t pad[2];
} OFP_PACKED;
OFP_ASSERT_SIZE(ofp_action_push, 8);

struct ofp_action_nw_ttl {
	__be16 type;
	__be16 len;
	uint8_t nw_ttl;
	uint8_t pad[3];
} OFP_PACKED;
OFP_ASSERT_SIZE(ofp_action_nw_ttl, 8);

struct ofp_action_set_queue {
	__be16 type;
	__be16 len;
	__be32 queue_id;
} OFP_PACKED;
OFP_ASSERT_SIZE(ofp_action_set_queue, 8);

struct ofp_action_group {
	__be16 type;
	__be16 len;
	__be32 group_id;
} OFP_PACKED;
OFP_ASSERT_SIZE(ofp_action_group, 8);

/* §7.3.4.1 */
struct ofp_flow_mod {
	struct ofp_header header;
	__be64 cookie;
	__be64 cookie_mask;
	uint8_t table_id;
	uint8_t command;
	__be16 idle_timeout;
	__be16 hard_timeout;
	__be16 priority;
	__be32 buffer_id;
	__be32 out_port;
	__be32 out_group;
	__be16 flags;
	uint8_t pad[2];
	/* followed by a match and instructions */
} OFP_PACKED;
OFP_ASSERT_SIZE(ofp_flow_mod, 48);

/* §7.4.2 */
struct ofp_flow_removed {
	struct ofp_header header;
	__be64 cookie;
	__be16 priority;
	uint8_t reason;
	uint8_t table_id;
	__be32 duration_sec;
	__be32 duration_nsec;
	__be16 idle_timeout;
	__be16 hard_timeout;
	__be64 packet_count;
	__be64 byte_count;
	/* followed by a match */
} OFP_PACKED;
OFP_ASSERT_SIZE(ofp_flow_removed, 48);

/* §7.3.4.2 */
struct ofp_group_mod {
	struct ofp_header header;
	__be16 command;
	uint8_t type;
	uint8_t pad;
	__be32 group_id;
	/* followed by buckets */
} OFP_PACKED;
OFP_ASSERT_SIZE(ofp_group_mod, 16);

struct ofp_bucket {
	__be16 len;
	__be16 weight;
	__be32 watch_port;
	__be32 watch_group;
	uint8_t pad[4];
	/* followed by actions */
} OFP_PACKED;
OFP_ASSERT_SIZE(ofp_bucket, 16);

enum ofp_group_mod_command {
	OFPGC_ADD = 0,
	OFPGC_MODIFY = 1,
	OFPGC_DELETE = 2,
};

enum ofp_group_type {
	OFPGT_ALL = 0,
	OFPGT_SELECT = 1,
	OFPGT_INDIRECT = 2,
	OFPGT_FF = 3,
};

enum ofp_group_numbers {
	OFPG_MAX = 0xffffff00u,
	OFPG_ALL = 0xfffffffcu,
	OFPG_ANY = 0xffffffffu,
};

/* §7.3.4.4 */
struct ofp_meter_mod {
	struct ofp_header header;
	__be16 command;
	__be16 flags;
	__be32 meter_id;
	/* followed by bands */
} OFP_PACKED;
OFP_ASSERT_SIZE(ofp_meter_mod, 16);

struct ofp_meter_band { /* of drop bands and of dscp_remark bands */
	__be16 type;
	__be16 len;
	__be32 rate;
	__be32 burst_size;
	uint8_t prec_level; /* padding of a drop band */
	uint8_t pad[3];
} OFP_PACKED;
OFP_ASSERT_SIZE(ofp_meter_band, 16);

enum ofp_meter_mod_command {
	OFPMC_ADD = 0,
	OFPMC_MODIFY = 1,
	OFPMC_DELETE = 2,
};

enum ofp_meter_numbers {
	OFPM_MAX = 0xffff0000u,
	OFPM_SLOWPATH = 0xfffffffdu,
	OFPM_CONTROLLER = 0xfffffffeu,
	OFPM_ALL = 0xffffffffu,
};

enum { OFPMF_ALL = 0xf }; /* KBPS, PKTPS, BURST, STATS */

/* §7.3.3 */
struct ofp_table_mod {
	struct ofp_header header;
	uint8_t table_id;
	uint8_t pad[3];
	__be32 config;
} OFP_PACKED;
OFP_ASSERT_SIZE(ofp_table_mod, 16);

enum { OFPTC_DEPRECATED_MASK = 3 };

/* §7.3.7 */
struct ofp_packet_out {
	struct ofp_header header;
	__be32 buffer_id;
	__be32 in_port;
	__be16 actions_len;
	uint8_t pad[6];
	/* followed by actions and the packet */
} OFP_PACKED;
OFP_ASSERT_SIZE(ofp_packet_out, 24);

/* §7.4.1 */
struct ofp_packet_in {
	struct ofp_header header;
	__be32 buffer_id;
	__be16 total_len;
	uint8_t reason;
	uint8_t table_id;
	__be64 cookie;
	/* followed by a match, 2 bytes of padding and the packet */
} OFP_PACKED;
OFP_ASSERT_SIZE(ofp_packet_in, 24);

enum ofp_packet_in_reason {
	OFPR_NO_MATCH = 0,
	OFPR_ACTION = 1,
	OFPR_INVALID_TTL = 2,
};

/* §7.3.9 */
struct ofp_role_msg {
	struct ofp_header header;
	__be32 role;
	uint8_t pad[4];
	__be64 generation_id;
} OFP_PACKED;
OFP_ASSERT_SIZE(ofp_role_msg, 24);

enum ofp_controller_role {
	OFPCR_ROLE_NOCHANGE = 0,
	OFPCR_ROLE_EQUAL = 1,
	OFPCR_ROLE_MASTER = 2,
	OFPCR_ROLE_SLAVE = 3,
};

/* §7.3.10; index 0: as master or equal, 1: as slave */
struct ofp_async_config {
	struct ofp_header header;
	__be32 packet_in_mask[2];
	__be32 port_status_mask[2];
	__be32 flow_removed_mask[2];
} OFP_PACKED;
OFP_ASSERT_SIZE(ofp_async_config, 32);

/* §7.3.6 */
struct ofp_queue_get_config {
	struct ofp_header header;
	__be32 port;
	uint8_t pad[4];
	/* a reply is followed by queues */
} OFP_PACKED;
OFP_ASSERT_SIZE(ofp_queue_get_config, 16);

/* §7.2.2 */
struct ofp_packet_queue {
	__be32 queue_id;
	__be32 port;
	__be16 len;
	uint8_t pad[6];
	/* followed by properties */
} OFP_PACKED;
OFP_ASSERT_SIZE(ofp_packet_queue, 16);

enum ofp_queue_property {
	OFPQT_MIN_RATE = 1,
	OFPQT_MAX_RATE = 2,
	OFPQT_EXPERIMENTER = 0xffff,
};

/* OFPQT_MIN_RATE and OFPQT_MAX_RATE */
struct ofp_queue_prop_rate {
	__be16 property;
	__be16 len;
	uint8_t pad[4];
	__be16 rate;
	uint8_t pad2[6];
} OFP_PACKED;
OFP_ASSERT_SIZE(ofp_queue_prop_rate, 16);

/* §7.3.5 */
struct ofp_multipart {
	struct ofp_header header;
	__be16 type;
	__be16 flags;
	uint8_t pad[4];
	/* followed by the body */
} OFP_PACKED;
OFP_ASSERT_SIZE(ofp_multipart, 16);

enum { OFPMPF_MORE = 1 << 0 }; /* OFPMPF_REQ_MORE and OFPMPF_REPLY_MORE */

enum ofp_multipart_type {
	OFPMP_DESC = 0,
	OFPMP_FLOW = 1,
	OFPMP_AGGREGATE = 2,
	OFPMP_TABLE = 3,
	OFPMP_PORT_STATS = 4,
	OFPMP_QUEUE = 5,
	OFPMP_GROUP = 6,
	OFPMP_GROUP_DESC = 7,
	OFPMP_GROUP_FEATURES = 8,
	OFPMP_METER = 9,
	OFPMP_METER_CONFIG = 10,
	OFPMP_METER_FEATURES = 11,
	OFPMP_TABLE_FEATURES = 12,
	OFPMP_PORT_DESC = 13,
	OFPMP_EXPERIMENTER = 0xffff,
};

/* §7.3.5.1 */
struct ofp_desc {
	char mfr_desc[256];
	char hw_desc[256];
	char sw_desc[256];
	char serial_num[32];
	char dp_desc[256];
} OFP_PACKED;
OFP_ASSERT_SIZE(ofp_desc, 1056);

/* §7.3.5.2, §7.3.5.3: also the aggregate's request */
struct ofp_flow_stats_request {
	uint8_t table_id;
	uint8_t pad[3];
	__be32 out_port;
	__be32 out_group;
	uint8_t pad2[4];
	__be64 cookie;
	__be64 cookie_mask;
	/* followed by a match */
} OFP_PACKED;
OFP_ASSERT_SIZE(ofp_flow_stats_request, 32);

struct ofp_flow_stats {
	__be16 length;
	uint8_t table_id;
	uint8_t pad;
	__be32 duration_sec;
	__be32 duration_nsec;
	__be16 priority;
	__be16 idle_timeout;
	__be16 hard_timeout;
	__be16 flags;
	uint8_t pad2[4];
	__be64 cookie;
	__be64 packet_count;
	__be64 byte_count;
	/* followed by a match and instructions */
} OFP_PACKED;
OFP_ASSERT_SIZE(ofp_flow_stats, 48);

struct ofp_aggregate_stats_reply {
	__be64 packet_count;
	__be64 byte_count;
	__be32 flow_count;
	uint8_t pad[4];
} OFP_PACKED;
OFP_ASSERT_SIZE(ofp_aggregate_stats_reply, 24);

/* §7.3.5.4 */
struct ofp_table_stats {
	uint8_t table_id;
	uint8_t pad[3];
	__be32 active_count;
	__be64 lookup_count;
	__be64 matched_count;
} OFP_PACKED;
OFP_ASSERT_SIZE(ofp_table_stats, 24);

/* §7.3.5.5 */
struct ofp_table_features {
	__be16 length;
	uint8_t table_id;
	uint8_t pad[5];
	char name[32];
	__be64 metadata_match;
	__be64 metadata_write;
	__be32 config;
	__be32 max_entries;
	/* followed by properties, each padded to a multiple of 8 */
} OFP_PACKED;
OFP_ASSERT_SIZE(ofp_table_features, 64);

enum ofp_table_feature_prop_type {
	OFPTFPT_INSTRUCTIONS = 0,
	OFPTFPT_INSTRUCTIONS_MISS = 1,
	OFPTFPT_NEXT_TABLES = 2,
	OFPTFPT_NEXT_TABLES_MISS = 3,
	OFPTFPT_WRITE_ACTIONS = 4,
	OFPTFPT_WRITE_ACTIONS_MISS = 5,
	OFPTFPT_APPLY_ACTIONS = 6,
	OFPTFPT_APPLY_ACTIONS_MISS = 7,
	OFPTFPT_MATCH = 8,
	OFPTFPT_WILDCARDS = 10,
	OFPTFPT_WRITE_SETFIELD = 12,
	OFPTFPT_WRITE_SETFIELD_MISS = 13,
	OFPTFPT_APPLY_SETFIELD = 14,
	OFPTFPT_APPLY_SETFIELD_MISS = 15,
	OFPTFPT_EXPERIMENTER = 0xfffe,
	OFPTFPT_EXPERIMENTER_MISS = 0xffff,
};

struct ofp_table_feature_prop_header {
	__be16 type;
	__be16 length; /* without the padding */
} OFP_PACKED;
OFP_ASSERT_SIZE(ofp_table_feature_prop_header, 4);

/* §7.3.5.6 */
struct ofp_port_stats_request {
	__be32 port_no;
	uint8_t pad[4];
} OFP_PACKED;
OFP_ASSERT_SIZE(ofp_port_stats_request, 8);

struct ofp_port_stats {
	__be32 port_no;
	uint8_t pad[4];
	__be64 rx_packets;
	__be64 tx_packets;
	__be64 rx_bytes;
	__be64 tx_bytes;
	__be64 rx_dropped;
	__be64 tx_dropped;
	__be64 rx_errors;
	__be64 tx_errors;
	__be64 rx_frame_err;
	__be64 rx_over_err;
	__be64 rx_crc_err;
	__be64 collisions;
	__be32 duration_sec;
	__be32 duration_nsec;
} OFP_PACKED;
OFP_ASSERT_SIZE(ofp_port_stats, 112);

/* §7.3.5.8 */
struct ofp_queue_stats_request {
	__be32 port_no;
	__be32 queue_id;
} OFP_PACKED;
OFP_ASSERT_SIZE(ofp_queue_stats_request, 8);

enum { OFPQ_ALL = 0xffffffffu };

struct ofp_queue_stats {
	__be32 port_no;
	__be32 queue_id;
	__be64 tx_bytes;
	__be64 tx_packets;
	__be64 tx_errors;
	__be32 duration_sec;
	__be32 duration_nsec;
} OFP_PACKED;
OFP_ASSERT_SIZE(ofp_queue_stats, 40);

/* §7.3.5.9 and §7.3.5.12, §7.3.5.13: a group or meter number and padding */
struct ofp_id_request {
	__be32 id;
	uint8_t pad[4];
} OFP_PACKED;
OFP_ASSERT_SIZE(ofp_id_request, 8);

/* §7.3.5.9 */
struct ofp_group_stats {
	__be16 length;
	uint8_t pad[2];
	__be32 group_id;
	__be32 ref_count;
	uint8_t pad2[4];
	__be64 packet_count;
	__be64 byte_count;
	__be32 duration_sec;
	__be32 duration_nsec;
	/* followed by struct ofp_bucket_counter */
} OFP_PACKED;
OFP_ASSERT_SIZE(ofp_group_stats, 40);

struct ofp_bucket_counter {
	__be64 packet_count;
	__be64 byte_count;
} OFP_PACKED;
OFP_ASSERT_SIZE(ofp_bucket_counter, 16);

/* §7.3.5.10 */
struct ofp_group_desc {
	__be16 length;
	uint8_t type;
	uint8_t pad;
	__be32 group_id;
	/* followed by buckets */
} OFP_PACKED;
OFP_ASSERT_SIZE(ofp_group_desc, 8);

enum ofp_group_capabilities {
	OFPGFC_SELECT_WEIGHT = 1 << 0,
	OFPGFC_SELECT_LIVENESS = 1 << 1,
	OFPGFC_CHAINING = 1 << 2,
	OFPGFC_CHAINING_CHECKS = 1 << 3,
};

/* §7.3.5.11 */
struct ofp_group_features {
	__be32 types;
	__be32 capabilities;
	__be32 max_groups[4];
	__be32 actions[4];
} OFP_PACKED;
OFP_ASSERT_SIZE(ofp_group_features, 40);

/* §7.3.5.12 */
struct ofp_meter_stats {
	__be32 meter_id;
	__be16 len;
	uint8_t pad[6];
	__be32 flow_count;
	__be64 packet_in_count;
	__be64 byte_in_count;
	__be32 duration_sec;
	__be32 duration_nsec;
	/* followed by struct ofp_meter_band_stats */
} OFP_PACKED;
OFP_ASSERT_SIZE(ofp_meter_stats, 40);

struct ofp_meter_band_stats {
	__be64 packet_band_count;
	__be64 byte_band_count;
} OFP_PACKED;
OFP_ASSERT_SIZE(ofp_meter_band_stats, 16);

/* §7.3.5.13 */
struct ofp_meter_config {
	__be16 length;
	__be16 flags;
	__be32 meter_id;
	/* followed by bands */
} OFP_PACKED;
OFP_ASSERT_SIZE(ofp_meter_config, 8);

/* §7.3.5.14 */
struct ofp_meter_features {
	__be32 max_meter;
	__be32 band_types;
	__be32 capabilities;
	uint8_t max_bands;
	uint8_t max_color;
	uint8_t pad[2];
} OFP_PACKED;
OFP_ASSERT_SIZE(ofp_meter_features, 16);

#endif
