/* Opening and closing what every command of the server needs: data directory, keys, store. */
#ifndef SERVER_BOOT_H
#define SERVER_BOOT_H

#include "server/options.h"
#include "server/request.h"

/*
 * Make the directories where they are missing, open the key ring and the store, make its tables.
 * errors: ERR_CONFLICT: another process has the data directory; others with a sentence
 */
enum err boot_open(struct server *srv, const struct options *o, struct arena *mem,
                   struct problem *why) MUST_CHECK;
void boot_close(struct server *srv); /* also after a failed open */

/*
 * The directory of credentials that systemd gives (systemd.exec(5), "CREDENTIALS") when there is a
 * key ring in it; else NULL.  Its files are called as in a directory of keys, and only read.
 */
const char *boot_credentials(struct arena *mem);

/* The certificate and key of the server, made at the first start; its pin. */
struct identity {
    const char *cert_pem, *key_pem, *pin;
};
enum err boot_identity(const struct options *o, struct arena *mem, struct identity *out,
                       struct problem *why) MUST_CHECK;

#endif
