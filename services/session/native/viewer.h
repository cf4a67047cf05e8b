/* One viewer's connection and its place in the stream: a cursor over the replay buffer and a window of unacknowledged
 * bytes. Output is framed and sent here; of what the client says, input and acknowledgements are taken here, and whole
 * frames of everything else are passed to JavaScript, which answers by `send`. */
#pragma once
#include "stream.h"

/* Longest payload of one frame of output. */
#define MAX_SEND_BYTES (64 * 1024)
/* Longest payload of input that is taken here, and of a text that may be an acknowledgement. */
#define MAX_QUICK_BYTES (64 * 1024)
#define MAX_ACK_BYTES 64
/* Sizes of the replay buffer that a viewer may be behind before it is skipped ahead. */
#define PATIENCE 4

enum viewer_news { HEARD = 1, FLUSHED = 2, ENDED = 4, PAUSED = 8 };

struct viewer {
  struct viewer *next;
  int id, fd;
  uint32_t mask;
  uint8_t news;
  /* Read and not dealt with; the first `passed` bytes are for JavaScript, and `passing` more of their last frame will come. */
  uint8_t *in;
  size_t in_size, passed;
  uint64_t passing;
  /* JavaScript was told the beginning of a message in fragments. */
  bool in_message;
  /* JavaScript has dealt with all that it was told. */
  bool listening;
  /* Its input waits, and so does what it says after it. */
  bool held;
  /* It sends no more. */
  bool ended;
  /* Bytes, whole frames but for the beginning, that its socket had no room for. */
  uint8_t *out;
  size_t out_at, out_size;
  /* Its socket has no room. */
  bool crowded;
  /* JavaScript waits for what it sent to be gone; has no more to send; it takes no more. */
  bool wants_flushed, closing, shut;
  /* It has attached: what it acknowledges counts, and what it types if it may. */
  bool joined, typing, raw, controls;
  /* Output is sent. Without it JavaScript has something to say first: PAUSED told it so. */
  bool live;
  /* There is more to send than window or socket have room for. */
  bool waits;
  /* `stop`: where something else has to be said before the stream goes on. */
  uint64_t cursor, acked, stop;
  double acked_at;
  /* Input bytes accepted, and told. */
  uint64_t typed, typed_told;
  double tell_typed_at;
};

static void type(struct stream *stream, const uint8_t *bytes, size_t size, bool is_reply);
static void pump(struct stream *stream, struct viewer *viewer);

static struct viewer *viewer_of(const struct stream *stream, int id) {
  struct viewer *viewer = stream->viewers;
  while (viewer != NULL && viewer->id != id) viewer = viewer->next;
  return viewer;
}

static void viewer_news(struct stream *stream, struct viewer *viewer, uint8_t news) {
  viewer->news |= news;
  tell_now(stream);
}

static void watch_viewer(struct stream *stream, struct viewer *viewer) {
  bool reads = viewer->listening && viewer->passed == 0 && !viewer->held && !viewer->ended;
  uint32_t wanted = (reads ? EPOLLIN : 0) | (viewer->crowded ? EPOLLOUT : 0);
  watch_fd(stream, viewer->fd, &viewer->mask, wanted, viewer->id);
}

static void break_off(struct stream *stream, struct viewer *viewer) {
  free(viewer->out);
  viewer->out = NULL;
  viewer->out_at = viewer->out_size = 0;
  viewer->crowded = viewer->live = false;
  viewer->ended = viewer->shut = true;
  viewer_news(stream, viewer, ENDED);
}

