/*
 * Publishes as a parent, from a child that goes on with its parent's publisher, and from three threads with a publisher
 * each: a hundred numbered events of each. Silent if all went well.
 */
#define _POSIX_C_SOURCE 200809L

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "canyon.h"

static const char *queue;

static canyon_publisher *opened(void) {
    canyon_publisher *publisher;
    if (canyon_open(queue, "my-app", NULL, &publisher) != CANYON_OK) {
        fprintf(stderr, "open: %s\n", canyon_last_error());
        exit(1);
    }
    return publisher;
}

static void publish(canyon_publisher *publisher, const char *event, int from, int to) {
    const char *channels[] = {"lobby", "orders"};
    for (int n = from; n < to; n++) {
        char data[16];
        snprintf(data, sizeof data, "%d", n);
        if (canyon_publish(publisher, channels, 2, event, data, strlen(data), NULL) != CANYON_OK) {
            fprintf(stderr, "%s %d: %s\n", event, n, canyon_last_error());
            exit(1);
        }
    }
}

static void *thread(void *name) {
    canyon_publisher *publisher = opened();
    publish(publisher, name, 0, 100);
    canyon_close(publisher);
    return NULL;
}

int main(int argc, char **argv) {
    if (argc != 2) {
        return 2;
    }
    queue = argv[1];
    canyon_publisher *publisher = opened();
    publish(publisher, "parent", 0, 50);
    pid_t child = fork();
    if (child == 0) {
        publish(publisher, "child", 0, 100);
        canyon_close(publisher);
        return 0;
    }
    publish(publisher, "parent", 50, 100);
    int status;
    if (waitpid(child, &status, 0) != child || status != 0) {
        fprintf(stderr, "the child ended with %d\n", status);
        return 1;
    }
    pthread_t threads[3];
    char names[3][16];
    for (int n = 0; n < 3; n++) {
        snprintf(names[n], sizeof names[n], "thread-%d", n);
        if (pthread_create(&threads[n], NULL, thread, names[n]) != 0) {
            return 1;
        }
    }
    for (int n = 0; n < 3; n++) {
        pthread_join(threads[n], NULL);
    }
    canyon_close(publisher);
    return 0;
}
