/* What the administration's screens share. */
#ifndef TUI_SCREENS_ADMIN_H
#define TUI_SCREENS_ADMIN_H

struct screen;

/* .also of a resource: its note says when no mail server is configured (to the super_admin). */
void admin_note_mail(struct screen *s);
/* A form: act as the member of the row at the cursor (acts.c). */
void acts_begin(struct screen *s);

#endif
