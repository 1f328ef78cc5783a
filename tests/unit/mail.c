/* Templates, messages that no value can break, and the pauses between attempts. */
#include <stdlib.h>

#include "server/mail_private.h"
#include "server/options.h"
#include "tests/test.h"

static struct options options = {.public_url = "https://leads.example"};
static struct server srv = {.options = &options};
static struct arena *mem;

/* One value for whatever a template asks. */
static const char *hostile;

static struct mail rendered(enum mail_kind kind)
{
    struct mail_value values[] = {{"token", hostile},
                                  {"account", hostile},
                                  {"role", hostile},
                                  {"change", hostile},
                                  {"reason", hostile},
                                  {"until", hostile},
                                  {0}};
    struct step step = mail_step(&srv, mem, kind, "ann@acme.example", values);
    const struct mail *m = step.rec;

    CHECK(step.kind == STEP_INSERT && step.type == &mail_type);
    CHECK(m->id.b[0] && m->subject && m->body && strcmp(m->state, "queued") == 0);
    CHECK(strcmp(m->kind, mail_word(kind)) == 0 && m->next.ms);
    return *m;
}

static void every_template_renders(void)
{
    hostile = "VALUE";
    for (int i = 0; i < MAIL_COUNT; i++) {
        struct mail m = rendered((enum mail_kind)i);

        CHECK(!strpbrk(m.subject, "{}\n") && !strpbrk(m.body, "{}"));
        CHECK(strstr(m.body, "https://leads.example") != NULL);
        CHECK(strlen(m.body) > 60 && m.body[strlen(m.body) - 1] == '\n');
    }
    CHECK(strstr(rendered(MAIL_RESET).body, "\n\n    VALUE\n") != NULL);
    CHECK(strstr(rendered(MAIL_INVITE).body, "account \"VALUE\"") != NULL);
}

/* The reader's side: header lines of a message, and where they end. */
static int header_lines(const char *text, const char *name)
{
    const char *end = strstr(text, "\r\n\r\n");
    size_t n = strlen(name);
    int found = 0;

    for (const char *p = text; p && p < end; p = strstr(p, "\r\n")) {
        p += p == text ? 0 : 2;
        found += strncmp(p, name, n) == 0;
        if (p == text)
            p++;
    }
    return found;
}

/* No bare CR or LF, no line over 78, no line that is a lone dot, nothing but ASCII. */
static void check_form(const struct buf *b)
{
    size_t column = 0;

    for (size_t i = 0; i < b->len; i++) {
        char c = b->data[i];

        CHECK(c > 0 && c < 0x7f);
        CHECK((c == '\n') == (i && b->data[i - 1] == '\r'));
        CHECK(c != '.' || column != 0);
        column = c == '\n' ? 0 : column + 1;
        CHECK(column <= 79);
    }
    CHECK(b->len > 2 && b->data[b->len - 1] == '\n');
}

static void no_value_breaks_a_message(void)
{
    static const char *const values[] = {
        "x\r\nBcc: eve@evil.example",
        "x\nBcc: eve@evil.example\n\nhello",
        "x\r\n.\r\nMAIL FROM:<eve@evil.example>\r\n",
        "\n.\n",
        ".",
        "From me",
        "x\rBcc: eve@evil.example",
        "x\xc2\x85"
        "Bcc: eve@evil.example",
        "x\xe2\x80\xa8"
        "Bcc: eve@evil.example",
        "\xe2\x80\xae"
        "elpmaxe.live",
        "\xff\xfe broken",
        "{token}{server}{",
        "=0D=0ABcc: eve@evil.example",
        "=?utf-8?Q?=0D=0ABcc:_eve@evil.example?=",
        "\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e \xf0\x9f\x98\x80 and so on and on and on and on and "
        "on",
        "",
    };
    char *big = arena_alloc(mem, 5001);
    struct buf b = BUF_INIT(1 << 20);
    size_t n = sizeof(values) / sizeof(*values);

    memset(big, 'W', 5000);
    for (int kind = 0; kind < MAIL_COUNT; kind++) {
        for (size_t i = 0; i <= n; i++) {
            struct mail m;

            hostile = i < n ? values[i] : big;
            m = rendered((enum mail_kind)kind);
            CHECK(mail_message(mem, "leadgen@leads.example", &m, &b) == ERR_OK);
            check_form(&b);
            CHECK(header_lines(b.data, "Bcc") == 0 && header_lines(b.data, "To: ") == 1);
            CHECK(header_lines(b.data, "Subject: ") == 1);
            /* the same past the templates: the message is a line of defence of its own */
            m.subject = hostile;
            m.body = hostile;
            CHECK(mail_message(mem, "leadgen@leads.example", &m, &b) == ERR_OK);
            check_form(&b);
            CHECK(header_lines(b.data, "Bcc") == 0 && header_lines(b.data, "Subject: ") == 1);
        }
    }
    CHECK(header_lines("To: a\r\nBcc: b\r\n\r\n", "Bcc") == 1); /* the counter counts */
    buf_free(&b);
}

static void addresses_end_no_command(void)
{
    static const char *const bad[] = {"",
                                      "a",
                                      "@b.example",
                                      "a@",
                                      "a@b.example\r\nRCPT TO:<eve@evil.example>",
                                      "a@b.example>",
                                      "<a@b.example",
                                      "a b@c.example",
                                      "a@b.example,c@d.example",
                                      "\"a\"@b.example",
                                      "a@[127.0.0.1]",
                                      "a\x7f@b.example"};
    struct buf b = BUF_INIT(1 << 20);
    struct mail m;

    hostile = "x";
    m = rendered(MAIL_RESET);
    CHECK(mail_is_address("ann@acme.example") &&
          mail_is_address("j\xc3\xb6rg@xn--bcher-kva.example"));
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        CHECK(!mail_is_address(bad[i]));
        m.to = bad[i];
        CHECK(mail_message(mem, "leadgen@leads.example", &m, &b) == ERR_INVALID);
    }
    m.to = "ann@acme.example";
    CHECK(mail_message(mem, "x\r\ny@leads.example", &m, &b) == ERR_INVALID);
    CHECK(mail_message(mem, "leadgen@leads.example", &m, &b) == ERR_OK);
    buf_free(&b);
}

static void pauses_grow_and_end(void)
{
    int64_t sum = 0, last = 0, n = 0;

    CHECK(mail_delay(0) == 0);
    while (mail_delay(n + 1) >= 0) {
        CHECK(mail_delay(n + 1) > last);
        last = mail_delay(++n);
        sum += last;
    }
    CHECK(n == 12 && sum > 24 * 3600000 && sum < 48 * 3600000);
    CHECK(mail_delay(1000) == -1);
}

static void starts(void)
{
    mem = arena_new();
}

static void ends(void)
{
    arena_free(mem);
}

static const struct test tests[] = {
    {"mail: starts", starts},
    {"mail: every template renders", every_template_renders},
    {"mail: no value breaks a message", no_value_breaks_a_message},
    {"mail: addresses end no command", addresses_end_no_command},
    {"mail: pauses grow and end", pauses_grow_and_end},
    {"mail: ends", ends},
};

TEST_MAIN(tests)
