/* Upload, the third step: the file goes out, read as the line takes it; then the job is shown. */
#include "tui/screens/upload.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/json.h"
#include "tui/screens/screens.h"
#include "tui/widgets/paint.h"

enum { LOOK_MS = 200, STALL_MS = 60000 };

struct sending {
    struct screen base;
    int fd;
    int64_t size, sent, began_us;
    struct api_call *call;
    char trouble[200];
};

static long give_file(void *arg, char *out, size_t max)
{
    struct sending *u = arg;

    return (long)read(u->fd, out, max);
}

static void file_sent(void *arg, const struct api_reply *r)
{
    struct sending *u = arg;
    struct app *app = u->base.app;
    const char *id = json_str(r->doc, "id");

    u->call = NULL;
    if (r->err || !id) {
        snprintf(u->trouble, sizeof(u->trouble), "%s%s%s", r->field, *r->field ? ": " : "",
                 *r->detail ? r->detail : "the server's answer names no job");
        app_say_error(app, r);
        return;
    }
    app_close(&u->base);
    job_open(app, id);
}

void sending_open(struct app *app, const char *file, const char *path)
{
    struct sending *u;
    struct stat st;
    int fd = open(file, O_RDONLY | O_CLOEXEC);

    if (fd < 0 || fstat(fd, &st)) {
        app_say(app, STYLE_ERR, "cannot read the file: %s", strerror(errno));
        if (fd >= 0)
            close(fd);
        return;
    }
    u = (struct sending *)app_push(app, &sending_screen);
    u->fd = fd;
    u->size = st.st_size;
    u->began_us = clock_mono_us();
    u->call = api_send(app_api(app),
                       &(struct api_request){.method = "POST",
                                             .path = path,
                                             .body = give_file,
                                             .body_size = st.st_size,
                                             .body_type = "text/csv",
                                             .timeout_ms = STALL_MS},
                       file_sent, u);
    screen_wake(&u->base, LOOK_MS);
}

static void sending_tick(struct screen *s)
{
    struct sending *u = (struct sending *)s;

    if (!u->call)
        return;
    u->sent = api_sent(u->call);
    screen_wake(s, LOOK_MS);
}

static void draw_speed(const struct sending *u, int y, int cols)
{
    int64_t us = clock_mono_us() - u->began_us,
            rate = us > 0 ? u->sent * 1000 / (us / 1000 + 1) : 0;
    char sent[NUMBER_TEXT], size[NUMBER_TEXT], speed[NUMBER_TEXT];

    paint_printf(y, 2, cols - 3, STYLE_TEXT, "%s of %s bytes, %s kB/s", paint_number(u->sent, sent),
                 paint_number(u->size, size), paint_number(rate / 1000, speed));
}

static void sending_draw(struct screen *s, int rows, int cols)
{
    struct sending *u = (struct sending *)s;

    (void)rows;
    paint_text(2, 2, cols - 3, STYLE_DIM, "Sending the file");
    paint_bar(4, 2, cols - 4, u->sent, u->size);
    draw_speed(u, 5, cols);
    if (u->trouble[0])
        paint_said(7, 1, cols - 2, STYLE_ERR, u->trouble);
    else
        paint_text(7, 3, cols - 4, STYLE_DIM,
                   u->call ? "nothing is loaded before all of it is there" : "stopped");
    paint_focus(4, 2);
}

static void stop(struct screen *s)
{
    struct sending *u = (struct sending *)s;

    if (!u->call)
        return;
    api_cancel(app_api(s->app), u->call);
    u->call = NULL;
    app_say(s->app, STYLE_WARN, "stopped; nothing was loaded");
}

static void leave(struct screen *s)
{
    if (((struct sending *)s)->call)
        confirm_open(s, "Stop sending?", "The file is not there yet.\nNothing of it is loaded.",
                     CONFIRM_MS, app_close);
    else
        app_close(s);
}

static void sending_close(struct screen *s)
{
    close(((struct sending *)s)->fd);
}

static const struct key sending_keys[] = {
    {'x', NULL, "stop", "stop", "Stop sending; nothing is loaded.", stop},
    {'q', NULL, "back", NULL, "Back; while it is being sent, it asks.", leave},
    {KEY_ESCAPE, "Esc", .run = leave},
    {KEY_CTRL('c'), "Ctrl-C", .run = leave},
    {0},
};

const struct screen_class sending_screen = {.title = "Upload: sending",
                                            .size = sizeof(struct sending),
                                            .keys = sending_keys,
                                            .draw = sending_draw,
                                            .tick = sending_tick,
                                            .close = sending_close};
