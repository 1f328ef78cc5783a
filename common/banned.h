/*
 * Forced into every file by the Makefile: functions that are never right here.  What they are in
 * the system's headers is declared first, then their names become errors.
 */
#ifndef COMMON_BANNED_H
#define COMMON_BANNED_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#pragma GCC poison strcpy strcat stpcpy sprintf vsprintf strtok gets tmpnam mktemp
#pragma GCC poison localtime gmtime asctime ctime atoi atol atof rand srand

#endif
