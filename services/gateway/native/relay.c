/* The relay as seen from JavaScript (src/native.ts holds the types): sockets go in, an end comes out, counters can be read.
 * Arguments come from src/relay.ts alone and are trusted to have the right types. One loop for each Node environment; its
 * thread starts with the first relay and is joined when the environment goes. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <node_api.h>
#include <signal.h>

#include "loop.h"

#define MAX_ARGUMENTS 5

struct binding {
  struct loop loop;
  napi_threadsafe_function ends;
  /* Relays whose end was not told yet: while there is one, Node's event loop lives. */
  size_t live;
};

static struct binding *arguments(napi_env env, napi_callback_info info, napi_value *argv) {
  size_t count = MAX_ARGUMENTS;
  struct binding *binding;
  napi_get_cb_info(env, info, &count, argv, NULL, (void **)&binding);
  return binding;
}

static void set_number(napi_env env, napi_value object, const char *name, double number) {
  napi_value value;
  napi_create_double(env, number, &value);
  napi_set_named_property(env, object, name, value);
}

static struct relay *relay_of(napi_env env, napi_value handle) {
  void *relay;
  napi_get_value_external(env, handle, &relay);
  return relay;
}

static struct close_frame frame_of(napi_env env, napi_value buffer) {
  struct close_frame frame = {.size = 0};
  void *bytes;
  size_t size;
  napi_get_buffer_info(env, buffer, &bytes, &size);
  frame.size = size < sizeof frame.bytes ? size : sizeof frame.bytes;
  memcpy(frame.bytes, bytes, frame.size);
  return frame;
}

/* setUp(maxMessageBytes, drainFrame, oversizeFrame, buckets): once, before anything else. */
static napi_value set_up(napi_env env, napi_callback_info info) {
  napi_value argv[MAX_ARGUMENTS];
  struct loop *loop = &arguments(env, info, argv)->loop;
  int64_t max_message;
  void *buckets;
  size_t count;
  napi_get_value_int64(env, argv[0], &max_message);
  loop->max_message = (uint64_t)max_message;
  loop->drain = frame_of(env, argv[1]);
  loop->oversize = frame_of(env, argv[2]);
  napi_get_typedarray_info(env, argv[3], NULL, &count, &buckets, NULL, NULL);
  loop->bucket_count = count < MAX_BUCKETS ? count : MAX_BUCKETS;
  memcpy(loop->buckets, buckets, loop->bucket_count * sizeof *loop->buckets);
  return NULL;
}

/* On the thread. */
static void tell_end(struct loop *loop, struct relay *relay) {
  napi_call_threadsafe_function(((struct binding *)loop)->ends, relay, napi_tsfn_nonblocking);
}

/* On JavaScript's thread. */
static void on_told(napi_env env, napi_value unused, void *context, void *data) {
  (void)unused;
  struct binding *binding = context;
  struct relay *relay = data;
  napi_value callback, self;
  if (env == NULL) return;
  if (--binding->live == 0) napi_unref_threadsafe_function(env, binding->ends);
  napi_get_reference_value(env, relay->about, &callback);
  napi_delete_reference(env, relay->about);
  napi_get_undefined(env, &self);
  napi_call_function(env, self, callback, 0, NULL, NULL);
}

static bool start(struct loop *loop) {
  if (loop->running) return true;
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
  if (loop->epoll < 0) loop->epoll = epoll_create1(EPOLL_CLOEXEC);
  if (loop->timer < 0) loop->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
  if (loop->epoll < 0 || loop->timer < 0) return false;
  epoll_ctl(loop->epoll, EPOLL_CTL_ADD, loop->timer, &event);
  sigset_t all, before; /* signals are Node's */
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  loop->running = pthread_create(&loop->thread, NULL, serve, loop) == 0;
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  return loop->running;
}

static void init_side(struct side *side, struct relay *relay, struct side *other, int fd) {
  side->relay = relay;
  side->other = other;
  side->heard_at = clock_now();
  side->fd = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, 0);
  walker_init(&side->walker);
}

static void free_relay(napi_env env, void *data, void *hint) {
  (void)env;
  (void)hint;
  free(data);
}

