#include "tui/exit.h"

/* Errors that are not here are the server's failures. */
static const unsigned char exits[ERR_COUNT] = {
    [ERR_INVALID] = EXIT_USAGE,        [ERR_UNAUTHORIZED] = EXIT_AUTH,
    [ERR_TOKEN_EXPIRED] = EXIT_AUTH,   [ERR_BAD_LOGIN] = EXIT_AUTH,
    [ERR_NO_CREDITS] = EXIT_CREDITS,   [ERR_OVER_MAX] = EXIT_CREDITS,
    [ERR_CAP] = EXIT_CREDITS,          [ERR_FORBIDDEN] = EXIT_ROLE,
    [ERR_NOT_FOUND] = EXIT_ABSENT,     [ERR_CONFLICT] = EXIT_CHANGED,
    [ERR_PRECONDITION] = EXIT_CHANGED, [ERR_CHANGED] = EXIT_CHANGED,
    [ERR_TOO_LARGE] = EXIT_INPUT,      [ERR_MEDIA_TYPE] = EXIT_INPUT,
    [ERR_KEY_REUSED] = EXIT_USAGE,     [ERR_RATE] = EXIT_RATE,
    [ERR_SUPPRESSED] = EXIT_ROLE,      [ERR_TOTP_REQUIRED] = EXIT_AUTH,
    [ERR_CONFIRM] = EXIT_AUTH,         [ERR_DENIED] = EXIT_AUTH,
    [ERR_EXPIRED] = EXIT_AUTH,         [ERR_PENDING] = EXIT_AUTH,
    [ERR_SLOW_DOWN] = EXIT_RATE,
};

enum exit_code exit_of(enum err err, unsigned status)
{
    if (!err)
        return EXIT_DONE;
    if (!status && err != ERR_UNAUTHORIZED)
        return EXIT_NETWORK;
    return exits[err] ? (enum exit_code)exits[err] : EXIT_SERVER;
}
