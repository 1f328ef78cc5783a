/* Which passwords are taken, and argon2id on two threads behind a short queue. */
#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "server/auth_private.h"
#include "tests/test.h"

#define GOOD "a fine day in Porto"
#define EMAIL "jane.doe@acme-tools.example"

/* *why gets the sentence. */
static bool takes(const char *password, const char **why)
{
    static struct problem p;
    enum err err = auth_password_check(password, EMAIL, &p);

    CHECK(err == ERR_OK || (err == ERR_INVALID && strcmp(p.field, "password") == 0));
    CHECK(!err || !*password || !strstr(p.text, password));
    *why = p.text;
    return !err;
}

static void good_ones(void)
{
    static const char *const good[] = {
        GOOD,
        "\xd0\xbf\xd0\xb0\xd1\x80\xd0\xbe\xd0\xbb\xd1\x8c \xd0\xb4\xd0\xbb\xd1\x8f",
        "\xe6\xad\xa3\xe7\xa2\xba\xe9\xa6\xac\xe9\x9b\xbb\xe6\xb1\xa0",
        "3yDbb4ZrD0eLkq7VwDpX9n1c",
        "               with blanks",
        "password of ann in the test", /* a commonplace, and enough beside it */
        "Jane.Doe was here on Monday",
        "no<script>or\"';--",
    };
    const char *why;

    for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++)
        CHECK(takes(good[i], &why));
}

static void weak_ones(void)
{
    static const char *const weak[] = {
        "",
        "brief",
        "fourteen bytes",
        "aaaaaaaaaaaaaaaaaaaaaaaa",
        "abcdefghijklmnopqrstuvwxyz",
        "zyxwvutsrqponmlkjihgfedcba",
        "123456789012345",
        "!\"#$%&'()*+,-./0123456789",
        "abcabcabcabcabcabc",
        "ab12ab12ab12ab12ab12",
        "passwordpassword",
        "PassWord123456789",
        "password password password",
        "qwertyuiopasdfghjkl",
        "correcthorsebatterystaple",
        "1q2w3e4r5t6y7u8i9o0p",
        "leadgenleadgen!",
        "LeadGen Pro 2026",
        "jane.doe@acme-tools.example",
        "JANE.DOE1234567",
        "1234567jane.doe",
        "acme-tools12345",
        "acme-tools jane.doe",
        "aaaaaaabbbbbbbccccccc",
        "               ",
        "changeme-changeme-changeme",
        "\xff\xfe not well-formed at all",
        "an overlong \xc0\xaf slash",
        "a surrogate \xed\xa0\x80 half",
    };
    const char *why;

    for (size_t i = 0; i < sizeof(weak) / sizeof(*weak); i++) {
        bool taken = takes(weak[i], &why);

        if (taken)
            fprintf(stderr, "taken: %s\n", weak[i]);
        CHECK(!taken);
    }
}

static void lengths(void)
{
    char text[258];
    const char *why;

    for (size_t i = 0; i < sizeof(text) - 1; i++)
        text[i] = "qzjxkvbw"[i * i % 7 + (i / 7) % 2];
    text[257] = '\0';
    CHECK(!takes(text, &why) && strstr(why, "longer than 256"));
    text[256] = '\0';
    CHECK(takes(text, &why));
    text[15] = '\0';
    CHECK(takes(text, &why));
    text[14] = '\0';
    CHECK(!takes(text, &why) && strstr(why, "shorter than 15"));
    CHECK(auth_password_check(GOOD, NULL, NULL) == ERR_OK);
    CHECK(auth_password_check("x", NULL, NULL) == ERR_INVALID);
}

static struct hasher *hasher;
static struct arena *mem;
static const char *hash;

