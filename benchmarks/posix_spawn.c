/*
 * The floor: start COUNT commands that are due at one instant, with nothing but posix_spawn, and reap them.
 *
 *   posix_spawn COUNT DUE PROGRAM [ARGUMENT...]
 *
 * DUE are nanoseconds of CLOCK_REALTIME. 0 starts at once and each only after the one before it was reaped.
 * Prints the nanoseconds of wall time from the first start to the last reap.
 */
#include <errno.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

extern char **environ;

static long long monotonic(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000000LL + now.tv_nsec;
}

static void wait_until(long long due)
{
    struct timespec at = {due / 1000000000LL, due % 1000000000LL};

    while (clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &at, NULL) == EINTR)
        ;
}

static void reap(void)
{
    int status;

    if (wait(&status) < 0 || !WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        fprintf(stderr, "a child failed\n");
        exit(1);
    }
}

int main(int argc, char **argv)
{
    int count, fault, i;
    long long due, began;
    pid_t pid;

    if (argc < 4)
        return 2;
    count = atoi(argv[1]);
    due = atoll(argv[2]);
    if (due)
        wait_until(due);
    began = monotonic();
    for (i = 0; i < count; i++) {
        fault = posix_spawn(&pid, argv[3], NULL, NULL, argv + 3, environ);
        if (fault) {
            fprintf(stderr, "%s: %s\n", argv[3], strerror(fault));
            return 1;
        }
        if (!due)
            reap();
    }
    for (i = 0; due && i < count; i++)
        reap();
    printf("%lld\n", monotonic() - began);
    return 0;
}
