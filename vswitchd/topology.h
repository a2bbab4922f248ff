/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Topologies: bridges that span hosts, out of one file that all of them are given (docs/topology.md).
 *
 * The file names hosts with their underlay addresses, networks with their tunnel keys, and ports: which interface of which host is in
 * which network.  A host's share of it is one bridge: fail mode standalone, each network that has ports here a VLAN, each such port
 * an access port, and for each of these networks and each other host with ports in it a tunnel port, isolated as tunnels are, so
 * that the full mesh has no loops.  The ports' known addresses are static entries.
 *
 * topology_parse() reads the file (topology_file.c); topology_compute() edits a struct conf so that it holds the share of one host.
 * It is a pure function of the file, the host's name and what the configuration was.  What was is used to keep what may stay: port numbers and
 * VLANs.  So sw_change() finds that an unchanged port is unchanged, and leaves it alone.  The bridge remembers that a topology made it
 * (conf_bridge.topology_host): no other bridge is ever touched.
 *
 * Bounds: TOPOLOGY_HOSTS_MAX, TOPOLOGY_NETWORKS_MAX, TOPOLOGY_PORTS_MAX.
 */
#ifndef SKEP_VSWITCHD_TOPOLOGY_H
#define SKEP_VSWITCHD_TOPOLOGY_H 1

#include <jansson.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vswitchd/conf.h"

#define TOPOLOGY_BRIDGE	      "mesh0" /* if the file names none */
#define TOPOLOGY_HOSTS_MAX    1024
#define TOPOLOGY_NETWORKS_MAX 4094 /* a VLAN each */
#define TOPOLOGY_PORTS_MAX    16384

struct topology_host {
	char name[CONF_TOPOLOGY_NAME_SIZE];
	char address[INET6_ADDRSTRLEN]; /* as inet_ntop() writes it */
	bool is_ipv6;
};

struct topology_network {
	char name[CONF_TOPOLOGY_NAME_SIZE];
	enum conf_port_type kind;
	uint32_t key;
};

struct topology_port {
	unsigned int host, network; /* indexes */
	char name[CONF_NAME_SIZE];
	char *netns; /* owned, or NULL */
	unsigned int n_macs;
	uint8_t (*macs)[6]; /* owned */
};

struct topology {
	char *name, *text; /* owned: of the file, for messages */
	size_t len;
	char bridge[CONF_NAME_SIZE];
	unsigned int n_hosts, n_networks, n_ports;
	struct topology_host *hosts; /* owned, as the next two */
	struct topology_network *networks;
	struct topology_port *ports;
};

/* Parses 'len' bytes of 'text', which messages call 'name'.  Returns 0 and sets '*ret', which the caller frees, or a negative errno with
 * "NAME:LINE:COLUMN: what is wrong" in 'err'. */
int topology_parse(const char *text, size_t len, const char *name, struct topology **ret, char *err,
		   size_t err_size);
/* Accepts NULL. */
void topology_free(struct topology *t);

/* Makes the bridge of 't' in 'conf', or changes it, into the share of host 'host'.  Returns 0, or a negative errno with a message in 'err';
 * 'conf' is then good for nothing but conf_free(). */
int topology_compute(const struct topology *t, const char *host, struct conf *conf, char *err,
		     size_t err_size);

/* What differs between two versions of a bridge of a topology, in lines for people: a list, empty if nothing does.  'old' may be NULL.  NULL if
 * memory ran out. */
json_t *topology_diff(const struct conf_bridge *old, const struct conf_bridge *br);

#endif
