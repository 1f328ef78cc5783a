#include "server/account.h"

#include <string.h>

#include "common/api.h"

static bool take_admin(void *arg, const void *rec)
{
    const struct user *u = rec;

    if (role_find(u->role) < ROLE_ADMIN || strcmp(u->state, "active") != 0)
        return true;
    *(struct uuid *)arg = u->id;
    return false;
}

enum err account_owner(struct store *s, const struct account *a, struct arena *mem,
                       struct uuid *out)
{
    struct query q = {.type = &user_type, .where = {{"account_id", OP_EQ, &a->id}}};

    *out = a->owner;
    return uuid_is_zero(out) ? store_find(s, &q, mem, take_admin, out) : ERR_OK;
}

struct step account_owner_stays(const struct account *a)
{
    static const char *const names[] = {"owner_since", NULL};

    return (struct step){.kind = STEP_UPDATE,
                         .type = &account_type,
                         .rec = a,
                         .fields = fields_named(&account_type, names),
                         .guard = "owner_since",
                         .guard_value = a->owner_since.ms};
}
