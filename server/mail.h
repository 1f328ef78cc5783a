/*
 * Mail to people: templates, a durable outbox, and one thread that hands it to the SMTP server.
 *
 * A mail is queued by a step in the plan of the act that causes it, so it goes out exactly when the
 * act has happened, also after a crash:
 *
 *     steps[plan.n++] = mail_step(r->srv, r->mem, MAIL_INVITE, address,
 *                                 (struct mail_value[]){{"account", a.name}, {"role", role},
 *                                                       {"token", token}, {0}});
 *     err = store_commit(r->srv->store, &plan);
 *     mail_wake(r->srv->mail);
 *
 * To add a mail: a word in MAIL_LIST and a row in mail_text.c, which says what values it takes.
 *
 * What the server takes is deleted; what it refuses for good, or for a day and more, is a dead
 * letter (state "dead").  Without an SMTP server mails stay "queued", for the super_admin to read
 * (DECISIONS.md 24).  A crash between the server's yes and the deletion sends a mail again, under
 * the same Message-ID.
 */
#ifndef SERVER_MAIL_H
#define SERVER_MAIL_H

#include "server/request.h"

#define MAIL_LIST(X)                                                                  \
    X(REGISTER, "register")         /* token */                                       \
    X(TAKEN, "taken")               /* somebody registers an address that is ours */  \
    X(RESET, "reset")               /* token */                                       \
    X(CHANGED, "changed")           /* the password was set anew */                   \
    X(TOTP, "totp")                 /* change: "on", "off" or "new recovery codes" */ \
    X(INVITE, "invite")             /* account, role, token */                        \
    X(INVITE_KNOWN, "invite_known") /* account: the address has one already */        \
    X(IMPERSONATED, "impersonated") /* reason, until */                               \
    X(OWNER, "owner")               /* account: ownership was passed to the reader */

enum mail_kind {
#define X(name, word) MAIL_##name,
    MAIL_LIST(X)
#undef X
        MAIL_COUNT,
};

struct mail_value {
    const char *name, *value; /* a value is cut after 200 bytes and loses controls and line ends */
};

/*
 * The step that queues the mail; records and texts live in mem.  `to` is a normal address
 * (auth_email_normal).  values ends with a row without a name; {server} is known to all.  A value
 * that the template names and that is not given is our bug.
 */
struct step mail_step(struct server *srv, struct arena *mem, enum mail_kind kind, const char *to,
                      const struct mail_value *values);

/* The thread that sends; options smtp_*.  Without `smtp` it starts none and says so in the log. */
struct mailer;
/* errors: ERR_INVALID with a sentence: the options, or the file with the password */
enum err mail_start(struct server *srv, struct mailer **out, struct problem *why) MUST_CHECK;
void mail_stop(struct mailer *m); /* NULL is fine */
/* There is something new; NULL is fine. */
void mail_wake(struct mailer *m);

#endif
