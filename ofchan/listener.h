/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Listening for OpenFlow connections: ptcp:, pssl:, punix:.
 *
 * The listener keeps what it accepted to itself until TLS and hello are done, and only then hands
 * the connection over.  Peers that are silent or wrong never reach the owner: they are closed after
 * the hello timeout, and logged once for each distinct cause and address.
 *
 * Bounds.  At most OF_LISTENER_MAX connections at a time, those handed over included; above it, and
 * when the process is out of descriptors, accepting pauses (the kernel's queue holds the rest) and
 * goes on when a connection ends or after OF_LISTENER_RETRY_MS.
 *
 * A unix socket gets mode 0600.  A stale file that nobody listens on any more is replaced; a live
 * one is -EADDRINUSE.  The file is removed on close, if it is still ours.
 */
#ifndef SKEP_OFCHAN_LISTENER_H
#define SKEP_OFCHAN_LISTENER_H 1

#include <stddef.h>
#include <stdint.h>

struct event_base;
struct of_conn;
struct of_conn_config;
struct of_listener;
struct stream_addr;
struct tls;

#define OF_LISTENER_MAX	     1024
#define OF_LISTENER_RETRY_MS 500

/* Called for each peer whose hello is done: 'conn' is ACTIVE and belongs to the callee, who calls
 * of_conn_set_callbacks() and at some time of_conn_free(), or frees it at once to refuse. */
typedef void of_listener_accepted(struct of_listener *listener, struct of_conn *conn, void *arg);

/* Listens on 'addr' (passive; copied).  'config' may be NULL; it is copied.  'tls' is needed for
 * pssl: and must outlive the listener and its connections; if nothing is loaded in it yet, peers
 * are refused until something is.  Returns NULL with a negative errno in '*ret_error' and a message
 * in 'err' (may be NULL). */
struct of_listener *of_listener_open(struct event_base *base, const struct stream_addr *addr,
				     struct tls *tls, const struct of_conn_config *config,
				     of_listener_accepted *accepted, void *arg, int *ret_error,
				     char *err, size_t err_size);

/* Stops listening and closes what was not handed over yet.  Connections that were handed over live
 * on. Must not be called from 'accepted'.  Accepts NULL. */
void of_listener_close(struct of_listener *listener);

/* "ptcp:6653:0.0.0.0", with the port that the kernel chose if it was 0. */
const char *of_listener_name(const struct of_listener *listener);
uint16_t of_listener_port(const struct of_listener *listener); /* 0 for punix: */
unsigned int of_listener_n_conns(const struct of_listener *listener);

#endif
