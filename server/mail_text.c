/* What the mails say: a row each.  {name} stands for a value; there is nothing else to know. */
#include <assert.h>
#include <string.h>

#include "common/utf8.h"
#include "server/mail_private.h"
#include "server/options.h"

enum { VALUE_MAX = 200, TEXT_MAX = 8 * 1024 };

#define FOOTER "\n-- \nLeadGen Pro, {server}\n"

static const struct {
    const char *word, *subject, *body;
} templates[] = {
    [MAIL_REGISTER] = {"register", "Confirm your address",
                       "Somebody, probably you, registered at {server} with this address.\n\n"
                       "Confirm it within a day; the token is good for one use:\n\n"
                       "    {token}\n\n"
                       "    leadgen auth verify {token}\n\n"
                       "If it was not you, do nothing: without it there is no account.\n" FOOTER},
    [MAIL_TAKEN] = {"taken", "You have an account already",
                    "Somebody, probably you, tried to register at {server} with this address.\n\n"
                    "It belongs to an account already, and nothing has changed.  To set a new "
                    "password:\n\n"
                    "    leadgen auth forgot\n" FOOTER},
    [MAIL_RESET] = {"reset", "Reset your password",
                    "Somebody asked for a new password for this address at {server}.\n\n"
                    "Token, good for 30 minutes and one use:\n\n"
                    "    {token}\n\n"
                    "    leadgen auth reset {token}\n\n"
                    "If it was not you, nothing has changed and nothing is to be done.\n" FOOTER},
    [MAIL_CHANGED] = {"changed", "Your password was changed",
                      "The password for this address at {server} was set anew, and every session "
                      "ended.\n\n"
                      "If it was not you, reset it at once and tell your administrator:\n\n"
                      "    leadgen auth forgot\n" FOOTER},
    [MAIL_TOTP] = {"totp", "Two-factor sign-in: {change}",
                   "Two-factor sign-in for this address at {server}: {change}.\n\n"
                   "If it was not you, reset your password at once and tell your "
                   "administrator.\n" FOOTER},
    [MAIL_INVITE] = {"invite", "You are invited to an account",
                     "You are invited to the account \"{account}\" at {server}, as {role}.\n\n"
                     "Token, good for a week and one use:\n\n"
                     "    {token}\n\n"
                     "    leadgen members accept {token} --name NAME\n\n"
                     "If you expected nothing like it, do nothing.\n" FOOTER},
    [MAIL_INVITE_KNOWN] = {"invite_known", "You were invited to another account",
                           "You were invited to the account \"{account}\" at {server}, but this "
                           "address has an account already, and can have no second one.\n\n"
                           "Nothing has changed.\n" FOOTER},
    [MAIL_IMPERSONATED] = {"impersonated", "The operator acts as you",
                           "The operator of {server} may act as you until {until}, for this "
                           "reason:\n\n"
                           "    {reason}\n\n"
                           "What is done is in the audit log under both names; your password, keys "
                           "and second factor stay yours.\n" FOOTER},
    [MAIL_OWNER] = {"owner", "An account is yours now",
                    "You own the account \"{account}\" at {server} from now on.\n" FOOTER},
};

const char *mail_word(enum mail_kind kind)
{
    return templates[kind].word;
}

static const char *find_value(const struct mail_value *values, const char *name, size_t n)
{
    for (; values && values->name; values++)
        if (strlen(values->name) == n && memcmp(values->name, name, n) == 0)
            return values->value;
    return NULL;
}

/* One line, of which no more than VALUE_MAX bytes: the text around it stays what people see. */
static const char *tame(struct arena *mem, const char *value)
{
    char *clean = utf8_clean(mem, value);
    size_t n = strlen(clean);

    if (n > VALUE_MAX) {
        n = VALUE_MAX;
        while (n && ((uint8_t)clean[n] & 0xc0) == 0x80)
            n--;
        clean[n] = '\0';
    }
    return clean;
}

static const char *fill(struct arena *mem, const char *text, const char *server,
                        const struct mail_value *values)
{
    char *out = arena_alloc(mem, TEXT_MAX);
    size_t len = 0;

    for (const char *p = text, *end; *p; p = end) {
        const char *piece = p;
        size_t n = strcspn(p, "{");

        end = p + n;
        if (!n) {
            n = strcspn(p, "}");
            end = p + n + 1;
            piece = find_value(values, p + 1, n - 1);
            if (n == 7 && memcmp(p, "{server", 7) == 0)
                piece = server;
            assert(piece);
            piece = tame(mem, piece);
            n = strlen(piece);
        }
        assert(len + n < TEXT_MAX);
        memcpy(out + len, piece, n);
        len += n;
    }
    return out;
}

void mail_render(struct server *srv, struct arena *mem, enum mail_kind kind,
                 const struct mail_value *values, struct mail *out)
{
    const struct options *o = srv->options;
    const char *server = o->public_url;

    if (!server)
        server = arena_printf(mem, "https://%s", o->listen ? o->listen : "");
    out->kind = templates[kind].word;
    out->subject = fill(mem, templates[kind].subject, server, values);
    out->body = fill(mem, templates[kind].body, server, values);
}

struct step mail_step(struct server *srv, struct arena *mem, enum mail_kind kind, const char *to,
                      const struct mail_value *values)
{
    struct mail *m = arena_alloc(mem, sizeof(*m));

    m->id = uuid_new();
    m->to = to;
    m->state = "queued";
    m->created = m->next = clock_now();
    mail_render(srv, mem, kind, values, m);
    return (struct step){.kind = STEP_INSERT, .type = &mail_type, .rec = m};
}
