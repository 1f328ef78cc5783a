/*
 * Passwords: what they must be, and argon2id (RFC 9106; 64 MiB, 3 passes, 1 lane: 99 ms on the
 * machine it was chosen on) on two threads of its own behind a short queue.
 */
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "common/utf8.h"
#include "server/auth_private.h"

enum { THREADS = 2, QUEUE = 32, PASSWORD_MIN = 15, PASSWORD_MAX = 256 };
enum { SURPRISES_MIN = 8, PIECE_MIN = 4 };

#define ARGON2_BYTES (64 * 1024 * 1024)
#define ARGON2_PASSES 3

struct work {
    const char *password, *hash; /* hash NULL: make one into out */
    char out[crypto_pwhash_STRBYTES];
    bool fits, done;
    enum err err;
    pthread_cond_t finished;
};

struct hasher {
    pthread_mutex_t lock;
    pthread_cond_t more;
    struct work *queue[QUEUE];
    size_t first, n;
    bool stop;
    pthread_t threads[THREADS];
    char nobody[crypto_pwhash_STRBYTES]; /* the hash that an unknown address is checked against */
};

static enum err make_hash(const char *password, char out[crypto_pwhash_STRBYTES])
{
    return crypto_pwhash_str_alg(out, password, strlen(password), ARGON2_PASSES, ARGON2_BYTES,
                                 crypto_pwhash_ALG_ARGON2ID13) == 0
               ? ERR_OK
               : ERR_NO_MEMORY;
}

/* What a hash says of itself: "$argon2id$v=19$m=65536,t=3,p=1$SALT$TAG". */
struct parts {
    unsigned kib, passes;
    uint8_t salt[crypto_pwhash_SALTBYTES], tag[32];
};

static bool bytes_of(const char *text, size_t n, uint8_t *out, size_t want)
{
    size_t len;

    return sodium_base642bin(out, want, text, n, NULL, &len, NULL,
                             sodium_base64_VARIANT_ORIGINAL_NO_PADDING) == 0 &&
           len == want;
}

static bool read_hash(const char *hash, struct parts *p)
{
    const char *salt, *tag;
    int n = 0;

    if (sscanf(hash, "$argon2id$v=19$m=%u,t=%u,p=1$%n", &p->kib, &p->passes, &n) != 2 || !n)
        return false;
    salt = hash + n;
    tag = strchr(salt, '$');
    return tag && bytes_of(salt, (size_t)(tag - salt), p->salt, sizeof(p->salt)) &&
           bytes_of(tag + 1, strlen(tag + 1), p->tag, sizeof(p->tag));
}

/*
 * Not with crypto_pwhash_str_verify(): libsodium 1.0.18 answers for want of memory as it does for a
 * wrong password, errno and all.  A hash that cannot be read fits nobody.
 */
static enum err verify_hash(const char *password, const char *hash, bool *fits)
{
    struct parts p = {0};
    uint8_t tag[sizeof(p.tag)];

    *fits = false;
    if (!read_hash(hash, &p))
        return ERR_OK;
    if (crypto_pwhash(tag, sizeof(tag), password, strlen(password), p.salt, p.passes,
                      (size_t)p.kib * 1024, crypto_pwhash_ALG_ARGON2ID13))
        return ERR_NO_MEMORY;
    *fits = sodium_memcmp(tag, p.tag, sizeof(tag)) == 0;
    sodium_memzero(tag, sizeof(tag));
    return ERR_OK;
}

static void do_work(struct work *w)
{
    w->err = w->hash ? verify_hash(w->password, w->hash, &w->fits) : make_hash(w->password, w->out);
}

static void *run(void *arg)
{
    struct hasher *h = arg;

    pthread_mutex_lock(&h->lock);
    for (;;) {
        struct work *w;

        while (!h->n && !h->stop)
            pthread_cond_wait(&h->more, &h->lock);
        if (!h->n)
            break;
        w = h->queue[h->first];
        h->first = (h->first + 1) % QUEUE;
        h->n--;
        pthread_mutex_unlock(&h->lock);
        do_work(w);
        pthread_mutex_lock(&h->lock);
        w->done = true;
        pthread_cond_signal(&w->finished);
    }
    pthread_mutex_unlock(&h->lock);
    return NULL;
}

struct hasher *hasher_start(void)
{
    struct hasher *h = xcalloc(1, sizeof(*h));
    uint8_t random[16];
    char text[64];

    pthread_mutex_init(&h->lock, NULL);
    pthread_cond_init(&h->more, NULL);
    randombytes_buf(random, sizeof(random));
    sodium_bin2hex(text, sizeof(text), random, sizeof(random));
    if (make_hash(text, h->nobody)) {
        free(h);
        return NULL;
    }
    for (int i = 0; i < THREADS; i++)
        if (pthread_create(&h->threads[i], NULL, run, h))
            abort(); /* at start-up: nothing runs yet that could be harmed */
    return h;
}

