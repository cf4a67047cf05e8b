/* One session's stream: the terminal it comes from, what of it is kept, who views it, what waits for JavaScript, and the
 * deadlines of all that. Everything in it is touched with `mutex` held, by the thread or by JavaScript's. */
#pragma once
#define _GNU_SOURCE
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>

#include "ring.h"
#include "mark.h"
#include "seen.h"
#include "input.h"
#include "frames.h"

/* Bytes of one read. */
#define READ_BYTES (64 * 1024)
/* A piece of output below it is what somebody waits for; one above is part of more, which is waited for. */
#define SMALL_BYTES 1024
/* Seconds until JavaScript is told of output: of a small piece, of more, and of a flood. Much of the latter needs no
 * parsing, so it waits, though not for ever, while `bytes` of it come in each of the waits. */
#define TELL_SMALL_S 0.0005
#define TELL_S 0.02
#define TELL_WAITS 5
#define TELL_FLOOD_BYTES (128 * 1024)
/* Seconds until JavaScript is told of input. */
#define TELL_INPUT_S 0.02
/* The terminal is not read while so much was kept for a snapshot that is being made. */
#define KEPT_BYTES (4 * 1024 * 1024)
/* Before a write is tried again that failed although there should have been room. */
#define RETRY_S 0.01
/* Marks between two looks of JavaScript; the leader makes two at most. */
#define MAX_MARKS 4

#define FOREVER UINT64_MAX

enum deadline { TELL, CONTROLLER, ROUND, INPUT_ACKS, BLOCKED, RETRY, DEADLINES };

/* What is set once, in the order of open()'s numbers. */
struct terms {
  uint64_t replay_bytes, window_bytes, ack_bytes;
  /* Of more than this only what can be seen waits for the screen; if that is more than half of it, the terminal is not read
   * until it was taken. */
  uint64_t pending_bytes;
  double ack_s, flood_s, round_s, hiccup_s;
};

struct marked {
  uint64_t offset;
  char text[MARK_TEXT_BYTES];
  size_t size;
};

struct viewer;
struct binding;

struct stream {
  /* Who wants the mutex takes `next` first, or the thread would have it again before others wake up. */
  pthread_mutex_t mutex, next;
  pthread_t thread;
  bool running, stopping;
  int epoll, timer, pty;
  double at[DEADLINES], timer_at;
  struct terms terms;
  /* The terminal: what epoll watches for; nobody has it open any more; nothing of it is wanted any more. */
  uint32_t mask;
  bool hung_up, closed;
  struct mark mark;
  struct input input;
  struct ring ring;
  /* What JavaScript's screen has not had. */
  uint8_t *pending;
  size_t pending_size, pending_room, pending_came;
  int pending_waits;
  uint64_t lines;
  bool pending_full;
  /* From here on the stream is needed by a snapshot. */
  uint64_t keep_from;
  /* The stream has ended, and all of it is here. */
  bool finished;
  struct viewer *viewers;
  size_t viewer_count;
  int last_id;
  double controller_at, round_at;
  /* News for JavaScript. */
  const struct binding *binding;
  void (*tell)(struct stream *stream);
  bool told, moved, input_news;
  /* Bits of enum tty_modes, as JavaScript knows them. */
  int tty;
  /* A line was entered since the last take, when the stream ended there. */
  bool line_entered;
  uint64_t line_at;
  struct marked marks[MAX_MARKS];
  size_t mark_count;
  /* Unix time of the last input or output, milliseconds. */
  double active_ms;
  /* Bytes of the terminal that may be the beginning of a mark stand at the front of `scratch`. */
  size_t held;
  uint8_t scratch[HELD_BYTES + READ_BYTES];
  uint8_t heard[READ_BYTES];
};

static void enter(struct stream *stream) {
  pthread_mutex_lock(&stream->next);
  pthread_mutex_lock(&stream->mutex);
  pthread_mutex_unlock(&stream->next);
}

static void leave(struct stream *stream) { pthread_mutex_unlock(&stream->mutex); }

/* Seconds. */
static double clock_now(void) {
  struct timespec at;
  clock_gettime(CLOCK_MONOTONIC, &at);
  return (double)at.tv_sec + (double)at.tv_nsec / 1e9;
}

static double unix_ms(void) {
  struct timespec at;
  clock_gettime(CLOCK_REALTIME, &at);
  return (double)at.tv_sec * 1e3 + (double)at.tv_nsec / 1e6;
}

static void arm(struct stream *stream, double at) {
  if (stream->timer_at != 0 && stream->timer_at <= at) return;
  stream->timer_at = at;
  struct itimerspec when = {.it_value = {.tv_sec = (time_t)at, .tv_nsec = (long)((at - (double)(time_t)at) * 1e9)}};
  timerfd_settime(stream->timer, TFD_TIMER_ABSTIME, &when, NULL);
}

/* At the latest then. */
static void by(struct stream *stream, enum deadline which, double at) {
  if (stream->at[which] != 0 && stream->at[which] <= at) return;
  stream->at[which] = at;
  arm(stream, at);
}

/* JavaScript will ask for all that is new. */
static void tell_now(struct stream *stream) {
  stream->at[TELL] = 0;
  if (stream->told) return;
  stream->told = true;
  stream->tell(stream);
}

static void watch_fd(struct stream *stream, int fd, uint32_t *mask, uint32_t wanted, int id) {
  if (wanted == *mask) return;
  int how = *mask == 0 ? EPOLL_CTL_ADD : wanted == 0 ? EPOLL_CTL_DEL : EPOLL_CTL_MOD;
  struct epoll_event event = {.events = wanted, .data.u32 = (uint32_t)id};
  if (epoll_ctl(stream->epoll, how, fd, &event) == 0) *mask = wanted;
}
