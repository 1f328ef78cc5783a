/* Following a job to its end, shared by `upload --wait` and `jobs wait`. */
#ifndef TUI_CLI_JOBS_H
#define TUI_CLI_JOBS_H

#include "tui/cli/cli.h"

/* Until the job ends, showing its progress on stderr; prints the job at the end; the exit code. */
int job_follow(struct cli *c, const char *id);

#endif