void hasher_stop(struct hasher *h)
{
    if (!h)
        return;
    pthread_mutex_lock(&h->lock);
    h->stop = true;
    pthread_cond_broadcast(&h->more);
    pthread_mutex_unlock(&h->lock);
    for (int i = 0; i < THREADS; i++)
        pthread_join(h->threads[i], NULL);
    pthread_mutex_destroy(&h->lock);
    pthread_cond_destroy(&h->more);
    free(h);
}

static enum err hand_in(struct hasher *h, struct work *w)
{
    enum err err = ERR_BUSY;

    pthread_cond_init(&w->finished, NULL);
    pthread_mutex_lock(&h->lock);
    if (h->n < QUEUE && !h->stop) {
        h->queue[(h->first + h->n++) % QUEUE] = w;
        pthread_cond_signal(&h->more);
        while (!w->done)
            pthread_cond_wait(&w->finished, &h->lock);
        err = w->err;
    }
    pthread_mutex_unlock(&h->lock);
    pthread_cond_destroy(&w->finished);
    return err;
}

enum err hasher_make(struct hasher *h, const char *password, struct arena *mem, const char **out)
{
    struct work w = {.password = password};
    enum err err = hand_in(h, &w);

    if (!err)
        *out = arena_strdup(mem, w.out);
    return err;
}

enum err hasher_verify(struct hasher *h, const char *password, const char *hash, bool *fits)
{
    struct work w = {.password = password, .hash = hash ? hash : h->nobody};
    enum err err = hand_in(h, &w);

    *fits = w.fits && hash;
    return err;
}

enum err auth_password_hash(struct auth *a, const char *password, struct arena *mem,
                            const char **out)
{
    return hasher_make(a->hasher, password, mem, out);
}

/* What is tried first; each counts as one character. */
static const char *const commonplaces[] = {
    "correcthorsebatterystaple",
    "1q2w3e4r5t6y7u8i9o0p",
    "administrator",
    "leadgen pro",
    "leadgenpro",
    "qwertyuiop",
    "qwertzuiop",
    "changeme",
    "iloveyou",
    "passw0rd",
    "password",
    "passwort",
    "sunshine",
    "football",
    "princess",
    "asdfghjkl",
    "leadgen",
    "letmein",
    "welcome",
    "zxcvbnm",
    "default",
    "dragon",
    "master",
    "monkey",
    "qwerty",
    "secret",
    "admin",
    "login",
};

static size_t match(const char *at, const char *piece, size_t n)
{
    return strncasecmp(at, piece, n) == 0 ? n : 0;
}

/* Bytes of the commonplace, or of a piece of the address, at p; 0: there is none. */
static size_t commonplace(const char *p, const char *email)
{
    size_t local = email ? strcspn(email, "@") : 0, n = 0, domain;

    if (email)
        n = match(p, email, strlen(email));
    for (size_t i = 0; !n && i < sizeof(commonplaces) / sizeof(*commonplaces); i++)
        n = match(p, commonplaces[i], strlen(commonplaces[i]));
    if (!n && local >= PIECE_MIN)
        n = match(p, email, local);
    if (!n && email && email[local]) {
        domain = strcspn(email + local + 1, ".");
        if (domain >= PIECE_MIN)
            n = match(p, email + local + 1, domain);
    }
    return n;
}

/* The length of the piece that a password repeats over and over; its own length: none. */
static size_t period(const char *p, size_t n)
{
    for (size_t k = 1; k <= n / 2; k++) {
        size_t i = k;

        while (i < n && p[i] == p[i - k])
            i++;
        if (i == n)
            return k;
    }
    return n;
}

/* Characters that have to be guessed: not those of commonplaces, runs ("5678") and repetitions. */
static int surprises(const char *p, const char *email)
{
    size_t n = period(p, strlen(p));
    int count = 0, step;

    for (size_t i = 0; i < n; count++) {
        size_t skip = commonplace(p + i, email);

        i += skip ? skip : 1;
        while (!skip && i < n && (step = p[i] - p[i - 1], step >= -1 && step <= 1))
            i++;
    }
    return count;
}

enum err auth_password_check(const char *password, const char *email, struct problem *why)
{
    size_t n = strlen(password);

    if (n < PASSWORD_MIN)
        return problem_set(why, "password", "the password is shorter than %d bytes", PASSWORD_MIN);
    if (n > PASSWORD_MAX)
        return problem_set(why, "password", "the password is longer than %d bytes", PASSWORD_MAX);
    if (!utf8_valid(password, n))
        return problem_set(why, "password", "the password is not well-formed UTF-8");
    if (surprises(password, email) < SURPRISES_MIN)
        return problem_set(why, "password", "the password is too easy to guess");
    return ERR_OK;
}
