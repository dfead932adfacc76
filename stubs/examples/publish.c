/*
 * Publishes one event through Canyon's C library.
 *
 *   cc -o publish publish.c -I .. -L ../../target/capi/release -lcanyon_publish
 *   LD_LIBRARY_PATH=../../target/capi/release ./publish /dev/shm/canyon-my-app my-app lobby hello '{"a":1}'
 */
#include <stdio.h>
#include <string.h>

#include "canyon.h"

int main(int argc, char **argv) {
    if (argc != 6) {
        fprintf(stderr, "usage: %s QUEUE APP CHANNEL EVENT DATA\n", argv[0]);
        return 2;
    }

    /* Keep it for as long as the process publishes: one publisher per thread. */
    canyon_publisher *publisher;
    if (canyon_open(argv[1], argv[2], NULL, &publisher) != CANYON_OK) {
        fprintf(stderr, "cannot open the queue: %s\n", canyon_last_error());
        return 1;
    }

    const char *channels[] = {argv[3]};
    canyon_status status = canyon_publish(publisher, channels, 1, argv[4], argv[5], strlen(argv[5]), NULL);
    if (status != CANYON_OK) {
        /* CANYON_FULL may be tried again later; CANYON_INVALID is a mistake in what was given. */
        fprintf(stderr, "not published (%d): %s\n", status, canyon_last_error());
    }

    canyon_close(publisher);
    return status == CANYON_OK ? 0 : 1;
}
