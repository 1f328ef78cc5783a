/*
 * Who the peer is: networks in configuration, and what a proxy says of the client behind it.
 * Addresses are 16 bytes, IPv4 in its mapped form (RFC 4291 2.5.5.2).
 */
#ifndef SERVER_PEER_H
#define SERVER_PEER_H

#include <stdbool.h>
#include <stdint.h>

/* Is the address in a list of CIDR networks, blanks or commas between? NULL: in none. */
bool peer_in(const uint8_t address[16], const char *networks);

/* A list in which every word is a network. */
bool peer_list_is_sound(const char *networks);

/*
 * X-Forwarded-For, believed only as far as the proxies that are listed: from its right end, each
 * address was written by the one right of it, so the first that is no proxy of ours is the client.
 * address: in, the peer; out, the client.  Where a word is no address, nothing left of it counts.
 */
void peer_forwarded(const char *forwarded, const char *proxies, uint8_t address[16]);

#endif
