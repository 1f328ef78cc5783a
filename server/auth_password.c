/*
 * Passwords: what they must be, and argon2id (RFC 9106; 64 MiB, 3 passes, 1 lane: 99 ms on the
 * machine it was chosen on) on two threads of its own behind a short queue.
 */
#include <errno.h>
#include <sodium.h>
#include <string.h>
#include <strings.h>

#include "common/utf8.h"
#include "server/auth_private.h"

enum { THREADS = 2, QUEUE = 32, PASSWORD_MIN = 15, PASSWORD_MAX = 256 };

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

/* libsodium answers -1 both for a wrong password and for no memory: errno tells them apart. */
static void do_work(struct work *w)
{
    if (!w->hash) {
        w->err = make_hash(w->password, w->out);
        return;
    }
    errno = 0;
    w->fits = crypto_pwhash_str_verify(w->hash, w->password, strlen(w->password)) == 0;
    w->err = !w->fits && errno == ENOMEM ? ERR_NO_MEMORY : ERR_OK;
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

static bool is_monotone(const char *p)
{
    int same = 0, up = 0;

    for (size_t i = 1; p[i]; i++) {
        same += p[i] == p[i - 1];
        up += p[i] == p[i - 1] + 1;
    }
    return (size_t)(same + up) * 4 > strlen(p) * 3;
}

/* One short piece over and over: "abcabcabcabcabc". */
static bool is_repetition(const char *p)
{
    size_t n = strlen(p);

    for (size_t k = 1; k <= n / 3; k++) {
        size_t i = k;

        while (i < n && p[i] == p[i - k])
            i++;
        if (i == n)
            return true;
    }
    return false;
}

static bool is_common(const char *p)
{
    static const char *const common[] = {
        "passwordpassword", "password1234567",      "password123456789",
        "123456789012345",  "qwertyuiopasdfgh",     "correcthorsebatterystaple",
        "iloveyouiloveyou", "administrator123",     "letmeinletmeinletmein",
        "welcome12345678",  "leadgenleadgen",       "leadgenpro12345",
        "qwertyuiop123456", "1q2w3e4r5t6y7u8i9o0p", "changemechangeme"};

    for (size_t i = 0; i < sizeof(common) / sizeof(*common); i++)
        if (strcasecmp(common[i], p) == 0)
            return true;
    return false;
}

enum err auth_password_check(const char *password, const char *email, struct problem *why)
{
    size_t n = strlen(password), local = email ? strcspn(email, "@") : 0;

    if (n < PASSWORD_MIN)
        return problem_set(why, "password", "the password is shorter than %d bytes", PASSWORD_MIN);
    if (n > PASSWORD_MAX)
        return problem_set(why, "password", "the password is longer than %d bytes", PASSWORD_MAX);
    if (!utf8_valid(password, n))
        return problem_set(why, "password", "the password is not well-formed UTF-8");
    if (is_common(password) || is_monotone(password) || is_repetition(password))
        return problem_set(why, "password", "the password is too easy to guess");
    if (local >= 4 && (strcasecmp(password, email) == 0 ||
                       (n < local + 8 && strncasecmp(password, email, local) == 0)))
        return problem_set(why, "password", "the password is too close to the address");
    return ERR_OK;
}
