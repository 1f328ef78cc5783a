/* The three steps of an upload: upload_choose.c, upload_map.c, upload_send.c. */
#ifndef TUI_SCREENS_UPLOAD_H
#define TUI_SCREENS_UPLOAD_H

struct app;

/* Send the file to this path of the API, then show its job. */
void sending_open(struct app *app, const char *file, const char *path);

#endif
