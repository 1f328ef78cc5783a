/* What every screen can do. */
#include <curses.h>

#include "tui/screens/resource.h"
#include "tui/screens/screens.h"
#include "tui/screens/tabs.h"
#include "tui/term.h"

static void back(struct screen *s)
{
    if (s->below)
        app_close(s);
    else
        quit_ask(s);
}

static void help(struct screen *s)
{
    app_push(s->app, &help_screen);
}

static void redraw(struct screen *s)
{
    (void)s;
    clearok(curscr, TRUE);
}

static void suspend(struct screen *s)
{
    term_suspend();
    redraw(s);
}

static void search(struct screen *s)
{
    app_go(s->app, &search_screen);
}

static void upload(struct screen *s)
{
    app_go(s->app, &upload_screen);
}

static void credits(struct screen *s)
{
    app_go(s->app, &credits_resource.class);
}

static void jobs(struct screen *s)
{
    app_go(s->app, &jobs_resource.class);
}

static void act_end(struct screen *s)
{
    app_act_end(s->app);
}

const struct key app_keys[] = {
    {'?', NULL, "help", "help", "The keys of this screen; type to narrow them.", help},
    {KEY_FN(KEY_F(1)), "F1", .run = help},
    {KEY_CTRL('l'), "Ctrl-L", "redraw", NULL, "Draw everything again.", redraw},
    {KEY_CTRL('z'), "Ctrl-Z", "suspend", NULL, "Back to the shell for a while; fg returns.",
     suspend},
    {0},
};

const struct key go_keys[] = {
    {':', NULL, "palette", "cmd", "Find an action by its name.", palette_open},
    {KEY_CTRL('p'), "Ctrl-P", .run = palette_open},
    {'q', NULL, "back", "back", "One step back; at the top, leave (it asks).", back},
    {KEY_ESCAPE, "Esc", .run = back},
    {KEY_CTRL('c'), "Ctrl-C", .run = back},
    {'1', NULL, "search", NULL, "Search.", search},
    {'4', NULL, "upload", NULL, "Upload a file of contacts.", upload, ROLE_USER},
    {'9', NULL, "credits", NULL, "Credits: the balance and what moved it.", credits, ROLE_VIEWER},
    {'8', NULL, "access", NULL, "Access: API keys, sessions, two-factor, limits.", tabs_go_keys,
     ROLE_VIEWER},
    {'J', NULL, "jobs", NULL, "Jobs: what runs in the background.", jobs, ROLE_VIEWER},
    {'A', NULL, "admin", NULL, "Administration: members, credits, jobs, audit, health.",
     tabs_go_users, ROLE_ADMIN},
    {'7', NULL, "team", NULL, "Team: the members of the account.", tabs_go_users, ROLE_ADMIN},
    {'E', NULL, "stop acting", NULL, "Of who acts as a member: be yourself again.", act_end},
    {0},
};

/* Movement */

static void moved(struct screen *s)
{
    if (s->class->moved)
        s->class->moved(s);
}

static void move_by(struct screen *s, int lines)
{
    scroll_by(s->class->moves(s), lines);
    moved(s);
}

static int window(struct screen *s)
{
    return s->class->moves(s)->rows;
}

static void down(struct screen *s)
{
    move_by(s, 1);
}

static void up(struct screen *s)
{
    move_by(s, -1);
}

static void half_down(struct screen *s)
{
    move_by(s, window(s) / 2);
}

static void half_up(struct screen *s)
{
    move_by(s, -window(s) / 2);
}

static void page_down(struct screen *s)
{
    move_by(s, window(s) - 1);
}

static void page_up(struct screen *s)
{
    move_by(s, 1 - window(s));
}

static void first(struct screen *s)
{
    scroll_to(s->class->moves(s), 0);
    moved(s);
}

static void last(struct screen *s)
{
    scroll_to(s->class->moves(s), s->class->moves(s)->n - 1);
    moved(s);
}

const struct key scroll_keys[] = {
    {'j', NULL, "down", NULL, "One line down.", down},
    {KEY_FN(KEY_DOWN), "Down", .run = down},
    {'k', NULL, "up", NULL, "One line up.", up},
    {KEY_FN(KEY_UP), "Up", .run = up},
    {KEY_CTRL('d'), "Ctrl-D", "half page down", NULL, "Half a page down.", half_down},
    {KEY_CTRL('u'), "Ctrl-U", "half page up", NULL, "Half a page up.", half_up},
    {KEY_CTRL('f'), "Ctrl-F", "page down", NULL, "A page down.", page_down},
    {KEY_FN(KEY_NPAGE), "PgDn", .run = page_down},
    {KEY_CTRL('b'), "Ctrl-B", "page up", NULL, "A page up.", page_up},
    {KEY_FN(KEY_PPAGE), "PgUp", .run = page_up},
    {'g', NULL, "first", NULL, "To the first line.", first},
    {KEY_FN(KEY_HOME), "Home", .run = first},
    {'G', NULL, "last", NULL, "To the last line that is loaded.", last},
    {KEY_FN(KEY_END), "End", .run = last},
    {0},
};

void screen_common_keys(const struct screen *s, const struct key *tables[COMMON_TABLES])
{
    int n = 0;

    if (s->class->moves)
        tables[n++] = scroll_keys;
    tables[n++] = app_keys;
    if (!s->class->modal && !s->class->overlay)
        tables[n++] = go_keys;
    tables[n] = NULL;
}
