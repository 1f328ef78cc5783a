/* SMTP by libcurl; the only file of the server with <curl/curl.h>. */
#include <curl/curl.h>
#include <stdio.h>
#include <string.h>

#include "server/mail_private.h"

enum { CONNECT_MS = 10000, WHOLE_MS = 60000, SILENT_SECONDS = 20, URL_MAX = 600 };

struct smtp {
    struct smtp_options o;
    CURL *curl;
    const char *data; /* of the present mail */
    size_t left;
};

static size_t read_message(char *out, size_t size, size_t count, void *arg)
{
    struct smtp *s = arg;
    size_t n = size * count < s->left ? size * count : s->left;

    memcpy(out, s->data, n);
    s->data += n;
    s->left -= n;
    return n;
}

/* The last words of the dialogue are not ours to print or keep. */
static size_t swallow(char *data, size_t size, size_t count, void *arg)
{
    (void)data;
    (void)arg;
    return size * count;
}

static int ask_stop(void *arg, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
    const struct smtp *s = arg;

    (void)a, (void)b, (void)c, (void)d;
    return s->o.stop && atomic_load(s->o.stop);
}

/* The path is the name in EHLO: the domain that mails come from. */
static bool set_options(struct smtp *s)
{
    const struct smtp_options *o = &s->o;
    char url[URL_MAX], from[300];
    CURL *c = s->curl;
    long tls = o->plain ? CURLUSESSL_NONE : CURLUSESSL_ALL;
    CURLcode bad = CURLE_OK;

    if (snprintf(url, sizeof(url), "%s/%s", o->url, strrchr(o->from, '@') + 1) >= (int)sizeof(url))
        return false;
    snprintf(from, sizeof(from), "<%s>", o->from);
    bad |= curl_easy_setopt(c, CURLOPT_URL, url);
    bad |= curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
    bad |= curl_easy_setopt(c, CURLOPT_PROXY, "");
    bad |= curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
    bad |= curl_easy_setopt(c, CURLOPT_USE_SSL, tls);
    bad |= curl_easy_setopt(c, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    if (o->ca)
        bad |= curl_easy_setopt(c, CURLOPT_CAINFO, o->ca);
    if (o->user) {
        bad |= curl_easy_setopt(c, CURLOPT_USERNAME, o->user);
        bad |= curl_easy_setopt(c, CURLOPT_PASSWORD, o->password);
    }
    bad |= curl_easy_setopt(c, CURLOPT_MAIL_FROM, from);
    bad |= curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS);
    bad |= curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, (long)WHOLE_MS);
    bad |= curl_easy_setopt(c, CURLOPT_SERVER_RESPONSE_TIMEOUT, (long)SILENT_SECONDS);
    bad |= curl_easy_setopt(c, CURLOPT_UPLOAD, 1L);
    bad |= curl_easy_setopt(c, CURLOPT_READFUNCTION, read_message);
    bad |= curl_easy_setopt(c, CURLOPT_READDATA, s);
    bad |= curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, swallow);
    bad |= curl_easy_setopt(c, CURLOPT_NOPROGRESS, 0L);
    bad |= curl_easy_setopt(c, CURLOPT_XFERINFOFUNCTION, ask_stop);
    bad |= curl_easy_setopt(c, CURLOPT_XFERINFODATA, s);
    return bad == CURLE_OK;
}

struct smtp *smtp_new(const struct smtp_options *o)
{
    struct smtp *s = calloc(1, sizeof(*s));

    if (!s)
        return NULL;
    s->o = *o;
    if (curl_global_init(CURL_GLOBAL_DEFAULT)) {
        free(s);
        return NULL;
    }
    s->curl = curl_easy_init();
    if (!s->curl || !set_options(s)) {
        smtp_free(s);
        return NULL;
    }
    return s;
}

void smtp_free(struct smtp *s)
{
    if (!s)
        return;
    curl_easy_cleanup(s->curl);
    curl_global_cleanup();
    free(s);
}

/* A 5xx to this mail is for good; one to our name, password or lack of TLS is the operator's to
 * mend. */
static enum smtp_outcome judge(CURLcode code, long status)
{
    if (code == CURLE_OK)
        return SMTP_SENT;
    if (code == CURLE_LOGIN_DENIED || code == CURLE_USE_SSL_FAILED || status < 550 || status > 559)
        return SMTP_LATER;
    return SMTP_NEVER;
}

enum smtp_outcome smtp_send(struct smtp *s, const char *to, const char *data, size_t n, char *why,
                            size_t size)
{
    char rcpt[300];
    struct curl_slist *list;
    long status = 0;
    CURLcode code;

    snprintf(rcpt, sizeof(rcpt), "<%s>", to);
    list = curl_slist_append(NULL, rcpt);
    if (!list || curl_easy_setopt(s->curl, CURLOPT_MAIL_RCPT, list)) {
        curl_slist_free_all(list);
        return SMTP_LATER;
    }
    s->data = data;
    s->left = n;
    code = curl_easy_perform(s->curl);
    curl_easy_getinfo(s->curl, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_setopt(s->curl, CURLOPT_MAIL_RCPT, NULL);
    curl_slist_free_all(list);
    if (status >= 400)
        snprintf(why, size, "the SMTP server answered %ld", status);
    else
        snprintf(why, size, "%s", curl_easy_strerror(code));
    return judge(code, status);
}
