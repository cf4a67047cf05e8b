/* One relay: what it knows of its two sides, and what follows from each thing they say. Every function is called with
 * `loop->mutex` held. Bytes are kept only while a side is slow, at most one read of the other (and a Close frame), and the
 * other is not read meanwhile. */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "frames.h"

/* Seconds that one side may take to answer a close, or to end after the other did. */
#define CLOSING_S 2.0
/* Seconds: output within this time before an input makes the next output no echo of it. */
#define QUIET_S 0.05
/* Bytes of one read: also the turn after which the next socket is served, and the most that is kept. */
#define READ_BYTES (64 * 1024)
#define BATCH 64
#define MAX_BUCKETS 32

/* In the order of CAUSES in src/relay.ts. */
enum cause { NOBODY, BY_CLIENT, BY_HOST, BY_DRAIN, BY_OVERSIZE, BY_IDLE };
enum closing { OPEN, WAITING_FOR_BOUNDARY, CLOSE_SENT };

struct histogram {
  uint64_t counts[MAX_BUCKETS + 1];
  double sum;
};

/* One direction, named by where it comes from. */
struct lane {
  uint64_t bytes;
  uint64_t pauses;
  /* Most bytes that ever waited for the slower side. */
  uint64_t peak;
};

struct side {
  struct relay *relay;
  struct side *other;
  int fd;
  /* What epoll watches for; 0: it is not in the set, else a hang-up would be told again and again. */
  uint32_t mask;
  /* It sends no more. */
  bool ended;
  /* Nothing more will be for it, once the kept bytes are written. */
  bool ending;
  /* It takes no more: what is for it is dropped. */
  bool shut;
  struct walker walker;
  struct lane lane;
  double heard_at;
  /* Bytes for this side that it did not take yet. */
  uint8_t *kept;
  size_t kept_at, kept_end;
  double kept_since;
};

struct relay {
  struct side client, host;
  struct relay *next, **link;
  enum cause cause;
  enum closing closing;
  bool client_closed, host_closed, too_large;
  bool over;
  /* When it is ended whatever it does; 0: never. */
  double deadline;
  /* When the input was read whose echo is awaited; 0: none is. */
  double input_at;
  double output_at;
  /* The binding's own. */
  void *about;
};

struct close_frame {
  uint8_t bytes[127];
  size_t size;
};

struct loop {
  pthread_mutex_t mutex;
  pthread_t thread;
  bool running, stopping;
  int epoll, timer;
  double next_tick;
  struct relay *relays, *ended;
  void (*on_end)(struct loop *loop, struct relay *relay);
  uint64_t max_message;
  struct close_frame drain, oversize;
  size_t bucket_count;
  double buckets[MAX_BUCKETS];
  struct lane in, out;
  struct histogram lag_in, lag_out, echo;
  uint8_t scratch[READ_BYTES];
};

/* Seconds of CLOCK_MONOTONIC, which is process.hrtime's. */
static double clock_now(void) {
  struct timespec at;
  clock_gettime(CLOCK_MONOTONIC, &at);
  return (double)at.tv_sec + (double)at.tv_nsec / 1e9;
}

static void observe(struct loop *loop, struct histogram *histogram, double seconds) {
  size_t bucket = 0;
  while (bucket < loop->bucket_count && seconds > loop->buckets[bucket]) bucket++;
  histogram->counts[bucket]++;
  histogram->sum += seconds;
}

static void arm(struct loop *loop, struct relay *relay, double at) {
  if (relay->deadline == 0 || at < relay->deadline) relay->deadline = at;
  if (loop->next_tick != 0 && loop->next_tick <= at) return;
  loop->next_tick = at;
  struct itimerspec when = {.it_value = {.tv_sec = (time_t)at, .tv_nsec = (long)((at - (double)(time_t)at) * 1e9)}};
  timerfd_settime(loop->timer, TFD_TIMER_ABSTIME, &when, NULL);
}

static void drop_kept(struct side *side) {
  free(side->kept);
  side->kept = NULL;
  side->kept_at = side->kept_end = 0;
}

static bool is_client(const struct side *side) { return side == &side->relay->client; }

/* It sends no more: the other one gets its last bytes. A client waits no longer than that; a slow client gets its tail. */
static void gone(struct loop *loop, struct side *side) {
  struct relay *relay = side->relay;
  side->ended = true;
  side->other->ending = true;
  if (relay->cause == NOBODY) relay->cause = is_client(side) ? BY_CLIENT : BY_HOST;
  if (is_client(side)) arm(loop, relay, clock_now() + CLOSING_S);
}

static void fail(struct loop *loop, struct side *side) {
  drop_kept(side);
  side->shut = true;
  gone(loop, side);
}

static void keep(struct loop *loop, struct side *to, const uint8_t *bytes, size_t size, double now) {
  size_t waiting = to->kept_end - to->kept_at;
  uint8_t *all = malloc(waiting + size);
  if (all == NULL) {
    fail(loop, to);
    return;
  }
  if (waiting > 0) memcpy(all, to->kept + to->kept_at, waiting);
  memcpy(all + waiting, bytes, size);
  drop_kept(to);
  if (waiting == 0) to->kept_since = now;
  to->kept = all;
  to->kept_end = waiting + size;
}

