/* The functions of the stream as JavaScript calls them: (handle, ...). */
#pragma once
#include "js.h"

#include <malloc.h>
#include <sys/ioctl.h>
#include <termios.h>

static napi_value marks_array(napi_env env, const struct stream *stream) {
  napi_value array, text;
  napi_create_array(env, &array);
  for (size_t at = 0; at < stream->mark_count; at++) {
    napi_value mark = object_of(env);
    set_number(env, mark, "offset", (double)stream->marks[at].offset);
    napi_create_string_latin1(env, stream->marks[at].text, stream->marks[at].size, &text);
    napi_set_named_property(env, mark, "text", text);
    napi_set_element(env, array, (uint32_t)at, mark);
  }
  return array;
}

/* Pairs of number and news. */
static napi_value viewers_array(napi_env env, struct stream *stream) {
  napi_value array, value;
  uint32_t at = 0;
  napi_create_array(env, &array);
  for (struct viewer *viewer = stream->viewers; viewer != NULL; viewer = viewer->next) {
    if (viewer->news == 0) continue;
    napi_create_int32(env, viewer->id, &value);
    napi_set_element(env, array, at++, value);
    napi_create_int32(env, viewer->news, &value);
    napi_set_element(env, array, at++, value);
    viewer->news = 0;
  }
  return array;
}

/* Bits of termios(3)'s local modes. Of a terminal that is gone: nothing is echoed. */
enum tty_modes { TTY_ECHO = 1, TTY_CANONICAL = 2 };

static int tty_modes(const struct stream *stream) {
  struct termios modes;
  if (tcgetattr(stream->pty, &modes) != 0) return TTY_CANONICAL;
  return (modes.c_lflag & ECHO ? TTY_ECHO : 0) | (modes.c_lflag & ICANON ? TTY_CANONICAL : 0);
}

static napi_value news(napi_env env, napi_callback_info info) {
  napi_value argv[MAX_ARGUMENTS], object = object_of(env);
  struct stream *stream = arguments(env, info, argv);
  enter(stream);
  stream->told = false;
  set_bool(env, object, "moved", stream->moved);
  set_bool(env, object, "hungUp", stream->hung_up);
  if (stream->input_news) set_bool(env, object, "blocked", stream->input.blocked);
  set_number(env, object, "waiting", (double)stream->input.waiting);
  napi_set_named_property(env, object, "marks", marks_array(env, stream));
  napi_set_named_property(env, object, "viewers", viewers_array(env, stream));
  /* The kernel tells nobody of a change. A program that makes one writes or reads at about that time, which is news. */
  int modes = tty_modes(stream);
  if (modes != stream->tty) set_number(env, object, "tty", modes);
  stream->tty = modes;
  stream->moved = stream->input_news = false;
  stream->mark_count = 0;
  leave(stream);
  return object;
}

/* With the mutex held: all that the screen has not had. */
static napi_value taken(napi_env env, struct stream *stream) {
  napi_value object = object_of(env), bytes;
  napi_create_buffer_copy(env, stream->pending_size, stream->pending, NULL, &bytes);
  napi_set_named_property(env, object, "bytes", bytes);
  set_number(env, object, "offset", (double)stream->ring.end);
  if (stream->line_entered) set_number(env, object, "lineAt", (double)stream->line_at);
  stream->line_entered = false;
  free(stream->pending);
  stream->pending = NULL;
  stream->pending_size = stream->pending_room = stream->pending_came = 0;
  stream->pending_waits = 0;
  stream->pending_full = false;
  stream->lines = FOREVER; /* until it is parsed nobody knows */
  watch_terminal(stream);
  return object;
}

static napi_value take(napi_env env, napi_callback_info info) {
  napi_value argv[MAX_ARGUMENTS], result;
  struct stream *stream = arguments(env, info, argv);
  enter(stream);
  result = taken(env, stream);
  leave(stream);
  return result;
}

/* forgetting(handle, lines): line feeds after which the screen has forgotten a line, in its state behind all that was taken. */
static napi_value forgetting(napi_env env, napi_callback_info info) {
  napi_value argv[MAX_ARGUMENTS];
  struct stream *stream = arguments(env, info, argv);
  enter(stream);
  stream->lines = offset_of(env, argv[1]);
  bound_pending(stream);
  watch_terminal(stream);
  leave(stream);
  return NULL;
}

/* Behind all that is here already; what was taken for the old size is told. */
static napi_value resize(napi_env env, napi_callback_info info) {
  napi_value argv[MAX_ARGUMENTS], result;
  struct stream *stream = arguments(env, info, argv);
  struct winsize size = {.ws_col = (unsigned short)number(env, argv[1]), .ws_row = (unsigned short)number(env, argv[2])};
  enter(stream);
  if (!stream->hung_up) ioctl(stream->pty, TIOCSWINSZ, &size);
  for (struct viewer *viewer = stream->viewers; viewer != NULL; viewer = viewer->next)
    if (viewer->stop > stream->ring.end) viewer->stop = stream->ring.end;
  pump_all(stream);
  result = taken(env, stream);
  leave(stream);
  return result;
}

static napi_value print(napi_env env, napi_callback_info info) {
  napi_value argv[MAX_ARGUMENTS];
  struct stream *stream = arguments(env, info, argv);
  size_t size;
  uint8_t *bytes = bytes_of(env, argv[1], &size);
  enter(stream);
  output(stream, bytes, size);
  output_grew(stream, size);
  tell_output(stream, clock_now());
  leave(stream);
  return NULL;
}

