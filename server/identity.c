#include "server/identity.h"

#include <string.h>
#include <strings.h>

#include "common/utf8.h"
#include "server/idna.h"
#include "server/seal.h"

static struct uuid key(const struct seal *s, const char *kind, const struct uuid *account,
                       const char *value, struct arena *mem)
{
    size_t k = strlen(kind) + 1, n = strlen(value);
    uint8_t *data = arena_alloc(mem, k + 16 + n);
    struct uuid out;

    memcpy(data, kind, k);
    memcpy(data + k, account->b, 16);
    memcpy(data + k + 16, value, n);
    seal_hash(s, SEAL_IDENTITY, data, k + 16 + n, out.b, sizeof(out.b));
    return out;
}

const char *identity_url(struct arena *mem, const char *url)
{
    const char *at = strstr(url, "://");
    char *out;
    size_t n;

    at = at ? at + 3 : url;
    if (strncasecmp(at, "www.", 4) == 0)
        at += 4;
    n = strcspn(at, "?#");
    out = utf8_fold(mem, arena_strndup(mem, at, n));
    n = strlen(out);
    while (n && out[n - 1] == '/')
        out[--n] = '\0';
    return strchr(out, '/') && out[0] != '/' ? out : NULL;
}

const char *identity_domain(struct arena *mem, const char *text)
{
    const char *at = strstr(text, "://");
    const char *out;
    size_t n;

    at = at ? at + 3 : text;
    if (strchr(at, '@'))
        at = strrchr(at, '@') + 1;
    if (strncasecmp(at, "www.", 4) == 0)
        at += 4;
    n = strcspn(at, "/?#: \t");
    if (!idna_ascii(mem, arena_strndup(mem, at, n), &out))
        return NULL;
    return strchr(out, '.') ? out : NULL;
}

bool identity_is_free_mail(const char *domain)
{
    static const char *const free_mail[] = {
        "gmail.com",     "googlemail.com", "outlook.com",    "hotmail.com",    "live.com",
        "msn.com",       "yahoo.com",      "yahoo.co.uk",    "yahoo.fr",       "yahoo.de",
        "ymail.com",     "aol.com",        "icloud.com",     "me.com",         "mac.com",
        "gmx.de",        "gmx.net",        "gmx.com",        "web.de",         "t-online.de",
        "freenet.de",    "proton.me",      "pm.me",          "protonmail.com", "mail.ru",
        "yandex.ru",     "yandex.com",     "qq.com",         "163.com",        "126.com",
        "orange.fr",     "free.fr",        "wanadoo.fr",     "laposte.net",    "libero.it",
        "wp.pl",         "onet.pl",        "o2.pl",          "seznam.cz",      "naver.com",
        "zoho.com",      "fastmail.com",   "hey.com",        "tutanota.com",   "comcast.net",
        "verizon.net",   "att.net",        "btinternet.com", "uol.com.br",     "bol.com.br",
        "rediffmail.com"};

    for (size_t i = 0; i < sizeof(free_mail) / sizeof(*free_mail); i++)
        if (strcmp(free_mail[i], domain) == 0)
            return true;
    return false;
}

void identity_profile(const struct seal *s, struct profile *p, struct arena *mem)
{
    const char *url = p->linkedin_url ? identity_url(mem, p->linkedin_url) : NULL;
    const char *name = p->name ? utf8_fold(mem, p->name) : NULL;
    const char *company = p->company ? utf8_fold(mem, p->company) : NULL;

    p->key_email = p->key_url = p->key_name = (struct uuid){0};
    if (p->email) {
        const char *at = strrchr(p->email, '@');
        const char *domain = at ? identity_domain(mem, at + 1) : NULL;
        const char *local =
            at ? utf8_fold(mem, arena_strndup(mem, p->email, (size_t)(at - p->email))) : NULL;

        if (domain)
            p->key_email =
                key(s, "email", &p->account, arena_printf(mem, "%s@%s", local, domain), mem);
    }
    if (url)
        p->key_url = key(s, "url", &p->account, url, mem);
    if (name && *name && company && *company)
        p->key_name = key(s, "name", &p->account, arena_printf(mem, "%s\n%s", name, company), mem);
}

void identity_company(const struct seal *s, struct company *c, struct arena *mem)
{
    const char *name = c->name ? utf8_fold(mem, c->name) : "";

    c->key = (struct uuid){0};
    if (c->domain && *c->domain && !identity_is_free_mail(c->domain))
        c->key = key(s, "domain", &c->account, c->domain, mem);
    else if (*name)
        c->key = key(s, "company", &c->account, name, mem);
}