static void begin(struct loop *loop, struct relay *relay, napi_env env, napi_value client_head, napi_value host_head) {
  void *bytes;
  size_t size;
  relay->next = loop->relays;
  relay->link = &loop->relays;
  if (relay->next != NULL) relay->next->link = &relay->next;
  loop->relays = relay;
  if (relay->host.fd < 0) fail(loop, &relay->host);
  if (relay->client.fd < 0) fail(loop, &relay->client);
  napi_get_buffer_info(env, host_head, &bytes, &size);
  say(loop, &relay->host, bytes, size);
  napi_get_buffer_info(env, client_head, &bytes, &size);
  say(loop, &relay->client, bytes, size);
  if (settle(loop, relay)) arm(loop, relay, clock_now());
}

/* open(clientFd, clientHead, hostFd, hostHead, onEnd): the descriptors are duplicated, and the caller closes its own; one
 * below 0 is of a side that has gone already. Returns the handle; `onEnd` is called once, when both sides are closed. */
static napi_value open_relay(napi_env env, napi_callback_info info) {
  napi_value argv[MAX_ARGUMENTS], handle;
  struct binding *binding = arguments(env, info, argv);
  struct loop *loop = &binding->loop;
  int client = -1, host = -1;
  napi_ref on_end;
  struct relay *relay = calloc(1, sizeof *relay);
  if (relay == NULL || !start(loop)) {
    free(relay);
    napi_throw_error(env, NULL, "the relay thread could not be started");
    return NULL;
  }
  napi_get_value_int32(env, argv[0], &client);
  napi_get_value_int32(env, argv[2], &host);
  init_side(&relay->client, relay, &relay->host, client);
  init_side(&relay->host, relay, &relay->client, host);
  napi_create_reference(env, argv[4], 1, &on_end);
  relay->about = on_end;
  napi_create_external(env, relay, free_relay, NULL, &handle);
  if (binding->live++ == 0) napi_ref_threadsafe_function(env, binding->ends);
  pthread_mutex_lock(&loop->mutex);
  begin(loop, relay, env, argv[1], argv[3]);
  pthread_mutex_unlock(&loop->mutex);
  return handle;
}

/* drain(handle) */
static napi_value drain(napi_env env, napi_callback_info info) {
  napi_value argv[MAX_ARGUMENTS];
  struct loop *loop = &arguments(env, info, argv)->loop;
  struct relay *relay = relay_of(env, argv[0]);
  pthread_mutex_lock(&loop->mutex);
  begin_close(loop, relay, BY_DRAIN);
  if (!relay->over && settle(loop, relay)) arm(loop, relay, clock_now());
  pthread_mutex_unlock(&loop->mutex);
  return NULL;
}

/* sweep(handle, now, idle), both in seconds: ends it when one side is dead. A client that is not read, because its session
 * takes no input, cannot be heard and is not judged; a client that took nothing for so long is. A host that has ended is not
 * judged: its tail may be under way. */
static napi_value sweep(napi_env env, napi_callback_info info) {
  napi_value argv[MAX_ARGUMENTS];
  struct loop *loop = &arguments(env, info, argv)->loop;
  struct relay *relay = relay_of(env, argv[0]);
  double now, idle;
  napi_get_value_double(env, argv[1], &now);
  napi_get_value_double(env, argv[2], &idle);
  pthread_mutex_lock(&loop->mutex);
  const struct side *client = &relay->client, *host = &relay->host;
  bool client_is_silent = now - client->heard_at >= idle && host->kept_end == 0;
  bool host_is_silent = now - host->heard_at >= idle && !host->ended;
  if (!relay->over && (client_is_silent || host_is_silent)) {
    if (relay->cause == NOBODY) relay->cause = BY_IDLE;
    arm(loop, relay, clock_now());
  }
  pthread_mutex_unlock(&loop->mutex);
  return NULL;
}

static napi_value lane_object(napi_env env, const struct lane *lane) {
  napi_value object;
  napi_create_object(env, &object);
  set_number(env, object, "bytes", (double)lane->bytes);
  set_number(env, object, "pauses", (double)lane->pauses);
  set_number(env, object, "peakBuffered", (double)lane->peak);
  return object;
}

