/* Values between JavaScript and the stream. */
#pragma once
#include "loop.h"

#include <node_api.h>

#define MAX_ARGUMENTS 6

/* The first argument is the handle. */
static struct stream *arguments(napi_env env, napi_callback_info info, napi_value *argv) {
  size_t count = MAX_ARGUMENTS;
  void *stream;
  napi_get_cb_info(env, info, &count, argv, NULL, NULL);
  napi_get_value_external(env, argv[0], &stream);
  return stream;
}

static double number(napi_env env, napi_value value) {
  double result = 0;
  napi_get_value_double(env, value, &result);
  return result;
}

static bool truth(napi_env env, napi_value value) {
  bool result = false;
  napi_get_value_bool(env, value, &result);
  return result;
}

/* Offsets are whole numbers up to 2^53 - 1; what is above stands for no limit. */
static uint64_t offset_of(napi_env env, napi_value value) {
  double offset = number(env, value);
  return offset >= 0x1p53 ? FOREVER : offset > 0 ? (uint64_t)offset : 0;
}

static uint8_t *bytes_of(napi_env env, napi_value value, size_t *size) {
  void *bytes = NULL;
  *size = 0;
  napi_get_buffer_info(env, value, &bytes, size);
  return bytes;
}

static void set_number(napi_env env, napi_value object, const char *name, double number) {
  napi_value value;
  napi_create_double(env, number, &value);
  napi_set_named_property(env, object, name, value);
}

static void set_bool(napi_env env, napi_value object, const char *name, bool truth) {
  napi_value value;
  napi_get_boolean(env, truth, &value);
  napi_set_named_property(env, object, name, value);
}

static napi_value object_of(napi_env env) {
  napi_value object;
  napi_create_object(env, &object);
  return object;
}