/* Returns how many bytes went out; -1: the side is broken. */
static ssize_t give(struct loop *loop, struct side *to, const uint8_t *bytes, size_t size) {
  ssize_t sent;
  do sent = send(to->fd, bytes, size, MSG_NOSIGNAL | MSG_DONTWAIT);
  while (sent < 0 && errno == EINTR);
  if (sent >= 0) return sent;
  if (errno == EAGAIN || errno == EWOULDBLOCK) return 0;
  fail(loop, to);
  return -1;
}

static void lagged(struct loop *loop, const struct side *to, double seconds) {
  observe(loop, is_client(to) ? &loop->lag_out : &loop->lag_in, seconds);
}

static void put(struct loop *loop, struct side *to, const uint8_t *bytes, size_t size, double now) {
  if (to->shut || size == 0) return;
  ssize_t sent = to->kept_end > 0 ? 0 : give(loop, to, bytes, size);
  if (sent < 0) return;
  if ((size_t)sent < size) keep(loop, to, bytes + sent, size - (size_t)sent, now);
  else lagged(loop, to, clock_now() - now);
}

/* What one side said, for the other. */
static void pass(struct loop *loop, struct side *from, const uint8_t *bytes, size_t size) {
  struct side *to = from->other;
  struct lane *total = is_client(from) ? &loop->in : &loop->out;
  if (to->shut || size == 0) return;
  from->lane.bytes += size;
  total->bytes += size;
  put(loop, to, bytes, size, from->heard_at);
  size_t waiting = to->kept_end - to->kept_at;
  if (waiting == 0) return;
  from->lane.pauses++;
  total->pauses++;
  if (waiting > from->lane.peak) from->lane.peak = waiting;
  if (waiting > total->peak) total->peak = waiting;
}

static void send_close(struct loop *loop, struct relay *relay) {
  const struct close_frame *frame = relay->too_large ? &loop->oversize : &loop->drain;
  relay->closing = CLOSE_SENT; /* whatever the host still says is dropped */
  if (!relay->host_closed) put(loop, &relay->client, frame->bytes, frame->size, clock_now());
  if (relay->too_large && !relay->host.shut) fail(loop, &relay->host);
}

/* Says why between two frames, then ends when the client has answered or when the time is up. */
static void begin_close(struct loop *loop, struct relay *relay, enum cause cause) {
  if (relay->closing != OPEN || relay->over) return;
  if (relay->cause == NOBODY) relay->cause = cause;
  relay->closing = WAITING_FOR_BOUNDARY;
  arm(loop, relay, clock_now() + CLOSING_S);
  if (walker_at_boundary(&relay->host.walker)) send_close(loop, relay);
}

static void on_client_frame(struct loop *loop, struct relay *relay) {
  const struct side *client = &relay->client;
  uint8_t opcode = client->walker.opcode;
  if (opcode == OPCODE_CLOSE) relay->client_closed = true;
  if (opcode < OPCODE_CLOSE && client->walker.message > loop->max_message && !relay->too_large) {
    relay->too_large = true;
    begin_close(loop, relay, BY_OVERSIZE);
  }
  bool quiet = relay->input_at == 0 && client->heard_at - relay->output_at > QUIET_S;
  if (opcode == OPCODE_BINARY && quiet) relay->input_at = client->heard_at;
}

static void on_host_frame(struct loop *loop, struct relay *relay) {
  uint8_t opcode = relay->host.walker.opcode;
  if (opcode == OPCODE_CLOSE) relay->host_closed = true;
  if (opcode != OPCODE_BINARY) return;
  relay->output_at = relay->host.heard_at;
  if (relay->input_at == 0) return;
  observe(loop, &loop->echo, relay->output_at - relay->input_at);
  relay->input_at = 0;
}

static void from_client(struct loop *loop, struct relay *relay, const uint8_t *bytes, size_t size) {
  struct side *client = &relay->client;
  bool begun;
  for (size_t at = 0; at < size;) {
    at += walk(&client->walker, bytes + at, size - at, &begun);
    if (begun) on_client_frame(loop, relay);
  }
  if (!relay->too_large) pass(loop, client, bytes, size);
  bool answered = relay->client_closed && relay->closing == CLOSE_SENT;
  if (answered && walker_at_boundary(&client->walker)) client->ending = relay->host.ending = true;
}

static void from_host(struct loop *loop, struct relay *relay, const uint8_t *bytes, size_t size) {
  struct side *host = &relay->host;
  size_t at = 0;
  bool begun;
  while (at < size && relay->closing != CLOSE_SENT) {
    at += walk(&host->walker, bytes + at, size - at, &begun);
    if (begun) on_host_frame(loop, relay);
    if (relay->closing == WAITING_FOR_BOUNDARY && walker_at_boundary(&host->walker)) break;
  }
  pass(loop, host, bytes, at);
  if (relay->closing == WAITING_FOR_BOUNDARY && walker_at_boundary(&host->walker)) send_close(loop, relay);
}

static void say(struct loop *loop, struct side *side, const uint8_t *bytes, size_t size) {
  side->heard_at = clock_now();
  if (is_client(side)) from_client(loop, side->relay, bytes, size);
  else from_host(loop, side->relay, bytes, size);
}
