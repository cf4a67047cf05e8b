/* One session's stream as seen from JavaScript (src/native-stream.ts holds the types and says what each function does).
 * Arguments come from there alone and are trusted to have the right types. Each stream has a thread of its own, which ends
 * when JavaScript has forgotten the stream, or with Node's environment. */
#include "js-stream.h"
#include "js-viewer.h"

#include <signal.h>

#define STACK_BYTES (128 * 1024)

/* One of JavaScript's streams. */
struct owned {
  struct stream stream;
  struct owned *next, **link;
  napi_ref on_news;
  double number;
};

/* Of one Node environment. */
struct binding {
  napi_threadsafe_function news;
  struct owned *all;
  double last_number;
};

/* On the thread, or on JavaScript's. The stream may be gone when JavaScript comes to it, so it is told by number. */
static void tell_news(struct stream *stream) {
  uintptr_t number = (uintptr_t)((struct owned *)stream)->number;
  napi_call_threadsafe_function(stream->binding->news, (void *)number, napi_tsfn_nonblocking);
}

static void on_news(napi_env env, napi_value unused, void *context, void *data) {
  (void)unused;
  const struct binding *binding = context;
  napi_value callback, self;
  if (env == NULL) return;
  for (struct owned *owned = binding->all; owned != NULL; owned = owned->next) {
    if (owned->number != (double)(uintptr_t)data) continue;
    napi_get_reference_value(env, owned->on_news, &callback);
    napi_get_undefined(env, &self);
    napi_call_function(env, self, callback, 0, NULL, NULL);
    return;
  }
}

static void stop_thread(struct stream *stream) {
  if (!stream->running) return;
  enter(stream);
  stream->stopping = true;
  stream->timer_at = 0;
  arm(stream, clock_now());
  leave(stream);
  pthread_join(stream->thread, NULL);
  stream->running = false;
}

static void free_stream(napi_env env, void *data, void *hint) {
  (void)hint;
  struct owned *owned = data;
  struct stream *stream = &owned->stream;
  stop_thread(stream);
  *owned->link = owned->next;
  if (owned->next != NULL) owned->next->link = owned->link;
  napi_delete_reference(env, owned->on_news);
  for (struct viewer *viewer = stream->viewers, *next; viewer != NULL; viewer = next) {
    next = viewer->next;
    free_viewer(viewer);
  }
  if (stream->epoll >= 0) close(stream->epoll);
  if (stream->timer >= 0) close(stream->timer);
  if (stream->pty >= 0) close(stream->pty);
  input_free(&stream->input);
  ring_free(&stream->ring);
  free(stream->pending);
  pthread_mutex_destroy(&stream->mutex);
  pthread_mutex_destroy(&stream->next);
  free(owned);
}

static bool start(struct stream *stream) {
  struct epoll_event event = {.events = EPOLLIN, .data.u32 = TIMER_ID};
  pthread_attr_t attributes;
  sigset_t all, before; /* signals are Node's */
  if (stream->epoll < 0 || stream->timer < 0 || stream->pty < 0) return false;
  if (epoll_ctl(stream->epoll, EPOLL_CTL_ADD, stream->timer, &event) != 0) return false;
  watch_terminal(stream);
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, STACK_BYTES);
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  stream->running = pthread_create(&stream->thread, &attributes, serve, stream) == 0;
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  pthread_attr_destroy(&attributes);
  return stream->running;
}

static void set_terms(napi_env env, struct terms *terms, napi_value array) {
  double *numbers;
  napi_get_typedarray_info(env, array, NULL, NULL, (void **)&numbers, NULL, NULL);
  *terms = (struct terms){
      .replay_bytes = (uint64_t)numbers[0],
      .window_bytes = (uint64_t)numbers[1],
      .ack_bytes = (uint64_t)numbers[2],
      .pending_bytes = (uint64_t)numbers[3],
      .ack_s = numbers[4],
      .flood_s = numbers[5],
      .round_s = numbers[6],
      .hiccup_s = numbers[7],
  };
}

