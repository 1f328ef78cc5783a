#include "server/options.h"

#define ROW(name_, kind_, member, fallback_, ...)                                 \
    {                                                                             \
        .name = name_, .kind = kind_, .offset = offsetof(struct options, member), \
        .fallback = fallback_, __VA_ARGS__                                        \
    }

/* clang-format off */
const struct conf_option option_rows[] = {
    ROW("data", CONF_STR, data, NULL, .doc = "The data directory."),
    ROW("keys", CONF_STR, keys, NULL, .doc = "The directory of keys; DATA.keys unless said."),
    ROW("listen", CONF_STR, listen, "127.0.0.1:8001", .doc = "Address and port; port 0 is any."),
    ROW("config", CONF_STR, config, NULL, .doc = "A file of these options."),
    ROW("workers", CONF_INT, workers, "4", .min = 1, .max = 64, .doc = "Threads for jobs."),
    ROW("readers", CONF_INT, readers, "4", .min = 1, .max = 64, .doc = "Connections for reading."),
    ROW("connections", CONF_INT, connections, "2000", .min = 1, .max = 100000,
        .doc = "Connections in all."),
    ROW("connections_per_address", CONF_INT, connections_per_address, "100", .min = 1,
        .max = 100000, .doc = "Connections of one address."),
    ROW("event_streams", CONF_INT, event_streams, "64", .min = 1, .max = 10000,
        .doc = "Streams of events at once."),
    ROW("upload_max", CONF_SIZE, upload_max, "4G", .min = 1, .doc = "Largest upload."),
    ROW("super_admin_addresses", CONF_STR, super_admin_addresses, "127.0.0.0/8 ::1/128",
        .doc = "Where a super_admin may come from: networks, blank between."),
    ROW("trusted_proxies", CONF_STR, trusted_proxies, "",
        .doc = "Networks of proxies whose X-Forwarded-For is believed."),
    ROW("cors_origins", CONF_STR, cors_origins, "",
        .doc = "Origins whose pages may call the API, blank between."),
    ROW("tls_cert", CONF_STR, tls_cert, NULL, .doc = "The certificate (PEM); KEYS/tls.crt unless said."),
    ROW("tls_key", CONF_STR, tls_key, NULL, .doc = "Its key (PEM); KEYS/tls.key unless said."),
    ROW("registration", CONF_BOOL, registration, "no", .doc = "May people register themselves?"),
    ROW("public_url", CONF_STR, public_url, NULL, .doc = "The address in mails."),
    ROW("smtp", CONF_STR, smtp, NULL,
        .doc = "Where mails go: smtp://HOST:PORT or smtps://HOST:PORT; else they are kept."),
    ROW("smtp_tls", CONF_STR, smtp_tls, "required",
        .doc = "required (STARTTLS), or none towards this machine."),
    ROW("smtp_ca", CONF_STR, smtp_ca, NULL, .doc = "A file of CA certificates of its own."),
    ROW("smtp_user", CONF_STR, smtp_user, NULL, .doc = "Who signs in to it."),
    ROW("smtp_password_file", CONF_STR, smtp_password_file, NULL,
        .doc = "Its password; else the systemd credential smtp_password."),
    ROW("mail_from", CONF_STR, mail_from, NULL, .doc = "The address that mails come from."),
    ROW("log_level", CONF_STR, log_level, "info", .doc = "error, warn, info or debug."),
    ROW("redis", CONF_STR, redis, NULL,
        .doc = "Where servers share rate limits: ADDRESS:PORT on this machine, or unix:PATH."),
    ROW("redis_password_file", CONF_STR, redis_password_file, NULL,
        .doc = "The file with its password."),
    ROW("sandbox", CONF_BOOL, sandbox, "yes", .doc = "Give up the system calls that it never needs?"),
    ROW("commit_most", CONF_INT, commit_most, "0", .min = 0, .max = 100000,
        .doc = "Plans in one commit; 0: all that wait, 1: no grouping (benchmarks)."),
    ROW("audit_keep_days", CONF_INT, audit_keep_days, "365", .min = 0, .max = 36500,
        .doc = "Days that the audit log is kept; 0: for ever."),
#define X(name, word, per_minute)                                                                  \
    ROW("rate_" word, CONF_RATE, rates[RATE_##name], #per_minute, .min = 0,                        \
        .doc = "Requests a minute of this class; `unlimited`, and 0 refuses."),
    RATE_LIST(X)
#undef X
    {0},
};
/* clang-format on */