static napi_value input(napi_env env, napi_callback_info info) {
  napi_value argv[MAX_ARGUMENTS];
  struct stream *stream = arguments(env, info, argv);
  size_t size;
  uint8_t *bytes = bytes_of(env, argv[2], &size);
  enter(stream);
  struct viewer *viewer = viewer_of(stream, (int)number(env, argv[1]));
  if (viewer == NULL) type(stream, bytes, size, false);
  else {
    viewer_type(stream, viewer, bytes, size);
    settle(stream, viewer);
  }
  watch_terminal(stream);
  leave(stream);
  return NULL;
}

static napi_value reply(napi_env env, napi_callback_info info) {
  napi_value argv[MAX_ARGUMENTS];
  struct stream *stream = arguments(env, info, argv);
  size_t size;
  uint8_t *bytes = bytes_of(env, argv[1], &size);
  enter(stream);
  type(stream, bytes, size, true);
  watch_terminal(stream);
  leave(stream);
  return NULL;
}

static napi_value state(napi_env env, napi_callback_info info) {
  napi_value argv[MAX_ARGUMENTS], object = object_of(env);
  struct stream *stream = arguments(env, info, argv);
  enter(stream);
  set_number(env, object, "start", (double)stream->ring.start);
  set_number(env, object, "end", (double)stream->ring.end);
  set_number(env, object, "activeMs", stream->active_ms);
  set_bool(env, object, "inputFull", input_full(&stream->input));
  leave(stream);
  return object;
}

/* read(handle, from, to, partial): these bytes of the stream, or the last of them that are held if `partial`; null when not all
 * are. They stay held meanwhile, and the mutex is free after each block, so that nobody's echo waits for a long copy. */
static napi_value read_range(napi_env env, napi_callback_info info) {
  napi_value argv[MAX_ARGUMENTS], result = NULL;
  struct stream *stream = arguments(env, info, argv);
  uint64_t from = offset_of(env, argv[1]), to = offset_of(env, argv[2]);
  bool partial = truth(env, argv[3]);
  uint8_t *bytes = NULL;
  enter(stream);
  uint64_t kept = stream->keep_from, start = stream->ring.start;
  if (partial && from < start) from = start < to ? start : to;
  bool held = from == to || (from < to && from >= start && to <= stream->ring.end);
  if (held && from < kept) stream->keep_from = from;
  leave(stream);
  if (held) napi_create_buffer(env, (size_t)(to - from), (void **)&bytes, &result);
  else napi_get_null(env, &result);
  for (uint64_t at = from; bytes != NULL && at < to;) {
    struct iovec parts[SPAN_PARTS];
    enter(stream);
    int count = ring_span(&stream->ring, at, to - at < BLOCK_BYTES ? (size_t)(to - at) : BLOCK_BYTES, parts);
    for (int part = 0; part < count; at += parts[part++].iov_len)
      memcpy(bytes + (at - from), parts[part].iov_base, parts[part].iov_len);
    leave(stream);
  }
  enter(stream);
  stream->keep_from = kept;
  watch_terminal(stream);
  leave(stream);
  return result;
}

/* tty(handle): how the kernel treats input now. */
static napi_value tty(napi_env env, napi_callback_info info) {
  napi_value argv[MAX_ARGUMENTS], result;
  napi_create_int32(env, tty_modes(arguments(env, info, argv)), &result);
  return result;
}

/* All that is there now and `before` bytes before it are kept until this is called with a negative number. */
static napi_value keep_from(napi_env env, napi_callback_info info) {
  napi_value argv[MAX_ARGUMENTS];
  struct stream *stream = arguments(env, info, argv);
  double before = number(env, argv[1]);
  enter(stream);
  stream->keep_from = before < 0 ? FOREVER : stream->ring.end > before ? stream->ring.end - (uint64_t)before : 0;
  watch_terminal(stream);
  leave(stream);
  return NULL;
}

/* Reads what the terminal still has. */
static napi_value drain(napi_env env, napi_callback_info info) {
  napi_value argv[MAX_ARGUMENTS];
  struct stream *stream = arguments(env, info, argv);
  enter(stream);
  for (uint64_t before = FOREVER; before != stream->ring.end && !stream->hung_up && !stream->closed;) {
    before = stream->ring.end;
    stream->pending_full = false; /* the kernel's buffers are all that is left */
    read_terminal(stream);
  }
  if (!stream->hung_up) hang_up(stream);
  watch_terminal(stream);
  leave(stream);
  return NULL;
}

static napi_value finish(napi_env env, napi_callback_info info) {
  napi_value argv[MAX_ARGUMENTS];
  struct stream *stream = arguments(env, info, argv);
  enter(stream);
  stream->closed = stream->finished = true;
  input_free(&stream->input);
  pump_all(stream);
  watch_terminal(stream);
  leave(stream);
  return NULL;
}

/* control(handle, id): only this viewer controls; 0: none. */
static napi_value control(napi_env env, napi_callback_info info) {
  napi_value argv[MAX_ARGUMENTS];
  struct stream *stream = arguments(env, info, argv);
  int id = (int)number(env, argv[1]);
  enter(stream);
  for (struct viewer *viewer = stream->viewers; viewer != NULL; viewer = viewer->next) viewer->controls = viewer->id == id;
  leave(stream);
  return NULL;
}

/* spare(): gives free pages of the C heap back to the system. */
static napi_value spare(napi_env env, napi_callback_info info) {
  (void)env;
  (void)info;
  malloc_trim(0);
  return NULL;
}