static void makes_and_verifies(void)
{
    const char *again;
    bool fits;

    CHECK(hasher_make(hasher, GOOD, mem, &hash) == ERR_OK);
    CHECK(strncmp(hash, "$argon2id$v=19$m=65536,t=3,p=1$", 31) == 0);
    CHECK(hasher_make(hasher, GOOD, mem, &again) == ERR_OK);
    CHECK(strcmp(hash, again) != 0); /* a salt of its own */
    CHECK(hasher_verify(hasher, GOOD, hash, &fits) == ERR_OK && fits);
    CHECK(hasher_verify(hasher, "A" GOOD, hash, &fits) == ERR_OK && !fits);
    CHECK(hasher_verify(hasher, "", hash, &fits) == ERR_OK && !fits);
    CHECK(hasher_verify(hasher, GOOD, NULL, &fits) == ERR_OK && !fits);
    CHECK(crypto_pwhash_str_verify(hash, GOOD, strlen(GOOD)) == 0); /* libsodium agrees */
    CHECK(hasher_verify(hasher, GOOD, "", &fits) == ERR_OK && !fits);
    CHECK(hasher_verify(hasher, GOOD, "$argon2id$v=19$m=65536,t=3,p=1$", &fits) == ERR_OK && !fits);
}

/* argon2id that finds no memory is no wrong password. */
static void short_of_memory(void)
{
#ifdef SANITIZED
    printf("NOT PROVEN password: short of memory: the sanitizer needs the address space\n");
#else
    struct rlimit before, none;
    const char *out;
    enum err made, verified;
    bool fits;

    CHECK(getrlimit(RLIMIT_AS, &before) == 0);
    none = (struct rlimit){1, before.rlim_max};
    CHECK(setrlimit(RLIMIT_AS, &none) == 0);
    made = hasher_make(hasher, GOOD, mem, &out);
    verified = hasher_verify(hasher, GOOD, hash, &fits);
    CHECK(setrlimit(RLIMIT_AS, &before) == 0);
    CHECK(made == ERR_NO_MEMORY && verified == ERR_NO_MEMORY);
    CHECK(hasher_verify(hasher, GOOD, hash, &fits) == ERR_OK && fits);
#endif
}

/* More at once than the queue takes: some are turned away, nobody gets a wrong answer. */
enum { CROWD = 200 };

static pthread_barrier_t gate;
static char quick[crypto_pwhash_STRBYTES];
static atomic_int fitted, busy, wrong;

static void *crowd(void *arg)
{
    bool fits = false;
    enum err err;

    (void)arg;
    pthread_barrier_wait(&gate);
    err = hasher_verify(hasher, GOOD, quick, &fits);
    if (err == ERR_BUSY)
        busy++;
    else if (!err && fits)
        fitted++;
    else
        wrong++;
    return NULL;
}

static void a_crowd(void)
{
    pthread_t threads[CROWD];

    /* A sixth of the cost, so that the crowd is over soon; the queue does not look at it. */
    CHECK(crypto_pwhash_str(quick, GOOD, strlen(GOOD), 2, 16 << 20) == 0);
    pthread_barrier_init(&gate, NULL, CROWD);
    for (int i = 0; i < CROWD; i++)
        CHECK(pthread_create(&threads[i], NULL, crowd, NULL) == 0);
    for (int i = 0; i < CROWD; i++)
        pthread_join(threads[i], NULL);
    pthread_barrier_destroy(&gate);
    CHECK(wrong == 0 && fitted + busy == CROWD);
    CHECK(fitted >= 32 && busy > 0);
    CHECK(hasher_verify(hasher, GOOD, hash, &(bool){false}) == ERR_OK); /* and it goes on */
}

static void starts(void)
{
    mem = arena_new();
    hasher = hasher_start();
    CHECK(hasher != NULL);
}

static void ends(void)
{
    hasher_stop(hasher);
    hasher_stop(NULL);
    arena_free(mem);
}

static const struct test tests[] = {
    {"password: good ones", good_ones},
    {"password: weak ones", weak_ones},
    {"password: lengths", lengths},
    {"password: starts", starts},
    {"password: makes and verifies", makes_and_verifies},
    {"password: short of memory", short_of_memory},
    {"password: a crowd", a_crowd},
    {"password: ends", ends},
};

TEST_MAIN(tests)
