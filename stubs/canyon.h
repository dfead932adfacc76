/*
 * Publishing to Canyon from C, and from every language that can call C: link with -lcanyon_publish.
 *
 * Made by cbindgen from src/capi/abi.rs; `CANYON_WRITE_HEADER=1 cargo test --features capi --test capi` writes it anew.
 * PHP's FFI extension reads it too, without the lines of the preprocessor.
 */

#ifndef CANYON_H
#define CANYON_H

#include <stddef.h>

/**
 * What a call came to.
 */
typedef enum {
  /**
   * Done. For an event: it stands in the queue.
   */
  CANYON_OK = 0,
  /**
   * The queue has no room, because no server drains it or it does not keep up. Nothing was published.
   */
  CANYON_FULL = 1,
  /**
   * An argument, a name, a size or an encoding is not allowed. The same call cannot succeed later.
   */
  CANYON_INVALID = 2,
  /**
   * The queue cannot be used: permissions, no space, another version of Canyon.
   */
  CANYON_QUEUE = 3,
  /**
   * Another thread is using this publisher at this moment. Open one per thread.
   */
  CANYON_BUSY = 4,
  /**
   * A mistake in this library. Please report it.
   */
  CANYON_INTERNAL = 5,
} canyon_status;

/**
 * Publishes events of one application through one queue. Opaque; made by canyon_open().
 *
 * Belongs to one thread at a time; open one for each thread that publishes. A process made by fork() may go on with its
 * parent's publisher: it gets a ring of its own at its first event.
 */
typedef struct canyon_publisher canyon_publisher;

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/**
 * Open a publisher. No server has to run.
 *
 * queue: the queue directory, the same as the server's; it is made if it does not exist.
 * app_id: the id of the application, as the server knows it.
 * options: NULL, or "name=value" pairs with spaces between them: queue_group and queue_owner (who else may use the
 * directory; by default nobody), ring_bytes (256K), max_event_bytes (1M), max_channel_length (164).
 * publisher: where to put the new publisher; NULL is put there if it fails.
 *
 * # Safety
 * The strings end with NUL, and publisher points to a pointer.
 */
canyon_status canyon_open(const char *queue,
                          const char *app_id,
                          const char *options,
                          canyon_publisher **publisher);

/**
 * Publish an event. Never waits: it returns when the event stands in the queue, whether a server runs or not.
 *
 * channels: count names, at least one. event: at most 200 characters. data: length bytes of UTF-8, usually JSON, as the
 * clients get them. except: NULL, or the socket id ("1234.5678") of the client that does not get it.
 *
 * # Safety
 * publisher is from canyon_open() and was not closed, the strings end with NUL, channels holds count of them, and data
 * holds length bytes.
 */
canyon_status canyon_publish(canyon_publisher *publisher,
                             const char *const *channels,
                             size_t count,
                             const char *event,
                             const char *data,
                             size_t length,
                             const char *except);

/**
 * Close a publisher; what it has published stays in the queue. NULL is allowed.
 *
 * # Safety
 * publisher is from canyon_open(), was not closed before, and no thread is using it.
 */
void canyon_close(canyon_publisher *publisher);

/**
 * Get what went wrong in the last call of this thread that did not return CANYON_OK: one line of UTF-8 that says what to
 * do. It is good until the next call of this thread.
 */
const char *canyon_last_error(void);

/**
 * Get the version of the library, like "1.2.3".
 */
const char *canyon_version(void);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* CANYON_H */
