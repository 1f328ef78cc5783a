/* QR codes as text (libqrencode inside). */
#ifndef TUI_QR_H
#define TUI_QR_H

#include <stdbool.h>

/*
 * Lines of half blocks, two rows of the code each, or (ascii) two characters a module; with the
 * quiet zone (of two: more would not fit 80x24).  On a dark ground what is light is drawn, on a
 * light one what is dark; the rest is the ground.  The caller frees it. NULL: no memory, or more
 * than a code holds (2,953 bytes).
 */
enum qr_ground { QR_ON_DARK, QR_ON_LIGHT };
char *qr_text(const char *text, bool ascii, enum qr_ground ground);

#endif
