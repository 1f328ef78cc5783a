/* Credits: the balance and what moved it. */
#include <string.h>

#include "common/json.h"
#include "tui/screens/listing.h"
#include "tui/screens/screens.h"
#include "tui/widgets/paint.h"

static const struct listing_column columns[] = {
    {"WHEN", "at", 16, LISTING_WHEN},
    {"KIND", "kind", 7, LISTING_TEXT},
    {"AMOUNT", "amount", 9, LISTING_CREDITS},
    {"BALANCE", "balance", 10, LISTING_CREDITS},
    {"FIELDS", "fields", 12, LISTING_TEXT},
    {"REASON", "reason", 10, LISTING_TEXT},
    {0},
};
static const struct listing_class listing = {"/api/credits", "entries", columns,
                                             "No credits were moved yet.", 0};

static void credits_open(struct screen *s)
{
    listing_open(s, &listing);
}

static void credits_draw(struct screen *s, int rows, int cols)
{
    struct listing *l = (struct listing *)s;
    char text[NUMBER_TEXT];

    paint_printf(1, 2, cols - 3, STYLE_COST, "Balance %s credits",
                 app_me(s->app)->role ? paint_credits(app_me(s->app)->balance, text) : "...");
    listing_draw(l, 3, rows - 2, cols);
}

/* The title's balance is as old as the last answer. */
static void credits_shown(struct screen *s)
{
    listing_ask(s);
    app_refresh_me(s->app);
}

static void refresh_all(struct screen *s)
{
    credits_shown(s);
}

static const struct key credits_keys[] = {
    {'R', NULL, "refresh", "refresh", "Ask the server again.", refresh_all}, {0}};

const struct screen_class credits_screen = {LISTING_SCREEN,         .title = "Credits",
                                            .keys = credits_keys,   .open = credits_open,
                                            .shown = credits_shown, .draw = credits_draw};
