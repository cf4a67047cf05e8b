/* The terminal's two directions: output into the stream, input with its limits. */
#pragma once
#include "rounds.h"

/* In epoll's set; viewers have numbers above. */
#define TIMER_ID 0
#define TERMINAL_ID 1

/* A piece this large has more behind it: it is read at once. */
#define MORE_BYTES SMALL_BYTES

static void watch_terminal(struct stream *stream) {
  bool crowded = stream->keep_from != FOREVER && stream->ring.end - stream->keep_from > KEPT_BYTES;
  bool reads = !stream->closed && !stream->pending_full && !crowded;
  bool writes = stream->input.head != NULL && stream->at[RETRY] == 0;
  uint32_t wanted = stream->hung_up ? 0 : (reads ? EPOLLIN : 0) | (writes ? EPOLLOUT : 0);
  watch_fd(stream, stream->pty, &stream->mask, wanted, TERMINAL_ID);
}

/* Soon: JavaScript parses it when those who look have it. */
static void tell_output(struct stream *stream, double now) {
  if (stream->told) return;
  if (stream->pending_full) tell_now(stream);
  else by(stream, TELL, now + (stream->pending_size <= SMALL_BYTES ? TELL_SMALL_S : TELL_S));
}

static void bound_pending(struct stream *stream) {
  if (stream->pending_size < stream->terms.pending_bytes) return;
  stream->pending_size = keep_seen(stream->pending, stream->pending_size, stream->lines);
  stream->pending_full = stream->pending_size > stream->terms.pending_bytes / 2;
}

static void pend(struct stream *stream, const uint8_t *bytes, size_t size) {
  if (stream->pending_size + size > stream->pending_room) {
    stream->pending_room = stream->pending_room * 2 + size;
    stream->pending = must(realloc(stream->pending, stream->pending_room));
  }
  memcpy(stream->pending + stream->pending_size, bytes, size);
  stream->pending_size += size;
  stream->pending_came += size;
  bound_pending(stream);
}

/* The next bytes of the stream. */
static void output(struct stream *stream, const uint8_t *bytes, size_t size) {
  if (size == 0) return;
  ring_append(&stream->ring, bytes, size);
  pend(stream, bytes, size);
  stream->moved = true;
  stream->active_ms = unix_ms();
  if (stream->ring.end - stream->ring.start >= stream->terms.replay_bytes + BLOCK_BYTES) {
    uint64_t old = stream->ring.end - stream->terms.replay_bytes, needed = needed_from(stream);
    ring_forget(&stream->ring, old < needed ? old : needed);
  }
}

static void marked(struct stream *stream, const struct cut *cut) {
  if (stream->mark_count == MAX_MARKS) return;
  struct marked *mark = &stream->marks[stream->mark_count++];
  *mark = (struct marked){.offset = stream->ring.end, .size = cut->text_size};
  memcpy(mark->text, cut->text, cut->text_size);
  if (cut->text_size > 0 && cut->text[cut->text_size - 1] == 't') stream->closed = true;
  tell_now(stream);
}

/* The first `size` bytes of scratch come from the terminal. */
static void take_output(struct stream *stream, size_t size) {
  stream->held = 0;
  for (size_t at = 0; at < size && !stream->closed;) {
    struct cut cut = mark_cut(&stream->mark, stream->scratch + at, size - at);
    output(stream, stream->scratch + at, cut.output);
    if (cut.text != NULL) marked(stream, &cut);
    if (cut.held > 0) memmove(stream->scratch, stream->scratch + at + cut.output, cut.held);
    stream->held = cut.held;
    at += cut.next;
  }
}

static void hang_up(struct stream *stream) {
  if (!stream->closed) output(stream, stream->scratch, stream->held); /* no mark after all */
  stream->held = 0;
  stream->hung_up = true;
  input_free(&stream->input);
  tell_now(stream);
}

/* What is there, up to READ_BYTES of it. */
static void read_terminal(struct stream *stream) {
  size_t total = 0;
  uint64_t before = stream->ring.end;
  while (total < READ_BYTES && !stream->hung_up && !stream->closed && !stream->pending_full) {
    ssize_t got = read(stream->pty, stream->scratch + stream->held, READ_BYTES);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno == EAGAIN) break;
    if (got <= 0) {
      hang_up(stream); /* EIO */
      break;
    }
    total += (size_t)got;
    take_output(stream, stream->held + (size_t)got);
    if (got < MORE_BYTES) break;
  }
  if (stream->ring.end > before) output_grew(stream, (size_t)(stream->ring.end - before));
  tell_output(stream, clock_now());
}

/* Input has moved, or has not. */
static void input_settled(struct stream *stream, bool moved, double now) {
  struct input *input = &stream->input;
  if (moved) input->progress_at = now;
  bool blocked = input->head != NULL && now - input->progress_at >= BLOCKED_S;
  if (blocked != input->blocked) {
    input->blocked = blocked;
    stream->input_news = true;
    tell_now(stream);
  }
  if (input->head != NULL) {
    if (!blocked) by(stream, BLOCKED, input->progress_at + BLOCKED_S);
    return;
  }
  if (!input->was_full) return;
  input->was_full = false;
  release_viewers(stream);
}

static void write_terminal(struct stream *stream) {
  double now = clock_now();
  bool moved = input_flush(&stream->input, stream->pty);
  if (!moved && stream->input.head != NULL) by(stream, RETRY, now + RETRY_S);
  input_settled(stream, moved, now);
}

static void type(struct stream *stream, const uint8_t *bytes, size_t size, bool is_reply) {
  if (size == 0 || stream->closed || stream->hung_up) return;
  double now = clock_now();
  input_push(&stream->input, stream->pty, bytes, size, is_reply, now);
  if (is_reply) {
    input_settled(stream, false, now);
    return;
  }
  if (memchr(bytes, '\r', size) != NULL || memchr(bytes, '\n', size) != NULL) {
    stream->line_entered = true;
    stream->line_at = stream->ring.end;
  }
  stream->moved = true;
  stream->active_ms = unix_ms();
  by(stream, TELL, now + TELL_INPUT_S);
  input_settled(stream, false, now);
}
