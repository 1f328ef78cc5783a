/* A mail as bytes: headers, quoted-printable body (RFC 2045 6.7), encoded words (RFC 2047). */
#include <string.h>
#include <time.h>

#include "server/mail_private.h"

enum { LINE_MAX_CHARS = 76, WORD_BYTES = 42 }; /* 42 bytes are 56 of base64: a word of 68 */

static const char hex[] = "0123456789ABCDEF";

bool mail_is_address(const char *text)
{
    const char *at = strrchr(text, '@');

    if (!at || at == text || !at[1] || strlen(text) > 254)
        return false;
    for (const char *p = text; *p; p++)
        if ((uint8_t)*p <= 0x20 || *p == 0x7f || strchr("<>()[]\\,;:\"", *p))
            return false;
    return true;
}

static bool is_plain(const char *s)
{
    for (; *s; s++)
        if ((uint8_t)*s < 0x20 || (uint8_t)*s > 0x7e)
            return false;
    return true;
}

static void add_base64(struct buf *b, const uint8_t *p, size_t n)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

    for (size_t i = 0; i < n; i += 3) {
        uint32_t v = (uint32_t)p[i] << 16 | (i + 1 < n ? (uint32_t)p[i + 1] << 8 : 0) |
                     (i + 2 < n ? (uint32_t)p[i + 2] : 0);

        buf_char(b, digits[v >> 18]);
        buf_char(b, digits[v >> 12 & 63]);
        buf_char(b, i + 1 < n ? digits[v >> 6 & 63] : '=');
        buf_char(b, i + 2 < n ? digits[v & 63] : '=');
    }
}

/* A subject: as it is, or in encoded words of whole characters, folded. */
static void add_subject(struct buf *b, const char *s)
{
    size_t left = strlen(s);

    buf_str(b, "Subject: ");
    if (is_plain(s) && left < 60) {
        buf_add(b, s, left);
        buf_str(b, "\r\n");
        return;
    }
    while (left) {
        size_t n = left < WORD_BYTES ? left : WORD_BYTES;

        while (n < left && n > 1 && ((uint8_t)s[n] & 0xc0) == 0x80)
            n--;
        buf_str(b, "=?utf-8?B?");
        add_base64(b, (const uint8_t *)s, n);
        buf_str(b, "?=\r\n");
        s += n;
        left -= n;
        if (left)
            buf_char(b, ' ');
    }
}

/* RFC 5322 3.3; the names of days and months are not the locale's. */
static void add_date(struct buf *b, struct stamp at)
{
    static const char days[] = "SunMonTueWedThuFriSat";
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    time_t seconds = (time_t)(at.ms / 1000);
    struct tm tm;

    gmtime_r(&seconds, &tm);
    buf_printf(b, "Date: %.3s, %d %.3s %d %02d:%02d:%02d +0000\r\n", days + 3 * tm.tm_wday,
               tm.tm_mday, months + 3 * tm.tm_mon, tm.tm_year + 1900, tm.tm_hour, tm.tm_min,
               tm.tm_sec);
}

/* Every byte that is not plain ASCII is written as =XX: so no text is mistaken for a command. */
static void add_body(struct buf *b, const char *s)
{
    size_t column = 0;

    for (; *s; s++) {
        uint8_t c = (uint8_t)*s;
        bool plain = c > 0x20 && c < 0x7f && c != '=';

        if (c == '\n') {
            buf_str(b, "\r\n");
            column = 0;
            continue;
        }
        if (c == ' ' && s[1] != '\n' && s[1])
            plain = true;
        if (column + (plain ? 1 : 3) >= LINE_MAX_CHARS) {
            buf_str(b, "=\r\n");
            column = 0;
        }
        if (column == 0 && (c == '.' || c == 'F')) /* no lone dot, no "From " */
            plain = false;
        if (plain)
            buf_char(b, (char)c);
        else
            buf_printf(b, "=%c%c", hex[c >> 4], hex[c & 15]);
        column += plain ? 1 : 3;
    }
    if (column)
        buf_str(b, "\r\n");
}

/* Controls become blanks. */
static char *one_line(struct arena *mem, const char *s)
{
    char *out = arena_strdup(mem, s);

    for (char *p = out; *p; p++)
        if ((uint8_t)*p < 0x20 || *p == 0x7f)
            *p = ' ';
    return out;
}

enum err mail_message(struct arena *mem, const char *from, const struct mail *m, struct buf *out)
{
    char id[UUID_TEXT];

    buf_clear(out);
    if (!m->to || !m->subject || !m->body || !mail_is_address(from) || !mail_is_address(m->to))
        return ERR_INVALID;
    add_date(out, m->created);
    buf_printf(out, "From: LeadGen Pro <%s>\r\nTo: <%s>\r\n", from, m->to);
    add_subject(out, one_line(mem, m->subject));
    buf_printf(out, "Message-ID: <%s@%s>\r\n", uuid_text(&m->id, id), strrchr(from, '@') + 1);
    buf_str(out, "Auto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n"
                 "Content-Type: text/plain; charset=utf-8\r\n"
                 "Content-Transfer-Encoding: quoted-printable\r\n\r\n");
    add_body(out, m->body);
    return out->failed ? ERR_NO_MEMORY : ERR_OK;
}