/* Bytes that the socket took; those it did not are the caller's. */
static size_t give(struct stream *stream, struct viewer *viewer, struct iovec *parts, int count) {
  struct msghdr message = {.msg_iov = parts, .msg_iovlen = (size_t)count};
  ssize_t sent;
  if (viewer->shut || viewer->crowded) return 0;
  do sent = sendmsg(viewer->fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
  while (sent < 0 && errno == EINTR);
  size_t size = 0;
  for (int at = 0; at < count; at++) size += parts[at].iov_len;
  if (sent >= 0 && (size_t)sent == size) return size;
  if (sent >= 0 || errno == EAGAIN || errno == EWOULDBLOCK) viewer->crowded = true;
  else break_off(stream, viewer);
  return sent < 0 ? 0 : (size_t)sent;
}

/* Keeps what is behind the first `sent` bytes of the parts. */
static void keep(struct viewer *viewer, const struct iovec *parts, int count, size_t sent) {
  for (int at = 0; at < count; at++) {
    size_t size = parts[at].iov_len, gone = sent < size ? sent : size;
    sent -= gone;
    if (gone == size) continue;
    viewer->out = must(realloc(viewer->out, viewer->out_size + size - gone));
    memcpy(viewer->out + viewer->out_size, (uint8_t *)parts[at].iov_base + gone, size - gone);
    viewer->out_size += size - gone;
  }
}

/* Whole frames, between those of the output. True: they have left this process. */
static bool viewer_send(struct stream *stream, struct viewer *viewer, uint8_t *bytes, size_t size) {
  struct iovec part = {bytes, size};
  size_t sent = give(stream, viewer, &part, 1);
  if (!viewer->shut) keep(viewer, &part, 1, sent);
  return viewer->out_size == viewer->out_at;
}

static void shut_when_sent(struct viewer *viewer) {
  if (!viewer->closing || viewer->shut || viewer->out_size > viewer->out_at) return;
  shutdown(viewer->fd, SHUT_WR);
  viewer->shut = true;
}

/* What left this process counts as parsed by who sends no acknowledgements. */
static void raw_sent(struct viewer *viewer) {
  if (!viewer->raw || viewer->out_size > viewer->out_at) return;
  viewer->acked = viewer->cursor;
  viewer->acked_at = clock_now();
}

/* The socket has room again. */
static void viewer_flush(struct stream *stream, struct viewer *viewer) {
  struct iovec rest = {viewer->out + viewer->out_at, viewer->out_size - viewer->out_at};
  viewer->crowded = false;
  if (rest.iov_len > 0) viewer->out_at += give(stream, viewer, &rest, 1);
  if (viewer->out_at < viewer->out_size || viewer->shut) return;
  free(viewer->out);
  viewer->out = NULL;
  viewer->out_at = viewer->out_size = 0;
  if (viewer->wants_flushed) viewer_news(stream, viewer, FLUSHED);
  viewer->wants_flushed = false;
  shut_when_sent(viewer);
  raw_sent(viewer);
  if (viewer->waits) pump(stream, viewer);
}

/* One frame of output. False: the socket has no room for more. */
static bool send_output(struct stream *stream, struct viewer *viewer, size_t size) {
  uint8_t head[HEAD_BYTES];
  struct iovec parts[1 + SPAN_PARTS] = {{head, frame_head(head, OPCODE_BINARY, size)}};
  int count = 1 + ring_span(&stream->ring, viewer->cursor, size, parts + 1);
  size_t sent = give(stream, viewer, parts, count);
  if (sent == 0) return false; /* nothing of it was begun: it may yet be skipped */
  viewer->cursor += size;
  if (!viewer->shut) keep(viewer, parts, count, sent);
  raw_sent(viewer);
  return !viewer->crowded;
}

static void pause_view(struct stream *stream, struct viewer *viewer) {
  viewer->live = viewer->waits = false;
  viewer_news(stream, viewer, PAUSED);
}

/* Sends what window and socket have room for. */
static void pump(struct stream *stream, struct viewer *viewer) {
  const struct ring *ring = &stream->ring;
  while (viewer->live && !viewer->crowded) {
    viewer->waits = true;
    if (viewer->cursor < ring->start) {
      /* A snapshot now would be old when its turn comes, so it waits until the client has caught up. */
      if (viewer->cursor - viewer->acked <= stream->terms.ack_bytes) pause_view(stream, viewer);
      return;
    }
    bool over = stream->finished && viewer->cursor == ring->end;
    if (viewer->cursor == viewer->stop || over) {
      pause_view(stream, viewer);
      return;
    }
    uint64_t limit = viewer->acked + stream->terms.window_bytes;
    if (limit > ring->end) limit = ring->end;
    if (limit > viewer->stop) limit = viewer->stop;
    if (limit <= viewer->cursor) {
      viewer->waits = viewer->cursor < ring->end;
      return;
    }
    size_t size = limit - viewer->cursor < MAX_SEND_BYTES ? (size_t)(limit - viewer->cursor) : MAX_SEND_BYTES;
    if (!send_output(stream, viewer, size)) return;
  }
}

static void viewer_ack(struct stream *stream, struct viewer *viewer, uint64_t offset) {
  if (offset > viewer->cursor) offset = viewer->cursor;
  if (offset > viewer->acked) viewer->acked = offset;
  viewer->acked_at = clock_now();
  if (viewer->waits) pump(stream, viewer); /* what came meanwhile to who did not wait goes out with the next round */
}
