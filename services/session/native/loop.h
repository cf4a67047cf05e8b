/* The thread that serves one stream: one epoll loop over its terminal, its viewers and its deadlines. */
#pragma once
#include "terminal.h"

#define BATCH 64

static void on_viewer(struct stream *stream, int id, uint32_t events) {
  struct viewer *viewer = viewer_of(stream, id);
  if (viewer == NULL) return; /* it went while the event was under way */
  bool reads = viewer->mask & EPOLLIN;
  if (events & (EPOLLOUT | EPOLLERR | EPOLLHUP)) viewer_flush(stream, viewer);
  if (reads && (events & (EPOLLIN | EPOLLERR | EPOLLHUP))) read_viewer(stream, viewer);
  settle(stream, viewer);
}

static void on_terminal(struct stream *stream, uint32_t events) {
  if (events & EPOLLOUT) write_terminal(stream);
  if (events & (EPOLLIN | EPOLLERR | EPOLLHUP)) read_terminal(stream);
}

/* A flood goes on waiting while it comes. */
static void tell_in_time(struct stream *stream, double now) {
  if (stream->pending_came < TELL_FLOOD_BYTES || ++stream->pending_waits >= TELL_WAITS) {
    tell_now(stream);
    return;
  }
  stream->pending_came = 0;
  by(stream, TELL, now + TELL_S);
}

static void tell_typed(struct stream *stream, double now) {
  for (struct viewer *viewer = stream->viewers; viewer != NULL; viewer = viewer->next) {
    if (viewer->tell_typed_at == 0) continue;
    if (viewer->tell_typed_at > now) by(stream, INPUT_ACKS, viewer->tell_typed_at);
    else say_typed(stream, viewer);
    settle(stream, viewer);
  }
}

static void on_deadline(struct stream *stream, enum deadline which, double now) {
  if (which == TELL) tell_in_time(stream, now);
  else if (which == CONTROLLER) pump_controller(stream);
  else if (which == ROUND) pump_all(stream);
  else if (which == INPUT_ACKS) tell_typed(stream, now);
  else if (which == BLOCKED) input_settled(stream, false, now);
}

static void on_tick(struct stream *stream) {
  uint64_t count;
  if (read(stream->timer, &count, sizeof count) < 0) return; /* it was set again meanwhile */
  double now = clock_now();
  stream->timer_at = 0;
  for (int which = 0; which < DEADLINES; which++) {
    if (stream->at[which] == 0 || stream->at[which] > now) continue;
    stream->at[which] = 0;
    on_deadline(stream, which, now);
  }
  for (int which = 0; which < DEADLINES; which++)
    if (stream->at[which] != 0) arm(stream, stream->at[which]);
}

static void *serve(void *argument) {
  struct stream *stream = argument;
  struct epoll_event events[BATCH];
  for (bool stopping = false; !stopping;) {
    int count = epoll_wait(stream->epoll, events, BATCH, -1);
    for (int at = 0; at < count; at++) {
      int id = (int)events[at].data.u32;
      enter(stream);
      if (id == TIMER_ID) on_tick(stream);
      else if (id == TERMINAL_ID) on_terminal(stream, events[at].events);
      else on_viewer(stream, id, events[at].events);
      watch_terminal(stream);
      stopping = stream->stopping;
      leave(stream);
    }
  }
  return NULL;
}
