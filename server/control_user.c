/* `leadgend user add` */
#include "server/auth.h"
#include "server/control.h"

static const struct field user_add_fields[] = {
    FIELD(user_add, email, .flags = FIELD_REQUIRED, .max = 254),
    FIELD(user_add, role, .flags = FIELD_REQUIRED, .words = role_words),
    FIELD(user_add, password, .flags = FIELD_REQUIRED, .max = 256),
    FIELD(user_add, account),
    FIELD(user_add, credits, .max = CREDITS_MAX),
    {0},
};
static const struct type user_add_type = {"user_add", sizeof(struct user_add), user_add_fields,
                                          .owned = NO_OWNED};

static const struct field user_added_fields[] = {
    FIELD(user_added, id),
    FIELD(user_added, account),
    {0},
};
static const struct type user_added_type = {"user_added", sizeof(struct user_added),
                                            user_added_fields, .owned = NO_OWNED};

static enum err add(struct server *srv, const void *asked, struct arena *mem, void *reply,
                    struct problem *why)
{
    const struct user_add *ask = asked;
    struct user_added *out = reply;
    struct new_user n = {.email = ask->email,
                         .password = ask->password,
                         .role = role_find(ask->role),
                         .account = ask->account,
                         .credits = ask->credits};
    struct user u = {0};
    enum err err;

    if (n.role == ROLE_NOBODY)
        return problem_set(why, "role", "the role is none of viewer, user, admin, super_admin");
    err = auth_user_add(srv, &n, mem, &u, why);
    if (!err)
        auth_changed(srv->auth);
    *out = (struct user_added){.id = u.id, .account = u.account};
    return err;
}

const struct control_command control_user_add = {"user add", &user_add_type, &user_added_type, add};
