/* The functions of one viewer as JavaScript calls them: (handle, number of the viewer, ...). One that has gone is passed over. */
#pragma once
#include "js.h"

#include <fcntl.h>

typedef napi_value viewer_function(napi_env env, struct stream *stream, struct viewer *viewer, napi_value *argv);

static void free_viewer(struct viewer *viewer) {
  if (viewer->fd >= 0) close(viewer->fd);
  free(viewer->in);
  free(viewer->out);
  free(viewer);
}

static void count_viewers(struct stream *stream) {
  stream->viewer_count = 0;
  for (struct viewer *viewer = stream->viewers; viewer != NULL; viewer = viewer->next) stream->viewer_count += viewer->joined;
}

/* accept(handle, fd, head): the descriptor is duplicated, `head` is what was read from it already. */
static napi_value js_accept(napi_env env, napi_callback_info info) {
  napi_value argv[MAX_ARGUMENTS], id;
  struct stream *stream = arguments(env, info, argv);
  size_t size;
  uint8_t *head = bytes_of(env, argv[2], &size);
  struct viewer *viewer = must(calloc(1, sizeof *viewer));
  viewer->fd = fcntl((int)number(env, argv[1]), F_DUPFD_CLOEXEC, 0);
  viewer->stop = FOREVER;
  enter(stream);
  viewer->id = ++stream->last_id;
  viewer->next = stream->viewers;
  stream->viewers = viewer;
  if (size > 0) hear(stream, viewer, head, size);
  if (viewer->fd < 0) break_off(stream, viewer);
  leave(stream);
  napi_create_int32(env, viewer->id, &id);
  return id;
}

static napi_value listen_on(napi_env env, struct stream *stream, struct viewer *viewer, napi_value *argv) {
  (void)env;
  (void)argv;
  if (viewer->passed > 0) return NULL;
  viewer->listening = true;
  if (viewer->in_size > 0) hear(stream, viewer, NULL, 0);
  settle(stream, viewer);
  watch_terminal(stream);
  return NULL;
}

static napi_value heard(napi_env env, struct stream *stream, struct viewer *viewer, napi_value *argv) {
  (void)stream;
  (void)argv;
  napi_value bytes;
  napi_create_buffer_copy(env, viewer->passed, viewer->in, NULL, &bytes);
  viewer->in_size -= viewer->passed;
  memmove(viewer->in, viewer->in + viewer->passed, viewer->in_size);
  viewer->passed = 0;
  return bytes;
}

static napi_value send_frames(napi_env env, struct stream *stream, struct viewer *viewer, napi_value *argv) {
  size_t size;
  uint8_t *bytes = bytes_of(env, argv[2], &size);
  napi_value sent;
  viewer->wants_flushed = !viewer_send(stream, viewer, bytes, size);
  napi_get_boolean(env, !viewer->wants_flushed, &sent);
  settle(stream, viewer);
  return sent;
}

static napi_value shut(napi_env env, struct stream *stream, struct viewer *viewer, napi_value *argv) {
  (void)env;
  (void)argv;
  viewer->closing = true;
  settle(stream, viewer);
  return NULL;
}

static napi_value close_viewer(napi_env env, struct stream *stream, struct viewer *viewer, napi_value *argv) {
  (void)env;
  (void)argv;
  struct viewer **link = &stream->viewers;
  while (*link != viewer) link = &(*link)->next;
  *link = viewer->next;
  watch_fd(stream, viewer->fd, &viewer->mask, 0, viewer->id);
  free_viewer(viewer);
  count_viewers(stream);
  return NULL;
}

/* join(handle, id, typing, raw, typed) */
static napi_value join(napi_env env, struct stream *stream, struct viewer *viewer, napi_value *argv) {
  viewer->joined = true;
  viewer->typing = truth(env, argv[2]);
  viewer->raw = truth(env, argv[3]);
  viewer->typed = viewer->typed_told = offset_of(env, argv[4]);
  viewer->acked_at = clock_now();
  count_viewers(stream);
  return NULL;
}

static napi_value part(napi_env env, struct stream *stream, struct viewer *viewer, napi_value *argv) {
  (void)argv;
  napi_value typed;
  viewer->joined = viewer->typing = viewer->live = viewer->controls = viewer->held = false;
  viewer->tell_typed_at = 0;
  napi_create_double(env, (double)viewer->typed, &typed);
  count_viewers(stream);
  if (viewer->in_size > 0 && viewer->listening) hear(stream, viewer, NULL, 0);
  settle(stream, viewer);
  return typed;
}

/* go(handle, id, cursor, acked, stop) */
static napi_value go(napi_env env, struct stream *stream, struct viewer *viewer, napi_value *argv) {
  uint64_t acked = offset_of(env, argv[3]);
  viewer->cursor = offset_of(env, argv[2]);
  if (acked > viewer->acked) viewer->acked = acked;
  viewer->stop = offset_of(env, argv[4]);
  viewer->live = viewer->joined;
  pump(stream, viewer);
  settle(stream, viewer);
  return NULL;
}

static napi_value ack(napi_env env, struct stream *stream, struct viewer *viewer, napi_value *argv) {
  viewer_ack(stream, viewer, offset_of(env, argv[2]));
  settle(stream, viewer);
  return NULL;
}

static napi_value view(napi_env env, struct stream *stream, struct viewer *viewer, napi_value *argv) {
  (void)argv;
  napi_value object = object_of(env);
  set_number(env, object, "cursor", (double)viewer->cursor);
  set_bool(env, object, "behind", viewer->cursor < stream->ring.start);
  set_bool(env, object, "held", viewer->held);
  return object;
}

/* What the addon's properties have as data. */
static const struct viewer_binding {
  const char *name;
  viewer_function *function;
} viewer_functions[] = {
    {"listen", listen_on}, {"heard", heard}, {"send", send_frames}, {"shut", shut}, {"close", close_viewer},
    {"join", join},        {"part", part},   {"go", go},            {"ack", ack},   {"view", view},
};

static napi_value call_viewer(napi_env env, napi_callback_info info) {
  napi_value argv[MAX_ARGUMENTS], result = NULL;
  const struct viewer_binding *binding;
  struct stream *stream = arguments(env, info, argv);
  napi_get_cb_info(env, info, NULL, NULL, NULL, (void **)&binding);
  enter(stream);
  struct viewer *viewer = viewer_of(stream, (int)number(env, argv[1]));
  if (viewer != NULL) result = binding->function(env, stream, viewer, argv);
  leave(stream);
  return result;
}
