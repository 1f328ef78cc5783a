#include "server/identity.h"

#include <string.h>
#include <strings.h>

#include "common/utf8.h"
#include "server/idna.h"
#include "server/seal.h"

/* Who gives addresses to anybody, and hosts where many have a page: of no one company. */
static const char *const shared_hosts[] = {
    "126.com",        "139.com",          "163.com",         "abv.bg",         "alice.it",
    "aol.com",        "att.net",          "bellsouth.net",   "bigpond.com",    "bk.ru",
    "bluewin.ch",     "blueyonder.co.uk", "bol.com.br",      "btinternet.com", "charter.net",
    "comcast.net",    "cox.net",          "daum.net",        "docomo.ne.jp",   "duck.com",
    "earthlink.net",  "email.com",        "ezweb.ne.jp",     "fastmail.com",   "fastmail.fm",
    "foxmail.com",    "free.fr",          "freemail.hu",     "freenet.de",     "gazeta.pl",
    "gmail.com",      "googlemail.com",   "hanmail.net",     "hey.com",        "hushmail.com",
    "icloud.com",     "ig.com.br",        "inbox.ru",        "interia.pl",     "juno.com",
    "laposte.net",    "libero.it",        "list.ru",         "mac.com",        "mail.com",
    "mail.ru",        "mailbox.org",      "me.com",          "msn.com",        "naver.com",
    "neuf.fr",        "nifty.com",        "ntlworld.com",    "o2.pl",          "onet.pl",
    "op.pl",          "optusnet.com.au",  "orange.fr",       "outlook.com",    "pm.me",
    "posteo.de",      "proton.me",        "protonmail.com",  "qq.com",         "rambler.ru",
    "rediffmail.com", "rocketmail.com",   "rogers.com",      "sapo.pt",        "sbcglobal.net",
    "seznam.cz",      "sfr.fr",           "shaw.ca",         "sina.com",       "sky.com",
    "skynet.be",      "softbank.ne.jp",   "sohu.com",        "sympatico.ca",   "t-online.de",
    "talktalk.net",   "telenet.be",       "terra.com.br",    "tiscali.it",     "tuta.com",
    "tuta.io",        "tutanota.com",     "tutanota.de",     "ukr.net",        "uol.com.br",
    "verizon.net",    "virgilio.it",      "virginmedia.com", "wanadoo.fr",     "web.de",
    "wp.pl",          "yandex.com",       "yandex.ru",       "yeah.net",       "ymail.com",
    "ziggo.nl",       "zoho.com",         "angel.co",        "behance.net",    "crunchbase.com",
    "facebook.com",   "fb.com",           "github.com",      "github.io",      "instagram.com",
    "linkedin.com",   "linktr.ee",        "medium.com",      "pinterest.com",  "sites.google.com",
    "t.me",           "tiktok.com",       "twitter.com",     "vk.com",         "x.com",
    "xing.com",       "youtube.com",
};

/* Mail brands with a name in every country: "yahoo.de", "hotmail.co.uk". */
static const char *const shared_brands[] = {"yahoo", "hotmail", "outlook", "live", "gmx"};

static bool is_brand(const char *domain)
{
    const char *rest = strchr(domain, '.');
    size_t n = rest ? (size_t)(rest - domain) : 0;

    for (size_t i = 0; rest && i < sizeof(shared_brands) / sizeof(*shared_brands); i++)
        if (strlen(shared_brands[i]) == n && memcmp(shared_brands[i], domain, n) == 0)
            return (!strchr(rest + 1, '.') && strlen(rest) <= 4) || strncmp(rest, ".co.", 4) == 0 ||
                   strncmp(rest, ".com.", 5) == 0;
    return false;
}

bool identity_is_free_mail(const char *domain)
{
    for (size_t i = 0; i < sizeof(shared_hosts) / sizeof(*shared_hosts); i++)
        if (strcmp(shared_hosts[i], domain) == 0)
            return true;
    return is_brand(domain);
}

/* kind NUL account value NUL, under the key of the purpose. */
static struct uuid key(const struct seal *s, uint32_t ring, const char *kind,
                       const struct uuid *account, const char *value, struct arena *mem)
{
    size_t k = strlen(kind) + 1, n = strlen(value) + 1;
    uint8_t *data = arena_alloc(mem, k + 16 + n);
    struct uuid out = {{0}};

    memcpy(data, kind, k);
    memcpy(data + k, account->b, 16);
    memcpy(data + k + 16, value, n);
    (void)seal_hash_under(s, ring, SEAL_IDENTITY, data, k + 16 + n, out.b, sizeof(out.b));
    if (uuid_is_zero(&out)) /* which means "none" */
        out.b[15] = 1;
    return out;
}

