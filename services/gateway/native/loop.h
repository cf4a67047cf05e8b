/* The thread that serves all relays of the process: one epoll loop that reads, and writes at once.
 *
 * Contract: all but `serve` is called with `loop->mutex` held, by the thread or by JavaScript's. Only the thread ends a
 * relay and closes its descriptors, so that an event still in its hands never points to nothing; others arm a deadline that
 * has passed. `loop->on_end` is told last of all, without the mutex; from then on the relay is the receiver's to free. */
#include "splice.h"

static bool is_read(const struct side *side) {
  const struct relay *relay = side->relay;
  bool dropped = is_client(side) ? relay->too_large : relay->closing == CLOSE_SENT;
  return !side->ended && (dropped || side->other->kept_end == 0);
}

static void listen_to(struct loop *loop, struct side *side) {
  if (!is_read(side)) return;
  ssize_t got = recv(side->fd, loop->scratch, READ_BYTES, MSG_DONTWAIT);
  if (got > 0) say(loop, side, loop->scratch, (size_t)got);
  else if (got == 0) gone(loop, side);
  else if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) fail(loop, side);
}

static void flush(struct loop *loop, struct side *to) {
  if (to->kept_end == 0) return;
  ssize_t sent = give(loop, to, to->kept + to->kept_at, to->kept_end - to->kept_at);
  if (sent < 0) return;
  to->kept_at += (size_t)sent;
  if (to->kept_at < to->kept_end) return;
  double now = clock_now();
  drop_kept(to);
  lagged(loop, to, now - to->kept_since);
  to->other->heard_at = now; /* it was not listened to meanwhile */
}

static void watch(struct loop *loop, struct side *side) {
  uint32_t mask = (is_read(side) ? EPOLLIN : 0) | (side->kept_end > 0 ? EPOLLOUT : 0);
  if (mask == side->mask) return;
  int how = side->mask == 0 ? EPOLL_CTL_ADD : mask == 0 ? EPOLL_CTL_DEL : EPOLL_CTL_MOD;
  struct epoll_event event = {.events = mask, .data.ptr = side};
  if (epoll_ctl(loop->epoll, how, side->fd, &event) == 0) side->mask = mask;
  else arm(loop, side->relay, clock_now()); /* no memory or no room for watches: better ended than deaf */
}

static void shut_when_written(struct side *side) {
  if (!side->ending || side->shut || side->kept_end > 0) return;
  shutdown(side->fd, SHUT_WR);
  side->shut = true;
}

/* After anything happened; true: nothing is left to do for it. */
static bool settle(struct loop *loop, struct relay *relay) {
  shut_when_written(&relay->client);
  shut_when_written(&relay->host);
  watch(loop, &relay->client);
  watch(loop, &relay->host);
  return relay->client.ended && relay->host.ended && relay->client.shut && relay->host.shut;
}

static void release(struct loop *loop, struct side *side) {
  drop_kept(side);
  if (side->mask != 0) epoll_ctl(loop->epoll, EPOLL_CTL_DEL, side->fd, NULL);
  if (side->fd >= 0) close(side->fd);
}

/* On the thread, or after it. */
static void end_relay(struct loop *loop, struct relay *relay) {
  release(loop, &relay->client);
  release(loop, &relay->host);
  relay->over = true;
  *relay->link = relay->next;
  if (relay->next != NULL) relay->next->link = relay->link;
  relay->next = loop->ended;
  loop->ended = relay;
}

static void on_event(struct loop *loop, struct side *side, uint32_t events) {
  struct relay *relay = side->relay;
  if (relay->over) return;
  if (events & (EPOLLOUT | EPOLLERR | EPOLLHUP)) flush(loop, side);
  if (events & (EPOLLIN | EPOLLERR | EPOLLHUP)) listen_to(loop, side);
  if (settle(loop, relay)) end_relay(loop, relay);
}

static void on_tick(struct loop *loop) {
  uint64_t count;
  if (read(loop->timer, &count, sizeof count) < 0) return; /* it was set again meanwhile */
  double now = clock_now();
  loop->next_tick = 0;
  for (struct relay *relay = loop->relays, *next; relay != NULL; relay = next) {
    next = relay->next;
    if (relay->deadline == 0) continue;
    if (relay->deadline <= now) end_relay(loop, relay);
    else arm(loop, relay, relay->deadline);
  }
}

static void *serve(void *argument) {
  struct loop *loop = argument;
  struct epoll_event events[BATCH];
  for (bool stopping = false; !stopping;) {
    int count = epoll_wait(loop->epoll, events, BATCH, -1);
    for (int at = 0; at < count; at++) {
      pthread_mutex_lock(&loop->mutex);
      if (events[at].data.ptr == NULL) on_tick(loop);
      else on_event(loop, events[at].data.ptr, events[at].events);
      pthread_mutex_unlock(&loop->mutex);
    }
    pthread_mutex_lock(&loop->mutex);
    struct relay *ended = loop->ended;
    loop->ended = NULL;
    stopping = loop->stopping;
    pthread_mutex_unlock(&loop->mutex);
    for (struct relay *next; ended != NULL; ended = next) {
      next = ended->next;
      loop->on_end(loop, ended);
    }
  }
  return NULL;
}
