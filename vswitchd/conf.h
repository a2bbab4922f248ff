/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The configuration: what skepd is asked to be, in memory and in STATEDIR/config.json.
 *
 * A struct conf is plain data.  Whoever changes the configuration (the control socket, SIGHUP)
 *makes another struct conf, has the switch apply it (switch.h), and saves it; the one in force is
 *never edited.  So a change that cannot be applied costs nothing, and a different store (an OVSDB
 *server, say) has to give no more than conf_load() and conf_save().
 *
 * The file:
 *
 *	{
 *	  "ssl": { "private_key": "/etc/skep/key.pem", "certificate": "…", "ca_cert": "…" },
 *	  "bridges": {
 *	    "br0": {
 *	      "datapath_id": "00000000000000a1",
 *	      "hwaddr": "02:00:5e:00:53:01",
 *	      "fail_mode": "standalone",
 *	      "mac_ageing": 300,
 *	      "forward_bpdu": false,
 *	      "controllers": ["ssl:192.0.2.1:6653", "ptcp:6654:127.0.0.1"],
 *	      "aux_connections": 2,
 *	      "static_macs": [{ "mac": "02:00:5e:00:53:11", "vlan": 10, "port": "eth1" }],
 *	      "ports": {
 *	        "eth1": { "ofport": 1, "tag": 10 },
 *	        "vx2": { "ofport": 2, "type": "vxlan", "options": { "remote_ip": "192.0.2.2", "key": "7" } },
 *	        "to-br1": { "ofport": 3, "type": "patch", "options": { "peer": "to-br0" } }
 *	      }
 *	    }
 *	  }
 *	}
 *
 * Everything but "ofport" may be absent (docs/distributed.md has all keys of ports, and what a topology leaves in a bridge that it made).  Passive addresses among the controllers are listened on.
 *An unknown key, a wrong type and a value that cannot be are errors, with file, line and column: a
 *file that says what we do not understand is not obeyed in part, and never overwritten.
 */
#ifndef SKEP_VSWITCHD_CONF_H
#define SKEP_VSWITCHD_CONF_H 1

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#define CONF_NAME_SIZE	     16 /* of an interface, with the NUL: IFNAMSIZ */
#define CONF_CONTROLLERS_MAX 16 /* per bridge */
#define CONF_AUX_MAX	     8	   /* auxiliary connections to a controller */
#define CONF_FILE_MAX	     (16u << 20)
#define CONF_MAC_AGEING	     300   /* seconds */
#define CONF_MAC_AGEING_MAX  86400
#define CONF_MACS_MAX	     65536 /* per bridge */
#define CONF_TOPOLOGY_NAME_SIZE 64 /* of a host or a network, with the NUL */

enum conf_port_type {
	CONF_SYSTEM, /* an interface */
	CONF_VXLAN,
	CONF_GENEVE,
	CONF_GRE,
	CONF_PATCH,
	CONF_SOCKET,
	CONF_N_TYPES
};

/* The options of ports: identifier, name as Open vSwitch has it, and the types of port that have it, as bits. */
#define CONF_TUNNELS (1u << CONF_VXLAN | 1u << CONF_GENEVE | 1u << CONF_GRE)
#define CONF_OPTION_TABLE(X)                                                                       \
	X(REMOTE_IP, "remote_ip", CONF_TUNNELS)                                                    \
	X(LOCAL_IP, "local_ip", CONF_TUNNELS)                                                      \
	X(KEY, "key", CONF_TUNNELS)                                                                \
	X(IN_KEY, "in_key", CONF_TUNNELS)                                                          \
	X(OUT_KEY, "out_key", CONF_TUNNELS)                                                        \
	X(DST_PORT, "dst_port", 1u << CONF_VXLAN | 1u << CONF_GENEVE)                              \
	X(TOS, "tos", CONF_TUNNELS)                                                                \
	X(TTL, "ttl", CONF_TUNNELS)                                                                \
	X(DF_DEFAULT, "df_default", CONF_TUNNELS)                                                  \
	X(CSUM, "csum", CONF_TUNNELS)                                                              \
	X(PEER, "peer", 1u << CONF_PATCH)

