/* Reads a terminal on a thread of its own while more comes than Node's event loop takes well: the terminal's driver hands
 * out 4 KiB at a time (drivers/tty/n_tty.c) and stops the program when some more are unread, and so it would stand still
 * whenever JavaScript does something else.
 *
 *   start(fd, onReady): reader      onReady is called when there is something to take, or nothing comes any more
 *   take(reader, room): bytes       copies at most what the buffer `room` holds; 0: nothing comes any more
 *   stop(reader): buffer            what was read and not taken; nothing else may be done with the reader afterwards
 *
 * Arguments come from src/flood-reader.ts alone and are trusted to have the right types. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <node_api.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* At most so much is read ahead of JavaScript; the program waits beyond it. */
#define RING_BYTES (256 * 1024)
/* JavaScript is told when so much waits, when it was not told for so long, or when nothing more came for so long. */
#define MANY_BYTES (64 * 1024)
#define LONGEST_NS 2000000L
#define SHORTLY_NS 100000L
/* The flood is over when nothing comes for this long. */
#define QUIET_NS 2000000L

struct reader {
  pthread_t thread;
  pthread_mutex_t mutex;
  pthread_cond_t room;
  napi_threadsafe_function ready;
  int fd;
  size_t start, size;
  int64_t told_at;
  /* JavaScript knows that there is something, and will take until there is nothing. */
  bool told;
  bool over, stopping;
  uint8_t ring[RING_BYTES];
};

static int64_t now(void) {
  struct timespec at;
  clock_gettime(CLOCK_MONOTONIC, &at);
  return (int64_t)at.tv_sec * 1000000000 + at.tv_nsec;
}

/* With the mutex held, as all below but `serve` and `comes`. */
static void tell(struct reader *reader) {
  if (reader->told) return;
  reader->told = true;
  reader->told_at = now();
  /* Node is going: nobody will take any more. */
  if (napi_call_threadsafe_function(reader->ready, NULL, napi_tsfn_nonblocking) == napi_closing) reader->stopping = true;
}

static size_t free_span(const struct reader *reader, size_t *at) {
  *at = (reader->start + reader->size) % RING_BYTES;
  size_t left = RING_BYTES - reader->size, behind = RING_BYTES - *at;
  return left < behind ? left : behind;
}

static void came(struct reader *reader, size_t size) {
  reader->size += size;
  if (reader->size >= MANY_BYTES || now() - reader->told_at >= LONGEST_NS) tell(reader);
}

static bool comes(int fd, long wait_ns) {
  struct pollfd watched = {.fd = fd, .events = POLLIN};
  struct timespec wait = {.tv_nsec = wait_ns};
  return ppoll(&watched, 1, &wait, NULL) > 0;
}

/* Nothing is there to be read. True: nor will be soon. */
static bool pause_reading(struct reader *reader) {
  bool untold = reader->size > 0 && !reader->told;
  pthread_mutex_unlock(&reader->mutex);
  bool more = comes(reader->fd, untold ? SHORTLY_NS : QUIET_NS);
  pthread_mutex_lock(&reader->mutex);
  if (!more && untold) tell(reader);
  return !more && !untold;
}

static void *serve(void *argument) {
  struct reader *reader = argument;
  pthread_mutex_lock(&reader->mutex);
  while (!reader->stopping && !reader->over) {
    size_t at, span = free_span(reader, &at);
    if (span == 0) {
      tell(reader);
      pthread_cond_wait(&reader->room, &reader->mutex);
      continue;
    }
    pthread_mutex_unlock(&reader->mutex);
    ssize_t got = read(reader->fd, reader->ring + at, span);
    int error = errno;
    pthread_mutex_lock(&reader->mutex);
    if (got > 0) came(reader, (size_t)got);
    else if (got == 0 || (error != EAGAIN && error != EINTR)) reader->over = true; /* who reads next finds out why */
    else if (error == EAGAIN) reader->over = pause_reading(reader);
  }
  tell(reader);
  pthread_mutex_unlock(&reader->mutex);
  return NULL;
}

