#include "common/mask.h"

#include "common/mem.h"
#include "common/utf8.h"
#include "tests/random.h"
#include "tests/test.h"

static const struct {
    const char *value, *masked;
} emails[] = {
    {"john.smith@acme.com", "j***@acme.com"},
    {"j@acme.com", "j***@acme.com"},
    {"élodie@acme.example", "é***@acme.example"},
    {"花子@acme.example", "花***@acme.example"},
    {"a@b@acme.example", "a***@acme.example"},
    {"@acme.example", "***"},
    {"nobody", "***"},
    {"", "***"},
};

static const struct {
    const char *value, *masked;
} phones[] = {
    {"+15035550142", "+1 *** *** **42"},
    {"+493415550100", "+49 *** *** **00"},
    {"+35312345678", "+353 *** *** **78"},
    {"+290 2", "***"},
    {"+29012", "***"},
    {"15035550142", "***"},
    {"+0000000000", "***"},
    {"", "***"},
    {"+", "***"},
};

static void values_lose_what_is_sold(void)
{
    struct arena *mem = arena_new();

    for (size_t i = 0; i < sizeof(emails) / sizeof(*emails); i++)
        CHECK_STR(mask_email(mem, emails[i].value), emails[i].masked);
    for (size_t i = 0; i < sizeof(phones) / sizeof(*phones); i++)
        CHECK_STR(mask_phone(mem, phones[i].value), phones[i].masked);
    arena_free(mem);
}

/* Two numbers of a country that end alike look the same, however long they are. */
static void masks_do_not_tell_lengths(void)
{
    struct random r = random_start("mask");
    struct arena *mem = arena_new();

    for (int i = 0; i < 5000; i++) {
        char phone[20] = "+49", email[80];
        size_t n = 6 + random_below(&r, 7), local = 2 + random_below(&r, 40);

        for (size_t k = 0; k < n; k++)
            phone[3 + k] = (char)('1' + random_below(&r, 9));
        memcpy(phone + 3 + n, "42", 3);
        CHECK_STR(mask_phone(mem, phone), "+49 *** *** **42");
        memset(email, 'x', local);
        memcpy(email + local, "@acme.example", 14);
        CHECK_STR(mask_email(mem, email), "x***@acme.example");
    }
    arena_free(mem);
}

static const struct test tests[] = {
    {"mask: values lose what is sold", values_lose_what_is_sold},
    {"mask: masks do not tell lengths", masks_do_not_tell_lengths},
};

TEST_MAIN(tests)
