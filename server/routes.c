/* Every resource the server has: a new file under routes/ is a new line. */
#include "server/request.h"

#define RESOURCES(X)  \
    X(health)         \
    X(bootstrap)      \
    X(auth)           \
    X(sessions)       \
    X(totp)           \
    X(device)         \
    X(mail)           \
    X(me)             \
    X(profiles)       \
    X(companies)      \
    X(suggest)        \
    X(credits)        \
    X(uploads)        \
    X(jobs)           \
    X(users)          \
    X(accounts)       \
    X(keys)           \
    X(limits)         \
    X(invites)        \
    X(impersonations) \
    X(admin)          \
    X(audit)          \
    X(openapi)

#define X(name) extern const struct route name##_routes[];
RESOURCES(X)
#undef X

const struct route *const route_tables[] = {
#define X(name) name##_routes,
    RESOURCES(X)
#undef X
        NULL,
};