enum conf_option {
#define X(ID, NAME, TYPES) CONF_OPTION_##ID,
	CONF_OPTION_TABLE(X)
#undef X
	CONF_N_OPTIONS
};

enum conf_vlan_mode {
	CONF_VLAN_TRUNK,
	CONF_VLAN_ACCESS,
	CONF_VLAN_NATIVE_TAGGED,
	CONF_VLAN_NATIVE_UNTAGGED,
	CONF_N_VLAN_MODES
};

struct conf_port {
	TAILQ_ENTRY(conf_port) node;
	char name[CONF_NAME_SIZE];
	uint32_t ofport; /* 1 to PORT_NO_MAX; no two ports of a bridge have the same */
	enum conf_port_type type;
	char *options[CONF_N_OPTIONS]; /* owned, as they were written; NULL: not given */
	char *netns;		       /* owned; the namespace that the interface is taken from; NULL */
	bool has_vlan_mode, has_tag, has_isolated, has_redirect_peer;
	enum conf_vlan_mode vlan_mode; /* conf_port_vlan() says what is meant if it is not given */
	uint16_t tag;
	bool isolated;
	bool redirect_peer;
	uint64_t *trunks; /* owned; NULL: all. Bit VID % 64 of word VID / 64 */
};
#define CONF_TRUNK_WORDS 64

/* An address that NORMAL knows without learning it. */
struct conf_mac {
	uint8_t mac[6];
	uint16_t vlan;
	char port[CONF_NAME_SIZE]; /* a port of the bridge, or the bridge's name: LOCAL */
};

/* A network of the topology that made a bridge (topology.h). */
struct conf_network {
	char name[CONF_TOPOLOGY_NAME_SIZE];
	enum conf_port_type kind; /* a tunnel's */
	uint32_t key;
	uint16_t vlan; /* on this host */
};

struct conf_bridge {
	TAILQ_ENTRY(conf_bridge) node;
	char name[CONF_NAME_SIZE];
	bool has_datapath_id; /* else it is made from the LOCAL interface's address */
	uint64_t datapath_id;
	bool has_hwaddr; /* the LOCAL interface's; kept so that it and the datapath id outlive a
			    reboot */
	uint8_t hwaddr[6];
	unsigned int n_controllers;
	char *controllers[CONF_CONTROLLERS_MAX]; /* owned; addresses as stream_addr_parse() has them
						  */
	unsigned int n_aux;  /* auxiliary connections to each controller that is dialled */
	bool is_standalone;  /* the fail mode; else secure */
	bool has_mac_ageing; /* else CONF_MAC_AGEING */
	uint32_t mac_ageing; /* seconds */
	bool forward_bpdu;
	unsigned int n_macs;
	struct conf_mac *macs; /* owned */
	char topology_host[CONF_TOPOLOGY_NAME_SIZE]; /* who this host is in the topology that made the bridge;
							"": none did */
	unsigned int n_networks; /* that are on this host */
	struct conf_network *networks; /* owned */
	TAILQ_HEAD(, conf_port) ports;
};

struct stat;

/* Which file it was, and with what in it: of a configuration, the one that it was read from or saved to; all zero: there was none. */
struct conf_stamp {
	uint64_t dev, ino, size, mtime_ns;
};

struct conf {
	struct conf_stamp stamp;
	bool has_ssl;
	char *private_key; /* owned; not NULL if has_ssl */
	char *certificate;
	char *ca_cert;
	TAILQ_HEAD(, conf_bridge) bridges;
};

/* Does not tell of changes that leave the content alone, as chmod() does. */
struct conf_stamp conf_stamp_of(const struct stat *st);

/* Returns an empty configuration, or NULL if memory ran out. */
struct conf *conf_new(void);
/* Accepts NULL. */
void conf_free(struct conf *conf);
/* Returns a copy, or NULL if memory ran out. */
struct conf *conf_clone(const struct conf *conf);

/* Reads 'path'.  A file that does not exist is an empty configuration.  Returns 0 and sets '*ret',
 * which the caller frees, or a negative errno with "FILE:LINE:COLUMN: what is wrong" in 'err'. */
