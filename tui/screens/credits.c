/* Credits: the balance and what moved it. */
#include "tui/screens/resource.h"
#include "tui/screens/screens.h"
#include "tui/widgets/paint.h"

static const struct column columns[] = {
    {"at", 16}, {"kind", 7}, {"amount", 9}, {"balance", 10}, {"fields", 11}, {"reason", 15}, {0}};

static void draw_balance(struct screen *s, int cols)
{
    char text[NUMBER_TEXT];

    paint_printf(1, 2, cols - 3, STYLE_COST, "Balance %s %s",
                 app_me(s->app)->role ? paint_credits(app_me(s->app)->balance, text) : "...",
                 credits_word(app_me(s->app)->balance));
}

/* The title's balance is as old as the last answer. */
static void refresh_balance(struct screen *s)
{
    app_refresh_me(s->app);
}

static const struct key keys[] = {RESOURCE_KEYS, {0}};

const struct resource credits_resource = {
    RESOURCE("Credits", keys), .path = "/api/credits", .items = "entries",
    .row = &entry_type,        .columns = columns,     .empty = "No credits were moved yet.",
    .head = draw_balance,      .also = refresh_balance};
