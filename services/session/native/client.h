/* What a client says: input and acknowledgements are heeded at once; everything else waits for JavaScript, and what
 * follows it waits too, so that order is kept. */
#pragma once
#include "viewer.h"

/* The acknowledgement as clients of ours write it: {"type":"ack","offset":123}. Any other spelling is JavaScript's. */
static bool read_ack(const uint8_t *text, size_t size, uint64_t *offset) {
  static const char before[] = "{\"type\":\"ack\",\"offset\":";
  const size_t start = sizeof before - 1;
  if (size < start + 2 || size > start + 17 || text[size - 1] != '}' || memcmp(text, before, start) != 0) return false;
  if (text[start] == '0' && size > start + 2) return false;
  *offset = 0;
  for (size_t at = start; at < size - 1; at++) {
    if (text[at] < '0' || text[at] > '9') return false;
    *offset = *offset * 10 + (uint64_t)(text[at] - '0');
  }
  return *offset <= 0x1fffffffffffff; /* Number.MAX_SAFE_INTEGER */
}

/* Focus reports (ESC [ I and ESC [ O, DEC mode 1004): only the controller's window may say that it has the focus. One torn
 * over two messages passes: to wait for its rest would hold up a lone Escape key. Returns the new size. */
static size_t without_focus_reports(uint8_t *bytes, size_t size) {
  size_t kept = 0;
  for (size_t at = 0; at < size;) {
    bool report = size - at >= 3 && bytes[at] == ESC && bytes[at + 1] == '[' && (bytes[at + 2] == 'I' || bytes[at + 2] == 'O');
    if (report) at += 3;
    else bytes[kept++] = bytes[at++];
  }
  return kept;
}

static void say_typed(struct stream *stream, struct viewer *viewer) {
  char text[64];
  int size = snprintf(text, sizeof text, "{\"type\":\"input-ack\",\"offset\":%llu}", (unsigned long long)viewer->typed);
  uint8_t frame[HEAD_BYTES + sizeof text];
  size_t head = frame_head(frame, OPCODE_TEXT, (size_t)size);
  memcpy(frame + head, text, (size_t)size);
  viewer->typed_told = viewer->typed;
  viewer->tell_typed_at = 0;
  viewer_send(stream, viewer, frame, head + (size_t)size);
}

/* `bytes` are changed. */
static void viewer_type(struct stream *stream, struct viewer *viewer, uint8_t *bytes, size_t size) {
  size_t kept = viewer->controls ? size : without_focus_reports(bytes, size);
  type(stream, bytes, kept, false); /* first of all: its echo is what somebody waits for */
  viewer->held = input_full(&stream->input);
  if (viewer->raw) return;
  viewer->typed += size;
  if (viewer->typed - viewer->typed_told >= stream->terms.ack_bytes) say_typed(stream, viewer);
  else if (viewer->tell_typed_at == 0) {
    viewer->tell_typed_at = clock_now() + stream->terms.ack_s;
    by(stream, INPUT_ACKS, viewer->tell_typed_at);
  }
}

static bool is_quick(const struct viewer *viewer, const struct frame *frame) {
  if (!viewer->joined || viewer->in_message || !frame->final || !frame->plain || !frame->masked) return false;
  if (frame->opcode == OPCODE_BINARY) return viewer->typing && frame->length <= MAX_QUICK_BYTES;
  return frame->opcode == OPCODE_TEXT && !viewer->raw && frame->length <= MAX_ACK_BYTES;
}

/* `bytes` begin with the whole frame. False: it is for JavaScript after all, and as it was. */
static bool heed(struct stream *stream, struct viewer *viewer, uint8_t *bytes, const struct frame *frame) {
  uint64_t offset;
  uint8_t *payload = frame_unmask(bytes, frame);
  if (frame->opcode == OPCODE_BINARY) viewer_type(stream, viewer, payload, (size_t)frame->length);
  else if (read_ack(payload, (size_t)frame->length, &offset)) viewer_ack(stream, viewer, offset);
  else {
    frame_unmask(bytes, frame); /* masks it again */
    return false;
  }
  return true;
}

/* Bytes of frames at the front that are dealt with; `passed` of those behind them are JavaScript's. */
static size_t sort(struct stream *stream, struct viewer *viewer, uint8_t *bytes, size_t size, size_t *passed) {
  size_t done = 0, at = 0;
  while (at < size && !viewer->held) {
    if (viewer->passing > 0) {
      size_t part = viewer->passing < size - at ? (size_t)viewer->passing : size - at;
      viewer->passing -= part;
      at += part;
      continue;
    }
    struct frame frame;
    if (!frame_read(bytes + at, size - at, &frame)) break;
    if (is_quick(viewer, &frame)) {
      if (at > done || frame.length > size - at - frame.head) break; /* JavaScript has to hear the others first; or the rest is missing */
      if (heed(stream, viewer, bytes + at, &frame)) {
        done = at += frame.head + (size_t)frame.length;
        continue;
      }
    }
    at += frame.head;
    viewer->passing = frame.length;
    if (frame.opcode < OPCODE_CLOSE) viewer->in_message = !frame.final;
  }
  *passed = at - done;
  return done;
}

/* Deals with `size` bytes that come next, all of which are changed. */
static void hear(struct stream *stream, struct viewer *viewer, uint8_t *bytes, size_t size) {
  if (viewer->in_size > 0) {
    if (size > 0) {
      viewer->in = must(realloc(viewer->in, viewer->in_size + size));
      memcpy(viewer->in + viewer->in_size, bytes, size);
    }
    bytes = viewer->in;
    size += viewer->in_size;
  }
  size_t passed, done = sort(stream, viewer, bytes, size, &passed);
  viewer->in_size = size - done;
  viewer->passed = passed;
  if (viewer->in_size > 0 && bytes != viewer->in) viewer->in = must(malloc(viewer->in_size));
  if (viewer->in_size > 0) memmove(viewer->in, bytes + done, viewer->in_size);
  if (viewer->in_size == 0) {
    free(viewer->in);
    viewer->in = NULL;
  }
  if (passed == 0) return;
  viewer->listening = false;
  viewer_news(stream, viewer, HEARD);
}

static void read_viewer(struct stream *stream, struct viewer *viewer) {
  ssize_t got = recv(viewer->fd, stream->heard, READ_BYTES, MSG_DONTWAIT);
  if (got > 0) hear(stream, viewer, stream->heard, (size_t)got);
  else if (got == 0) {
    viewer->ended = true;
    viewer_news(stream, viewer, ENDED);
  } else if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) break_off(stream, viewer);
}

/* The terminal takes input again. */
static void release_viewers(struct stream *stream) {
  for (struct viewer *viewer = stream->viewers; viewer != NULL; viewer = viewer->next) {
    if (!viewer->held || input_full(&stream->input)) continue;
    viewer->held = false;
    if (viewer->in_size > 0 && viewer->passed == 0 && viewer->listening) hear(stream, viewer, NULL, 0);
    watch_viewer(stream, viewer);
  }
}