int conf_load(const char *path, struct conf **ret, char *err, size_t err_size);
/* Replaces 'path' in one step: whatever happens, the file is the old or the new one.  Returns 0, or
 * a negative errno with a message in 'err'. */
int conf_save(struct conf *conf, const char *path, char *err, size_t err_size);
/* Whether the file is still the one that 'conf' was read from or saved to.  If somebody has changed it, what they wrote is not to be
 * overwritten, be it right or wrong: -EBUSY with a message in 'err'.  A file that is gone may be made again: 0. */
int conf_check_stamp(const struct conf *conf, const char *path, char *err, size_t err_size);

/* Parses 'len' bytes of 'text', which messages call 'name'; as conf_load(). */
int conf_parse(const char *text, size_t len, const char *name, struct conf **ret, char *err,
	       size_t err_size);
/* The text that conf_save() writes; the caller frees it.  NULL if memory ran out. */
char *conf_format(const struct conf *conf);

/* NULL if there is none. */
struct conf_bridge *conf_find_bridge(const struct conf *conf, const char *name);
struct conf_port *conf_find_port(const struct conf_bridge *br, const char *name);
struct conf_port *conf_find_ofport(const struct conf_bridge *br, uint32_t ofport);
/* The bridge that interface 'name' is a port of, or NULL. */
struct conf_bridge *conf_find_bridge_of_port(const struct conf *conf, const char *name);

/* Add; the name must be valid and new.  NULL if memory ran out. */
struct conf_bridge *conf_add_bridge(struct conf *conf, const char *name);
/* 'ofport' 0: the lowest number that is free. NULL also if there is none. */
struct conf_port *conf_add_port(struct conf_bridge *br, const char *name, uint32_t ofport);
void conf_del_bridge(struct conf *conf, struct conf_bridge *br);
/* Its static addresses go with it. */
void conf_del_port(struct conf_bridge *br, struct conf_port *port);

/* Add an address; 0 or -ENOMEM, -E2BIG, -EEXIST.  Clear all. */
int conf_add_controller(struct conf_bridge *br, const char *address);
void conf_clear_controllers(struct conf_bridge *br);
/* Adds a static address, or changes its port.  0 or -ENOMEM, -E2BIG.  'port' must be valid. */
int conf_set_mac(struct conf_bridge *br, const uint8_t mac[6], uint16_t vlan, const char *port);
/* 0 or -ENOENT. */
int conf_del_mac(struct conf_bridge *br, const uint8_t mac[6], uint16_t vlan);
/* All three, or NULL for none.  0 or -ENOMEM. */
int conf_set_ssl(struct conf *conf, const char *private_key, const char *certificate,
		 const char *ca_cert);

/* True if the kernel would take 'name' as that of an interface; bridges add that it must not begin
 * with a dot or a dash, since it is a file's name as well. */
bool conf_name_is_valid(const char *name);
/* The name of the hidden end of the LOCAL interface of bridge 'name' (bridge.h). */
void conf_hidden_name(const char *name, char ret[CONF_NAME_SIZE]);
/* Parses 1 to 16 hexadecimal digits with an optional 0x; 0 is refused, as it means "none" to
 * controllers. */
bool conf_parse_datapath_id(const char *s, uint64_t *ret);
/* "secure" or "standalone". */
bool conf_parse_fail_mode(const char *s, bool *ret_is_standalone);
/* The name of a host or a network of a topology: 1 to 63 characters without spaces. */
bool conf_topology_name_is_valid(const char *name);
/* An IPv4 (then the first 4 bytes) or IPv6 address, network order. */
bool conf_parse_address(const char *s, uint8_t ret[16], bool *ret_is_ipv6);
/* Why no host can have the address, as in "… is a multicast address"; NULL: one can. */
const char *conf_address_fault(const uint8_t a[16], bool is_ipv6);
/* Six pairs of hexadecimal digits with colons. */
bool conf_parse_mac(const char *s, uint8_t ret[6]);
/* True if both are NULL, or equal. */
bool conf_same_text(const char *a, const char *b);

#endif