/* "https://user@www.Host:443/path?x#y": where the host and where the path begins. */
static char *host_of(struct arena *mem, const char *text, const char **path)
{
    const char *at = text + strspn(text, " \t"), *scheme = strstr(at, "://");
    char *host, *mark;
    size_t n;

    if (scheme && strcspn(at, "/?#") > (size_t)(scheme - at))
        at = scheme + 3;
    n = strcspn(at, "/?# \t");
    *path = at + n;
    host = arena_strndup(mem, at, n);
    mark = strrchr(host, '@');
    host = mark ? mark + 1 : host;
    n = strcspn(host, ":");
    while (n && host[n - 1] == '.')
        n--;
    host[n] = '\0';
    if (strncasecmp(host, "www.", 4) == 0 && strchr(host + 4, '.'))
        host += 4;
    return host;
}

const char *identity_domain(struct arena *mem, const char *text)
{
    const char *path, *out;

    if (!idna_ascii(mem, host_of(mem, text, &path), &out))
        return NULL;
    path = strrchr(out, '.'); /* an address of four numbers is nobody's name */
    return path && strspn(path + 1, "0123456789") != strlen(path + 1) ? out : NULL;
}

static int hex(char c)
{
    return c >= '0' && c <= '9'                 ? c - '0'
           : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10
                                                : -1;
}

/* The path without query, escapes of letters undone, "//" and the last "/" gone. */
static char *path_of(struct arena *mem, const char *path)
{
    char *out = arena_strndup(mem, path, strcspn(path, "?# \t")), *to = out;

    for (const char *p = out; *p; p++) {
        int high = *p == '%' ? hex(p[1]) : -1, low = high < 0 ? -1 : hex(p[2]);
        char c = *p;

        if (low >= 0 && high * 16 + low > ' ') {
            c = (char)(high * 16 + low);
            p += 2;
        }
        if (c != '/' || (p[1] && p[1] != '/'))
            *to++ = c;
    }
    *to = '\0';
    return out;
}

/* Below "/in/NAME" are languages and parts of the same profile; these are no person's at all. */
static bool is_profile(char *path)
{
    static const char *const others[] = {"/company/", "/school/", "/showcase/", "/groups/"};

    for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
        if (strncmp(path, others[i], strlen(others[i])) == 0)
            return false;
    if (strncmp(path, "/in/", 4) == 0)
        path[4 + strcspn(path + 4, "/")] = '\0';
    return path[0] && strcmp(path, "/in") != 0;
}

const char *identity_url(struct arena *mem, const char *url)
{
    const char *rest, *host = identity_domain(mem, url);
    char *path;

    host_of(mem, url, &rest);
    path = path_of(mem, rest);
    if (!host || !utf8_valid(path, strlen(path)))
        return NULL;
    path = utf8_lower(mem, path);
    if (!is_profile(path))
        return NULL;
    /* "de.linkedin.com" is linkedin.com in another language */
    if (host[0] && host[1] && strncmp(host + 2, ".linkedin.", 10) == 0)
        host += 3;
    return arena_printf(mem, "%s%s", host, path);
}

/* The address as it is compared: case and the domain's form aside, every byte counts. */
static const char *email_value(struct arena *mem, const char *email)
{
    const char *at = strrchr(email, '@'), *domain;

    if (!at || at == email || !idna_ascii(mem, at + 1, &domain))
        return NULL;
    return arena_printf(mem, "%s@%s",
                        utf8_lower(mem, arena_strndup(mem, email, (size_t)(at - email))), domain);
}

/* What a company is known by: its own domain, else its folded name; "" for neither. */
static const char *company_value(struct arena *mem, const char *domain, const char *name)
{
    const char *ascii = domain ? identity_domain(mem, domain) : NULL;

    if (ascii && !identity_is_free_mail(ascii))
        return ascii;
    return name ? utf8_fold(mem, name) : "";
}

void identity_profile(const struct seal *s, uint32_t ring, struct profile *p, struct arena *mem)
{
    const char *url = p->linkedin_url ? identity_url(mem, p->linkedin_url) : NULL;
    const char *email = p->email ? email_value(mem, p->email) : NULL;
    const char *name = p->name ? utf8_fold(mem, p->name) : "";
    const char *company = company_value(mem, p->domain, NULL);

    if (!*company)
        company = company_value(mem, email ? strrchr(email, '@') + 1 : NULL, p->company);
    p->ring = ring;
    p->key_email = p->key_url = p->key_name = (struct uuid){0};
    if (email)
        p->key_email = key(s, ring, "email", &p->account, email, mem);
    if (url)
        p->key_url = key(s, ring, "url", &p->account, url, mem);
    if (*name && *company)
        p->key_name =
            key(s, ring, "name", &p->account, arena_printf(mem, "%s\n%s", name, company), mem);
}

void identity_company(const struct seal *s, uint32_t ring, struct company *c, struct arena *mem)
{
    const char *domain = company_value(mem, c->domain, NULL);
    const char *name = company_value(mem, NULL, c->name);

    c->ring = ring;
    c->key = (struct uuid){0};
    if (*domain)
        c->key = key(s, ring, "domain", &c->account, domain, mem);
    else if (*name)
        c->key = key(s, ring, "company", &c->account, name, mem);
}
