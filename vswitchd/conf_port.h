/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a port's configuration means: the keys that a port has in config.json and on the control socket (docs/distributed.md), checked, and
 * translated for the datapath.
 *
 * A key is set by conf_port_set(), which checks its value alone; conf_port_check() then sees whether the keys go together.  Texts are kept as they were
 * written, so that a configuration is saved as it was read.
 */
#ifndef SKEP_VSWITCHD_CONF_PORT_H
#define SKEP_VSWITCHD_CONF_PORT_H 1

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "datapath/datapath.h"
#include "vswitchd/conf.h"

/* Where something is wrong: in the value of a port's key ('key' NULL: in the port as a whole), in the member 'option' or, if 'idx' is not negative, in an
 * element of it. */
struct conf_place {
	const char *key;
	const char *option;
	int idx;
};

/* Sets 'key' to 'value'.  Options are added to those that are there; JSON's null takes away a key, or an option.  Returns 0, or a negative errno with a
 * message in 'err' and its place. */
int conf_port_set(struct conf_port *port, const char *key, const json_t *value,
		  struct conf_place *ret_place, char *err, size_t err_size);
/* Checks that the keys go together.  As conf_port_set(). */
int conf_port_check(const struct conf_port *port, struct conf_place *ret_place, char *err,
		    size_t err_size);
/* The port as an object, as it stands in config.json.  NULL if memory ran out. */
json_t *conf_port_to_json(const struct conf_port *port);

/* True if both are configured the same, but for their names. */
bool conf_port_equal(const struct conf_port *a, const struct conf_port *b);
const char *conf_port_type_name(enum conf_port_type type);
bool conf_port_is_tunnel(const struct conf_port *port);
/* A tunnel's kind by its name, vxlan, geneve or gre; and the greatest key that it can carry. */
bool conf_parse_tunnel_kind(const char *s, enum conf_port_type *ret);
uint32_t conf_tunnel_key_max(enum conf_port_type kind);

/* For a port that conf_port_check() found right.  conf_port_tunnel() is for tunnels: '*ret_dst_port' 0 for GRE. */
void conf_port_tunnel(const struct conf_port *port, struct dp_tunnel *ret, uint16_t *ret_dst_port);
void conf_port_vlan(const struct conf_port *port, struct dp_port_vlan *ret);
bool conf_port_is_isolated(const struct conf_port *port);
/* Whether packets may go to the peer of a veth at once; default true. */
bool conf_port_redirects_peer(const struct conf_port *port);

#endif
