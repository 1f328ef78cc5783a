/* What can be configured: one row an option (server/options.c); file, then command line. */
#ifndef SERVER_OPTIONS_H
#define SERVER_OPTIONS_H

#include "common/conf.h"
#include "server/limits.h"

struct options {
    const char *data, *keys, *listen, *config;
    const char *address; /* split from listen */
    int64_t port;
    int64_t workers, readers;
    int64_t connections_per_address, connections;
    int64_t event_streams;
    int64_t upload_max;                /* bytes */
    const char *super_admin_addresses; /* CIDR list, blank separated */
    const char *trusted_proxies;       /* likewise; whose X-Forwarded-For is believed */
    const char *cors_origins;          /* blank separated */
    const char *tls_cert, *tls_key;    /* files; NULL: in keys */
    bool registration;
    const char *public_url; /* in mails; NULL: https://listen */
    const char *smtp;       /* NULL: no mail goes out */
    const char *smtp_tls, *smtp_ca, *smtp_user, *smtp_password_file, *mail_from;
    const char *log_level;
    const char *redis, *redis_password_file; /* limits_redis.h; NULL: none */
    bool sandbox;                            /* sandbox.h */
    int64_t commit_most;                     /* store_options.commit_most */
    int64_t audit_keep_days;                 /* 0: for ever */
    int64_t rates[RATE_COUNT];
};

extern const struct conf_option option_rows[]; /* ends with a row that has no name */

#endif
