/* The tables of keys: what must hold for every screen. */
#include "tui/keymap.h"

#include <stdbool.h>

#include "tests/test.h"
#include "tui/screens/form.h"
#include "tui/screens/resource.h"
#include "tui/screens/screens.h"
#include "tui/screens/tabs.h"

static const struct screen_class *const classes[] = {
#define X(name) &name##_screen,
    SCREENS(X)
#undef X
#define X(name) &name##_resource.class,
        RESOURCES(X)
#undef X
#define X(name) &name##_form.class,
            RECORD_FORMS(X)
#undef X
#define CLASS_resource(id) &id##_resource.class
#define CLASS_screen(id) &id##_screen
#define X(digit, kind, id, name, help, role) CLASS_##kind(id),
                ADMIN_TABS(X) ACCESS_TABS(X)
#undef X
};
enum { CLASSES = sizeof(classes) / sizeof(*classes) };

static bool is_unique(const struct key *table)
{
    for (const struct key *a = table; a->run; a++)
        for (const struct key *b = a + 1; b->run; b++)
            if (a->key == b->key)
                return false;
    return true;
}

static void a_key_means_one_thing(void)
{
    static const struct key twice[] = {{'a', .run = app_close}, {'a', .run = app_close}, {0}};

    CHECK(!is_unique(twice)); /* the control */
    for (int i = 0; i < CLASSES; i++)
        CHECK(is_unique(classes[i]->keys));
    CHECK(is_unique(app_keys) && is_unique(go_keys) && is_unique(scroll_keys));
}

static void named_actions_say_what_they_do(void)
{
    for (int i = 0; i < CLASSES; i++) {
        const struct key *keys = classes[i]->keys;

        CHECK(!keys->run || keys->name); /* aliases follow a name */
        for (const struct key *k = keys; k->run; k++) {
            CHECK(!k->name || (k->help && k->help[0]));
            CHECK(!k->hint || k->name);
            CHECK(k->key != '!');
        }
    }
}

/* Who holds the opening key down must not confirm: y opens nothing, anywhere. */
static void yes_only_confirms(void)
{
    for (int i = 0; i < CLASSES; i++) {
        const struct key *k = keymap_find(classes[i]->keys, 'y', ROLE_SUPER_ADMIN);
        bool asks = classes[i] == &reveal_screen || classes[i] == &confirm_screen ||
                    classes[i] == &trust_screen;

        CHECK((k != NULL) == asks);
    }
    CHECK(!keymap_find(go_keys, 'y', ROLE_SUPER_ADMIN));
}

static void dialogs_have_a_way_out(void)
{
    for (int i = 0; i < CLASSES; i++)
        if (classes[i]->overlay || classes[i]->modal)
            CHECK(keymap_find(classes[i]->keys, KEY_ESCAPE, ROLE_PUBLIC) != NULL);
}

static void roles_hide_keys(void)
{
    CHECK(!keymap_find(search_screen.keys, 'r', ROLE_VIEWER));
    CHECK(keymap_find(search_screen.keys, 'r', ROLE_USER) != NULL);
    CHECK(!keymap_find(go_keys, 'A', ROLE_USER));
    CHECK(keymap_find(go_keys, 'A', ROLE_ADMIN) != NULL);
}

static void hints_fit_and_are_whole(void)
{
    const struct key *const common[] = {app_keys, go_keys, NULL};
    char text[512], before[512] = "";

    for (int cols = 0; cols < 200; cols++) {
        keymap_hints(search_screen.keys, common, ROLE_USER, false, cols, text, sizeof(text));
        CHECK(strlen(text) <= (size_t)cols);
        CHECK(strlen(text) >= strlen(before));
        memcpy(before, text, sizeof(before));
    }
    CHECK(strstr(text, "r:reveal") && strstr(text, "?:help") && strstr(text, "q:back"));
    keymap_hints(search_screen.keys, common, ROLE_USER, true, 80, text, sizeof(text));
    CHECK(!strstr(text, "r:reveal") && !strstr(text, "q:back"));
}

static void labels_join_the_keys_of_an_action(void)
{
    char label[KEY_LABEL];

    CHECK_STR(keymap_label(scroll_keys, label), "j Down");
    CHECK_STR(keymap_label(keymap_find(app_keys, '?', ROLE_PUBLIC), label), "? F1");
}

static const struct test tests[] = {
    {"keymap: a key means one thing", a_key_means_one_thing},
    {"keymap: named actions say what they do", named_actions_say_what_they_do},
    {"keymap: yes only confirms", yes_only_confirms},
    {"keymap: dialogs have a way out", dialogs_have_a_way_out},
    {"keymap: roles hide keys", roles_hide_keys},
    {"keymap: hints fit and are whole", hints_fit_and_are_whole},
    {"keymap: labels join the keys of an action", labels_join_the_keys_of_an_action},
};
TEST_MAIN(tests)
