#include "common/mask.h"

#include <string.h>

#include "common/mem.h"
#include "common/phone.h"
#include "common/utf8.h"

const char *mask_email(struct arena *mem, const char *email)
{
    const char *at = strrchr(email, '@');
    size_t first;

    if (!at || at == email)
        return "***";
    utf8_next(email, &first);
    return arena_printf(mem, "%.*s***%s", (int)first, email, at);
}

const char *mask_phone(struct arena *mem, const char *phone)
{
    size_t n = strlen(phone), code = phone_code_length(phone);

    if (!code || n < code + 6)
        return "***";
    return arena_printf(mem, "+%.*s *** *** **%s", (int)code, phone + 1, phone + n - 2);
}