static struct reader *reader_of(napi_env env, napi_callback_info info, napi_value *argv) {
  size_t count = 2;
  void *reader;
  napi_get_cb_info(env, info, &count, argv, NULL, NULL);
  napi_get_value_external(env, argv[0], &reader);
  return reader;
}

static napi_value start(napi_env env, napi_callback_info info) {
  napi_value argv[2], name, handle;
  size_t count = 2;
  int32_t fd;
  struct reader *reader = calloc(1, sizeof *reader);
  napi_get_cb_info(env, info, &count, argv, NULL, NULL);
  napi_get_value_int32(env, argv[0], &fd);
  if (reader == NULL) return NULL;
  /* One of its own: the other may be closed while the thread reads. */
  reader->fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
  pthread_mutex_init(&reader->mutex, NULL);
  pthread_cond_init(&reader->room, NULL);
  napi_create_string_utf8(env, "flood-reader", NAPI_AUTO_LENGTH, &name);
  napi_create_threadsafe_function(env, argv[1], NULL, name, 0, 1, NULL, NULL, NULL, NULL, &reader->ready);
  if (reader->fd >= 0 && pthread_create(&reader->thread, NULL, serve, reader) == 0) {
    napi_create_external(env, reader, NULL, NULL, &handle);
    return handle;
  }
  napi_release_threadsafe_function(reader->ready, napi_tsfn_release);
  if (reader->fd >= 0) close(reader->fd);
  free(reader);
  return NULL; /* undefined: the event loop has to go on reading */
}

static size_t copy_out(struct reader *reader, uint8_t *into, size_t room) {
  size_t size = reader->size < room ? reader->size : room;
  size_t first = RING_BYTES - reader->start < size ? RING_BYTES - reader->start : size;
  memcpy(into, reader->ring + reader->start, first);
  memcpy(into + first, reader->ring, size - first);
  reader->start = (reader->start + size) % RING_BYTES;
  reader->size -= size;
  return size;
}

static napi_value take(napi_env env, napi_callback_info info) {
  napi_value argv[2], result;
  void *into;
  size_t room;
  struct reader *reader = reader_of(env, info, argv);
  napi_get_buffer_info(env, argv[1], &into, &room);
  pthread_mutex_lock(&reader->mutex);
  size_t taken = copy_out(reader, into, room);
  reader->told = false;
  if (reader->size > 0 || (reader->over && taken > 0)) tell(reader);
  pthread_cond_signal(&reader->room);
  pthread_mutex_unlock(&reader->mutex);
  napi_create_uint32(env, (uint32_t)taken, &result);
  return result;
}

static napi_value stop(napi_env env, napi_callback_info info) {
  napi_value argv[2], rest;
  void *into;
  struct reader *reader = reader_of(env, info, argv);
  pthread_mutex_lock(&reader->mutex);
  reader->stopping = true;
  pthread_cond_signal(&reader->room);
  pthread_mutex_unlock(&reader->mutex);
  pthread_join(reader->thread, NULL);
  napi_release_threadsafe_function(reader->ready, napi_tsfn_abort);
  size_t size = reader->size;
  if (napi_create_buffer(env, size, &into, &rest) == napi_ok) copy_out(reader, into, size);
  close(reader->fd);
  pthread_cond_destroy(&reader->room);
  pthread_mutex_destroy(&reader->mutex);
  free(reader);
  return rest;
}

NAPI_MODULE_INIT() {
  const napi_property_descriptor functions[] = {
      {.utf8name = "start", .method = start, .attributes = napi_enumerable},
      {.utf8name = "take", .method = take, .attributes = napi_enumerable},
      {.utf8name = "stop", .method = stop, .attributes = napi_enumerable},
  };
  napi_define_properties(env, exports, sizeof functions / sizeof *functions, functions);
  return exports;
}
