/* What the files of mail share; nothing else includes it. */
#ifndef SERVER_MAIL_PRIVATE_H
#define SERVER_MAIL_PRIVATE_H

#include "common/buf.h"
#include "server/mail.h"
#include "server/records.h"

const char *mail_word(enum mail_kind kind);
/* Subject and body of a mail in mem. */
void mail_render(struct server *srv, struct arena *mem, enum mail_kind kind,
                 const struct mail_value *values, struct mail *out);

/*
 * An Internet message (RFC 5322, 2045, 2047) with CR LF.  No value can end a header or the message:
 * controls become blanks. errors: ERR_INVALID: an address that is none; ERR_NO_MEMORY
 */
enum err mail_message(struct arena *mem, const char *from, const struct mail *m,
                      struct buf *out) MUST_CHECK;
/* Safe between angle brackets in a command of SMTP (RFC 5321 4.1.2) and in a header. */
bool mail_is_address(const char *text);

/* One SMTP server, by libcurl; its connection is kept between calls.  Used by one thread. */
struct smtp;

struct smtp_options {
    const char *url; /* smtp://HOST[:PORT] or smtps://HOST[:PORT] */
    bool plain;      /* no STARTTLS */
    const char *ca;  /* a file of certificates instead of the system's; NULL: the system's */
    const char *user, *password;
    const char *from;        /* an address */
    const atomic_bool *stop; /* true: give up the present mail */
};

enum smtp_outcome { SMTP_SENT, SMTP_LATER, SMTP_NEVER };

/* NULL: no memory */
struct smtp *smtp_new(const struct smtp_options *o);
void smtp_free(struct smtp *s); /* NULL is fine */
/* why: words about the failure, without personal data, at least 64 bytes. */
enum smtp_outcome smtp_send(struct smtp *s, const char *to, const char *data, size_t n, char *why,
                            size_t size);

/* Milliseconds before the next attempt after `attempts` in vain; -1: no more. */
int64_t mail_delay(int64_t attempts);

#endif