/* state(handle): `{ cause, in, out }`, `cause` as a number; also after the end. */
static napi_value state(napi_env env, napi_callback_info info) {
  napi_value argv[MAX_ARGUMENTS], object;
  struct loop *loop = &arguments(env, info, argv)->loop;
  const struct relay *relay = relay_of(env, argv[0]);
  napi_create_object(env, &object);
  pthread_mutex_lock(&loop->mutex);
  set_number(env, object, "cause", relay->cause);
  napi_set_named_property(env, object, "in", lane_object(env, &relay->client.lane));
  napi_set_named_property(env, object, "out", lane_object(env, &relay->host.lane));
  pthread_mutex_unlock(&loop->mutex);
  return object;
}

static void set_histogram(napi_env env, napi_value object, const char *name, const struct loop *loop,
                          const struct histogram *histogram) {
  napi_value inner, counts, count;
  napi_create_object(env, &inner);
  napi_create_array(env, &counts);
  for (size_t at = 0; at <= loop->bucket_count; at++) {
    napi_create_double(env, (double)histogram->counts[at], &count);
    napi_set_element(env, counts, (uint32_t)at, count);
  }
  napi_set_named_property(env, inner, "counts", counts);
  set_number(env, inner, "sum", histogram->sum);
  napi_set_named_property(env, object, name, inner);
}

/* totals(): of all relays there ever were; a histogram's `counts` are not cumulative, the last is above all buckets. */
static napi_value totals(napi_env env, napi_callback_info info) {
  napi_value argv[MAX_ARGUMENTS], object;
  struct loop *loop = &arguments(env, info, argv)->loop;
  napi_create_object(env, &object);
  pthread_mutex_lock(&loop->mutex);
  napi_set_named_property(env, object, "in", lane_object(env, &loop->in));
  napi_set_named_property(env, object, "out", lane_object(env, &loop->out));
  set_histogram(env, object, "lagIn", loop, &loop->lag_in);
  set_histogram(env, object, "lagOut", loop, &loop->lag_out);
  set_histogram(env, object, "echo", loop, &loop->echo);
  pthread_mutex_unlock(&loop->mutex);
  return object;
}

/* The environment goes: before the thread-safe function does, as hooks run in reverse order. */
static void stop(void *data) {
  struct binding *binding = data;
  struct loop *loop = &binding->loop;
  if (loop->running) {
    pthread_mutex_lock(&loop->mutex);
    loop->stopping = true;
    struct itimerspec now = {.it_value = {.tv_nsec = 1}};
    timerfd_settime(loop->timer, TFD_TIMER_ABSTIME, &now, NULL);
    pthread_mutex_unlock(&loop->mutex);
    pthread_join(loop->thread, NULL);
  }
  while (loop->relays != NULL) end_relay(loop, loop->relays);
  if (loop->epoll >= 0) close(loop->epoll);
  if (loop->timer >= 0) close(loop->timer);
}

static void free_binding(napi_env env, void *data, void *hint) {
  (void)env;
  (void)hint;
  pthread_mutex_destroy(&((struct binding *)data)->loop.mutex);
  free(data);
}

NAPI_MODULE_INIT() {
  struct binding *binding = calloc(1, sizeof *binding);
  if (binding == NULL) return NULL;
  binding->loop.epoll = binding->loop.timer = -1;
  binding->loop.on_end = tell_end;
  pthread_mutex_init(&binding->loop.mutex, NULL);
  napi_set_instance_data(env, binding, free_binding, NULL);
  napi_value name;
  napi_create_string_utf8(env, "relay", NAPI_AUTO_LENGTH, &name);
  napi_create_threadsafe_function(env, NULL, NULL, name, 0, 1, NULL, NULL, binding, on_told, &binding->ends);
  napi_unref_threadsafe_function(env, binding->ends);
  napi_add_env_cleanup_hook(env, stop, binding);
  const napi_property_descriptor functions[] = {
      {"setUp", NULL, set_up, NULL, NULL, NULL, napi_default, binding},
      {"open", NULL, open_relay, NULL, NULL, NULL, napi_default, binding},
      {"drain", NULL, drain, NULL, NULL, NULL, napi_default, binding},
      {"sweep", NULL, sweep, NULL, NULL, NULL, napi_default, binding},
      {"state", NULL, state, NULL, NULL, NULL, napi_default, binding},
      {"totals", NULL, totals, NULL, NULL, NULL, napi_default, binding},
  };
  napi_define_properties(env, exports, sizeof functions / sizeof *functions, functions);
  return exports;
}
