/*
 * The reveal dialog, the one place where a key costs money: reveal.c (what is asked, when it may be
 * paid) and reveal_view.c (how it looks).
 */
#ifndef TUI_SCREENS_REVEAL_H
#define TUI_SCREENS_REVEAL_H

#include "common/mem.h"
#include "tui/screen.h"
#include "tui/widgets/input.h"

enum reveal_contact { REVEAL_EMAIL, REVEAL_PHONE, REVEAL_CONTACTS };

#define OUTCOME_LIST(X)                  \
    X(REVEALED, "revealed", "to reveal") \
    X(OWNED, "owned", "owned")           \
    X(EMPTY, "empty", "none")            \
    X(SUPPRESSED, "suppressed", "suppressed")

enum outcome {
#define X(name, word, label) OUTCOME_##name,
    OUTCOME_LIST(X)
#undef X
        OUTCOMES,
};

enum reveal_stage {
    STAGE_ASKING,  /* for the price */
    STAGE_READY,   /* the price is here */
    STAGE_SENT,    /* paid, not answered */
    STAGE_UNKNOWN, /* the answer was lost: it may have been charged */
    STAGE_DONE,
    STAGE_REFUSED, /* nothing was charged */
};

/* What one kind of contact of all the profiles costs, and why. */
struct offer {
    int n[OUTCOMES];
    struct credits price;
};

struct reveal {
    struct screen base;
    struct uuid *ids;
    size_t n;
    bool wanted[REVEAL_CONTACTS];
    enum reveal_stage stage;
    struct offer offers[REVEAL_CONTACTS];
    int not_found;
    struct credits balance;
    int64_t armed_us; /* when the total has been on the screen long enough; 0: it is not there */
    char key[UUID_TEXT];
    struct input typed; /* of large sums */
    /* what came */
    struct arena *mem;
    struct reveals_reply reply;
    char trouble[200];
};

struct credits reveal_total(const struct reveal *v);
/* Is this sum too large for one key? */
bool reveal_needs_typing(const struct reveal *v);
bool reveal_is_affordable(const struct reveal *v);
void reveal_draw(struct screen *s, int rows, int cols);

extern const char *const reveal_contacts[REVEAL_CONTACTS], *const reveal_labels[REVEAL_CONTACTS];
extern const char *const outcome_labels[OUTCOMES];

#endif
