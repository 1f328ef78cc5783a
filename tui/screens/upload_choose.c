/* Upload, the first step: choose a file. */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/mem.h"
#include "tui/screens/screens.h"
#include "tui/widgets/paint.h"

enum { ENTRIES_MAX = 5000, PATH = PATH_MAX + NAME_MAX + 2, SIZE = 16 };

struct file {
    const char *name;
    bool is_dir;
    int64_t size;
};

struct chooser {
    struct screen base;
    struct arena *mem; /* of the entries */
    char dir[PATH_MAX];
    struct file *entries;
    struct scroll scroll;
    bool more;
    char trouble[200];
};

static int by_name(const void *a, const void *b)
{
    const struct file *x = a, *y = b;

    if (x->is_dir != y->is_dir)
        return x->is_dir ? -1 : 1;
    return strcmp(x->name, y->name);
}

/* Hidden files stay hidden; what cannot be looked at, and devices, are no choice. */
static bool take_entry(struct chooser *c, DIR *d, const char *name, struct file *out)
{
    struct stat st;

    if ((name[0] == '.' && strcmp(name, "..") != 0) || fstatat(dirfd(d), name, &st, 0) ||
        !(S_ISDIR(st.st_mode) || S_ISREG(st.st_mode)))
        return false;
    *out = (struct file){arena_strdup(c->mem, name), S_ISDIR(st.st_mode), st.st_size};
    return true;
}

static void read_dir(struct chooser *c)
{
    DIR *d = opendir(c->dir);
    int n = 0;

    arena_free(c->mem);
    c->mem = arena_new();
    c->entries = arena_alloc(c->mem, ENTRIES_MAX * sizeof(*c->entries));
    c->scroll = (struct scroll){.rows = c->scroll.rows};
    c->trouble[0] = '\0';
    c->more = false;
    if (!d) {
        snprintf(c->trouble, sizeof(c->trouble), "cannot read the folder: %s", strerror(errno));
        return;
    }
    for (struct dirent *e; (e = readdir(d));) {
        c->more = n == ENTRIES_MAX;
        if (c->more)
            break;
        n += take_entry(c, d, e->d_name, &c->entries[n]);
    }
    closedir(d);
    qsort(c->entries, (size_t)n, sizeof(*c->entries), by_name);
    scroll_resize(&c->scroll, n);
}

static void chooser_open(struct screen *s)
{
    struct chooser *c = (struct chooser *)s;

    if (!getcwd(c->dir, sizeof(c->dir)))
        snprintf(c->dir, sizeof(c->dir), "/");
    read_dir(c);
}

static void chooser_draw(struct screen *s, int rows, int cols)
{
    struct chooser *c = (struct chooser *)s;
    int body = rows - 2;

    paint_text(1, 2, cols - 3, STYLE_ACCENT, c->dir);
    if (c->trouble[0])
        paint_said(3, 1, cols - 2, STYLE_ERR, c->trouble);
    scroll_fit(&c->scroll, body);
    for (int i = 0; i < body && c->scroll.top + i < c->scroll.n; i++) {
        const struct file *e = &c->entries[c->scroll.top + i];
        bool here = c->scroll.top + i == c->scroll.at;
        char size[NUMBER_TEXT];

        paint_gutter(3 + i, 0, here, false);
        paint_printf(3 + i, 2, cols - SIZE - 4, here ? STYLE_CURSOR : STYLE_TEXT, "%s%s", e->name,
                     e->is_dir ? "/" : "");
        if (!e->is_dir)
            paint_right(3 + i, cols - SIZE - 1, SIZE, STYLE_DIM, paint_number(e->size, size));
    }
    app_state(s->app, " %d entries%s   CSV, with any delimiter and encoding", c->scroll.n,
              c->more ? " and more" : "");
}

static struct scroll *chooser_scroll(struct screen *s)
{
    return &((struct chooser *)s)->scroll;
}

static void enter_dir(struct chooser *c, const char *name)
{
    char path[PATH], *real;

    snprintf(path, sizeof(path), "%s/%s", c->dir, name);
    real = realpath(path, NULL);
    if (real && strlen(real) < sizeof(c->dir)) {
        memcpy(c->dir, real, strlen(real) + 1);
        read_dir(c);
    }
    free(real);
}

static void open_entry(struct screen *s)
{
    struct chooser *c = (struct chooser *)s;
    const struct file *e = &c->entries[c->scroll.at];
    char path[PATH];

    if (!c->scroll.n)
        return;
    if (e->is_dir) {
        enter_dir(c, e->name);
        return;
    }
    snprintf(path, sizeof(path), "%s/%s", c->dir, e->name);
    mapping_open(s->app, path);
}

static void parent(struct screen *s)
{
    enter_dir((struct chooser *)s, "..");
}

static void again(struct screen *s)
{
    read_dir((struct chooser *)s);
}

static void chooser_close(struct screen *s)
{
    arena_free(((struct chooser *)s)->mem);
}

static const struct key chooser_keys[] = {
    {'\r', "Enter", "open", "open", "Open the folder, or take the file.", open_entry},
    {'\n', "Enter", .run = open_entry},
    {'h', NULL, "parent", "parent", "The folder above.", parent},
    {'R', NULL, "refresh", NULL, "Read the folder again.", again},
    {0},
};

const struct screen_class upload_screen = {.title = "Upload: choose a file",
                                           .size = sizeof(struct chooser),
                                           .keys = chooser_keys,
                                           .open = chooser_open,
                                           .draw = chooser_draw,
                                           .moves = chooser_scroll,
                                           .close = chooser_close};
