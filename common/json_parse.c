#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "common/json.h"
#include "common/utf8.h"

enum { DEPTH_MAX = 32 };

static size_t digits(const char *s)
{
    return strspn(s, "0123456789");
}

/* Bytes of the number at s by RFC 8259, 6, which is stricter than strtod(); 0: it is none. */
static size_t number(const char *s)
{
    const char *at = s + (*s == '-');
    size_t n = digits(at);

    if (!n || (n > 1 && *at == '0'))
        return 0;
    at += n;
    if (*at == '.') {
        n = digits(++at);
        if (!n)
            return 0;
        at += n;
    }
    if (*at == 'e' || *at == 'E') {
        at++;
        at += *at == '+' || *at == '-';
        n = digits(at);
        if (!n)
            return 0;
        at += n;
    }
    return (size_t)(at - s);
}

/* Bytes of the escape behind a backslash that is not a NUL's; 0: it is none. */
static size_t escape(const char *s)
{
    if (*s != 'u')
        return *s && strchr("\"\\/bfnrt", *s) ? 1 : 0;
    return strspn(s + 1, "0123456789abcdefABCDEF") >= 4 && memcmp(s + 1, "0000", 4) != 0 ? 5 : 0;
}

/* Bytes of the string at s with its quotes; 0: it holds a control or a wrong escape, or no end. */
static size_t string(const char *s)
{
    const char *at = s + 1;

    while (*at != '"') {
        size_t n = *at == '\\' ? 1 + escape(at + 1) : 1;

        if ((unsigned char)*at < 0x20 || (*at == '\\' && n == 1))
            return 0;
        at += n;
    }
    return (size_t)(at - s) + 1;
}

/*
 * What cJSON lets pass: nesting without end (it recurses), \u0000 and \u00zz (it ends the text
 * there), controls in texts and between values, numbers as "01" and "1.".
 */
static const char *fault_of(const char *s)
{
    int depth = 0;
    size_t n;

    for (; *s; s += n) {
        n = 1;
        if (*s == '"')
            n = string(s);
        else if (*s == '-' || (*s >= '0' && *s <= '9'))
            n = number(s);
        else if ((*s == '{' || *s == '[') && ++depth > DEPTH_MAX)
            return "the JSON is nested too deeply";
        else if (*s == '}' || *s == ']')
            depth--;
        else if ((unsigned char)*s < ' ' && !strchr("\t\n\r", *s))
            n = 0;
        if (!n)
            return "the JSON holds a control character or a malformed text or number";
    }
    return NULL;
}

/* cJSON says no more than that it failed: was it for want of memory? */
static _Thread_local bool starved;

static void *node_alloc(size_t n)
{
    void *p = malloc(n);

    starved |= !p;
    return p;
}

static void set_hooks(void)
{
    cJSON_Hooks hooks = {node_alloc, free};

    cJSON_InitHooks(&hooks);
}

static void delete_doc(void *doc)
{
    cJSON_Delete(doc);
}

enum err json_parse(struct arena *mem, const char *text, size_t len, const cJSON **out,
                    struct problem *why)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    struct deferred *d = arena_defer(mem, delete_doc, NULL);
    const char *fault;
    cJSON *doc;

    pthread_once(&once, set_hooks);
    if (len == 0)
        return problem_set(why, NULL, "the body is empty; JSON is expected");
    if (!utf8_valid(text, len))
        return problem_set(why, NULL, "the body is not well-formed UTF-8");
    fault = fault_of(text);
    if (fault)
        return problem_set(why, NULL, "%s", fault);
    starved = false;
    doc = cJSON_ParseWithLengthOpts(text, len + 1, NULL, true);
    if (!doc && starved)
        return ERR_NO_MEMORY;
    if (!doc)
        return problem_set(why, NULL, "the body is not well-formed JSON");
    arena_defer_arg(d, doc);
    *out = doc;
    return ERR_OK;
}