static void init(struct stream *stream, int fd, const char *nonce, uint64_t base) {
  pthread_mutex_init(&stream->mutex, NULL);
  pthread_mutex_init(&stream->next, NULL);
  mark_init(&stream->mark, nonce);
  input_init(&stream->input);
  stream->ring.start = stream->ring.end = base;
  stream->keep_from = stream->lines = FOREVER;
  stream->last_id = TERMINAL_ID;
  stream->controller_at = stream->round_at = -1e18; /* never */
  stream->active_ms = unix_ms();
  stream->epoll = epoll_create1(EPOLL_CLOEXEC);
  stream->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
  stream->pty = fcntl(fd, F_DUPFD_CLOEXEC, 0); /* the other may be closed while the thread reads */
}

/* open(fd, nonce, terms, base, onNews, first): the descriptor is duplicated; `first` stands before all that comes from it. */
static napi_value open_stream(napi_env env, napi_callback_info info) {
  napi_value argv[MAX_ARGUMENTS], handle;
  size_t count = MAX_ARGUMENTS;
  char nonce[PREFIX_BYTES / 2];
  struct binding *binding;
  struct owned *owned = must(calloc(1, sizeof *owned));
  struct stream *stream = &owned->stream;
  napi_get_cb_info(env, info, &count, argv, NULL, (void **)&binding);
  napi_get_value_string_utf8(env, argv[1], nonce, sizeof nonce, NULL);
  init(stream, (int)number(env, argv[0]), nonce, offset_of(env, argv[3]));
  set_terms(env, &stream->terms, argv[2]);
  stream->binding = binding;
  stream->tell = tell_news;
  owned->number = ++binding->last_number;
  owned->next = binding->all;
  owned->link = &binding->all;
  if (owned->next != NULL) owned->next->link = &owned->next;
  binding->all = owned;
  napi_create_reference(env, argv[4], 1, &owned->on_news);
  napi_create_external(env, owned, free_stream, NULL, &handle);
  size_t size;
  uint8_t *first = bytes_of(env, argv[5], &size);
  output(stream, first, size);
  tell_output(stream, clock_now());
  if (!start(stream)) napi_throw_error(env, NULL, "the thread of the stream could not be started");
  return handle;
}

/* The environment goes: before the thread-safe function does, as hooks run in reverse order. */
static void stop_all(void *data) {
  for (struct owned *owned = ((struct binding *)data)->all; owned != NULL; owned = owned->next) stop_thread(&owned->stream);
}

static void export(napi_env env, napi_value exports, const char *name, napi_callback function, const void *data) {
  napi_value value;
  napi_create_function(env, name, NAPI_AUTO_LENGTH, function, (void *)data, &value);
  napi_set_named_property(env, exports, name, value);
}

NAPI_MODULE_INIT() {
  static const struct {
    const char *name;
    napi_callback function;
  } functions[] = {
      {"open", open_stream}, {"news", news},         {"take", take},     {"forgetting", forgetting}, {"resize", resize},
      {"print", print},      {"input", input},       {"reply", reply},   {"state", state},           {"keep", keep_from},
      {"drain", drain},      {"finish", finish},     {"control", control}, {"accept", js_accept},    {"spare", spare},
      {"read", read_range},
      {"tty", tty},
  };
  struct binding *binding = must(calloc(1, sizeof *binding)); /* streams refer to it for as long as any of them lives */
  napi_value name;
  napi_create_string_utf8(env, "stream", NAPI_AUTO_LENGTH, &name);
  napi_create_threadsafe_function(env, NULL, NULL, name, 0, 1, NULL, NULL, binding, on_news, &binding->news);
  napi_unref_threadsafe_function(env, binding->news);
  napi_add_env_cleanup_hook(env, stop_all, binding);
  for (size_t at = 0; at < sizeof functions / sizeof *functions; at++)
    export(env, exports, functions[at].name, functions[at].function, binding);
  for (size_t at = 0; at < sizeof viewer_functions / sizeof *viewer_functions; at++)
    export(env, exports, viewer_functions[at].name, call_viewer, &viewer_functions[at]);
  return exports;
}
